"""Closed positions as trades: what each bought, sold, paid and earned, and why it left.

A trade is read from the last record of its position; nothing is computed twice. Profit is in quote:
proceeds less cost, less the fees taken in quote. Fees in other currencies are listed beside it, and
coins left as dust are not valued.
"""

from decimal import Decimal

import msgspec

from actors.position.position import Charter, Life, Position
from actors.position.states import State
from messages.base import Currency, Milliseconds, PositionId, Symbol, Timestamp
from messages.money import Money, amount_in, divide_down, divide_even
from messages.position import CloseCause


class Trade(msgspec.Struct, frozen=True, kw_only=True):
    """One closed position that had bought something."""

    position_id: PositionId
    symbol: Symbol
    began_at: Timestamp
    entered_at: Timestamp
    closed_at: Timestamp
    quantity: Decimal
    """Base bought."""
    entry_price: Decimal
    """Average, quote per base."""
    exit_price: Decimal | None
    """Average; None if nothing could be sold."""
    cost: Decimal
    """Quote, fees aside."""
    proceeds: Decimal
    """Quote, fees aside."""
    fees: tuple[Money, ...]
    pnl: Decimal
    """Quote: proceeds − cost − fees taken in quote."""
    return_ratio: Decimal
    """``pnl`` per cost, rounded to 1e-10, half even."""
    cause: CloseCause
    reason: str
    switches: int
    """How often take profit and stop exchanged the slot."""
    exit_orders: int
    """Exit orders ever placed."""
    dust: Decimal
    """Base that was left."""
    unprotected: dict[str, Milliseconds]
    """How long something was held and not covered, by cause."""

    @property
    def quote_currency(self) -> Currency:
        """What ``pnl`` is in."""
        return Currency(self.symbol.partition("/")[2])


def trade_of(charter: Charter, position: Position) -> Trade | None:
    """Return the trade of a position that is CLOSED; None if it bought nothing."""
    life, booked = Life(charter, position), position.booked
    if position.state is not State.CLOSED or not booked.bought:
        return None
    if position.closed_at is None or position.close_cause is None:
        raise AssertionError("a closed position says when and why")
    pnl = profit(charter, position)
    return Trade(
        position_id=position.position_id,
        symbol=charter.symbol,
        began_at=position.began_at,
        entered_at=position.entered_at or position.closed_at,
        closed_at=position.closed_at,
        quantity=booked.bought,
        entry_price=divide_down(booked.bought_cost, booked.bought),
        exit_price=divide_down(booked.sold_proceeds, booked.sold) if booked.sold else None,
        cost=booked.bought_cost,
        proceeds=booked.sold_proceeds,
        fees=booked.fees,
        pnl=pnl,
        return_ratio=divide_even(pnl, booked.bought_cost),
        cause=position.close_cause,
        reason=position.close_reason,
        switches=position.protection.switches,
        exit_orders=position.exit_attempts,
        dust=life.held,
        unprotected={u.cause: Milliseconds(u.total_ms) for u in position.unprotected},
    )


def profit(charter: Charter, position: Position) -> Decimal:
    """Return what the position brought in so far, quote: negative while it still holds coins."""
    booked = position.booked
    fees = amount_in(booked.fees, charter.rules.quote)
    return booked.sold_proceeds - booked.bought_cost - fees
