"""Does what the order router would: repeats what surely was not done, looks where nobody knows."""

from messages.base import ClientOrderId
from messages.order_router import (
    CancelFailed,
    FailureKind,
    LookUpFailed,
    OrderNotFound,
    OrderReported,
    SubmitFailed,
)
from messages.orders import OrderFacts
from tests.exchange.live.wire import WireVenue

ENOUGH_NOT_FOUNDS = 3
ANSWERS = (OrderReported, SubmitFailed, CancelFailed, OrderNotFound, LookUpFailed)
Answer = OrderReported | SubmitFailed | CancelFailed | OrderNotFound | LookUpFailed


class Driver:
    """One intent at a venue whose wire fails."""

    def __init__(self, venue: WireVenue) -> None:
        self.venue = venue

    def buy(self, name: str, quantity: str) -> OrderFacts:
        """Buy at the market, whatever it takes; return the order that did it."""
        for attempt in range(1, 6):
            order_id = f"{name}x{attempt}"
            facts = self._place(order_id, quantity)
            if facts is not None:
                return self._until_over(order_id, facts)
        raise AssertionError(f"not bought: {self.venue.notes}")

    def cancel(self, order_id: str) -> OrderFacts:
        """Cancel, whatever it takes; return how the order ended."""
        for _ in range(10):
            answer = self._ask(self.venue.cancel, order_id)
            if isinstance(answer, CancelFailed) and answer.kind is FailureKind.RETRYABLE:
                continue
            facts = answer.facts if isinstance(answer, OrderReported) else self.look_up(order_id)
            if facts is not None and facts.is_terminal:
                return facts
        raise AssertionError(f"not canceled: {self.venue.notes}")

    def look_up(self, order_id: str) -> OrderFacts | None:
        """Ask until it is found, or not found often enough."""
        not_founds = 0
        while not_founds < ENOUGH_NOT_FOUNDS:
            answer = self._ask(self.venue.look_up, order_id)
            if isinstance(answer, OrderReported):
                return answer.facts
            not_founds += isinstance(answer, OrderNotFound)
        return None

    def _place(self, order_id: str, quantity: str) -> OrderFacts | None:
        """Submit until it is taken, or known never to have arrived."""
        while True:
            answer = self._ask(lambda name: self.venue.buy(name, quantity), order_id)
            if isinstance(answer, OrderReported):
                return answer.facts
            assert isinstance(answer, SubmitFailed)
            if answer.kind is not FailureKind.RETRYABLE:
                return self.look_up(order_id)

    def _until_over(self, order_id: str, facts: OrderFacts) -> OrderFacts:
        while not facts.is_terminal:
            found = self.look_up(order_id)
            assert found is not None
            facts = found
        return facts

    def _ask(self, ask: object, order_id: str) -> Answer:
        """Ask, and return what was answered last about the order."""
        venue = self.venue
        count = len(venue.events)
        ask(order_id)  # type: ignore[operator]
        assert venue.exchange.wait_idle(10)
        answers = [
            event
            for event in venue.events[count:]
            if isinstance(event, ANSWERS) and _id_of(event) == order_id
        ]
        assert answers, f"no answer about {order_id}: {venue.notes}"
        return answers[-1]


def _id_of(answer: Answer) -> ClientOrderId:
    if isinstance(answer, OrderReported):
        return answer.facts.client_order_id
    return answer.client_order_id


def rest(venue: WireVenue, order_id: str, price: float = 105.0) -> None:
    """Place a sell of 1 that rests."""
    venue.sell(order_id, "1", price)
    venue.wait(0)
