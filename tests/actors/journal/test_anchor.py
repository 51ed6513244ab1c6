"""The anchor says what was durable, also when its last write was torn."""

from pathlib import Path

from actors.journal.anchor import Anchor, AnchorFile, read_anchor

FIRST = Anchor(7, b"a" * 32)
SECOND = Anchor(9, b"b" * 32)


def test_there_is_none_before_the_first_write(tmp_path: Path) -> None:
    assert read_anchor(tmp_path / "anchor") is None
    with AnchorFile(tmp_path / "anchor"):
        assert read_anchor(tmp_path / "anchor") is None


def test_the_newest_counts_also_after_opening_again(tmp_path: Path) -> None:
    path = tmp_path / "anchor"
    for anchor in (FIRST, SECOND, FIRST):
        with AnchorFile(path) as file:
            file.write(anchor)
        assert read_anchor(path) == anchor


def test_a_torn_write_leaves_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "anchor"
    with AnchorFile(path) as file:
        file.write(FIRST)
        before = path.read_bytes()
        file.write(SECOND)
    after = path.read_bytes().ljust(256, b"\0")
    before = before.ljust(256, b"\0")
    changed = [place for place in range(256) if before[place] != after[place]]
    for cut in range(changed[0], changed[-1] + 1):
        path.write_bytes(after[:cut] + before[cut:])
        assert read_anchor(path) == FIRST
    path.write_bytes(after)
    assert read_anchor(path) == SECOND


def test_any_flipped_byte_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "anchor"
    with AnchorFile(path) as file:
        file.write(SECOND)
    whole = path.read_bytes()
    used = [place for place, byte in enumerate(whole) if byte]
    for place in used:
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert read_anchor(path) is None
