"""What a dialect must do for the server; and what both dialects share.

Owns the table of routes and how a request becomes an order. Knows no socket.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Protocol

import msgspec

from exchange.matching.state import Market
from exchange.server.venue import Happened, MarketStatus, Venue
from exchange.server.wire import Answer, Call, RefusedError, Request, StreamEvent
from messages.base import Symbol
from messages.market import MarketRules
from messages.money import ZERO, divide_down, floor_to_step
from messages.orders import OrderRequest, OrderType, RejectReason, Side

DEFAULT_LIMIT = 500


class Route(msgspec.Struct, frozen=True):
    """What answers a method and path."""

    call: Call
    answer: Callable[[dict[str, str]], object]
    is_signed: bool = False


Routes = dict[tuple[str, str], Route]
"""By method and path."""


def signed_routes(
    asked: Mapping[tuple[str, str], tuple[Call, Callable[[dict[str, str]], object]]],
) -> Routes:
    """Return routes for which the account's signature is asked."""
    return {where: Route(*what, is_signed=True) for where, what in asked.items()}


class Socket(Protocol):
    """One open WebSocket as a dialect sees it."""

    path: str
    query: Mapping[str, str]
    topics: set[str]

    def push(self, content: str | bytes) -> None:
        """Send a frame, in order."""


class Dialect(Protocol):
    """One exchange's way to speak of the venue."""

    hosts: frozenset[str]
    venue: Venue
    too_many_requests: RefusedError
    unknown_outcome: RefusedError
    """What is said where nobody knows whether it was done."""

    def call_of(self, request: Request) -> Call:
        """Return what a request is for."""

    def answer(self, request: Request) -> Answer:
        """Do what a request asks."""

    def opened(self, socket: Socket) -> None:
        """Take note of a new socket."""

    def said(self, socket: Socket, text: str) -> None:
        """Do what a client asks on its socket."""

    def events(self, happened: Happened) -> Iterable[StreamEvent]:
        """Return what the streams tell of what happened, in order."""


def number_of(params: Mapping[str, str], name: str) -> Decimal | None:
    """Return a parameter as a number. Raises ``RefusedError`` for what is none."""
    text = params.get(name)
    if text is None:
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        raise RefusedError(-1100, f"Illegal characters found in parameter '{name}'.") from None


def market_of(venue: Venue, params: Mapping[str, str]) -> Market:
    """Return the market a request is about. Raises ``RefusedError``: -1121."""
    asked = params.get("symbol", "")
    for symbol, market in venue.book.markets.items():
        is_listed = venue.statuses[symbol] is not MarketStatus.DELISTED
        if symbol.replace("/", "") == asked and is_listed:
            return market
    raise RefusedError(-1121, "Invalid symbol.")


def symbol_of(venue: Venue, params: Mapping[str, str]) -> Symbol | None:
    """Return the symbol a request is about; None: it names none. Raises ``RefusedError``."""
    return market_of(venue, params).rules.symbol if params.get("symbol") else None


def priced(venue: Venue) -> list[Market]:
    """Return the listed markets that have prices."""
    markets = (venue.book.markets[rules.symbol] for rules in venue.listed())
    return [market for market in markets if market.moved is not None]


def bought_for(market: Market, cost: Decimal, side: Side) -> Decimal:
    """Return how much base a cost in quote is, at the market: ``quoteOrderQty``."""
    if market.moved is None:
        return ZERO
    price = market.price(market.moved.ask if side is Side.BUY else market.moved.bid)
    return divide_down(cost, price, market.rules.step_size)


def failed_filter(reason: RejectReason, request: OrderRequest, market: Market) -> str | None:
    """Return the filter an order failed, by Binance's name; None: it failed none."""
    rules = market.rules
    is_off_step = floor_to_step(request.quantity, rules.step_size) != request.quantity
    match reason:
        case RejectReason.BELOW_MINIMUM:
            return "LOT_SIZE" if request.quantity < rules.min_quantity else "NOTIONAL"
        case RejectReason.PRECISION:
            return "LOT_SIZE" if is_off_step else "PRICE_FILTER"
        case RejectReason.ABOVE_MAXIMUM:
            return _exceeded(request, rules)
        case RejectReason.PRICE_OUT_OF_RANGE if request.type is not OrderType.OCO:
            return "PERCENT_PRICE_BY_SIDE" if request.type is OrderType.LIMIT else "PRICE_FILTER"
        case _:
            return "MAX_NUM_ALGO_ORDERS" if reason is RejectReason.TOO_MANY_STOPS else None


def _exceeded(request: OrderRequest, rules: MarketRules) -> str:
    """Return which filter an order over a maximum fails."""
    if rules.max_quantity is not None and request.quantity > rules.max_quantity:
        return "LOT_SIZE"
    most = rules.max_market_quantity
    return "NOTIONAL" if most is None or request.quantity <= most else "MARKET_LOT_SIZE"
