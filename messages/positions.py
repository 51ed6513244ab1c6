"""What the positions actor receives: it opens positions, numbers them and lets go of ended ones."""

from decimal import Decimal

import msgspec

from messages.base import ClientOrderId, Message, PositionId, Symbol, Timestamp
from messages.market import Capabilities, MarketPhase, MarketRules, Quote
from messages.money import ZERO, Money
from messages.plan import Plan
from messages.portfolio import UnmatchedPolicy
from messages.position import CloseCause
from messages.reconciler import ListedOrder


class OpenPosition(Message, frozen=True, kw_only=True):
    """Open a position on ``symbol``. From the strategy or an operator."""

    symbol: Symbol
    budget: Decimal
    """Quote currency, fees included."""
    plan: Plan
    quote: Quote
    """The quote the decision was made on."""
    atr: float | None = None
    """Average true range at the decision, quote per base; None: not known."""
    decision: str
    """Why, for people and logs."""


class MarketRulesReported(Message, frozen=True, kw_only=True):
    """The rules of a symbol, and what its venue can do. From the gateway."""

    rules: MarketRules
    capabilities: Capabilities
    phase: MarketPhase = MarketPhase.OPEN
    is_kept: bool = False
    """It was read by an earlier process: entries wait until this one has read it."""
    is_recent: bool = False
    """Kept, and no older than what a running session trades by: entries need not wait."""


class MarketGoneReported(Message, frozen=True, kw_only=True):
    """The venue lists no such market, or its rules can't be read. From the gateway."""

    symbol: Symbol
    text: str
    """What the venue lists instead, for people."""


class RequestMarket(Message, frozen=True, kw_only=True):
    """Tell a position what its market demands, as it is known. From the position."""

    position_id: PositionId
    symbol: Symbol
    reads_again: bool = False
    """Read it at the venue, too: an order was refused that should have been taken."""


class PositionEnded(Message, frozen=True, kw_only=True):
    """CLOSED, booked, and the router has let go of its orders. From the position."""

    position_id: PositionId
    symbol: Symbol


class AdoptFill(Message, frozen=True, kw_only=True, omit_defaults=True):
    """Let a position take over what a late fill bought. From the portfolio, which has booked it.

    Cumulative for each order: after a further fill, the difference is taken over.
    """

    client_order_id: ClientOrderId
    filled: Decimal
    """Base, beyond what the order's position booked."""
    cost: Decimal
    """Quote, beyond what the order's position booked."""
    fees: tuple[Money, ...]
    policy: UnmatchedPolicy
    fees_missing: Decimal = ZERO
    """Base of ``filled`` whose fees the venue has not told yet."""


class EpochAdded(Message, frozen=True, kw_only=True, omit_defaults=True):
    """An epoch more is the journal's own. From a position out of attempts, or from the gateway."""

    epoch: str
    jump: str = ""
    """The exchange's clock jumped: the epoch is in all further ids. Empty: in one position's."""
    since: Timestamp | None = None
    """Of a jump: when the clocks were last measured; a copy may have acted since."""


class OwnershipDoubted(Message, frozen=True, kw_only=True):
    """What is open here may be open in another process too. From the reconciler or the router."""

    reason: str
    position_id: PositionId | None = None
    """None: every position."""
    epoch: str = ""
    """In which the other process placed orders; empty: not known."""


class SymbolCompared(Message, frozen=True, kw_only=True):
    """A start's first look at the lists of a symbol is over. From the reconciler.

    What they show of another process's orders was told before it.
    """

    symbol: Symbol


class EpochAdopted(Message, frozen=True, kw_only=True):
    """An epoch is one of ours from now on. From the reconciler."""

    epoch: str
    last_number: int
    """The highest position number in its orders: no new position gets one up to it."""
    is_twin: bool
    """An order of it was placed after our start."""
    is_settled: bool
    """No other order of the account is in doubt: what is open is this process's again."""
    last_exits: dict[PositionId, int] = msgspec.field(default_factory=dict)
    """The number of the last exit of each position that was seen in it."""


class BeginRecovery(Message, frozen=True, kw_only=True):
    """Count who lives, and say when every one of them is restored. From the recovery."""

    recovery: int = 0
    """The last record that it begins with: no two recoveries between which anything was recorded
    share it."""


class PositionRestored(Message, frozen=True, kw_only=True):
    """Its orders are looked up after a restart; it is covered, or on its way out. From it."""

    position_id: PositionId
    recovery: int = 0
    """After which restart; see ``BeginRecovery``."""


class CloseAllPositions(Message, frozen=True, kw_only=True):
    """Tell every position to close. From an operator, or at the end of a recording."""

    cause: CloseCause
    reason: str


class CloseWithoutCore(Message, frozen=True, kw_only=True):
    """End a position that raises on everything, from the router's ledger. From an operator.

    From then on its core is not asked any more: what works is canceled, what is held is sold at the
    market.
    """

    position_id: PositionId
    reason: str


class StopAllEntering(Message, frozen=True, kw_only=True):
    """Tell every position ``StopEntering``. From the guardian, on a halt."""

    reason: str


class EndSession(Message, frozen=True, kw_only=True):
    """Tell every position ``SessionEnding``: the process ends soon. From the session's stop."""


class StrayFound(Message, frozen=True, kw_only=True):
    """An order of ours works or filled at the venue, and the router does not have it.

    From the reconciler, after two equal looks; said again until ``StraySettled`` answers it.
    """

    symbol: Symbol
    order: ListedOrder
    """Its fills are cumulative: all that nobody can have booked."""
    is_told: bool
    """A person was told of it before."""
