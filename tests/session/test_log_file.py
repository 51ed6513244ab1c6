"""A log's file is begun anew at a size, and a disk that takes nothing costs lines only."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from session.log_file import LogFile
from verification.sources import ROOT

FULL = """
import resource, signal, sys
from pathlib import Path
from session.log_file import LogFile
from session.logs import _lost_lines
from terminal.spool import Spool

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
place = LogFile(Path(sys.argv[1]), 1_000_000, 2)
spool = Spool("log", place, bytes_max=40, note=_lost_lines)
spool.put(b'{"text":"before"}\\n')
assert spool.drain(10.0)
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (25, hard))
taken = [spool.put(b'{"text":"waits"}\\n') for _ in range(5)]
assert taken == [True, True, False, False, False], taken
assert not spool.drain(0.5)
assert spool.problem.strerror == "File too large", spool.problem
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
assert spool.drain(10.0)
assert spool.put(b'{"text":"after"}\\n')
assert spool.close(10.0)
assert spool.lost == 3
"""


def test_a_full_disk_costs_no_line_that_memory_has_room_for_and_counts_the_others(
    tmp_path: Path,
) -> None:
    path = tmp_path / "log.jsonl"
    done = subprocess.run(  # noqa: S603 - our own Python
        [sys.executable, "-c", FULL, str(path)], cwd=ROOT, check=False, capture_output=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    texts = [msgspec.json.decode(line)["text"] for line in path.read_bytes().splitlines()]
    lost = "3 lines before this one are lost: the disk took none"
    assert texts == ["before", "waits", "waits", lost, "after"]


def test_older_files_are_numbered_and_the_oldest_goes(tmp_path: Path) -> None:
    file = LogFile(tmp_path / "log.jsonl", 10, 2)
    file.open()
    for number in range(5):
        file.write([f"line {number}\n".encode()])
    file.close()
    found = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert found == {
        "log.jsonl": "line 4\n",
        "log.1.jsonl": "line 3\n",
        "log.2.jsonl": "line 2\n",
    }


def _moved(path: Path) -> None:
    path.rename(path.with_name("moved"))


def _replaced(path: Path) -> None:
    _moved(path)
    path.touch()


def _cut(path: Path) -> None:
    (path.parent / "moved").write_bytes(path.read_bytes())
    os.truncate(path, 0)


@pytest.mark.parametrize("rotate", [_moved, _replaced, _cut])
def test_a_log_that_another_program_rotates_goes_on_under_its_name(
    tmp_path: Path, rotate: Callable[[Path], None]
) -> None:
    path = tmp_path / "log.jsonl"
    file = LogFile(path, 1_000, 2)
    file.open()
    file.write([b"before\n"])
    rotate(path)
    file.write([b"after\n"])
    file.write([b"the end\n"])
    file.close()
    assert (tmp_path / "moved").read_bytes() == b"before\n"
    assert path.read_bytes() == b"after\nthe end\n"


def _linked(path: Path) -> None:
    path.symlink_to(path.with_name("victim"))


def _linked_hard(path: Path) -> None:
    os.link(path.with_name("victim"), path)


@pytest.mark.parametrize("put", [_linked, _linked_hard, os.mkfifo, os.mkdir])
def test_a_log_is_not_written_where_what_took_its_name_leads(
    tmp_path: Path, put: Callable[[Path], None]
) -> None:
    path, victim = tmp_path / "log.jsonl", tmp_path / "victim"
    victim.write_text("precious")
    file = LogFile(path, 1_000, 2)
    file.open()
    file.write([b"before\n"])
    _moved(path)
    put(path)
    file.write([b"after\n"])
    file.close()
    assert victim.read_text() == "precious"
    assert (tmp_path / "moved").read_bytes() == b"before\nafter\n"
