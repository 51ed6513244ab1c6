"""What a fill cost and its fees are asked for, again and again, until the venue says so."""

from decimal import Decimal
from itertools import permutations

from msgspec.structs import replace

from actors.order_router.facts import merge
from messages.addresses import GATEWAY, OBSERVERS, PORTFOLIO
from messages.base import Currency, Message
from messages.gateway import LookUpOrder
from messages.money import ZERO, Money
from messages.observers import Alarm, AlarmKind
from messages.order_router import OrderReported, ReleaseOrders
from messages.orders import FillSource, OrderFacts, OrderStatus, Side
from messages.portfolio import UnmatchedFill
from tests.actors.order_router.stage import ORDER, P1, Stage, facts

BTC, USDT = Currency("BTC"), Currency("USDT")
FEE = (Money(BTC, Decimal("0.002")),)


def told(**changes: object) -> OrderReported:
    silent = replace(facts(OrderStatus.FILLED, "2"), cost=ZERO, unpriced=Decimal(2))
    silent = replace(silent, fees_missing=Decimal(2))
    return OrderReported(facts=replace(silent, **changes))


def sent(stage: Stage, to: str, kind: type[Message]) -> list[Message]:
    return [s.message for s in stage.sent if s.to == to and isinstance(s.message, kind)]


def test_an_order_that_is_over_is_looked_up_until_its_money_is_known() -> None:
    stage = Stage()
    stage.place()
    stage.tell(told())
    for _ in range(3):
        looked = len(sent(stage, GATEWAY, LookUpOrder))
        stage.pass_time(120_000)
        assert len(sent(stage, GATEWAY, LookUpOrder)) > looked
        stage.tell(told())
    stage.tell(told(cost=Decimal(200), unpriced=ZERO, fees=FEE, fees_missing=ZERO))
    looked = len(sent(stage, GATEWAY, LookUpOrder))
    stage.pass_time(3_600_000)
    assert len(sent(stage, GATEWAY, LookUpOrder)) == looked
    (order,) = stage.orders.by_id.values()
    assert (order.facts.cost, order.facts.unpriced) == (Decimal(200), ZERO)


def test_people_hear_once_that_a_cost_does_not_come() -> None:
    stage = Stage()
    stage.place()
    stage.tell(told())
    for _ in range(20):
        stage.pass_time(120_000)
        stage.tell(told())
    alarms = sent(stage, OBSERVERS, Alarm)
    assert [alarm.kind for alarm in alarms if isinstance(alarm, Alarm)] == [AlarmKind.VALUE_MISSING]


def test_a_report_without_a_cost_takes_no_cost_back() -> None:
    whole = replace(facts(OrderStatus.FILLED, "2"), fees=FEE)
    part = facts(OrderStatus.PARTIALLY_FILLED, "1")
    silent = told().facts
    for order in permutations([whole, part, silent]):
        known = OrderFacts(client_order_id=ORDER, status=OrderStatus.NEW)
        for report in order:
            known = merge(known, report)
        assert known.cost == 200
        assert known.is_complete
        assert known.fees == FEE


def test_a_fee_of_a_better_source_replaces_one_in_another_currency() -> None:
    wrong = replace(
        facts(OrderStatus.FILLED, "2"),
        fees=(Money(USDT, Decimal("0.2")),),
        fee_source=FillSource.STREAM,
    )
    right = replace(facts(OrderStatus.FILLED, "2"), fees=FEE)
    for first, second in ((wrong, right), (right, wrong)):
        known = merge(
            merge(OrderFacts(client_order_id=ORDER, status=OrderStatus.NEW), first), second
        )
        assert known.fees == FEE


def test_a_late_fill_is_told_with_its_cost_or_not_yet() -> None:
    stage = Stage()
    stage.place()
    stage.tell(OrderReported(facts=facts(OrderStatus.CANCELED)))
    stage.tell(ReleaseOrders(position_id=P1))
    stage.tell(told())
    assert sent(stage, PORTFOLIO, UnmatchedFill) == []
    stage.tell(told(cost=Decimal(200), unpriced=ZERO, fees=FEE, fees_missing=ZERO))
    (unmatched,) = sent(stage, PORTFOLIO, UnmatchedFill)
    assert isinstance(unmatched, UnmatchedFill)
    assert [unmatched.filled, unmatched.cost] == [2, 200]
    assert unmatched.side is Side.BUY
