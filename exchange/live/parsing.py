"""What ccxt hands in, in our words: each field is checked once, here, or refused by its name.

Owns the boundary of money: nothing that passes it is a float any more, unless it is a quote. ccxt's
unified floats were made of the venue's strings; where the raw answer still has the string, that is
taken. ``fields`` says what becomes of a field that is missing or that can't be. Pure.
"""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from exchange.live.fields import (
    Fields,
    Raw,
    Refuse,
    exactly,
    mapping,
    needed,
    not_counted,
    said,
    symbol_of,
)
from exchange.profiles.profile import Profile
from messages import border
from messages.base import (
    ClientOrderId,
    Currency,
    ExchangeOrderId,
    Milliseconds,
    Timestamp,
    quote_currency,
)
from messages.border import BadValueError
from messages.market import Candle, Quote
from messages.money import ZERO, Money, add_money
from messages.orders import TERMINAL_STATUSES, FillSource, OrderStatus, RejectReason, Side
from messages.reconciler import Trade

MINUTE_MS = 60_000
_CANDLE_FIELDS = 6
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
    """Whether it waits for a trigger, or did; False also where the venue does not say."""
    is_triggered: bool
    status: OrderStatus
    filled: Decimal | None
    """None: not known yet."""
    cost: Decimal | None
    """Quote, as the venue sums it, of ``priced``; None: not known yet."""
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
    priced: Decimal = ZERO
    """Base of ``filled`` that ``cost`` is the cost of."""
    price: Decimal | None = None
    """Limit price; None: it has none, or the venue did not say."""
    trigger_price: Decimal | None = None
    """As ``price``."""

    @property
    def is_over(self) -> bool:
        """Whether nothing more happens to it, and all that happened is known but for money."""
        return self.status in TERMINAL_STATUSES and self.filled is not None


class Balances(msgspec.Struct, frozen=True, kw_only=True):
    """What an account holds."""

    total: tuple[Money, ...]
    free: tuple[Money, ...]
    unknown: tuple[Currency, ...] = ()
    """Currencies whose amount is missing or impossible: they are not zero."""


@exactly
def read_leg(
    order: Raw, refuse: Refuse = not_counted, source: FillSource = FillSource.ANSWER
) -> Leg:
    """Return an order as ccxt tells it. One without a status is in the venue's hands: OPEN.

    ``source`` is that of the fills inside it. Raises ``BadValueError`` where its id is none.
    """
    order = _at_its_time(mapping(order, "order"))
    read = Fields(order, "order", refuse)
    exchange_order_id = ExchangeOrderId(border.identifier(order.get("id"), "order.id"))
    quantity, filled = read.amount("amount"), read.amount("filled")
    remaining = read.amount("remaining")
    if filled is None and quantity is not None and remaining is not None and remaining <= quantity:
        filled = quantity - remaining
    cost = read.amount("cost")
    kind = str(order.get("type") or "").lower()[: border.TEXT_MOST]
    if filled and (
        not cost or (kind == "limit" and cost == filled * (read.amount("price") or ZERO))
    ):
        # Coins are not bought for nothing, and a limit is no price: ccxt fills in what a limit
        # order would have cost at its limit where the venue did not say. The fills say it.
        cost = None
    trigger = read.amount("triggerPrice") or read.amount("stopPrice")
    limit = read.amount("price")
    is_stop = bool(trigger) or "stop" in kind
    times = [
        read.moment(name) for name in ("timestamp", "lastUpdateTimestamp", "lastTradeTimestamp")
    ]
    leg = Leg(
        exchange_order_id=exchange_order_id,
        client_order_id=read.optional(border.text, "clientOrderId"),
        is_stop=is_stop,
        is_triggered=is_stop and (bool(filled) or _is_in_book(order)),
        status=_status(order, quantity, filled),
        filled=filled,
        cost=cost if filled else None,
        priced=ZERO if cost is None or filled is None else filled,
        list_id=_list_id(order.get("info")),
        at=max((at for at in times if at is not None), default=Timestamp(0)),
        side=read.side(),
        quantity=quantity,
        placed_at=times[0],
        price=limit or None,
        trigger_price=trigger or None,
    )
    return msgspec.structs.replace(leg, fills=_fills_inside(order, leg, refuse, source))


@exactly
def read_trade(
    trade: Raw,
    client_order_id: ClientOrderId,
    refuse: Refuse = not_counted,
    source: FillSource = FillSource.LIST,
    *,
    has_fees: bool = True,
) -> Trade:
    """Return a fill as ccxt tells it.

    ``has_fees`` False: the fee of this source is not to be believed. Raises ``BadValueError`` where
    id, order, symbol, side, price or quantity are missing or impossible.
    """
    trade = mapping(trade, "fill")
    info = trade.get("info")
    symbol = symbol_of(trade, "fill")
    read = Fields(trade, "fill", refuse)
    fees = read.fees() if has_fees else None
    sums = add_money((), fees or ())
    first = sums[0] if sums else Money(quote_currency(symbol), ZERO)
    return Trade(
        trade_id=border.identifier(trade.get("id"), "fill.id"),
        client_order_id=client_order_id,
        exchange_order_id=ExchangeOrderId(border.identifier(trade.get("order"), "fill.order")),
        symbol=symbol,
        side=border.choice(Side, trade.get("side"), "fill.side"),
        price=needed(trade.get("price"), info, "fill.price"),
        quantity=needed(trade.get("amount"), info, "fill.amount"),
        fee=first,
        more_fees=sums[1:],
        is_fee_known=fees is not None,
        source=source,
        is_maker=trade.get("takerOrMaker") == "maker",
        at=read.moment("timestamp") or Timestamp(0),
    )


@exactly
def read_balances(balance: Raw, refuse: Refuse = not_counted) -> Balances:
    """Return what is there and what of it is free, per currency.

    A currency with an amount that is missing or impossible is not known: it is in neither list.
    """
    balance = mapping(balance, "balance")
    total, no_total = _monies(balance.get("total"), "total", refuse)
    free, no_free = _monies(balance.get("free"), "free", refuse)
    nothing = {one.currency for one in total if not one.amount}  # and so nothing of it is free
    unknown = {*no_total, *no_free} - nothing
    return Balances(
        total=add_money((), (one for one in total if one.currency not in unknown)),
        free=add_money((), (one for one in free if one.currency not in unknown)),
        unknown=tuple(sorted(unknown)),
    )


def uid_of(balance: Raw, profile: Profile) -> str:
    """Return the account's own id, where its balances tell it; empty: they do not."""
    info, field = balance.get("info"), profile.uid_field
    value = info.get(field) if field and isinstance(info, Mapping) else None
    return str(value) if isinstance(value, str | int) else ""


def read_quote(ticker: Raw, now: Timestamp, refuse: Refuse = not_counted) -> Quote | None:
    """Return a ticker as a quote at ``now``: venues leave their time out, or it lags.

    None: it names no bid or no ask, which empty books do. Raises ``BadValueError``.
    """
    ticker = mapping(ticker, "ticker")
    if not ticker.get("bid") or not ticker.get("ask"):
        return None
    bid = border.quote(ticker["bid"], "ticker.bid")
    ask = border.quote(ticker["ask"], "ticker.ask")
    read = Fields(ticker, "ticker", refuse)
    return Quote(
        symbol=symbol_of(ticker, "ticker"),
        at=now,
        bid=bid,
        ask=ask,
        # Streams of best prices name no last one.
        last=float(read.optional(border.amount, "last") or 0) or (bid + ask) / 2,
        bid_quantity=float(read.optional(border.amount, "bidVolume") or 0),
        ask_quantity=float(read.optional(border.amount, "askVolume") or 0),
    )


def read_candle(row: object) -> Candle:
    """Return a candle of a minute. Raises ``BadValueError``."""
    if not isinstance(row, list | tuple) or len(row) < _CANDLE_FIELDS:
        raise BadValueError("candle", row, "not a list of time, four prices and a volume")
    open_, high, low, close = (
        border.quote(value, f"candle.{name}")
        for name, value in zip(("open", "high", "low", "close"), row[1:5], strict=True)
    )
    if not low <= min(open_, close) <= max(open_, close) <= high:
        raise BadValueError("candle.high", row[2], f"with a low of {low}, not around the prices")
    return Candle(
        # Whether it is among those asked for, its reader says.
        start=Timestamp(border.whole(row[0], "candle.time", most=border.LATEST)),
        interval_ms=Milliseconds(MINUTE_MS),
        open=open_,
        high=high,
        low=low,
        close=close,
        volume=float(border.amount(row[5], "candle.volume")),
    )


def _fills_inside(order: Raw, leg: Leg, refuse: Refuse, source: FillSource) -> tuple[Trade, ...]:
    """Return the fills that came inside an order, those that can be known again.

    They leave out what the order says (Binance's FULL answer).
    """
    trades = order.get("trades")
    whose = {"order": leg.exchange_order_id, "symbol": order.get("symbol"), "side": leg.side}
    client_order_id = ClientOrderId(leg.client_order_id or "")
    fills = []
    for trade in trades if isinstance(trades, list | tuple) else ():
        if not isinstance(trade, Mapping) or trade.get("id") is None:
            continue
        if trade.get("amount") is None or trade.get("price") is None:
            continue
        try:
            fills.append(read_trade({**whose, **said(trade)}, client_order_id, refuse, source))
        except BadValueError as error:
            refuse(error)
    return tuple(fills)


def _status(order: Raw, quantity: Decimal | None, filled: Decimal | None) -> OrderStatus:
    word = order.get("status")
    status = _STATUSES.get(word, OrderStatus.OPEN) if isinstance(word, str) else OrderStatus.OPEN
    if status is OrderStatus.FILLED and None not in (quantity, filled) and filled < quantity:  # type: ignore[operator]
        return OrderStatus.CANCELED  # over, and not all of it filled
    if status is OrderStatus.OPEN and filled:
        return OrderStatus.PARTIALLY_FILLED
    return status


def _at_its_time(order: Raw) -> Raw:
    """Return an order with the time of its answer where ccxt took Binance's ``workingTime``.

    That is -1 of a stop that has not triggered; an answer to a placement or a cancel has no other
    time that ccxt prefers.
    """
    info = order.get("info")
    if order.get("timestamp") != -1 or not isinstance(info, Mapping):
        return order
    return (
        {**order, "timestamp": info.get("transactTime")} if info.get("workingTime") == -1 else order
    )


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
    is_id = isinstance(raw, str | int) and raw not in ("", -1, "-1")
    return border.one_line(raw, border.TEXT_MOST) if is_id else None


def _monies(
    amounts: object, name: str, refuse: Refuse
) -> tuple[tuple[Money, ...], tuple[Currency, ...]]:
    """Return the amounts per currency, and the currencies without one."""
    known, unknown = [], []
    for raw, value in (mapping(amounts, f"balance.{name}")).items():
        field = f"balance.{name}.{border.one_line(raw, _CANDLE_FIELDS * 4)}"
        try:
            currency = Currency(border.text(raw, f"balance.{name}"))
        except BadValueError as error:
            refuse(error)
            continue
        try:
            known.append(Money(currency, border.amount(value, field)))
        except BadValueError as error:
            unknown.append(currency)
            if value is not None:
                refuse(error)
    return tuple(known), tuple(unknown)
