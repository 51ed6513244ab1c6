"""Binance's sockets: market streams, and the account's on ``/ws-api/v3``.

Owns what clients ask on sockets and what the streams tell. A new subscription hears the prices
as they are at once; the venue itself tells them with the next change.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from exchange.matching.state import Market
from exchange.server.binance_orders import BinanceOrders
from exchange.server.binance_payloads import (
    account_position,
    book_ticker_event,
    day_ticker_event,
    execution_report,
)
from exchange.server.dialect import Socket, priced
from exchange.server.legs import reports
from exchange.server.prices import market_id
from exchange.server.venue import Happened, Venue
from exchange.server.wire import ACCOUNT, Call, RefusedError, StreamEvent

Trust = Callable[[str, str, str, dict[str, str]], None]
_ACCOUNT_PATH = "/ws-api/v3"


class BinanceStreams:
    """What sockets say and hear."""

    def __init__(self, venue: Venue, orders: BinanceOrders, check_trust: Trust) -> None:
        """Begin with no subscription; ``check_trust`` raises ``RefusedError``."""
        self._venue = venue
        self._orders = orders
        self._check_trust = check_trust
        self._updates = 0

    def opened(self, socket: Socket) -> None:
        """Subscribe what the path names: ``/ws/btcusdt@bookTicker``."""
        named = socket.path.removeprefix("/ws/")
        if "@" in named:
            socket.topics.update(named.split("/"))

    def said(self, socket: Socket, text: str) -> None:
        """Do what a client asks."""
        asked = msgspec.json.decode(text)
        if socket.path == _ACCOUNT_PATH:
            socket.push(_text(self._account_answer(socket, asked)))
            return
        topics = asked.get("params", [])
        if asked.get("method") == "SUBSCRIBE":
            socket.topics.update(topics)
        else:
            socket.topics.difference_update(topics)
        socket.push(_text({"result": None, "id": asked.get("id")}))
        if asked.get("method") == "SUBSCRIBE":
            for market in priced(self._venue):
                for event in self._quotes(market):
                    if event.topic in topics:
                        socket.push(event.content)

    def events(self, happened: Happened) -> Iterator[StreamEvent]:
        """Return what the streams tell of what happened: the account's first."""
        for step in happened.orders:
            since = self._venue.came(step.after)
            for report in reports(step, self._orders.names(step.after)):
                cancel_id = self._orders.new_id() if report.kind == "CANCELED" else ""
                row = self._orders.shown(step.after, report.row)
                report = msgspec.structs.replace(report, row=row)  # noqa: PLW2901 - as it is shown
                payload = execution_report(report, since, happened.at, cancel_id)
                yield _account_event(Call.ORDER_EVENT, payload)
        if happened.balances:
            payload = account_position(happened.balances, happened.at)
            yield _account_event(Call.BALANCE_EVENT, payload)
        if happened.moved is not None:
            yield from self._quotes(self._venue.book.markets[happened.moved.symbol])

    def _quotes(self, market: Market) -> Iterable[StreamEvent]:
        self._updates += 1
        stream = market_id(market.rules.symbol).lower()
        told = {
            "bookTicker": book_ticker_event(market, self._updates),
            "ticker": day_ticker_event(market, self._venue.now),
        }
        return [
            StreamEvent(call=Call.QUOTE_EVENT, topic=f"{stream}@{name}", content=_text(payload))
            for name, payload in told.items()
        ]

    def _account_answer(self, socket: Socket, asked: dict[str, Any]) -> dict[str, object]:
        request_id, method = asked.get("id"), asked.get("method")
        params = {name: str(value) for name, value in (asked.get("params") or {}).items()}
        try:
            result = self._account_result(socket, str(method), params)
        except RefusedError as error:
            told = {"code": error.code, "msg": error.text}
            return {"id": request_id, "status": error.status, "error": told}
        return {"id": request_id, "status": 200, "result": result}

    def _account_result(
        self, socket: Socket, method: str, params: dict[str, str]
    ) -> dict[str, object]:
        if method == "userDataStream.subscribe.signature":
            self._check_subscription(params)
            socket.topics.add(ACCOUNT)
            return {"subscriptionId": 0}
        if method == "time":
            return {"serverTime": self._venue.now}
        if method == "ping":
            return {}
        raise RefusedError(-1000, f"no such method: {method}")

    def _check_subscription(self, params: dict[str, str]) -> None:
        signature = params.pop("signature", "")
        signed = "&".join(f"{name}={params[name]}" for name in sorted(params))
        self._check_trust(params.get("apiKey", ""), signed, signature, params)


def _account_event(call: Call, payload: dict[str, object]) -> StreamEvent:
    content = _text({"subscriptionId": 0, "event": payload})
    return StreamEvent(call=call, topic=ACCOUNT, content=content)


def _text(content: object) -> str:
    return msgspec.json.encode(content).decode()
