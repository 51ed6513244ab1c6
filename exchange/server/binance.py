"""Binance's spot dialect: REST.

Owns which path asks what, who may ask, and in which words the venue refuses. Orders and their legs
are in ``binance_orders``, streams in ``binance_streams``, payloads in ``binance_payloads``.
"""

from collections.abc import Iterable

from exchange.server.binance_orders import BinanceOrders
from exchange.server.binance_payloads import balance_payload, exchange_symbol, kline
from exchange.server.binance_streams import BinanceStreams
from exchange.server.dialect import Route, Routes, Socket, signed_routes
from exchange.server.prices import Payload, market_id
from exchange.server.rest import RestDialect
from exchange.server.signature import LONGEST_WINDOW_MS, is_fresh, is_signed
from exchange.server.venue import Happened, Venue
from exchange.server.wire import Call, RefusedError, StreamEvent
from messages.market import Candle, Capabilities

BINANCE_CAPABILITIES = Capabilities(
    native_stop=True, native_stop_limit=True, oco=True, post_only=True, ioc=True, market=True
)
_UNTRUSTED = 401
_EMPTY: Payload = {"symbols": []}


class Binance(RestDialect):
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

    key_header = "X-MBX-APIKEY"
    too_many_requests = RefusedError(-1003, "Too much request weight used.", 429)
    unknown_outcome = RefusedError(
        -1007,
        "Timeout waiting for response from backend server. "
        "Send status unknown; execution status unknown.",
        408,
    )

    def __init__(self, venue: Venue) -> None:
        """Speak for ``venue``."""
        self.orders = BinanceOrders(venue)
        self._streams = BinanceStreams(venue, self.orders, self.check_trust)
        super().__init__(venue, self._elsewhere() | self._account() | self._trading())

    def opened(self, socket: Socket) -> None:
        """Take note of a new socket."""
        self._streams.opened(socket)

    def said(self, socket: Socket, text: str) -> None:
        """Do what a client asks on its socket."""
        self._streams.said(socket, text)

    def events(self, happened: Happened) -> Iterable[StreamEvent]:
        """Return what the streams tell of what happened."""
        return self._streams.events(happened)

    def check_trust(self, key: str, signed: str, signature: str, params: dict[str, str]) -> None:
        """Raise ``RefusedError`` for who may not ask."""
        account = self.venue.account
        if not key:
            raise RefusedError(-2014, "API-key format invalid.", _UNTRUSTED)
        if key != account.api_key:
            text = "Invalid API-key, IP, or permissions for action."
            raise RefusedError(-2015, text, _UNTRUSTED)
        timestamp, window_ms = self.age_of(params, -1102)
        if window_ms > LONGEST_WINDOW_MS:
            raise RefusedError(-1131, "recvWindow must be less than 60000.")
        if not is_fresh(timestamp, window_ms, self.venue.now):
            raise RefusedError(-1021, "Timestamp for this request is outside of the recvWindow.")
        if not is_signed(signed, account.secret, signature):
            raise RefusedError(-1022, "Signature for this request is not valid.")

    def _elsewhere(self) -> Routes:
        return {
            ("GET", "/fapi/v1/exchangeInfo"): Route(Call.OTHER, lambda _: _EMPTY),
            ("GET", "/dapi/v1/exchangeInfo"): Route(Call.OTHER, lambda _: _EMPTY),
            ("GET", "/api/v3/ticker/price"): Route(Call.QUOTES, self.day_tickers),
            ("GET", "/sapi/v1/system/status"): Route(
                Call.OTHER, lambda _: {"status": 0, "msg": "normal"}
            ),
        }

    def _account(self) -> Routes:
        asked = {
            "/api/v3/account": (Call.BALANCES, self._balances),
            "/api/v3/myTrades": (Call.TRADES, self.orders.trades),
            "/sapi/v1/account/apiRestrictions": (Call.OTHER, self._permissions),
            "/sapi/v1/asset/tradeFee": (Call.OTHER, self._fees),
            "/sapi/v1/capital/config/getall": (Call.OTHER, self._currencies),
            "/sapi/v1/margin/allPairs": (Call.OTHER, lambda _: []),
            "/sapi/v1/margin/isolated/allPairs": (Call.OTHER, lambda _: []),
        }
        return signed_routes({("GET", path): what for path, what in asked.items()})

    def _trading(self) -> Routes:
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
        return signed_routes(asked)

    def markets(self, _: dict[str, str]) -> Payload:
        """Tell which markets there are."""
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

    def kline(self, candle: Candle) -> list[object]:
        """Return a candle of ``klines``."""
        return kline(candle)

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
            **({} if account.uid is None else {"uid": account.uid}),
        }

    def _permissions(self, _: dict[str, str]) -> Payload:
        account = self.venue.account
        ends = {"tradingAuthorityExpirationTime": account.expires_at} if account.expires_at else {}
        return {
            **ends,
            "ipRestrict": bool(account.addresses),
            "createTime": 0,
            "enableReading": True,
            "enableSpotAndMarginTrading": account.can_trade,
            "enableWithdrawals": account.can_withdraw,
            "enableInternalTransfer": account.can_transfer,
            "permitsUniversalTransfer": account.can_transfer,
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
        return [
            {"coin": name, "name": name, "trading": True, "isLegalMoney": False, "networkList": []}
            for name in self.currencies()
        ]
