"""What ccxt hands in, in our words: each field is checked once, here, or refused by its name.

Owns the boundary of money: nothing that passes it is a float any more, unless it is a quote. ccxt's
unified floats were made of the venue's strings; where the raw answer still has the string, that is
taken. Pure.

Two kinds of fields. Without some (an order's id, a fill's price) a structure says nothing: a bad
one refuses the structure, by ``BadValueError``. All others may be missing: then the field is *not
known yet*, ``None``, never zero; a bad value is given to ``refuse``, and the field is not known.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, localcontext
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import msgspec

from messages import border
from messages.base import (
    ClientOrderId,
    Currency,
    ExchangeOrderId,
    Milliseconds,
    Symbol,
    Timestamp,
    quote_currency,
)
from messages.border import BadValueError
from messages.market import Candle, Quote
from messages.money import MONEY_CONTEXT, ZERO, Money, add_money
from messages.orders import TERMINAL_STATUSES, FillSource, OrderStatus, RejectReason, Side
from messages.reconciler import Trade

Raw = Mapping[str, Any]
"""A unified structure of ccxt."""
Refuse = Callable[[BadValueError], None]
"""Takes a value that was refused in a structure that is read without it."""

P = ParamSpec("P")
T = TypeVar("T")

MINUTE_MS = 60_000
_CANDLE_FIELDS = 6
_SYMBOL = re.compile(r"[^\s/:]{1,40}/[^\s/:]{1,40}")
_STATUSES = {
    "open": OrderStatus.OPEN,
    "closed": OrderStatus.FILLED,
    "canceled": OrderStatus.CANCELED,
    "canceling": OrderStatus.OPEN,
    "expired": OrderStatus.EXPIRED,
    "rejected": OrderStatus.REJECTED,
}


def exactly(function: Callable[P, T]) -> Callable[P, T]:
    """Return ``function`` as it computes under the money context, whatever the thread's is.

    ccxt changes the context that it finds, so the loop thread's own can't be the exact one.
    """

    @wraps(function)
    def compute(*args: P.args, **kwargs: P.kwargs) -> T:
        with localcontext(MONEY_CONTEXT):
            return function(*args, **kwargs)

    return compute


def not_counted(error: BadValueError) -> None:
    """Let a refused value pass without a word: for who reads one structure by hand."""
    del error


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


def exact(value: object, info: object = None, field: str = "value") -> Decimal | None:
    """Return a number without a float in between; None where there is none.

    A string in ``info`` that reads as the same number is the venue's own, and has all its digits.
    Raises ``BadValueError``.
    """
    if value is None or value == "":
        return None
    read = border.number(value, field)
    if isinstance(value, float) and isinstance(info, Mapping):
        for raw in info.values():
            if isinstance(raw, str) and _reads_as(raw, value):
                return border.number(raw, field)
    return read


@exactly
def read_leg(
    order: Raw, refuse: Refuse = not_counted, source: FillSource = FillSource.ANSWER
) -> Leg:
    """Return an order as ccxt tells it. One without a status is in the venue's hands: OPEN.

    ``source`` is that of the fills inside it. Raises ``BadValueError`` where its id is none.
    """
    order = _mapping(order, "order")
    read = _Fields(order, "order", refuse)
    exchange_order_id = ExchangeOrderId(border.identifier(order.get("id"), "order.id"))
    quantity, filled = read.amount("amount"), read.amount("filled")
    remaining = read.amount("remaining")
    if filled is None and quantity is not None and remaining is not None and remaining <= quantity:
        filled = quantity - remaining
    cost = read.amount("cost")
    if filled and not cost:
        cost = None  # coins are not bought for nothing: the venue did not say
    is_stop = bool(read.amount("triggerPrice") or read.amount("stopPrice"))
    is_stop = is_stop or "stop" in str(order.get("type") or "").lower()[: border.TEXT_MOST]
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
        at=read.newest("lastUpdateTimestamp", "lastTradeTimestamp", "timestamp"),
        side=read.side(),
        quantity=quantity,
        placed_at=read.moment("timestamp"),
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
    trade = _mapping(trade, "fill")
    info = trade.get("info")
    symbol = symbol_of(trade, "fill")
    read = _Fields(trade, "fill", refuse)
    fees = read.fees() if has_fees else None
    sums = add_money((), fees or ())
    first = sums[0] if sums else Money(quote_currency(symbol), ZERO)
    return Trade(
        trade_id=border.identifier(trade.get("id"), "fill.id"),
        client_order_id=client_order_id,
        exchange_order_id=ExchangeOrderId(border.identifier(trade.get("order"), "fill.order")),
        symbol=symbol,
        side=border.choice(Side, trade.get("side"), "fill.side"),
        price=_needed(trade.get("price"), info, "fill.price"),
        quantity=_needed(trade.get("amount"), info, "fill.amount"),
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
    balance = _mapping(balance, "balance")
    total, no_total = _monies(balance.get("total"), "total", refuse)
    free, no_free = _monies(balance.get("free"), "free", refuse)
    nothing = {one.currency for one in total if not one.amount}  # and so nothing of it is free
    unknown = {*no_total, *no_free} - nothing
    return Balances(
        total=add_money((), (one for one in total if one.currency not in unknown)),
        free=add_money((), (one for one in free if one.currency not in unknown)),
        unknown=tuple(sorted(unknown)),
    )


def read_quote(ticker: Raw, now: Timestamp, refuse: Refuse = not_counted) -> Quote | None:
    """Return a ticker as a quote at ``now``: venues leave their time out, or it lags.

    None: it names no bid or no ask, which empty books do. Raises ``BadValueError``.
    """
    ticker = _mapping(ticker, "ticker")
    if not ticker.get("bid") or not ticker.get("ask"):
        return None
    bid = border.quote(ticker["bid"], "ticker.bid")
    ask = border.quote(ticker["ask"], "ticker.ask")
    read = _Fields(ticker, "ticker", refuse)
    return Quote(
        symbol=symbol_of(ticker, "ticker"),
        at=now,
        bid=bid,
        ask=ask,
        # Streams of best prices name no last one.
        last=float(read.amount("last") or 0) or (bid + ask) / 2,
        bid_quantity=float(read.amount("bidVolume") or 0),
        ask_quantity=float(read.amount("askVolume") or 0),
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


def rows_of(answer: object, field: str) -> list[Any]:
    """Return a list that a venue answered with. Raises ``BadValueError`` for anything else."""
    if not isinstance(answer, list | tuple):
        raise BadValueError(field, answer, "not a list")
    return list(answer)


def symbol_of(structure: Raw, name: str) -> Symbol:
    """Return a structure's market, spot. Raises ``BadValueError``."""
    read = border.text(_mapping(structure, name).get("symbol"), f"{name}.symbol")
    if not _SYMBOL.fullmatch(read):
        raise BadValueError(f"{name}.symbol", read, "not of the form BTC/USDT")
    return Symbol(read)


class _Fields:
    """The fields of one structure that may be missing; a bad one is refused and not known."""

    def __init__(self, raw: Raw, name: str, refuse: Refuse) -> None:
        self._raw = raw
        self._name = name
        self._refuse = refuse

    def optional(self, reader: Callable[[object, str], T], field: str) -> T | None:
        value = self._raw.get(field)
        if value is None or value == "":
            return None
        try:
            return reader(value, f"{self._name}.{field}")
        except BadValueError as error:
            self._refuse(error)
            return None

    def number(self, field: str) -> Decimal | None:
        info = self._raw.get("info")
        return self.optional(lambda value, name: exact(value, info, name), field)

    def amount(self, field: str) -> Decimal | None:
        read = self.number(field)
        if read is not None and read < ZERO:
            self._refuse(BadValueError(f"{self._name}.{field}", read, "below 0"))
            return None
        return read

    def moment(self, field: str) -> Timestamp | None:
        return None if not self._raw.get(field) else self.optional(border.moment, field)

    def newest(self, *fields: str) -> Timestamp:
        known = [at for at in map(self.moment, fields) if at is not None]
        return max(known, default=Timestamp(0))

    def side(self) -> Side | None:
        return self.optional(lambda value, name: border.choice(Side, value, name), "side")

    def fees(self) -> tuple[Money, ...] | None:
        """Return the fees of a fill, per currency; None: the venue did not say."""
        try:
            return _fees(self._raw)
        except BadValueError as error:
            self._refuse(error)
            return None


def _needed(value: object, info: object, field: str) -> Decimal:
    """Return a number above 0 that a structure is nothing without."""
    read = exact(value, info, field)
    return border.positive(read, field)


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
        said = {name: value for name, value in trade.items() if value is not None}
        try:
            fills.append(read_trade({**whose, **said}, client_order_id, refuse, source))
        except BadValueError as error:
            refuse(error)
    return tuple(fills)


def _mapping(value: object, name: str) -> Raw:
    if not isinstance(value, Mapping):
        raise BadValueError(name, value, "not a structure with fields")
    return value


def _status(order: Raw, quantity: Decimal | None, filled: Decimal | None) -> OrderStatus:
    word = order.get("status")
    status = _STATUSES.get(word, OrderStatus.OPEN) if isinstance(word, str) else OrderStatus.OPEN
    if status is OrderStatus.FILLED and None not in (quantity, filled) and filled < quantity:  # type: ignore[operator]
        return OrderStatus.CANCELED  # over, and not all of it filled
    if status is OrderStatus.OPEN and filled:
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
    is_id = isinstance(raw, str | int) and raw not in ("", -1, "-1")
    return border.one_line(raw, border.TEXT_MOST) if is_id else None


def _fees(trade: Raw) -> tuple[Money, ...] | None:
    """Return a fill's fees; None where the venue names none. A fee of 0 is named as well.

    Raises ``BadValueError``.
    """
    fees, fee, info = trade.get("fees"), trade.get("fee"), trade.get("info")
    named = []
    for one in fees if isinstance(fees, list | tuple) and fees else [fee]:
        if not isinstance(one, Mapping) or one.get("cost") is None:
            continue
        cost = exact(one["cost"], info, "fill.fee.cost")
        if cost:
            currency = border.identifier(one.get("currency"), "fill.fee.currency")
            named.append(Money(Currency(currency), cost))
        elif cost is not None:
            named.append(Money(Currency(""), ZERO))
    return tuple(one for one in named if one.amount) if named else None


def _monies(
    amounts: object, name: str, refuse: Refuse
) -> tuple[tuple[Money, ...], tuple[Currency, ...]]:
    """Return the amounts per currency, and the currencies without one."""
    known, unknown = [], []
    for raw, value in (_mapping(amounts, f"balance.{name}")).items():
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


def _reads_as(raw: str, value: float) -> bool:
    try:
        return float(raw) == value
    except ValueError:
        return False
