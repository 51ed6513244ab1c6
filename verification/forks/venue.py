"""One venue and one account, to which several processes are connected.

Owns who asked for what. Each connection is its process's own: answers go to it alone, news of an
order to all, as a user's stream does. A request may be lost, done without an answer, or late by
less than a request lives.
"""

from collections.abc import Callable
from enum import IntEnum, auto
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from exchange.paper import PaperExchange
from exchange.port import Event, Sink
from messages.base import ClientOrderId, Symbol, Timestamp
from messages.gateway import (
    CancelAtVenue,
    FetchBalances,
    FetchOpenOrders,
    FetchTrades,
    LookUpOrder,
    SubmitOrder,
)
from messages.market import FeeCurrency
from messages.market_data import QuoteReceived
from messages.order_router import (
    CancelFailed,
    FailureKind,
    OrderReported,
    StreamChanged,
    SubmitFailed,
)
from messages.orders import OrderTerms
from messages.reconciler import OpenOrdersReported
from verification.simulation.choices import Kind
from verification.simulation.in_flight import Way
from verification.simulation.plans import rules

if TYPE_CHECKING:
    from verification.forks.world import ForkWorld

_LOST = "no answer"


class Fate(IntEnum):
    """What becomes of a request."""

    ARRIVES = 0
    LATE = auto()
    NEVER_ARRIVED = auto()
    DONE_IN_SILENCE = auto()


class SharedVenue(PaperExchange):
    """The venue; it tells everybody who is connected."""

    def __init__(self, world: "ForkWorld", *market: Any) -> None:  # noqa: ANN401 - as PaperExchange
        super().__init__(self._tell, *market)
        self.world = world
        self.way = Way()
        self.links: list[Link] = []
        self.placed_at: dict[ClientOrderId, Timestamp] = {}
        self.placed_by: dict[ClientOrderId, int] = {}
        """The number of the process."""
        self.asking: Link | None = None
        """Whose request is in hand: its answer is for it alone."""

    def terms(self, order_id: ClientOrderId) -> OrderTerms:
        """Return what an order is."""
        request = self.book.orders[order_id].request
        return OrderTerms(
            symbol=request.symbol,
            side=request.side,
            quantity=request.quantity,
            price=request.price,
            trigger_price=request.trigger_price,
            placed_at=self.placed_at.get(order_id),
        )

    def _tell(self, event: Event) -> None:
        if isinstance(event, OrderReported):
            order_id = event.facts.client_order_id
            if order_id in self.book.orders:
                event = replace(event, terms=self.terms(order_id))
        elif isinstance(event, OpenOrdersReported):
            placed = (self.placed_at.get(one.client_order_id) for one in event.orders)
            event = replace(event, placed_at=tuple(placed))
        is_news = isinstance(event, OrderReported | QuoteReceived)
        if not is_news and self.asking is not None:
            self.asking.sink(event)
            return
        for link in tuple(self.links):
            link.sink(event)


class Link:
    """One process's connection: the port that its gateway sees."""

    def __init__(self, venue: SharedVenue, number: int, sink: Sink) -> None:
        self.venue = venue
        self.number = number
        self.sink = sink
        self._subscribed = False

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - the venue's own
        return getattr(self.venue, name)

    def submit(self, order: SubmitOrder, now: Timestamp) -> None:
        """Send an order, or lose it."""
        world, order_id = self.venue.world, order.request.client_order_id
        world.rules.submitted(self.number, order)

        def arrive(at: Timestamp) -> None:
            self.venue.placed_at.setdefault(order_id, at)
            self.venue.placed_by.setdefault(order_id, self.number)
            self._ask(lambda: self.venue.submit(order, at))

        lost = SubmitFailed(client_order_id=order_id, kind=FailureKind.UNKNOWN, text=_LOST)
        self._send(arrive, lost, now, f"submit {order_id}")

    def cancel(self, order: CancelAtVenue, now: Timestamp) -> None:
        """Send a cancel, or lose it."""
        order_id = order.client_order_id
        self.venue.world.rules.canceled(self.number, order)
        lost = CancelFailed(client_order_id=order_id, kind=FailureKind.UNKNOWN, text=_LOST)
        self._send(
            lambda at: self._ask(lambda: self.venue.cancel(order, at)),
            lost,
            now,
            f"cancel {order_id}",
        )

    def look_up(self, order: LookUpOrder, now: Timestamp) -> None:
        """Answer how an order stands."""
        self._ask(lambda: self.venue.look_up(order, now))

    def fetch_open_orders(self, request: FetchOpenOrders, now: Timestamp) -> None:
        """Answer which orders work."""
        self._ask(lambda: self.venue.fetch_open_orders(request, now))

    def fetch_trades(self, request: FetchTrades, now: Timestamp) -> None:
        """Answer what filled."""
        self._ask(lambda: self.venue.fetch_trades(request, now))

    def fetch_balances(self, request: FetchBalances, now: Timestamp) -> None:
        """Answer what the account holds."""
        self._ask(lambda: self.venue.fetch_balances(request, now))

    def fetch_market_rules(self, symbol: Symbol, now: Timestamp) -> None:
        """Answer a market's rules."""
        self._ask(lambda: self.venue.fetch_market_rules(symbol, now))

    def subscribe(self, symbol: Symbol, now: Timestamp) -> None:
        """Hear quotes and news from now on."""
        if self not in self.venue.links:
            self.venue.links.append(self)
        if not self._subscribed:
            self._subscribed = True
            self.sink(StreamChanged(up=True))
        self._ask(lambda: self.venue.subscribe(symbol, now))

    def close(self, _now: Timestamp) -> None:
        """Hear nothing more."""
        self.sink = _nobody
        if self in self.venue.links:
            self.venue.links.remove(self)

    def _ask(self, ask: Callable[[], None]) -> None:
        before, self.venue.asking = self.venue.asking, self
        try:
            ask()
        finally:
            self.venue.asking = before

    def _send(
        self, arrive: Callable[[Timestamp], None], lost: Event, now: Timestamp, name: str
    ) -> None:
        world = self.venue.world
        fate = Fate(0 if world.is_fair else world.choices.take(Kind.REQUEST, len(Fate)))
        match fate:
            case Fate.ARRIVES:
                arrive(now)
            case Fate.LATE:
                self.venue.way.hold(now, arrive, name)
            case Fate.NEVER_ARRIVED:
                self.sink(lost)
            case Fate.DONE_IN_SILENCE:
                before = self.sink
                self.sink = _nobody
                try:
                    arrive(now)
                finally:
                    self.sink = before
                self.sink(lost)


def market() -> tuple[Any, ...]:
    """Return what the venue lists: one market."""
    return ([rules(FeeCurrency.QUOTE)],)


def _nobody(_: Event) -> None:
    """Tell nobody."""
