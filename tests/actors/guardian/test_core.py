"""The guardian's steps: holds stack, the strictest counts, only their own way out lifts them."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.guardian.core import Guard, step
from actors.guardian.states import STRICTNESS, Cause
from config.settings import GuardianSettings
from messages.addresses import OBSERVERS, PORTFOLIO, POSITIONS
from messages.base import Address, Currency, Message, Timestamp
from messages.envelope import NOTHING, Send, Step
from messages.guardian import (
    DailyLossReached,
    EnterReducing,
    Escalated,
    Halt,
    JournalFailed,
    JournalHealed,
    JournalRestored,
    RecoveryBegun,
    RecoveryDone,
    ResendTradingState,
    Resume,
)
from messages.observers import Alarm, AlarmKind
from messages.portfolio import DescribeAccounts, TradingState, TradingStateChanged
from messages.positions import StopAllEntering

NOW = Timestamp(1_700_000_000_000)
SETTINGS = GuardianSettings()
HALT = Halt(reason="by hand")
REDUCE = EnterReducing(reason="slowly")
BEGUN = RecoveryBegun(positions=2)
RESUME = Resume(reason="looked at it")
LOSS = DailyLossReached(currency=Currency("USDT"), loss=Decimal(11), limit=Decimal(10))
ESCALATED = Escalated(actor=Address("gateway"), error="no network")
FAILED = JournalFailed(error="disk full")
HEALED = JournalHealed()
INPUTS: list[Message] = [HALT, REDUCE, RESUME, LOSS, ESCALATED, FAILED, HEALED]


def after(*messages: Message) -> Guard:
    guard = Guard()
    for message in messages:
        for change in step(guard, SETTINGS, message, NOW).changes:
            assert isinstance(change, Guard)
            guard = change
    return guard


def last(*messages: Message) -> Step:
    return step(after(*messages[:-1]), SETTINGS, messages[-1], NOW)


@pytest.mark.parametrize(
    ("message", "state", "alarm"),
    [
        (HALT, TradingState.HALTED, None),
        (REDUCE, TradingState.REDUCING, None),
        (BEGUN, TradingState.REDUCING, None),
        (LOSS, TradingState.REDUCING, AlarmKind.DAILY_LOSS_LIMIT),
        (ESCALATED, TradingState.HALTED, AlarmKind.ESCALATED),
        (FAILED, TradingState.HALTED, AlarmKind.JOURNAL),
    ],
)
def test_what_holds_trading_is_told_to_the_portfolio_and_alarmed(
    message: Message, state: TradingState, alarm: AlarmKind | None
) -> None:
    """A person's own command is no alarm, nor is what every restart begins with."""
    done = last(message)
    assert after(message).state is state
    assert done.outbox[0].to == PORTFOLIO
    assert isinstance(done.outbox[0].message, TradingStateChanged)
    assert done.outbox[0].message.state is state
    alarms = [send.message for send in done.outbox if send.to == OBSERVERS]
    expected = [] if alarm is None else [alarm]
    assert [told.kind for told in alarms if isinstance(told, Alarm)] == expected


@pytest.mark.parametrize(("message", "halts"), [(HALT, 1), (ESCALATED, 1), (LOSS, 0), (REDUCE, 0)])
def test_positions_stop_entering_on_a_halt_and_only_then(message: Message, halts: int) -> None:
    told = [send.message for send in last(message).outbox if send.to == POSITIONS]
    assert len(told) == halts
    assert all(isinstance(stop, StopAllEntering) for stop in told)


def test_a_halt_said_again_is_told_again_but_neither_recorded_nor_alarmed() -> None:
    done = last(HALT, HALT)
    assert done.changes == ()
    assert [send.to for send in done.outbox] == [PORTFOLIO, POSITIONS]


@pytest.mark.parametrize("message", [HALT, REDUCE, LOSS, ESCALATED])
def test_resume_makes_it_active_again(message: Message) -> None:
    guard = after(message, RESUME)
    assert (guard.state, guard.reason) == (TradingState.ACTIVE, "looked at it")


def test_resume_lifts_all_holds_at_once_but_not_a_journal_that_fails() -> None:
    guard = after(HALT, LOSS, ESCALATED, FAILED, RESUME)
    assert [hold.cause for hold in guard.holds] == [Cause.JOURNAL]
    assert guard.state is TradingState.HALTED


def test_a_restored_journal_takes_no_new_risk_until_a_person_resumes() -> None:
    restored = JournalRestored(reason="from a backup")
    guard = after(restored, BEGUN, RecoveryDone())
    assert (guard.state, guard.reason) == (TradingState.REDUCING, "from a backup")
    (alarm,) = [send.message for send in last(restored).outbox if send.to == OBSERVERS]
    assert isinstance(alarm, Alarm)
    assert alarm.kind is AlarmKind.IDENTITY
    assert after(restored, RESUME).state is TradingState.ACTIVE


def test_a_resume_that_changes_nothing_says_how_it_stands() -> None:
    answer = TradingStateChanged(state=TradingState.HALTED, reason="the journal fails: disk full")
    assert last(FAILED, RESUME) == Step(outbox=(Send(PORTFOLIO, answer),))
    assert last(RESUME) == NOTHING


def test_a_healed_journal_makes_it_active_only_if_nothing_else_holds_it() -> None:
    assert after(FAILED, HEALED).state is TradingState.ACTIVE
    assert after(LOSS, FAILED, HEALED).state is TradingState.REDUCING
    assert after(HALT, FAILED, HEALED).state is TradingState.HALTED


def test_an_operator_softens_their_own_halt_but_nobody_elses() -> None:
    assert after(HALT, REDUCE).state is TradingState.REDUCING
    assert after(ESCALATED, HALT, REDUCE).state is TradingState.HALTED


def test_the_reasons_of_all_holds_are_told() -> None:
    reason = after(LOSS, HALT).reason
    assert reason == "lost 11.00 USDT today (UTC); the limit is 10.00 USDT; by hand"


def test_the_portfolio_can_hear_the_state_again() -> None:
    answer = TradingStateChanged(state=TradingState.HALTED, reason="by hand")
    assert last(HALT, ResendTradingState()) == Step(outbox=(Send(PORTFOLIO, answer),))


def test_a_message_for_somebody_else_raises_and_names_it() -> None:
    with pytest.raises(TypeError, match="DescribeAccounts"):
        step(Guard(), SETTINGS, DescribeAccounts(), NOW)


@given(st.lists(st.sampled_from(INPUTS), max_size=12))
@settings(deadline=None, max_examples=100)
def test_after_any_sequence_the_state_is_the_strictest_hold_and_was_told(
    messages: list[Message],
) -> None:
    guard, told = Guard(), TradingState.ACTIVE
    for message in messages:
        done = step(guard, SETTINGS, message, NOW)
        for change in done.changes:
            assert isinstance(change, Guard)
            guard = change
        for send in done.outbox:
            if isinstance(send.message, TradingStateChanged):
                told = send.message.state
    strictness = [STRICTNESS[hold.state] for hold in guard.holds]
    assert STRICTNESS[guard.state] == max(strictness, default=0)
    assert len({hold.cause for hold in guard.holds}) == len(guard.holds)
    assert told is guard.state


@pytest.mark.parametrize(
    ("trouble", "setting"),
    [
        (LOSS, "daily_loss_state"),
        (ESCALATED, "escalation_state"),
        (FAILED, "journal_failure_state"),
    ],
)
@pytest.mark.parametrize("state", [TradingState.REDUCING, TradingState.HALTED])
def test_what_a_trouble_holds_trading_at_is_set(
    trouble: Message, setting: str, state: TradingState
) -> None:
    settings = msgspec.structs.replace(SETTINGS, **{setting: state})
    done = step(Guard(), settings, trouble, NOW)
    told = [send.message for send in done.outbox]
    assert any(isinstance(m, TradingStateChanged) and m.state is state for m in told)
    halts = [m for m in told if isinstance(m, StopAllEntering)]
    assert bool(halts) == (state is TradingState.HALTED)


def test_an_operators_word_holds_at_what_it_says() -> None:
    lenient = GuardianSettings(
        daily_loss_state=TradingState.REDUCING,
        escalation_state=TradingState.REDUCING,
        journal_failure_state=TradingState.REDUCING,
    )
    (guard,) = step(Guard(), lenient, HALT, NOW).changes
    assert isinstance(guard, Guard)
    assert guard.state is TradingState.HALTED
