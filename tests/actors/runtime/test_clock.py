"""Timers: one per address and key, in order, on a clock that stands or runs."""

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.runtime.clock import Timers, VirtualClock, WallClock
from messages.base import Address, Timestamp
from tests.actors.runtime.players import wait_for

A, B = Address("a"), Address("b")


class Sleepers:
    """Notes who was woken, and when."""

    def __init__(self, clock: VirtualClock) -> None:
        self.woken: list[tuple[int, str, str]] = []
        self.clock = clock
        clock.bind(self.wake)

    def wake(self, address: Address, key: str) -> None:
        self.woken.append((self.clock.now(), address, key))


def at(time: int) -> Timestamp:
    return Timestamp(time)


def test_a_clock_stands_until_it_is_moved_and_never_goes_back() -> None:
    clock = VirtualClock(at(100))
    clock.advance_to(at(150))
    clock.advance_to(at(120))
    assert clock.now() == 150


def test_timers_fire_by_deadline_then_by_registration_with_the_time_at_each() -> None:
    clock = VirtualClock()
    sleepers = Sleepers(clock)
    clock.set_timer(A, "late", at(30))
    clock.set_timer(B, "first of two", at(20))
    clock.set_timer(A, "second of two", at(20))
    clock.set_timer(A, "beyond", at(41))
    clock.advance_to(at(40))
    assert sleepers.woken == [
        (20, "b", "first of two"),
        (20, "a", "second of two"),
        (30, "a", "late"),
    ]
    assert (clock.now(), clock.next_deadline()) == (40, 41)


def test_a_timer_set_again_fires_only_at_the_new_time() -> None:
    clock = VirtualClock()
    sleepers = Sleepers(clock)
    clock.set_timer(A, "x", at(10))
    clock.set_timer(A, "x", at(30))
    clock.set_timer(A, "x", at(20))
    clock.advance_to(at(50))
    assert sleepers.woken == [(20, "a", "x")]


def test_a_canceled_timer_never_fires() -> None:
    clock = VirtualClock()
    sleepers = Sleepers(clock)
    clock.set_timer(A, "x", at(10))
    clock.set_timer(A, "x", None)
    clock.set_timer(B, "never set", None)
    clock.advance_to(at(50))
    assert sleepers.woken == []
    assert clock.next_deadline() is None


def test_a_timer_in_the_past_fires_at_the_next_move() -> None:
    clock = VirtualClock(at(100))
    sleepers = Sleepers(clock)
    clock.set_timer(A, "x", at(10))
    clock.advance_to(at(100))
    assert sleepers.woken == [(100, "a", "x")]


def test_what_a_wake_causes_happens_at_its_time_before_the_next() -> None:
    clock = VirtualClock()
    sleepers = Sleepers(clock)
    settled: list[int] = []

    def settle() -> None:
        settled.append(clock.now())
        if clock.now() == 10:
            clock.set_timer(B, "caused", at(15))

    clock.set_timer(A, "x", at(10))
    clock.set_timer(A, "y", at(20))
    clock.advance_to(at(30), settle)
    assert sleepers.woken == [(10, "a", "x"), (15, "b", "caused"), (20, "a", "y")]
    assert settled == [10, 15, 20]


def test_a_closed_clock_wakes_nobody() -> None:
    clock = VirtualClock()
    sleepers = Sleepers(clock)
    clock.set_timer(A, "x", at(10))
    clock.close()
    clock.advance_to(at(20))
    assert sleepers.woken == []


def test_timers_that_are_set_again_and_again_do_not_pile_up() -> None:
    timers = Timers()
    for time in range(10_000):
        timers.set(A, "x", at(time))
    assert len(timers) == 1
    assert len(timers._heap) < 200
    assert timers.next_deadline() == 9_999


Setting = tuple[str, int | None]


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.none() | st.integers(0, 9)), max_size=300))
def test_timers_are_a_dict_of_deadlines_taken_in_order(operations: list[Setting]) -> None:
    timers, model = Timers(), dict[str, tuple[int, int]]()
    for number, (key, time) in enumerate(operations):
        timers.set(A, key, None if time is None else at(time))
        if time is None:
            model.pop(key, None)
        elif key not in model or model[key][0] != time:
            model[key] = (time, number)
    taken = []
    while (due := timers.pop_due(at(9))) is not None:
        taken.append(due[1])
    assert taken == sorted(model, key=lambda key: model[key])


def test_a_wall_clock_wakes_at_the_deadline_and_not_before() -> None:
    clock = WallClock(speed=1_000)
    times: list[int] = []
    woken = threading.Event()

    def wake(_address: Address, _key: str) -> None:
        times.append(clock.now())
        woken.set()

    clock.bind(wake)
    deadline = at(clock.now() + 2_000)
    clock.set_timer(B, "an hour later", at(deadline + 3_600_000))
    clock.set_timer(A, "soon", deadline)
    wait_for(woken)
    clock.close()
    assert len(times) == 1
    assert times[0] >= deadline


def test_a_wall_clock_begins_where_it_is_told_and_never_goes_back() -> None:
    clock = WallClock(start=at(5_000), speed=10)
    first, second = clock.now(), clock.now()
    assert 5_000 <= first <= second


def test_a_wall_clock_that_stands_still_is_refused() -> None:
    with pytest.raises(ValueError, match="speed is 0"):
        WallClock(speed=0)
