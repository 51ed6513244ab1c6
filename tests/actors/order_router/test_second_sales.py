"""A sale of unknown outcome: another beside it, and what takes up its coin meanwhile."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from messages.base import ClientOrderId, Currency, PositionId, Symbol, Timestamp
from messages.envelope import Wake
from messages.gateway import SubmitOrder
from messages.market import RequestTerms
from messages.order_router import FailureKind, PlaceOrder, ReleaseOrders, SubmitFailed
from messages.orders import OrderStatus, OrderType, Side
from messages.portfolio import OfferUnmatched, UnmatchedFill
from messages.position import OrderUpdated
from tests.actors.order_router.stage import P1, SETTINGS, Stage, request
from tests.actors.order_router.test_timing import EXIT, TERMS, fail, sell, timed


def offer(stage: Stage) -> tuple[OrderType, ...]:
    """Send an exit of which nothing is heard; return what may be sent beside it."""
    sell(stage)
    fail(stage, FailureKind.UNKNOWN)
    (told,) = stage.just_sent(OrderUpdated)
    return told.beside


def bought(stage: Stage, order_id: str, status: OrderStatus, filled: str) -> None:
    stage.place(request(order_id))
    stage.report(status, filled, order_id)


def test_another_sale_is_offered_beside_one_that_locks_its_coins() -> None:
    assert offer(timed()) == TERMS.locking


@pytest.mark.parametrize(
    "terms", [None, replace(TERMS, locking=()), replace(TERMS, locking=(OrderType.STOP,))]
)
def test_none_is_offered_where_it_is_not_known_to_lock(terms: RequestTerms | None) -> None:
    assert offer(timed(terms)) == ()


def test_one_is_offered_also_where_no_life_of_a_request_is_known() -> None:
    assert offer(timed(replace(TERMS, settle_ms=None))) == TERMS.locking


@pytest.mark.parametrize(
    ("status", "filled"),
    [(OrderStatus.OPEN, "0"), (OrderStatus.PARTIALLY_FILLED, "1"), (OrderStatus.FILLED, "2")],
)
def test_none_is_offered_while_another_position_buys_or_holds_the_coin(
    status: OrderStatus, filled: str
) -> None:
    stage = timed()
    bought(stage, "he1p2b1", status, filled)
    assert offer(stage) == ()


def test_none_is_offered_after_a_buy_that_was_canceled_a_moment_ago_and_may_have_filled() -> None:
    stage = timed()
    bought(stage, "he1p2b1", OrderStatus.CANCELED, "0")
    assert offer(stage) == ()


def test_one_is_offered_after_another_position_has_ended() -> None:
    stage = timed()
    bought(stage, "he1p2b1", OrderStatus.FILLED, "2")
    facts = stage.order("he1p2b1").facts
    stage.tell(ReleaseOrders(position_id=PositionId("p2"), booked=(facts,)))
    assert offer(stage) == TERMS.locking


def test_none_is_offered_while_a_position_lives_on_a_market_that_is_paid_in_the_coin() -> None:
    stage = timed()
    paid_in = replace(request("he1p3b1"), symbol=Symbol("ETH/BTC"))
    stage.tell(PlaceOrder(request=paid_in))
    stage.report(OrderStatus.FILLED, "2", "he1p3b1")
    assert offer(stage) == ()


def buy(stage: Stage, order_id: str, symbol: str = "BTC/USDT") -> OrderUpdated | None:
    stage.tell(PlaceOrder(request=replace(request(order_id), symbol=Symbol(symbol))))
    return next(iter(stage.just_sent(OrderUpdated)), None)


@pytest.mark.parametrize("symbol", ["BTC/USDT", "BTC/EUR"])
def test_until_the_unseen_sale_is_over_nothing_buys_its_coin_in_any_pair(symbol: str) -> None:
    stage = timed()
    assert offer(stage)
    refused = buy(stage, "he1p2b1", symbol)
    assert refused is not None
    assert refused.facts.status is OrderStatus.REJECTED
    assert EXIT in refused.facts.text
    stage.report(OrderStatus.CANCELED, order_id=EXIT)
    buy(stage, "he1p2b2", symbol)
    assert [one.request.client_order_id for one in stage.just_sent(SubmitOrder)] == ["he1p2b2"]


@pytest.mark.parametrize("terms", [None, TERMS, replace(TERMS, settle_ms=None, locking=())])
def test_every_sale_of_unknown_outcome_keeps_its_coin_from_being_bought(
    terms: RequestTerms | None,
) -> None:
    stage = timed(terms)
    sell(stage)
    fail(stage, FailureKind.UNKNOWN)
    assert buy(stage, "he1p2b1") is not None
    assert stage.just_sent(SubmitOrder) == []
    assert stage.status("he1p2b1") is OrderStatus.REJECTED


@pytest.mark.parametrize("was_late", [True, False])
def test_a_buy_that_has_to_be_sent_again_is_refused_meanwhile(was_late: bool) -> None:  # noqa: FBT001 - a case
    stage = timed()
    stage.place(request("he1p2b1"))
    sell(stage)
    fail(stage, FailureKind.UNKNOWN)
    failed = SubmitFailed(
        client_order_id=ClientOrderId("he1p2b1"), kind=FailureKind.RETRYABLE, was_late=was_late
    )
    stage.tell(failed)
    stage.pass_time(1_000)
    assert stage.status("he1p2b1") is OrderStatus.REJECTED
    assert [one.request.client_order_id for one in stage.all_sent(SubmitOrder)] == [
        "he1p2b1",
        EXIT,
    ]


def late_fill(stage: Stage, filled: str = "2") -> list[UnmatchedFill]:
    """Let a buy of another position, which let go of it, fill after all."""
    stage.report(OrderStatus.FILLED, filled, "he1p2b1")
    return stage.just_sent(UnmatchedFill)


def released_buy() -> Stage:
    stage = timed()
    bought(stage, "he1p2b1", OrderStatus.CANCELED, "0")
    stage.tell(ReleaseOrders(position_id=PositionId("p2")))
    return stage


def test_a_late_fill_waits_for_unseen_sales_and_is_offered_when_the_last_is_over() -> None:
    stage = released_buy()
    sell(stage)
    fail(stage, FailureKind.UNKNOWN)
    (told,) = late_fill(stage)
    assert told.waits_for == (EXIT,)
    assert stage.all_sent(OfferUnmatched) == []
    stage.report(OrderStatus.CANCELED, order_id=EXIT)
    assert stage.just_sent(OfferUnmatched) == [OfferUnmatched(currency=Currency("BTC"))]


def test_what_waited_for_longer_than_orders_are_remembered_is_offered_too() -> None:
    stage = released_buy()
    sell(stage)
    fail(stage, FailureKind.UNKNOWN)
    late_fill(stage)
    stage.now = Timestamp(stage.now + SETTINGS.terminal_ttl_ms + 1)
    stage.tell(Wake(key="he1p2b1"))
    assert ClientOrderId("he1p2b1") not in stage.orders.by_id
    stage.report(OrderStatus.CANCELED, order_id=EXIT)
    assert stage.just_sent(OfferUnmatched) == [OfferUnmatched(currency=Currency("BTC"))]


def test_a_late_fill_waits_for_no_sale_that_is_over_or_seen() -> None:
    stage = released_buy()
    sell(stage)
    stage.report(OrderStatus.OPEN, order_id=EXIT)
    (told,) = late_fill(stage)
    assert told.waits_for == ()
    stage.report(OrderStatus.CANCELED, order_id=EXIT)
    assert stage.all_sent(OfferUnmatched) == []


def test_other_coins_are_bought_meanwhile() -> None:
    stage = timed()
    assert offer(stage)
    buy(stage, "he1p2b1", "ETH/USDT")
    assert stage.just_sent(SubmitOrder)


def test_an_unknown_buy_is_offered_nothing_beside() -> None:
    stage = timed()
    stage.place(replace(request(), quantity=Decimal(1)))
    assert stage.order().request.side is Side.BUY
    stage.fail_submit(FailureKind.UNKNOWN)
    assert all(not told.beside for told in stage.just_sent(OrderUpdated))
    assert stage.order().request.position_id == P1
