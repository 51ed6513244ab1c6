"""Before the fair tail's market falls, all comes to rest: then each plan's promise must be kept.

What covers a position is its trigger *and* what its plan lets rest at the venue: the cover of one
hides the lack of the other from every rule but this one.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from actors.order_router.actor import OrderRouter
from actors.position.actor import PositionActor
from actors.position.exit_slot import SlotState
from actors.position.own_orders import lost_orders
from actors.position.position import Life
from actors.position.price_levels import protection_mode, rests_stop, stop, target
from actors.position.states import State
from exchange.matching.state import VenueOrder
from messages.addresses import ORDER_ROUTER, position_address
from messages.base import PositionId, Timestamp
from messages.orders import LIVE_STATUSES
from messages.plan import ProtectionMode
from messages.position import LevelName
from verification.invariants.price_levels import keep_time_limits, limit_of

if TYPE_CHECKING:
    from verification.simulation.world import World

REST_MS = 150_000
"""Within so much fair time all that is held rests: a lost exit, looks, the longest pause."""
_HELD = frozenset({State.OPENING, State.OPEN, State.PROTECTING})


def come_to_rest(world: "World") -> None:
    """Let fair time pass until what is held rests; look that it rests as planned."""
    end = world.now + REST_MS
    while True:
        world.settle()
        held = list(_held(world))
        if not held:
            _check_lost(world)
            return
        restless = [life.position.position_id for life in held if not _rests(life)]
        if not restless and _is_quiet(world):
            _check_lost(world)
            for life in held:
                _check_trigger(world, life)
                _check_resting(world, life)
                _check_promises(world, life)
            keep_time_limits(world, held)
            return
        assert world.now < end, f"{restless} does not come to rest in fair time"
        world.pass_time()


def _is_quiet(world: "World") -> bool:
    """Whether nothing is on its way, and the price as it is now was heard."""
    assert world.judges is not None
    has_heard = world.judges.conduct.promises.has_heard
    return has_heard and not world.venue.way.held and _is_router_at_rest(world)


def _is_router_at_rest(world: "World") -> bool:
    """Whether the router has nothing to do for any order."""
    orders = world.actor(ORDER_ROUTER, OrderRouter).orders
    return orders.venue.up and not any(o.errand for o in orders.by_id.values())


def _held(world: "World") -> Iterator[Life]:
    """Yield the positions that hold something, or are about to, and are not on their way out."""
    for position in world.living():
        life = world.actor(position_address(position.position_id), PositionActor).life
        if life is not None and position.state in _HELD:
            yield life


def _rests(life: Life) -> bool:
    """Whether it waits for nothing."""
    position = life.position
    is_quiet = position.slot.state in {SlotState.EMPTY, SlotState.WORKING}
    retry_at = position.protection.retry_at
    waits = retry_at is not None and retry_at > position.measured_at
    is_well = position.looks_back is None and position.faulted is None
    return position.entry.is_over and is_quiet and is_well and not waits


def _check_lost(world: "World") -> None:
    """A lost exit that was found, and works, is taken back: it keeps coins from being sold."""
    for position in world.living():
        for order in position.orders:
            is_found = order.facts.status in LIVE_STATUSES
            assert not (order.is_lost and is_found) or order.cancel_asked, (
                f"{position.position_id} leaves {order.facts.client_order_id}, which is lost"
            )


def _check_trigger(world: "World", life: Life) -> None:
    position_id, stop_now = life.position.position_id, stop(life)
    if stop_now is None or not life.sellable:
        return
    assert world.judges is not None
    levels = world.judges.conduct.promises.armed(position_id)
    prices = [level.price for level in levels if level.name is LevelName.STOP_LOSS]
    assert prices == [float(stop_now[0])], f"{position_id} stops at {stop_now}; armed is {prices}"


def _check_resting(world: "World", life: Life) -> None:
    """What works at the venue is what the plan promises, and all of it."""
    if life.charter.plan.scale_out or life.is_dust(life.average_entry or Decimal(0)):
        return
    if lost_orders(life.position) or not _has_heard_all(world, life):
        return
    if any(not refused.is_exit for refused in life.position.refused):
        return  # what a rule refused is watched by a trigger instead
    position_id = life.position.position_id
    promised = _promised(life, world.now)
    parts = {quantity for _, _, quantity in promised if quantity < life.sellable}
    working = [
        # A part of what is held that fills bit by bit is left alone until it is over.
        (o.trigger, limit_of(o.request), _part_or_rest(o, parts))
        for o in _working_of(world, position_id)
    ]
    assert working == promised, f"{position_id} should rest as {promised}, and rests as {working}"


def _part_or_rest(order: VenueOrder, parts: set[Decimal]) -> Decimal:
    return order.request.quantity if order.request.quantity in parts else order.remaining


def _check_promises(world: "World", life: Life) -> None:
    """What is in force is what the plan says of the venue's own fills; the books say the same."""
    assert world.judges is not None
    conduct, position = world.judges.conduct, life.position
    conduct.totals.rests(position)
    account = world.judges.accounts.get(position.position_id)
    if account is None or life.is_dust(life.average_entry or Decimal(0)):
        return
    if lost_orders(position) or not _has_heard_all(world, life):
        return
    conduct.promises.rests(life, account)


def _has_heard_all(world: "World", life: Life) -> bool:
    """Whether no event was lost on a stream that is up: nobody asks how a resting order stands."""
    for own in life.position.orders:
        order = world.venue.book.orders.get(own.facts.client_order_id)
        if order is not None and not own.facts.is_terminal:
            told = own.facts.status, own.facts.filled
            if told != (order.facts.status, order.facts.filled):
                return False
    return True


def _promised(life: Life, now: Timestamp) -> list[tuple[Decimal | None, Decimal | None, Decimal]]:
    """Return the trigger, the limit and the quantity of what should work."""
    stop_now, goal, mode = stop(life), target(life, now), protection_mode(life.charter)
    trigger = None if stop_now is None else stop_now[0]
    protection = life.position.protection
    by_market = life.charter.plan.stop_limit_offset_ratio is None
    has_slot = mode is ProtectionMode.STOP_RESTS or (
        mode is ProtectionMode.SWITCHING and rests_stop(life)
    )
    match mode:
        case ProtectionMode.OCO:
            return [(trigger, goal, _most(life, sells_at_market=by_market))]
        case _ if protection.is_left:
            return [(trigger, None, _most(life, sells_at_market=by_market))]
        case ProtectionMode.TRIGGERS:
            return []
        case _ if has_slot:
            return [(trigger, None, _most(life, sells_at_market=by_market))]
        case _:
            return [(None, goal, _most(life, sells_at_market=False))]


def _most(life: Life, *, sells_at_market: bool) -> Decimal:
    """Return what one order may sell: the trigger covers the rest."""
    rules = life.charter.rules
    limits = (rules.max_quantity, rules.max_market_quantity if sells_at_market else None)
    return min(life.sellable, *(limit for limit in limits if limit is not None), life.sellable)


def _working_of(world: "World", position_id: PositionId) -> tuple[VenueOrder, ...]:
    """Return a position's sells that work at the venue."""
    assert world.judges is not None
    account = world.judges.accounts.get(position_id)
    return () if account is None else account.working
