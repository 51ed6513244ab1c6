"""What a fill cost is not known yet: held, protected, not booked, and nothing final is done."""

from decimal import Decimal

from msgspec.structs import replace

from actors.position.core import FEES_WAIT_MS
from actors.position.states import State
from messages.base import ClientOrderId
from messages.market import FeeCurrency
from messages.money import ZERO, Money
from messages.observers import Alarm, AlarmKind
from messages.orders import OrderFacts, OrderStatus, OrderType
from messages.plan import Rung
from messages.portfolio import BookPosition
from messages.position import CloseCause, ClosePosition, LevelName, OrderUpdated, QuoteAnswered
from tests.actors.position.stage import PLAN, RULES, Stage, quote

ENTRY = "h0e1p1b1"
LADDER = (Rung(type=OrderType.MARKET), Rung(type=OrderType.MARKET))


def facts(
    stage: Stage,
    order_id: str,
    status: OrderStatus = OrderStatus.FILLED,
    *,
    filled: str | None = None,
    cost: str | None = None,
    fees: tuple[Money, ...] | None = None,
) -> OrderFacts:
    quantity = stage.request(order_id).quantity if filled is None else Decimal(filled)
    return OrderFacts(
        client_order_id=ClientOrderId(order_id),
        status=status,
        filled=quantity,
        cost=ZERO if cost is None else Decimal(cost),
        unpriced=quantity if cost is None else ZERO,
        fees=fees or (),
        fees_missing=quantity if fees is None else ZERO,
    )


def tell(stage: Stage, told: OrderFacts) -> None:
    stage.hear(OrderUpdated(facts=told))


def booked(stage: Stage) -> BookPosition:
    return stage.all_sent(BookPosition)[-1]


def test_coins_without_a_cost_are_protected_by_the_expected_price_and_not_booked() -> None:
    stage = Stage().grant()
    tell(stage, facts(stage, ENTRY))
    stage.arm()
    assert stage.state() is State.PROTECTING
    assert stage.levels[LevelName.STOP_LOSS] == 98.0  # 2 % under the quote of the decision
    last = booked(stage)
    assert last.bought == last.bought_cost == 0
    assert last.reserve == 1000  # its cash is gone at the venue: it is granted to nobody else


def test_the_books_and_the_levels_are_put_right_when_the_cost_comes() -> None:
    stage = Stage().grant()
    tell(stage, facts(stage, ENTRY))
    stage.arm()
    quantity = stage.request(ENTRY).quantity
    tell(stage, facts(stage, ENTRY, cost=str(quantity * 99), fees=()))
    last = booked(stage)
    assert [last.bought, last.bought_cost, last.reserve] == [quantity, quantity * 99, 0]
    assert stage.levels[LevelName.STOP_LOSS] == 97.0


def test_nothing_is_bought_on_top_of_what_is_not_priced() -> None:
    stage = Stage(replace(PLAN, entry_ladder=LADDER)).grant()
    tell(stage, facts(stage, ENTRY, OrderStatus.CANCELED, filled="1"))
    assert len([request for request in stage.placed if request.side == "buy"]) == 1
    assert stage.position.entry.is_over


def test_a_quote_after_a_late_fill_that_is_not_priced_buys_nothing() -> None:
    stage = Stage(replace(PLAN, entry_ladder=LADDER)).grant()
    stage.report(ENTRY, OrderStatus.EXPIRED)
    assert stage.position.entry.waits_for_quote
    tell(stage, facts(stage, ENTRY, OrderStatus.CANCELED, filled="1"))
    stage.hear(QuoteAnswered(quote=quote(100.0)))
    assert len([request for request in stage.placed if request.side == "buy"]) == 1
    assert stage.position.entry.is_over


def test_an_exit_without_its_proceeds_sells_once_and_closes_when_they_come() -> None:
    stage = Stage().protected()
    stage.hear(ClosePosition(cause=CloseCause.BY_HAND, reason="a test"))
    resting = stage.placed[-1].client_order_id
    stage.report(resting, OrderStatus.CANCELED)
    exit_id = stage.placed[-1].client_order_id
    tell(stage, facts(stage, exit_id))
    placed = len(stage.placed)
    stage.wait(600_000)
    assert stage.state() is State.CLOSING
    assert len(stage.placed) == placed
    assert booked(stage).sold == 0
    sold = stage.request(exit_id).quantity
    tell(stage, facts(stage, exit_id, cost=str(sold * 99), fees=()))
    assert stage.state() is State.CLOSED
    assert booked(stage).sold_proceeds == sold * 99


def test_fees_are_waited_for_a_while_and_then_people_hear_of_it() -> None:
    stage = Stage().protected()
    stage.hear(ClosePosition(cause=CloseCause.BY_HAND, reason="a test"))
    stage.report(stage.placed[-1].client_order_id, OrderStatus.CANCELED)
    exit_id = stage.placed[-1].client_order_id
    sold = stage.request(exit_id).quantity
    tell(stage, facts(stage, exit_id, cost=str(sold * 99)))
    assert stage.state() is State.CLOSING
    stage.wait(FEES_WAIT_MS - 1)
    assert stage.state() is State.CLOSING
    stage.wait(1)
    assert stage.state() is State.CLOSED
    (alarm,) = stage.all_sent(Alarm)
    assert alarm.kind is AlarmKind.VALUE_MISSING


def test_what_a_fee_that_is_not_told_may_have_taken_is_not_sold() -> None:
    stage = Stage(rules=replace(RULES, fee_currency=FeeCurrency.RECEIVED)).grant()
    quantity = stage.request(ENTRY).quantity
    tell(stage, facts(stage, ENTRY, cost=str(quantity * 100)))
    assert stage.life is not None
    assert stage.life.held == quantity * (1 - RULES.taker_fee_ratio)
    tell(stage, facts(stage, ENTRY, cost=str(quantity * 100), fees=()))
    assert stage.life.held == quantity
