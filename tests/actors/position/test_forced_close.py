"""A position whose core is not asked any more is sold from the router's ledger alone."""

from decimal import Decimal

import msgspec
from msgspec.structs import replace

from actors.position.forced_close import Salvage, step
from actors.position.position import Life, Position
from actors.position.states import State
from messages.base import ClientOrderId, Currency, Message, Timestamp
from messages.envelope import NOTHING, Wake
from messages.money import ZERO, Money
from messages.observers import Alarm, AlarmKind
from messages.order_router import CancelOrder, PlaceOrder, ReadLedger, ReleaseOrders
from messages.orders import (
    OrderFacts,
    OrderRequest,
    OrderStatus,
    OrderType,
    Purpose,
    RejectReason,
    Side,
)
from messages.portfolio import AdoptedFill, BookPosition, UnmatchedPolicy
from messages.position import (
    CloseCause,
    LedgerOrder,
    LedgerRead,
    OrdersReleased,
    OrderUpdated,
    SalvagePosition,
)
from messages.positions import PositionEnded
from tests.actors.position.stage import P1, PLAN, SYMBOL, Stage

GO = SalvagePosition(position_id=P1, symbol=SYMBOL, reason="it raises")
ENTRY, TARGET = "h0e1p1b1", "h0e1p1x1"
BTC = Currency("BTC")


def row(
    order_id: str,
    status: OrderStatus,
    quantity: str,
    filled: str = "0",
    *,
    fee: str = "0",
    kind: OrderType = OrderType.LIMIT,
    reason: RejectReason | None = None,
) -> LedgerOrder:
    is_buy = "b" in order_id
    request = OrderRequest(
        client_order_id=ClientOrderId(order_id),
        position_id=P1,
        symbol=SYMBOL,
        side=Side.BUY if is_buy else Side.SELL,
        type=kind,
        purpose=Purpose.ENTRY if is_buy else Purpose.CLOSE,
        quantity=Decimal(quantity),
    )
    facts = OrderFacts(
        client_order_id=request.client_order_id,
        status=status,
        filled=Decimal(filled),
        cost=Decimal(filled) * 100,
        fees=(Money(BTC, Decimal(fee)),) if fee != "0" else (),
        reason=reason,
    )
    return LedgerOrder(request=request, facts=facts)


BOUGHT = row(ENTRY, OrderStatus.FILLED, "2", "2", fee="0.0021")


class Scene:
    """A position with a take profit at the venue; the test is the router."""

    def __init__(self, life: Life | None = None) -> None:
        self.life = life or Stage().protected().life
        self.salvage: Salvage | None = None
        self.now = Timestamp(50_000)
        self.hear(GO)

    def hear(self, message: Message) -> list[Message]:
        result = step(self.life, self.salvage, message, self.now)
        for change in result.changes:
            self._apply(change)
        return [send.message for send in result.outbox]

    def _apply(self, change: msgspec.Struct) -> None:
        if isinstance(change, Position):
            assert self.life is not None
            self.life = Life(self.life.charter, change)
        else:
            assert isinstance(change, Salvage)
            self.salvage = change

    def read(self, *orders: LedgerOrder) -> list[Message]:
        """The router answers the last question."""
        assert self.salvage is not None
        return self.hear(LedgerRead(number=self.salvage.reads, orders=orders))

    def wake(self) -> list[Message]:
        assert self.salvage is not None
        self.now = self.salvage.look_at
        return self.hear(Wake(key="salvage"))

    @property
    def position(self) -> Position:
        assert self.life is not None
        return self.life.position


def names(messages: list[Message]) -> list[str]:
    return [type(message).__name__ for message in messages]


def sale_of(messages: list[Message]) -> OrderRequest:
    [place] = [message for message in messages if isinstance(message, PlaceOrder)]
    return place.request


def test_it_lets_go_of_its_triggers_and_asks_for_the_whole_ledger() -> None:
    result = step(Stage().protected().life, None, GO, Timestamp(50_000))
    assert names([send.message for send in result.outbox]) == ["DisarmTriggers", "ReadLedger"]


def test_what_works_is_canceled_at_once_and_nothing_is_sold_beside_it() -> None:
    sent = Scene().read(BOUGHT, row(TARGET, OrderStatus.OPEN, "1.997"))
    assert sent == [CancelOrder(client_order_id=ClientOrderId(TARGET), urgent=True)]


def test_an_unknown_order_may_be_live_and_is_waited_for() -> None:
    scene = Scene()
    assert names(scene.read(BOUGHT, row(TARGET, OrderStatus.UNKNOWN, "1"))) == ["CancelOrder"]
    assert names(scene.wake()) == ["ReadLedger"]


def test_a_market_order_under_way_is_left_to_end() -> None:
    way = row("h0e1p1x2", OrderStatus.SUBMITTED, "1.997", kind=OrderType.MARKET)
    assert Scene().read(BOUGHT, way) == []


def test_what_is_left_after_fills_and_fees_in_coins_is_sold_in_whole_steps() -> None:
    sale = sale_of(Scene().read(BOUGHT, row(TARGET, OrderStatus.CANCELED, "1.997", "0.5")))
    assert (sale.quantity, sale.type, sale.side) == (Decimal("1.497"), OrderType.MARKET, Side.SELL)


def test_an_exit_id_is_never_used_again() -> None:
    assert sale_of(Scene().read(BOUGHT)).client_order_id == "h0e1p1x2", "the core used the first"
    used = row("h0e1p1x9", OrderStatus.CANCELED, "1")
    assert sale_of(Scene().read(BOUGHT, used)).client_order_id == "h0e1p1x10"


def test_a_refused_sale_is_tried_again_under_the_next_id_more_and_more_slowly() -> None:
    scene = Scene()
    refused = [BOUGHT]
    pauses, ids = [], []
    alarms: list[Message] = []
    for _ in range(12):
        sent = scene.read(*refused)
        sale, sold_at = sale_of(sent), scene.now
        alarms += [message for message in sent if isinstance(message, Alarm)]
        ids.append(sale.client_order_id)
        refused.append(
            row(sale.client_order_id, OrderStatus.REJECTED, "1", reason=RejectReason.DUPLICATE_ID)
        )
        scene.wake()
        pauses.append(scene.now - sold_at)
    assert ids == [f"h0e1p1x{n}" for n in range(2, 14)]
    assert pauses == sorted(pauses)
    assert pauses[0] == PLAN.exit_retry_ms
    assert pauses[-1] == PLAN.stuck_retry_ms
    assert alarms
    assert all(isinstance(a, Alarm) and a.kind is AlarmKind.EXIT_STUCK for a in alarms)


def test_before_the_pause_is_over_nothing_is_sold_again() -> None:
    scene = Scene()
    scene.read(BOUGHT)
    refused = row("h0e1p1x2", OrderStatus.REJECTED, "1")
    assert names(scene.hear(OrderUpdated(facts=refused.facts))) == ["ReadLedger"]
    assert scene.read(BOUGHT, refused) == []


def test_a_ledger_that_was_read_before_the_sale_sells_nothing_again() -> None:
    scene = Scene()
    assert scene.salvage is not None
    stale = LedgerRead(number=scene.salvage.reads, orders=(BOUGHT,))
    sale_of(scene.hear(stale))
    scene.now = Timestamp(scene.now + 1_000_000)
    assert scene.hear(stale) == []


def test_flat_it_books_all_of_it_lets_go_of_its_orders_and_tells_its_end() -> None:
    scene = Scene()
    sold = row("h0e1p1x2", OrderStatus.FILLED, "1.997", "1.997", kind=OrderType.MARKET)
    booking, release = scene.read(BOUGHT, sold)
    assert isinstance(booking, BookPosition)
    assert (booking.bought, booking.bought_cost) == (Decimal(2), Decimal(200))
    assert (booking.sold, booking.sold_proceeds) == (Decimal("1.997"), Decimal("199.7"))
    assert (booking.fees, booking.reserve) == ((Money(BTC, Decimal("0.0021")),), ZERO)
    assert booking.closed
    assert release == ReleaseOrders(position_id=P1, booked=(BOUGHT.facts, sold.facts))
    assert (scene.position.state, scene.position.close_reason) == (State.CLOSED, "it raises")
    assert scene.position.close_cause is CloseCause.BY_HAND
    assert names(scene.wake()) == ["BookPosition", "ReleaseOrders"], "it may not have been heard"
    assert PositionEnded(position_id=P1, symbol=SYMBOL) in scene.hear(OrdersReleased())
    assert names(scene.wake()) == ["BookPosition", "PositionEnded"]


def test_what_the_venue_refused_as_too_little_is_dust() -> None:
    below = RejectReason.BELOW_MINIMUM
    entry = row(ENTRY, OrderStatus.FILLED, "0.04", "0.04")
    refused = row("h0e1p1x2", OrderStatus.REJECTED, "0.04", reason=below)
    scene = Scene()
    scene.read(entry, refused)
    assert scene.position.state is State.CLOSED
    more = Scene()
    more.read(BOUGHT, refused)
    assert more.position.state is State.CLOSING, "more than that is no dust"


def test_a_position_that_was_closed_already_sells_nothing() -> None:
    scene = Scene(Stage().protected().fill(TARGET).life)
    assert names(scene.wake()) == ["BookPosition", "ReleaseOrders"]
    assert scene.read(BOUGHT) == []


def test_a_position_that_never_began_ends() -> None:
    result = step(None, None, GO, Timestamp(0))
    assert [s.message for s in result.outbox] == [PositionEnded(position_id=P1, symbol=SYMBOL)]
    assert step(None, None, Wake(), Timestamp(0)) == NOTHING


def test_coins_of_an_adopted_fill_are_sold_though_no_order_of_its_ledger_bought_them() -> None:
    life = Stage().protected().life
    assert life is not None
    entry, target = life.position.orders
    fill = AdoptedFill(
        client_order_id=ClientOrderId("h0e1p17b1"),
        quantity=entry.facts.filled,
        cost=entry.facts.cost,
        fees=(),
        policy=UnmatchedPolicy.ADOPT,
    )
    bought = replace(entry, facts=replace(entry.facts, client_order_id=ClientOrderId("h0e1p17b1")))
    adopting = Life(
        replace(life.charter, adopted=fill), replace(life.position, orders=(bought, target))
    )
    scene = Scene(adopting)
    sale = sale_of(scene.read(row(TARGET, OrderStatus.CANCELED, "2")))
    assert sale.quantity == entry.facts.filled


def test_an_early_wake_and_a_strangers_news_do_nothing() -> None:
    scene = Scene()
    assert scene.hear(Wake()) == []
    assert scene.hear(LedgerRead(number=99, orders=(BOUGHT,))) == []


def test_each_look_is_a_new_question() -> None:
    scene = Scene()
    questions = [*scene.wake(), *scene.wake(), *scene.hear(GO)]
    assert questions == [ReadLedger(position_id=P1, number=n) for n in (2, 3, 4)]
