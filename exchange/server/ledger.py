"""The venue's ledger as a file: one JSON line for each request, answer, order step, fill and move.

Every time is the venue's own clock, in ms since 1970. A program that trades there is judged by
these lines, not by its own log.
"""

from decimal import Decimal
from pathlib import Path

import msgspec

from exchange.matching.state import VenueOrder
from exchange.server.venue import Clock, Happened
from exchange.server.wire import Call, Request
from exchange.server.wire_faults import WireFault, WireFaultKind
from messages.base import Symbol, Timestamp
from messages.money import Money
from messages.orders import OrderStatus, OrderType, Side, StopStatus

_TEXT_MOST = 400


class Asked(msgspec.Struct, frozen=True, kw_only=True, tag=True, tag_field="entry"):
    """One HTTP request."""

    at: Timestamp
    number: int
    """Its place among all requests; its answer has the same."""
    call: Call
    method: str
    path: str
    text: str
    """Query and body, without the signature."""
    fault: WireFaultKind | None = None


class Answered(msgspec.Struct, frozen=True, kw_only=True, tag=True, tag_field="entry"):
    """The answer to a request; a request whose client left first has none."""

    at: Timestamp
    number: int
    call: Call
    status: int
    text: str = ""
    """The body, where the status is 400 or more."""


class OrderStood(msgspec.Struct, frozen=True, kw_only=True, tag=True, tag_field="entry"):
    """How one order stands after something changed it."""

    at: Timestamp
    client_order_id: str
    exchange_order_id: str | None
    symbol: Symbol
    side: Side
    type: OrderType
    status: OrderStatus
    stop: StopStatus
    quantity: Decimal
    filled: Decimal
    price: Decimal | None = None
    trigger_price: Decimal | None = None


class Filled(msgspec.Struct, frozen=True, kw_only=True, tag=True, tag_field="entry"):
    """One fill; it follows its order's line."""

    at: Timestamp
    client_order_id: str
    symbol: Symbol
    side: Side
    quantity: Decimal
    price: Decimal
    fee: Money


class Moved(msgspec.Struct, frozen=True, kw_only=True, tag=True, tag_field="entry"):
    """The outside market traded."""

    at: Timestamp
    symbol: Symbol
    bid: float
    ask: float


Entry = Asked | Answered | OrderStood | Filled | Moved


class Ledger:
    """Writes the lines, each at once and whole."""

    def __init__(self, path: Path, now: Clock) -> None:
        """Append to ``path``."""
        self._file = path.open("ab", buffering=0)
        self._now = now
        self._requests = 0

    def close(self) -> None:
        """Write no more."""
        self._file.close()

    def asked(self, call: Call, request: Request, fault: WireFault | None) -> int:
        """Note a request; return its number."""
        self._requests += 1
        self._write(
            Asked(
                at=self._now(),
                number=self._requests,
                call=call,
                method=request.method,
                path=request.path,
                text=request.text.partition("signature=")[0][:_TEXT_MOST],
                fault=None if fault is None else fault.kind,
            )
        )
        return self._requests

    def answered(self, number: int, call: Call, status: int, body: bytes) -> None:
        """Note the answer to a request."""
        text = body[:_TEXT_MOST].decode(errors="replace") if status >= 400 else ""  # noqa: PLR2004 - HTTP: 400 and more are errors
        self._write(Answered(at=self._now(), number=number, call=call, status=status, text=text))

    def happened(self, happened: Happened) -> None:
        """Note what one command did at the venue."""
        if (moved := happened.moved) is not None:
            line = Moved(at=happened.at, symbol=moved.symbol, bid=moved.bid, ask=moved.ask)
            self._write(line)
        for step in happened.orders:
            self._write(_standing(step.after, happened.at))
            for trade in step.trades:
                self._write(
                    Filled(
                        at=happened.at,
                        client_order_id=trade.client_order_id,
                        symbol=trade.symbol,
                        side=trade.side,
                        quantity=trade.quantity,
                        price=trade.price,
                        fee=trade.fee,
                    )
                )

    def _write(self, entry: Entry) -> None:
        self._file.write(msgspec.json.encode(entry) + b"\n")


class LedgerReader:
    """Reads a ledger's lines while they are written."""

    def __init__(self, path: Path) -> None:
        """Begin at the first line."""
        self._path = path
        self._offset = 0

    def read(self) -> list[Entry]:
        """Return the whole lines that came since the last call."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                content = file.read()
        except FileNotFoundError:
            return []
        whole = content[: content.rfind(b"\n") + 1]
        self._offset += len(whole)
        return [msgspec.json.decode(line, type=Entry) for line in whole.splitlines()]


def _standing(order: VenueOrder, at: Timestamp) -> OrderStood:
    request, facts = order.request, order.facts
    return OrderStood(
        at=at,
        client_order_id=facts.client_order_id,
        exchange_order_id=facts.exchange_order_id,
        symbol=request.symbol,
        side=request.side,
        type=request.type,
        status=facts.status,
        stop=facts.stop,
        quantity=request.quantity,
        filled=facts.filled,
        price=request.price,
        trigger_price=request.trigger_price,
    )
