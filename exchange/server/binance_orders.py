"""Binance's orders: placing, looking up and canceling, with the two rows of an OCO.

Owns the client order ids of OCO legs, and the codes with which orders are refused.
"""

from decimal import Decimal

from exchange.matching_book import VenueOrder
from exchange.server.binance_payloads import (
    order_payload,
    placed_payload,
    trade_payload,
)
from exchange.server.dialect import (
    DEFAULT_LIMIT,
    bought_for,
    failed_filter,
    market_of,
    number_of,
    symbol_of,
)
from exchange.server.legs import IDS_AN_ORDER, Leg, LegRow, OcoNames, active_leg, rows
from exchange.server.prices import Payload, market_id
from exchange.server.venue import NOBODY, OrderRefusedError, OrderStep, Venue, client_name
from exchange.server.wire import RefusedError
from messages.base import ClientOrderId
from messages.money import ZERO
from messages.orders import (
    OrderRequest,
    OrderType,
    Purpose,
    RejectReason,
    Side,
    TimeInForce,
)
from messages.reconciler import Trade

_TYPES = {
    "LIMIT": OrderType.LIMIT,
    "LIMIT_MAKER": OrderType.LIMIT,
    "MARKET": OrderType.MARKET,
    "STOP_LOSS": OrderType.STOP,
    "STOP_LOSS_LIMIT": OrderType.STOP_LIMIT,
}
_REFUSALS = {
    RejectReason.INSUFFICIENT_FUNDS: "Account has insufficient balance for requested action.",
    RejectReason.WOULD_TRIGGER_AT_ONCE: "Stop price would trigger immediately.",
    RejectReason.WOULD_TAKE: "Order would immediately match and take.",
    RejectReason.DUPLICATE_ID: "Duplicate order sent.",
    RejectReason.PRICE_OUT_OF_RANGE: (
        "The relationship of the prices for the orders is not correct."
    ),
}
"""Texts of -2010."""
_NO_SUCH_ORDER = "Unknown order sent."


class BinanceOrders:
    """The account's orders in Binance's words."""

    def __init__(self, venue: Venue) -> None:
        """Begin with no OCO."""
        self._venue = venue
        self._names: dict[str, OcoNames] = {}
        """By the OCO's own client order id."""
        self._made_ids = 0

    def rows(self, order: VenueOrder) -> tuple[LegRow, ...]:
        """Return the rows of an order."""
        return rows(order, self.names(order))

    def names(self, order: VenueOrder) -> OcoNames | None:
        """Return the client order ids of an OCO's legs."""
        return self._names.get(client_name(order.request.client_order_id))

    def new_id(self) -> str:
        """Return a client order id of the venue's making."""
        self._made_ids += 1
        return f"server{self._made_ids}"

    def place(self, params: dict[str, str]) -> Payload:
        """Place an order: ``POST order``."""
        kind = params.get("type", "")
        if kind not in _TYPES:
            raise RefusedError(-1116, "Invalid orderType.")
        is_stop = kind.startswith("STOP")
        is_market = kind in ("MARKET", "STOP_LOSS")
        step = self._submit(
            params,
            params.get("newClientOrderId") or self.new_id(),
            {
                "type": _TYPES[kind],
                "price": None if is_market else number_of(params, "price"),
                "trigger_price": number_of(params, "stopPrice") if is_stop else None,
                "time_in_force": _time_in_force(params),
                "post_only": kind == "LIMIT_MAKER",
            },
        )
        return placed_payload(self.rows(step.after)[0], step.trades)

    def place_oco(self, params: dict[str, str]) -> Payload:
        """Place an OCO: ``POST orderList/oco``, with an order above the market and one below."""
        limit, stop = ("above", "below") if params.get("side") == "SELL" else ("below", "above")
        if params.get(f"{limit}Type") != "LIMIT_MAKER":
            raise RefusedError(-1158, f"{limit}Type must be LIMIT_MAKER.")
        if params.get(f"{stop}Type") not in ("STOP_LOSS", "STOP_LOSS_LIMIT"):
            raise RefusedError(-1158, f"{stop}Type must be STOP_LOSS or STOP_LOSS_LIMIT.")
        return self._oco(
            params,
            OcoNames(
                params.get(f"{limit}ClientOrderId") or self.new_id(),
                params.get(f"{stop}ClientOrderId") or self.new_id(),
            ),
            number_of(params, f"{limit}Price"),
            number_of(params, f"{stop}StopPrice"),
            number_of(params, f"{stop}Price"),
        )

    def place_old_oco(self, params: dict[str, str]) -> Payload:
        """Place an OCO as it was done before: ``POST order/oco``."""
        return self._oco(
            params,
            OcoNames(
                params.get("limitClientOrderId") or self.new_id(),
                params.get("stopClientOrderId") or self.new_id(),
            ),
            number_of(params, "price"),
            number_of(params, "stopPrice"),
            number_of(params, "stopLimitPrice"),
        )

    def look_up(self, params: dict[str, str]) -> Payload:
        """Tell how an order stands: ``GET order``."""
        found = self._find(params)
        if found is None:
            raise RefusedError(-2013, "Order does not exist.")
        order, row = found
        return order_payload(row, self._venue.came(order))

    def look_up_list(self, params: dict[str, str]) -> Payload:
        """Tell how an OCO stands: ``GET orderList``."""
        return self._list_payload(self._find_list(params, -2018, "Order list does not exist."))

    def cancel(self, params: dict[str, str]) -> Payload:
        """Cancel an order; of an OCO, both legs: ``DELETE order``."""
        found = self._find(params)
        if found is None:
            raise RefusedError(-2011, _NO_SUCH_ORDER)
        canceled = self._cancel(found[0])
        row = next(row for row in self.rows(canceled) if row.leg is found[1].leg)
        payload = order_payload(row, self._venue.came(canceled))
        own = {"clientOrderId": self.new_id(), "origClientOrderId": row.client_order_id}
        return payload | own | {"transactTime": row.at}

    def cancel_list(self, params: dict[str, str]) -> Payload:
        """Cancel an OCO: ``DELETE orderList``."""
        return self._list_payload(self._cancel(self._find_list(params, -2011, _NO_SUCH_ORDER)))

    def cancel_all(self, params: dict[str, str]) -> list[Payload]:
        """Cancel what works on a market: ``DELETE openOrders``."""
        symbol = market_of(self._venue, params).rules.symbol
        found = self._venue.orders(symbol, only_open=True)
        if not found:
            raise RefusedError(-2011, _NO_SUCH_ORDER)
        canceled = [self._cancel(order) for order in found]
        return [
            order_payload(row, self._venue.came(order))
            for order in canceled
            for row in self.rows(order)
        ]

    def open_orders(self, params: dict[str, str]) -> list[Payload]:
        """Tell what works: ``GET openOrders``."""
        return self._listed(params, only_open=True)

    def all_orders(self, params: dict[str, str]) -> list[Payload]:
        """Tell every order of a market: ``GET allOrders``."""
        return self._listed(params, only_open=False)[-int(params.get("limit", DEFAULT_LIMIT)) :]

    def trades(self, params: dict[str, str]) -> list[Payload]:
        """Tell fills, oldest first: ``GET myTrades``."""
        symbol = market_of(self._venue, params).rules.symbol
        limit = int(params.get("limit", DEFAULT_LIMIT))
        since, until = int(params.get("startTime", 0)), params.get("endTime")
        found = [
            trade_payload(trade, self._leg_of(trade))
            for trade in self._venue.trades(symbol)
            if trade.at >= since and (until is None or trade.at <= int(until))
        ]
        if "orderId" in params:
            found = [trade for trade in found if str(trade["orderId"]) == params["orderId"]]
        if "fromId" in params:
            found = [trade for trade in found if int(str(trade["id"])) >= int(params["fromId"])]
        newest_first = not since and "fromId" not in params
        return found[-limit:] if newest_first else found[:limit]

    def _leg_of(self, trade: Trade) -> Leg:
        order = self._venue.numbered(int(trade.exchange_order_id))
        return Leg.SINGLE if order is None else active_leg(order)

    def _listed(self, params: dict[str, str], *, only_open: bool) -> list[Payload]:
        symbol = symbol_of(self._venue, params)
        found = self._venue.orders(symbol, only_open=only_open)
        return [
            order_payload(row, self._venue.came(order))
            for order in found
            for row in self.rows(order)
            if not only_open or row.status.value in ("open", "partially_filled")
        ]

    def _oco(
        self,
        params: dict[str, str],
        names: OcoNames,
        price: Decimal | None,
        trigger: Decimal | None,
        stop_limit: Decimal | None,
    ) -> Payload:
        list_name = params.get("listClientOrderId") or self.new_id()
        for name in (names.limit, names.stop):
            taken = self._named(name)
            if taken is not None and not taken[0].facts.is_terminal:
                raise RefusedError(-2010, _REFUSALS[RejectReason.DUPLICATE_ID])
        before = self._names.get(list_name)
        self._names[list_name] = names
        try:
            step = self._submit(
                params,
                list_name,
                {
                    "type": OrderType.OCO,
                    "price": price,
                    "trigger_price": trigger,
                    "stop_limit_price": stop_limit,
                },
            )
        except RefusedError:
            del self._names[list_name]
            if before is not None:
                self._names[list_name] = before
            raise
        return self._list_payload(step.after)

    def _submit(self, params: dict[str, str], name: str, fields: dict[str, object]) -> OrderStep:
        market = market_of(self._venue, params)
        if not self._venue.account.can_trade:
            text = "Invalid API-key, IP, or permissions for action."
            raise RefusedError(-2015, text, 401)
        side = _side(params)
        cost = number_of(params, "quoteOrderQty")
        asked = number_of(params, "quantity")
        request = OrderRequest(
            client_order_id=ClientOrderId(name),
            position_id=NOBODY,
            symbol=market.rules.symbol,
            side=side,
            purpose=Purpose.ENTRY,
            quantity=bought_for(market, cost, side) if cost is not None else asked or ZERO,
            **fields,  # type: ignore[arg-type] # each caller names the fields with their types
        )
        try:
            return self._venue.submit(request)
        except OrderRefusedError as refused:
            if refused.reason is RejectReason.MARKET_HALTED:
                raise RefusedError(-1013, "Market is closed.") from None
            failed = failed_filter(refused.reason, request, market)
            if failed is not None:
                raise RefusedError(-1013, f"Filter failure: {failed}") from None
            raise RefusedError(-2010, _REFUSALS.get(refused.reason, str(refused))) from None

    def _cancel(self, order: VenueOrder) -> VenueOrder:
        canceled = self._venue.cancel(order)
        if canceled is None:
            raise RefusedError(-2011, _NO_SUCH_ORDER)
        return canceled

    def _find(self, params: dict[str, str]) -> tuple[VenueOrder, LegRow] | None:
        """Return the row that a request names by the venue's id or the client's."""
        symbol = market_of(self._venue, params).rules.symbol
        if "orderId" in params:
            found = self._numbered(int(params["orderId"]))
        elif "origClientOrderId" in params:
            found = self._named(params["origClientOrderId"])
        else:
            text = "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!"
            raise RefusedError(-1102, text)
        return found if found is not None and found[0].request.symbol == symbol else None

    def _numbered(self, order_id: int) -> tuple[VenueOrder, LegRow] | None:
        order = self._venue.numbered(order_id // IDS_AN_ORDER)
        if order is None:
            return None
        matching = (row for row in self.rows(order) if row.order_id == order_id)
        return next(((order, row) for row in matching), None)

    def _named(self, name: str) -> tuple[VenueOrder, LegRow] | None:
        """Return the newest row with a client order id."""
        for order in reversed(self._venue.orders(None, only_open=False)):
            for row in self.rows(order):
                if row.client_order_id == name:
                    return order, row
        return None

    def _find_list(self, params: dict[str, str], code: int, text: str) -> VenueOrder:
        name = params.get("origClientOrderId") or params.get("listClientOrderId")
        by_id = params.get("orderListId")
        order = self._venue.numbered(int(by_id)) if by_id else self._venue.named(name or "")
        if order is None or order.request.type is not OrderType.OCO:
            raise RefusedError(code, text)
        return order

    def _list_payload(self, order: VenueOrder) -> Payload:
        legs = self.rows(order)
        is_over = order.facts.is_terminal
        symbol = market_id(order.request.symbol)
        return {
            "orderListId": order.sequence,
            "contingencyType": "OCO",
            "listStatusType": "ALL_DONE" if is_over else "EXEC_STARTED",
            "listOrderStatus": "ALL_DONE" if is_over else "EXECUTING",
            "listClientOrderId": client_name(order.request.client_order_id),
            "transactionTime": order.facts.at,
            "symbol": symbol,
            "orders": [
                {"symbol": symbol, "orderId": row.order_id, "clientOrderId": row.client_order_id}
                for row in legs
            ],
            "orderReports": [order_payload(row, self._venue.came(order)) for row in legs],
        }


def _side(params: dict[str, str]) -> Side:
    try:
        return Side[params.get("side", "")]
    except KeyError:
        raise RefusedError(-1117, "Invalid side.") from None


def _time_in_force(params: dict[str, str]) -> TimeInForce:
    asked = params.get("timeInForce", "GTC")
    if asked not in ("GTC", "IOC"):
        raise RefusedError(-1115, "Invalid timeInForce.")
    return TimeInForce(asked.lower())
