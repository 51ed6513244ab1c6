"""What the guardian does with a message. Pure; what it decides is in ``states.py``."""

import msgspec

from actors.guardian.states import STRICTNESS, Cause, Hold, Input, Lift, effect_of
from config.settings import GuardianSettings
from messages.addresses import OBSERVERS, PORTFOLIO, POSITIONS
from messages.base import Message, Timestamp, end_of_day
from messages.envelope import NOTHING, Send, Step, Wake
from messages.guardian import (
    DailyLossReached,
    EnterReducing,
    Escalated,
    FirstLookBegun,
    FirstLookDone,
    Halt,
    JournalBehind,
    JournalFailed,
    JournalHealed,
    JournalRestored,
    OwnershipSettled,
    RecoveryBegun,
    RecoveryDone,
    ResendTradingState,
    Resume,
    TwinRunning,
)
from messages.money import money_text
from messages.observers import Alarm
from messages.portfolio import TradingState, TradingStateChanged
from messages.positions import StopAllEntering


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """One cause that holds trading back."""

    cause: Cause
    state: TradingState
    reason: str
    since: Timestamp
    ends_at: Timestamp | None = None
    """Of a day's loss: 00:00 UTC after that day; None: another cause, or an older journal."""

    @property
    def deadline(self) -> Timestamp | None:
        """When it holds no more by itself; None: something must lift it."""
        if self.cause is not Cause.DAILY_LOSS:
            return None
        return self.ends_at or end_of_day(self.since)


class Guard(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The trading state and all that holds it."""

    holds: tuple[Held, ...] = ()
    """Sorted by cause."""
    reason: str = "nothing holds it"
    """Of the state; while something holds it, the reasons of all that do."""

    @property
    def state(self) -> TradingState:
        """What may be done: the strictest of the holds."""
        states = [hold.state for hold in self.holds]
        return max(states, key=STRICTNESS.__getitem__, default=TradingState.ACTIVE)


def deadline(guard: Guard) -> Timestamp | None:
    """Return when the first hold ends by itself."""
    ends = (hold.deadline for hold in guard.holds)
    return min((at for at in ends if at is not None), default=None)


def step(guard: Guard, settings: GuardianSettings, message: Message, now: Timestamp) -> Step:
    """Apply ``message``.

    Raises:
        TypeError: the message is none of the guardian's.
    """
    if isinstance(message, ResendTradingState):
        return Step(outbox=(_told(guard),))
    if isinstance(message, Wake) and not _is_due(guard, now):
        return NOTHING
    ends_at = None
    if isinstance(message, DailyLossReached):
        ends_at = message.ends_at or end_of_day(now)
        if ends_at <= now:
            return NOTHING  # it was under way at midnight: that day's loss counts no more
    input_, reason = _read(message)
    effect = effect_of(input_, settings)
    match effect:
        case Hold():
            return _hold(guard, effect, reason, now, ends_at)
        case Lift():
            return _lift(guard, effect, reason)


def _read(message: Message) -> tuple[Input, str]:  # noqa: C901, PLR0911, PLR0912 - one a message
    match message:
        case Halt(reason=reason):
            return Input.HALT, reason
        case EnterReducing(reason=reason):
            return Input.ENTER_REDUCING, reason
        case Resume(reason=reason):
            return Input.RESUME, reason
        case DailyLossReached():
            lost = money_text(message.loss, message.currency)
            limit = money_text(message.limit, message.currency)
            return Input.DAILY_LOSS_REACHED, f"lost {lost} today (UTC); the limit is {limit}"
        case Wake():
            return Input.DAY_ENDED, "a new day began (00:00 UTC)"
        case Escalated():
            return Input.ESCALATED, f"{message.actor} failed too often: {message.error}"
        case JournalFailed():
            return Input.JOURNAL_FAILED, message.text or f"the journal fails: {message.error}"
        case JournalHealed():
            return Input.JOURNAL_HEALED, "the journal is whole again"
        case RecoveryBegun(positions=positions):
            wait = "are looked up and covered first" if positions > 1 else "is looked up first"
            count = f"{positions} positions" if positions > 1 else "1 position"
            return Input.RECOVERY_BEGUN, f"after a restart {count} {wait}"
        case RecoveryDone():
            return Input.RECOVERY_DONE, "every position is restored"
        case FirstLookBegun():
            return (
                Input.FIRST_LOOK_BEGUN,
                "the exchange's lists are compared first",
            )
        case FirstLookDone():
            return Input.FIRST_LOOK_DONE, "the exchange's lists are compared"
        case JournalBehind(reason=reason):
            return Input.JOURNAL_BEHIND, reason
        case JournalRestored(reason=reason):
            return Input.JOURNAL_RESTORED, reason
        case TwinRunning(reason=reason):
            return Input.TWIN_RUNNING, reason
        case OwnershipSettled(reason=reason):
            return Input.OWNERSHIP_SETTLED, reason
        case _:
            raise TypeError(f"the guardian does not take {type(message).__name__}")


def _is_due(guard: Guard, now: Timestamp) -> bool:
    at = deadline(guard)
    return at is not None and at <= now


def _hold(
    guard: Guard, effect: Hold, reason: str, now: Timestamp, ends_at: Timestamp | None
) -> Step:
    before = next((hold for hold in guard.holds if hold.cause is effect.cause), None)
    since = before.since if before and before.ends_at == ends_at else now
    held = Held(cause=effect.cause, state=effect.state, reason=reason, since=since, ends_at=ends_at)
    others = [hold for hold in guard.holds if hold.cause is not effect.cause]
    after = _guard((*others, held), reason)
    sends = [_told(after)]
    # Said again on every further halt: a position that missed it hears it then.
    if effect.state is TradingState.HALTED:
        sends.append(Send(POSITIONS, StopAllEntering(reason=reason)))
    if held != before and effect.alarm is not None:
        text = f"trading is {after.state}: {after.reason}"
        sends.append(Send(OBSERVERS, Alarm(kind=effect.alarm, text=text)))
    return Step((after,) if after != guard else (), tuple(sends))


def _lift(guard: Guard, effect: Lift, reason: str) -> Step:
    left = tuple(hold for hold in guard.holds if hold.cause not in effect.causes)
    if left == guard.holds:
        # An operator who resumes hears how it stands, also when nothing changes.
        return Step(outbox=(_told(guard),)) if guard.holds else NOTHING
    after = _guard(left, reason)
    return Step((after,), (_told(after),))


def _guard(holds: tuple[Held, ...], reason: str) -> Guard:
    ordered = tuple(sorted(holds, key=lambda hold: hold.cause))
    reasons = "; ".join(hold.reason for hold in ordered)
    return Guard(holds=ordered, reason=reasons or reason)


def _told(guard: Guard) -> Send:
    return Send(PORTFOLIO, TradingStateChanged(state=guard.state, reason=guard.reason))
