"""What other processes of the account placed, bought and sold, and what is no other process's."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from actors.reconciler.state import ForeignOrder
from messages.base import ClientOrderId, PositionId, Timestamp, base_currency
from messages.gateway import FetchTrades
from messages.guardian import JournalBehind, OwnershipSettled
from messages.ids import Identity, client_order_id, epoch_of
from messages.money import Money
from messages.order_router import CompareOrders
from messages.portfolio import ForeignHolding, ForeignListed
from messages.positions import EpochAdopted, OwnershipDoubted, SymbolCompared
from messages.reconciler import (
    AdoptEpoch,
    ListedOrder,
    ListForeign,
    OrdersUnknown,
    Trade,
    TradesReported,
)
from tests.actors.reconciler.stage import BTC, SETTINGS, Stage, trade

P1, P2 = PositionId("p1"), PositionId("p2")
TTL_MS = SETTINGS.router.terminal_ttl_ms
HOUR_MS = 3_600_000
BEFORE, NOW, OTHER = (epoch_of(number) for number in (1, 2, 3))


def stage_of(ended_ms_ago: int = HOUR_MS, *, is_first_look: bool = False) -> Stage:
    """A process of the second epoch; the one of the first ended so long ago."""
    stage = Stage()
    identity = Identity(
        account="a" * 8,
        epochs=(BEFORE, NOW),
        started_at=stage.now,
        ended_at=Timestamp(stage.now - ended_ms_ago),
    )
    stage.looks.apply(identity)
    awaited = (f"fills {BTC}", f"open {BTC}") if is_first_look else ()
    looked_since = None if is_first_look else stage.now
    stage.looks.apply(replace(stage.looks.next, awaited=awaited, looked_since=looked_since))
    return stage


def an_id(epoch: str, position_id: PositionId, leg: str, attempt: int = 1) -> ClientOrderId:
    identity = Identity(account="a" * 8, epochs=(epoch,))
    return client_order_id(identity.prefix_of(position_id), leg, attempt)


def listed(order_id: ClientOrderId, *trades: Trade) -> OrdersUnknown:
    filled = sum((one.quantity for one in trades), Decimal(0))
    order = ListedOrder(client_order_id=order_id, is_working=False, filled=filled, trades=trades)
    return OrdersUnknown(symbol=BTC, orders=(order,), answers=f"fills {BTC}")


def is_doubted(stage: Stage, epoch: str, filled_ms_ago: int) -> bool:
    order_id = an_id(epoch, P1, "x")
    one = trade(1, stage.now - filled_ms_ago, order_id)
    said = stage.hear(listed(order_id, one))
    return any(isinstance(message, JournalBehind) for message in said)


@pytest.mark.parametrize("is_first_look", [True, False])
@pytest.mark.parametrize("minutes_ago", [121, 600, 1_439])
def test_a_fill_of_ours_that_the_router_has_forgotten_is_no_other_process_s(
    minutes_ago: int, *, is_first_look: bool
) -> None:
    stage = stage_of(ended_ms_ago=60_000, is_first_look=is_first_look)
    assert not is_doubted(stage, BEFORE, minutes_ago * 60_000)


def test_a_fill_that_the_router_would_remember_is_another_process_s() -> None:
    assert is_doubted(stage_of(), BEFORE, TTL_MS - HOUR_MS)


def test_a_fill_of_ours_is_another_process_s_however_old_where_its_position_still_listens() -> None:
    stage, order_id = stage_of(is_first_look=True), an_id(BEFORE, P1, "x")
    told = listed(order_id, trade(1, stage.now - TTL_MS - HOUR_MS, order_id))
    said = stage.hear(replace(told, of_listening=(order_id,)))
    assert any(isinstance(message, JournalBehind) for message in said)


def test_that_a_symbol_was_compared_is_told_after_the_doubt_that_its_lists_raise() -> None:
    stage, order_id = stage_of(is_first_look=True), an_id(OTHER, P1, "x")
    stage.hear(OrdersUnknown(symbol=BTC, orders=(), answers=f"open {BTC}"))
    said = stage.hear(listed(order_id, trade(1, stage.now, order_id)))
    kinds = [type(message) for message in said]
    assert kinds.index(OwnershipDoubted) < kinds.index(SymbolCompared)


def test_a_fill_after_the_last_record_of_a_restored_journal_is_another_process_s() -> None:
    stage = stage_of(ended_ms_ago=20 * HOUR_MS, is_first_look=True)
    assert is_doubted(stage, BEFORE, 10 * HOUR_MS)


@pytest.mark.parametrize("hours_ago", [0, 1, 23])
def test_a_fill_of_an_unknown_epoch_is_another_process_s_however_old(hours_ago: int) -> None:
    assert is_doubted(stage_of(), OTHER, hours_ago * HOUR_MS)


def test_asked_for_the_fills_are_listed_anew_and_told_by_position() -> None:
    stage = stage_of()
    (asked,) = stage.hear(ListForeign(symbol=BTC))
    assert isinstance(asked, FetchTrades)
    order_id = an_id(OTHER, P2, "b")
    in_base = Money(base_currency(BTC), Decimal("0.01"))
    bought = replace(trade(1, stage.now, order_id, "3"), fee=in_base)
    told = stage.hear(TradesReported(symbol=BTC, since=Timestamp(0), trades=(bought,)))
    (compared,) = told
    assert isinstance(compared, CompareOrders)
    answer = OrdersUnknown(symbol=BTC, orders=compared.orders, answers=compared.answers)
    said = stage.hear(answer)
    holding = ForeignHolding(position_id=P2, bought=Decimal("2.99"), sold=Decimal(0))
    assert ForeignListed(symbol=BTC, holdings=(holding,)) in said
    assert not any(isinstance(one, ForeignListed) for one in stage.hear(answer))


def test_a_list_without_orders_of_the_account_answers_too() -> None:
    stage = stage_of()
    stage.hear(ListForeign(symbol=BTC))
    (compared,) = stage.hear(TradesReported(symbol=BTC, since=Timestamp(0), trades=()))
    assert isinstance(compared, CompareOrders)
    said = stage.hear(OrdersUnknown(symbol=BTC, orders=(), answers=compared.answers))
    assert said == [ForeignListed(symbol=BTC, holdings=())]


def test_a_list_that_was_cut_off_is_no_answer() -> None:
    stage = stage_of()
    stage.hear(ListForeign(symbol=BTC))
    cut = TradesReported(symbol=BTC, since=Timestamp(0), trades=(), is_complete=False)
    assert stage.hear(cut) == []
    assert stage.looks.next.asked == (BTC,)


def test_a_doubt_names_the_epoch() -> None:
    stage = stage_of()
    order_id = an_id(BEFORE, P1, "x")
    said = stage.hear(listed(order_id, trade(1, stage.now, order_id)))
    assert [one.epoch for one in said if isinstance(one, OwnershipDoubted)] == [BEFORE]


def test_fills_count_once_however_often_and_in_whatever_parts_they_are_listed() -> None:
    stage = stage_of()
    order_id = an_id(OTHER, P1, "x")
    one, two = (trade(number, stage.now, order_id, "2") for number in (1, 2))
    for trades in ((one,), (two,), (one, two), (two,)):
        stage.hear(listed(order_id, *trades))
    assert stage.looks.foreign_orders[order_id].moved == Decimal(4)


def test_an_adopted_epoch_s_orders_are_no_other_process_s_any_more() -> None:
    stage = stage_of()
    order_id = an_id(OTHER, P1, "x", 4)
    stage.hear(listed(order_id, trade(1, stage.now, order_id)))
    assert isinstance(stage.looks.foreign_orders[order_id], ForeignOrder)
    stage.hear(AdoptEpoch(epoch=OTHER, reason="it is dead"))
    said = []
    for _ in range(3):
        stage.pass_time(60_000)
        said += stage.symbols(BTC)
    (adopted,) = [one for one in said if isinstance(one, EpochAdopted)]
    assert adopted.last_exits == {P1: 4}
    assert any(isinstance(one, OwnershipSettled) for one in said)
    assert (stage.looks.foreign, stage.looks.foreign_orders) == ({}, {})
