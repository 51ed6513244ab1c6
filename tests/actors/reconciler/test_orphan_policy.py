"""Orders of ours that nobody here has: believed after two equal looks, told until settled."""

from decimal import Decimal

from actors.portfolio.accounts import FORGET_AFTER_MS
from actors.reconciler.orphan_policy import REMEMBERED_MS
from actors.reconciler.state import Stray
from messages.base import CLOCKS_DIFFER_MS
from messages.envelope import NOTHING, Removed
from messages.positions import StrayFound
from messages.reconciler import StraySettled
from tests.actors.reconciler.stage import BTC, OURS, SETTINGS, Stage, trade

AGAIN_MS = 5_000
SETTLED = StraySettled(client_order_id=OURS)


def test_one_look_proves_nothing_and_the_next_one_comes_soon() -> None:
    stage = Stage()
    stage.wake()
    assert stage.unknown_order() == []
    assert stage.looks.next.at == stage.now + AGAIN_MS


def test_two_equal_looks_some_seconds_apart_are_believed() -> None:
    stage = Stage()
    stage.unknown_order()
    stage.pass_time(AGAIN_MS - 1)
    assert stage.unknown_order() == [], "too soon after the first"
    stage.pass_time(1)
    [found] = stage.unknown_order()
    assert isinstance(found, StrayFound)
    assert (found.symbol, found.order.client_order_id) == (BTC, OURS)
    assert (found.order.is_working, found.is_told) == (True, False)


def test_what_moved_between_the_looks_begins_anew() -> None:
    stage = Stage()
    stage.unknown_order()
    stage.pass_time(AGAIN_MS)
    assert stage.unknown_order(filled="1") == []
    stage.pass_time(AGAIN_MS)
    assert len(stage.unknown_order(filled="1")) == 1


def test_what_was_seen_once_is_never_told() -> None:
    stage = Stage()
    stage.unknown_order()
    stage.pass_time(60_000)
    assert not any(isinstance(message, StrayFound) for message in stage.symbols(BTC))


def believed(stage: Stage) -> None:
    stage.unknown_order()
    stage.pass_time(AGAIN_MS)
    stage.unknown_order()


def test_it_is_told_again_at_each_look_until_it_is_settled() -> None:
    stage = Stage()
    believed(stage)
    again = [m for m in stage.symbols(BTC) if isinstance(m, StrayFound)]
    assert [found.is_told for found in again] == [False], "nobody has told a person yet"
    stage.hear(SETTLED)
    assert not any(isinstance(message, StrayFound) for message in stage.symbols(BTC))
    assert (stage.hear(SETTLED), stage.last) == ([], NOTHING)


def test_what_works_on_after_it_was_settled_is_to_be_canceled_again_and_told_no_more() -> None:
    stage = Stage()
    believed(stage)
    stage.hear(SETTLED)
    stage.pass_time(60_000)
    [found] = stage.unknown_order()
    assert isinstance(found, StrayFound)
    assert found.is_told


def test_fills_are_told_as_the_sum_of_all_that_was_listed() -> None:
    stage = Stage()
    first, second = trade(1, stage.now), trade(2, stage.now + 1, quantity="2")
    stage.unknown_fills(first)
    stage.pass_time(AGAIN_MS)
    [found] = stage.unknown_fills(first)
    assert isinstance(found, StrayFound)
    assert found.order.filled == Decimal(1)
    stage.hear(SETTLED)
    assert stage.unknown_fills(first) == [], "settled, and nothing new"
    assert stage.unknown_fills(second) == [], "more of it: two looks again"
    stage.pass_time(AGAIN_MS)
    [found] = stage.unknown_fills(second)
    assert isinstance(found, StrayFound)
    assert (found.order.filled, found.order.trades) == (Decimal(3), (first, second))


def test_a_fill_so_old_that_the_router_may_have_booked_and_forgotten_it_is_left_alone() -> None:
    stage = Stage()
    heard_until = stage.now - SETTINGS.router.terminal_ttl_ms + CLOCKS_DIFFER_MS
    assert stage.unknown_fills(trade(1, heard_until)) == []
    assert stage.last == NOTHING
    stage.unknown_fills(trade(1, heard_until), trade(2, heard_until + 1))
    assert [one.trade_id for one in stage.looks.strays[OURS].trades] == ["2"]


def test_a_stray_is_forgotten_hours_after_it_was_listed_last() -> None:
    stage = Stage()
    believed(stage)
    stage.pass_time(REMEMBERED_MS)
    stage.symbols(BTC)
    assert OURS in stage.looks.strays
    stage.pass_time(1)
    stage.symbols(BTC)
    assert Removed(kind=Stray.__name__, key=OURS) in stage.last.changes
    assert stage.looks.strays == {}


def test_it_is_forgotten_before_the_portfolio_forgets_what_it_booked_of_it() -> None:
    assert REMEMBERED_MS < FORGET_AFTER_MS
