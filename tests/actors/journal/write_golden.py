"""Write the golden journal of this version, once, when the format or a tag changes.

python -m tests.actors.journal.write_golden NAME
"""

import sys
from pathlib import Path

import msgspec

from actors.journal.inspection import find
from tests.actors.journal.history import journal_in, write

GOLDEN = Path(__file__).parent / "golden"
KEPT = ("anchor", "segment-000001.sqlite", "segment-000002.sqlite", "expected.json")
"""The second begins with what the first one's records left."""


def main(name: str) -> None:
    """Write it; raises ``FileExistsError`` rather than write one again."""
    folder = GOLDEN / name
    folder.mkdir()
    write(folder, 120, 10)
    found = find(folder)
    assert found is not None
    journal, lease = journal_in(folder, found)
    journal.close()
    lease.close()
    expected = {
        "sequence": found.snapshot.sequence,
        "actors": [one.actor for one in found.snapshot.actors],
        "entities": sum(len(one.entities) for one in found.snapshot.actors),
    }
    (folder / "expected.json").write_bytes(msgspec.json.encode(expected))
    for file in folder.iterdir():
        if file.name not in KEPT:
            file.unlink()


if __name__ == "__main__":
    main(sys.argv[1])
