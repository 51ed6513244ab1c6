"""A venue behind a bad network: it loses, delays, doubles and reorders, but its ledger is true.

The gateway's contract holds: each submit is answered once or never, and RETRYABLE is only said of a
submit that did not and will not arrive. Everything else may happen.
"""

from decimal import Decimal

from msgspec.structs import replace

from messages.base import ClientOrderId, Message
from messages.gateway import CancelAtVenue, LookUpOrder, SubmitOrder
from messages.money import ZERO
from messages.order_router import (
    CancelFailed,
    FailureKind,
    LookUpFailed,
    OrderNotFound,
    OrderReported,
    SubmitFailed,
)
from messages.orders import OrderFacts, OrderStatus

Request = SubmitOrder | CancelAtVenue | LookUpOrder

PRICE = Decimal(100)


def id_of(request: Request) -> ClientOrderId:
    match request:
        case SubmitOrder():
            return request.request.client_order_id
        case CancelAtVenue() | LookUpOrder():
            return request.client_order_id


class FakeVenue:
    """The ledger, the requests on their way to it and the answers on their way back."""

    def __init__(self) -> None:
        self.ledger: dict[ClientOrderId, OrderFacts] = {}
        self.quantities: dict[ClientOrderId, Decimal] = {}
        self.placed: list[ClientOrderId] = []
        """Each placing; an id that is in it twice was doubled."""
        self.requests: list[Request] = []
        self.delayed: list[SubmitOrder] = []
        """Answered as unknown, still on their way."""
        self.was_delayed: set[ClientOrderId] = set()
        self.answers: list[Message] = []
        self.reports: list[OrderReported] = []
        """All that was ever reported."""

    def take(self, request: Request) -> None:
        """Do what is asked, and answer."""
        order_id = id_of(request)
        known = self.ledger.get(order_id)
        match request:
            case SubmitOrder():
                self.placed.append(order_id)
                self.quantities[order_id] = request.request.quantity
                self.set(OrderFacts(client_order_id=order_id, status=OrderStatus.OPEN))
            case CancelAtVenue():
                if known is None or known.is_terminal:
                    failed = CancelFailed(client_order_id=order_id, kind=FailureKind.REJECTED)
                    self.answers.append(failed)
                else:
                    self.set(replace(known, status=OrderStatus.CANCELED))
            case LookUpOrder():
                if known is None:
                    self.answers.append(OrderNotFound(client_order_id=order_id))
                else:
                    self.set(known)

    def fail(self, request: Request, kind: FailureKind) -> None:
        """Answer that it failed."""
        order_id = id_of(request)
        match request:
            case SubmitOrder():
                self.answers.append(SubmitFailed(client_order_id=order_id, kind=kind))
            case CancelAtVenue():
                self.answers.append(CancelFailed(client_order_id=order_id, kind=kind))
            case LookUpOrder():
                self.answers.append(LookUpFailed(client_order_id=order_id))

    def delay(self, request: Request) -> None:
        """Say unknown of a submit that will arrive later."""
        if isinstance(request, SubmitOrder):
            self.delayed.append(request)
            self.was_delayed.add(id_of(request))
        self.fail(request, FailureKind.UNKNOWN)

    def arrive(self) -> None:
        """Let the oldest delayed submit arrive after all."""
        if self.delayed:
            self.take(self.delayed.pop(0))

    def set(self, facts: OrderFacts) -> None:
        self.ledger[facts.client_order_id] = facts
        report = OrderReported(facts=facts)
        self.answers.append(report)
        self.reports.append(report)

    def fill(self, choice: int) -> None:
        """Fill half a unit of a live order."""
        live = [facts for facts in self.ledger.values() if not facts.is_terminal]
        if not live:
            return
        facts = live[choice % len(live)]
        filled = facts.filled + Decimal("0.5")
        is_done = filled >= self.quantities[facts.client_order_id]
        status = OrderStatus.FILLED if is_done else OrderStatus.PARTIALLY_FILLED
        self.set(replace(facts, status=status, filled=filled, cost=filled * PRICE))

    def expire(self, choice: int) -> None:
        """End a live order from the venue's side."""
        live = [facts for facts in self.ledger.values() if not facts.is_terminal]
        if live:
            self.set(replace(live[choice % len(live)], status=OrderStatus.EXPIRED))

    def lose(self, choice: int) -> None:
        """Lose an event, unless only it could tell that a given-up order lives."""
        if not self.answers:
            return
        place = choice % len(self.answers)
        answer = self.answers[place]
        is_of_delayed = (
            isinstance(answer, OrderReported) and answer.facts.client_order_id in self.was_delayed
        )
        if not is_of_delayed:
            del self.answers[place]

    def filled(self, order_id: ClientOrderId) -> Decimal:
        facts = self.ledger.get(order_id)
        return ZERO if facts is None else facts.filled
