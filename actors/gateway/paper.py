"""The gateway to the embedded exchange: it also moves that exchange's market and its time."""

from collections.abc import Callable

from actors.gateway.actor import Gateway
from actors.runtime.system import System
from exchange.paper import PaperExchange
from exchange.port import Sink
from messages.base import Address, Message, Timestamp
from messages.envelope import Send, Wake
from messages.gateway import MarketMoved
from messages.market_data import NextLevel

_IN_FLIGHT = "in flight"


class PaperGateway(Gateway):
    """Requests and events as any gateway's, and the outside market's moves besides."""

    port: PaperExchange

    def __init__(
        self, system: System, address: Address, connect: Callable[[Sink], PaperExchange]
    ) -> None:
        """Connect to a venue of one's own."""
        super().__init__(system, address, connect)
        self._wakes_at: Timestamp | None = None
        """What the timer is set to."""

    def handle(self, message: Message) -> object:
        """Ask the venue, or let its market move."""
        match message:
            case MarketMoved():
                self.port.market_moved(message, self.now())
            case NextLevel():
                return self.port.next_level(message)
            case Wake():
                self._wakes_at = None  # it went off
                self.port.wake(self.now())
            case _:
                super().handle(message)
        self._watch_flights()
        return None

    def on_skipped(self, message: Message, error: BaseException) -> tuple[Send, ...]:
        """Let what is in flight arrive all the same."""
        if not isinstance(message, Wake):
            self._watch_flights()
        return super().on_skipped(message, error)

    def _watch_flights(self) -> None:
        at = self.port.next_wake()
        if at != self._wakes_at:
            self._wakes_at = at
            self.set_timer(_IN_FLIGHT, at)
