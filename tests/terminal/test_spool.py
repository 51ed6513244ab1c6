"""A caller never waits for a place: what it can't take is bounded, counted and told."""

import threading
from collections.abc import Iterator

import pytest

from terminal.spool import GoneError, Spool, drain_all

ENOUGH_SECONDS = 20.0


class Gate:
    """A place that takes something only while it is open, or raises what it is told to."""

    def __init__(self) -> None:
        self.is_open = threading.Event()
        self.error: OSError | None = None
        self.tried = threading.Event()
        self.written: list[list[bytes]] = []

    def open(self) -> None:
        pass

    def write(self, pieces: list[bytes]) -> None:
        self.tried.set()
        self.is_open.wait()
        if self.error is not None:
            raise self.error
        self.written.append(pieces)

    def close(self) -> None:
        pass

    @property
    def said(self) -> bytes:
        return b"".join(b"".join(pieces) for pieces in self.written)


@pytest.fixture
def gate() -> Iterator[Gate]:
    made = Gate()
    yield made
    made.error = None
    made.is_open.set()


def lost(count: int) -> bytes:
    return f"<{count} lost>".encode()


def test_what_waits_is_written_in_order_once_the_place_takes_it(gate: Gate) -> None:
    spool = Spool("s", gate, bytes_max=1_000)
    for number in range(20):
        assert spool.put(f"{number} ".encode())
    assert not spool.is_idle
    assert not spool.drain(0.01)
    gate.is_open.set()
    assert spool.close(ENOUGH_SECONDS)
    assert gate.said == "".join(f"{number} " for number in range(20)).encode()
    assert spool.lost == 0


def test_what_is_too_much_is_dropped_counted_and_told_in_its_place(gate: Gate) -> None:
    spool = Spool("s", gate, bytes_max=4, note=lost)
    spool.put(b"a")
    gate.tried.wait(ENOUGH_SECONDS)
    assert [spool.put(piece) for piece in (b"bb", b"cc", b"dd")] == [True, False, False]
    gate.is_open.set()
    assert spool.drain(ENOUGH_SECONDS)
    assert spool.put(b"e")
    assert spool.close(ENOUGH_SECONDS)
    assert gate.said == b"abb<2 lost>e"
    assert spool.lost == 2


def test_a_loss_at_the_very_end_is_told_too(gate: Gate) -> None:
    spool = Spool("s", gate, bytes_max=1, note=lost)
    spool.put(b"a")
    gate.tried.wait(ENOUGH_SECONDS)
    spool.put(b"b")
    gate.is_open.set()
    assert spool.close(ENOUGH_SECONDS)
    assert gate.said == b"a<1 lost>"


def test_a_piece_larger_than_the_buffer_is_taken_where_nothing_waits(gate: Gate) -> None:
    gate.is_open.set()
    spool = Spool("s", gate, bytes_max=4)
    assert spool.put(b"larger")
    assert spool.close(ENOUGH_SECONDS)
    assert gate.said == b"larger"


def test_a_write_that_fails_is_tried_again_and_nothing_is_lost(gate: Gate) -> None:
    gate.error = OSError(28, "No space left on device")
    gate.is_open.set()
    spool = Spool("s", gate, bytes_max=100)
    spool.put(b"a")
    assert not spool.drain(0.01)
    assert spool.problem is gate.error
    gate.error = None
    assert spool.close(ENOUGH_SECONDS)
    assert gate.said == b"a"
    assert spool.problem is None


def test_a_place_that_is_gone_is_told_once_and_takes_nothing_more(gate: Gate) -> None:
    gone: list[str] = []
    gate.error = GoneError(32, "Broken pipe")
    spool = Spool("s", gate, bytes_max=100)
    spool.on_gone = lambda: gone.append("gone")
    spool.put(b"a")
    gate.is_open.set()
    assert spool.drain(ENOUGH_SECONDS)
    assert spool.is_gone
    assert not spool.put(b"b")
    spool.close(ENOUGH_SECONDS)
    assert gone == ["gone"]
    assert spool.lost == 0


def test_a_patient_write_loses_nothing_to_a_slow_reader_and_waits_once_for_a_hung_one(
    gate: Gate,
) -> None:
    spool = Spool("s", gate, bytes_max=3)
    opens = threading.Timer(0.05, gate.is_open.set)
    opens.start()
    assert all([spool.put_patiently(b"xy", ENOUGH_SECONDS) for _ in range(50)])  # noqa: C419 - each is put
    opens.join()
    assert spool.drain(ENOUGH_SECONDS)
    assert gate.said == b"xy" * 50
    gate.is_open.clear()
    taken = [spool.put_patiently(b"xy", 0.05) for _ in range(200)]
    assert taken == [True, *[False] * 199]


def test_an_end_does_not_wait_twice_for_a_place_that_takes_nothing(gate: Gate) -> None:
    spool = Spool("s", gate, bytes_max=100)
    spool.put(b"a")
    assert not spool.drain(1.0)
    assert not spool.drain(3_600.0)
    assert spool in drain_all(3_600.0)


def test_pieces_that_linger_are_written_together_and_at_once_when_it_ends(gate: Gate) -> None:
    gate.is_open.set()
    spool = Spool("s", gate, bytes_max=1_000, linger_seconds=3_600.0)
    for _ in range(3):
        spool.put(b"x")
    assert spool.drain(ENOUGH_SECONDS)
    assert gate.written == [[b"x", b"x", b"x"]]
    spool.put(b"y")
    assert spool.close(ENOUGH_SECONDS)
    assert gate.said == b"xxxy"
