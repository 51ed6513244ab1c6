"""The gateway to a real exchange: its events come from another thread, and enter as messages.

What is told of orders goes through this actor's own mailbox, so that one thread alone keeps what
is not recorded yet. Quotes and candles go straight to who decides on them: there are many.
"""

from collections.abc import Callable
from typing import Protocol, cast

from actors.gateway.actor import HEARS, Gateway
from actors.gateway.exit_mark import ExitMark
from actors.runtime.system import System
from exchange.port import Event, ExchangePort, Sink
from messages.addresses import OBSERVERS
from messages.base import Address, Message
from messages.gateway import SwitchKey, WatchSymbols
from messages.market_data import CandleReceived, QuoteReceived


class LivePort(ExchangePort, Protocol):
    """A port that polls what its streams don't tell."""

    def watch(self, plan: WatchSymbols) -> None:
        """Ask for silent symbols as often as market data wants it."""

    def switch_key(self, slot: int) -> None:
        """Sign with the keys of another slot from now on."""


class LiveGateway(Gateway):
    """Requests and events as any gateway's; events come from the connection's thread."""

    port: LivePort

    def __init__(
        self,
        system: System,
        address: Address,
        connect: Callable[[Sink], LivePort],
        mark: ExitMark | None = None,
    ) -> None:
        """Connect; events come by ``emit`` from now on. ``mark`` outlives the process."""
        super().__init__(system, address, connect, mark)

    def emit(self, event: Event) -> None:
        """Take an event of the port, from any thread."""
        if isinstance(event, QuoteReceived | CandleReceived):
            self.system.tell(HEARS[type(event)], event, self.address)
            self.system.tell(OBSERVERS, event, self.address)
        else:
            self.system.tell(self.address, event, self.address)

    def handle(self, message: Message) -> object:
        """Ask the venue, or hand on what it said."""
        if isinstance(message, WatchSymbols):
            self.port.watch(message)
        elif isinstance(message, SwitchKey):
            self.port.switch_key(message.slot)
        elif type(message) in HEARS:
            super().emit(cast("Event", message))
        else:
            super().handle(message)
        return None
