"""MEXC's sockets: market streams, and the account's for who came with a listen key.

Owns listen keys, and what the streams tell: protobuf frames. A new subscription hears the prices
as they are at once; the venue itself tells them with the next change.
"""

from collections.abc import Iterator

import msgspec

from exchange.server.dialect import Socket, priced
from exchange.server.legs import reports
from exchange.server.mexc_payloads import balance_frame, book_frame, order_frame, trade_frame
from exchange.server.prices import market_id
from exchange.server.venue import Happened, Venue, client_name
from exchange.server.wire import Call, StreamEvent

_ORDERS = "spot@private.orders.v3.api.pb"
_DEALS = "spot@private.deals.v3.api.pb"
_ACCOUNT = "spot@private.account.v3.api.pb"
_BOOK = "spot@public.aggre.bookTicker.v3.api.pb@100ms@"


class MexcStreams:
    """What sockets say and hear."""

    def __init__(self, venue: Venue) -> None:
        """Begin with no listen key."""
        self._venue = venue
        self.listen_keys: list[str] = []

    def new_listen_key(self) -> str:
        """Return a key with which a socket hears the account."""
        self.listen_keys.append(f"listen{len(self.listen_keys) + 1}")
        return self.listen_keys[-1]

    def said(self, socket: Socket, text: str) -> None:
        """Do what a client asks."""
        asked = msgspec.json.decode(text)
        match asked.get("method"):
            case "ping" | "PING":
                socket.push(_answer("PONG"))
            case "SUBSCRIPTION":
                self._subscribe(socket, asked.get("params", []))
            case "UNSUBSCRIPTION":
                socket.topics.difference_update(asked.get("params", []))
                socket.push(_answer(",".join(asked.get("params", []))))
            case method:
                socket.push(_answer(f"no such method: {method}"))

    def events(self, happened: Happened) -> Iterator[StreamEvent]:
        """Return what the streams tell of what happened: the account's first."""
        for step in happened.orders:
            since = self._venue.came(step.after)
            for report in reports(step):
                if report.trade is not None:
                    name = client_name(report.trade.client_order_id)
                    frame = trade_frame(_DEALS, report.trade, name, happened.at)
                    yield StreamEvent(call=Call.TRADE_EVENT, topic=_DEALS, content=frame)
                frame = order_frame(_ORDERS, report.row, since, happened.at)
                yield StreamEvent(call=Call.ORDER_EVENT, topic=_ORDERS, content=frame)
        for held in happened.balances:
            frame = balance_frame(_ACCOUNT, held, happened.at)
            yield StreamEvent(call=Call.BALANCE_EVENT, topic=_ACCOUNT, content=frame)
        if happened.moved is not None:
            market = self._venue.book.markets[happened.moved.symbol]
            topic = _BOOK + market_id(market.rules.symbol)
            frame = book_frame(topic, market, happened.at)
            yield StreamEvent(call=Call.QUOTE_EVENT, topic=topic, content=frame)

    def _subscribe(self, socket: Socket, topics: list[str]) -> None:
        wants_account = any(topic.startswith("spot@private") for topic in topics)
        if wants_account and socket.query.get("listenKey") not in self.listen_keys:
            socket.push("Invalid listen key")
            return
        socket.topics.update(topics)
        socket.push(_answer(",".join(topics)))
        for market in priced(self._venue):
            topic = _BOOK + market_id(market.rules.symbol)
            if topic in topics:
                socket.push(book_frame(topic, market, self._venue.now))


def _answer(text: str) -> str:
    return msgspec.json.encode({"id": 0, "code": 0, "msg": text}).decode()
