"""What observers receive: facts for people. Nothing here makes anything trade."""

from enum import StrEnum

from messages.base import Address, Message, PositionId, Symbol
from messages.market import Quote


class AlarmKind(StrEnum):
    """What is wrong."""

    EXIT_STUCK = "exit_stuck"
    EXIT_LOST = "exit_lost"
    """An exit stayed unknown; it may be live."""
    PLACEMENT_FAILED = "placement_failed"
    """A protection could not be placed; the trigger covers."""
    SHORTAGE = "shortage"
    """The venue has less than the books, or the books' free cash is negative."""
    SURPLUS = "surplus"
    """The venue has more than the books."""
    OVERFILL = "overfill"
    """The venue filled more than was asked."""
    UNMATCHED_FILL = "unmatched_fill"
    STRAY_ORDER = "stray_order"
    """An order of ours works at the venue, and nobody expects it."""
    CONFLICT = "conflict"
    """An order under an id of ours is not what we asked for."""
    IDENTITY = "identity"
    """Orders of our account that this journal lacks: it is behind, or another process trades."""
    STEP_SKIPPED = "step_skipped"
    """A message made its actor raise; the actor goes on with its last good state."""
    STRATEGY_FAILED = "strategy_failed"
    ESCALATED = "escalated"
    DAILY_LOSS_LIMIT = "daily_loss_limit"
    TRADING_STATE = "trading_state"
    """Of journals before the trading state itself showed what an operator narrowed."""
    MARKET_STALE = "market_stale"
    UNSELLABLE = "unsellable"
    """Coins are held that the market's rules, or the market itself, don't let us sell."""
    MARKET_RULES = "market_rules"
    """A venue changed what it demands of orders on a market that is traded."""
    JOURNAL = "journal"
    VALUE_REFUSED = "value_refused"
    """A value from outside can't be: it is not used."""
    VALUE_MISSING = "value_missing"
    """The venue does not say what a fill cost: it is asked again, and its position waits."""
    BANNED = "banned"
    """The exchange bans this address: nothing is sent until the ban ends."""
    RATE_LIMIT = "rate_limit"
    """The exchange wants a long pause at one of its limits."""
    BAD_ANSWER = "bad_answer"
    """The exchange told something that can't be read; it was skipped."""
    CONNECTION = "connection"
    """A part of the connection ended and is started again."""
    KEY = "key"
    """The key may do too much, or expires."""
    CLOCK = "clock"
    """This machine's clock is far from the exchange's, or not kept."""


class Alarm(Message, frozen=True, kw_only=True):
    """A person should look. From any actor, to ``observers``."""

    kind: AlarmKind
    text: str
    position_id: PositionId | None = None
    symbol: Symbol | None = None


class AlarmOver(Message, frozen=True, kw_only=True):
    """The trouble of an earlier alarm is over. From the journal, to ``observers``."""

    kind: AlarmKind
    text: str
    position_id: PositionId | None = None
    symbol: Symbol | None = None


class EntryRefused(Message, frozen=True, kw_only=True):
    """Nothing was bought, and which guard said so. From strategy or position."""

    symbol: Symbol
    guard: str
    text: str
    quote: Quote | None = None


class MessageSkipped(Message, frozen=True, kw_only=True):
    """An actor raised on a message and skipped it. From the runtime, to ``observers``."""

    actor: Address
    message_type: str
    error: str


def is_told(count: int) -> bool:
    """Return whether people hear of this one of a fault that comes back: 1st, 10th, 100th, …."""
    return str(count).rstrip("0") == "1"
