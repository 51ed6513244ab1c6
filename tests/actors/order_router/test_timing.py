"""Deadlines of requests, and what proves an absence."""

from decimal import Decimal

from msgspec.structs import replace

from actors.order_router.order import Request
from actors.order_router.timing import BETWEEN_LOOKS_MS, SIGN_SALE_WITHIN_MS, taken_until
from config.settings import RouterSettings
from messages.base import ClientOrderId, Milliseconds, Timestamp
from messages.gateway import LookUpOrder, SubmitOrder
from messages.ids import Identity
from messages.market import RequestTerms
from messages.order_router import (
    CancelFailed,
    FailureKind,
    LookBack,
    OrderNotFound,
    RequestTimingMeasured,
    StreamChanged,
    SubmitFailed,
)
from messages.orders import OrderStatus, OrderType, Purpose, RejectReason
from messages.position import OrderUpdated
from messages.reconciler import IdentityChanged
from tests.actors.order_router.stage import P1, SETTINGS, Stage, request

EXIT = "he1p1x1"
OFFSET_MS = 7_000
TERMS = RequestTerms(
    window_ms=Milliseconds(5_000),
    exit_window_ms=Milliseconds(3_000),
    window_max_ms=Milliseconds(10_000),
    settle_ms=Milliseconds(2_000),
    read_lag_ms=Milliseconds(4_000),
    locking=(OrderType.MARKET, OrderType.LIMIT),
)


def timed(terms: RequestTerms | None = TERMS, settings: RouterSettings = SETTINGS) -> Stage:
    stage = Stage(settings)
    measure(stage, OFFSET_MS, terms)
    return stage


def measure(stage: Stage, offset_ms: int, terms: RequestTerms | None = TERMS) -> None:
    error, latency = Milliseconds(0), Milliseconds(20)
    timing = RequestTimingMeasured(
        offset_ms=offset_ms, error_ms=error, latency_ms=latency, terms=terms
    )
    stage.tell(timing)


def sell(stage: Stage) -> SubmitOrder:
    stage.place(request(EXIT, Purpose.CLOSE))
    (submit,) = stage.just_sent(SubmitOrder)
    return submit


def fail(stage: Stage, kind: FailureKind, *, signed: bool = True, was_late: bool = False) -> None:
    stamp = Timestamp(stage.now + OFFSET_MS) if signed else None
    failed = SubmitFailed(
        client_order_id=ClientOrderId(EXIT), kind=kind, was_late=was_late, signed_at=stamp
    )
    stage.tell(failed)


def doubted(stage: Stage) -> Timestamp:
    """Send an exit of which nothing is heard; return the last moment at which it is taken."""
    sell(stage)
    fail(stage, FailureKind.UNKNOWN)
    stage.tell(StreamChanged(up=True))
    assert TERMS.settle_ms is not None
    signed_at = stage.now + OFFSET_MS
    return Timestamp(signed_at + TERMS.exit_window_ms + TERMS.settle_ms)


def look(stage: Stage, venue_time: int) -> OrderStatus:
    """Let the next look-up find nothing, with the venue's time before it."""
    while not (stage.order(EXIT).errand and stage.just_sent(LookUpOrder)):
        due = stage.next_deadline()
        assert due is not None
        stage.pass_time(max(due[0] - stage.now, 0))
        if stage.just_sent(LookUpOrder):
            break
        stage.tell(OrderNotFound(client_order_id=ClientOrderId(EXIT)))
    answer = OrderNotFound(client_order_id=ClientOrderId(EXIT), venue_time=Timestamp(venue_time))
    stage.tell(answer)
    return stage.status(EXIT)


def test_a_sale_carries_its_largest_timestamp_and_a_short_window() -> None:
    submit = sell(timed())
    assert submit.sign_by == 1_000_000 + OFFSET_MS + SIGN_SALE_WITHIN_MS
    assert submit.window_ms == TERMS.exit_window_ms


def test_without_a_measured_clock_a_request_has_no_deadline() -> None:
    submit = sell(Stage())
    assert (submit.sign_by, submit.window_ms) == (None, None)


def test_a_copy_that_was_too_late_is_sent_again_at_once_with_a_wider_window() -> None:
    stage = timed()
    first = sell(stage)
    fail(stage, FailureKind.RETRYABLE, was_late=True)
    (second,) = stage.just_sent(SubmitOrder)
    assert second.request == first.request
    assert second.window_ms == 2 * TERMS.exit_window_ms


def test_a_copy_that_was_never_signed_is_sent_again_with_the_same_window() -> None:
    stage = timed()
    sell(stage)
    stage.now = Timestamp(stage.now + 10_000)
    fail(stage, FailureKind.RETRYABLE, was_late=True, signed=False)
    (second,) = stage.just_sent(SubmitOrder)
    assert second.window_ms == TERMS.exit_window_ms
    assert second.sign_by == stage.now + OFFSET_MS + SIGN_SALE_WITHIN_MS


def test_a_copy_that_was_late_by_a_clock_that_moved_is_sent_again_with_the_same_window() -> None:
    stage = timed()
    sell(stage)
    measure(stage, OFFSET_MS + 60_000)
    fail(stage, FailureKind.RETRYABLE, was_late=True)
    (second,) = stage.just_sent(SubmitOrder)
    assert second.window_ms == TERMS.exit_window_ms
    fail(stage, FailureKind.RETRYABLE, was_late=True)
    (third,) = stage.just_sent(SubmitOrder)
    assert third.window_ms == 2 * TERMS.exit_window_ms


def test_a_sale_is_never_given_up_for_its_time_and_its_window_ends_at_the_most() -> None:
    stage = timed()
    sell(stage)
    for _ in range(20):
        fail(stage, FailureKind.RETRYABLE, was_late=True)
        assert stage.status(EXIT) in {OrderStatus.NEW, OrderStatus.SUBMITTED}
        due = stage.next_deadline()
        if stage.status(EXIT) is OrderStatus.NEW and due is not None:
            stage.pass_time(due[0] - stage.now)
    assert stage.all_sent(SubmitOrder)[-1].window_ms == TERMS.window_max_ms


def test_a_late_refusal_of_the_only_copy_without_an_answer_ends_the_doubt() -> None:
    stage = timed()
    doubted(stage)
    fail(stage, FailureKind.RETRYABLE, was_late=True)
    assert stage.status(EXIT) is OrderStatus.REJECTED
    assert stage.order(EXIT).facts.reason is RejectReason.NEVER_PLACED


def test_two_looks_after_the_deadline_and_the_lag_prove_an_absence() -> None:
    stage = timed()
    after = doubted(stage) + TERMS.read_lag_ms + 1
    assert look(stage, after) is OrderStatus.UNKNOWN
    assert look(stage, after + BETWEEN_LOOKS_MS - 1) is OrderStatus.UNKNOWN
    assert look(stage, after + BETWEEN_LOOKS_MS) is OrderStatus.REJECTED


def test_looks_within_the_lag_prove_nothing_however_many() -> None:
    stage = timed()
    last = doubted(stage) + TERMS.read_lag_ms
    for venue_time in range(last - 6_000, last + 1, 1_000):
        assert look(stage, venue_time) is OrderStatus.UNKNOWN


def test_a_look_without_the_venue_s_time_proves_nothing_however_late_it_is_here() -> None:
    stage = timed()
    doubted(stage)
    for _ in range(10):
        stage.pass_time(30_000)
        stage.tell(OrderNotFound(client_order_id=ClientOrderId(EXIT)))
    assert stage.status(EXIT) is OrderStatus.UNKNOWN


SELDOM = RouterSettings(unknown_lookup_interval_ms=Milliseconds(60_000))
"""Looks that wait for the deadline, and for nothing else."""
HOUR_MS = 3_600_000


def waiting(settings: RouterSettings = SELDOM) -> tuple[Stage, Timestamp]:
    """Let a first look find nothing; return the moment, on our clock, from which one counts."""
    stage = timed(settings=settings)
    until = doubted(stage)
    stage.tell(CancelFailed(client_order_id=ClientOrderId(EXIT), kind=FailureKind.REJECTED))
    stage.tell(OrderNotFound(client_order_id=ClientOrderId(EXIT), venue_time=Timestamp(1)))
    return stage, Timestamp(until + TERMS.read_lag_ms + 1 - OFFSET_MS)


def next_look(stage: Stage) -> Timestamp:
    errand = stage.order(EXIT).errand
    assert errand is not None
    assert (errand.request, errand.is_sent) == (Request.LOOK_UP, False)
    return errand.at


def find_nothing(stage: Stage) -> OrderStatus:
    """Let the next look find nothing; the venue's time is as last measured."""
    stage.pass_time(max(next_look(stage) - stage.now, 0))
    venue_time = Timestamp(stage.now + stage.orders.timing.offset_ms)
    answer = OrderNotFound(client_order_id=ClientOrderId(EXIT), venue_time=venue_time)
    stage.tell(answer)
    return stage.status(EXIT)


def test_a_clock_that_moved_ahead_shortens_the_wait_to_the_settle_time_and_the_lag() -> None:
    stage, counts_from = waiting()
    assert next_look(stage) == counts_from
    moved_at = stage.now
    measure(stage, OFFSET_MS + HOUR_MS)
    assert TERMS.settle_ms is not None
    assert next_look(stage) == moved_at + TERMS.settle_ms + TERMS.read_lag_ms + 1 < counts_from
    assert find_nothing(stage) is OrderStatus.UNKNOWN
    assert find_nothing(stage) is OrderStatus.REJECTED
    assert stage.now == moved_at + TERMS.settle_ms + TERMS.read_lag_ms + 1 + BETWEEN_LOOKS_MS


def test_a_clock_that_moved_back_lengthens_the_wait_as_far_as_a_look_may_wait() -> None:
    stage, counts_from = waiting()
    measure(stage, OFFSET_MS - 5_000)
    assert next_look(stage) == counts_from + 5_000
    measure(stage, OFFSET_MS - HOUR_MS)
    longest = SELDOM.unknown_lookup_interval_ms
    assert longest // 2 <= next_look(stage) - stage.now <= longest


def test_a_measurement_that_says_the_same_moves_no_look() -> None:
    stage, counts_from = waiting()
    stage.pass_time(1_000)
    measure(stage, OFFSET_MS)
    assert next_look(stage) == counts_from


def test_a_clock_that_moved_ahead_lets_no_look_count_before_that_time_really_passed() -> None:
    stage, _ = waiting(SETTINGS)
    measure(stage, OFFSET_MS + HOUR_MS)
    assert TERMS.settle_ms is not None
    end = stage.now + TERMS.settle_ms + TERMS.read_lag_ms
    while next_look(stage) <= end:
        assert find_nothing(stage) is OrderStatus.UNKNOWN
        assert stage.order(EXIT).not_found_at is None


def test_a_venue_s_time_that_no_measurement_explains_lets_no_look_count() -> None:
    stage, counts_from = waiting(SETTINGS)
    while next_look(stage) < counts_from:
        stage.pass_time(next_look(stage) - stage.now)
        ahead = Timestamp(stage.now + OFFSET_MS + HOUR_MS)
        stage.tell(OrderNotFound(client_order_id=ClientOrderId(EXIT), venue_time=ahead))
        assert stage.order(EXIT).not_found_at is None
        assert stage.status(EXIT) is OrderStatus.UNKNOWN


def test_the_first_of_two_looks_does_not_count_after_the_clock_moved() -> None:
    stage, _ = waiting()
    assert find_nothing(stage) is OrderStatus.UNKNOWN
    assert stage.order(EXIT).not_found_at is not None
    measure(stage, OFFSET_MS + HOUR_MS)
    assert stage.order(EXIT).not_found_at is None


def test_a_request_without_an_answer_yet_is_judged_by_the_clock_that_moved_too() -> None:
    stage = timed(settings=SELDOM)
    sell(stage)
    measure(stage, OFFSET_MS + HOUR_MS)
    moved_at = stage.order(EXIT).clock_moved_at
    assert moved_at == stage.now + OFFSET_MS + HOUR_MS
    fail(stage, FailureKind.UNKNOWN)
    assert TERMS.settle_ms is not None
    assert taken_until(stage.order(EXIT), TERMS) == max(
        moved_at + TERMS.settle_ms,
        stage.now + OFFSET_MS + TERMS.exit_window_ms + TERMS.settle_ms,
    )


def test_an_id_that_a_dead_process_may_have_used_has_the_latest_deadline() -> None:
    stage = timed()
    asked = LookBack(
        position_id=P1,
        symbol=request().symbol,
        order_prefix="he1p1",
        after=0,
        at_most=Decimal(2),
        since=stage.now,
    )
    stage.tell(asked)
    probe = stage.order("he1p1x1")
    assert probe.is_probe
    assert probe.sign_by == stage.now + OFFSET_MS
    assert probe.window_ms == TERMS.window_max_ms


def restarted(stage: Stage, *, seconds: int = 60) -> None:
    """Let the next process begin after a while, with what is on record."""
    stage.now = Timestamp(stage.now + 1_000 * seconds)
    identity = Identity(account="a" * 8, epochs=("b" * 8,), started_at=stage.now)
    stage.tell(IdentityChanged(identity=identity))
    stage.tell(StreamChanged(up=False, is_restart=True))
    stage.now = Timestamp(stage.now + 500)


def test_what_a_dead_process_left_without_a_deadline_has_one_from_the_first_measurement_on() -> (
    None
):
    stage = Stage()
    sell(stage)
    restarted(stage)
    assert stage.order(EXIT).sign_by is None
    measure(stage, OFFSET_MS)
    order = stage.order(EXIT)
    assert (order.sign_by, order.window_ms) == (stage.now + OFFSET_MS, TERMS.window_max_ms)
    measured_at = stage.now
    stage.pass_time(1_000)
    measure(stage, OFFSET_MS)
    assert stage.order(EXIT).sign_by == measured_at + OFFSET_MS


def test_its_position_may_sell_beside_it_at_once_where_orders_lock_their_coins() -> None:
    stage = Stage()
    sell(stage)
    restarted(stage)
    measure(stage, OFFSET_MS)
    assert stage.order(EXIT).beside
    (told,) = stage.just_sent(OrderUpdated)
    assert told.beside == TERMS.locking
    measure(stage, OFFSET_MS)
    assert stage.just_sent(OrderUpdated) == []


def test_where_a_requests_life_is_not_bounded_it_stays_without_one() -> None:
    for terms in (None, replace(TERMS, settle_ms=None)):
        stage = Stage()
        sell(stage)
        restarted(stage)
        measure(stage, OFFSET_MS, terms)
        assert stage.order(EXIT).sign_by is None
        assert stage.just_sent(OrderUpdated) == []


def test_what_this_process_asked_for_is_not_dated_as_a_dead_ones() -> None:
    stage = Stage()
    restarted(stage)
    sell(stage)  # the clock is not measured yet: it may wait for its turn, and be signed later
    fail(stage, FailureKind.UNKNOWN, signed=False)
    measure(stage, OFFSET_MS)
    assert stage.status(EXIT) is OrderStatus.UNKNOWN
    assert stage.order(EXIT).sign_by is None


def test_a_deadline_on_record_is_not_put_off_by_a_restart() -> None:
    stage = timed()
    submit = sell(stage)
    restarted(stage)
    measure(stage, OFFSET_MS)
    assert stage.order(EXIT).sign_by == submit.sign_by
    assert stage.order(EXIT).window_ms == submit.window_ms


def test_what_the_venue_has_shown_needs_no_deadline() -> None:
    stage = Stage()
    sell(stage)
    stage.report(OrderStatus.OPEN, order_id=EXIT)
    restarted(stage)
    measure(stage, OFFSET_MS)
    assert stage.order(EXIT).sign_by is None
