"""Binance's orders: placing, looking up and canceling, with the two rows of an OCO.

Owns the client order ids of OCO legs. How a request becomes an order is in ``binance_requests``.
"""

import msgspec

from exchange.matching.state import Market, VenueOrder
from exchange.server.binance_payloads import (
    order_payload,
    placed_payload,
    trade_payload,
)
from exchange.server.binance_requests import (
    DUPLICATE,
    OcoAsked,
    oco_of,
    oco_order,
    old_oco_of,
    order_of,
    refusal_of,
)
from exchange.server.dialect import (
    DEFAULT_LIMIT,
    market_of,
    symbol_of,
)
from exchange.server.legs import IDS_AN_ORDER, Leg, LegRow, OcoNames, active_leg, rows
from exchange.server.prices import Payload, market_id
from exchange.server.venue import OrderRefusedError, OrderStep, Venue, client_name
from exchange.server.wire import RefusedError
from messages.orders import (
    OrderRequest,
    OrderType,
    StopStatus,
)
from messages.reconciler import Trade

_NO_SUCH_ORDER = "Unknown order sent."


class BinanceOrders:
    """The account's orders in Binance's words."""

    def __init__(self, venue: Venue) -> None:
        """Begin with no OCO."""
        self._venue = venue
        self._names: dict[str, OcoNames] = {}
        """By the OCO's own client order id."""
        self._lists: dict[str, str] = {}
        """The OCO that a leg's client order id belongs to."""
        self._made_ids = 0

    def rows(self, order: VenueOrder) -> tuple[LegRow, ...]:
        """Return the rows of an order."""
        return tuple(self.shown(order, row) for row in rows(order, self.names(order)))

    def shown(self, order: VenueOrder, row: LegRow) -> LegRow:
        """Return a row as it is shown, a triggered stop maybe as a second order."""
        is_stop = order.request.type in (OrderType.STOP, OrderType.STOP_LIMIT)
        execution = self._venue.book.markets[order.request.symbol].execution
        is_triggered = order.facts.stop is StopStatus.TRIGGERED
        if not (is_stop and is_triggered and execution.second_orders):
            return row
        name = f"second{order.sequence}"
        return msgspec.structs.replace(row, is_second=True, client_order_id=name)

    def names(self, order: VenueOrder) -> OcoNames | None:
        """Return the client order ids of an OCO's legs."""
        return self._names.get(client_name(order.request.client_order_id))

    def new_id(self) -> str:
        """Return a client order id of the venue's making."""
        self._made_ids += 1
        return f"server{self._made_ids}"

    def place(self, params: dict[str, str]) -> Payload:
        """Place an order: ``POST order``."""
        name = params.get("newClientOrderId") or self.new_id()
        market = market_of(self._venue, params)
        step = self._submit(order_of(params, market, name), market)
        return placed_payload(self.rows(step.after)[0], step.trades)

    def place_oco(self, params: dict[str, str]) -> Payload:
        """Place an OCO: ``POST orderList/oco``, with an order above the market and one below."""
        return self._oco(params, oco_of(params, self.new_id))

    def place_old_oco(self, params: dict[str, str]) -> Payload:
        """Place an OCO as it was done before: ``POST order/oco``."""
        return self._oco(params, old_oco_of(params, self.new_id))

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

    def _oco(self, params: dict[str, str], asked: OcoAsked) -> Payload:
        list_name, names = params.get("listClientOrderId") or self.new_id(), asked.names
        for name in (names.limit, names.stop):
            taken = self._named(name)
            if taken is not None and not taken[0].facts.is_terminal:
                raise RefusedError(-2010, DUPLICATE)
        market = market_of(self._venue, params)
        before = self._names.get(list_name)
        self._names[list_name] = names  # the streams tell of the legs before the answer does
        try:
            step = self._submit(oco_order(params, market, list_name, asked), market)
        except RefusedError:
            if before is None:
                del self._names[list_name]
            else:
                self._names[list_name] = before
            raise
        self._lists |= dict.fromkeys((names.limit, names.stop), list_name)
        return self._list_payload(step.after)

    def _submit(self, request: OrderRequest, market: Market) -> OrderStep:
        if not self._venue.account.can_trade:
            text = "Invalid API-key, IP, or permissions for action."
            raise RefusedError(-2015, text, 401)
        try:
            return self._venue.submit(request)
        except OrderRefusedError as refused:
            raise refusal_of(refused, request, market) from None

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
        order = self._venue.named(self._lists.get(name, name))
        if order is None:
            return None
        matching = (row for row in self.rows(order) if row.client_order_id == name)
        return next(((order, row) for row in matching), None)

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
