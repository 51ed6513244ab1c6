"""When the venue is looked at, what it is asked, and what of its lists goes to the router."""

import pytest
from msgspec.structs import replace

from actors.reconciler.state import Heard
from messages.base import ClientOrderId, ExchangeOrderId, Message, Symbol, Timestamp
from messages.envelope import NOTHING, Removed
from messages.gateway import FetchOpenOrders, FetchTrades
from messages.guardian import FirstLookDone
from messages.ids import Identity
from messages.money import ZERO
from messages.order_router import CompareOrders, ListSymbols, StreamChanged
from messages.orders import OrderFacts, OrderStatus
from messages.portfolio import DescribeAccounts
from messages.positions import SymbolCompared
from messages.reconciler import (
    IdentityChanged,
    ListedOrder,
    LookSoon,
    OpenOrdersReported,
    OrdersUnknown,
    StraySettled,
    TradesReported,
)
from tests.actors.reconciler.stage import BTC, ETH, OURS, SETTINGS, Stage, trade

LOOK_MS, AGAIN_MS = 480_000, 5_000


def test_a_look_begins_with_the_question_where_there_are_orders_and_sets_the_next() -> None:
    stage = Stage()
    assert stage.wake() == [ListSymbols()]
    assert stage.looks.next.at == stage.now + LOOK_MS
    stage.pass_time(LOOK_MS - 1)
    assert (stage.wake(), stage.last) == ([], NOTHING)
    stage.pass_time(1)
    assert stage.wake() == [ListSymbols()]


def test_each_symbol_is_asked_for_from_as_far_back_as_the_router_remembers() -> None:
    stage = Stage()
    since = Timestamp(stage.now - SETTINGS.router.terminal_ttl_ms)
    assert stage.symbols(BTC, ETH) == [
        question
        for symbol in (BTC, ETH)
        for question in (FetchOpenOrders(symbol=symbol), FetchTrades(symbol=symbol, since=since))
    ]


def test_once_heard_fills_are_asked_for_from_a_little_before() -> None:
    stage = Stage()
    stage.hear(TradesReported(symbol=BTC, since=Timestamp(0), trades=()))
    heard_at = stage.now
    stage.pass_time(LOOK_MS)
    since = Timestamp(heard_at - 120_000)
    assert FetchTrades(symbol=BTC, since=since) in stage.symbols(BTC)
    stage.pass_time(1_000_000)  # its answer was lost, or the process was down
    assert FetchTrades(symbol=BTC, since=since) in stage.symbols(BTC)


def test_fills_of_a_list_that_was_cut_off_are_asked_for_again_from_the_same_moment() -> None:
    stage = Stage()
    stage.hear(TradesReported(symbol=BTC, since=Timestamp(0), trades=()))
    since = Timestamp(stage.now - 120_000)
    stage.pass_time(LOOK_MS)
    cut_off = TradesReported(symbol=BTC, since=since, trades=(), is_complete=False)
    assert stage.hear(cut_off) == []
    stage.pass_time(LOOK_MS)
    assert FetchTrades(symbol=BTC, since=since) in stage.symbols(BTC)


def test_a_symbol_without_orders_is_forgotten() -> None:
    stage = Stage()
    stage.hear(TradesReported(symbol=BTC, since=Timestamp(0), trades=()))
    stage.symbols(ETH)
    assert Removed(kind=Heard.__name__, key=BTC) in stage.last.changes
    assert stage.looks.heard == {}


def test_where_there_are_no_orders_nothing_is_asked_but_the_answer_is_recorded() -> None:
    stage = Stage()
    assert stage.symbols() == []
    assert len(stage.last.changes) == 1, "else each would be under way in every cut"


def test_a_stream_that_is_up_again_is_looked_after_at_once() -> None:
    stage = Stage()
    stage.wake()
    stage.pass_time(AGAIN_MS)
    assert stage.hear(StreamChanged(up=False)) == []
    assert stage.hear(StreamChanged(up=True)) == [ListSymbols()]


def test_a_stream_that_comes_and_goes_is_looked_after_some_seconds_apart() -> None:
    stage = Stage()
    stage.hear(StreamChanged(up=True))
    stage.pass_time(1_000)
    assert [stage.hear(StreamChanged(up=True)) for _ in range(3)] == [[], [], []]
    assert stage.looks.next.at == stage.now + 4_000
    stage.pass_time(4_000)
    assert stage.wake() == [ListSymbols()]


def test_without_a_pause_between_looks_it_never_looks() -> None:
    never = replace(SETTINGS, reconciler=replace(SETTINGS.reconciler, look_ms=None))
    assert Stage(never).wake() == []


def test_fills_of_ours_go_to_the_router_as_one_line_for_each_order() -> None:
    stage = Stage()
    trades = (
        trade(1, 10),
        trade(2, 11, "somebody"),
        trade(3, 12, "h7e1p1x1", "0.5"),
        trade(4, 13, quantity="2"),
        trade(4, 13, quantity="2"),
        trade(5, 14, "h8e1p1b1"),
    )
    [compared] = stage.hear(TradesReported(symbol=BTC, since=Timestamp(0), trades=trades))
    assert isinstance(compared, CompareOrders)
    assert compared.symbol == BTC
    assert [(o.client_order_id, o.filled, len(o.trades)) for o in compared.orders] == [
        (OURS, 3, 2),
        ("h7e1p1x1", trades[2].quantity, 1),
    ]


def test_strangers_lists_are_nobodys_business() -> None:
    stage = Stage()
    theirs = (trade(1, 10, "h8e1p1b1"), trade(2, 11, ""))
    assert stage.hear(TradesReported(symbol=BTC, since=Timestamp(0), trades=theirs)) == []
    facts = OrderFacts(client_order_id=ClientOrderId("by hand"), status=OrderStatus.OPEN)
    assert stage.hear(OpenOrdersReported(symbol=BTC, orders=(facts,))) == []
    assert stage.last == NOTHING


def test_open_orders_of_ours_go_to_the_router() -> None:
    stage = Stage()
    facts = OrderFacts(
        client_order_id=OURS,
        status=OrderStatus.OPEN,
        exchange_order_id=ExchangeOrderId("17"),
    )
    listed = ListedOrder(
        client_order_id=OURS,
        exchange_order_id=ExchangeOrderId("17"),
        is_working=True,
        filled=ZERO,
    )
    told = stage.hear(OpenOrdersReported(symbol=BTC, orders=(facts,)))
    assert told == [CompareOrders(symbol=BTC, orders=(listed,))]


def test_another_actors_message_is_refused() -> None:
    with pytest.raises(TypeError, match="does not take DescribeAccounts"):
        Stage().hear(DescribeAccounts(valued_in=None))


def test_the_first_look_does_not_wait_for_a_market_that_is_gone() -> None:
    stage = Stage(replace(SETTINGS, drop=replace(SETTINGS.drop, symbols=(ETH,))))
    stage.looks.apply(Identity(account="a", tag="7", epochs=("e1",), started_at=stage.now))
    stage.hear(StreamChanged(up=True))
    stage.symbols(BTC)
    done = []
    for symbol, is_listed in ((BTC, False), (ETH, True)):
        lists = (
            OpenOrdersReported(symbol=symbol, orders=()),
            TradesReported(
                symbol=symbol,
                since=Timestamp(0),
                trades=(),
                is_complete=is_listed,
                is_listed=is_listed,
            ),
        )
        for told in lists:
            [compared] = stage.hear(told)
            assert isinstance(compared, CompareOrders)
            done += stage.hear(OrdersUnknown(symbol=symbol, orders=(), answers=compared.answers))
    assert done == [SymbolCompared(symbol=BTC), SymbolCompared(symbol=ETH), FirstLookDone()]
    assert set(stage.looks.heard) == {ETH}, "its fills were not listed"


def test_a_first_look_that_takes_longer_than_a_pause_asks_only_for_what_is_missing() -> None:
    stage = Stage()
    stage.looks.identity = Identity(account="a" * 8, epochs=("b" * 8,), started_at=stage.now)
    stage.hear(StreamChanged(up=True))
    stage.symbols(BTC, ETH)
    for answers in (f"open {BTC}", f"fills {BTC}", f"open {ETH}"):
        stage.pass_time(AGAIN_MS)
        asked = {one.symbol for one in stage.symbols(BTC, ETH) if isinstance(one, FetchTrades)}
        assert ETH in asked
        assert (BTC in asked) is (answers != f"open {ETH}")
        symbol = BTC if answers.endswith(BTC) else ETH
        said = stage.hear(OrdersUnknown(symbol=symbol, orders=(), answers=answers))
        assert said == ([SymbolCompared(symbol=BTC)] if answers == f"fills {BTC}" else [])
    last = OrdersUnknown(symbol=ETH, orders=(), answers=f"fills {ETH}")
    assert FirstLookDone() in stage.hear(last)


def test_lists_that_an_earlier_start_compared_are_asked_for_again_after_the_next_one() -> None:
    stage = Stage()
    first = Identity(account="a" * 8, epochs=("b" * 8,), started_at=stage.now)
    stage.looks.identity = first
    stage.symbols(BTC)
    stage.hear(OrdersUnknown(symbol=BTC, orders=(), answers=f"open {BTC}"))
    stage.pass_time(AGAIN_MS)
    stage.looks.identity = first.with_epoch("c" * 8, stage.now)
    stage.symbols(BTC)
    assert stage.looks.next.awaited == (f"open {BTC}", f"fills {BTC}")


def test_a_start_looks_at_once_however_soon_after_a_look_of_the_process_before_it() -> None:
    stage = Stage()
    stage.looks.identity = Identity(account="a" * 8, epochs=("b" * 8,), started_at=stage.now)
    stage.wake()
    stage.pass_time(1_000)
    assert stage.hear(LookSoon()) == [], "it looks no more often than it may"
    stage.looks.identity = stage.looks.identity.with_epoch("c" * 8, stage.now)
    assert stage.hear(LookSoon()) == [ListSymbols()]


def test_after_a_jump_of_the_clock_it_looks_at_once_as_after_a_start() -> None:
    stage = Stage()
    first = Identity(account="a" * 8, epochs=("b" * 8,), started_at=stage.now)
    stage.looks.identity = first
    stage.wake()
    stage.pass_time(1_000)
    assert stage.hear(IdentityChanged(identity=first.with_adopted("d" * 8))) == []
    jumped = first.with_epoch("c" * 8, stage.now)
    assert stage.hear(IdentityChanged(identity=jumped)) == [ListSymbols()]
    stage.symbols(BTC)
    assert stage.looks.next.awaited == (f"open {BTC}", f"fills {BTC}")


def test_entries_wait_for_the_questions_of_a_starts_first_look_only() -> None:
    stage = Stage()
    stage.looks.identity = Identity(account="a" * 8, epochs=("b" * 8,), started_at=stage.now)

    def awaited() -> set[bool]:
        asked = stage.symbols(BTC)
        return {one.is_awaited for one in asked if isinstance(one, FetchOpenOrders | FetchTrades)}

    assert awaited() == {True}
    for which in ("open", "fills"):
        stage.hear(OrdersUnknown(symbol=BTC, orders=(), answers=f"{which} {BTC}"))
    assert awaited() == {False}


@pytest.mark.parametrize("is_up_first", [True, False])
def test_a_first_look_is_over_once_lists_are_compared_and_the_stream_was_up(
    is_up_first: object,
) -> None:
    stage = Stage()
    stage.looks.identity = Identity(account="a" * 8, epochs=("b" * 8,), started_at=stage.now)
    done: list[Message] = []
    if is_up_first:
        done += stage.hear(StreamChanged(up=True))
    stage.hear(LookSoon())
    stage.symbols(BTC)
    for which in ("open", "fills"):
        done += stage.hear(OrdersUnknown(symbol=BTC, orders=(), answers=f"{which} {BTC}"))
    assert (FirstLookDone() in done) is bool(is_up_first)
    later = [*stage.hear(StreamChanged(up=True)), *stage.hear(StreamChanged(up=True))]
    assert later.count(FirstLookDone()) == (0 if is_up_first else 1)
    stage.looks.identity = stage.looks.identity.with_epoch("c" * 8, Timestamp(stage.now + 1))
    stage.now = Timestamp(stage.now + AGAIN_MS)
    assert FirstLookDone() not in stage.hear(StreamChanged(up=True)), "the next process's lists"


def gaps(said: list[Message]) -> list[int]:
    return [one.gap_ms for one in said if isinstance(one, FetchOpenOrders | FetchTrades)]


def looked_before() -> Stage:
    """A stage at the time of a look that nothing but the time asks for."""
    stage = Stage()
    stage.wake()
    stage.symbols(BTC)
    stage.pass_time(LOOK_MS)
    return stage


@pytest.mark.parametrize(("count", "gap_ms"), [(1, 60_000), (3, 60_000), (10, LOOK_MS // 22)])
def test_the_questions_of_a_routine_look_leave_apart_and_within_the_time_of_a_look(
    count: int, gap_ms: int
) -> None:
    stage = looked_before()
    stage.wake()
    symbols = [Symbol(f"C{number}/USDT") for number in range(count)]
    assert gaps(stage.symbols(*symbols)) == [gap_ms] * (2 * count)
    assert 2 * count * gap_ms < LOOK_MS


def test_a_look_after_the_stream_was_lost_or_that_somebody_asked_for_leaves_at_once() -> None:
    for message in (StreamChanged(up=True), LookSoon()):
        stage = looked_before()
        stage.hear(message)
        assert gaps(stage.symbols(BTC)) == [0, 0]
        stage.pass_time(1_000)
        stage.hear(message)  # so soon after the last look it is put off
        stage.pass_time(AGAIN_MS)
        stage.wake()
        assert gaps(stage.symbols(BTC)) == [0, 0], "put off, it is no routine"
        stage.pass_time(LOOK_MS)
        stage.wake()
        assert gaps(stage.symbols(BTC)) == [60_000, 60_000]


def test_while_a_listed_order_is_in_doubt_no_look_is_routine() -> None:
    stage = looked_before()
    stage.unknown_order()
    stage.wake()
    assert gaps(stage.symbols(BTC)) == [0, 0]
    stage.pass_time(LOOK_MS)
    stage.wake()
    assert gaps(stage.symbols(BTC)) == [0, 0], "it is not settled yet"
    stage.hear(StraySettled(client_order_id=OURS))
    stage.pass_time(LOOK_MS)
    stage.wake()
    assert gaps(stage.symbols(BTC)) == [60_000, 60_000]
