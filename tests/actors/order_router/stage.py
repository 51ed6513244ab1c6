"""A stage for the order router: the test plays positions, gateway and clock."""

from decimal import Decimal
from typing import TypeVar

from msgspec.structs import replace

from actors.order_router.core import step
from actors.order_router.order import RoutedOrder, wake_at
from actors.order_router.order_store import Orders
from config.settings import RouterSettings
from messages.base import ClientOrderId, Message, Milliseconds, PositionId, Symbol, Timestamp
from messages.envelope import Send, Step, Wake
from messages.money import ZERO
from messages.order_router import (
    CancelFailed,
    CancelOrder,
    FailureKind,
    LookUpFailed,
    OrderNotFound,
    OrderReported,
    PlaceOrder,
    SubmitFailed,
)
from messages.orders import (
    OrderFacts,
    OrderRequest,
    OrderStatus,
    OrderType,
    Purpose,
    RejectReason,
    Side,
)

MessageT = TypeVar("MessageT", bound=Message)

P1 = PositionId("p1")
ORDER = ClientOrderId("he1p1b1")
SYMBOL = Symbol("BTC/USDT")
SETTINGS = RouterSettings()


def request(order_id: str = ORDER, purpose: Purpose = Purpose.ENTRY) -> OrderRequest:
    return OrderRequest(
        client_order_id=ClientOrderId(order_id),
        position_id=PositionId(order_id[3:].partition("b")[0].partition("x")[0]),
        symbol=SYMBOL,
        side=Side.BUY if purpose is Purpose.ENTRY else Side.SELL,
        type=OrderType.LIMIT,
        purpose=purpose,
        quantity=Decimal(2),
        price=Decimal(100),
    )


def facts(status: OrderStatus, filled: str = "0", order_id: str = ORDER) -> OrderFacts:
    quantity = Decimal(filled)
    return OrderFacts(
        client_order_id=ClientOrderId(order_id),
        status=status,
        filled=quantity,
        cost=quantity * 100 if quantity else ZERO,
    )


class Stage:
    """One router and its script; time only passes where a test says so."""

    def __init__(self, settings: RouterSettings = SETTINGS) -> None:
        self.settings = settings
        self.orders = Orders()
        self.now = Timestamp(1_000_000)
        self.last = Step()
        self.sent: list[Send] = []
        """All that was ever sent."""

    def tell(self, message: Message) -> Step:
        self.last = step(self.orders, self.settings, message, self.now)
        for change in self.last.changes:
            self.orders.apply(change)
        self.sent += self.last.outbox
        return self.last

    def pass_time(self, milliseconds: int) -> None:
        """Let time pass and wake what is due, in the order of its deadlines."""
        until = self.now + milliseconds
        while (due := self.next_deadline()) is not None and due[0] <= until:
            self.now = max(self.now, due[0])
            self.tell(Wake(key=due[1]))
        self.now = Timestamp(until)

    def next_deadline(self) -> tuple[Timestamp, ClientOrderId] | None:
        deadlines = [(wake_at(o), i) for i, o in self.orders.by_id.items()]
        return min(((at, i) for at, i in deadlines if at is not None), default=None)

    # What positions ask.

    def place(self, wanted: OrderRequest | None = None, wait_ms: int | None = None) -> Step:
        wanted = wanted or request()
        if wait_ms is not None:
            wanted = replace(wanted, wait_ms=Milliseconds(wait_ms))
        return self.tell(PlaceOrder(request=wanted))

    def cancel(self, order_id: str = ORDER, *, urgent: bool = False) -> Step:
        return self.tell(CancelOrder(client_order_id=ClientOrderId(order_id), urgent=urgent))

    # What the gateway answers.

    def report(self, status: OrderStatus, filled: str = "0", order_id: str = ORDER) -> Step:
        return self.tell(OrderReported(facts=facts(status, filled, order_id)))

    def fail_submit(
        self,
        kind: FailureKind,
        reason: RejectReason = RejectReason.OTHER,
        retry_after_ms: int | None = None,
    ) -> Step:
        after = None if retry_after_ms is None else Milliseconds(retry_after_ms)
        return self.tell(
            SubmitFailed(client_order_id=ORDER, kind=kind, reason=reason, retry_after_ms=after)
        )

    def fail_cancel(self, kind: FailureKind, retry_after_ms: int | None = None) -> Step:
        after = None if retry_after_ms is None else Milliseconds(retry_after_ms)
        return self.tell(CancelFailed(client_order_id=ORDER, kind=kind, retry_after_ms=after))

    def fail_look_up(self, retry_after_ms: int | None = None) -> Step:
        after = None if retry_after_ms is None else Milliseconds(retry_after_ms)
        return self.tell(LookUpFailed(client_order_id=ORDER, retry_after_ms=after))

    def not_found(self) -> Step:
        return self.tell(OrderNotFound(client_order_id=ORDER))

    # What a test reads.

    def order(self, order_id: str = ORDER) -> RoutedOrder:
        return self.orders.by_id[ClientOrderId(order_id)]

    def status(self, order_id: str = ORDER) -> OrderStatus:
        return self.order(order_id).facts.status

    def all_sent(self, kind: type[MessageT]) -> list[MessageT]:
        return [s.message for s in self.sent if isinstance(s.message, kind)]

    def just_sent(self, kind: type[MessageT]) -> list[MessageT]:
        return [s.message for s in self.last.outbox if isinstance(s.message, kind)]
