"""The anchor says what was durable, also when its last write was torn."""

from pathlib import Path

from actors.journal.anchor import Anchor, AnchorFile, read_anchor

FIRST = Anchor(7, b"a" * 32)
SECOND = Anchor(9, b"b" * 32)
BEGUN = Anchor(5, b"c" * 32)


def test_there_is_none_before_the_first_write(tmp_path: Path) -> None:
    assert read_anchor(tmp_path / "anchor") is None
    with AnchorFile(tmp_path / "anchor", BEGUN):
        assert read_anchor(tmp_path / "anchor") == BEGUN


def test_the_newest_counts_also_after_opening_again(tmp_path: Path) -> None:
    path = tmp_path / "anchor"
    for anchor in (FIRST, SECOND, FIRST):
        with AnchorFile(path, BEGUN) as file:
            file.write(anchor)
        assert read_anchor(path) == anchor


def test_a_torn_write_leaves_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "anchor"
    with AnchorFile(path, FIRST) as file:
        before = path.read_bytes()
        file.write(SECOND)
    after = path.read_bytes()
    assert len(after) == len(before)
    changed = [place for place in range(len(after)) if before[place] != after[place]]
    for cut in range(changed[0] + 1, changed[-1] + 1):
        path.write_bytes(after[:cut] + before[cut:])
        assert read_anchor(path) == FIRST
    path.write_bytes(after)
    assert read_anchor(path) == SECOND


def test_a_flipped_or_cut_byte_leaves_the_other_slot(tmp_path: Path) -> None:
    path = tmp_path / "anchor"
    with AnchorFile(path, FIRST) as file:
        file.write(SECOND)
    whole = path.read_bytes()
    seen = set()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        seen.add(read_anchor(path))
        path.write_bytes(whole[:place])
        seen.add(read_anchor(path))
    assert seen == {FIRST, SECOND, None}
    path.write_bytes(whole[: len(whole) - 1])
    assert read_anchor(path) is not None
