"""The first signal asks, the second ends."""

import signal
import threading

import pytest

from session.signals import Stopping
from terminal.errors import StopAtOnceError


@pytest.mark.parametrize(
    ("number", "reason"), [(signal.SIGINT, "Ctrl-C"), (signal.SIGTERM, "SIGTERM")]
)
def test_a_first_signal_asks_and_a_second_ends_at_once(number: signal.Signals, reason: str) -> None:
    with Stopping() as stopping:
        assert stopping.wait(0) is None
        signal.raise_signal(number)
        assert stopping.wait(None) == reason
        with pytest.raises(StopAtOnceError) as stopped:
            signal.raise_signal(number)
    assert stopped.value.exit_code == 128 + number


def test_a_second_signal_may_be_another_one() -> None:
    with Stopping():
        signal.raise_signal(signal.SIGTERM)
        with pytest.raises(StopAtOnceError) as stopped:
            signal.raise_signal(signal.SIGINT)
    assert stopped.value.exit_code == 130


def test_a_thread_may_ask_too_and_a_signal_after_that_is_the_first() -> None:
    with Stopping() as stopping:
        asking = threading.Thread(target=stopping.ask, args=["nobody reads"])
        asking.start()
        assert stopping.wait(None) == "nobody reads"
        asking.join()
        signal.raise_signal(signal.SIGINT)
        assert stopping.wait(0) == "Ctrl-C"


def test_the_signals_are_given_back() -> None:
    before = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    with Stopping():
        assert signal.getsignal(signal.SIGINT) is not before[0]
    after = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    assert after == before


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Stopping() as stopping:
            signal.raise_signal(signal.SIGHUP)
            assert stopping.wait(0) is None
    finally:
        signal.signal(signal.SIGHUP, before)


def test_sigint_that_the_parent_ignores_asks_all_the_same() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Stopping() as stopping:
            signal.raise_signal(signal.SIGINT)
            assert stopping.wait(0) == "Ctrl-C"
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_terminal_that_closes_asks_and_never_insists() -> None:
    with Stopping() as stopping:
        for _ in range(3):
            signal.raise_signal(signal.SIGHUP)
        assert stopping.wait(0) == "the terminal closed"
        signal.raise_signal(signal.SIGTERM)  # this is the first request of a person
        with pytest.raises(StopAtOnceError):
            signal.raise_signal(signal.SIGTERM)


def test_a_terminal_that_closes_is_no_event_for_a_headless_session() -> None:
    with Stopping(is_headless=True) as stopping:
        signal.raise_signal(signal.SIGHUP)
        assert stopping.wait(0) is None


@pytest.mark.parametrize("number", [signal.SIGTSTP, signal.SIGTTOU, signal.SIGTTIN])
def test_no_terminal_stops_the_process(number: signal.Signals) -> None:
    with Stopping() as stopping:
        signal.raise_signal(number)
        assert stopping.wait(0) is None


def test_sigusr1_asks_for_the_stacks() -> None:
    asked: list[str] = []
    with Stopping(on_dump=lambda: asked.append("stacks")) as stopping:
        signal.raise_signal(signal.SIGUSR1)
        assert stopping.wait(0) is None
    assert asked == ["stacks"]
