"""The venue's lists beside the router's orders: what is behind is looked up, strays are named."""

from decimal import Decimal

from msgspec.structs import replace

from messages.addresses import RECONCILER
from messages.base import ClientOrderId, Currency, ExchangeOrderId, Timestamp
from messages.envelope import NOTHING
from messages.gateway import LookUpOrder, SubmitOrder
from messages.money import Money
from messages.order_router import CompareOrders, ListSymbols, ListUnfilled, ReleaseOrders
from messages.orders import OrderStatus, OrderType, RejectReason, Side
from messages.portfolio import Unfilled, UnfilledListed, UnmatchedFill
from messages.reconciler import ListedOrder, OrdersUnknown, SymbolsListed, Trade
from tests.actors.order_router.stage import ORDER, P1, SETTINGS, SYMBOL, Stage, facts, request


def listed(
    filled: str, *, is_working: bool = False, at: int = 0, order_id: str = ORDER
) -> ListedOrder:
    trade = Trade(
        trade_id="1",
        client_order_id=ClientOrderId(order_id),
        exchange_order_id=ExchangeOrderId("x"),
        symbol=SYMBOL,
        side=Side.BUY,
        price=Decimal(100),
        quantity=Decimal(filled),
        fee=Money(Currency("USDT"), Decimal(0)),
        is_maker=False,
        at=Timestamp(at),
    )
    return ListedOrder(
        client_order_id=ClientOrderId(order_id),
        is_working=is_working,
        filled=Decimal(filled),
        trades=() if is_working else (trade,),
    )


def compare(stage: Stage, *orders: ListedOrder) -> None:
    stage.tell(CompareOrders(symbol=SYMBOL, orders=orders))


def canceled() -> Stage:
    """Return a stage with an order that bought one and was canceled, and is released."""
    stage = Stage()
    stage.place()
    stage.report(OrderStatus.CANCELED, "1")
    stage.tell(ReleaseOrders(position_id=P1, booked=(facts(OrderStatus.CANCELED, "1"),)))
    return stage


def test_it_says_on_which_symbols_it_has_orders_until_they_are_forgotten() -> None:
    stage = Stage()
    stage.tell(ListSymbols())
    assert [s.message for s in stage.last.outbox] == [SymbolsListed(symbols=())]
    stage.place()
    stage.report(OrderStatus.CANCELED)
    stage.tell(ListSymbols())
    assert [s.message for s in stage.last.outbox] == [SymbolsListed(symbols=(SYMBOL,))]
    stage.pass_time(SETTINGS.terminal_ttl_ms)
    stage.tell(ListSymbols())
    assert [s.message for s in stage.last.outbox] == [SymbolsListed(symbols=())]


def test_it_says_what_orders_that_may_be_live_could_still_fill() -> None:
    stage = Stage()
    stage.tell(ListUnfilled())
    assert [s.message for s in stage.last.outbox] == [UnfilledListed(rows=())]
    stage.place()
    stage.report(OrderStatus.PARTIALLY_FILLED, "1")
    stage.tell(ListUnfilled())
    quantity = stage.order().request.quantity
    rest = quantity - 1
    left = Unfilled(symbol=SYMBOL, to_buy=rest, to_sell=Decimal(0), to_pay=rest * 100)
    assert [s.message for s in stage.last.outbox] == [UnfilledListed(rows=(left,))]
    stage.report(OrderStatus.CANCELED, "1")
    stage.tell(ListUnfilled())
    assert [s.message for s in stage.last.outbox] == [UnfilledListed(rows=())]


def test_what_a_buy_without_a_limit_may_cost_is_not_known() -> None:
    stage = Stage()
    stage.place()
    stage.place(replace(request("he1p2b1"), type=OrderType.MARKET, price=None))
    stage.tell(ListUnfilled())
    (told,) = stage.just_sent(UnfilledListed)
    assert [(row.to_buy, row.to_pay) for row in told.rows] == [(Decimal(4), None)]


def test_lists_that_say_what_is_known_change_nothing() -> None:
    stage = Stage()
    stage.place()
    stage.report(OrderStatus.PARTIALLY_FILLED, "1")
    compare(stage, listed("1"), listed("1", is_working=True))
    assert stage.last == NOTHING


def test_a_fill_after_the_end_of_which_no_report_came_is_looked_up_and_told_as_unmatched() -> None:
    stage = canceled()
    compare(stage, listed("2"))
    assert len(stage.just_sent(LookUpOrder)) == 1
    compare(stage, listed("2"))
    assert stage.just_sent(LookUpOrder) == [], "it is asked already"
    stage.report(OrderStatus.FILLED, "2")
    assert [m.filled for m in stage.just_sent(UnmatchedFill)] == [Decimal(1)]
    assert stage.order().errand is None


def test_a_fill_that_is_younger_than_the_last_word_is_looked_up_however_small_the_list() -> None:
    stage = canceled()
    compare(stage, listed("0.5", at=1))
    assert len(stage.just_sent(LookUpOrder)) == 1


def test_a_look_up_of_what_is_over_that_says_nothing_new_is_the_last_one() -> None:
    stage = canceled()
    compare(stage, listed("2"))
    stage.report(OrderStatus.CANCELED, "1")
    assert (stage.order().errand, stage.last.outbox) == (None, ())


def test_what_the_venue_does_not_find_is_asked_for_again_when_it_is_listed_again() -> None:
    stage = canceled()
    compare(stage, listed("2"))
    stage.not_found()
    assert (stage.status(), stage.order().errand) == (OrderStatus.CANCELED, None)
    compare(stage, listed("2"))
    assert len(stage.just_sent(LookUpOrder)) == 1


def test_a_look_up_without_an_answer_is_asked_again() -> None:
    stage = canceled()
    compare(stage, listed("2"))
    stage.fail_look_up()
    assert stage.just_sent(LookUpOrder) == []
    stage.pass_time(SETTINGS.retry_backoff_max_ms)
    assert len([s for s in stage.sent if isinstance(s.message, LookUpOrder)]) > 1


def test_an_order_that_is_taken_for_over_and_works_is_looked_up() -> None:
    stage = canceled()
    compare(stage, listed("1", is_working=True))
    assert len(stage.just_sent(LookUpOrder)) == 1


def test_a_live_order_is_looked_up_where_a_partial_fill_was_not_heard() -> None:
    stage = Stage()
    stage.place()
    stage.report(OrderStatus.OPEN)
    compare(stage, listed("1", is_working=True))
    assert len(stage.just_sent(LookUpOrder)) == 1


def test_what_it_does_not_have_is_named_to_the_reconciler() -> None:
    stage = Stage()
    stage.place()
    stage.report(OrderStatus.OPEN)
    stray = listed("1", order_id="he1p9x1")
    compare(stage, stray, listed("0", is_working=True))
    [send] = stage.last.outbox
    assert send.to == RECONCILER
    assert send.message == OrdersUnknown(symbol=SYMBOL, orders=(stray,))


SOLD_BY, NEXT = "he1p1x1", "he1p1x2"


def sell(stage: Stage, order_id: str) -> OrderStatus:
    stage.place(replace(request(order_id), side=Side.SELL, type=OrderType.MARKET, price=None))
    return stage.order(order_id).facts.status


def unseen_sale() -> Stage:
    """Return a stage with a sale of unknown outcome."""
    stage = Stage()
    sell(stage, SOLD_BY)
    stage.report(OrderStatus.UNKNOWN, order_id=SOLD_BY)
    return stage


def test_a_position_sells_no_more_while_a_list_shows_that_its_unseen_sale_filled() -> None:
    stage = unseen_sale()
    compare(stage, listed("2", order_id=SOLD_BY))
    assert sell(stage, NEXT) is OrderStatus.REJECTED
    assert stage.order(NEXT).facts.reason is RejectReason.INSUFFICIENT_FUNDS, "so it looks again"
    assert not stage.just_sent(SubmitOrder)


def test_it_sells_again_once_the_look_up_has_said_what_the_list_shows() -> None:
    stage = unseen_sale()
    compare(stage, listed("1", order_id=SOLD_BY))
    stage.report(OrderStatus.PARTIALLY_FILLED, "1", order_id=SOLD_BY)
    assert sell(stage, NEXT) is OrderStatus.SUBMITTED


def test_a_sale_of_which_lists_show_no_more_than_is_known_keeps_no_other_one_back() -> None:
    stage = unseen_sale()
    compare(stage, listed("0", order_id=SOLD_BY))
    assert sell(stage, NEXT) is OrderStatus.SUBMITTED
