"""What both dialects' REST does alike: routes, trust, prices and candles."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from sys import maxsize

from exchange.matching_book import Market
from exchange.server.dialect import DEFAULT_LIMIT, Route, market_of, priced
from exchange.server.intervals import INTERVALS_MS
from exchange.server.prices import Payload, book_ticker, day_ticker, market_id
from exchange.server.signature import DEFAULT_WINDOW_MS, without_signature
from exchange.server.venue import Venue
from exchange.server.wire import Answer, Call, RefusedError, Request, as_json, refusal
from messages.market import Candle


class RestDialect(ABC):
    """What both dialects' REST does alike: routes, trust, prices."""

    hosts: frozenset[str] = frozenset()
    key_header = ""
    too_many_requests: RefusedError
    unknown_outcome: RefusedError

    def __init__(self, venue: Venue, routes: dict[tuple[str, str], Route]) -> None:
        """Speak for ``venue``; ``routes`` by method and path."""
        self.venue = venue
        self._routes = routes

    @abstractmethod
    def check_trust(self, key: str, signed: str, signature: str, params: dict[str, str]) -> None:
        """Raise ``RefusedError`` for who may not ask; ``signed`` is what the signature covers."""

    def call_of(self, request: Request) -> Call:
        """Return what a request is for."""
        route = self._routes.get((request.method, request.path))
        return Call.OTHER if route is None else route.call

    def answer(self, request: Request) -> Answer:
        """Do what a request asks."""
        route = self._routes.get((request.method, request.path))
        if route is None:
            return as_json({"code": -1000, "msg": f"no such path: {request.path}"}, 404)
        try:
            if route.is_signed:
                signed, signature = without_signature(request.text)
                key = request.headers.get(self.key_header, "")
                self.check_trust(key, signed, signature, request.params)
            return as_json(route.answer(request.params))
        except RefusedError as error:
            return refusal(error)

    def age_of(self, params: Mapping[str, str], code: int) -> tuple[int, int]:
        """Return a request's timestamp and its window, ms. Raises ``RefusedError``: ``code``."""
        timestamp, window_ms = params.get("timestamp"), params.get("recvWindow")
        if timestamp is None:
            raise RefusedError(code, "Mandatory parameter 'timestamp' was not sent.")
        return int(timestamp), int(window_ms or DEFAULT_WINDOW_MS)

    def server_time(self, _: dict[str, str]) -> Payload:
        """Tell the venue's clock."""
        return {"serverTime": self.venue.now}

    def day_tickers(self, params: dict[str, str]) -> object:
        """Tell last prices: one of the market that is named, else a list."""
        return _one_or_all(params, [day_ticker(one, self.venue.now) for one in self._asked(params)])

    def book_tickers(self, params: dict[str, str]) -> object:
        """Tell best prices likewise."""
        return _one_or_all(params, [book_ticker(one) for one in self._asked(params)])

    def depth(self, params: dict[str, str]) -> Payload:
        """Tell the best level of the book."""
        found = [book_ticker(market) for market in self._asked(params)]
        return {
            "lastUpdateId": self.venue.book.last_sequence,
            "bids": [[best["bidPrice"], best["bidQty"]] for best in found],
            "asks": [[best["askPrice"], best["askQty"]] for best in found],
        }

    def currencies(self) -> list[str]:
        """Return all that listed markets trade."""
        listed = self.venue.listed()
        return sorted({rules.base for rules in listed} | {rules.quote for rules in listed})

    def _asked(self, params: Mapping[str, str]) -> list[Market]:
        """Return the markets asked for that have prices."""
        if "symbol" in params:
            market = market_of(self.venue, params)
            return [market] if market.moved is not None else []
        named = params.get("symbols", "")
        ids = {name.strip('"') for name in named.strip("[]").split(",")} if named else None
        markets = priced(self.venue)
        return [one for one in markets if ids is None or market_id(one.rules.symbol) in ids]


def _one_or_all(params: Mapping[str, str], found: Sequence[object]) -> object:
    return found[0] if found and "symbol" in params else found


def candles_asked(venue: Venue, params: Mapping[str, str]) -> list[Candle]:
    """Return the candles a request asks for. Raises ``RefusedError``."""
    market = market_of(venue, params)
    interval_ms = INTERVALS_MS.get(params.get("interval", ""))
    if interval_ms is None:
        raise RefusedError(-1120, "Invalid interval.")
    return venue.tape.candles(
        market.rules.symbol,
        interval_ms,
        int(params.get("startTime", 0)),
        int(params.get("endTime", maxsize)),
        int(params.get("limit", DEFAULT_LIMIT)),
    )
