"""After a restart: the ids that exits may have used without a record are looked up, and no more."""

from collections.abc import Mapping
from decimal import Decimal

import pytest
from msgspec.structs import replace

from messages.addresses import RECONCILER, position_address
from messages.base import ClientOrderId, PositionId, Symbol, Timestamp
from messages.envelope import Send
from messages.gateway import CancelAtVenue, LookUpOrder
from messages.ids import Identity
from messages.journal import UNRECORDED_AT_MOST
from messages.observers import Alarm, AlarmKind
from messages.order_router import (
    CompareOrders,
    LookBack,
    OrderNotFound,
    OrderReported,
    StreamChanged,
)
from messages.orders import OrderFacts, OrderStatus, OrderTerms, Purpose, Side
from messages.portfolio import SymbolConflict
from messages.position import LookedBack, OrderUpdated
from messages.reconciler import IdentityChanged, ListedOrder, OrdersUnknown
from tests.actors.order_router.stage import Stage, request

SYMBOL = Symbol("BTC/USDT")
SINCE = Timestamp(1_000_000)
NONE: Mapping[str, object] = {}
ASKED = LookBack(
    position_id=PositionId("p1"),
    symbol=SYMBOL,
    order_prefix="he1p1",
    after=2,
    at_most=Decimal(2),
    since=SINCE,
)


def found(
    order_id: str, status: OrderStatus = OrderStatus.FILLED, terms: Mapping[str, object] = NONE
) -> OrderReported:
    facts = OrderFacts(
        client_order_id=ClientOrderId(order_id),
        status=status,
        filled=Decimal(1),
        cost=Decimal(100),
        at=SINCE,
    )
    said = {"symbol": SYMBOL, "side": Side.SELL, "quantity": Decimal(1), **terms}
    return OrderReported(facts=facts, terms=OrderTerms(**said))  # type: ignore[arg-type]  # a test's


def answer(stage: Stage, at_venue: Mapping[str, OrderReported]) -> list[str]:
    """Answer every look-up until none follows; return the ids asked for, in order."""
    asked: dict[str, None] = {}
    for _ in range(60):
        for query in [one.message for one in stage.sent if isinstance(one.message, LookUpOrder)]:
            order_id = query.client_order_id
            asked[order_id] = None
            stage.tell(at_venue.get(order_id) or OrderNotFound(client_order_id=order_id))
        stage.pass_time(1_000)
    return list(asked)


def told(stage: Stage) -> list[Send]:
    return [one for one in stage.sent if isinstance(one.message, LookedBack | OrderUpdated)]


def test_where_nothing_left_as_few_are_looked_up_as_may_have() -> None:
    stage = Stage()
    stage.tell(ASKED)
    assert told(stage) == []
    assert answer(stage, {}) == ["he1p1x3", "he1p1x4", "he1p1x5"]
    to = position_address(PositionId("p1"))
    assert told(stage) == [
        Send(to, LookedBack(attempts=2 + UNRECORDED_AT_MOST, order_prefix="he1p1"))
    ]
    assert stage.orders.looking_back == {}


def test_beyond_each_that_is_found_it_looks_further() -> None:
    stage = Stage()
    stage.tell(ASKED)
    at_venue = {one: found(one) for one in ("he1p1x5", "he1p1x8")}
    asked = answer(stage, at_venue)
    assert asked == [f"he1p1x{attempt}" for attempt in range(3, 12)]
    *news, last = (one.message for one in told(stage))
    assert [one.facts.client_order_id for one in news if isinstance(one, OrderUpdated)] == [
        "he1p1x5",
        "he1p1x8",
    ]
    assert last == LookedBack(attempts=11, order_prefix="he1p1")


def test_asked_again_after_the_answer_it_is_answered_again() -> None:
    stage = Stage()
    stage.tell(ASKED)
    answer(stage, {})
    first = told(stage)
    stage.sent.clear()
    stage.tell(ASKED)
    assert told(stage) == first
    assert answer(stage, {}) == []
    assert stage.orders.looking_back == {}


def test_while_the_stream_is_down_nothing_is_concluded() -> None:
    stage = Stage()
    stage.tell(StreamChanged(up=False))
    stage.tell(ASKED)
    assert answer(stage, {}) == []
    stage.tell(StreamChanged(up=True))
    assert len(answer(stage, {})) == UNRECORDED_AT_MOST
    assert isinstance(told(stage)[-1].message, LookedBack)


def test_what_is_looked_further_for_as_the_stream_comes_up_is_looked_up_at_once() -> None:
    """An answer came while it was down; nobody would look up the id beyond it any more."""
    stage = Stage()
    stage.tell(StreamChanged(up=False))
    stage.tell(ASKED)
    stage.tell(found("he1p1x5"))
    stage.tell(StreamChanged(up=True))
    asked = [one.message for one in stage.last.outbox if isinstance(one.message, LookUpOrder)]
    beyond = {f"he1p1x{number}" for number in (6, 7, 8)}
    assert beyond <= {one.client_order_id for one in asked}
    answer(stage, {"he1p1x5": found("he1p1x5")})
    assert told(stage)[-1].message == LookedBack(attempts=8, order_prefix="he1p1")


@pytest.mark.parametrize(
    ("terms", "word"),
    [
        ({"symbol": Symbol("ETH/USDT")}, "symbol ETH/USDT, not BTC/USDT"),
        ({"side": Side.BUY}, "side buy, not sell"),
        ({"quantity": Decimal(3)}, "quantity 3, not 2 or less"),
        ({"placed_at": Timestamp(SINCE - 3_600_000)}, "time"),
    ],
)
def test_what_does_not_fit_is_a_conflict_and_is_not_taken_for_ours(
    terms: dict[str, object], word: str
) -> None:
    stage = Stage()
    stage.tell(ASKED)
    stage.tell(found("he1p1x3", OrderStatus.FILLED, terms))
    (conflict,) = stage.all_sent(SymbolConflict)
    assert (conflict.symbol, conflict.client_order_id) == (SYMBOL, "he1p1x3")
    assert word in conflict.text
    (alarm,) = (one for one in stage.all_sent(Alarm) if one.kind is AlarmKind.CONFLICT)
    assert word in alarm.text
    assert "we asked: sell 2 or less BTC/USDT" in alarm.text
    answer(stage, {})
    assert [one.message for one in told(stage)] == [LookedBack(attempts=5, order_prefix="he1p1")]
    assert stage.order("he1p1x3").facts.is_in_conflict, "and a list that has it names no stray"


@pytest.mark.parametrize(
    "terms",
    [
        {"placed_at": None},
        {"quantity": Decimal("0.5")},
        {"quantity": Decimal("2.0004"), "step_size": Decimal("0.001")},
        {"price": Decimal(90), "tick_size": Decimal("0.01")},
        {"trigger_price": Decimal(90), "tick_size": Decimal("0.01")},
    ],
)
def test_a_value_that_no_record_has_contradicts_nothing(terms: dict[str, object]) -> None:
    stage = Stage()
    stage.tell(ASKED)
    stage.tell(found("he1p1x3", OrderStatus.FILLED, terms))
    assert stage.status("he1p1x3") is OrderStatus.FILLED
    assert not stage.all_sent(SymbolConflict)


@pytest.mark.parametrize("change", [{"filled": Decimal(3)}, {"at": Timestamp(SINCE - 3_600_000)}])
def test_what_was_looked_for_is_judged_by_its_fills_and_its_time_where_no_more_is_said(
    change: dict[str, object],
) -> None:
    stage = Stage()
    stage.tell(ASKED)
    report = found("he1p1x3")
    stage.tell(replace(report, terms=None, facts=replace(report.facts, **change)))
    assert len(stage.all_sent(SymbolConflict)) == 1


def test_what_was_found_is_compared_again_with_what_is_said_of_it_later() -> None:
    stage = Stage()
    stage.tell(ASKED)
    stage.tell(found("he1p1x3", OrderStatus.PARTIALLY_FILLED))
    stage.tell(found("he1p1x3", OrderStatus.FILLED, {"side": Side.BUY}))
    assert stage.status("he1p1x3") is OrderStatus.PARTIALLY_FILLED
    assert stage.order("he1p1x3").conflict == "side buy, not sell"


def test_what_is_found_live_is_waited_for() -> None:
    stage = Stage()
    stage.tell(ASKED)
    answer(stage, {"he1p1x3": found("he1p1x3", OrderStatus.PARTIALLY_FILLED)})
    assert not any(isinstance(one.message, LookedBack) for one in told(stage))
    stage.tell(found("he1p1x3", OrderStatus.CANCELED))
    assert isinstance(told(stage)[-1].message, LookedBack)


def test_what_a_contested_position_finds_live_is_not_waited_for() -> None:
    stage = Stage()
    stage.tell(ASKED)
    answer(stage, {"he1p1x3": found("he1p1x3", OrderStatus.PARTIALLY_FILLED)})
    stage.tell(replace(ASKED, is_contested=True))
    stage.tell(found("he1p1x3", OrderStatus.PARTIALLY_FILLED))
    answer(stage, {})
    assert told(stage)[-1].message == LookedBack(attempts=6, order_prefix="he1p1")


def test_an_exit_that_was_seen_is_looked_up_however_many_before_it_were_lost() -> None:
    stage = Stage()
    stage.tell(replace(ASKED, after=0, upto=7))
    asked = answer(stage, {"he1p1x7": found("he1p1x7")})
    assert asked == [f"he1p1x{number}" for number in range(1, 11)]
    assert told(stage)[-1].message == LookedBack(attempts=10, order_prefix="he1p1")


def test_an_exit_that_a_list_shows_is_looked_up_however_many_before_it_were_lost() -> None:
    stage = Stage()
    stage.tell(ASKED)
    seen = ListedOrder(
        client_order_id=ClientOrderId("he1p1x9"), is_working=False, filled=Decimal(1)
    )
    stage.tell(CompareOrders(symbol=SYMBOL, orders=(seen,)))
    asked = answer(stage, {"he1p1x9": found("he1p1x9")})
    assert set(asked) == {f"he1p1x{number}" for number in range(3, 13)}
    assert told(stage)[-1].message == LookedBack(attempts=12, order_prefix="he1p1")
    stage.tell(CompareOrders(symbol=SYMBOL, orders=(seen,)))
    assert not stage.orders.looking_back


OTHERS = (
    f"{'k' + 'a' * 15}cp1b1",  # an entry
    f"{'k' + 'a' * 15}cp2x4",  # an exit of a position that does not look back
    f"{'k' + 'a' * 15}dp1x4",  # an exit under a prefix that is not this position's
)


def test_an_exit_under_a_prefix_whose_turn_comes_later_is_looked_up_when_a_list_shows_it() -> None:
    prefix, later = (f"{'k' + 'a' * 15}{epoch}p1" for epoch in "bc")
    stage = Stage()
    asked = replace(ASKED, order_prefix=prefix, after=0)
    stage.tell(replace(asked, later=(later,)))
    rows = tuple(
        ListedOrder(client_order_id=ClientOrderId(one), is_working=False, filled=Decimal(1))
        for one in (f"{later}x4", *OTHERS)
    )
    stage.tell(CompareOrders(symbol=SYMBOL, orders=rows))
    at_venue = {f"{later}x4": found(f"{later}x4")}
    ids = answer(stage, at_venue)
    assert set(ids) == {*(f"{prefix}x{number}" for number in (1, 2, 3)), f"{later}x4"}
    news, last = (one.message for one in told(stage))
    assert isinstance(news, OrderUpdated)
    assert news.facts.client_order_id == f"{later}x4"
    assert last == LookedBack(attempts=3, order_prefix=prefix)
    stage.tell(replace(asked, order_prefix=later))
    ids = answer(stage, at_venue)  # a fill that was found is over: it is not looked up again
    assert {f"{later}x{number}" for number in (1, 2, 3, 5, 6, 7)} <= set(ids)
    assert told(stage)[-1].message == LookedBack(attempts=7, order_prefix=later)


def test_an_exit_under_a_prefix_that_was_searched_before_is_another_processs() -> None:
    """As where a copy starts again: it looks back at its last start, not at the one it shares."""
    shared, current, later = (f"{'k' + 'a' * 15}{epoch}p1" for epoch in "bcd")
    epochs = tuple(f"aaaaaaa{epoch}" for epoch in "bcd")
    stage = Stage()
    stage.tell(IdentityChanged(identity=Identity(account="aaaaaaaa", epochs=epochs)))
    stage.tell(replace(ASKED, order_prefix=current, after=0, later=(later,)))
    sold, sought, searched_later = (
        ListedOrder(client_order_id=ClientOrderId(one), is_working=False, filled=Decimal(1))
        for one in (f"{shared}x2", f"{current}x2", f"{later}x2")
    )
    stage.tell(CompareOrders(symbol=SYMBOL, orders=(sold, sought, searched_later)))
    told_of = [send.message for send in stage.last.outbox if send.to == RECONCILER]
    ids = (sold.client_order_id,)
    assert told_of == [OrdersUnknown(symbol=SYMBOL, orders=(sold,), of_listening=ids)]


def test_what_the_position_asked_for_itself_may_rest() -> None:
    stage = Stage()
    stage.place(request("he1p1x1", Purpose.TAKE_PROFIT))
    stage.report(OrderStatus.OPEN, order_id="he1p1x1")
    stage.tell(replace(ASKED, after=0))  # as of another process's epoch, which may be ours too
    answer(stage, {})
    assert told(stage)[-1].message == LookedBack(attempts=4, order_prefix="he1p1")


def test_asked_again_after_another_crash_what_was_found_stays() -> None:
    stage = Stage()
    stage.tell(ASKED)
    stage.tell(found("he1p1x3"))
    stage.tell(ASKED)
    assert stage.status("he1p1x3") is OrderStatus.FILLED
    answer(stage, {})
    assert told(stage)[-1].message == LookedBack(attempts=6, order_prefix="he1p1")


RECORDED = replace(ASKED, is_recorded=True, recovery=7)
RESTART = StreamChanged(up=False, is_restart=True)


def dead_process(purpose: Purpose = Purpose.CLOSE) -> Stage:
    """A router that had an order of p1 under way when its process died."""
    stage = Stage()
    stage.place(request("he1p1x2", purpose))
    stage.tell(RESTART)
    return stage


def test_where_all_is_on_record_nothing_is_looked_for_and_it_is_said_at_once() -> None:
    stage = Stage()
    stage.tell(RESTART)
    stage.tell(RECORDED)
    assert stage.all_sent(LookUpOrder) == []
    to = position_address(PositionId("p1"))
    answer = LookedBack(attempts=2, order_prefix="he1p1", recovery=7)
    assert told(stage) == [Send(to, answer)]
    assert stage.orders.looking_back == {}


@pytest.mark.parametrize("purpose", [Purpose.CLOSE, Purpose.STOP_LOSS, Purpose.ENTRY])
def test_what_the_dead_process_asked_for_is_looked_up_at_once(purpose: Purpose) -> None:
    stage = dead_process(purpose)
    assert [one.client_order_id for one in stage.just_sent(LookUpOrder)] == ["he1p1x2"]
    assert stage.status("he1p1x2") is OrderStatus.UNKNOWN


def test_orders_that_are_known_are_awaited_before_it_is_said_that_all_was_looked_at() -> None:
    stage = dead_process()
    stage.tell(RECORDED)
    assert not [one for one in told(stage) if isinstance(one.message, LookedBack)]
    stage.tell(found("he1p1x2"))  # the stream is still down
    assert [one.message for one in told(stage)][-1] == LookedBack(
        attempts=2, order_prefix="he1p1", recovery=7
    )


@pytest.mark.parametrize("status", [OrderStatus.OPEN, OrderStatus.PARTIALLY_FILLED])
def test_a_restart_looks_up_what_rests_and_what_was_being_canceled(status: OrderStatus) -> None:
    stage = Stage()
    stage.place(request("he1p1x2", Purpose.TAKE_PROFIT))
    stage.report(status, "1" if status is OrderStatus.PARTIALLY_FILLED else "0", "he1p1x2")
    stage.cancel("he1p1x2")
    stage.tell(RESTART)
    assert len(stage.just_sent(LookUpOrder)) == 1
    stage.report(status, "1" if status is OrderStatus.PARTIALLY_FILLED else "0", "he1p1x2")
    stage.pass_time(1_000)
    assert len(stage.all_sent(CancelAtVenue)) == 2, "it is still wanted"


def test_what_is_worth_most_and_covers_nothing_is_looked_up_first() -> None:
    stage = Stage()
    stop = replace(request("he1p1x1", Purpose.STOP_LOSS), trigger_price=Decimal(90), price=None)
    stage.place(replace(stop, quantity=Decimal(50)))
    stage.report(OrderStatus.OPEN, order_id="he1p1x1")
    for number, quantity in ((2, 1), (3, 5), (4, 3)):
        wanted = request(f"he1p{number}x1", Purpose.TAKE_PROFIT)
        stage.place(replace(wanted, quantity=Decimal(quantity)))
        stage.report(OrderStatus.OPEN, order_id=f"he1p{number}x1")
    stage.tell(RESTART)
    asked = [one.client_order_id for one in stage.just_sent(LookUpOrder)]
    assert asked == ["he1p3x1", "he1p4x1", "he1p2x1", "he1p1x1"]
