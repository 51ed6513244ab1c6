"""An exit without an answer is sold again at once where the account shows just its coins."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from actors.position.exit_slot import SlotState
from actors.position.own_orders import doubtful_orders, lost_orders
from actors.position.position import Life
from messages.base import ClientOrderId
from messages.observers import AlarmKind
from messages.orders import OrderFacts, OrderStatus, OrderType, RejectReason
from messages.portfolio import RequestBalance
from messages.position import BalanceAnswered, OrderUpdated
from tests.actors.position.scenes import BTC, HELD, X1, X2, alarms, closing
from tests.actors.position.stage import Stage

BESIDE = (OrderType.MARKET, OrderType.LIMIT)


def unseen(beside: tuple[OrderType, ...] = BESIDE) -> Stage:
    stage = closing()
    facts = OrderFacts(client_order_id=ClientOrderId(X1), status=OrderStatus.UNKNOWN)
    stage.hear(OrderUpdated(facts=facts, beside=beside))
    return stage


def show(stage: Stage, total: str | None) -> Stage:
    shown = None if total is None else Decimal(total)
    stage.hear(BalanceAnswered(currency=BTC, free=shown, total=shown))
    return stage


def test_it_asks_what_the_account_holds() -> None:
    (asked,) = [one for one in unseen().last if isinstance(one, RequestBalance)]
    assert asked.wants_total


def test_without_an_offer_it_asks_nothing_and_waits() -> None:
    stage = unseen(beside=())
    assert not stage.all_sent(RequestBalance)
    show(stage, str(HELD))
    assert stage.position.slot.state is SlotState.UNKNOWN


def test_what_the_position_holds_and_no_more_is_sold_again_at_once() -> None:
    stage = show(unseen(), str(HELD))
    assert stage.request(X2).quantity == HELD
    assert alarms(stage, AlarmKind.EXIT_LOST) == 1
    assert lost_orders(stage.position)
    assert not doubtful_orders(stage.position)


def test_less_than_a_step_of_others_coins_changes_nothing() -> None:
    assert show(unseen(), str(HELD + Decimal("0.0009"))).request(X2).quantity == HELD


@pytest.mark.parametrize("more", ["0.001", "-0.001", "50", f"-{HELD}"])
def test_any_other_total_is_no_proof(more: str) -> None:
    stage = show(unseen(), str(HELD + Decimal(more)))
    assert stage.position.slot.order_id == X1
    assert not alarms(stage, AlarmKind.EXIT_LOST)


def test_a_balance_without_a_total_is_no_proof_and_it_asks_again() -> None:
    stage = show(unseen(), None)
    assert stage.position.slot.order_id == X1
    stage.wait(30_000)
    assert len(stage.all_sent(RequestBalance)) > 1


def test_what_is_shown_unasked_is_no_proof() -> None:
    stage = closing()
    stage.report(X1, OrderStatus.UNKNOWN)
    show(stage, str(HELD))
    assert stage.position.slot.order_id == X1


def test_a_contested_position_sells_nothing_beside() -> None:
    stage = unseen()
    assert stage.life is not None
    contested = replace(stage.position, contested="another process")
    stage.life = Life(stage.life.charter, contested)
    show(stage, str(HELD))
    assert stage.position.slot.order_id == X1


def test_an_offer_does_not_outlive_a_conflict_about_the_id() -> None:
    stage = unseen()
    stage.report(X1, OrderStatus.UNKNOWN, reason=RejectReason.DUPLICATE_ID)
    show(stage, str(HELD)).wait(600_000)
    assert stage.position.slot.order_id == X1
    assert not alarms(stage, AlarmKind.EXIT_LOST)
