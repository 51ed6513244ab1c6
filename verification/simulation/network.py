"""The line between a client and the venue: what becomes of what the venue says, and who hears it.

Owns connections and the way back. A connection ends with its process: answers to the dead are heard
by nobody.
"""

from collections.abc import Callable
from decimal import Decimal

import msgspec

from exchange.matching.queries import balances
from exchange.matching.state import VenueOrder
from exchange.paper import PaperExchange
from exchange.port import Event, Sink
from messages.base import ClientOrderId, Timestamp
from messages.gateway import FetchBalances, FetchOpenOrders, FetchTrades
from messages.market import Capabilities, MarketRules
from messages.market_data import QuoteReceived
from messages.money import Money
from messages.order_router import (
    CancelFailed,
    LookUpFailed,
    OrderNotFound,
    OrderReported,
    StreamChanged,
    SubmitFailed,
)
from messages.orders import OrderFacts, Side
from messages.portfolio import BalancesReported
from messages.reconciler import OpenOrdersReported, TradesReported
from verification.simulation.choices import Choices, Kind
from verification.simulation.faults import EventFate, less_told
from verification.simulation.in_flight import LIVES_MS, Way

BEHIND_MS = 60_000
"""How old balances may be that are told again: an exit without an answer is lost by then."""
_NOT_NOW = {EventFate.LATE, EventFate.CACHED, EventFate.LOST, EventFate.SOON}
_OverEvent = OrderReported | SubmitFailed | CancelFailed | OrderNotFound | LookUpFailed


class Line(PaperExchange):
    """A paper exchange that is heard over a bad line."""

    def __init__(
        self,
        emit: Sink,
        rules: MarketRules,
        balances: list[Money],
        capabilities: Capabilities,
        choices: Choices,
    ) -> None:
        super().__init__(self._on_event, [rules], balances, capabilities=capabilities)
        self.choices = choices
        self.way = Way()
        """What is under way and arrives later."""
        self.is_fair = False
        self.is_down = False
        self.tells_quotes = True
        self.disturbed_at = 0
        """When something last did not go the plain way."""
        self.changed: list[VenueOrder] = []
        """Orders that changed since somebody looked."""
        self.arrived_at: dict[ClientOrderId, int] = {}
        self.surprises: dict[ClientOrderId, Decimal] = {}
        """What filled after the venue had called the order over, base."""
        self.ghosts: set[ClientOrderId] = set()
        """Buys that came when everybody had given them up: all that they do is a surprise."""
        self.denied: set[ClientOrderId] = set()
        """Buys that are there though the answer said that they surely did not arrive.

        Who believes that may call them off, as never sent: they are over by that name then."""
        self.cancel_asked_at: dict[ClientOrderId, int] = {}
        """When a cancel of it last left for here."""
        self.asked_for: dict[ClientOrderId, Side] = {}
        """Orders that came here, or left for here."""
        self.on_fate: Callable[[str], None] = _nothing
        """Told what does not go the plain way."""
        self._sink = emit
        self._connection = self._asked_on = 0
        """Which process is connected, and which one's request is in hand."""
        self._now = Timestamp(0)
        self._answers: dict[ClientOrderId, Event | None] = {}
        """What is heard in place of the venue's next word on an order; None: nothing."""
        self._copy: tuple[int, BalancesReported] | None = None
        """Balances that are told once in place of the ledger's, and since when they are."""
        self.behind_ms = BEHIND_MS
        """How old balances may be that are told again."""
        self._told_copy = False
        """Whether the last answer was such a one: never two in a row."""
        self.stream = 1
        """Number of the connection that tells of the account: it grows with each gap."""
        self.stream_lag_ms = LIVES_MS
        """How late an event may be that comes without a gap."""
        self.heard: dict[ClientOrderId, OrderFacts] = {}
        """What the client that lives now was told of orders, as it stood last."""
        self._watch_book()

    def hang_up(self, now: Timestamp) -> None:
        """Lose the client: nobody hears anything more."""
        self.is_down = True
        self.disturbed_at = now
        self._connection += 1
        self.lose_events()
        self.heard.clear()

    def lose_events(self) -> None:
        """Let the stream have a gap."""
        self.stream += 1

    def connect(self, emit: Sink, now: Timestamp) -> None:
        """Take another client in the place of the one that died."""
        self._sink = emit
        self._asked_on = self._connection
        self._subscribed.clear()
        self._is_streaming = False
        self.is_down = False
        self.disturbed_at = now
        self._now = now

    def fetch_open_orders(self, request: FetchOpenOrders, now: Timestamp) -> None:
        """Tell which orders work, if it comes through."""
        self._now = now
        super().fetch_open_orders(request, now)

    def fetch_balances(self, request: FetchBalances, now: Timestamp) -> None:
        """Tell what the account holds, or what it held."""
        self._now = now
        copy, self._copy = self._copy, None
        self._told_copy = copy is not None and not self.is_fair and self._is_behind(*copy)
        if copy is None or not self._told_copy:
            super().fetch_balances(request, now)
            return
        self.disturbed_at = now
        self.on_fate(f"the balances are told as they were {now - copy[0]} ms ago")
        self._sink(copy[1])

    def _is_behind(self, since: int, told: BalancesReported) -> bool:
        return self._now - since <= self.behind_ms and told != balances(self.book)

    def fall_behind(self, now: Timestamp) -> None:
        """Let the next answer tell the balances as they are now."""
        if not self._told_copy:
            self._copy = now, balances(self.book)

    def fetch_trades(self, request: FetchTrades, now: Timestamp) -> None:
        """Tell what filled, if it comes through."""
        self._now = now
        super().fetch_trades(request, now)

    def set_stream(self, now: Timestamp, *, up: bool) -> None:
        """Cut the line, or mend it; what was on its way is lost."""
        if up is not self.is_down:
            return
        self.is_down = not up
        self.disturbed_at = now
        self.lose_events()
        self._sink(StreamChanged(up=up))
        self.measure_again()

    def measure_again(self) -> None:
        """Tell the venue's clock anew where it moved. Here there is none: see ``deadlines``."""

    def _hold(
        self, let_in: Callable[[Timestamp], None], name: str, lives_ms: int = LIVES_MS
    ) -> None:
        """Let a request arrive later; who asked it may have died by then."""
        asked_on = self._connection

        def arrive(at: Timestamp) -> None:
            self._asked_on = asked_on
            let_in(at)
            self._asked_on = self._connection

        self.way.hold(self._now, arrive, name, lives_ms)

    def _hold_event(self, event: _OverEvent, lives_ms: int = LIVES_MS) -> None:
        connection = self._connection
        self.way.hold(
            self._now,
            lambda at: self._arrive(event, at, connection),
            f"event {_order_of(event)}",
            lives_ms,
        )

    def _on_event(self, event: Event) -> None:
        if isinstance(event, QuoteReceived):
            if self.tells_quotes and not self.is_down:
                self._sink(event)
            return
        if isinstance(event, OpenOrdersReported | TradesReported):
            self._tell_list(event)
            return
        if not isinstance(event, _OverEvent):
            self._sink(event)
            return
        order_id = _order_of(event)
        if isinstance(event, SubmitFailed) and self._is_answered(order_id):
            return
        if isinstance(event, OrderNotFound):
            event = self.not_found(order_id)
        if order_id in self._answers:
            instead = self._answers.pop(order_id)
            if isinstance(event, OrderReported):
                self.lose_events()
            if instead is not None:
                self._sink(instead)
            return
        self._tell(event)

    def not_found(self, order_id: ClientOrderId) -> OrderReported | OrderNotFound:
        """Return the answer that the venue knows no such order."""
        return OrderNotFound(client_order_id=order_id)

    def cached_list(
        self, event: OpenOrdersReported | TradesReported
    ) -> OpenOrdersReported | TradesReported:
        """Return a list as a cache has it. Here there is none: see ``deadlines``."""
        return event

    def _is_answered(self, order_id: ClientOrderId) -> bool:
        """Return whether a denied order is refused as it arrives: each submit is answered once."""
        return order_id in self.denied and order_id not in self.book.orders

    def _tell_list(self, event: OpenOrdersReported | TradesReported) -> None:
        """Answer a question for a list, or not; late, the connection may be another by then."""
        fate = EventFate.ARRIVES
        if not self.is_fair:
            fate = EventFate(self.choices.take(Kind.EVENT, len(EventFate)))
        if fate is not EventFate.ARRIVES:
            self.on_fate(f"{type(event).__name__}: {fate.name}")
        if fate is EventFate.CACHED:
            event = self.cached_list(event)
        connection = self._connection

        def arrive(_at: Timestamp) -> None:
            if connection == self._connection and not self.is_down:
                self._sink(event)

        if fate not in {EventFate.LATE, EventFate.LOST, EventFate.SOON}:
            arrive(self._now)
        if fate in {EventFate.LATE, EventFate.TWICE, EventFate.SOON}:
            self.way.hold(self._now, arrive, type(event).__name__)

    def _answer(self, event: _OverEvent) -> None:
        """Answer for the line itself, or for a venue that did not do it."""
        if self.is_down:
            self._sink(event)
        else:
            self._tell(event)

    def _tell(self, event: _OverEvent) -> None:
        if self.is_down:
            self._arrive(event, self._now, self._connection)
            return
        if self._asked_on != self._connection and not isinstance(event, OrderReported):
            return  # an answer to a process that died
        fate = EventFate.ARRIVES
        if not self.is_fair:
            fate = EventFate(self.choices.take(Kind.EVENT, len(EventFate)))
        if fate is not EventFate.ARRIVES:
            self.disturbed_at = self._now
            self.on_fate(f"{type(event).__name__} of {_order_of(event)}: {fate.name}")
        if fate in {EventFate.WITHOUT_COST, EventFate.WITHOUT_FEES} and isinstance(
            event, OrderReported
        ):
            event = less_told(event, fate)
        is_stream = isinstance(event, OrderReported)
        if fate not in _NOT_NOW:
            self._hand_on(event)
        elif is_stream and fate is not EventFate.SOON:
            self.lose_events()
        if fate is EventFate.SOON:
            self._hold_event(event, self.stream_lag_ms)
        elif fate in {EventFate.LATE, EventFate.CACHED} or (fate is EventFate.TWICE and is_stream):
            self._hold_event(event)

    def _arrive(self, event: _OverEvent, now: Timestamp, connection: int) -> None:
        """Tell it, if the line is up, and to the process that it was for."""
        self._now = now
        if not self.is_down and connection == self._connection:
            self._hand_on(event)

    def _hand_on(self, event: _OverEvent) -> None:
        if isinstance(event, OrderReported):
            self.heard[event.facts.client_order_id] = event.facts
        self._sink(event)

    def _watch_book(self) -> None:
        apply = self.book.apply

        def watched(change: msgspec.Struct) -> None:
            self._note_change(change)
            apply(change)

        self.book.apply = watched  # type: ignore[method-assign]  # to look, not to change

    def _note_change(self, change: msgspec.Struct) -> None:
        if isinstance(change, VenueOrder):
            self._note_order(change)

    def _note_order(self, order: VenueOrder) -> None:
        self.changed.append(order)
        order_id = order.request.client_order_id
        before = self.book.orders.get(order_id)
        if order_id in self.ghosts:
            self.surprises[order_id] = order.facts.filled
        elif before is not None and before.facts.is_terminal:
            more = order.facts.filled - before.facts.filled
            self.surprises[order_id] = self.surprises.get(order_id, Decimal(0)) + more


def _nothing(*_: object) -> None:
    """Tell nobody."""


def _order_of(event: _OverEvent) -> ClientOrderId:
    if isinstance(event, OrderReported):
        return event.facts.client_order_id
    return event.client_order_id
