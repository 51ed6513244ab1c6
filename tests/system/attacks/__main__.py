"""The long form of the attack suite: see ``attack``.

python -m tests.system.attacks [--rounds N] [--list] [NAME...]
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

from tests.system.attacks.arena import Arena
from tests.system.attacks.attack import Attack, Figures
from tests.system.attacks.catalog import catalog


def main(typed: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.system.attacks")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("names", nargs="*", help="whole names, or their beginnings")
    asked = parser.parse_args(typed)
    names = tuple(asked.names)
    chosen = [one for one in catalog() if not names or one.name.startswith(names)]
    if asked.list or not chosen:
        for one in chosen or catalog():
            print(f"{one.name:36} {'tests ' if one.in_tests else 'long  '} {one.title}")
        return 0 if asked.list else 2
    return max(_play(one, asked.rounds) for one in chosen)


def _play(attack: Attack, rounds: int) -> int:
    """Play an attack; print the medians; return 1 where it succeeded."""
    if (why := attack.why_not()) is not None:
        print(f"{attack.name:36} not here: {why}")
        return 0
    measured: list[Figures] = []
    for number in range(rounds):
        folder = Path(tempfile.mkdtemp(prefix=f"attack-{attack.name.partition('[')[0]}-"))
        begun = time.monotonic()
        try:
            with Arena(folder) as arena:
                measured.append(attack.run(arena))
        except AssertionError as error:
            took = time.monotonic() - begun
            print(f"{attack.name:36} SUCCEEDED in round {number + 1}, {took:.0f} s, in {folder}")
            print(f"{error}")
            return 1
    told = "  ".join(
        f"{name} {statistics.median(one[name] for one in measured):.2f}"
        f" (most {max(one[name] for one in measured):.2f})"
        for name in measured[0]
    )
    print(f"{attack.name:36} {told}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
