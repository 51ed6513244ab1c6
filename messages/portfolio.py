"""What the portfolio receives."""

from decimal import Decimal
from enum import StrEnum

import msgspec

from messages.base import ClientOrderId, Currency, Message, Milliseconds, PositionId, Symbol
from messages.money import ZERO, Money
from messages.orders import OrderFacts, Side


class AllotCapital(Message, frozen=True, kw_only=True):
    """The capital config allots, per currency. From the supervisor, once per journal."""

    capital: tuple[Money, ...]


class UnmatchedPolicy(StrEnum):
    """What becomes of coins that a late fill brought and no position expects."""

    ADOPT = "adopt"
    """A new position with the original plan takes them."""
    SELL = "sell"
    """They are sold at once."""


class Limits(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """What the portfolio grants at most, and how it keeps its books. None: without limit."""

    max_positions: int | None = None
    """Open positions at a time, over all symbols."""
    positions_per_symbol: int = 1
    cooldown_ms: Milliseconds = Milliseconds(0)
    """After a position that had bought something closed, its symbol rests."""
    max_budget: Decimal | None = None
    """Of one position, in its quote currency."""
    symbol_cap: Decimal | None = None
    """Reserved and invested on one symbol, the new budget included, in its quote currency."""
    daily_loss_limit: Decimal | None = None
    """Realised net loss of one UTC day, fees included; in each currency by itself."""
    look_every_ms: Milliseconds | None = None
    """How often the venue's balances are compared with the books; None: only when in doubt."""
    unmatched_policy: UnmatchedPolicy = UnmatchedPolicy.ADOPT
    unheard_ms: Milliseconds | None = None
    """How long a fill may be unheard at most: so long a difference that an order which may be
    live explains is not alarmed. None: as any other."""


class SetLimits(Message, frozen=True, kw_only=True):
    """Replace the limits. From the supervisor, at the start and on a reload of the config."""

    limits: Limits


class ReserveBudget(Message, frozen=True, kw_only=True):
    """Reserve a budget; asked twice, it is granted once. From a position in NEW."""

    position_id: PositionId
    symbol: Symbol
    budget: Decimal
    """Quote currency, fees included."""


class AdoptedFill(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a late fill bought, as one position takes it over."""

    client_order_id: ClientOrderId
    quantity: Decimal
    """Base, fees aside."""
    cost: Decimal
    """Quote, fees aside."""
    fees: tuple[Money, ...]
    policy: UnmatchedPolicy
    fees_missing: Decimal = ZERO
    """Base of ``quantity`` whose fees the venue has not told; they are booked in its row."""


class BookPosition(Message, frozen=True, kw_only=True):
    """How a position stands, cumulative since it began. From it, on every change."""

    position_id: PositionId
    symbol: Symbol
    reserve: Decimal
    """Quote currency that it may still spend; 0 once its entry is over."""
    bought: Decimal
    """Base, over all entry fills, fees aside."""
    bought_cost: Decimal
    """Quote, exact."""
    sold: Decimal
    """Base, over all exit fills."""
    sold_proceeds: Decimal
    """Quote, exact, fees aside."""
    fees: tuple[Money, ...]
    """Over all fills, per currency; negative is a rebate."""
    closed: bool
    """CLOSED: what is held is dust and is written off."""
    adopts: AdoptedFill | None = None
    """What of ``bought`` an order's row holds until this position books it."""


class UnmatchedFill(Message, frozen=True, kw_only=True):
    """A fill of an order of ours that no position expects. From router or position."""

    client_order_id: ClientOrderId
    symbol: Symbol
    side: Side
    filled: Decimal
    """Base, cumulative, beyond what the position booked."""
    cost: Decimal
    """Quote, cumulative, beyond what the position booked."""
    fees: tuple[Money, ...]
    facts: OrderFacts
    waits_for: tuple[ClientOrderId, ...] = ()
    """Of a buy: sales of its coin whose outcome is unknown. Until they are over no position takes
    its coins over: one of these sales may still sell them."""


class OfferUnmatched(Message, frozen=True, kw_only=True):
    """No sale of the coin is unknown any more: what waited for that is offered. From the router."""

    currency: Currency


class RequestBalance(Message, frozen=True, kw_only=True):
    """Tell the position what the venue would let it sell. From a position after a refused exit."""

    position_id: PositionId
    currency: Currency
    may_be_locked: Decimal = ZERO
    """Base in exits of its own that are lost and may be live."""
    contested_on: Symbol | None = None
    """Where another process may trade the position too: its fills there are looked at first."""
    wants_total: bool = False
    """Whether to tell what the account holds, too."""


class ForeignHolding(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What other processes bought and sold under one position's number, since they went apart."""

    position_id: PositionId
    bought: Decimal
    """Base, less the fees that were taken from it."""
    sold: Decimal
    """Base."""


class ForeignListed(Message, frozen=True, kw_only=True):
    """What other processes bought and sold on a symbol. From the reconciler."""

    symbol: Symbol
    holdings: tuple[ForeignHolding, ...]


class BalancesReported(Message, frozen=True, kw_only=True, omit_defaults=True):
    """What the venue says the account holds. From the gateway."""

    total: tuple[Money, ...]
    free: tuple[Money, ...]
    unknown: tuple[Currency, ...] = ()
    """Currencies that it names without an amount that can be: they are not zero."""


class Unfilled(msgspec.Struct, frozen=True, kw_only=True):
    """What orders that may be live could still fill on one symbol."""

    symbol: Symbol
    to_buy: Decimal
    """Base."""
    to_sell: Decimal
    """Base."""
    to_pay: Decimal | None = None
    """Quote that these buys cost at most, by their limits; None: one has no limit, or an earlier
    version did not say."""


class UnfilledListed(Message, frozen=True, kw_only=True):
    """What may fill, or may have filled unheard. From the order router."""

    rows: tuple[Unfilled, ...]
    """Sorted by symbol; those without an order that may be live are left out."""


class ConversionRate(Message, frozen=True, kw_only=True):
    """A rate for the valuation of equity; never for booking. From market data."""

    symbol: Symbol
    rate: float


class TradingState(StrEnum):
    """What may be done."""

    ACTIVE = "active"
    REDUCING = "reducing"
    """No new risk; exits and protection go on."""
    HALTED = "halted"
    """As REDUCING, and working entries are canceled."""


class TradingStateChanged(Message, frozen=True, kw_only=True):
    """What may be done from now on. From the guardian; and from the recovery, before it speaks."""

    state: TradingState
    reason: str


class CurrencyRow(Message, frozen=True, kw_only=True):
    """One account, as ``ask`` answers it to tools. Not a command."""

    currency: Currency
    free: Decimal
    reserved: Decimal
    invested: Decimal
    total: Decimal
    held: Decimal
    """Coins held as some position's base, and dust."""


class DescribeAccounts(Message, frozen=True, kw_only=True):
    """Answer with ``AccountsDescribed``. Asked by tools; nothing is recorded."""

    valued_in: Currency | None = None
    """The currency of ``equity``; None: no valuation."""


class AccountsDescribed(Message, frozen=True, kw_only=True):
    """The answer to ``DescribeAccounts``. Not a command."""

    rows: tuple[CurrencyRow, ...]
    """Sorted by currency."""
    equity: Decimal | None
    """Cash and coins at the last known rates, for people; None: unknown, as a rate is missing."""
    open_positions: int
    trades: int
    """Closed positions that had bought something."""
    wins: int
    """Trades with a profit in their quote currency."""


class SymbolConflict(Message, frozen=True, kw_only=True):
    """Whether an order under an id of ours contradicts what we asked for. From the order router."""

    symbol: Symbol
    client_order_id: ClientOrderId
    text: str
    """What the venue says and what we asked for; empty: it contradicts nothing any more."""


class ClearConflict(Message, frozen=True, kw_only=True):
    """A person has looked: the orders under our ids on a symbol are not ours. From an operator.

    The symbol takes entries again, and the exits that waited for those ids go on.
    """

    symbol: Symbol
    reason: str
