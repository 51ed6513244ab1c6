"""What ccxt says, in our words: decimals that are exact, legs of orders, fills, balances.

Owns the boundary of money: nothing that passes it is a float any more. ccxt's unified floats were
made of the venue's strings; where the raw answer still has the string, that is taken. Pure.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from exchange.live.exactly import exactly
from messages.base import (
    ClientOrderId,
    Currency,
    ExchangeOrderId,
    Symbol,
    Timestamp,
    quote_currency,
)
from messages.money import ZERO, Money, add_money
from messages.orders import OrderStatus, RejectReason, Side
from messages.reconciler import Trade

Raw = Mapping[str, Any]
"""A unified structure of ccxt."""

_STATUSES = {
    "open": OrderStatus.OPEN,
    "closed": OrderStatus.FILLED,
    "canceled": OrderStatus.CANCELED,
    "canceling": OrderStatus.OPEN,
    "expired": OrderStatus.EXPIRED,
    "rejected": OrderStatus.REJECTED,
}


class Leg(msgspec.Struct, frozen=True, kw_only=True):
    """One order as the venue has it. An OCO of ours has two, anything else has one."""

    exchange_order_id: ExchangeOrderId
    client_order_id: str | None
    """As the venue repeats it; a cancel's answer may have another."""
    is_stop: bool
    """Whether it waits for a trigger, or did."""
    is_triggered: bool
    status: OrderStatus
    filled: Decimal
    cost: Decimal
    """Quote, as the venue sums it; 0: it did not say."""
    list_id: str | None
    """Of the venue's list of orders that belong together; None: of none."""
    at: Timestamp
    side: Side | None = None
    quantity: Decimal | None = None
    """Base, as asked for; None: the venue did not say."""
    placed_at: Timestamp | None = None
    reason: RejectReason | None = None
    """Why the venue ended it, where it says so; see ``exchange.profiles.ends``."""
    fills: tuple[Trade, ...] = ()
    """Those that came with it."""


def exact(value: object, info: object = None) -> Decimal | None:
    """Return a number without a float in between; None where there is none.

    A string in ``info`` that reads as the same number is the venue's own, and has all its digits.
    """
    if value is None or value == "":
        return None
    if isinstance(value, float) and isinstance(info, Mapping):
        for raw in info.values():
            if isinstance(raw, str) and _reads_as(raw, value):
                return Decimal(raw)
    return Decimal(str(value))


@exactly
def read_leg(order: Raw) -> Leg:
    """Return an order as ccxt tells it. One without a status is in the venue's hands: OPEN."""
    info = order.get("info")
    filled = exact(order.get("filled"), info) or ZERO
    cost = exact(order.get("cost"), info) or ZERO
    trigger = exact(order.get("triggerPrice") or order.get("stopPrice"))
    is_stop = bool(trigger) or "stop" in str(order.get("type") or "").lower()
    exchange_order_id = ExchangeOrderId(str(order["id"]))
    status = _status(order, filled)
    leg = Leg(
        exchange_order_id=exchange_order_id,
        client_order_id=order.get("clientOrderId"),
        is_stop=is_stop,
        is_triggered=is_stop and (filled > ZERO or _is_in_book(order)),
        status=status,
        filled=filled,
        cost=cost if filled else ZERO,
        list_id=_list_id(info),
        at=Timestamp(_newest(order, ("lastUpdateTimestamp", "lastTradeTimestamp", "timestamp"))),
    )
    side, placed_at = order.get("side"), order.get("timestamp")
    leg = msgspec.structs.replace(
        leg,
        side=Side(side) if side else None,
        quantity=exact(order.get("amount"), info),
        placed_at=Timestamp(int(placed_at)) if placed_at else None,
    )
    trades = order.get("trades") or ()
    # Fills that come inside an order leave out what the order says (Binance's FULL answer).
    whose = {"order": exchange_order_id, "symbol": order.get("symbol"), "side": side}
    client_order_id = ClientOrderId(leg.client_order_id or "")
    fills = [
        read_trade({**whose, **_said(trade)}, client_order_id)
        for trade in trades
        if trade.get("id") is not None and trade.get("amount") is not None
    ]
    return msgspec.structs.replace(leg, fills=tuple(fills))


@exactly
def read_trade(trade: Raw, client_order_id: ClientOrderId) -> Trade:
    """Return a fill as ccxt tells it. Raises ``KeyError`` where it has no id or no order."""
    info = trade.get("info")
    symbol = Symbol(trade["symbol"])
    return Trade(
        trade_id=str(trade["id"]),
        client_order_id=client_order_id,
        exchange_order_id=ExchangeOrderId(str(trade["order"])),
        symbol=symbol,
        side=Side(trade["side"]),
        price=exact(trade["price"], info) or ZERO,
        quantity=exact(trade["amount"], info) or ZERO,
        fee=_fee(trade, symbol),
        is_maker=trade.get("takerOrMaker") == "maker",
        at=Timestamp(int(trade.get("timestamp") or 0)),
    )


@exactly
def read_balances(balance: Raw) -> tuple[tuple[Money, ...], tuple[Money, ...]]:
    """Return what is there and what of it is free, per currency."""
    return _monies(balance.get("total")), _monies(balance.get("free"))


def _status(order: Raw, filled: Decimal) -> OrderStatus:
    status = _STATUSES.get(str(order.get("status")), OrderStatus.OPEN)
    quantity = exact(order.get("amount"))
    if status is OrderStatus.FILLED and quantity is not None and filled < quantity:
        return OrderStatus.CANCELED  # over, and not all of it filled
    if status is OrderStatus.OPEN and filled > ZERO:
        return OrderStatus.PARTIALLY_FILLED
    return status


def _is_in_book(order: Raw) -> bool:
    """Return whether a stop's own order is out (Binance: ``isWorking``, in its stream ``w``)."""
    info = order.get("info")
    if order.get("status") == "closed":
        return True
    if order.get("status") != "open" or not isinstance(info, Mapping):
        return False
    return info.get("isWorking", info.get("w")) is True


def _list_id(info: object) -> str | None:
    """Return Binance's list of orders (REST and stream name it differently)."""
    if not isinstance(info, Mapping):
        return None
    raw = info.get("orderListId", info.get("g"))
    return None if raw in (None, "", -1, "-1") else str(raw)


def _newest(order: Raw, names: Iterable[str]) -> int:
    return max((int(order[name]) for name in names if order.get(name)), default=0)


def _fee(trade: Raw, symbol: Symbol) -> Money:
    """Return the fee; one of 0 in the quote where the venue took none, or does not say.

    ccxt writes several fees of one fill as a list; venues take one.
    """
    fees = trade.get("fees") or ([trade["fee"]] if trade.get("fee") else [])
    sums = add_money(
        (),
        (
            Money(Currency(str(fee["currency"])), exact(fee["cost"], trade.get("info")) or ZERO)
            for fee in fees
            if fee.get("currency") and fee.get("cost") is not None
        ),
    )
    return sums[0] if sums else Money(quote_currency(symbol), ZERO)


def _monies(amounts: Raw | None) -> tuple[Money, ...]:
    return add_money(
        (), (Money(Currency(name), exact(one) or ZERO) for name, one in (amounts or {}).items())
    )


def _said(trade: Raw) -> dict[str, Any]:
    return {name: value for name, value in trade.items() if value is not None}


def _reads_as(raw: str, value: float) -> bool:
    try:
        return float(raw) == value
    except ValueError:
        return False
