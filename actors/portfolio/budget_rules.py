"""The rules of granting a budget, in the order they are asked.

Each returns why it refuses, with the numbers, or None. Owns no number: they come from the accounts
and the limits.
"""

from collections.abc import Callable
from decimal import Decimal

import msgspec

from actors.portfolio.accounts import Account, SymbolRow, Totals
from messages.base import ClientOrderId, Currency, PositionId, Symbol, Timestamp
from messages.portfolio import Limits, TradingState
from messages.position import DenialReason


class Trading(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """What may be done, as the guardian said last."""

    state: TradingState = TradingState.ACTIVE
    reason: str = ""


class Conflict(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """An order at the venue has our id and is not ours; its symbol takes no entries."""

    symbol: Symbol
    client_order_id: ClientOrderId
    text: str


class Denial(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """A budget that was refused; kept, so that asking again gets the same answer.

    A grant to a position that gave up after its first denial would stay reserved for ever.
    """

    position_id: PositionId
    reason: DenialReason
    text: str
    forget_at: Timestamp


class Asked(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A budget that is asked for, and all that decides on it."""

    symbol: Symbol
    budget: Decimal
    now: Timestamp
    account: Account
    """Of the quote currency."""
    row: SymbolRow
    totals: Totals
    limits: Limits
    trading: Trading
    conflict: str = ""
    """What contradicts us on the symbol."""

    @property
    def currency(self) -> Currency:
        """The currency of the budget."""
        return self.account.currency


Rule = Callable[[Asked], str | None]


def refusal(asked: Asked) -> tuple[DenialReason, str] | None:
    """Return the first rule that refuses, and its text; None grants."""
    for reason, rule in RULES.items():
        text = rule(asked)
        if text is not None:
            return reason, text
    return None


def _not_active(asked: Asked) -> str | None:
    if asked.trading.state is TradingState.ACTIVE:
        return None
    return f"trading is {asked.trading.state}: {asked.trading.reason}"


def _conflict(asked: Asked) -> str | None:
    if not asked.conflict:
        return None
    return f"an order on {asked.symbol} has our id and is not ours: {asked.conflict}"


def _daily_loss_limit(asked: Asked) -> str | None:
    limit, loss = asked.limits.daily_loss_limit, asked.account.loss_on(asked.now)
    if limit is None or loss < limit:
        return None
    return f"lost {loss} {asked.currency} today (UTC); the limit is {limit}"


def _max_positions(asked: Asked) -> str | None:
    limit, count = asked.limits.max_positions, asked.totals.open_positions
    if limit is None or count < limit:
        return None
    return f"{count} positions are open; the limit is {limit}"


def _positions_per_symbol(asked: Asked) -> str | None:
    limit, count = asked.limits.positions_per_symbol, asked.row.open_positions
    if count < limit:
        return None
    return f"{count} open on {asked.symbol}; the limit is {limit}"


def _cooldown(asked: Asked) -> str | None:
    if asked.row.last_trade_at is None:
        return None
    left = asked.row.last_trade_at + asked.limits.cooldown_ms - asked.now
    if left <= 0:
        return None
    return f"{asked.symbol} rests for {left} of {asked.limits.cooldown_ms} ms after its last trade"


def _max_budget(asked: Asked) -> str | None:
    limit = asked.limits.max_budget
    if limit is None or asked.budget <= limit:
        return None
    return f"a budget of {asked.budget} {asked.currency}; the limit is {limit}"


def _symbol_cap(asked: Asked) -> str | None:
    limit, committed = asked.limits.symbol_cap, asked.row.committed
    if limit is None or committed + asked.budget <= limit:
        return None
    return (
        f"{committed} {asked.currency} at work on {asked.symbol} and {asked.budget} asked; "
        f"the cap is {limit}"
    )


def _not_enough_free(asked: Asked) -> str | None:
    if asked.budget <= 0:
        return f"a budget of {asked.budget} {asked.currency} buys nothing"
    if asked.budget <= asked.account.free:
        return None
    return f"{asked.account.free} {asked.currency} free, {asked.budget} asked"


RULES: dict[DenialReason, Rule] = {
    DenialReason.NOT_ACTIVE: _not_active,
    DenialReason.CONFLICT: _conflict,
    DenialReason.DAILY_LOSS_LIMIT: _daily_loss_limit,
    DenialReason.MAX_POSITIONS: _max_positions,
    DenialReason.POSITIONS_PER_SYMBOL: _positions_per_symbol,
    DenialReason.COOLDOWN: _cooldown,
    DenialReason.MAX_BUDGET: _max_budget,
    DenialReason.SYMBOL_CAP: _symbol_cap,
    DenialReason.NOT_ENOUGH_FREE: _not_enough_free,
}
