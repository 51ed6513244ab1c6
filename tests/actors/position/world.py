"""The world around one position: a venue with a ledger of its own, and everybody else.

Nothing happens here by itself: a test, or the adversary, says what happens next. The wallet holds
foreign coins, so the venue refuses no oversale: the test must find it. Two things the venue never
does, since no position could survive them: sell for an order that it called over, or place a
request that it got more than ``REQUEST_LIVES_MS`` ago.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from actors.position.core import step
from actors.position.inputs import PositionMessage
from actors.position.position import Charter, Life, OwnOrder, Position, find_order
from actors.position.states import State
from actors.tables import IllegalInputError
from exchange.rules import fee_of_fill
from messages.base import ClientOrderId, Message, Timestamp
from messages.envelope import Wake
from messages.market import MarketRules, Quote
from messages.market_data import ArmTriggers, DisarmTriggers, Level, RequestQuote
from messages.money import ZERO, add_money, amount_in, floor_to_step, from_float
from messages.observers import Alarm
from messages.order_router import CancelOrder, PlaceOrder, ReleaseOrders
from messages.orders import (
    OrderFacts,
    OrderStatus,
    OrderType,
    RejectReason,
    Side,
    StopStatus,
    TimeInForce,
)
from messages.plan import Plan
from messages.portfolio import BookPosition, RequestBalance, ReserveBudget
from messages.position import (
    BalanceAnswered,
    Begin,
    BudgetGranted,
    ChangeProtection,
    LevelName,
    OrdersReleased,
    OrderUpdated,
    QuoteAnswered,
    SwitchProtection,
    TriggerFired,
    TriggersArmed,
)
from messages.positions import PositionEnded
from tests.actors.position.ledger import VenueOrder
from tests.actors.position.stage import ALL_ABLE, P1, SYMBOL

REQUEST_LIVES_MS = 30_000
HAS_STOP = frozenset({OrderType.STOP, OrderType.STOP_LIMIT, OrderType.OCO})


@dataclass
class World:
    """Everything around the position. An act is one thing that happens, and one message at most."""

    plan: Plan
    rules: MarketRules
    now: int = 1_000
    price: float = 100.0
    orders: dict[ClientOrderId, VenueOrder] = field(default_factory=dict)
    registration: ArmTriggers | None = None
    generation: int = 0
    asked: list[Message] = field(default_factory=list)
    """Requests to others that are not answered yet."""
    booked: BookPosition | None = None
    alarms: list[Alarm] = field(default_factory=list)
    is_ended: bool = False
    life: Life | None = None
    story: list[str] = field(default_factory=list)
    on_heard: Callable[["World"], None] = lambda _: None

    def begin(self) -> None:
        begin = Begin(
            position_id=P1,
            symbol=SYMBOL,
            budget=Decimal(1000),
            plan=self.plan,
            rules=self.rules,
            capabilities=ALL_ABLE,
            quote=self.quote(),
            atr=1.0,
            order_prefix="h0e1p1",
            decision="a race",
        )
        self.tell(begin)

    def enter(self) -> None:
        """Buy all of it, and protect it, without any trouble."""
        while self.position.state is not State.PROTECTING:
            for message in tuple(self.asked):
                self.answer(message)
            for order in tuple(self.orders.values()):
                if order.status is OrderStatus.SUBMITTED:
                    self.accept(order)
                if order.request.side is Side.BUY and order.remaining:
                    self.fill(order, order.remaining)
                self.report(order)

    @property
    def position(self) -> Position:
        assert self.life is not None
        return self.life.position

    @property
    def coins(self) -> Decimal:
        """What the venue holds for the position."""
        held = ZERO
        for order in self.orders.values():
            sign = 1 if order.request.side is Side.BUY else -1
            held += sign * order.filled - amount_in(order.fees, self.rules.base)
        return held

    def exits(self) -> list[VenueOrder]:
        """The exits that are under way to the venue or work there."""
        sells = [o for o in self.orders.values() if o.request.side is Side.SELL]
        return [order for order in sells if not order.is_over]

    def own(self, order: VenueOrder) -> OwnOrder | None:
        return find_order(self.position, order.request.client_order_id)

    def quote(self) -> Quote:
        p = self.price
        return Quote(symbol=SYMBOL, at=Timestamp(self.now), bid=p, ask=p, last=p)

    # What is told to the position, and what it asks for

    def tell(self, message: PositionMessage) -> None:
        self.story.append(f"{self.now} {message}")
        try:
            result = step(self.life, message, Timestamp(self.now))
        except IllegalInputError:
            assert isinstance(message, ChangeProtection | SwitchProtection), "a fact was refused"
            return
        charter, position = (self.life.charter, self.position) if self.life else (None, None)
        for change in result.changes:
            charter = change if isinstance(change, Charter) else charter
            position = change if isinstance(change, Position) else position
        assert charter is not None
        assert position is not None
        self.life = Life(charter, position)
        for send in result.outbox:
            self.story.append(f"    -> {send.message}")
            self.take(send.message)
        self.on_heard(self)

    def take(self, message: Message) -> None:
        """Hear what the position asks for."""
        match message:
            case PlaceOrder():
                assert message.request.client_order_id not in self.orders
                order = VenueOrder(request=message.request, sent_at=self.now)
                self.orders[message.request.client_order_id] = order
            case CancelOrder():
                self.orders[message.client_order_id].cancel_asked = True
            case BookPosition():
                self.booked = message
            case PositionEnded():
                assert not self.is_ended
                self.is_ended = True
            case Alarm():
                self.alarms.append(message)
            case DisarmTriggers():
                self.registration = None
            case ArmTriggers() | RequestQuote() | RequestBalance() | ReserveBudget():
                self.asked.append(message)
            case ReleaseOrders():
                self.asked.append(message)
            case _:
                pass  # for people

    def answer(self, message: Message, *, empty: bool = False) -> None:
        """Answer a request; ``empty``: as one who does not know."""
        self.asked.remove(message)
        match message:
            case ArmTriggers() if message.generation < self.generation:
                pass  # market data ignores an older one
            case ArmTriggers():
                self.generation = message.generation
                self.registration = message if message.levels else None
                self.tell(TriggersArmed(generation=message.generation, fresh=not empty))
                self.move(self.price)
            case RequestQuote():
                self.tell(QuoteAnswered(quote=None if empty else self.quote()))
            case RequestBalance():
                live = [order for order in self.exits() if order.is_live]
                free = self.coins - sum((order.remaining for order in live), ZERO)
                amount = None if empty else max(free, ZERO)
                self.tell(BalanceAnswered(currency=self.rules.base, free=amount))
            case ReserveBudget():
                self.tell(BudgetGranted(budget=message.budget))
            case ReleaseOrders():
                self.tell(OrdersReleased())
            case _:
                raise AssertionError(message)

    # What happens at the venue and in the market

    def report(self, order: VenueOrder) -> None:
        """The router tells how the order stands, as the venue has it."""
        order.told = order.facts(self.now)
        self.tell(OrderUpdated(facts=order.told))

    def lose(self, order: VenueOrder) -> None:
        """The router can't say how it stands."""
        known = order.told
        order.told = OrderFacts(
            client_order_id=order.request.client_order_id,
            status=OrderStatus.UNKNOWN,
            filled=known.filled if known else ZERO,
            cost=known.cost if known else ZERO,
            fees=known.fees if known else (),
            stop=known.stop if known else StopStatus.NONE,
        )
        self.tell(OrderUpdated(facts=order.told))

    def accept(self, order: VenueOrder) -> None:
        order.status = OrderStatus.OPEN
        order.stop = StopStatus.WORKING if order.request.type in HAS_STOP else StopStatus.NONE

    def end(self, order: VenueOrder, status: OrderStatus, reason: RejectReason | None) -> None:
        order.status, order.reason = status, reason
        if order.stop is StopStatus.WORKING:
            order.stop = StopStatus.GONE

    def is_wait_over(self, order: VenueOrder) -> bool:
        """Whether the router would cancel it by now: the rung's wait is over, or it is IOC."""
        request = order.request
        if request.time_in_force is TimeInForce.IOC:
            return self.now - order.sent_at > 0
        return request.wait_ms is not None and self.now - order.sent_at >= request.wait_ms

    def trigger(self, order: VenueOrder) -> None:
        order.stop = StopStatus.TRIGGERED

    def fill(self, order: VenueOrder, quantity: Decimal) -> None:
        """Fill a part of the order, or all of it."""
        request = order.request
        quantity = min(
            max(floor_to_step(quantity, self.rules.step_size), Decimal("0.001")), order.remaining
        )
        price = from_float(self.price, self.rules.tick_size)
        if order.stop is not StopStatus.TRIGGERED and request.price is not None:
            price = request.price
        fee = fee_of_fill(self.rules, request.side, price, quantity, is_maker=False)
        order.filled += quantity
        order.cost += price * quantity
        order.fees = add_money(order.fees, (fee,))
        if not order.is_over:
            order.status = OrderStatus.PARTIALLY_FILLED
        if not order.remaining:
            order.status = OrderStatus.FILLED
        if order.stop is StopStatus.WORKING:
            order.stop = StopStatus.GONE  # Binance: the first fill of an OCO cancels its stop

    def move(self, price: float) -> None:
        """The market trades at a price; market data fires what it touches."""
        self.price = price
        armed = self.registration
        if armed is None:
            return
        touched = [level.name for level in armed.levels if _is_touched(level, price)]
        if touched:
            self.registration = None
            levels = tuple(name for name in LevelName if name in touched)
            fired = TriggerFired(generation=armed.generation, levels=levels, quote=self.quote())
            self.tell(fired)

    def pass_time(self, ms: int) -> None:
        """Time passes; deadlines wake the position, requests that live too long are dropped."""
        end = self.now + ms
        while (at := self.position.wakes_at) is not None and at <= end:
            self.now = max(at, self.now)
            self._drop_old()
            self.tell(Wake())
            assert self.position.wakes_at != at, "a deadline that is never acted on"
        self.now = end
        self._drop_old()

    def _drop_old(self) -> None:
        for order in self.orders.values():
            is_old = self.now - order.sent_at >= REQUEST_LIVES_MS
            if order.status is OrderStatus.SUBMITTED and is_old:
                self.end(order, OrderStatus.REJECTED, RejectReason.NEVER_PLACED)


def is_lost(world: World, order: VenueOrder) -> bool:
    own = world.own(order)
    return own is not None and own.is_lost


def _is_touched(level: Level, price: float) -> bool:
    return price >= level.price if level.is_above else price <= level.price
