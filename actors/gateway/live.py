"""The gateway to a real exchange: its events come from another thread, and enter as messages.

What is told of orders goes through this actor's own mailbox, so that one thread alone keeps what
is not recorded yet. Quotes and candles go straight to who decides on them: there are many.
"""

import time
from collections.abc import Callable, Iterable
from typing import Protocol, cast

import msgspec
from msgspec.structs import replace

from actors.gateway.actor import HEARS, Gateway
from actors.gateway.exit_mark import ExitMark
from actors.order_router.order import RoutedOrder
from actors.positions.roster import Living
from actors.runtime.system import System
from exchange.live.own_orders import OrderOnRecord
from exchange.port import Event, ExchangePort, Sink
from messages.addresses import OBSERVERS, ORDER_ROUTER, POSITIONS
from messages.base import Address, Message, Milliseconds
from messages.gateway import ForgetUnrecorded, SwitchKey, WatchSymbols
from messages.market_data import CandleReceived, QuoteReceived
from messages.order_router import RequestTimingMeasured

_ROUNDED_MS = 1
"""Both clocks are read in whole ms."""


class LivePort(ExchangePort, Protocol):
    """A port that polls what its streams don't tell."""

    def watch(self, plan: WatchSymbols) -> None:
        """Ask for silent symbols as often as market data wants it."""

    def switch_key(self, slot: int) -> None:
        """Sign with the keys of another slot from now on."""

    def know_orders(self, orders: Iterable[OrderOnRecord], *, is_holding: bool) -> None:
        """Know the orders of earlier processes; list those that may be open, at once.

        ``is_holding``: positions are open; what would delay them waits until ``restored``.
        """

    def restored(self) -> None:
        """Take in that what was open at the start is restored."""


class LiveGateway(Gateway):
    """Requests and events as any gateway's; events come from the connection's thread."""

    port: LivePort

    def __init__(
        self,
        system: System,
        address: Address,
        connect: Callable[[Sink], LivePort],
        mark: ExitMark | None = None,
        system_time: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        """Connect; events come by ``emit`` from now on. ``mark`` outlives the process.

        ``system_time``: ms, of the clock that the connection measures against.
        """
        self._system_time = system_time
        super().__init__(system, address, connect, mark)
        on_record = _on_record(system.recovered.get(ORDER_ROUTER, ()))
        positions = system.recovered.get(POSITIONS, ())
        is_holding = any(isinstance(one, Living) for one in positions)
        if on_record or is_holding:
            self.port.know_orders(on_record, is_holding=is_holding)

    def emit(self, event: Event) -> None:
        """Take an event of the port, from any thread."""
        if isinstance(event, RequestTimingMeasured):
            event = self._against_actors_clock(event)
        if isinstance(event, QuoteReceived | CandleReceived):
            self.system.tell(HEARS[type(event)], event, self.address)
            self.system.tell(OBSERVERS, event, self.address)
        else:
            self.system.tell(self.address, event, self.address)

    def _against_actors_clock(self, measured: RequestTimingMeasured) -> RequestTimingMeasured:
        """Return a measurement as the actors reckon with it.

        The connection measures against the system's clock, which may be set at any time and counts
        on while the machine is suspended; the actors' clock does neither.
        """
        ahead_ms = self._system_time() - self.now()
        error_ms = Milliseconds(measured.error_ms + _ROUNDED_MS)
        return replace(measured, offset_ms=measured.offset_ms + ahead_ms, error_ms=error_ms)

    def handle(self, message: Message) -> object:
        """Ask the venue, or hand on what it said."""
        if isinstance(message, WatchSymbols):
            self.port.watch(message)
        elif isinstance(message, SwitchKey):
            self.port.switch_key(message.slot)
        elif isinstance(message, ForgetUnrecorded):
            super().handle(message)
            self.port.restored()
        elif type(message) in HEARS:
            super().emit(cast("Event", message))
        else:
            super().handle(message)
        return None


def _on_record(entities: Iterable[msgspec.Struct]) -> list[OrderOnRecord]:
    """Return the orders that the journal begins with."""
    return [
        OrderOnRecord(
            symbol=one.request.symbol,
            client_order_id=one.request.client_order_id,
            exchange_order_id=one.facts.exchange_order_id,
            is_over=one.facts.is_terminal,
        )
        for one in entities
        if isinstance(one, RoutedOrder)
    ]
