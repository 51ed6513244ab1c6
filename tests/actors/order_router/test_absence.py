"""What two looks prove, and what may stand for the lag of the venue's reads."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from actors.order_router.absence import LATER_LOOKS_MS, LOOKS_MOST
from actors.order_router.timing import BETWEEN_LOOKS_MS
from messages.base import CLOCKS_DIFFER_MS, ClientOrderId, Milliseconds, Timestamp
from messages.gateway import LookUpOrder
from messages.market import RequestTerms
from messages.order_router import (
    CancelFailed,
    FailureKind,
    LookPart,
    OrderNotFound,
    RequestTimingMeasured,
    SubmitFailed,
    WholeLook,
)
from messages.orders import OrderStatus, OrderType, Purpose
from tests.actors.order_router.stage import Stage, request

EXIT = "he1p1x1"
LAG_MS, STREAM_LAG_MS = 4_000, 800
TERMS = RequestTerms(
    window_ms=Milliseconds(5_000),
    exit_window_ms=Milliseconds(3_000),
    window_max_ms=Milliseconds(10_000),
    settle_ms=Milliseconds(2_000),
    read_lag_ms=Milliseconds(LAG_MS),
    stream_lag_ms=Milliseconds(STREAM_LAG_MS),
    locking=(OrderType.LIMIT,),
)
TEN = Decimal(10)
HEARD = WholeLook(total=TEN, free=TEN, stream=3, signed_on=3)
"""The stream had no gap."""
DEAF = replace(HEARD, stream=4)


class Doubt:
    """An exit of which nothing is heard, and the looks for it."""

    def __init__(self, terms: RequestTerms = TERMS, **more: Any) -> None:  # noqa: ANN401 - fields by name
        self.stage = stage = Stage()
        error, latency = Milliseconds(0), Milliseconds(20)
        timing = RequestTimingMeasured(offset_ms=0, error_ms=error, latency_ms=latency, terms=terms)
        stage.tell(timing)
        stage.place(replace(request(EXIT, Purpose.CLOSE), **more))
        order_id = ClientOrderId(EXIT)
        self.until = stage.now + 5_000
        """The last moment at which the venue takes it."""
        failed = SubmitFailed(
            client_order_id=order_id, kind=FailureKind.UNKNOWN, signed_at=stage.now
        )
        stage.tell(failed)
        stage.tell(CancelFailed(client_order_id=order_id, kind=FailureKind.REJECTED))
        self.asked: LookUpOrder | None = None

    @staticmethod
    def timing(terms: RequestTerms) -> RequestTimingMeasured:
        error, latency = Milliseconds(0), Milliseconds(20)
        return RequestTimingMeasured(offset_ms=0, error_ms=error, latency_ms=latency, terms=terms)

    def look(self, at: int, look: WholeLook | None = HEARD) -> OrderStatus:
        """Answer the look-up that leaves at this moment, or the next one; return the status."""
        stage = self.stage
        for _ in range(100):
            due = stage.next_deadline()
            order = stage.order(EXIT)
            if order.errand is not None and order.errand.is_sent and stage.now >= at:
                break
            if order.errand is not None and order.errand.is_sent:
                stage.tell(OrderNotFound(client_order_id=ClientOrderId(EXIT)))
                continue
            assert due is not None
            stage.pass_time(max(due[0] - stage.now, 0))
        self.asked = stage.all_sent(LookUpOrder)[-1]
        answer = OrderNotFound(
            client_order_id=ClientOrderId(EXIT), venue_time=Timestamp(stage.now), look=look
        )
        stage.tell(answer)
        return stage.status(EXIT)

    def looks(self, until: int, look: WholeLook | None = HEARD) -> OrderStatus:
        """Answer all look-ups until then alike; return the status."""
        stage = self.stage
        while EXIT in stage.orders.by_id and not stage.order(EXIT).facts.is_terminal:
            errand = stage.order(EXIT).errand
            if errand is not None and not errand.is_sent:
                if errand.at > until:
                    break
                stage.pass_time(errand.at - stage.now)
            self.look(stage.now, look)
        return stage.status(EXIT)

    def next_look_in(self) -> int:
        due = self.stage.next_deadline()
        assert due is not None
        return due[0] - self.stage.now


def test_two_equal_looks_half_a_second_apart_prove_it_where_the_stream_had_no_gap() -> None:
    doubt = Doubt(replace(TERMS, stream_lag_ms=Milliseconds(500)))
    assert doubt.look(doubt.until + 1) is OrderStatus.UNKNOWN
    assert doubt.next_look_in() == BETWEEN_LOOKS_MS
    assert doubt.look(doubt.until + 1 + BETWEEN_LOOKS_MS) is OrderStatus.REJECTED


def test_the_first_look_leaves_as_soon_as_the_venue_takes_the_order_no_more() -> None:
    doubt = Doubt()
    doubt.look(doubt.until - 300, None)
    assert doubt.stage.now + doubt.next_look_in() == doubt.until + 1


def test_a_whole_look_is_asked_for_after_the_last_moment_and_not_before() -> None:
    doubt = Doubt()
    doubt.look(doubt.until - 1_000, None)
    assert doubt.asked is not None
    assert doubt.asked.whole_after == doubt.until
    assert doubt.asked.fills_since == doubt.until - 5_000 - CLOCKS_DIFFER_MS


def test_looks_before_the_last_moment_prove_nothing_however_many() -> None:
    doubt = Doubt()
    assert doubt.looks(doubt.until - 1) is OrderStatus.UNKNOWN
    assert doubt.stage.order(EXIT).not_found_at is None


def test_an_event_within_the_stream_s_lag_is_waited_for() -> None:
    doubt = Doubt()
    assert doubt.looks(doubt.until + STREAM_LAG_MS) is OrderStatus.UNKNOWN
    late = replace(TERMS, stream_lag_ms=Milliseconds(LAG_MS - 1))
    doubt.stage.tell(doubt.timing(late))
    assert doubt.looks(doubt.until + LAG_MS - 1) is OrderStatus.UNKNOWN


def test_the_second_look_waits_for_the_lag_of_the_stream() -> None:
    doubt = Doubt()
    doubt.look(doubt.until + 1)
    assert doubt.stage.now + doubt.next_look_in() == doubt.until + 1 + STREAM_LAG_MS
    assert doubt.look(doubt.until + 1 + STREAM_LAG_MS) is OrderStatus.REJECTED


@pytest.mark.parametrize(
    "look",
    [
        DEAF,
        replace(HEARD, stream=0),
        replace(HEARD, signed_on=0),
        replace(HEARD, stream=0, signed_on=0),
        *(replace(HEARD, missing=(part,)) for part in LookPart),
        None,
    ],
)
def test_without_such_evidence_the_lag_of_the_reads_is_waited_for(look: WholeLook | None) -> None:
    doubt = Doubt()
    assert doubt.looks(doubt.until + LAG_MS + BETWEEN_LOOKS_MS, look) is OrderStatus.UNKNOWN
    assert doubt.looks(doubt.until + LAG_MS + 2 * BETWEEN_LOOKS_MS, look) is OrderStatus.REJECTED


@pytest.mark.parametrize("stream_lag_ms", [None, Milliseconds(LAG_MS)])
def test_a_stream_whose_lag_is_not_known_or_long_proves_nothing_sooner(
    stream_lag_ms: Milliseconds | None,
) -> None:
    doubt = Doubt(replace(TERMS, stream_lag_ms=stream_lag_ms))
    assert doubt.looks(doubt.until + LAG_MS) is OrderStatus.UNKNOWN


def test_a_gap_between_the_looks_makes_the_second_the_first_of_two() -> None:
    doubt = Doubt()
    doubt.look(doubt.until + 1)
    assert doubt.looks(doubt.until + LAG_MS + BETWEEN_LOOKS_MS, DEAF) is OrderStatus.UNKNOWN
    assert doubt.looks(doubt.until + LAG_MS + 2 * BETWEEN_LOOKS_MS, DEAF) is OrderStatus.REJECTED


@pytest.mark.parametrize(
    "other",
    [
        replace(HEARD, total=Decimal(9)),
        replace(HEARD, free=Decimal(9)),
        replace(HEARD, fills=("1",)),
        replace(HEARD, open_orders=("1",)),
    ],
)
def test_two_looks_that_differ_are_one(other: WholeLook) -> None:
    doubt = Doubt()
    doubt.look(doubt.until + 1)
    second = doubt.until + 1 + STREAM_LAG_MS
    assert doubt.look(second, other) is OrderStatus.UNKNOWN
    assert doubt.look(second + BETWEEN_LOOKS_MS, other) is OrderStatus.REJECTED


def test_coins_that_no_order_explains_contradict_also_after_the_lag() -> None:
    doubt = Doubt()
    locked = replace(HEARD, free=Decimal(8), unexplained=Decimal(2))
    for at in range(doubt.until + 1, doubt.until + 2 * LAG_MS, 1_000):
        assert doubt.look(at, locked) is OrderStatus.UNKNOWN
    assert doubt.look(doubt.until + 3 * LAG_MS) is OrderStatus.UNKNOWN
    assert doubt.look(doubt.until + 3 * LAG_MS + BETWEEN_LOOKS_MS) is OrderStatus.REJECTED


def test_after_a_contradiction_a_look_at_the_id_alone_proves_nothing() -> None:
    doubt = Doubt()
    doubt.look(doubt.until + 1, replace(HEARD, free=Decimal(8), unexplained=Decimal(2)))
    for at in range(doubt.until + LAG_MS, doubt.until + 3 * LAG_MS, 1_000):
        assert doubt.look(at, None) is OrderStatus.UNKNOWN


def test_locked_coins_are_no_sign_of_a_stop_that_locks_nothing() -> None:
    doubt = Doubt(type=OrderType.STOP, price=None, trigger_price=Decimal(90))
    locked = replace(HEARD, free=Decimal(8), unexplained=Decimal(2))
    doubt.look(doubt.until + 1, locked)
    assert doubt.look(doubt.until + 1 + STREAM_LAG_MS, locked) is OrderStatus.REJECTED


def test_coins_that_were_locked_before_the_signing_contradict_nothing() -> None:
    doubt = Doubt()
    before = replace(
        HEARD,
        free=Decimal(8),
        unexplained=Decimal(2),
        total_before=TEN,
        free_before=Decimal(8),
    )
    doubt.look(doubt.until + 1, before)
    assert doubt.look(doubt.until + 1 + STREAM_LAG_MS, before) is OrderStatus.REJECTED


@pytest.mark.parametrize(("fills", "end"), [((), "unknown"), (("7",), "rejected")])
def test_coins_that_are_gone_contradict_unless_a_fill_explains_them(
    fills: tuple[str, ...], end: str
) -> None:
    doubt = Doubt()
    less = replace(
        HEARD, total=Decimal(8), free=Decimal(8), total_before=TEN, free_before=TEN, fills=fills
    )
    doubt.look(doubt.until + 1, less)
    assert doubt.look(doubt.until + 1 + STREAM_LAG_MS, less) == end


def unchanged(doubt: Doubt, shows_ms: int) -> WholeLook:
    """Return a look whose stream had a gap, and whose balance is as before the signing."""
    return replace(
        DEAF,
        total_before=TEN,
        free_before=TEN,
        balance_shows=Timestamp(doubt.until + shows_ms),
    )


@pytest.mark.parametrize(
    ("shows_ms", "more", "end"),
    [
        (1, {}, "rejected"),
        (0, {}, "unknown"),
        (1, {"free": Decimal(9)}, "unknown"),
        (1, {"total_before": None, "free_before": None}, "unknown"),
        (1, {"balance_shows": None}, "unknown"),
        (1, {"missing": (LookPart.CANCEL,)}, "unknown"),
    ],
)
def test_a_balance_that_shows_a_later_event_and_is_as_before_stands_for_the_lag(
    shows_ms: int,
    more: dict[str, Any],
    end: str,
) -> None:
    doubt = Doubt()
    look = replace(unchanged(doubt, shows_ms), **more)
    assert doubt.looks(doubt.until + LAG_MS, look) == end


def test_such_a_balance_says_nothing_of_a_stop_that_locks_nothing() -> None:
    doubt = Doubt(type=OrderType.STOP, price=None, trigger_price=Decimal(90))
    assert doubt.looks(doubt.until + LAG_MS, unchanged(doubt, 1)) is OrderStatus.UNKNOWN


def test_after_a_look_that_can_t_be_early_the_next_whole_one_waits_for_the_lag() -> None:
    doubt = Doubt()
    doubt.look(doubt.until + 1, DEAF)
    doubt.look(doubt.until + 2_000, None)
    assert doubt.asked is not None
    assert doubt.asked.whole_after == doubt.until + LAG_MS


def test_an_order_has_so_many_whole_looks_in_a_row_and_then_one_a_minute() -> None:
    doubt = Doubt()
    at = doubt.until + 1
    for number in range(LOOKS_MOST):
        differing = replace(HEARD, fills=(str(number),))
        assert doubt.look(at, differing) is OrderStatus.UNKNOWN
        at = doubt.stage.now + BETWEEN_LOOKS_MS
    last = doubt.stage.order(EXIT).looked_at
    assert last is not None
    doubt.look(at, None)
    assert doubt.asked is not None
    assert doubt.asked.whole_after == last + LATER_LOOKS_MS
