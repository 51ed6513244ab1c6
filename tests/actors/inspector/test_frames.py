"""Frames come out as they went in, however the bytes are cut."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.inspector.frames import FrameError, frame, take_frame


@settings(deadline=None, max_examples=100)
@given(st.lists(st.binary(min_size=1, max_size=40), max_size=8), st.integers(1, 30))
def test_frames_come_out_as_they_went_in_however_they_are_cut(
    datas: list[bytes], piece: int
) -> None:
    stream = b"".join(map(frame, datas))
    buffer, taken = bytearray(), []
    for at in range(0, len(stream), piece):
        buffer += stream[at : at + piece]
        while (data := take_frame(buffer, 40)) is not None:
            taken.append(data)
    assert taken == datas
    assert not buffer


@pytest.mark.parametrize("length", [0, 41, 2**32 - 1])
def test_a_length_that_is_not_allowed_is_no_frame(length: int) -> None:
    with pytest.raises(FrameError, match=r"1 to 40 are allowed"):
        take_frame(bytearray(length.to_bytes(4, "big")), 40)
