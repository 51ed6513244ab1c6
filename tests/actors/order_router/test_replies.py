"""Answers that fail or do not come; silence; orders nobody can find."""

import pytest
from msgspec.structs import replace

from messages.gateway import CancelAtVenue, LookUpOrder, SubmitOrder
from messages.order_router import FailureKind, StreamChanged, SubmitHeld
from messages.orders import (
    OrderStatus,
    OrderType,
    Priority,
    Purpose,
    RejectReason,
    TimeInForce,
)
from messages.position import OrderUpdated
from tests.actors.order_router.stage import ORDER, SETTINGS, Stage, request

OVERDUE_MS = SETTINGS.answer_timeout_ms
LONG_MS = 60_000


# Unknown outcomes.


def unknown() -> Stage:
    stage = Stage()
    stage.place(request(purpose=Purpose.CLOSE))
    stage.fail_submit(FailureKind.UNKNOWN)
    return stage


def test_an_unknown_submit_is_canceled_by_its_id_and_never_sent_again() -> None:
    stage = unknown()
    cancel = stage.just_sent(CancelAtVenue)[0]
    assert (cancel.client_order_id, cancel.priority) == (ORDER, Priority.EXIT)
    assert stage.just_sent(OrderUpdated)[0].facts.status is OrderStatus.UNKNOWN
    stage.fail_submit(FailureKind.RETRYABLE)
    stage.pass_time(LONG_MS)
    assert len(stage.all_sent(SubmitOrder)) == 1


@pytest.mark.parametrize("purpose", [Purpose.TAKE_PROFIT, Purpose.STOP_LOSS])
@pytest.mark.parametrize("kind", ["failed", "unanswered", "unreadable"])
def test_what_protects_and_is_unknown_is_looked_up_first_and_stays_where_it_is_found(
    purpose: Purpose, kind: str
) -> None:
    stage = Stage()
    stage.place(request(purpose=purpose))
    if kind == "failed":
        stage.fail_submit(FailureKind.UNKNOWN)
    elif kind == "unanswered":
        stage.pass_time(OVERDUE_MS)
    else:
        stage.report(OrderStatus.UNKNOWN)
    assert len(stage.just_sent(LookUpOrder)) == 1
    stage.report(OrderStatus.OPEN)
    stage.pass_time(LONG_MS)
    assert stage.status() is OrderStatus.OPEN
    assert stage.all_sent(CancelAtVenue) == []


def test_what_protects_is_canceled_first_where_its_position_wants_it_to_be_over() -> None:
    stage = Stage()
    stage.place(request(purpose=Purpose.STOP_LOSS))
    stage.cancel(urgent=True)
    stage.fail_submit(FailureKind.UNKNOWN)
    assert [one.priority for one in stage.just_sent(CancelAtVenue)] == [Priority.EXIT]


def test_a_cancel_that_finds_the_unknown_order_ends_it_with_its_fills() -> None:
    stage = unknown()
    stage.report(OrderStatus.CANCELED, "0.5")
    assert stage.status() is OrderStatus.CANCELED
    assert stage.all_sent(LookUpOrder) == []


@pytest.mark.parametrize("kind", list(FailureKind))
def test_a_cancel_that_fails_on_the_unknown_order_is_followed_by_a_look_up(
    kind: FailureKind,
) -> None:
    stage = unknown()
    stage.fail_cancel(kind)
    assert len(stage.just_sent(LookUpOrder)) == 1


def test_one_not_found_is_no_proof() -> None:
    stage = unknown()
    stage.fail_cancel(FailureKind.REJECTED)
    stage.not_found()
    assert stage.status() is OrderStatus.UNKNOWN


def look_in_vain(stage: Stage, times: int) -> None:
    """Answer each look-up with a not-found."""
    for _ in range(times):
        stage.not_found()
        stage.pass_time(SETTINGS.retry_backoff_max_ms)


def test_enough_not_founds_over_enough_time_mean_never_placed() -> None:
    stage = unknown()
    stage.fail_cancel(FailureKind.REJECTED)
    look_in_vain(stage, SETTINGS.unknown_not_found_needed)
    told = stage.all_sent(OrderUpdated)[-1].facts
    assert (told.status, told.reason) == (OrderStatus.REJECTED, RejectReason.NEVER_PLACED)


def test_enough_not_founds_too_soon_mean_nothing() -> None:
    stage = Stage(replace(SETTINGS, unknown_lookup_interval_ms=1))
    stage.place()
    stage.fail_submit(FailureKind.UNKNOWN)
    stage.fail_cancel(FailureKind.REJECTED)
    for _ in range(SETTINGS.unknown_not_found_needed + 1):
        stage.not_found()
        stage.pass_time(100)
    assert stage.status() is OrderStatus.UNKNOWN


def test_a_not_found_told_twice_counts_once() -> None:
    stage = unknown()
    stage.fail_cancel(FailureKind.REJECTED)
    for _ in range(10):
        stage.not_found()
    assert stage.order().not_found == 1


def test_not_founds_while_the_stream_is_down_do_not_count() -> None:
    stage = unknown()
    stage.fail_cancel(FailureKind.REJECTED)
    stage.tell(StreamChanged(up=False))
    look_in_vain(stage, 10)
    assert stage.status() is OrderStatus.UNKNOWN
    assert stage.order().not_found == 0


def test_not_founds_from_before_the_stream_broke_do_not_count() -> None:
    stage = unknown()
    stage.fail_cancel(FailureKind.REJECTED)
    look_in_vain(stage, SETTINGS.unknown_not_found_needed - 1)
    stage.tell(StreamChanged(up=False))
    stage.tell(StreamChanged(up=True))
    stage.not_found()
    assert stage.order().not_found == 1


def test_an_order_taken_for_never_placed_that_lives_is_told_and_canceled_at_once() -> None:
    stage = unknown()
    stage.fail_cancel(FailureKind.REJECTED)
    look_in_vain(stage, SETTINGS.unknown_not_found_needed)
    stage.report(OrderStatus.OPEN)
    assert stage.just_sent(OrderUpdated)[0].facts.status is OrderStatus.OPEN
    assert [m.priority for m in stage.just_sent(CancelAtVenue)] == [Priority.EXIT]


def test_an_unknown_order_that_is_found_open_lives_on() -> None:
    stage = unknown()
    stage.fail_cancel(FailureKind.UNKNOWN)
    stage.report(OrderStatus.OPEN)
    assert stage.status() is OrderStatus.OPEN
    assert stage.next_deadline() is None


def test_a_late_refusal_ends_an_unknown_order() -> None:
    stage = unknown()
    stage.fail_submit(FailureKind.REJECTED, RejectReason.PRECISION)
    assert stage.status() is OrderStatus.REJECTED
    assert stage.order().facts.reason is RejectReason.PRECISION


def test_a_duplicate_id_means_that_it_is_live_so_it_is_looked_up_and_not_canceled() -> None:
    stage = Stage()
    stage.place()
    stage.fail_submit(FailureKind.REJECTED, RejectReason.DUPLICATE_ID)
    assert stage.status() is OrderStatus.UNKNOWN
    assert len(stage.just_sent(LookUpOrder)) == 1
    assert stage.all_sent(CancelAtVenue) == []


def test_a_submit_without_an_answer_becomes_unknown() -> None:
    stage = Stage()
    stage.place()
    stage.pass_time(OVERDUE_MS)
    assert stage.status() is OrderStatus.UNKNOWN
    assert len(stage.all_sent(CancelAtVenue)) == 1


def test_a_report_without_a_readable_status_is_settled_like_no_answer() -> None:
    stage = Stage()
    stage.place()
    stage.report(OrderStatus.UNKNOWN)
    assert stage.status() is OrderStatus.UNKNOWN
    assert len(stage.just_sent(CancelAtVenue)) == 1
    assert not stage.order().is_seen


def test_a_look_up_without_an_answer_is_repeated() -> None:
    stage = unknown()
    stage.fail_cancel(FailureKind.REJECTED)
    stage.pass_time(2 * OVERDUE_MS)
    assert len(stage.all_sent(LookUpOrder)) >= 2


def test_a_failed_look_up_is_repeated_no_sooner_than_the_venue_wants() -> None:
    stage = unknown()
    stage.fail_cancel(FailureKind.REJECTED)
    stage.fail_look_up(retry_after_ms=20_000)
    stage.pass_time(19_999)
    assert len(stage.all_sent(LookUpOrder)) == 1
    stage.pass_time(1)
    assert len(stage.all_sent(LookUpOrder)) == 2


# Cancels.


def canceling() -> Stage:
    stage = Stage()
    stage.place()
    stage.report(OrderStatus.OPEN)
    stage.cancel()
    return stage


def test_a_refused_cancel_is_looked_up_and_never_assumed() -> None:
    stage = canceling()
    stage.fail_cancel(FailureKind.REJECTED)
    assert stage.status() is OrderStatus.OPEN
    assert len(stage.just_sent(LookUpOrder)) == 1
    stage.report(OrderStatus.FILLED, "2")
    assert stage.status() is OrderStatus.FILLED


def test_a_refused_cancel_of_an_order_that_still_lives_is_repeated() -> None:
    stage = canceling()
    stage.fail_cancel(FailureKind.REJECTED)
    stage.report(OrderStatus.OPEN, "0")
    assert len(stage.all_sent(CancelAtVenue)) == 1
    stage.pass_time(SETTINGS.retry_backoff_max_ms)
    assert len(stage.all_sent(CancelAtVenue)) == 2


def test_a_cancel_that_surely_failed_is_repeated() -> None:
    stage = canceling()
    stage.fail_cancel(FailureKind.RETRYABLE, retry_after_ms=5_000)
    stage.pass_time(4_999)
    assert len(stage.all_sent(CancelAtVenue)) == 1
    stage.pass_time(1)
    assert len(stage.all_sent(CancelAtVenue)) == 2
    assert stage.all_sent(LookUpOrder) == []


def test_a_cancel_without_an_answer_is_followed_by_a_look_up() -> None:
    stage = canceling()
    stage.pass_time(OVERDUE_MS)
    assert len(stage.all_sent(LookUpOrder)) == 1


def test_a_fill_while_a_cancel_is_under_way_does_not_answer_the_cancel() -> None:
    stage = canceling()
    stage.report(OrderStatus.PARTIALLY_FILLED, "1")
    stage.pass_time(OVERDUE_MS)
    assert len(stage.all_sent(LookUpOrder)) == 1
    assert len(stage.all_sent(CancelAtVenue)) == 1


def test_a_cancel_of_an_order_that_the_venue_has_shown_waits_for_no_answer() -> None:
    stage = Stage()
    stage.place()
    stage.report(OrderStatus.OPEN)
    stage.tell(StreamChanged(up=True))
    assert len(stage.just_sent(LookUpOrder)) == 1
    stage.cancel(urgent=True)
    assert len(stage.just_sent(CancelAtVenue)) == 1
    stage.report(OrderStatus.OPEN)  # the look-up's answer: the cancel is still awaited
    assert stage.last.outbox == ()
    stage.fail_cancel(FailureKind.REJECTED)
    assert len(stage.just_sent(LookUpOrder)) == 1


def test_a_cancel_of_an_unknown_order_that_is_being_looked_up_goes_when_it_is_found() -> None:
    stage = Stage()
    stage.place(request(purpose=Purpose.TAKE_PROFIT))
    stage.fail_submit(FailureKind.UNKNOWN)
    stage.cancel(urgent=True)
    assert stage.all_sent(CancelAtVenue) == []
    stage.report(OrderStatus.OPEN)
    assert len(stage.just_sent(CancelAtVenue)) == 1


# Orders that were seen and are lost.


def test_an_order_that_was_seen_and_is_lost_is_unknown_and_not_never_placed() -> None:
    stage = canceling()
    stage.fail_cancel(FailureKind.REJECTED)
    look_in_vain(stage, 20)
    assert stage.status() is OrderStatus.UNKNOWN
    stage.report(OrderStatus.FILLED, "2")
    assert stage.status() is OrderStatus.FILLED


def test_an_order_that_stays_lost_as_long_as_orders_are_remembered_is_given_up() -> None:
    stage = canceling()
    stage.fail_cancel(FailureKind.REJECTED)
    tries = 2 * SETTINGS.terminal_ttl_ms // SETTINGS.retry_backoff_max_ms
    for _ in range(tries):
        look_in_vain(stage, 1)
        if stage.order().facts.is_terminal:
            break
    assert stage.order().facts.reason is RejectReason.NEVER_PLACED


# Orders that never rest.


@pytest.mark.parametrize("is_market", [True, False])
def test_an_order_that_never_rests_is_looked_up_when_its_end_is_not_heard(
    is_market: bool,  # noqa: FBT001 - a parameter of the grid
) -> None:
    stage = Stage()
    wanted = request(purpose=Purpose.CLOSE)
    if is_market:
        wanted = replace(wanted, type=OrderType.MARKET, price=None)
    else:
        wanted = replace(wanted, time_in_force=TimeInForce.IOC)
    stage.place(wanted)
    stage.report(OrderStatus.OPEN)
    stage.pass_time(SETTINGS.unknown_lookup_interval_ms)
    assert len(stage.all_sent(LookUpOrder)) == 1


def test_an_order_that_rests_is_left_alone() -> None:
    stage = Stage()
    stage.place()
    stage.report(OrderStatus.OPEN)
    assert stage.next_deadline() is None


# A submit that waits for the disk.


def test_nobody_wonders_what_became_of_a_submit_that_has_not_left() -> None:
    stage = Stage()
    stage.place()
    for _ in range(100):
        stage.pass_time(2_000)
        stage.tell(SubmitHeld(client_order_id=ORDER))
    assert stage.status() is OrderStatus.SUBMITTED
    assert len(stage.sent) == 1
    stage.pass_time(OVERDUE_MS)
    assert stage.status() is OrderStatus.UNKNOWN


def test_that_it_waits_is_written_down_now_and_then() -> None:
    stage = Stage()
    stage.place()
    written: list[object] = []
    for _ in range(100):
        stage.pass_time(2_000)
        written += stage.tell(SubmitHeld(client_order_id=ORDER)).changes
    assert len(written) == 25
