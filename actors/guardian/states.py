"""What each input does to the trading state: the whole of it, as tables.

Rule 1: the trading state is the strictest of what is held; nothing held is ACTIVE.
Rule 2: the tables are total: every input has an effect, every cause says who lifts it.
Rule 3: an operator's word holds at what it says; at what a trouble holds, the settings say
(``EFFECTS`` shows their defaults).
"""

from enum import StrEnum

import msgspec

from config.settings import GuardianSettings
from messages.observers import AlarmKind
from messages.portfolio import TradingState


class Input(StrEnum):
    """What the guardian hears."""

    HALT = "halt"
    ENTER_REDUCING = "enter_reducing"
    RESUME = "resume"
    DAILY_LOSS_REACHED = "daily_loss_reached"
    DAY_ENDED = "day_ended"
    ESCALATED = "escalated"
    JOURNAL_FAILED = "journal_failed"
    JOURNAL_HEALED = "journal_healed"
    RECOVERY_BEGUN = "recovery_begun"
    RECOVERY_DONE = "recovery_done"
    FIRST_LOOK_BEGUN = "first_look_begun"
    FIRST_LOOK_DONE = "first_look_done"
    JOURNAL_BEHIND = "journal_behind"
    JOURNAL_RESTORED = "journal_restored"
    TWIN_RUNNING = "twin_running"
    OWNERSHIP_SETTLED = "ownership_settled"


class Cause(StrEnum):
    """What may hold trading back; at most one hold of each."""

    OPERATOR = "operator"
    DAILY_LOSS = "daily_loss"
    ESCALATION = "escalation"
    JOURNAL = "journal"
    RECOVERY = "recovery"
    FIRST_LOOK = "first_look"
    """A start has not yet seen what the exchange lists of this account."""
    BEHIND = "behind"
    """The journal is behind its venue."""
    TWIN = "twin"
    """Another process trades this account."""
    RESTORED = "restored"
    """The journal is behind its venue: it was restored from a backup."""


class Hold(msgspec.Struct, frozen=True):
    """This cause holds trading at this state, in the stead of what it held before."""

    cause: Cause
    state: TradingState
    alarm: AlarmKind | None
    """None: a person said so, or it is how every start goes; the trading state shows it."""


class Lift(msgspec.Struct, frozen=True):
    """These causes hold no more."""

    causes: frozenset[Cause]


EFFECTS: dict[Input, Hold | Lift] = {
    # An operator's later command replaces the earlier: REDUCING after HALTED softens it.
    Input.HALT: Hold(Cause.OPERATOR, TradingState.HALTED, None),
    Input.ENTER_REDUCING: Hold(Cause.OPERATOR, TradingState.REDUCING, None),
    Input.DAILY_LOSS_REACHED: Hold(
        Cause.DAILY_LOSS, TradingState.REDUCING, AlarmKind.DAILY_LOSS_LIMIT
    ),
    # 00:00 UTC of the next day, also where the process was down at that moment.
    Input.DAY_ENDED: Lift(frozenset({Cause.DAILY_LOSS})),
    # Parts of the system are gone or nothing can be persisted: what still buys must stop too.
    Input.ESCALATED: Hold(Cause.ESCALATION, TradingState.HALTED, AlarmKind.ESCALATED),
    Input.JOURNAL_FAILED: Hold(Cause.JOURNAL, TradingState.HALTED, AlarmKind.JOURNAL),
    # What was under way at a crash is known first: exits and protection, then new risk.
    Input.RECOVERY_BEGUN: Hold(Cause.RECOVERY, TradingState.REDUCING, None),
    Input.RECOVERY_DONE: Lift(frozenset({Cause.RECOVERY})),
    Input.FIRST_LOOK_BEGUN: Hold(Cause.FIRST_LOOK, TradingState.REDUCING, None),
    Input.FIRST_LOOK_DONE: Lift(frozenset({Cause.FIRST_LOOK})),
    # Of orders that this journal lacks nothing is known: no new risk beside them.
    Input.JOURNAL_BEHIND: Hold(Cause.BEHIND, TradingState.REDUCING, AlarmKind.IDENTITY),
    # What the venue did since the backup is in no record: a person compares, then resumes.
    Input.JOURNAL_RESTORED: Hold(Cause.RESTORED, TradingState.REDUCING, AlarmKind.IDENTITY),
    Input.TWIN_RUNNING: Hold(Cause.TWIN, TradingState.REDUCING, AlarmKind.IDENTITY),
    Input.OWNERSHIP_SETTLED: Lift(frozenset({Cause.BEHIND, Cause.TWIN})),
    # No wish heals a disk: only the journal lifts its own hold. A recovery's gives way to an
    # operator: a position that is never restored would hold all others for ever. That a twin is
    # gone only a person knows; of a journal that is behind, they must say whose the epoch is.
    Input.RESUME: Lift(
        frozenset(
            {
                Cause.OPERATOR,
                Cause.DAILY_LOSS,
                Cause.ESCALATION,
                Cause.RECOVERY,
                Cause.FIRST_LOOK,
                Cause.TWIN,
                Cause.RESTORED,
            }
        )
    ),
    Input.JOURNAL_HEALED: Lift(frozenset({Cause.JOURNAL})),
}


def effect_of(input_: Input, settings: GuardianSettings) -> Hold | Lift:
    """Return what an input does, at the state that the settings give a trouble."""
    effect = EFFECTS[input_]
    match input_:
        case Input.DAILY_LOSS_REACHED:
            state = settings.daily_loss_state
        case Input.ESCALATED:
            state = settings.escalation_state
        case Input.JOURNAL_FAILED:
            state = settings.journal_failure_state
        case _:
            return effect
    return msgspec.structs.replace(effect, state=state)


STRICTNESS: dict[TradingState, int] = {
    TradingState.ACTIVE: 0,
    TradingState.REDUCING: 1,
    TradingState.HALTED: 2,
}
