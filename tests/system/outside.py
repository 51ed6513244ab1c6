"""What lives through the crashes of a session: the venue, and the count of where they happen.

The venue is the real matching engine behind the port. It remembers what it was told, as a real one
does, and passes a point before and after each request.
"""

from config.settings import Settings
from exchange.paper import PaperExchange
from exchange.port import Event, Sink
from messages.base import ClientOrderId, Timestamp
from messages.gateway import CancelAtVenue, LookUpOrder, SubmitOrder
from messages.money import Money
from tests.exchange.venue import RULES


class Crash(KeyboardInterrupt):
    """The process is killed."""


class Points:
    """Counts the points where a process can die, and kills it at chosen ones."""

    def __init__(self, *at: int, counts_disk: bool = False) -> None:
        self.names: list[str] = []
        self.counts_disk = counts_disk
        """Every write, sync and changed name is a point, too."""
        self._at = at
        self._is_due = False

    def pass_by(self, name: str) -> None:
        self.names.append(name)
        if self._is_due or len(self.names) in self._at:
            self._is_due = False
            raise Crash(name)

    def is_last_at_disk(self) -> bool:
        """Whether this is the last that the disk sees; the process is dead at the next point."""
        self.names.append("at the disk")
        if len(self.names) not in self._at:
            return False
        self._is_due = True
        return True


class Venue(PaperExchange):
    """Lives through crashes; whom its events reach changes."""

    reuses_ids = False
    """Takes a client order id again once its order is over, as Binance does."""

    def __init__(self, settings: Settings, points: Points) -> None:
        self.hears: Sink | None = None
        capital = [Money(currency, amount) for currency, amount in settings.capital.items()]
        super().__init__(self._tell, [RULES], capital, capabilities=settings.paper.capabilities)
        self._points = points

    def connect(self, emit: Sink) -> "Venue":
        self.hears = emit
        return self

    def hang_up(self) -> None:
        self.hears = None
        self._subscribed.clear()
        self._is_streaming = False

    def submit(self, order: SubmitOrder, now: Timestamp) -> None:
        self._points.pass_by("before a submit")
        known = self.book.orders.get(order.request.client_order_id)
        if self.reuses_ids and known is not None and known.facts.is_terminal:
            del self.book.orders[order.request.client_order_id]
            self.book.orders[ClientOrderId(f"{known.sequence}")] = known
        super().submit(order, now)
        self._points.pass_by("after a submit")

    def cancel(self, order: CancelAtVenue, now: Timestamp) -> None:
        self._points.pass_by("before a cancel")
        super().cancel(order, now)
        self._points.pass_by("after a cancel")

    def look_up(self, order: LookUpOrder, now: Timestamp) -> None:
        self._points.pass_by("before a look-up")
        super().look_up(order, now)
        self._points.pass_by("after a look-up")

    def _tell(self, event: Event) -> None:
        if self.hears is not None:
            self.hears(event)
