"""A position that begins with coins: protected by its plan, or sold at once."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from actors.position.states import State
from messages.base import ClientOrderId, Currency
from messages.market import MarketPhase, MarketRules
from messages.market_data import ArmTriggers, HoldSymbol
from messages.money import ZERO, Money
from messages.observers import Alarm, AlarmKind
from messages.order_router import ReleaseOrders
from messages.orders import OrderStatus, OrderType, Purpose, Side
from messages.plan import Plan
from messages.portfolio import AdoptedFill, BookPosition, ReserveBudget, UnmatchedPolicy
from messages.position import (
    Begin,
    BudgetGranted,
    CloseCause,
    LevelName,
    MarketReported,
    OrdersReleased,
)
from messages.positions import PositionEnded
from messages.strategy import EntryEnded
from tests.actors.position.scenes import BY_HAND, X1, X2
from tests.actors.position.stage import ALL_ABLE, P1, PLAN, RULES, SYMBOL, Stage, quote

ORDER = ClientOrderId("h0e1p9b1")
USDT = Currency("USDT")
TWO = Decimal(2)
FILL = AdoptedFill(
    client_order_id=ORDER,
    quantity=TWO,
    cost=Decimal(200),
    fees=(Money(USDT, Decimal("0.2")),),
    policy=UnmatchedPolicy.ADOPT,
)
SELL = replace(FILL, policy=UnmatchedPolicy.SELL)


class Adopted(Stage):
    """A stage whose position begins with a fill."""

    def __init__(
        self,
        fill: AdoptedFill = FILL,
        plan: Plan = PLAN,
        rules: MarketRules = RULES,
        begun_with: MarketRules | None = None,
    ) -> None:
        super().__init__(plan)
        self.life = None
        self.sent = []
        self.begin = Begin(
            position_id=P1,
            symbol=SYMBOL,
            budget=ZERO,
            plan=plan,
            rules=rules,
            capabilities=ALL_ABLE,
            quote=quote(90.0),
            order_prefix="h0e1p1",
            decision="a late fill",
            adopted=fill,
            begun_with=begun_with,
        )
        self.hear(self.begin)


def test_it_asks_for_no_budget_and_buys_nothing() -> None:
    stage = Adopted()
    assert stage.all_sent(ReserveBudget) == []
    assert stage.all_sent(EntryEnded) == []
    assert [order.side for order in stage.placed] == [Side.SELL]
    assert len(stage.all_sent(HoldSymbol)) == 1
    stage.hear(BudgetGranted(budget=Decimal(1000)))
    assert [order.side for order in stage.placed] == [Side.SELL]


def test_it_is_open_with_its_first_step_and_booked_with_what_it_adopts() -> None:
    stage = Adopted()
    assert stage.state() is State.OPEN
    (booking,) = stage.all_sent(BookPosition)
    assert (booking.bought, booking.bought_cost, booking.fees) == (TWO, Decimal(200), FILL.fees)
    assert (booking.adopts, booking.reserve, booking.closed) == (FILL, ZERO, False)


def test_it_is_protected_by_its_plan_from_the_price_it_was_bought_at() -> None:
    stage = Adopted()
    (order,) = stage.placed
    assert (order.purpose, order.price) == (Purpose.TAKE_PROFIT, Decimal("103.0"))
    assert stage.levels[LevelName.STOP_LOSS] == 98.0
    stage.arm()
    assert stage.state() is State.PROTECTING


def test_its_age_counts_from_its_beginning() -> None:
    stage = Adopted(plan=replace(PLAN, time_limit_ms=60_000))
    stage.arm().report(X1, OrderStatus.OPEN)
    assert stage.wait(59_999).state() is State.PROTECTING
    assert stage.wait(1).position.close_cause is None
    assert stage.state() is State.CLOSING
    assert stage.position.closing is not None
    assert stage.position.closing.cause is CloseCause.TIME_LIMIT


def test_sold_it_is_over_and_every_booking_says_what_it_adopted() -> None:
    stage = Adopted().arm().report(X1, OrderStatus.OPEN).fill(X1, "103")
    assert stage.state() is State.CLOSED
    assert stage.position.close_cause is CloseCause.TAKE_PROFIT
    bookings = stage.all_sent(BookPosition)
    assert [booking.closed for booking in bookings] == [False, True]
    assert {booking.adopts for booking in bookings} == {FILL}
    assert len(stage.all_sent(ReleaseOrders)) == 1
    stage.hear(OrdersReleased())
    assert len(stage.all_sent(PositionEnded)) == 1


def test_by_policy_it_leaves_at_once() -> None:
    stage = Adopted(SELL)
    assert stage.state() is State.CLOSING
    (order,) = stage.placed
    assert (order.purpose, order.type, order.quantity) == (Purpose.CLOSE, OrderType.MARKET, TWO)
    stage.fill(X1, "101")
    assert (stage.state(), stage.position.close_cause) == (State.CLOSED, CloseCause.ADOPTED_SALE)


def test_a_sale_by_policy_that_is_refused_is_tried_again() -> None:
    stage = Adopted(SELL).report(X1, OrderStatus.REJECTED)
    stage.wait(stage.position.wakes_at - stage.now if stage.position.wakes_at else 0)
    assert stage.placed[-1].client_order_id == X2


@pytest.mark.parametrize("policy", UnmatchedPolicy)
def test_what_is_too_little_to_be_sold_is_dust_and_closes_at_once(policy: UnmatchedPolicy) -> None:
    fill = replace(FILL, quantity=Decimal("0.01"), cost=Decimal(1), policy=policy)
    stage = Adopted(fill)
    assert stage.state() is State.CLOSED
    assert stage.placed == []
    (booking,) = stage.all_sent(BookPosition)
    assert (booking.closed, booking.adopts) == (True, fill)


def test_a_fee_taken_in_base_is_not_there_to_be_sold() -> None:
    fees = (Money(Currency("BTC"), Decimal("0.002")),)
    (order,) = Adopted(replace(FILL, fees=fees)).placed
    assert order.quantity == Decimal("1.998")


def test_closed_by_hand_it_leaves_as_any_other() -> None:
    stage = Adopted().arm().report(X1, OrderStatus.OPEN)
    stage.hear(BY_HAND)
    stage.report(X1, OrderStatus.CANCELED).fill(X2, "100")
    assert (stage.state(), stage.position.close_cause) == (State.CLOSED, CloseCause.BY_HAND)


def test_a_second_beginning_changes_nothing() -> None:
    stage = Adopted()
    triggers = len(stage.all_sent(ArmTriggers))
    assert stage.hear(stage.begin).changes == ()
    assert len(stage.all_sent(ArmTriggers)) == triggers


@pytest.mark.parametrize("fill", [FILL, SELL])
def test_coins_that_only_rules_since_then_make_unsellable_are_stranded_and_not_dust(
    fill: AdoptedFill,
) -> None:
    stage = Adopted(fill, rules=replace(RULES, min_quantity=Decimal(3)), begun_with=RULES)
    assert stage.state() is State.STRANDED
    (alarm,) = stage.all_sent(Alarm)
    assert alarm.kind is AlarmKind.UNSELLABLE
    stage.wait(3_600_000)
    assert stage.state() is State.STRANDED
    stage.hear(MarketReported(rules=RULES, capabilities=ALL_ABLE, phase=MarketPhase.OPEN))
    assert [order.quantity for order in stage.placed] == [TWO]


def test_coins_that_were_too_few_when_they_were_bought_are_dust() -> None:
    few = replace(FILL, quantity=Decimal("0.04"), cost=Decimal(4))
    stage = Adopted(few, rules=replace(RULES, min_quantity=Decimal(3)), begun_with=RULES)
    assert stage.state() is State.CLOSED
