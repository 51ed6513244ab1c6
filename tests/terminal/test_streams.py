"""Standard output and error of a session: text goes in at once, whatever the reader does."""

import os
import sys
from collections.abc import Iterator
from io import StringIO

import pytest

from terminal.streams import Outlet, bounded_streams, on_output_gone, output_is_ready

ENOUGH_SECONDS = 20.0


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    for number in (reading, writing):
        try:
            os.close(number)
        except OSError:
            continue


def outlet_to(descriptor: int) -> Outlet:
    return Outlet(os.fdopen(descriptor, "w", encoding="ascii", closefd=False), "out")


def test_prints_and_tracebacks_go_through_the_outlets(capsys: pytest.CaptureFixture[str]) -> None:
    before = sys.stdout, sys.stderr
    with bounded_streams():
        assert isinstance(sys.stdout, Outlet)
        print("hello")  # noqa: T201 - what is tested
        sys.excepthook(ValueError, ValueError("careful"), None)
    assert (sys.stdout, sys.stderr) == before
    said = capsys.readouterr()
    assert said.out == "hello\n"
    assert "careful" in said.err


def test_a_full_pipe_stops_nobody_and_stays_replaced(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, writing = pipe
    monkeypatch.setattr("terminal.streams._DRAIN_SECONDS", 0.01)
    monkeypatch.setattr(sys, "stdout", os.fdopen(writing, "w", closefd=False))
    with bounded_streams():
        for _ in range(200):
            print("x" * 10_000)  # noqa: T201 - what is tested
        assert not output_is_ready()
        assert isinstance(sys.stdout, Outlet)
        outlet: Outlet = sys.stdout
        assert outlet.spool.lost > 100
    assert sys.stdout is outlet, "what is printed after the session must not wait either"
    print("still nobody reads")  # noqa: T201 - what is tested
    os.close(reading)
    outlet.spool.close(ENOUGH_SECONDS)


def test_a_reader_that_ends_is_told_once(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, writing = pipe
    told: list[str] = []
    monkeypatch.setattr(sys, "stdout", os.fdopen(writing, "w", closefd=False))
    with bounded_streams():
        on_output_gone(lambda: told.append("gone"))
        os.close(reading)
        print("hello")  # noqa: T201 - what is tested
        assert isinstance(sys.stdout, Outlet)
        assert sys.stdout.spool.drain(ENOUGH_SECONDS)
        print("hello")  # noqa: T201 - what is tested
    assert told == ["gone"]


def test_a_pipe_that_another_process_made_non_blocking_gets_every_byte(
    pipe: tuple[int, int],
) -> None:
    reading, writing = pipe
    os.set_blocking(writing, False)
    outlet = outlet_to(writing)
    outlet.write("x" * 200_000)
    read = 0
    while read < 200_000:
        read += len(os.read(reading, 65_536))
    assert outlet.spool.close(ENOUGH_SECONDS)
    assert outlet.spool.lost == 0


def test_a_character_that_the_encoding_lacks_is_replaced(pipe: tuple[int, int]) -> None:
    outlet = outlet_to(pipe[1])
    assert outlet.encoding == "ascii"
    assert outlet.write("±1") == 2
    assert outlet.spool.close(ENOUGH_SECONDS)
    assert os.read(pipe[0], 10) == b"?1"


def test_a_stream_that_was_closed_before_the_start_takes_everything() -> None:
    outlet = Outlet(None, "out")
    outlet.write("hello")
    outlet.flush()
    assert outlet.spool.close(ENOUGH_SECONDS)
    assert not outlet.isatty()
    with pytest.raises(OSError, match="closed before the program began"):
        outlet.fileno()


def test_a_stream_without_a_descriptor_is_written_to_as_text() -> None:
    kept = StringIO()
    outlet = Outlet(kept, "out")
    outlet.write("hello")
    assert outlet.spool.close(ENOUGH_SECONDS)
    assert kept.getvalue() == "hello"
