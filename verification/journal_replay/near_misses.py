"""A flight out of order: the same mail, and the same world outside, but not in the recorded order.

Owns which delivery comes next, and what must hold. Everything from outside says what it said when
the journal was written: each sender in its order, an answer not before its question, and of an
order nothing before it was sent. So a rule that breaks here shows an order of arrival that the
session did not meet, and could have.
"""

from collections import deque
from collections.abc import Sequence
from decimal import Decimal
from random import Random
from typing import NamedTuple

from actors.order_router.actor import OrderRouter
from actors.order_router.order import RoutedOrder
from actors.portfolio.actor import PortfolioActor
from actors.position.actor import PositionActor
from actors.position.states import State
from actors.runtime.actor import CoreActor
from inspection.sequence import arrow
from messages.addresses import CLOCK, OBSERVERS, ORDER_ROUTER, PORTFOLIO
from messages.base import Address, ClientOrderId, Message, MessageId, PositionId
from messages.envelope import Envelope
from messages.gateway import SubmitOrder
from messages.money import ZERO
from messages.observers import MessageSkipped
from messages.orders import OrderFacts, OrderStatus, Side
from verification.journal_replay.replay import Flight, Recording
from verification.simulation.story import diagram_of

_REFUSED_BY_NAME = "IllegalInputError"
_UNKNOWN_PLACE = -1
_MOST_DEVIATIONS = 4
OVERTAKEN_MS = 30_000
"""So long a message may wait for its turn: an actor that takes longer is taken for hung."""
_CHOICES = 6
_Pair = tuple[Address, Address]


class _Input(NamedTuple):
    """Something from outside, as it was recorded."""

    place: int
    """Sequence of the record that says so."""
    to: Address
    envelope: Envelope


class Perturbed(Flight):
    """The recorded actors, with the order of deliveries chosen: 0 is as recorded."""

    def __init__(self, recording: Recording, order: Sequence[int]) -> None:
        super().__init__(recording)
        self.lines: list[str] = []
        self.taken: list[int] = []
        """What was chosen, delivery by delivery."""
        self.skipped: list[MessageSkipped] = []
        self._order = order
        self._heard: set[bytes | str] = set()
        self._asked = {record.sequence: record for record in recording.records}
        self._inputs: dict[_Pair, deque[_Input]] = {}
        self._places: dict[tuple[Address, Address, str], deque[int]] = {}
        self._sent = set(self._orders())
        for record in recording.records:
            if self._is_core(record.actor):
                key = (record.sender, record.actor, repr(record.message))
                self._places.setdefault(key, deque()).append(record.sequence)
                if not record.id[0]:
                    self._add(
                        record.sequence, record.sender, record.actor, record.message, record.cause
                    )
            else:
                for send in record.outbox:
                    self._add(record.sequence, record.actor, send.to, send.message, record.id)

    def run(self) -> None:
        """Deliver everything. Raises ``AssertionError`` where a rule breaks."""
        while candidates := self._candidates():
            step = len(self.taken)
            choice = self._order[step] if step < len(self._order) else 0
            choice %= len(candidates)
            self.taken.append(choice)
            self._deliver(candidates[choice][1])
            self._judge()

    def diagram(self, error: str) -> str:
        """Return what was delivered, as a Mermaid sequence diagram."""
        return diagram_of(self.lines, error)

    def _add(
        self, place: int, sender: Address, to: Address, message: Message, cause: MessageId | None
    ) -> None:
        envelope = Envelope(message, sender, (0, place), cause)
        self._inputs.setdefault((sender, to), deque()).append(_Input(place, to, envelope))

    def _is_core(self, address: Address) -> bool:
        return address.startswith("position/") or self.core(address) is not None

    def _orders(self) -> dict[ClientOrderId, RoutedOrder]:
        actor = self.system.mailboxes[ORDER_ROUTER].actor
        assert isinstance(actor, OrderRouter)
        return actor.orders.by_id

    def _candidates(self) -> list[tuple[int, Address | _Pair]]:
        """Return what may be delivered next, in the order in which it was recorded."""
        found: list[tuple[int, Address | _Pair]] = []
        for address, mailbox in self.system.mailboxes.items():
            queue = mailbox.queue
            if isinstance(mailbox.actor, CoreActor) and isinstance(queue, deque) and queue:
                found.append((self._place_of(address, queue[0]), address))
        for pair, inputs in self._inputs.items():
            if inputs and self._may_come(inputs[0]):
                found.append((inputs[0].place, pair))
        found.sort(key=lambda one: one[0])
        return [one for one in found if self._at(one[0]) <= self._at(found[0][0]) + OVERTAKEN_MS]

    def _at(self, place: int) -> int:
        """Return when it was delivered then; what never was belongs to now."""
        record = self._asked.get(place)
        return self.clock.now() if record is None else record.now

    def _place_of(self, address: Address, delivery: object) -> int:
        if not isinstance(delivery, Envelope):
            return _UNKNOWN_PLACE
        places = self._places.get((delivery.sender, address, repr(delivery.message)))
        return places[0] if places else _UNKNOWN_PLACE

    def _may_come(self, one: _Input) -> bool:
        """Whether its receiver lives, and what it answers was asked."""
        message, cause = one.envelope.message, one.envelope.cause
        if self.core(one.to) is None:
            return False
        facts: OrderFacts | None = getattr(message, "facts", None)
        order_id = (
            getattr(message, "client_order_id", None) if facts is None else facts.client_order_id
        )
        if order_id is not None and order_id not in self._sent:
            return False
        asked = None if cause is None else self._asked.get(cause[0])
        if asked is None or cause is None or not asked.outbox:
            return True
        return repr(asked.outbox[cause[1]].message) in self._heard

    def _deliver(self, what: Address | _Pair) -> None:
        if isinstance(what, tuple):
            one = self._inputs[what].popleft()
            record = self._asked[one.place]
            self.clock.advance_to(max(self.clock.now(), record.now))
            # From one sender to one receiver nothing is overtaken: it is alone in its channel.
            self.system.mailboxes[one.to].queue.appendleft(one.envelope)
            address, envelope = one.to, one.envelope
        else:
            address = what
            waiting = self.system.mailboxes[address].queue.popleft()
            self.system.mailboxes[address].queue.appendleft(waiting)
            if not isinstance(waiting, Envelope):
                self.system.mailboxes[address].deliver_next()
                return
            envelope = waiting
        places = self._places.get((envelope.sender, address, repr(envelope.message)))
        if places:
            places.popleft()
        if envelope.sender != CLOCK:
            self.lines.append(arrow(envelope.sender, address, envelope.message))
        self.system.mailboxes[address].deliver_next()
        self._hear_outside()

    def _hear_outside(self) -> None:
        """Let the edges hear what was said to them."""
        for address, mailbox in tuple(self.system.mailboxes.items()):
            if isinstance(mailbox.actor, CoreActor):
                continue
            while mailbox.queue:
                delivery = mailbox.queue.popleft()
                if not isinstance(delivery, Envelope):
                    continue
                message = delivery.message
                self._heard.add(repr(message))
                if isinstance(message, SubmitOrder):
                    self._sent.add(message.request.client_order_id)
                if isinstance(message, MessageSkipped):
                    self.skipped.append(message)
                if address != OBSERVERS:
                    self.lines.append(arrow(delivery.sender, address, message))

    # What must hold.

    def _judge(self) -> None:
        for skipped in self.skipped:
            text = f"{skipped.actor} raised on {skipped.message_type}: {skipped.error}"
            assert skipped.error.startswith(_REFUSED_BY_NAME), text
        self._judge_books()
        by_position: dict[PositionId, list[RoutedOrder]] = {}
        for order in self._orders().values():
            by_position.setdefault(order.request.position_id, []).append(order)
        for position_id, orders in by_position.items():
            self._judge_orders(position_id, orders)

    def _judge_books(self) -> None:
        actor = self.system.mailboxes[PORTFOLIO].actor
        assert isinstance(actor, PortfolioActor)
        for account in actor.books.accounts.values():
            parts = account.free + account.reserved + account.invested
            assert parts == account.total, f"{account.currency} does not add up: {account}"

    def _judge_orders(self, position_id: PositionId, orders: list[RoutedOrder]) -> None:
        living = [order for order in orders if not order.facts.is_terminal]
        sells = [order for order in living if order.request.side is Side.SELL]
        certain = [order for order in sells if order.facts.status is not OrderStatus.UNKNOWN]
        ids = [order.request.client_order_id for order in certain]
        assert len(certain) <= 1, f"{position_id} has two exits that work: {ids}"
        mailbox = self.system.mailboxes.get(Address(f"position/{position_id}"))
        life = mailbox.actor.life if mailbox and isinstance(mailbox.actor, PositionActor) else None
        if life is None:
            return
        if life.position.state is State.CLOSED:
            left = [order.request.client_order_id for order in living]
            assert not left, f"{position_id} is CLOSED, and these work: {left}"
        if life.charter.adopted is None:
            bought = _filled(orders, Side.BUY)
            gone = _filled(orders, Side.SELL)
            working = sum((order.request.quantity - order.facts.filled for order in certain), ZERO)
            assert gone + working <= bought, (
                f"{position_id} bought {bought}, sold {gone}, and {working} works to be sold"
            )


def _filled(orders: Sequence[RoutedOrder], side: Side) -> Decimal:
    return sum((o.facts.filled for o in orders if o.request.side is side), ZERO)


def fly(recording: Recording, order: Sequence[int]) -> tuple[Perturbed, str | None]:
    """Fly once in this order; return the flight, and the rule that broke in it."""
    flight = Perturbed(recording, order)
    try:
        flight.run()
    except AssertionError as error:
        return flight, str(error)
    finally:
        flight.close()
    return flight, None


def orders_to_try(deliveries: int, tries: int, seed: int) -> list[tuple[int, ...]]:
    """Return orders that deviate a few times from the recorded one."""
    random = Random(f"flight/{seed}")  # noqa: S311 - to be repeated
    orders = []
    for _ in range(tries if deliveries else 0):
        order = [0] * deliveries
        for _ in range(random.randint(1, _MOST_DEVIATIONS)):
            order[random.randrange(deliveries)] = random.randint(1, _CHOICES)
        orders.append(tuple(order))
    return orders
