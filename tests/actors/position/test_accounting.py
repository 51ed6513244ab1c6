"""What the portfolio is told: everything, cumulative, exactly when something of it changed."""

from decimal import Decimal

from msgspec.structs import replace

from actors.position.states import State
from messages.base import Currency, Milliseconds
from messages.market import FeeCurrency
from messages.money import ZERO, Money
from messages.orders import OrderStatus, OrderType
from messages.plan import Plan, Rung
from messages.portfolio import BookPosition
from messages.position import (
    BudgetDenied,
    CloseCause,
    ClosePosition,
    DenialReason,
    LevelName,
    MarketFreshness,
    ResendBooking,
)
from tests.actors.position.stage import PLAN, RULES, Stage

B1, X1, X2 = "h0e1p1b1", "h0e1p1x1", "h0e1p1x2"
USDT, BTC = Currency("USDT"), Currency("BTC")
GTC_ONLY = replace(PLAN, entry_ladder=(Rung(type=OrderType.LIMIT, wait_ms=Milliseconds(20_000)),))


def usdt(amount: str) -> tuple[Money, ...]:
    return (Money(USDT, Decimal(amount)),)


def bookings(stage: Stage) -> list[BookPosition]:
    return stage.all_sent(BookPosition)


def test_nothing_is_booked_before_something_happened() -> None:
    assert bookings(Stage().grant()) == []


def test_a_fill_is_booked_with_cost_fees_and_what_may_still_be_spent() -> None:
    stage = Stage(GTC_ONLY).grant()
    stage.report(B1, OrderStatus.PARTIALLY_FILLED, filled="3", price="99", fees=usdt("0.297"))
    booked = bookings(stage)[-1]
    assert booked.bought == 3
    assert booked.bought_cost == 297
    assert booked.fees == usdt("0.297")
    assert booked.reserve == 1000 - 297 - Decimal("0.297")
    assert not booked.closed


def test_bookings_are_cumulative() -> None:
    stage = Stage(GTC_ONLY).grant()
    stage.report(B1, OrderStatus.PARTIALLY_FILLED, filled="3", price="100", fees=usdt("0.3"))
    stage.report(B1, OrderStatus.FILLED, filled="9.99", price="100", fees=usdt("0.999"))
    stage.report(X1, OrderStatus.FILLED, filled="9.99", price="103", fees=usdt("1.02897"))
    last = bookings(stage)[-1]
    assert (last.bought, last.bought_cost) == (Decimal("9.99"), Decimal(999))
    assert (last.sold, last.sold_proceeds) == (Decimal("9.99"), Decimal("1028.97"))
    assert last.fees == usdt("2.02797")


def test_what_is_heard_twice_is_booked_once() -> None:
    stage = Stage(GTC_ONLY).grant().report(B1, OrderStatus.PARTIALLY_FILLED, filled="3")
    before = len(bookings(stage))
    stage.report(B1, OrderStatus.PARTIALLY_FILLED, filled="3")
    assert len(bookings(stage)) == before


def test_what_moves_no_money_is_not_booked() -> None:
    stage = Stage().protected()
    before = len(bookings(stage))
    stage.hear(MarketFreshness(fresh=False))
    stage.fire(LevelName.STOP_LOSS, price=97.9)
    assert len(bookings(stage)) == before


def test_fees_that_are_known_later_than_the_fill_are_booked() -> None:
    stage = Stage().protected()
    before = len(bookings(stage))
    stage.report(B1, OrderStatus.FILLED, filled="9.98", price="100", fees=usdt("0.998"))
    assert len(bookings(stage)) == before + 1
    assert bookings(stage)[-1].fees == usdt("0.998")


def test_the_reserve_is_given_back_when_the_entry_is_over() -> None:
    stage = Stage(GTC_ONLY).grant().report(B1, OrderStatus.PARTIALLY_FILLED, filled="3")
    assert bookings(stage)[-1].reserve == 700
    stage.report(B1, OrderStatus.CANCELED)
    assert bookings(stage)[-1].reserve == 0


def test_an_entry_that_cost_more_than_its_budget_leaves_no_negative_reserve() -> None:
    stage = Stage(GTC_ONLY).grant()
    stage.report(B1, OrderStatus.PARTIALLY_FILLED, filled="9", price="120")
    assert bookings(stage)[-1].reserve == 0


def test_a_fee_of_an_exit_takes_nothing_from_what_the_entry_may_spend() -> None:
    stage = Stage(GTC_ONLY).grant().report(B1, OrderStatus.PARTIALLY_FILLED, filled="3")
    stage.report(X1, OrderStatus.PARTIALLY_FILLED, filled="1", price="103", fees=usdt("0.103"))
    assert bookings(stage)[-1].reserve == 700


def test_fees_are_booked_in_their_own_currencies() -> None:
    stage = Stage(rules=replace(RULES, fee_currency=FeeCurrency.RECEIVED)).grant()
    stage.report(B1, OrderStatus.FILLED, filled="9.98", fees=(Money(BTC, Decimal("0.00998")),))
    stage.report(X1, OrderStatus.FILLED, filled="9.97", price="103", fees=usdt("1.02691"))
    assert bookings(stage)[-1].fees == (
        Money(BTC, Decimal("0.00998")),
        Money(USDT, Decimal("1.02691")),
    )
    assert stage.state() is State.CLOSED


def test_a_rebate_is_booked_as_a_negative_fee() -> None:
    stage = Stage().protected().report(X1, OrderStatus.FILLED, filled="9.98", fees=usdt("-0.1"))
    assert bookings(stage)[-1].fees == usdt("-0.1")


def test_the_end_is_booked_once_with_everything_and_nothing_reserved() -> None:
    stage = Stage().protected().fill(X1)
    ends = [booked for booked in bookings(stage) if booked.closed]
    assert len(ends) == 1
    assert ends[0].reserve == 0
    assert ends[0].sold == ends[0].bought == Decimal("9.98")


def test_a_denied_position_books_its_end_so_that_nothing_stays_reserved() -> None:
    stage = Stage()
    stage.hear(BudgetDenied(reason=DenialReason.COOLDOWN, text="until 12:00"))
    assert [(booked.closed, booked.reserve) for booked in bookings(stage)] == [(True, ZERO)]


def test_a_position_withdrawn_in_the_hands_of_the_portfolio_gives_its_budget_back() -> None:
    stage = Stage()
    stage.hear(ClosePosition(cause=CloseCause.BY_HAND, reason="no"))
    stage.grant()
    assert [(booked.closed, booked.reserve) for booked in bookings(stage)] == [(True, ZERO)]


def test_a_booking_that_got_lost_is_told_again_also_after_the_end() -> None:
    stage = Stage(GTC_ONLY).grant().report(B1, OrderStatus.PARTIALLY_FILLED, filled="3")
    stage.hear(ResendBooking())
    assert bookings(stage)[-1] == bookings(stage)[-2]
    stage.report(B1, OrderStatus.CANCELED)
    stage.fill(X1)
    stage.hear(ResendBooking())
    assert bookings(stage)[-1] == bookings(stage)[-2]
    assert bookings(stage)[-1].closed


def test_an_order_that_ended_without_a_fill_is_forgotten_and_comes_back_whole() -> None:
    plan = Plan(stop_loss_ratio=Decimal("0.02"))
    stage = Stage(plan).protected()
    stage.hear(ClosePosition(cause=CloseCause.BY_HAND, reason="out"))
    stage.report(X1, OrderStatus.EXPIRED)
    stage.wait(1_000)
    known = [order.facts.client_order_id for order in stage.position.orders]
    assert known == [B1, X2]
    before = stage.life
    stage.report(X1, OrderStatus.EXPIRED)
    assert (stage.life, stage.last) == (before, []), "told again after a restart, it is no news"
    stage.report(X1, OrderStatus.FILLED, filled="1", price="99")
    assert bookings(stage)[-1].sold == 1
