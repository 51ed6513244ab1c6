"""Binance's spot dialect: REST.

Owns which path asks what, who may ask, and in which words the venue refuses. Orders and their legs
are in ``binance_orders``, streams in ``binance_streams``, payloads in ``binance_payloads``.
"""

from collections.abc import Iterable
from sys import maxsize

from exchange.matching_book import Market
from exchange.server.binance_orders import BinanceOrders
from exchange.server.binance_payloads import (
    Payload,
    balance_payload,
    book_ticker,
    day_ticker,
    exchange_symbol,
    kline,
    market_id,
)
from exchange.server.binance_streams import BinanceStreams
from exchange.server.dialect import DEFAULT_LIMIT, Route, Socket, market_of, priced
from exchange.server.intervals import INTERVALS_MS
from exchange.server.signature import (
    DEFAULT_WINDOW_MS,
    LONGEST_WINDOW_MS,
    is_fresh,
    is_signed,
    without_signature,
)
from exchange.server.venue import Happened, Venue
from exchange.server.wire import (
    Answer,
    Call,
    RefusedError,
    Request,
    StreamEvent,
    as_json,
    refusal,
)
from messages.market import Capabilities

BINANCE_CAPABILITIES = Capabilities(
    native_stop=True, native_stop_limit=True, oco=True, post_only=True, ioc=True, market=True
)
_UNTRUSTED = 401
_EMPTY: Payload = {"symbols": []}


class Binance:
    """``Dialect`` of Binance's spot API."""

    hosts = frozenset(
        {
            "api.binance.com",
            "stream.binance.com",
            "ws-api.binance.com",
            "fapi.binance.com",
            "dapi.binance.com",
        }
    )
    """The last two list no market: ccxt asks them unless it is told to load spot only."""

    def __init__(self, venue: Venue) -> None:
        """Speak for ``venue``."""
        self.venue = venue
        self.orders = BinanceOrders(venue)
        self._streams = BinanceStreams(venue, self.orders, self._check_trust)
        self._routes = self._public() | self._account() | self._trading()

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
                self._check_signed(request)
            return as_json(route.answer(request.params))
        except RefusedError as error:
            return refusal(error)

    def opened(self, socket: Socket) -> None:
        """Take note of a new socket."""
        self._streams.opened(socket)

    def said(self, socket: Socket, text: str) -> None:
        """Do what a client asks on its socket."""
        self._streams.said(socket, text)

    def events(self, happened: Happened) -> Iterable[StreamEvent]:
        """Return what the streams tell of what happened."""
        return self._streams.events(happened)

    def _check_signed(self, request: Request) -> None:
        signed, signature = without_signature(request.text)
        key = request.headers.get("X-MBX-APIKEY", "")
        self._check_trust(key, signed, signature, request.params)

    def _check_trust(self, key: str, signed: str, signature: str, params: dict[str, str]) -> None:
        account = self.venue.account
        if not key:
            raise RefusedError(-2014, "API-key format invalid.", _UNTRUSTED)
        if key != account.api_key:
            text = "Invalid API-key, IP, or permissions for action."
            raise RefusedError(-2015, text, _UNTRUSTED)
        if "timestamp" not in params:
            raise RefusedError(-1102, "Mandatory parameter 'timestamp' was not sent.")
        window_ms = int(params.get("recvWindow", DEFAULT_WINDOW_MS))
        if window_ms > LONGEST_WINDOW_MS:
            raise RefusedError(-1131, "recvWindow must be less than 60000.")
        if not is_fresh(int(params["timestamp"]), window_ms, self.venue.now):
            raise RefusedError(-1021, "Timestamp for this request is outside of the recvWindow.")
        if not is_signed(signed, account.secret, signature):
            raise RefusedError(-1022, "Signature for this request is not valid.")

    def _public(self) -> dict[tuple[str, str], Route]:
        return {
            ("GET", "/api/v3/ping"): Route(Call.TIME, lambda _: {}),
            ("GET", "/api/v3/time"): Route(Call.TIME, self._time),
            ("GET", "/api/v3/exchangeInfo"): Route(Call.MARKETS, self._markets),
            ("GET", "/fapi/v1/exchangeInfo"): Route(Call.OTHER, lambda _: _EMPTY),
            ("GET", "/dapi/v1/exchangeInfo"): Route(Call.OTHER, lambda _: _EMPTY),
            ("GET", "/api/v3/ticker/24hr"): Route(Call.QUOTES, self._day_ticker),
            ("GET", "/api/v3/ticker/bookTicker"): Route(Call.QUOTES, self._book_ticker),
            ("GET", "/api/v3/ticker/price"): Route(Call.QUOTES, self._day_ticker),
            ("GET", "/api/v3/depth"): Route(Call.QUOTES, self._depth),
            ("GET", "/api/v3/klines"): Route(Call.CANDLES, self._klines),
            ("GET", "/sapi/v1/system/status"): Route(
                Call.OTHER, lambda _: {"status": 0, "msg": "normal"}
            ),
        }

    def _account(self) -> dict[tuple[str, str], Route]:
        asked = {
            "/api/v3/account": (Call.BALANCES, self._balances),
            "/api/v3/myTrades": (Call.TRADES, self.orders.trades),
            "/sapi/v1/account/apiRestrictions": (Call.OTHER, self._permissions),
            "/sapi/v1/asset/tradeFee": (Call.OTHER, self._fees),
            "/sapi/v1/capital/config/getall": (Call.OTHER, self._currencies),
            "/sapi/v1/margin/allPairs": (Call.OTHER, lambda _: []),
            "/sapi/v1/margin/isolated/allPairs": (Call.OTHER, lambda _: []),
        }
        return {
            ("GET", path): Route(call, answer, is_signed=True)
            for path, (call, answer) in asked.items()
        }

    def _trading(self) -> dict[tuple[str, str], Route]:
        orders = self.orders
        asked = {
            ("POST", "/api/v3/order"): (Call.SUBMIT, orders.place),
            ("POST", "/api/v3/orderList/oco"): (Call.SUBMIT, orders.place_oco),
            ("POST", "/api/v3/order/oco"): (Call.SUBMIT, orders.place_old_oco),
            ("GET", "/api/v3/order"): (Call.LOOK_UP, orders.look_up),
            ("GET", "/api/v3/orderList"): (Call.LOOK_UP, orders.look_up_list),
            ("DELETE", "/api/v3/order"): (Call.CANCEL, orders.cancel),
            ("DELETE", "/api/v3/orderList"): (Call.CANCEL, orders.cancel_list),
            ("GET", "/api/v3/openOrders"): (Call.OPEN_ORDERS, orders.open_orders),
            ("DELETE", "/api/v3/openOrders"): (Call.CANCEL, orders.cancel_all),
            ("GET", "/api/v3/allOrders"): (Call.OPEN_ORDERS, orders.all_orders),
        }
        return {where: Route(*what, is_signed=True) for where, what in asked.items()}

    def _time(self, _: dict[str, str]) -> Payload:
        return {"serverTime": self.venue.now}

    def _markets(self, _: dict[str, str]) -> Payload:
        listed = self.venue.listed()
        return {
            "timezone": "UTC",
            "serverTime": self.venue.now,
            "rateLimits": [],
            "exchangeFilters": [],
            "symbols": [
                exchange_symbol(rules, self.venue.statuses[rules.symbol]) for rules in listed
            ],
        }

    def _asked(self, params: dict[str, str]) -> tuple[list[Market], bool]:
        """Return the markets asked for, and whether it is one that was named."""
        if "symbol" in params:
            market = market_of(self.venue, params)
            return ([market] if market.moved is not None else []), True
        named = params.get("symbols", "")
        ids = {name.strip('"') for name in named.strip("[]").split(",")} if named else None
        markets = priced(self.venue)
        return [one for one in markets if ids is None or market_id(one.rules.symbol) in ids], False

    def _day_ticker(self, params: dict[str, str]) -> object:
        markets, is_one = self._asked(params)
        tickers = [day_ticker(market, self.venue.now) for market in markets]
        return tickers[0] if is_one and tickers else tickers

    def _book_ticker(self, params: dict[str, str]) -> object:
        markets, is_one = self._asked(params)
        tickers = [book_ticker(market) for market in markets]
        return tickers[0] if is_one and tickers else tickers

    def _depth(self, params: dict[str, str]) -> Payload:
        market = market_of(self.venue, params)
        best = book_ticker(market) if market.moved is not None else None
        return {
            "lastUpdateId": self.venue.book.last_sequence,
            "bids": [[best["bidPrice"], best["bidQty"]]] if best else [],
            "asks": [[best["askPrice"], best["askQty"]]] if best else [],
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
        return [kline(candle) for candle in candles]

    def _balances(self, _: dict[str, str]) -> Payload:
        held = self.venue.book.balances
        account = self.venue.account
        return {
            "makerCommission": 10,
            "takerCommission": 10,
            "canTrade": account.can_trade,
            "canWithdraw": account.can_withdraw,
            "canDeposit": True,
            "accountType": "SPOT",
            "updateTime": self.venue.now,
            "balances": [balance_payload(held[currency]) for currency in sorted(held)],
            "permissions": ["SPOT"],
        }

    def _permissions(self, _: dict[str, str]) -> Payload:
        account = self.venue.account
        return {
            "ipRestrict": False,
            "createTime": 0,
            "enableReading": True,
            "enableSpotAndMarginTrading": account.can_trade,
            "enableWithdrawals": account.can_withdraw,
            "enableInternalTransfer": False,
            "enableMargin": False,
            "enableFutures": False,
        }

    def _fees(self, params: dict[str, str]) -> list[Payload]:
        asked = params.get("symbol")
        return [
            {
                "symbol": market_id(rules.symbol),
                "makerCommission": str(rules.maker_fee_ratio),
                "takerCommission": str(rules.taker_fee_ratio),
            }
            for rules in self.venue.listed()
            if asked in (None, market_id(rules.symbol))
        ]

    def _currencies(self, _: dict[str, str]) -> list[Payload]:
        listed = self.venue.listed()
        names = {rules.base for rules in listed} | {rules.quote for rules in listed}
        return [
            {"coin": name, "name": name, "trading": True, "isLegalMoney": False, "networkList": []}
            for name in sorted(names)
        ]
