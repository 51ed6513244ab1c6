"""A venue's ledger read back: what is held, what covers it, and the seconds between two events.

Every time is in ms on the venue's clock, every returned duration in seconds.
"""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import TypeVar
from urllib.parse import parse_qsl

from exchange.server.ledger import Answered, Asked, Entry, Filled, Moved, OrderStood
from exchange.server.wire import Call
from messages.base import Symbol, base_currency
from messages.money import ZERO
from messages.orders import TERMINAL_STATUSES, Side, StopStatus

DUST = Decimal("0.0005")
"""Coins that fees and steps may leave of one position."""

E = TypeVar("E", Asked, Answered, OrderStood, Filled, Moved)


class Books:
    """The account as the ledger's lines so far leave it."""

    def __init__(self) -> None:
        """Begin with no coin and no order."""
        self.orders: dict[str, OrderStood] = {}
        self.held: dict[Symbol, Decimal] = {}
        """Base bought and not sold, after fees in base."""

    def take(self, entry: Entry) -> None:
        """Take one line in."""
        match entry:
            case OrderStood():
                self.orders[entry.client_order_id] = entry
            case Filled():
                self.held[entry.symbol] = self.held.get(entry.symbol, ZERO) + _gained(entry)
            case _:
                pass

    @property
    def working(self) -> list[OrderStood]:
        """Return the orders that are not over."""
        return [one for one in self.orders.values() if one.status not in TERMINAL_STATUSES]

    @property
    def is_flat(self) -> bool:
        """Whether no more than dust is held."""
        return all(held < DUST for held in self.held.values())

    @property
    def is_sold(self) -> bool:
        """Whether something was bought, and no more than dust of it is held."""
        return bool(self.held) and self.is_flat

    @property
    def is_covered(self) -> bool:
        """Whether coins are held, and stops at the venue cover all of them."""
        return not self.is_flat and not self.is_naked

    @property
    def is_naked(self) -> bool:
        """Whether coins are held that no stop at the venue covers."""
        return any(
            held - self._resting(symbol, only_stops=True) > DUST
            for symbol, held in self.held.items()
        )

    @property
    def is_offered(self) -> bool:
        """Whether coins are held, and resting sells of any kind offer all of them."""
        return not self.is_flat and all(
            held - self._resting(symbol, only_stops=False) < DUST
            for symbol, held in self.held.items()
        )

    def _resting(self, symbol: Symbol, *, only_stops: bool) -> Decimal:
        sells = (one for one in self.working if one.side is Side.SELL and one.symbol == symbol)
        return sum(
            (
                one.quantity - one.filled
                for one in sells
                if one.stop is StopStatus.WORKING or not only_stops
            ),
            ZERO,
        )


def _gained(fill: Filled) -> Decimal:
    if fill.side is Side.SELL:
        return -fill.quantity
    is_in_base = fill.fee.currency == base_currency(fill.symbol)
    return fill.quantity - (fill.fee.amount if is_in_base else ZERO)


def seconds_between(begin: int | None, end: int | None) -> float | None:
    """Return the seconds from one time to another; None where one of them never came."""
    return None if begin is None or end is None else (end - begin) / 1000


def first(
    entries: Iterable[Entry], kind: type[E], since: int, test: Callable[[E], bool] = lambda _: True
) -> E | None:
    """Return the first line of a kind, not before ``since``, that passes."""
    return next(
        (one for one in entries if isinstance(one, kind) and one.at >= since and test(one)), None
    )


def first_answer(entries: Sequence[Entry], since: int) -> int | None:
    """Return when the venue first answered a request that came after ``since``."""
    asked = {one.number for one in entries if isinstance(one, Asked) and one.at >= since}
    found = first(entries, Answered, since, lambda one: one.number in asked)
    return None if found is None else found.at


def first_request(
    entries: Iterable[Entry], call: Call, since: int, containing: str = ""
) -> int | None:
    """Return when the first such request came."""
    found = first(entries, Asked, since, lambda one: one.call is call and containing in one.text)
    return None if found is None else found.at


def names(request: Asked, order: OrderStood) -> bool:
    """Return whether a request is about an order, by its own id or the venue's."""
    number = parameter(request, "orderId") or ""
    # The venue's ids have one more digit, for the leg (``exchange.server.legs``).
    is_numbered = order.exchange_order_id is not None and number[:-1] == order.exchange_order_id
    return is_numbered or order.client_order_id in request.text


def parameter(request: Asked, name: str) -> str | None:
    """Return a parameter of a request; None: it has none of that name."""
    return dict(parse_qsl(request.text)).get(name)


def first_when(
    entries: Sequence[Entry], test: Callable[[Books], bool], since: int = 0
) -> int | None:
    """Return when, not before ``since``, the books first were so."""
    books = Books()
    for place, entry in enumerate(entries):
        books.take(entry)
        is_whole = place + 1 == len(entries) or entries[place + 1].at > entry.at
        if is_whole and entry.at >= since and test(books):
            return entry.at
    return None


def naked_seconds(entries: Sequence[Entry], since: int = 0) -> float:
    """Return for how long coins were held, from ``since`` on, that no stop covered."""
    books, naked_ms, naked_from = Books(), 0, None
    for entry in entries:
        if naked_from is not None and entry.at > naked_from:
            naked_ms += entry.at - max(naked_from, min(since, entry.at))
        books.take(entry)
        naked_from = entry.at if books.is_naked else None
    return naked_ms / 1000


def doubled(entries: Iterable[Entry]) -> int:
    """Return how many buys came while coins of the symbol were held before their first fill."""
    books, known, count = Books(), set[str](), 0
    for entry in entries:
        if isinstance(entry, Filled) and entry.side is Side.BUY:
            is_new = entry.client_order_id not in known
            known.add(entry.client_order_id)
            count += is_new and books.held.get(entry.symbol, ZERO) > DUST
        books.take(entry)
    return count


def oversold(entries: Iterable[Entry]) -> bool:
    """Return whether more was sold of a symbol than was bought, by more than dust.

    (freqtrade sells what the fee took too where the account holds enough.)
    """
    books = Books()
    for entry in entries:
        books.take(entry)
    return any(held < -DUST for held in books.held.values())


WEIGHTS = {
    ("GET", "/api/v3/order"): 4,
    ("GET", "/api/v3/orderList"): 4,
    ("GET", "/api/v3/openOrders"): 6,
    ("GET", "/api/v3/allOrders"): 20,
    ("GET", "/api/v3/account"): 20,
    ("GET", "/api/v3/myTrades"): 20,
    ("GET", "/api/v3/exchangeInfo"): 20,
    ("GET", "/api/v3/klines"): 2,
    ("GET", "/api/v3/ticker/bookTicker"): 2,
    ("GET", "/api/v3/ticker/24hr"): 2,
    ("GET", "/api/v3/ticker/price"): 2,
    ("GET", "/api/v3/depth"): 5,
}
"""Binance's request weights by method and path, one symbol named where it can be; any other: 1.

(Binance, Spot API, REST: "General Info on Limits" and each endpoint's "Weight".)
"""
_WITHOUT_SYMBOL = {
    ("GET", "/api/v3/openOrders"): 80,
    ("GET", "/api/v3/ticker/bookTicker"): 4,
    ("GET", "/api/v3/ticker/24hr"): 80,
    ("GET", "/api/v3/ticker/price"): 4,
}
"""Of the same, where the request names no symbol."""
_TRADES, _TRADES_OF_ONE_ORDER = ("GET", "/api/v3/myTrades"), 5


def weight(entries: Iterable[Entry]) -> int:
    """Return what all requests among these lines weigh at Binance."""
    return sum(_weight_of(one) for one in entries if isinstance(one, Asked))


def _weight_of(request: Asked) -> int:
    endpoint = (request.method, request.path)
    if "symbol" not in request.text and endpoint in _WITHOUT_SYMBOL:
        return _WITHOUT_SYMBOL[endpoint]
    if endpoint == _TRADES and "orderId=" in request.text:
        return _TRADES_OF_ONE_ORDER
    return WEIGHTS.get(endpoint, 1)
