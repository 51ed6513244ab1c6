"""Whatever the order of things: what must never happen, and that it always ends."""

import random
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from actors.position.exit_ladder import DUST_FACTOR
from actors.position.states import State
from messages.base import Milliseconds
from messages.market import FeeCurrency, MarketRules
from messages.market_data import ArmTriggers
from messages.money import ZERO, Money, add_money
from messages.observers import AlarmKind
from messages.orders import OrderRequest, OrderStatus, OrderType, Side, StopStatus, TimeInForce
from messages.plan import (
    MARKET_RUNG,
    AgedTarget,
    Plan,
    ProtectionMode,
    Rung,
    ScaleOut,
    Switching,
    Trailing,
)
from messages.position import CloseCause, LevelName, MarketFreshness, VenueReachability
from tests.actors.position.adversary import acts
from tests.actors.position.stage import RULES
from tests.actors.position.world import World, is_lost

GTC = Rung(type=OrderType.LIMIT, wait_ms=Milliseconds(5_000))
IOC = Rung(type=OrderType.LIMIT, time_in_force=TimeInForce.IOC, offset_ratio=Decimal("0.002"))
BASE = Plan(
    take_profit_ratio=Decimal("0.03"),
    stop_loss_ratio=Decimal("0.02"),
    entry_ladder=(IOC, GTC),
    exit_ladder=(GTC, IOC, MARKET_RUNG),
    stop_rung=1,
    switching=Switching(
        to_stop_loss_ratio=Decimal("-0.01"),
        to_take_profit_ratio=Decimal("0.01"),
        minimum_interval_ms=Milliseconds(10_000),
    ),
)
RICH = replace(
    BASE,
    trailing=Trailing(
        activation_ratio=Decimal("0.01"),
        distance_ratio=Decimal("0.01"),
        step_ratio=Decimal("0.005"),
    ),
    break_even_at_ratio=Decimal("0.006"),
    take_profit_by_age=(
        AgedTarget(after_ms=Milliseconds(40_000), take_profit_ratio=Decimal("0.02")),
    ),
    time_limit_ms=Milliseconds(90_000),
    stop_limit_offset_ratio=Decimal("0.002"),
)
PARTS = replace(
    BASE,
    scale_out=(
        ScaleOut(take_profit_ratio=Decimal("0.01"), part_ratio=Decimal("0.5")),
        ScaleOut(take_profit_ratio=Decimal("0.02"), part_ratio=Decimal("0.3")),
    ),
)
LIMITS_ONLY = replace(BASE, entry_ladder=(GTC,), exit_ladder=(GTC, IOC), stop_rung=0)
PLANS = [
    replace(plan, protection_mode=mode)
    for plan in (BASE, RICH, PARTS, LIMITS_ONLY)
    for mode in ProtectionMode
]
RULES_BY_FEE = {
    FeeCurrency.QUOTE: RULES,
    FeeCurrency.RECEIVED: replace(RULES, fee_currency=FeeCurrency.RECEIVED),
    FeeCurrency.THIRD: replace(
        RULES,
        fee_currency=FeeCurrency.THIRD,
        fee_third_currency="BNB",
        fee_third_rate=Decimal(500),
    ),
}


ACTS = 64
MOST = ACTS * 60
CHOICES = st.integers(0, MOST - 1)
"""Which act, and its details; 0 is the simplest of the first that may happen."""

CRASH = 0.99
"""What is left of the price after each second of a fair tail."""


def check(world: World) -> None:
    """Hold the position against the venue's ledger."""
    exits = world.exits()
    assert world.coins >= 0, "more sold than was bought"
    assert sum((order.remaining for order in exits), ZERO) <= world.coins, "coins promised twice"
    assert sum(not is_lost(world, order) for order in exits) <= 1, "two exits at a time"
    position = world.position
    if position.state is State.CLOSED:
        assert not exits
        assert all(order.is_over for order in world.orders.values())
        dust = world.rules.min_notional * DUST_FACTOR
        assert world.coins * 100 < dust * Decimal("1.2"), "coins were forgotten"
    else:
        assert is_alive(world), "nothing will ever happen to it"
    if position.state is State.PROTECTING:
        assert is_covered(world), "called covered, but nothing would sell"
    if world.booked is not None:
        booked = world.booked
        told = (booked.bought, booked.bought_cost, booked.sold, booked.sold_proceeds, booked.fees)
        is_ = position.booked
        assert told == (is_.bought, is_.bought_cost, is_.sold, is_.sold_proceeds, is_.fees)
        assert booked.reserve == position.reserve


def is_alive(world: World) -> bool:
    """Whether a deadline is set, an answer awaited, an order unsettled, or a level watched."""
    is_unsettled = any(not own.facts.is_terminal for own in world.position.orders)
    is_watched = world.registration is not None
    return bool(world.position.wakes_at or world.asked or is_unsettled or is_watched)


def is_covered(world: World) -> bool:
    # What is being armed fires at once if the price is beyond it.
    arming = [message for message in world.asked if isinstance(message, ArmTriggers)]
    armed = [*arming, world.registration] if world.registration else arming
    if any(level.name is LevelName.STOP_LOSS for message in armed for level in message.levels):
        return True
    return any(order.stop is StopStatus.WORKING for order in world.exits())


def play(plan: Plan, rules: MarketRules, choices: list[int], story: list[str]) -> World:
    """Let the adversary do what ``choices`` say; 0 is always the first thing that may happen."""
    world = World(plan=plan, rules=rules, on_heard=check, story=story)
    world.begin()
    if sum(choices) % 2:
        world.enter()
    for choice in choices:
        possible = acts(world, choice // ACTS)
        possible[choice % ACTS % len(possible)]()
        if world.is_ended:
            break
    return world


def finish(world: World) -> None:
    """From here on everybody answers, and the price falls through every stop."""
    world.tell(VenueReachability(reachable=True))
    world.tell(MarketFreshness(fresh=True))
    for _ in range(300):
        if world.is_ended:
            return
        _serve(world)
        world.move(world.price * CRASH)
        world.pass_time(1_000)
    raise AssertionError("it does not end")


def _serve(world: World) -> None:
    for message in tuple(world.asked):
        world.answer(message)
    for order in tuple(world.orders.values()):
        if order.status is OrderStatus.SUBMITTED:
            world.accept(order)
        if order.is_live and (order.cancel_asked or world.is_wait_over(order)):
            world.end(order, OrderStatus.CANCELED, None)
        elif order.is_live and _fills_in_a_crash(world, order.request):
            if order.stop is StopStatus.WORKING:
                world.trigger(order)
            world.fill(order, order.remaining)
        if order.told is None or not order.told.is_terminal:
            world.report(order)


def _fills_in_a_crash(world: World, request: OrderRequest) -> bool:
    if request.price is None or request.type is OrderType.OCO:
        return True
    price = Decimal(str(world.price))
    return request.price >= price if request.side is Side.BUY else request.price <= price


def check_ledgers(world: World) -> None:
    """After the end the portfolio's books are the venue's ledger, to the last digit."""
    sums: dict[Side, tuple[Decimal, Decimal]] = {Side.BUY: (ZERO, ZERO), Side.SELL: (ZERO, ZERO)}
    fees: tuple[Money, ...] = ()
    for order in world.orders.values():
        filled, cost = sums[order.request.side]
        sums[order.request.side] = (filled + order.filled, cost + order.cost)
        fees = add_money(fees, order.fees)
    booked = world.booked
    assert booked is not None
    assert booked.closed
    assert booked.reserve == 0
    assert (booked.bought, booked.bought_cost) == sums[Side.BUY]
    assert (booked.sold, booked.sold_proceeds) == sums[Side.SELL]
    assert booked.fees == fees


def live_and_die(plan: Plan, rules: MarketRules, choices: list[int]) -> World:
    """Play, then let it end, and hold the books against the ledger; a failure tells the story."""
    story: list[str] = []
    try:
        world = play(plan, rules, choices, story)
        finish(world)
        assert world.position.state is State.CLOSED
        check_ledgers(world)
    except Exception as error:
        error.add_note("\n".join(story[-60:]))
        raise
    return world


@pytest.mark.parametrize("fee_currency", FeeCurrency)
@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.protection_mode.value)
@settings(deadline=None, max_examples=10)
@given(choices=st.lists(CHOICES, min_size=30, max_size=150))
def test_whatever_happens_nothing_is_sold_twice_and_it_ends(
    plan: Plan, fee_currency: FeeCurrency, choices: list[int]
) -> None:
    live_and_die(plan, RULES_BY_FEE[fee_currency], choices)


def test_many_lives_reach_every_trouble_and_every_end() -> None:
    seen: set[str] = set()
    for seed in range(1000):
        dice = random.Random(seed)  # noqa: S311 - a game, no secret
        plan, fee_currency = dice.choice(PLANS), dice.choice(list(FeeCurrency))
        choices = [dice.randrange(MOST) for _ in range(dice.randrange(160))]
        world = live_and_die(plan, RULES_BY_FEE[fee_currency], choices)
        seen.add(str(world.position.close_cause))
        seen |= {alarm.kind for alarm in world.alarms}
        if world.position.protection.switches:
            seen.add("switched")
        if world.position.exit_attempts > 5:
            seen.add("many exits")
    assert seen >= {
        CloseCause.TAKE_PROFIT,
        CloseCause.STOP_LOSS,
        CloseCause.TRAILING_STOP,
        CloseCause.BREAK_EVEN,
        CloseCause.TIME_LIMIT,
        CloseCause.BY_HAND,
        CloseCause.WITHDRAWN,
        CloseCause.ENTRY_FAILED,
        AlarmKind.EXIT_LOST,
        AlarmKind.EXIT_STUCK,
        AlarmKind.SHORTAGE,
        AlarmKind.PLACEMENT_FAILED,
        "switched",
        "many exits",
    }
