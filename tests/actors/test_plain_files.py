"""A file that is made anew follows no link, symbolic or hard."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from actors.plain_files import new_file, read_plain, write_whole

LINKS = (os.symlink, os.link)


@pytest.mark.parametrize("link", LINKS)
def test_what_a_link_leads_to_is_left_as_it_was(
    tmp_path: Path, link: Callable[[Path, Path], None]
) -> None:
    victim, path = tmp_path / "victim", tmp_path / "trades.csv"
    victim.write_text("precious")
    link(victim, path)
    with os.fdopen(new_file(path), "w") as file:
        file.write("ours")
    path.unlink()
    link(victim, path)
    link(victim, tmp_path / ".trades.csv.new")
    write_whole(path, (b"ours", b" too"))
    assert victim.read_text() == "precious"
    assert path.read_text() == "ours too"
    assert not path.is_symlink()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["trades.csv", "victim"]


def test_a_dangling_link_makes_no_file_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.symlink_to(tmp_path / "elsewhere")
    os.close(new_file(path, 0o600))
    assert not (tmp_path / "elsewhere").exists()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_is_not_to_be_replaced_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bundle.zip"
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        new_file(path, replaces=False)
    assert path.is_symlink()


def test_a_file_that_can_not_be_written_whole_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "summary.json"
    path.write_text("before")

    def parts() -> list[bytes]:
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        write_whole(path, (part for _ in range(1) for part in parts()))
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("read")
    for name in ("fifo", "folder"):
        with pytest.raises(OSError, match="Not a plain file"):
            read_plain(tmp_path / name)
    assert read_plain(tmp_path / "file") == b"read"
