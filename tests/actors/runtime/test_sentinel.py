"""What a sentinel counts, whom it blames, and what it writes: looks are made by hand."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from actors.runtime import fair_clock
from actors.runtime.fair_clock import FairClock, Thread, is_stopped, read_threads
from actors.runtime.hand_page import NO_ID, HandPage
from actors.runtime.sentinel import Orders, Sentinel

MAIN, LANE, OTHER = 1, 2, 3
PERIOD = 0.25


class Kernel:
    """Time, and what the kernel says of the watched process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        self.is_stopped = False
        self.threads = {MAIN: Thread(0, 0, 0), LANE: Thread(0, 0, 0), OTHER: Thread(0, 0, 0)}
        monkeypatch.setattr("actors.runtime.fair_clock.time.monotonic", lambda: self.now)
        monkeypatch.setattr(fair_clock, "is_stopped", lambda _: self.is_stopped)
        monkeypatch.setattr(fair_clock, "read_threads", lambda _: dict(self.threads))

    def passes(self, seconds: float, **said: tuple[float, float, int]) -> None:
        """Let time pass; by thread: the shares that it ran and waited, and its turns."""
        self.now += seconds
        for name, (runs, waits, turns) in said.items():
            number = {"main": MAIN, "lane": LANE, "other": OTHER}[name]
            old = self.threads[number]
            self.threads[number] = Thread(
                old.run_ns + int(runs * seconds * 1e9),
                old.waited_ns + int(waits * seconds * 1e9),
                old.turns + turns,
            )


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    return Kernel(monkeypatch)


@pytest.fixture
def clock(kernel: Kernel) -> FairClock:
    made = FairClock(1, PERIOD)
    made.look()
    assert kernel.now == made.seconds == 0.0
    return made


def test_time_in_which_a_thread_runs_or_sleeps_counts(kernel: Kernel, clock: FairClock) -> None:
    kernel.passes(PERIOD, lane=(1.0, 0.0, 3))
    assert clock.look() == PERIOD
    kernel.passes(PERIOD)
    assert clock.look() == PERIOD
    assert clock.seconds == 2 * PERIOD


def test_time_in_which_it_is_stopped_does_not_count(kernel: Kernel, clock: FairClock) -> None:
    kernel.is_stopped = True
    kernel.passes(PERIOD)
    assert clock.look() == 0.0


def test_a_look_that_comes_late_counts_as_two_at_most(kernel: Kernel, clock: FairClock) -> None:
    kernel.passes(3_600.0)
    assert clock.look() == 2 * PERIOD


def test_time_without_a_processor_does_not_count(kernel: Kernel, clock: FairClock) -> None:
    kernel.passes(PERIOD, lane=(0.25, 0.75, 10))
    assert clock.look() == pytest.approx(0.25 * PERIOD)


def test_a_thread_that_waits_for_the_interpreters_lock_is_not_without_a_processor(
    kernel: Kernel, clock: FairClock
) -> None:
    """It wakes again and again to ask for the lock, and on a busy machine waits each time."""
    kernel.passes(PERIOD, other=(0.01, 0.9, 50))
    assert clock.look() == PERIOD
    assert clock.waiters == {OTHER}


class Watched:
    """A process that is only a page, and the sentinel that looks at it."""

    def __init__(self, kernel: Kernel, folder: Path) -> None:
        self.kernel, self.folder = kernel, folder
        self.page = HandPage()
        self.lane = self.page.writer(0, LANE)
        self.pinned = self.page.writer(1, OTHER)
        self.page.beat = 1
        self.signals: list[int] = []
        self.dump = os.memfd_create("dump")
        orders = Orders(
            pid=1,
            page=self.page.descriptor,
            dump=self.dump,
            dump_signal=35,
            hard_seconds=10.0,
            grace_seconds=1.0,
            period_seconds=PERIOD,
            note=str(folder / "stuck.json"),
            log=str(folder / "log.jsonl"),
            stacks=str(folder / "stacks.txt"),
            mirror=-1,
            unwritten=str(folder / "unwritten"),
        )
        self.sentinel = Sentinel(orders, -1)
        self.dies: Callable[[float], bool] = lambda _seconds: False
        """Called where the sentinel waits for the death."""
        vars(self.sentinel)["_signal"] = self.signals.append
        vars(self.sentinel)["_is_dead"] = lambda seconds: self.dies(seconds)  # noqa: PLW0108 - a test changes it

    def look(self, seconds: float, *, beats: bool, **said: tuple[float, float, int]) -> bool:
        """Let so much time pass, in looks; return whether the process was ended."""
        for _ in range(int(seconds / PERIOD)):
            self.kernel.passes(PERIOD, **said)
            self.page.beat += beats
            self.sentinel._note_hands(self.sentinel._clock.look())
            overdue = self.sentinel._overdue()
            if overdue is not None and self.sentinel._ends(*overdue):
                return True
        return False

    @property
    def note(self) -> dict[str, Any] | None:
        path = self.folder / "stuck.json"
        return json.loads(path.read_text()) if path.exists() else None

    @property
    def alarms(self) -> list[str]:
        path = self.folder / "log.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        return [json.loads(line)["text"] for line in lines]


@pytest.fixture
def watched(kernel: Kernel, tmp_path: Path) -> Watched:
    made = Watched(kernel, tmp_path)
    made.look(1.0, beats=True)
    return made


WAITS = (0.01, 0.2, 100)
"""A thread that waits for the interpreter's lock."""


def test_a_process_that_gets_on_is_left_alone(watched: Watched) -> None:
    for number in range(10):
        watched.lane.take((number, 0), b"portfolio", b"Wake")
        assert not watched.look(5.0, beats=True)
        watched.lane.rest()
        assert not watched.look(20.0, beats=True)
    assert watched.signals == []


def test_a_message_that_holds_the_lock_is_noted_after_the_death(watched: Watched) -> None:
    watched.lane.take((7, 2), b"position/p1", b"OrderUpdated")
    assert not watched.look(10.75, beats=False, main=WAITS)
    assert watched.look(1.0, beats=False, main=WAITS)
    assert watched.signals == [35, signal.SIGKILL]
    assert watched.note is not None
    assert watched.note["for_ms"] >= 11_000
    assert {**watched.note, "for_ms": 0} == {
        "actor": "position/p1",
        "message_type": "OrderUpdated",
        "message_id": [7, 2],
        "for_ms": 0,
    }
    (alarm,) = watched.alarms
    assert "OrderUpdated in position/p1 (id (7, 2))" in alarm


def test_a_message_that_is_done_with_while_stacks_are_dumped_ends_nothing(
    watched: Watched,
) -> None:
    watched.lane.take((7, 2), b"position/p1", b"OrderUpdated")

    def ends_its_step(_seconds: float) -> bool:
        watched.lane.rest()
        return False

    watched.dies = ends_its_step
    assert not watched.look(12.0, beats=True)
    assert watched.signals == [35]
    assert watched.note is None


def test_a_message_that_came_back_before_the_death_is_not_skipped(watched: Watched) -> None:
    watched.lane.take((7, 2), b"position/p1", b"OrderUpdated")

    def dies(seconds: float) -> bool:
        if seconds > 1.0:  # after SIGKILL: it went on for a last moment
            watched.lane.take((8, 0), b"portfolio", b"Wake")
        return False

    watched.dies = dies
    assert watched.look(12.0, beats=False, main=WAITS)
    assert watched.note is None
    assert "no message was in hand" in watched.alarms[0]


def test_a_message_whose_thread_only_waits_for_the_lock_is_not_blamed(watched: Watched) -> None:
    watched.lane.take((7, 2), b"position/p1", b"OrderUpdated")
    watched.pinned.take(NO_ID, b"strategy_runner", b"Decide")
    assert watched.look(13.0, beats=False, lane=WAITS, main=WAITS, other=(1.0, 0.0, 5))
    assert watched.note is None, "the message of a pinned actor is not recorded"
    assert "Decide in strategy_runner" in watched.alarms[0]


def test_the_lock_may_be_held_where_no_message_is_in_hand(watched: Watched) -> None:
    assert watched.look(13.0, beats=False)
    assert watched.note is None
    assert "no message was in hand when no Python code could run" in watched.alarms[0]


def test_stopped_time_ends_nothing(watched: Watched) -> None:
    watched.lane.take((7, 2), b"position/p1", b"OrderUpdated")
    watched.kernel.is_stopped = True
    assert not watched.look(600.0, beats=False)


def test_a_process_that_ends_itself_has_time_for_a_last_commit(watched: Watched) -> None:
    watched.lane.take((7, 2), b"position/p1", b"OrderUpdated")
    watched.page.verdict = watched.page.hand(0).number
    assert not watched.look(18.0, beats=True)
    watched.sentinel._report_death()
    assert watched.note is not None
    assert watched.note["message_id"] == [7, 2]
    assert "ended itself with code 75" in watched.alarms[0]


def test_a_crash_in_c_is_told_with_the_message_in_hand(watched: Watched) -> None:
    watched.lane.take((7, 2), b"position/p1", b"OrderUpdated")
    os.write(watched.dump, b"Fatal Python error: Segmentation fault\n")
    watched.sentinel._report_death()
    assert watched.note is None
    assert "the process crashed; it had OrderUpdated in position/p1 in hand" in watched.alarms[0]
    assert (watched.folder / "stacks.txt").read_bytes().startswith(b"Fatal Python error")


def test_a_process_that_just_ends_leaves_nothing(watched: Watched) -> None:
    watched.lane.take((7, 2), b"position/p1", b"OrderUpdated")
    watched.sentinel._report_death()
    assert watched.alarms == []


@pytest.fixture
def sleeper() -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
    yield process
    process.kill()
    process.wait()


def test_the_kernel_tells_of_threads_and_of_a_stopped_process(
    sleeper: "subprocess.Popen[bytes]",
) -> None:
    assert sleeper.pid in read_threads(sleeper.pid)
    assert not is_stopped(sleeper.pid)
    sleeper.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, sleeper.pid, os.WSTOPPED | os.WNOWAIT)
    assert is_stopped(sleeper.pid)
    assert read_threads(0) == {}
