"""The faults of the bot before this one, each played on the whole system.

docs/faults.md lists all of them, also those that other tests show.
"""

import threading
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from itertools import cycle, islice
from random import Random

import pytest
from loguru import logger
from msgspec.structs import replace

import supervisor
from actors.journal.memory import MemoryJournal
from actors.order_router.actor import OrderRouter
from actors.position.states import State
from actors.runtime.clock import WallClock
from actors.runtime.dispatcher import ProductionDispatcher
from actors.runtime.system import System
from exchange.fault_plan import Fault, FaultKind, FaultPlan, On
from exchange.faults import FaultyExchange
from messages.addresses import GATEWAY, MARKET_DATA, ORDER_ROUTER, position_address
from messages.base import Milliseconds
from messages.gateway import WatchSymbols
from messages.market_data import HoldSymbol
from messages.money import ZERO, Money
from messages.observers import AlarmKind
from messages.orders import OrderStatus, Purpose, RejectReason
from messages.plan import Plan
from messages.position import CloseCause, SwitchProtection
from session.wiring import Wiring
from tests.faults.scene import (
    BY_HAND,
    LIMIT_EXIT,
    MARKET,
    RESTS_BELOW,
    STOP_RESTS,
    SWITCHING,
    Scene,
)
from verification.poison.market import (
    BTC_USDT,
    CAPITAL,
    MARKETS,
    PLAN,
    SETTINGS,
    SYMBOLS,
    USDT,
    EnterOnce,
)

SCHEDULES = [[Random(seed).randrange(4) for _ in range(400)] for seed in range(25)]  # noqa: S311 - a test
"""Orders in which mailboxes may deliver."""
CANCEL_IS_LOST = Fault(on=On.CANCEL, kind=FaultKind.NEVER_ARRIVED)


@pytest.fixture(autouse=True)
def _no_logs() -> Iterator[None]:
    """Alarms that are meant to be are of no use in a test's output."""
    logger.disable("actors")
    yield
    logger.enable("actors")


# Copies that disagreed.


@pytest.mark.parametrize("plan", [PLAN, SWITCHING, STOP_RESTS])
def test_all_who_count_a_positions_coins_agree_at_every_rest(plan: Plan) -> None:
    scene = Scene(replace(plan, entry_ladder=(RESTS_BELOW,), exit_ladder=(LIMIT_EXIT, MARKET)))
    scene.open()
    for price in (100.0, 99.5, 99.5, 99.5, 100.0, 98.4, 97.5, 97.4):
        scene.ticks(price, quantity=3.0)
        scene.check_copies()
    scene.over()


# Two switches at once.


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("lost", [(), (CANCEL_IS_LOST,)], ids=["", "the cancel is lost"])
def test_a_switch_that_is_asked_from_all_sides_puts_one_order_there(
    schedule: list[int], lost: tuple[Fault, ...]
) -> None:
    scene = Scene(SWITCHING, *lost, schedule=schedule).protected()
    for _ in range(3):
        scene.system.tell(
            position_address(scene.hero_id), SwitchProtection(to_stop_loss=True, reason="a test")
        )
        scene.ticks(98.5)  # the market asks for the same switch
        scene.ticks(101.0)
    scene.quiet(5)
    assert len(scene.working()) == 1
    orders = scene.router.orders.of_position(scene.hero_id)
    refused = [o for o in orders if o.facts.status is OrderStatus.REJECTED]
    assert refused == [], "a second one beside it would have found its coins locked"
    scene.over()


# Exits sent twice.


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_close_a_stop_and_a_time_limit_at_one_moment_sell_once(schedule: list[int]) -> None:
    plan = replace(PLAN, time_limit_ms=Milliseconds(2_960))
    scene = Scene(plan, schedule=schedule).protected()
    scene.ticks(100.0)
    for _ in range(2):
        scene.system.tell(position_address(scene.hero_id), BY_HAND)
    scene.ticks(97.0, 97.0)
    assert scene.purposes() == [Purpose.TAKE_PROFIT, Purpose.CLOSE]
    assert scene.state() is State.CLOSED
    scene.over()


# Intents lost.


@pytest.mark.parametrize("ms", range(0, 130, 10))
def test_a_close_at_any_moment_of_a_switch_is_not_forgotten(ms: int) -> None:
    scene = Scene(SWITCHING).protected()
    switch = SwitchProtection(to_stop_loss=True, reason="a test")
    scene.tell(position_address(scene.hero_id), switch)
    scene.wait(ms)
    scene.close_by_hand()
    scene.ticks(100.0)
    assert scene.state() is State.CLOSED
    assert scene.hero.close_cause is CloseCause.BY_HAND
    scene.over()


# Polled too slowly.


def test_a_fresh_position_is_polled_first_the_moment_it_begins() -> None:
    scene = Scene()
    scene.system.is_watching = True
    began = scene.clock.now()
    scene.open()
    assert scene.clock.now() == began
    heard = [(cue.actor, cue.message) for cue in scene.system.cues]
    assert (MARKET_DATA, HoldSymbol.__name__) in heard
    assert (GATEWAY, WatchSymbols.__name__) in heard


# Maps that grew.


def test_after_fifty_lives_and_two_hours_nobody_keeps_anything() -> None:
    scene = Scene()
    actors = len(scene.system.mailboxes)
    for _ in range(50):
        scene.ticks(100.0)
        scene.open()
        scene.ticks(100.0, 97.0)
        scene.wait(60_000)  # the cooldown
    assert len(scene.venue.placed) == 150
    scene.wait(SETTINGS.router.terminal_ttl_ms)
    assert scene.actor(ORDER_ROUTER, OrderRouter).orders.by_id == {}
    assert len(scene.system.mailboxes) == actors
    scene.over()


# A hundred exits refused as "Oversold".


def test_a_hundred_refusals_for_want_of_coins_are_looked_into_and_told_not_retried_blindly() -> (
    None
):
    refused = Fault(
        on=On.SUBMIT,
        kind=FaultKind.REJECTED,
        purpose=Purpose.CLOSE,
        reason=RejectReason.INSUFFICIENT_FUNDS,
        times=15,
    )
    scene = Scene(PLAN, refused).protected()
    scene.system.is_watching = True
    scene.ticks(97.0)
    scene.quiet(599)
    closes = scene.purposes().count(Purpose.CLOSE)
    assert 8 <= closes <= 20, "ever more slowly"
    looks = sum(cue.message == "BalanceAnswered" for cue in scene.system.cues)
    assert looks >= closes - 1
    assert len(scene.alarms(AlarmKind.EXIT_STUCK)) == 1
    scene.over()
    assert scene.hero.close_cause is CloseCause.STOP_LOSS


# Threads that nobody stopped.


def test_every_thread_of_the_tree_ends_with_it() -> None:
    before = set(threading.enumerate())
    system = System(ProductionDispatcher(), WallClock(), MemoryJournal())
    wiring = Wiring(
        settings=SETTINGS,
        symbols=SYMBOLS,
        connect=lambda emit: FaultyExchange(emit, MARKETS, [Money(USDT, CAPITAL)], FaultPlan()),
        strategy=EnterOnce,
        calls_strategy_directly=False,
    )
    children = supervisor.start(system, wiring)
    assert set(threading.enumerate()) > before
    assert children.stop() == ()
    assert system.shutdown(5.0)
    assert set(threading.enumerate()) == before


# Memory and CPU for one position.


def walk(scene: Scene, ticks: int) -> None:
    """Let the market move between the stop and the take profit."""
    for price in islice(cycle((99.0, 101.0, 100.0)), ticks):
        scene.ticks(price)


def test_a_quote_that_touches_nothing_wakes_neither_the_position_nor_any_ledger() -> None:
    scene = Scene().protected()
    scene.system.is_watching = True
    walk(scene, 300)
    woken = Counter(cue.actor for cue in scene.system.cues if cue.message == "QuoteReceived")
    assert woken == {MARKET_DATA: 2 * 300}, "two markets"
    assert not [cue for cue in scene.system.cues if cue.actor.startswith("position")]


def test_a_position_that_is_held_for_long_takes_no_more_memory() -> None:
    tracemalloc.start()
    try:
        scene = Scene().protected()
        walk(scene, 200)
        before, _ = tracemalloc.get_traced_memory()
        walk(scene, 800)
        after, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert scene.state() is State.PROTECTING
    assert after - before < 20_000, "bytes; 25 a tick"
    assert most < 2_000_000, "bytes: the whole tree with its one position"


# Partial fills.


def test_an_entry_that_fills_bit_by_bit_never_has_two_take_profits() -> None:
    scene = Scene(replace(PLAN, entry_ladder=(RESTS_BELOW,)))
    scene.open()
    most = 0
    for _ in range(12):
        scene.tick(BTC=99.5, quantity=1.0)
        working = [i for i in scene.working() if "x" in i]
        most = max(most, len(working))
    assert most == 1
    assert scene.state() is State.PROTECTING
    last = scene.requests("x")[-1]
    assert scene.held - last.quantity < Decimal("0.02"), "all of it, less the fee in coins"
    scene.over()


# A placement that fails.


def test_a_take_profit_that_is_refused_is_tried_again_alarmed_and_rests_at_last() -> None:
    refused = Fault(
        on=On.SUBMIT,
        kind=FaultKind.REJECTED,
        purpose=Purpose.TAKE_PROFIT,
        reason=RejectReason.OTHER,
        times=4,
    )
    scene = Scene(PLAN, refused)
    scene.open()
    scene.quiet(30)
    assert scene.state() is State.PROTECTING, "the trigger covers"
    assert scene.purposes() == [Purpose.TAKE_PROFIT] * 5
    assert len(scene.working()) == 1
    assert len(scene.alarms(AlarmKind.PLACEMENT_FAILED)) == 1
    scene.over()


# A stop-limit that never fills.


def test_a_stop_limit_that_the_market_jumps_over_is_canceled_and_sold_at_the_market() -> None:
    plan = replace(STOP_RESTS, stop_limit_offset_ratio=Decimal("0.001"))
    scene = Scene(plan).protected()
    scene.gap_to(95.0)
    scene.quiet(3)
    assert len(scene.working()) == 1, "it has its time"
    scene.quiet(4)
    assert scene.purposes() == [Purpose.STOP_LOSS, Purpose.CLOSE]
    assert scene.state() is State.CLOSED
    scene.over()


# A canceled order that filled.


def test_a_take_profit_that_fills_before_its_cancel_leaves_nothing_to_sell() -> None:
    scene = Scene(PLAN, Fault(on=On.CANCEL, kind=FaultKind.FILLS_FIRST)).protected()
    scene.ticks(97.0, 97.0)
    assert scene.purposes() == [Purpose.TAKE_PROFIT]
    assert scene.state() is State.CLOSED
    scene.over()


# An over-fill.


def test_coins_that_were_filled_beyond_what_was_asked_are_booked_told_and_sold() -> None:
    too_much = Fault(on=On.SUBMIT, kind=FaultKind.OVERFILLED, quantity=Decimal("0.5"))
    scene = Scene(PLAN, too_much).protected()
    scene.quiet(2)
    [entry] = scene.requests("b")
    assert scene.hero.booked.bought == entry.quantity + Decimal("0.5")
    assert len(scene.alarms(AlarmKind.OVERFILL)) == 1
    scene.over()
    assert scene.held < Decimal("0.02"), "but for the fee, which was taken in coins"


# A fee that makes the exit too large.


def test_a_fee_in_coins_makes_the_exit_smaller_and_never_refused() -> None:
    scene = Scene().protected()
    bought = scene.hero.booked.bought
    fee = sum((m.amount for m in scene.hero.booked.fees if m.currency == "BTC"), ZERO)
    assert fee > ZERO
    [take_profit] = scene.requests("x")
    assert bought - fee - Decimal("0.001") < take_profit.quantity <= bought - fee
    scene.over()
    assert scene.hero.closing is None or not scene.hero.closing.refusals
    assert scene.prices[BTC_USDT] < 97.0
