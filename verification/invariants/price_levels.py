"""Where stop, target and switch must lie: by the plan's words, never by production's arithmetic.

Owns the bounds: percent of the average price of the fills, rounded to a tick, and for what follows
the market the highest quote that the world has made. Where the highest that a position has heard
can't be told, a bound holds: never further than the plain stop, never nearer than a ratchet may be.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from actors.journal.port import Record
from actors.market_data.actor import MarketDataActor
from actors.market_data.market import Market
from actors.position.actor import PositionActor
from actors.position.position import Charter, Life, Position
from actors.position.states import State
from exchange.matching.state import VenueOrder
from messages.addresses import MARKET_DATA
from messages.base import Address, PositionId
from messages.envelope import Envelope
from messages.market_data import ArmTriggers, Level, QuoteReceived
from messages.order_router import PlaceOrder
from messages.orders import OrderRequest, OrderType, Purpose, Side
from messages.plan import Plan, ProtectionMode
from messages.position import LevelName
from verification.invariants.rule import POSITION, Rule
from verification.simulation.plans import SYMBOL

if TYPE_CHECKING:
    from verification.invariants.ledger import Account
    from verification.simulation.world import World

TICK = 0.01
EPSILON = 1e-6
KEPT_OF_FEES = 0.999 * 0.999
"""What a sale and its purchase leave of a price."""
FRESH_MS = 2_000
LATE_MS = 10_000
"""So much later than its time limit a position that is at rest may still be held."""
_RESTING = frozenset({Purpose.TAKE_PROFIT, Purpose.STOP_LOSS})
_STOP_TYPES = frozenset({OrderType.STOP, OrderType.STOP_LIMIT})
_ON_ITS_WAY = frozenset({State.CLOSING, State.CLOSED})


class Bounds(NamedTuple):
    """Between which prices something must lie, both included."""

    lowest: float
    highest: float

    def holds(self, price: float) -> bool:
        """Whether a price lies between them."""
        return self.lowest - EPSILON <= price <= self.highest + EPSILON


def stop_bounds(plan: Plan, average: float, highest: float, lowest_high: float) -> Bounds | None:
    """Return where the stop may be; None: the plan has none.

    The highest quote is at most ``highest``, and the position has heard ``lowest_high`` for sure.
    """
    if plan.stop_loss_ratio is None:
        return None
    plain = average * (1 - float(plan.stop_loss_ratio))
    low, high = plain - TICK, plain
    for at, stop in _ratchets(plan, average, highest):
        if highest >= at - TICK:
            high = max(high, stop + TICK)
    heard = lowest_high / (1 + float(plan.trailing.step_ratio)) if plan.trailing else lowest_high
    for at, stop in _ratchets(plan, average, heard):
        if heard >= at + TICK:
            low = max(low, stop - 2 * TICK)
    return Bounds(low, high)


def _ratchets(plan: Plan, average: float, highest: float) -> Iterable[tuple[float, float]]:
    """Yield from which price each ratchet holds, and where it puts the stop."""
    if plan.break_even_at_ratio is not None:
        yield average * (1 + float(plan.break_even_at_ratio)), average / KEPT_OF_FEES
    if plan.trailing is not None:
        at = average * (1 + float(plan.trailing.activation_ratio))
        yield at, highest * (1 - float(plan.trailing.distance_ratio))


def is_a_target(plan: Plan, average: float, price: float) -> bool:
    """Whether a target of the plan lies at a price: never nearer than told, a tick further."""
    ratios = [part.take_profit_ratio for part in plan.scale_out]
    if plan.take_profit_ratio is not None:
        ratios.append(plan.take_profit_ratio)
    goals = (average * (1 + float(ratio)) for ratio in ratios)
    return any(Bounds(goal, goal + TICK).holds(price) for goal in goals)


def switch_lines(plan: Plan, average: float) -> dict[LevelName, float]:
    """Return at which price the slot is exchanged, which way."""
    if plan.protection_mode is not ProtectionMode.SWITCHING:
        return {}
    lines = plan.switching
    if lines is None:
        assert plan.take_profit_ratio is not None
        assert plan.stop_loss_ratio is not None
        goal = average * (1 + float(plan.take_profit_ratio))
        way = average * float(plan.take_profit_ratio + plan.stop_loss_ratio)
        return {
            LevelName.SWITCH_TO_STOP_LOSS: goal - way * 0.3,
            LevelName.SWITCH_TO_TAKE_PROFIT: goal - way * 0.15,
        }
    return {
        LevelName.SWITCH_TO_STOP_LOSS: average * (1 + float(lines.to_stop_loss_ratio)),
        LevelName.SWITCH_TO_TAKE_PROFIT: average * (1 + float(lines.to_take_profit_ratio)),
    }


class Promises(Rule):
    """Looks at each price that a position asks for, and in the end at what is in force."""

    def __init__(self, world: "World") -> None:
        super().__init__(world)
        self._highest = world.price

    def delivered(self, address: Address, envelope: Envelope) -> None:
        """Take note of the highest quote."""
        message = envelope.message
        if address == MARKET_DATA and type(message) is QuoteReceived:
            quote = message.quote
            self._highest = max(self._highest, quote.bid, quote.ask, quote.last)

    @property
    def has_heard(self) -> bool:
        """Whether market data has taken in the price as it is now, and of late."""
        market = self._market
        is_of_late = self.world.now - market.heard_at < FRESH_MS
        return is_of_late and market.quote is not None and market.quote.last == self.world.price

    def recorded(self, record: Record) -> None:
        """Look at the prices that a position asks market data and the venue for."""
        if not record.actor.startswith(POSITION):
            return
        for send in record.outbox:
            message = send.message
            if type(message) is ArmTriggers:
                self._check(record, levels=message.levels)
            elif type(message) is PlaceOrder and message.request.purpose in _RESTING:
                self._check(record, request=message.request)

    def _check(
        self, record: Record, levels: tuple[Level, ...] = (), request: OrderRequest | None = None
    ) -> None:
        life = self.world.actor(record.actor, PositionActor).life
        assert life is not None
        average = _average(record, life)
        if average is None:
            return
        position_id, plan = life.position.position_id, _plan(record, life)
        stop = stop_bounds(plan, average, self._highest, 0.0)
        if levels:
            check_levels(position_id, plan, average, stop, levels)
        if request is not None:
            prices = (request.trigger_price, limit_of(request))
            _check_prices(position_id, plan, average, stop, prices)

    # At rest, by the venue's ledger.

    def rests(self, life: Life, account: "Account") -> None:
        """Look that what is in force at rest is what the plan says of the venue's own fills."""
        position_id, plan = life.position.position_id, life.charter.plan
        bought = [o.facts for o in account.orders.values() if o.request.side is Side.BUY]
        quantity = sum((facts.filled for facts in bought), Decimal(0))
        if not quantity or account.adopted or life.position.booked.bought != quantity:
            return  # a surprise that it has not heard of: in the end it must be booked
        average = float(sum((facts.cost for facts in bought), Decimal(0))) / float(quantity)
        stop = stop_bounds(plan, average, self._highest, self.world.price)
        levels = self.armed(position_id)
        check_levels(position_id, plan, average, stop, levels)
        self._check_switch(position_id, plan, average, account.working, levels)
        for order in account.working:
            prices = (order.trigger, limit_of(order.request))
            _check_prices(position_id, plan, average, stop, prices)

    def armed(self, position_id: PositionId) -> tuple[Level, ...]:
        """Return what market data watches for a position."""
        registration = self._market.triggers._latest.get(position_id)
        return registration.levels if registration is not None and registration.is_live else ()

    @property
    def _market(self) -> Market:
        return self.world.actor(MARKET_DATA, MarketDataActor)._core._markets[SYMBOL]

    def _check_switch(
        self,
        position_id: PositionId,
        plan: Plan,
        average: float,
        working: tuple[VenueOrder, ...],
        levels: tuple[Level, ...],
    ) -> None:
        lines, price = switch_lines(plan, average), self.world.price
        if not lines:
            return
        refused = self.world.positions[position_id].refused
        # What a rule refused, in every form, is watched by a trigger instead.
        has_stop = any(order.trigger is not None for order in working) or any(
            not one.is_exit for one in refused
        )
        assert has_stop or price > lines[LevelName.SWITCH_TO_STOP_LOSS] - TICK, (
            f"{position_id} has no stop at the venue at a price of {price}: {lines}"
        )
        watches = any(level.name is LevelName.SWITCH_TO_STOP_LOSS for level in levels)
        assert has_stop or watches, f"{position_id} does not watch for its switch: {levels}"


def check_levels(
    position_id: PositionId,
    plan: Plan,
    average: float,
    stop: Bounds | None,
    levels: tuple[Level, ...],
) -> None:
    """Look that each level lies where the plan says, and that the stop is among them."""
    told = f"{position_id} bought at {average} and watches {levels}"
    stops = [level.price for level in levels if level.name is LevelName.STOP_LOSS]
    if stop is not None:
        assert len(stops) == 1, f"{told}: no stop"
        assert stop.holds(stops[0]), f"{told}: the stop should lie within {stop}"
    lines = switch_lines(plan, average)
    for level in levels:
        if level.name is LevelName.TAKE_PROFIT:
            assert is_a_target(plan, average, level.price), f"{told}: no target of its plan"
        elif level.name in lines:
            line = lines[level.name]
            assert abs(level.price - line) <= TICK, f"{told}: the switch should be at {line}"


def _check_prices(
    position_id: PositionId,
    plan: Plan,
    average: float,
    stop: Bounds | None,
    prices: tuple[Decimal | None, Decimal | None],
) -> None:
    trigger, limit = prices
    told = f"{position_id} bought at {average} and rests at {trigger}, {limit}"
    if trigger is not None:
        assert stop is not None, f"{told}: its plan has no stop"
        assert stop.holds(float(trigger)), f"{told}: the stop should lie within {stop}"
    if limit is not None:
        assert is_a_target(plan, average, float(limit)), f"{told}: no target of its plan"


def limit_of(request: OrderRequest) -> Decimal | None:
    """Return the price of a target; a stop's limit is none."""
    return None if request.type in _STOP_TYPES else request.price


def _average(record: Record, life: Life) -> float | None:
    after = next((c for c in record.changes if type(c) is Position), life.position)
    booked = after.booked
    if booked.unpriced_bought:
        return None  # its levels are an estimate until the venue says what it cost
    return float(booked.bought_cost) / float(booked.bought) if booked.bought else None


def _plan(record: Record, life: Life) -> Plan:
    after = next((c for c in record.changes if type(c) is Charter), life.charter)
    return after.plan


def keep_time_limits(world: "World", held: list[Life]) -> None:
    """Let fair time pass until each time limit of those at rest is over; look that it is kept."""
    limits = [life.charter.plan.time_limit_ms or 0 for life in held]
    if not any(limits):
        return
    end = world.now + max(limits) + LATE_MS
    while world.now < end:
        world.settle()
        world.pass_time()
    world.settle()
    for life, limit in zip(held, limits, strict=True):
        position = world.positions[life.position.position_id]
        assert not limit or position.state in _ON_ITS_WAY, (
            f"{position.position_id} ({position.state}) may be held for {limit} ms, and still is"
        )
