"""Any order of answers, losses, delays, doubles and wishes keeps what the router promises."""

from collections.abc import Callable
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from actors.order_router.order import Request, RoutedOrder, is_under_way, wake_at
from config.settings import RouterSettings
from messages.base import ClientOrderId, Milliseconds
from messages.envelope import Wake
from messages.gateway import CancelAtVenue, LookUpOrder, SubmitOrder
from messages.order_router import FailureKind, ReleaseOrders, ResendOrders, StreamChanged
from messages.orders import OrderFacts, OrderStatus, Purpose
from messages.portfolio import UnmatchedFill
from messages.position import OrderUpdated
from tests.actors.order_router.fake_venue import FakeVenue
from tests.actors.order_router.stage import P1, Stage, request

SETTINGS = RouterSettings(terminal_ttl_ms=Milliseconds(100_000_000))
ORDERS_MAX = 4
WORKING = {OrderStatus.NEW, OrderStatus.SUBMITTED, OrderStatus.UNKNOWN}


class Run:
    """A router and a venue; the schedule's numbers say what happens next."""

    def __init__(self) -> None:
        self.stage = Stage(SETTINGS)
        self.venue = FakeVenue()
        self.seen: dict[ClientOrderId, OrderFacts] = {}
        self.is_released = False
        self.placed = 0
        self.collected = 0
        """How much of what the router sent is on its way."""
        self.actions: list[Callable[[int], None]] = [
            self.serve,
            self.deliver,
            self.place,
            self.venue.fill,
            self.pass_time,
            self.cancel,
            self.venue.lose,
            self.repeat,
            self.fail_unknown_but_done,
            self.fail_unknown_and_delayed,
            self.fail_retryable,
            self.drop,
            self.arrive,
            self.change_stream,
            self.resend,
            self.release,
            self.go_well,
            self.refuse,
            self.venue.expire,
        ]

    def do(self, number: int) -> None:
        """Do what ``number`` says, then hand what the router asked to the network."""
        action = self.actions[number % len(self.actions)]
        self.step(lambda: action(number // len(self.actions)))

    def collect(self) -> None:
        fresh = self.stage.sent[self.collected :]
        self.collected = len(self.stage.sent)
        for send in fresh:
            if isinstance(send.message, SubmitOrder | CancelAtVenue | LookUpOrder):
                self.venue.requests.append(send.message)

    # What may happen.

    def place(self, choice: int) -> None:
        if self.placed < ORDERS_MAX and not self.is_released:
            self.placed += 1
            wait_ms = 5_000 if choice % 2 else None
            self.stage.place(request(f"he1p1x{self.placed}", Purpose.CLOSE), wait_ms)

    def cancel(self, choice: int) -> None:
        if self.placed and not self.is_released:
            self.stage.cancel(f"he1p1x{choice % self.placed + 1}", urgent=choice % 3 == 0)

    def serve(self, _: int) -> None:
        if self.venue.requests:
            self.venue.take(self.venue.requests.pop(0))

    def fail_unknown_but_done(self, _: int) -> None:
        if self.venue.requests:
            asked = self.venue.requests.pop(0)
            answers = self.venue.answers
            self.venue.answers = []
            self.venue.take(asked)
            self.venue.answers = answers
            self.venue.fail(asked, FailureKind.UNKNOWN)

    def fail_unknown_and_delayed(self, _: int) -> None:
        if self.venue.requests:
            self.venue.delay(self.venue.requests.pop(0))

    def fail_retryable(self, _: int) -> None:
        if self.venue.requests:
            self.venue.fail(self.venue.requests.pop(0), FailureKind.RETRYABLE)

    def refuse(self, _: int) -> None:
        if self.venue.requests:
            self.venue.fail(self.venue.requests.pop(0), FailureKind.REJECTED)

    def go_well(self, _: int) -> None:
        """A while without trouble: long enough to conclude from look-ups."""
        for _round in range(4):
            self.work_off()
            self.step(lambda: self.stage.pass_time(SETTINGS.retry_backoff_max_ms))

    def drop(self, _: int) -> None:
        if self.venue.requests:
            self.venue.requests.pop(0)

    def arrive(self, _: int) -> None:
        self.venue.arrive()

    def deliver(self, choice: int) -> None:
        if self.venue.answers:
            self.stage.tell(self.venue.answers.pop(choice % len(self.venue.answers)))

    def repeat(self, choice: int) -> None:
        if self.venue.reports:
            self.stage.tell(self.venue.reports[choice % len(self.venue.reports)])

    def pass_time(self, choice: int) -> None:
        self.stage.pass_time((100, 1_000, 5_000, 20_000)[choice % 4])

    def change_stream(self, choice: int) -> None:
        self.stage.tell(StreamChanged(up=choice % 2 == 0))

    def resend(self, _: int) -> None:
        self.stage.tell(ResendOrders(position_id=P1))

    def release(self, choice: int) -> None:
        if choice % 8 == 0:
            self.is_released = True
            booked = tuple(o.facts for o in self.stage.orders.by_id.values())
            self.stage.tell(ReleaseOrders(position_id=P1, booked=booked))

    # What must hold after each of it.

    def check(self) -> None:
        for order_id, order in self.stage.orders.by_id.items():
            self.check_order(order)
            self.check_progress(order, self.seen.get(order_id))
            self.seen[order_id] = order.facts
        assert len(self.venue.placed) == len(set(self.venue.placed)), "an order was doubled"

    def check_order(self, order: RoutedOrder) -> None:
        if order.facts.status in WORKING or (order.cancel is not None):
            assert wake_at(order) is not None, "an order in doubt is left without a deadline"
        if order.facts.status is OrderStatus.SUBMITTED:
            assert is_under_way(order, Request.SUBMIT)
        assert (order.facts.status is OrderStatus.SUBMITTED) == is_under_way(order, Request.SUBMIT)
        assert order.facts.filled <= self.venue.filled(order.request.client_order_id)
        if order.facts.is_terminal:
            assert (order.errand, order.cancel, order.wait_ends_at) == (None, None, None)

    def check_progress(self, order: RoutedOrder, before: OrderFacts | None) -> None:
        if before is None:
            return
        assert order.facts.filled >= before.filled
        assert order.facts.cost >= before.cost
        if before.is_terminal and before.status is not OrderStatus.REJECTED:
            assert order.facts.is_terminal
        if before.is_terminal and not order.facts.is_terminal:
            assert order.cancel is not None, "an order came back from the dead, and may stay"

    def check_told(self) -> None:
        """The last word that each position and the portfolio heard is what the router knows.

        But for one thing: that an order was sent is no news.
        """
        told = {m.facts.client_order_id: m.facts for m in self.stage.all_sent(OrderUpdated)}
        unmatched = {m.client_order_id: m for m in self.stage.all_sent(UnmatchedFill)}
        for order_id, order in self.stage.orders.by_id.items():
            if order.booked is None:
                is_sent = order.facts.status is OrderStatus.SUBMITTED
                assert is_sent or told[order_id] == order.facts
                continue
            beyond = order.facts.filled - order.booked.filled
            assert (unmatched[order_id].filled if order_id in unmatched else Decimal(0)) == beyond

    # How it ends when the network is well again.

    def settle(self) -> None:
        """Serve and deliver everything; cancel what rests; until nothing is left to do."""
        while self.venue.delayed:
            self.venue.arrive()
        self.step(lambda: self.stage.tell(StreamChanged(up=True)))
        self.work_off()
        for order_id in tuple(self.stage.orders.by_id):
            self.step(lambda order_id=order_id: self.stage.cancel(order_id))  # type: ignore[misc]  # bound now
        for _ in range(200):
            self.work_off()
            due = self.stage.next_deadline()
            if all(o.facts.is_terminal for o in self.stage.orders.by_id.values()) or due is None:
                return
            self.stage.now = max(self.stage.now, due[0])
            self.step(lambda key=due[1]: self.stage.tell(Wake(key=key)))  # type: ignore[misc]  # bound now

    def work_off(self) -> None:
        while self.venue.requests or self.venue.answers:
            self.step(lambda: self.serve(0))
            self.step(lambda: self.deliver(0))

    def step(self, action: Callable[[], object]) -> None:
        action()
        self.collect()
        self.check()


NUMBERS = st.integers(min_value=0, max_value=255)


@settings(deadline=None, max_examples=300)
@given(st.lists(NUMBERS, max_size=80) | st.lists(NUMBERS, min_size=60, max_size=120))
def test_no_schedule_loses_doubles_or_forgets_an_order(schedule: list[int]) -> None:
    run = Run()
    for number in schedule:
        run.do(number)
        run.check_told()
    run.settle()
    run.check_told()
    for order_id, order in run.stage.orders.by_id.items():
        assert order.facts.is_terminal
        assert order.facts.filled == run.venue.filled(order_id)
    assert all(facts.is_terminal for facts in run.venue.ledger.values()), "an order still lives"
    run.stage.tell(ReleaseOrders(position_id=P1))
    run.stage.pass_time(SETTINGS.terminal_ttl_ms)
    assert run.stage.orders.by_id == {}
    assert run.stage.orders.of_position(P1) == ()
    assert not any(run.stage.orders.counts.values())


@settings(deadline=None, max_examples=30)
@given(st.lists(NUMBERS, max_size=60))
def test_the_same_schedule_sends_the_same(schedule: list[int]) -> None:
    runs = [Run(), Run()]
    for run in runs:
        for number in schedule:
            run.do(number)
    assert runs[0].stage.sent == runs[1].stage.sent
