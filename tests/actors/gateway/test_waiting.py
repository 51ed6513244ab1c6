"""What may leave without a record: so little that a start finds all of it."""

from decimal import Decimal

import pytest

from actors.gateway.waiting import Unrecorded, Waiting
from messages.base import ClientOrderId, PositionId, Symbol
from messages.gateway import CancelAtVenue, LookUpOrder, SubmitOrder
from messages.journal import UNRECORDED_AT_MOST
from messages.orders import (
    OrderFacts,
    OrderRequest,
    OrderStatus,
    OrderType,
    Priority,
    Purpose,
    Side,
)

SYMBOL = Symbol("BTC/USDT")


def submit(attempt: int, *, is_traceable: bool = True) -> SubmitOrder:
    request = OrderRequest(
        client_order_id=ClientOrderId(f"he1p1x{attempt}"),
        position_id=PositionId("p1"),
        symbol=SYMBOL,
        side=Side.SELL,
        type=OrderType.MARKET,
        purpose=Purpose.CLOSE,
        quantity=Decimal(1),
    )
    return SubmitOrder(request=request, priority=Priority.EXIT, is_traceable=is_traceable)


def shown(attempt: int, status: OrderStatus) -> OrderFacts:
    return OrderFacts(client_order_id=ClientOrderId(f"he1p1x{attempt}"), status=status)


def test_so_many_in_a_row_leave_and_further_ones_when_the_venue_has_shown_one() -> None:
    unrecorded, last = Unrecorded(), UNRECORDED_AT_MOST
    assert all(unrecorded.lets(submit(attempt)) for attempt in range(1, last + 1))
    assert not unrecorded.lets(submit(last + 1))
    assert unrecorded.lets(submit(last)), "sent again"
    unrecorded.shown(shown(last, OrderStatus.OPEN))
    assert all(unrecorded.lets(submit(last + more)) for more in range(1, last + 1))
    assert not unrecorded.lets(submit(2 * last + 1))
    unrecorded.clear()
    assert unrecorded.lets(submit(2 * last + 1)), "all is on record again"


def test_memory_that_outlives_the_process_hears_of_each_before_it_leaves() -> None:
    told: list[int] = []
    unrecorded = Unrecorded(lambda: told.append(len(told)))
    unrecorded.lets(submit(1))
    assert told == [0]
    unrecorded.lets(submit(1))
    assert told == [0], "sent again: it is noted"
    unrecorded.not_sent(submit(2))
    assert told == [0, 1], "its id was passed over: a start must look past it"


@pytest.mark.parametrize("status", [OrderStatus.REJECTED, OrderStatus.UNKNOWN])
def test_what_a_look_up_need_not_find_counts_on(status: OrderStatus) -> None:
    unrecorded = Unrecorded()
    for attempt in range(1, UNRECORDED_AT_MOST + 1):
        unrecorded.lets(submit(attempt))
        unrecorded.shown(shown(attempt, status))
    assert not unrecorded.lets(submit(UNRECORDED_AT_MOST + 1))


def test_of_an_order_of_which_a_request_stays_all_stay_in_their_order() -> None:
    waiting = Waiting()
    stays = submit(1, is_traceable=False)
    order_id, other = stays.request.client_order_id, ClientOrderId("he1p2b1")
    cancel = CancelAtVenue(
        client_order_id=order_id, exchange_order_id=None, symbol=SYMBOL, priority=Priority.EXIT
    )
    look_up = LookUpOrder(client_order_id=other, exchange_order_id=None, symbol=SYMBOL)
    waiting.add(1, stays)
    waiting.add(2, cancel)
    waiting.add(3, look_up)
    assert waiting.take_exits(Unrecorded()) == [look_up]
    assert waiting.take_durable(9) == [stays, cancel]


def test_an_id_that_was_passed_over_counts_as_if_it_had_left() -> None:
    unrecorded = Unrecorded()
    for attempt in range(1, UNRECORDED_AT_MOST + 1):
        unrecorded.not_sent(submit(attempt))
        unrecorded.not_sent(submit(attempt))
    assert not unrecorded.lets(submit(UNRECORDED_AT_MOST + 1))


def test_a_newer_exit_takes_the_place_of_the_one_that_waits() -> None:
    waiting = Waiting()
    waiting.add(1, submit(1))
    look_up = LookUpOrder(
        client_order_id=ClientOrderId("he1p1x1"), exchange_order_id=None, symbol=SYMBOL
    )
    waiting.add(2, look_up)
    assert waiting.take_outdated(submit(1)) == [], "sent again"
    assert waiting.take_outdated(submit(2)) == [submit(1)]
    assert waiting.submits() == []
    assert waiting.take_durable(2) == [look_up]
