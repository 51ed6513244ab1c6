"""What the portfolio receives."""

from decimal import Decimal
from enum import StrEnum

from messages.base import ClientOrderId, Currency, Message, PositionId, Symbol
from messages.money import Money
from messages.orders import OrderFacts, Side


class AllotCapital(Message, frozen=True, kw_only=True):
    """The capital config allots, per currency. From the supervisor, once per journal."""

    capital: tuple[Money, ...]


class ReserveBudget(Message, frozen=True, kw_only=True):
    """Reserve a budget; asked twice, it is granted once. From a position in NEW."""

    position_id: PositionId
    symbol: Symbol
    budget: Decimal
    """Quote currency, fees included."""


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


class BalancesReported(Message, frozen=True, kw_only=True):
    """What the venue says the account holds. From the gateway."""

    total: tuple[Money, ...]
    free: tuple[Money, ...]


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
    """What may be done from now on. From the guardian."""

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
