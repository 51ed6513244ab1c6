"""A stage for one position: the test plays every other actor, by name, and reads what was sent."""

from decimal import Decimal
from typing import TypeVar

from actors.position.core import step
from actors.position.exit_slot import SlotState
from actors.position.inputs import PositionMessage
from actors.position.position import Charter, Life, OwnOrder, Position, find_order
from actors.position.states import State
from messages.base import ClientOrderId, Message, PositionId, Symbol, Timestamp
from messages.envelope import Send, Step, Wake
from messages.market import Capabilities, MarketRules, Quote
from messages.market_data import ArmTriggers
from messages.money import ZERO, Money
from messages.order_router import CancelOrder, PlaceOrder
from messages.orders import (
    OrderFacts,
    OrderRequest,
    OrderStatus,
    OrderType,
    RejectReason,
    StopStatus,
)
from messages.plan import Plan
from messages.position import (
    Begin,
    BudgetGranted,
    LevelName,
    OrderUpdated,
    TriggerFired,
    TriggersArmed,
)

MessageT = TypeVar("MessageT", bound=Message)

SYMBOL = Symbol("BTC/USDT")
P1 = PositionId("p1")
RULES = MarketRules(
    symbol=SYMBOL,
    tick_size=Decimal("0.1"),
    step_size=Decimal("0.001"),
    min_quantity=Decimal("0.001"),
    min_notional=Decimal(5),
    maker_fee_ratio=Decimal("0.001"),
    taker_fee_ratio=Decimal("0.001"),
)
ALL_ABLE = Capabilities(native_stop=True, native_stop_limit=True, oco=True, post_only=True)
PLAN = Plan(take_profit_ratio=Decimal("0.03"), stop_loss_ratio=Decimal("0.02"))


def quote(price: float, at: int = 0) -> Quote:
    return Quote(symbol=SYMBOL, at=Timestamp(at), bid=price, ask=price, last=price)


class Stage:
    """One position and its script."""

    def __init__(
        self,
        plan: Plan = PLAN,
        *,
        budget: str = "1000",
        rules: MarketRules = RULES,
        capabilities: Capabilities = ALL_ABLE,
        price: float = 100.0,
        atr: float | None = None,
    ) -> None:
        self.life: Life | None = None
        self.now = Timestamp(1_000)
        self.sent: list[Message] = []
        """Everything that the position ever sent."""
        self.last: list[Message] = []
        """What the last message made it send."""
        self.reported: dict[str, OrderFacts] = {}
        """What the router last told of each order."""
        begin = Begin(
            position_id=P1,
            symbol=SYMBOL,
            budget=Decimal(budget),
            plan=plan,
            rules=rules,
            capabilities=capabilities,
            quote=quote(price),
            atr=atr,
            order_prefix="h0e1p1",
            decision="a test",
        )
        self.hear(begin)

    # What others say

    def hear(self, message: PositionMessage) -> Step:
        result = step(self.life, message, self.now)
        charter = self.life.charter if self.life else None
        position = self.life.position if self.life else None
        for change in result.changes:
            if isinstance(change, Charter):
                charter = change
            elif isinstance(change, Position):
                position = change
        if result.changes and charter is not None and position is not None:
            self.life = Life(charter, position)
        self.last = [send.message for send in result.outbox]
        self.sent += self.last
        return result

    def grant(self) -> "Stage":
        assert self.life is not None
        self.hear(BudgetGranted(budget=self.life.charter.budget))
        return self

    def report(
        self,
        order_id: str,
        status: OrderStatus,
        *,
        filled: str | None = None,
        price: str | None = None,
        fees: tuple[Money, ...] = (),
        stop: StopStatus | None = None,
        reason: RejectReason | None = None,
    ) -> "Stage":
        """The router tells how an order stands; without ``filled``: as much as it was."""
        known = self.reported.get(order_id)
        request = self.request(order_id)
        quantity = (known.filled if known else ZERO) if filled is None else Decimal(filled)
        at = Decimal(price) if price is not None else (request.price or Decimal(100))
        cost = (known.cost if known else ZERO) if filled is None else quantity * at
        has_stop = request.type in {OrderType.STOP, OrderType.STOP_LIMIT, OrderType.OCO}
        default = StopStatus.WORKING if has_stop else StopStatus.NONE
        facts = OrderFacts(
            client_order_id=ClientOrderId(order_id),
            status=status,
            filled=quantity,
            cost=cost,
            fees=fees,
            stop=default if stop is None else stop,
            reason=reason,
            at=self.now,
        )
        self.reported[order_id] = facts
        self.hear(OrderUpdated(facts=facts))
        return self

    def fill(self, order_id: str, price: str | None = None) -> "Stage":
        """The order fills completely."""
        quantity = str(self.request(order_id).quantity)
        return self.report(order_id, OrderStatus.FILLED, filled=quantity, price=price)

    def arm(self, *, fresh: bool = True) -> "Stage":
        """Market data arms the last registration."""
        generation = self.position.protection.generation
        self.hear(TriggersArmed(generation=generation, fresh=fresh))
        return self

    def fire(self, *levels: LevelName, price: float, generation: int | None = None) -> "Stage":
        current = self.position.protection.generation
        message = TriggerFired(
            generation=current if generation is None else generation,
            levels=levels,
            quote=quote(price, self.now),
        )
        self.hear(message)
        return self

    def wait(self, ms: int) -> "Stage":
        """Time passes; every deadline on the way is kept."""
        end = self.now + ms
        while (at := self.position.wakes_at) is not None and at <= end:
            self.now = Timestamp(max(at, self.now))
            self.hear(Wake())
            assert self.position.wakes_at != at, "a deadline that is never acted on"
        self.now = Timestamp(end)
        return self

    def protected(self) -> "Stage":
        """Bought at 100, armed, and the resting order works."""
        self.grant().fill("h0e1p1b1", "100").arm()
        if self.position.slot.state is SlotState.PLACING:
            assert self.position.slot.order_id is not None
            self.report(self.position.slot.order_id, OrderStatus.OPEN)
        return self

    # What can be seen

    @property
    def position(self) -> Position:
        assert self.life is not None
        return self.life.position

    def state(self) -> State:
        return self.position.state

    def order(self, order_id: str) -> OwnOrder:
        order = find_order(self.position, ClientOrderId(order_id))
        assert order is not None, f"{order_id} is not known"
        return order

    def request(self, order_id: str) -> OrderRequest:
        for message in self.sent:
            if isinstance(message, PlaceOrder) and message.request.client_order_id == order_id:
                return message.request
        raise AssertionError(f"{order_id} was never placed")

    def all_sent(self, kind: type[MessageT]) -> list[MessageT]:
        return [message for message in self.sent if isinstance(message, kind)]

    @property
    def placed(self) -> list[OrderRequest]:
        return [message.request for message in self.all_sent(PlaceOrder)]

    @property
    def canceled(self) -> list[str]:
        return [message.client_order_id for message in self.all_sent(CancelOrder)]

    @property
    def levels(self) -> dict[LevelName, float]:
        """What market data was last told."""
        return {level.name: level.price for level in self.all_sent(ArmTriggers)[-1].levels}

    def sends(self) -> list[Send]:
        return [Send("", message) for message in self.last]  # type: ignore[arg-type]

    @property
    def sold(self) -> Decimal:
        return self.position.booked.sold or ZERO
