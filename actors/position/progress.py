"""How far each side of a position is: its entry, its exit, its protection, and what went wrong.

Owns these parts of the entity ``Position``. Decides nothing.
"""

from decimal import Decimal
from enum import StrEnum

import msgspec

from messages.base import ClientOrderId, Milliseconds, Timestamp
from messages.market import Quote
from messages.market_data import Level
from messages.money import ZERO
from messages.orders import OrderType
from messages.position import CloseCause


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """How far the entry ladder is."""

    rung: int = 0
    tries: int = 0
    """Orders sent from this rung."""
    deadline: Timestamp = Timestamp(0)
    asked: Decimal = ZERO
    """Base that the first order asked for: what the whole budget was to buy."""
    is_stopping: bool = False
    """Buy no more: canceled, late, halted, or the exit has begun."""
    is_over: bool = False
    """Every entry order was terminal, and none follows."""
    waits_for_quote: bool = False


class Closing(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """How far the exit is."""

    cause: CloseCause
    reason: str
    since: Timestamp
    rung: int
    tries: int = 0
    """Orders sent from this rung."""
    refusals: int = 0
    """Refused exits in a row."""
    retry_at: Timestamp | None = None
    quote: Quote | None = None
    """For the next limit price; None: to be asked for."""
    waits_for_quote: bool = False
    lacks_quote: bool = False
    """None was known when it was asked for: an order that needs none goes first."""
    waits_for_balance: bool = False
    sellable: Decimal | None = None
    """What the venue said it would let us sell, after it refused; base."""
    seen: Decimal | None = None
    """The same of an earlier look, which counts no more: another process may sell meanwhile."""
    lacks_coins: bool = False
    """The venue refused an exit for want of coins, and was not looked at since."""
    shown_since: Timestamp | None = None
    """While an exit is lost: when the venue first said what ``sellable`` holds."""
    too_small: Decimal = ZERO
    """The venue refused this much as too small, and the rules are being read again; base."""
    dust_up_to: Decimal = ZERO
    """The venue refused this much as too small; base. More than this is no dust."""
    is_stuck: bool = False
    self_trades: int = 0
    """Exits in a row that self-trade prevention ended; they do not count as refused."""
    stop_order_until: Timestamp | None = None
    """Until then a native stop that was touched is left to fill."""


class UnseenExit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An exit of unknown outcome, beside which another may be sent: see ``unseen_exits``."""

    order_id: ClientOrderId
    beside: tuple[OrderType, ...]
    """Of these types."""
    ask_at: Timestamp
    """When to ask next what the account holds."""
    asks: int = 0


class UnprotectedCause(StrEnum):
    """Why held coins were not covered."""

    OPENING = "opening"
    SWITCHING = "switching"
    CLOSING = "closing"
    STALE_MARKET = "stale_market"
    VENUE_UNREACHABLE = "venue_unreachable"
    PROCESS_DOWN = "process_down"
    ORDER_UNKNOWN = "order_unknown"
    """What became of the order in the exit slot is not known: nothing else may be sold."""


class Unprotected(msgspec.Struct, frozen=True, gc=False):
    """How long something was held and not covered, for one cause."""

    cause: UnprotectedCause
    total_ms: int


class StrandedCause(StrEnum):
    """Why coins can't be sold."""

    MARKET_GONE = "market_gone"
    MARKET_HALTED = "market_halted"
    RULES = "rules"
    """Too little for the market's rules as they are now."""
    REFUSED = "refused"
    """The venue refused every form of the exit by a rule."""


class Stranded(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Since when nothing can be sold, and when to look again."""

    cause: StrandedCause
    since: Timestamp
    ask_at: Timestamp
    """Then rules and price are asked for again."""


class Protection(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """How far the stop was ratcheted, what should rest, and what market data was told."""

    highest: Decimal | None = None
    """The highest price that moved a ratchet: the stop follows from it."""
    rests_stop: bool = False
    """SWITCHING: whether the stop, not the take profit, has the slot; see ``prices.rests_stop``."""
    is_left: bool = False
    """The session ends: a native stop is to rest, whatever the mode."""
    switched_at: Timestamp | None = None
    switches: int = 0
    refusals: int = 0
    """Refused resting orders in a row."""
    retry_at: Timestamp | None = None
    generation: int = 0
    """Of the last registration sent to market data; 0: none."""
    levels: tuple[Level, ...] = ()
    """What was last sent."""
    armed: tuple[Level, ...] = ()
    """What market data has in force, as far as we heard."""


class Faulted(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """It raised on a message and asked for the facts again; over when a pause passes without."""

    since: Timestamp
    pause_ms: Milliseconds
    """Grows with each time that asking again did not help."""
    look_at: Timestamp
    has_raised_again: bool = False
    """Since it asked last: a person was told."""


class EarlierPrefix(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What ids of its orders began with before a start that has not looked back at them yet."""

    prefix: str
    exits: int
    """The number of the last exit that is on record."""
    is_foreign: bool = False
    """Another process placed orders under it; this journal has none of them."""
    upto: int = 0
    """The number of its last exit that was seen."""
    is_owned: bool = False
    """A person said that all that was placed under it is this process's."""
