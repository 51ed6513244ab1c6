"""What users of other open-source bots suffered, each played on the whole system.

A test is named after the pain; its first line says where it was reported. docs/faults.md lists all,
also those that other tests show and those that can't be shown yet.
"""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from loguru import logger
from msgspec.structs import replace

from actors.portfolio.actor import PortfolioActor
from actors.position.states import State
from exchange.fault_plan import Fault, FaultKind, On
from exchange.matching.state import Balance
from messages.addresses import ORDER_ROUTER, PORTFOLIO, POSITIONS
from messages.base import Milliseconds, PositionId
from messages.money import ZERO
from messages.observers import AlarmKind
from messages.order_router import OrderReported
from messages.orders import OrderStatus, OrderType, Purpose, RejectReason
from messages.plan import Plan
from messages.position import CloseCause
from messages.positions import CloseAllPositions, StopAllEntering
from tests.faults.scene import (
    LIMIT_EXIT,
    MARKET,
    OCO,
    RESTS_BELOW,
    STOP_RESTS,
    SWITCHING,
    Scene,
)
from verification.poison.market import BTC, PLAN

CLOSE_LOST = Fault(on=On.EVENT, kind=FaultKind.LOST, purpose=Purpose.CLOSE)
ALL_MODES = [PLAN, STOP_RESTS, OCO, SWITCHING]


@pytest.fixture(autouse=True)
def _no_logs() -> Iterator[None]:
    """Alarms that are meant to be are of no use in a test's output."""
    logger.disable("actors")
    yield
    logger.enable("actors")


def test_the_last_trades_stop_fill_is_not_taken_for_the_new_trades() -> None:
    """freqtrade#13399."""
    scene = Scene(STOP_RESTS).protected()
    scene.ticks(97.0, 97.0)
    assert scene.state() is State.CLOSED
    last_stop = next(o.facts for o in scene.hero.orders if o.purpose is Purpose.STOP_LOSS)
    scene.wait(60_000)
    scene.ticks(100.0)
    scene.open()
    scene.ticks(100.0)
    new = scene.system.positions[PositionId("p2")]
    late = replace(last_stop, filled=last_stop.filled + 1, cost=last_stop.cost + 97)
    for facts in (last_stop, late):
        scene.tell(ORDER_ROUTER, OrderReported(facts=facts))
    assert scene.system.positions[PositionId("p2")] == new
    assert len(scene.alarms(AlarmKind.UNMATCHED_FILL)) == 1
    assert scene.roster == ("p2",)


@pytest.mark.parametrize("plan", ALL_MODES)
def test_no_stop_is_placed_after_the_position_closed(plan: Plan) -> None:
    """freqtrade#12528, freqtrade PR#2799."""
    scene = Scene(plan).protected()
    scene.ticks(97.0, 97.0)
    assert scene.state() is State.CLOSED
    asked = len(scene.venue.placed)
    scene.ticks(103.5, 101.0, 98.5, 96.0, 90.0, 110.0)
    scene.quiet(120)
    assert len(scene.venue.placed) == asked
    assert scene.working() == []
    scene.over()


def test_an_entry_said_to_be_canceled_that_filled_after_all_is_not_forgotten() -> None:
    """freqtrade#13037: the trade was deleted, the position lived on without a stop."""
    later = Fault(
        on=On.CANCEL,
        kind=FaultKind.FILLS_LATER,
        purpose=Purpose.ENTRY,
        delay_ms=Milliseconds(5_000),
    )
    plan = replace(PLAN, entry_ladder=(RESTS_BELOW,), entry_deadline_ms=Milliseconds(2_000))
    scene = Scene(plan, later)
    scene.open()
    scene.quiet(20)
    assert scene.hero.close_cause is CloseCause.ENTRY_FAILED
    assert len(scene.alarms(AlarmKind.UNMATCHED_FILL)) == 1
    account = scene.actor(PORTFOLIO, PortfolioActor).books.account(BTC)
    at_venue = next(b for b in scene.venue.ledger().balances if b.currency == BTC)
    assert account.held == at_venue.total > ZERO
    scene.over()


@pytest.mark.parametrize("plan", ALL_MODES)
@pytest.mark.parametrize("ms", range(0, 100, 10))
def test_an_exit_in_the_middle_of_a_stops_update_leaves_no_stop_at_the_venue(
    plan: Plan, ms: int
) -> None:
    """freqtrade#11608."""
    scene = Scene(replace(plan, break_even_at_ratio=Decimal("0.01"))).protected()
    scene.gap_to(101.5, wait_ms=ms)  # the stop moves up
    scene.close_by_hand()
    scene.ticks(101.5)
    assert scene.working() == []
    assert scene.state() is State.CLOSED
    scene.over()


@pytest.mark.parametrize("plan", ALL_MODES)
def test_a_protection_that_is_as_it_should_be_is_left_alone_for_an_hour(plan: Plan) -> None:
    """freqtrade#8045: canceled and replaced every 5 s."""
    scene = Scene(plan).protected()
    asked, working = len(scene.venue.placed), scene.working()
    for _ in range(400):
        scene.ticks(100.2, 99.9, 100.0)
        scene.wait(6_000)
    assert (len(scene.venue.placed), scene.venue.cancels) == (asked, 0)
    assert scene.working() == working
    scene.over()


@pytest.mark.parametrize("plan", [STOP_RESTS, OCO])
def test_a_partly_filled_stop_is_counted_and_the_rest_is_sold(plan: Plan) -> None:
    """freqtrade#8374."""
    scene = Scene(plan).protected()
    scene.gap_to(97.5, quantity=0.5)
    scene.quiet(10)
    stop, close, *_ = scene.requests("x")
    sold = scene.order(stop.client_order_id).facts.filled
    assert ZERO < sold < stop.quantity
    assert close.quantity == stop.quantity - sold
    scene.over()


def test_a_market_exit_after_a_partial_one_sells_only_what_is_left() -> None:
    """freqtrade#6457: more than the wallet held."""
    scene = Scene(replace(PLAN, exit_ladder=(LIMIT_EXIT, MARKET))).protected()
    held = scene.requests("x")[0].quantity
    scene.gap_to(100.0, quantity=0.5)
    scene.close_by_hand()
    scene.wait(200)
    scene.ticks(99.9, 99.9, 99.9, 99.9)
    _, limit, market = scene.requests("x")
    assert (limit.type, market.type) == (OrderType.LIMIT, OrderType.MARKET)
    filled = scene.order(limit.client_order_id).facts.filled
    assert ZERO < filled < held
    assert market.quantity == held - filled
    scene.over()


def test_dust_neither_keeps_a_position_open_nor_is_sold_again_and_again() -> None:
    """freqtrade#7586."""
    scene = Scene().protected()
    scene.ticks(97.0, 97.0)
    assert ZERO < scene.hero.booked.bought - scene.hero.booked.sold < Decimal("0.02")
    assert scene.state() is State.CLOSED
    asked = len(scene.venue.placed)
    scene.quiet(60)
    assert len(scene.venue.placed) == asked
    scene.over()


@pytest.mark.parametrize("kind", [FaultKind.LOST_ACK, FaultKind.NEVER_ARRIVED])
def test_a_stop_without_an_answer_is_no_reason_to_sell_at_the_market(kind: FaultKind) -> None:
    """freqtrade#10460, #12598; nautilus_trader#4152, #4958: a timeout is not a rejection."""
    scene = Scene(STOP_RESTS, Fault(on=On.SUBMIT, kind=kind, purpose=Purpose.STOP_LOSS))
    scene.open()
    scene.quiet(40)
    assert scene.state() is State.PROTECTING
    assert Purpose.CLOSE not in scene.purposes()
    assert len(scene.working()) == 1
    scene.over()


def test_a_stop_that_is_gone_is_canceled_once_and_not_in_a_loop() -> None:
    """freqtrade#12360."""
    gone = Fault(on=On.EVENT, kind=FaultKind.LOST, purpose=Purpose.STOP_LOSS, nth=2)
    scene = Scene(STOP_RESTS, gone).protected()
    scene.cancel_by_another(scene.requests("x")[0])
    scene.ticks(100.0)
    assert scene.working() == []
    cancels = scene.venue.cancels
    scene.close_by_hand()
    scene.quiet(10)
    assert scene.venue.cancels == cancels + 1
    assert scene.state() is State.CLOSED
    scene.over()


def test_coins_sold_by_hand_make_an_alarm_and_no_storm_of_orders() -> None:
    """freqtrade#7606: the bot went on adding stops."""
    scene = Scene().protected()
    scene.cancel_by_another(scene.requests("x")[0])
    scene.venue.book.apply(Balance(currency=BTC))
    scene.quiet(120)
    assert len(scene.alarms(AlarmKind.PLACEMENT_FAILED)) == 1
    assert len(scene.requests("x")) <= 9, "ever more slowly"
    scene.ticks(97.0)
    scene.quiet(300)
    assert scene.alarms(AlarmKind.SHORTAGE)
    assert len(scene.requests("x")) <= 12, "it looks, and has nothing to sell"
    assert scene.state() is State.CLOSING, "never abandoned"


def test_a_close_whose_fill_is_not_heard_is_looked_up_and_not_sent_again() -> None:
    """hummingbot#7503: it sold until the balance was insufficient."""
    scene = Scene(PLAN, CLOSE_LOST).protected()
    scene.ticks(97.0)
    scene.quiet(20)
    assert scene.purposes() == [Purpose.TAKE_PROFIT, Purpose.CLOSE]
    assert scene.state() is State.CLOSED
    scene.over()


def test_a_close_that_filled_in_part_is_not_waited_for_for_ever() -> None:
    """hummingbot#7129, #6980."""
    scene = Scene(replace(PLAN, exit_ladder=(LIMIT_EXIT, MARKET))).protected()
    scene.gap_to(100.0, quantity=0.5)
    scene.close_by_hand()
    scene.wait(200)
    assert ZERO < scene.hero.booked.sold < scene.hero.booked.bought
    scene.ticks(99.9, 99.9, 99.9, 99.9)
    assert scene.state() is State.CLOSED
    scene.over()


def test_a_stop_after_a_partial_take_profit_is_as_large_as_what_is_left() -> None:
    """jesse#510: it kept its full size."""
    scene = Scene(SWITCHING).protected()
    [take_profit] = scene.requests("x")
    scene.tick(BTC=float(take_profit.price or 0), quantity=3.0)
    filled = scene.order(take_profit.client_order_id).facts.filled
    assert ZERO < filled < take_profit.quantity
    scene.ticks(98.5, 98.5)
    stop = scene.requests("x")[-1]
    assert stop.purpose is Purpose.STOP_LOSS
    assert stop.quantity == take_profit.quantity - filled
    scene.over()


@pytest.mark.parametrize(
    ("reason", "seconds"),
    [(RejectReason.OTHER, 15), (RejectReason.NOT_SUPPORTED, 75)],
    ids=["other", "not_supported"],
)
def test_a_close_that_is_rejected_is_tried_again_until_it_is_sold(
    reason: RejectReason, seconds: int
) -> None:
    """hummingbot#8283. An order type that is not supported is tried again in the next round."""
    rejected = Fault(
        on=On.SUBMIT, kind=FaultKind.REJECTED, purpose=Purpose.CLOSE, reason=reason, times=3
    )
    scene = Scene(PLAN, rejected).protected()
    scene.ticks(97.0)
    scene.quiet(seconds)
    assert scene.purposes().count(Purpose.CLOSE) == 4
    assert scene.state() is State.CLOSED
    scene.over()


def test_an_entry_taken_for_canceled_that_lives_is_not_bought_a_second_time() -> None:
    """nautilus_trader PR#4288: double exposure."""
    faults = (
        Fault(on=On.SUBMIT, kind=FaultKind.LOST_ACK),
        Fault(on=On.CANCEL, kind=FaultKind.REJECTED),
        Fault(on=On.LOOK_UP, kind=FaultKind.NOT_FOUND, times=4),
    )
    plan = replace(PLAN, entry_ladder=(RESTS_BELOW, RESTS_BELOW))
    scene = Scene(plan, *faults)
    scene.open()
    scene.quiet(30)
    scene.ticks(99.4, 99.4)
    assert len(scene.requests("b")) == 1
    scene.over()


@pytest.mark.parametrize("kind", [FaultKind.DUPLICATED, FaultKind.REORDERED])
@pytest.mark.parametrize("nth", range(1, 6))
def test_fills_that_come_fast_doubled_or_out_of_order_size_the_exits_right(
    kind: FaultKind, nth: int
) -> None:
    """nautilus_trader#3435."""
    scene = Scene(
        replace(PLAN, entry_ladder=(RESTS_BELOW,)), Fault(on=On.EVENT, kind=kind, nth=nth)
    )
    scene.open()
    scene.ticks(100.0)
    for _ in range(6):
        scene.gap_to(99.5, quantity=2.0)
    scene.ticks(100.0, 100.0)
    scene.check_copies()
    assert scene.state() is State.PROTECTING
    assert scene.held - scene.requests("x")[-1].quantity < Decimal("0.02")
    scene.over()


@pytest.mark.parametrize("ms", range(0, 100, 10))
def test_a_stop_that_triggers_beside_a_close_by_hand_sells_once(ms: int) -> None:
    """nautilus_trader#4264: oversold."""
    scene = Scene(STOP_RESTS).protected()
    scene.close_by_hand()
    scene.wait(ms)
    scene.ticks(97.0, 97.0)
    assert scene.state() is State.CLOSED
    scene.over()


@pytest.mark.parametrize("plan", ALL_MODES)
def test_what_a_partly_filled_entry_bought_is_covered_and_sold(plan: Plan) -> None:
    """nautilus_trader#2704, #2623."""
    scene = Scene(replace(plan, entry_ladder=(RESTS_BELOW,)))
    scene.open()
    scene.ticks(99.5, quantity=3.0)
    scene.ticks(100.0)
    assert scene.state() is State.OPENING
    assert scene.hero.protection.armed, "the trigger covers what there is"
    scene.ticks(97.0)
    scene.quiet(5)
    assert scene.state() is State.CLOSED
    scene.over()


@pytest.mark.parametrize("ms", range(0, 60, 10))
def test_cancel_all_and_close_all_at_once_leave_nothing(ms: int) -> None:
    """nautilus_trader#2572, #2876."""
    scene = Scene(replace(PLAN, entry_ladder=(RESTS_BELOW,)))
    scene.open()
    scene.ticks(99.5, quantity=3.0)
    scene.tell(POSITIONS, StopAllEntering(reason="a test"))
    scene.wait(ms)
    close = CloseAllPositions(cause=CloseCause.BY_HAND, reason="a test")
    scene.tell(POSITIONS, close)
    scene.ticks(99.6, 99.6)
    assert scene.state() is State.CLOSED
    assert scene.working() == []
    assert scene.router.orders.counts[OrderStatus.OPEN] == 0
    scene.over()
