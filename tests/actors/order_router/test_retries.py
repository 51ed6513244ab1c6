"""Submits that surely failed are safe to send again; refused ones are over."""

from itertools import pairwise

import pytest
from msgspec.structs import replace

from messages.base import Timestamp
from messages.gateway import CancelAtVenue, SubmitOrder
from messages.order_router import FailureKind
from messages.orders import (
    OrderStatus,
    RejectReason,
)
from messages.position import OrderUpdated
from tests.actors.order_router.stage import SETTINGS, Stage

LONG_MS = 60_000


def submit_times(stage: Stage, tries: int) -> list[Timestamp]:
    times = []
    stage.place()
    for _ in range(tries):
        times.append(stage.now)
        stage.fail_submit(FailureKind.RETRYABLE)
        due = stage.next_deadline()
        if due is None or stage.status() is not OrderStatus.NEW:
            break
        stage.pass_time(due[0] - stage.now)
    return times


def test_a_submit_that_surely_failed_is_sent_again_after_growing_pauses() -> None:
    times = submit_times(Stage(), SETTINGS.retry_attempts)
    pauses = [b - a for a, b in pairwise(times)]
    base = SETTINGS.retry_backoff_ms
    assert len(pauses) == SETTINGS.retry_attempts - 1
    for number, pause in enumerate(pauses):
        assert base * 2**number / 2 - 1 <= pause <= base * 2**number


def test_a_submit_that_was_placed_though_it_surely_failed_is_not_sent_again() -> None:
    stage = Stage()
    stage.place()
    stage.fail_submit(FailureKind.RETRYABLE)
    stage.report(OrderStatus.OPEN)
    stage.pass_time(SETTINGS.retry_backoff_max_ms)
    assert stage.status() is OrderStatus.OPEN
    assert len(stage.all_sent(SubmitOrder)) == 1


@pytest.mark.parametrize("kind", FailureKind)
def test_a_submit_that_fails_after_the_stream_has_shown_it_is_as_it_was_shown(
    kind: FailureKind,
) -> None:
    stage = Stage()
    stage.place()
    stage.report(OrderStatus.PARTIALLY_FILLED, "0.4")
    before = stage.order()
    step = stage.fail_submit(kind)
    assert stage.order().facts == before.facts
    assert not step.outbox


def test_a_submit_that_surely_failed_and_was_called_off_is_canceled_where_it_is_there() -> None:
    stage = Stage()
    stage.place()
    stage.fail_submit(FailureKind.RETRYABLE)
    stage.cancel()
    assert stage.status() is OrderStatus.CANCELED
    stage.report(OrderStatus.OPEN)
    assert stage.status() is OrderStatus.OPEN
    assert len(stage.just_sent(CancelAtVenue)) == 1
    stage.report(OrderStatus.CANCELED)
    assert stage.status() is OrderStatus.CANCELED


def test_after_the_last_try_the_order_is_rejected_with_the_last_reason() -> None:
    stage = Stage()
    stage.place()
    for _ in range(SETTINGS.retry_attempts):
        stage.fail_submit(FailureKind.RETRYABLE, RejectReason.MARKET_HALTED)
        stage.pass_time(SETTINGS.retry_backoff_max_ms)
    assert len(stage.all_sent(SubmitOrder)) == SETTINGS.retry_attempts
    told = stage.all_sent(OrderUpdated)[-1].facts
    assert (told.status, told.reason) == (OrderStatus.REJECTED, RejectReason.MARKET_HALTED)


def test_pauses_are_the_same_in_every_run_and_others_for_another_seed() -> None:
    other = replace(SETTINGS, jitter_seed=2)
    assert submit_times(Stage(), 5) == submit_times(Stage(), 5)
    assert submit_times(Stage(), 5) != submit_times(Stage(other), 5)


def test_the_venues_own_pause_is_honored() -> None:
    stage = Stage()
    stage.place()
    stage.fail_submit(FailureKind.RETRYABLE, retry_after_ms=30_000)
    stage.pass_time(29_999)
    assert len(stage.all_sent(SubmitOrder)) == 1
    stage.pass_time(1)
    assert len(stage.all_sent(SubmitOrder)) == 2


def test_a_rejected_submit_is_not_repeated() -> None:
    stage = Stage()
    stage.place()
    stage.fail_submit(FailureKind.REJECTED, RejectReason.INSUFFICIENT_FUNDS)
    stage.pass_time(LONG_MS)
    assert len(stage.all_sent(SubmitOrder)) == 1
    told = stage.all_sent(OrderUpdated)[-1].facts
    assert (told.status, told.reason) == (OrderStatus.REJECTED, RejectReason.INSUFFICIENT_FUNDS)


def test_a_retry_told_twice_sends_once() -> None:
    stage = Stage()
    stage.place()
    stage.fail_submit(FailureKind.RETRYABLE)
    before = stage.order()
    stage.fail_submit(FailureKind.RETRYABLE)
    assert stage.order() == before
