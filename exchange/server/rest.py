"""What both dialects' REST does alike: routes, trust, prices and candles."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from sys import maxsize

from exchange.matching.state import Market
from exchange.server.dialect import DEFAULT_LIMIT, Route, Routes, market_of, priced
from exchange.server.intervals import INTERVALS_MS
from exchange.server.prices import Payload, book_ticker, day_ticker, market_id
from exchange.server.signature import DEFAULT_WINDOW_MS, without_signature
from exchange.server.venue import Venue
from exchange.server.wire import Answer, Call, RefusedError, Request, as_json, refusal
from messages.market import Candle


class RestDialect(ABC):
    """What both dialects' REST does alike: routes, trust, prices, candles."""

    hosts: frozenset[str] = frozenset()
    key_header = ""
    too_many_requests: RefusedError
    unknown_outcome: RefusedError

    def __init__(self, venue: Venue, routes: Routes) -> None:
        """Speak for ``venue``; ``routes`` are those that only this exchange has."""
        self.venue = venue
        self._routes = self._market_routes() | routes

    @abstractmethod
    def check_trust(self, key: str, signed: str, signature: str, params: dict[str, str]) -> None:
        """Raise ``RefusedError`` for who may not ask; ``signed`` is what the signature covers."""

    @abstractmethod
    def markets(self, params: dict[str, str]) -> Payload:
        """Tell which markets there are."""

    @abstractmethod
    def kline(self, candle: Candle) -> list[object]:
        """Return a candle of ``klines``."""

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

    def _market_routes(self) -> Routes:
        return {
            ("GET", "/api/v3/ping"): Route(Call.TIME, lambda _: {}),
            ("GET", "/api/v3/time"): Route(Call.TIME, self._server_time),
            ("GET", "/api/v3/exchangeInfo"): Route(Call.MARKETS, self.markets),
            ("GET", "/api/v3/ticker/24hr"): Route(Call.QUOTES, self.day_tickers),
            ("GET", "/api/v3/ticker/bookTicker"): Route(Call.QUOTES, self._book_tickers),
            ("GET", "/api/v3/depth"): Route(Call.QUOTES, self._depth),
            ("GET", "/api/v3/klines"): Route(Call.CANDLES, self._klines),
        }

    def _server_time(self, _: dict[str, str]) -> Payload:
        """Tell the venue's clock."""
        return {"serverTime": self.venue.now}

    def day_tickers(self, params: dict[str, str]) -> object:
        """Tell last prices: one of the market that is named, else a list."""
        return _one_or_all(params, [day_ticker(one, self.venue.now) for one in self._asked(params)])

    def _book_tickers(self, params: dict[str, str]) -> object:
        """Tell best prices likewise."""
        return _one_or_all(params, [book_ticker(one) for one in self._asked(params)])

    def _depth(self, params: dict[str, str]) -> Payload:
        """Tell the best level of the book."""
        found = [book_ticker(market) for market in self._asked(params)]
        return {
            "lastUpdateId": self.venue.book.last_sequence,
            "bids": [[best["bidPrice"], best["bidQty"]] for best in found],
            "asks": [[best["askPrice"], best["askQty"]] for best in found],
        }

    def _klines(self, params: dict[str, str]) -> list[list[object]]:
        market = market_of(self.venue, params)
        interval_ms = INTERVALS_MS.get(params.get("interval", ""))
        if interval_ms is None:
            raise RefusedError(-1120, "Invalid interval.")
        candles = self.venue.tape.candles(
            market.rules.symbol,
            interval_ms,
            int(params.get("startTime", 0)),
            int(params.get("endTime", maxsize)),
            int(params.get("limit", DEFAULT_LIMIT)),
        )
        return [self.kline(candle) for candle in candles]

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
