"""A day's loss holds trading until 00:00 UTC of the next day, and no longer."""

from decimal import Decimal

import pytest

from actors.guardian.actor import GuardianActor
from actors.guardian.core import Guard, Held, deadline, step
from actors.guardian.states import Cause
from actors.journal.memory import MemoryJournal
from actors.runtime.clock import VirtualClock
from actors.runtime.simulated import SimulatedDispatcher
from actors.runtime.system import System
from config.settings import GuardianSettings
from messages.addresses import GUARDIAN
from messages.base import DAY_MS, Currency, Message, Timestamp, end_of_day
from messages.envelope import NOTHING, Wake
from messages.guardian import DailyLossReached, Halt, Resume
from messages.portfolio import TradingState, TradingStateChanged

MIDNIGHT = Timestamp(20_000 * DAY_MS)
EVENING = Timestamp(MIDNIGHT - 3_600_000)
NEXT = Timestamp(MIDNIGHT + DAY_MS)
SETTINGS = GuardianSettings()


def loss(ends_at: Timestamp | None = MIDNIGHT) -> DailyLossReached:
    return DailyLossReached(
        currency=Currency("USDT"), loss=Decimal(11), limit=Decimal(10), ends_at=ends_at
    )


def after(guard: Guard, message: Message, now: Timestamp) -> Guard:
    for change in step(guard, SETTINGS, message, now).changes:
        assert isinstance(change, Guard)
        guard = change
    return guard


def test_the_hold_ends_with_the_day_and_the_portfolio_is_told() -> None:
    guard = after(Guard(), loss(), EVENING)
    assert (guard.state, deadline(guard)) == (TradingState.REDUCING, MIDNIGHT)
    assert step(guard, SETTINGS, Wake(), Timestamp(MIDNIGHT - 1)) == NOTHING
    done = step(guard, SETTINGS, Wake(), MIDNIGHT)
    (told,) = (s.message for s in done.outbox if isinstance(s.message, TradingStateChanged))
    assert told.state is TradingState.ACTIVE
    assert "new day" in told.reason
    free = after(guard, Wake(), MIDNIGHT)
    assert (free.holds, deadline(free)) == ((), None)
    assert step(free, SETTINGS, Wake(), NEXT) == NOTHING


def test_what_else_holds_goes_on_holding() -> None:
    guard = after(after(Guard(), loss(), EVENING), Halt(reason="by hand"), EVENING)
    guard = after(guard, Wake(), MIDNIGHT)
    assert [hold.cause for hold in guard.holds] == [Cause.OPERATOR]
    assert deadline(guard) is None


@pytest.mark.parametrize("ends_at", [MIDNIGHT, None])
def test_a_loss_that_is_heard_after_its_day_holds_nothing(ends_at: Timestamp | None) -> None:
    """It was under way at midnight, or waited in the journal of a process that died."""
    heard = MIDNIGHT if ends_at else EVENING
    done = step(Guard(), SETTINGS, loss(ends_at), heard)
    assert (done == NOTHING) is (ends_at is not None)


def test_a_loss_of_the_next_day_holds_to_its_own_end_although_the_wake_is_late() -> None:
    guard = after(Guard(), loss(), EVENING)
    guard = after(guard, loss(NEXT), Timestamp(MIDNIGHT + 1))
    (held,) = guard.holds
    assert (held.since, held.deadline) == (MIDNIGHT + 1, NEXT)
    assert step(guard, SETTINGS, Wake(), Timestamp(MIDNIGHT + 2)) == NOTHING
    assert after(guard, Wake(), NEXT).holds == ()


def test_a_second_currency_on_the_same_day_keeps_the_hold_and_its_beginning() -> None:
    guard = after(Guard(), loss(), EVENING)
    again = after(guard, loss(), Timestamp(EVENING + 5))
    assert again == guard


def test_a_resume_before_midnight_leaves_nothing_to_end() -> None:
    guard = after(after(Guard(), loss(), EVENING), Resume(reason="seen"), EVENING)
    assert deadline(guard) is None


def test_a_hold_of_an_older_journal_ends_with_the_day_it_began_on() -> None:
    held = Held(cause=Cause.DAILY_LOSS, state=TradingState.REDUCING, reason="lost", since=EVENING)
    guard = Guard(holds=(held,))
    assert deadline(guard) == MIDNIGHT == end_of_day(EVENING)
    assert after(guard, Wake(), MIDNIGHT).holds == ()


class Breaking(GuardianActor):
    """Raises on its next deadlines, as a defect in the core would."""

    times = 0

    def step(self, message: Message, now: Timestamp):  # type: ignore[no-untyped-def]  # noqa: ANN201 - as its base
        if self.times and isinstance(message, Wake):
            self.times -= 1
            raise ZeroDivisionError("a defect")
        return super().step(message, now)


@pytest.mark.parametrize("defects", [0, 1, 3])
def test_the_clock_ends_the_hold_also_where_it_raises_first(defects: int) -> None:
    dispatcher, clock = SimulatedDispatcher(), VirtualClock(EVENING)
    system = System(dispatcher, clock, MemoryJournal())
    system.spawn(Breaking, GUARDIAN, SETTINGS)
    actor = system.mailboxes[GUARDIAN].actor
    assert isinstance(actor, Breaking)
    actor.times = defects
    system.tell(GUARDIAN, loss())
    dispatcher.run_until_idle()
    clock.advance_to(Timestamp(MIDNIGHT - 1), dispatcher.run_until_idle)
    assert [hold.cause for hold in actor.guard.holds] == [Cause.DAILY_LOSS]
    clock.advance_to(Timestamp(MIDNIGHT + 60_000), dispatcher.run_until_idle)
    assert actor.guard.holds == ()
