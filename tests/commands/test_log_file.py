"""A log's file is begun anew at a size, and a disk that takes nothing costs lines only."""

import subprocess
import sys
from pathlib import Path

import msgspec

from commands.log_file import LogFile
from tests.sources import ROOT

FULL = """
import resource, signal, sys
from pathlib import Path
from commands.log_file import LogFile

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
file = LogFile(Path(sys.argv[1]), 1_000_000, 2)
file.write('{"text":"before"}\\n')
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (25, hard))
for number in range(3):
    file.write('{"text":"lost"}\\n')
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
file.write('{"text":"after"}\\n')
"""


def test_a_full_disk_costs_whole_lines_and_says_how_many(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    done = subprocess.run(  # noqa: S603 - our own Python
        [sys.executable, "-c", FULL, str(path)], cwd=ROOT, check=False, capture_output=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    texts = [msgspec.json.decode(line)["text"] for line in path.read_bytes().splitlines()]
    assert texts == ["before", "3 lines before this one are lost: the disk took none", "after"]


def test_older_files_are_numbered_and_the_oldest_goes(tmp_path: Path) -> None:
    file = LogFile(tmp_path / "log.jsonl", 10, 2)
    for number in range(5):
        file.write(f"line {number}\n")
    file.stop()
    found = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert found == {
        "log.jsonl": "line 4\n",
        "log.1.jsonl": "line 3\n",
        "log.2.jsonl": "line 2\n",
    }
