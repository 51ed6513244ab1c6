"""MEXC's spot v3 dialect: REST.

Owns which path asks what, who may ask, orders, and in which words the venue refuses. Streams are
in ``mexc_streams``, payloads in ``mexc_payloads``. Parameters of a stop are ignored, as the venue
does: what asks for a stop becomes the plain order it also is.
"""

from collections.abc import Iterable

from exchange.matching.state import VenueOrder
from exchange.server.dialect import (
    DEFAULT_LIMIT,
    Route,
    Routes,
    Socket,
    bought_for,
    market_of,
    number_of,
    signed_routes,
    symbol_of,
)
from exchange.server.legs import rows
from exchange.server.mexc_payloads import (
    ORDER_TYPES,
    balance_payload,
    exchange_symbol,
    kline,
    order_payload,
    placed_payload,
    sequence_of,
    trade_payload,
)
from exchange.server.mexc_streams import MexcStreams
from exchange.server.prices import Payload
from exchange.server.rest import RestDialect
from exchange.server.signature import is_fresh, is_signed
from exchange.server.venue import NOBODY, Happened, OrderRefusedError, Venue
from exchange.server.wire import Call, RefusedError, StreamEvent
from messages.base import ClientOrderId
from messages.market import Candle, Capabilities
from messages.money import ZERO
from messages.orders import OrderRequest, OrderType, Purpose, RejectReason, Side, TimeInForce

MEXC_CAPABILITIES = Capabilities(post_only=True, ioc=True, market=True)
_REFUSALS = {
    RejectReason.BELOW_MINIMUM: (30002, "The minimum transaction volume cannot be less than:"),
    RejectReason.ABOVE_MAXIMUM: (30003, "The maximum transaction volume cannot be greater than:"),
    RejectReason.PRECISION: (400, "price or quantity scale is invalid"),
    RejectReason.MARKET_HALTED: (30016, "Trading disabled"),
    RejectReason.WOULD_TAKE: (30041, "current order type can not place order"),
    RejectReason.DUPLICATE_ID: (-2010, "Duplicate order sent."),
    RejectReason.PRICE_OUT_OF_RANGE: (30087, "Order price exceeds allowed range"),
}
"""Those for a maximum, precision, post-only and duplicates are assumed: docs/exchange_server.md."""
_NO_SUCH_ORDER = "Order does not exist."


class Mexc(RestDialect):
    """``Dialect`` of MEXC's spot v3 API."""

    hosts = frozenset({"api.mexc.com", "wbs-api.mexc.com", "contract.mexc.com"})
    key_header = "X-MEXC-APIKEY"
    too_many_requests = RefusedError(429, "Too Many Requests", 429)
    unknown_outcome = RefusedError(504, "Gateway Time-out", 504)

    def __init__(self, venue: Venue) -> None:
        """Speak for ``venue``."""
        self._streams = MexcStreams(venue)
        self._made_ids = 0
        super().__init__(venue, self._elsewhere() | self._account() | self._trading())

    def opened(self, socket: Socket) -> None:
        """Take note of a new socket: it says itself what it wants."""

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
            raise RefusedError(400, "api key required")
        if key != account.api_key:
            raise RefusedError(10072, "Api key info invalid")
        if not is_signed(signed, account.secret, signature):
            raise RefusedError(700002, "Signature for this request is not valid.")
        timestamp, window_ms = self.age_of(params, 700003)
        if not is_fresh(timestamp, window_ms, self.venue.now):
            raise RefusedError(700003, "Timestamp for this request is outside of the recvWindow.")

    def _elsewhere(self) -> Routes:
        no_contracts = {"success": True, "code": 0, "data": []}
        return {
            ("GET", "/api/v1/contract/detail"): Route(Call.OTHER, lambda _: no_contracts),
        }

    def _account(self) -> Routes:
        asked = {
            ("GET", "/api/v3/account"): (Call.BALANCES, self._balances),
            ("GET", "/api/v3/myTrades"): (Call.TRADES, self._trades),
            ("GET", "/api/v3/tradeFee"): (Call.OTHER, self._fee),
            ("GET", "/api/v3/capital/config/getall"): (Call.OTHER, self._currencies),
            ("POST", "/api/v3/userDataStream"): (Call.OTHER, self._listen_key),
            ("PUT", "/api/v3/userDataStream"): (Call.OTHER, self._keep_listen_key),
        }
        return signed_routes(asked)

    def _trading(self) -> Routes:
        asked = {
            ("POST", "/api/v3/order"): (Call.SUBMIT, self._place),
            ("GET", "/api/v3/order"): (Call.LOOK_UP, self._look_up),
            ("DELETE", "/api/v3/order"): (Call.CANCEL, self._cancel),
            ("DELETE", "/api/v3/openOrders"): (Call.CANCEL, self._cancel_all),
            ("GET", "/api/v3/openOrders"): (Call.OPEN_ORDERS, self._open_orders),
            ("GET", "/api/v3/allOrders"): (Call.OPEN_ORDERS, self._all_orders),
        }
        return signed_routes(asked)

    def markets(self, _: dict[str, str]) -> Payload:
        """Tell which markets there are."""
        listed = self.venue.listed()
        symbols = [exchange_symbol(rules, self.venue.statuses[rules.symbol]) for rules in listed]
        return {"timezone": "CST", "serverTime": self.venue.now, "symbols": symbols}

    def kline(self, candle: Candle) -> list[object]:
        """Return a candle of ``klines``."""
        return kline(candle)

    def _balances(self, _: dict[str, str]) -> Payload:
        held, account = self.venue.book.balances, self.venue.account
        return {
            "canTrade": account.can_trade,
            "canWithdraw": account.can_withdraw,
            "canDeposit": True,
            "updateTime": None,
            "accountType": "SPOT",
            "balances": [balance_payload(held[currency]) for currency in sorted(held)],
            "permissions": ["SPOT"],
        }

    def _fee(self, params: dict[str, str]) -> Payload:
        rules = market_of(self.venue, params).rules
        fees = {
            "makerCommission": float(rules.maker_fee_ratio),
            "takerCommission": float(rules.taker_fee_ratio),
        }
        return {"data": fees, "code": 0, "msg": "success", "timestamp": self.venue.now}

    def _currencies(self, _: dict[str, str]) -> list[Payload]:
        return [{"coin": name, "name": name, "networkList": []} for name in self.currencies()]

    def _listen_key(self, _: dict[str, str]) -> Payload:
        return {"listenKey": self._streams.new_listen_key()}

    def _keep_listen_key(self, params: dict[str, str]) -> Payload:
        if params.get("listenKey") not in self._streams.listen_keys:
            raise RefusedError(730706, "listenKey does not exist")
        return {"listenKey": params["listenKey"]}

    def _place(self, params: dict[str, str]) -> Payload:
        kind = params.get("type", "")
        if kind not in ORDER_TYPES:
            raise RefusedError(30041, "current order type can not place order")
        if not self.venue.account.can_trade:
            raise RefusedError(700007, "No permission to access the endpoint.", 401)
        if params.get("side") not in ("BUY", "SELL"):
            raise RefusedError(700008, "invalid side")
        market = market_of(self.venue, params)
        side, cost = Side[params["side"]], number_of(params, "quoteOrderQty")
        asked = number_of(params, "quantity") or ZERO
        request = OrderRequest(
            client_order_id=ClientOrderId(params.get("newClientOrderId") or self._new_id()),
            position_id=NOBODY,
            symbol=market.rules.symbol,
            side=side,
            type=OrderType.MARKET if kind == "MARKET" else OrderType.LIMIT,
            purpose=Purpose.ENTRY,
            quantity=bought_for(market, cost, side) if cost is not None else asked,
            price=None if kind == "MARKET" else number_of(params, "price"),
            time_in_force=(TimeInForce.IOC if kind == "IMMEDIATE_OR_CANCEL" else TimeInForce.GTC),
            post_only=kind == "LIMIT_MAKER",
        )
        try:
            placed = self.venue.submit(request).after
        except OrderRefusedError as refused:
            raise _refusal(refused, side) from None
        return placed_payload(rows(placed)[0])

    def _look_up(self, params: dict[str, str]) -> Payload:
        order = self._find(params)
        if order is None:
            raise RefusedError(-2013, _NO_SUCH_ORDER)
        return order_payload(rows(order)[0], self.venue.came(order))

    def _cancel(self, params: dict[str, str]) -> Payload:
        order = self._find(params)
        canceled = None if order is None else self.venue.cancel(order)
        if canceled is None:
            raise RefusedError(-2011, "Unknown order sent.")
        return placed_payload(rows(canceled)[0])

    def _cancel_all(self, params: dict[str, str]) -> list[Payload]:
        symbol = market_of(self.venue, params).rules.symbol
        found = self.venue.orders(symbol, only_open=True)
        canceled = [self.venue.cancel(order) for order in found]
        return [placed_payload(rows(order)[0]) for order in canceled if order is not None]

    def _open_orders(self, params: dict[str, str]) -> list[Payload]:
        return self._listed(params, only_open=True)

    def _all_orders(self, params: dict[str, str]) -> list[Payload]:
        return self._listed(params, only_open=False)[-int(params.get("limit", DEFAULT_LIMIT)) :]

    def _listed(self, params: dict[str, str], *, only_open: bool) -> list[Payload]:
        found = self.venue.orders(symbol_of(self.venue, params), only_open=only_open)
        return [order_payload(rows(order)[0], self.venue.came(order)) for order in found]

    def _trades(self, params: dict[str, str]) -> list[Payload]:
        """Tell fills, newest first."""
        symbol = market_of(self.venue, params).rules.symbol
        since, until = int(params.get("startTime", 0)), params.get("endTime")
        sequence = sequence_of(params.get("orderId", ""))
        found = [
            trade_payload(trade)
            for trade in self.venue.trades(symbol)
            if trade.at >= since
            and (until is None or trade.at <= int(until))
            and sequence in (None, int(trade.exchange_order_id))
        ]
        return found[::-1][: int(params.get("limit", DEFAULT_LIMIT))]

    def _find(self, params: dict[str, str]) -> VenueOrder | None:
        symbol = market_of(self.venue, params).rules.symbol
        if "orderId" not in params and "origClientOrderId" not in params:
            raise RefusedError(700004, "Param 'origClientOrderId' or 'orderId' must be sent")
        if "orderId" in params:
            sequence = sequence_of(params["orderId"])
            order = None if sequence is None else self.venue.numbered(sequence)
        else:
            order = self.venue.named(params["origClientOrderId"])
        return order if order is not None and order.request.symbol == symbol else None

    def _new_id(self) -> str:
        self._made_ids += 1
        return f"server{self._made_ids}"


def _refusal(refused: OrderRefusedError, side: Side) -> RefusedError:
    if refused.reason is RejectReason.INSUFFICIENT_FUNDS:
        sold = side is Side.SELL
        return RefusedError(30005, "Oversold") if sold else RefusedError(10101, "资金不足")
    code, text = _REFUSALS.get(refused.reason, (30041, str(refused)))
    return RefusedError(code, text)
