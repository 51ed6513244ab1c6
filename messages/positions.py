"""What the positions actor receives: it opens positions, numbers them and lets go of ended ones."""

from decimal import Decimal

from messages.base import Message, PositionId, Symbol
from messages.market import Capabilities, MarketRules, Quote
from messages.plan import Plan
from messages.position import CloseCause


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


class PositionEnded(Message, frozen=True, kw_only=True):
    """CLOSED, booked, and the router has let go of its orders. From the position."""

    position_id: PositionId
    symbol: Symbol


class CloseAllPositions(Message, frozen=True, kw_only=True):
    """Tell every position to close. From an operator, or at the end of a recording."""

    cause: CloseCause
    reason: str


class StopAllEntering(Message, frozen=True, kw_only=True):
    """Tell every position ``StopEntering``. From the guardian, on a halt."""

    reason: str
