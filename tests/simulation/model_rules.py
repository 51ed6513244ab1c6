"""What every state of the model must be, by the venue's ledger."""

from decimal import Decimal

from actors.portfolio.accounts import Account
from actors.position.position import find_order
from actors.position.states import State as Stage
from messages.base import PositionId
from messages.orders import Side
from messages.position import LevelName
from tests.simulation.model_world import World, held


def broken(world: World) -> str | None:
    """Return the rule that a state breaks; None: all hold."""
    for life in world.lives:
        problem = _broken_by(world, life.position.position_id)
        if problem is not None:
            return problem
    for entity in world.books:
        if isinstance(entity, Account):
            parts = entity.free + entity.reserved + entity.invested
            if parts != entity.total or entity.reserved < 0 or entity.invested < 0:
                return f"the books of {entity.currency} do not add up: {entity}"
    return None


def _broken_by(world: World, position_id: PositionId) -> str | None:
    position = next(
        life.position for life in world.lives if life.position.position_id == position_id
    )
    own = held(world.venue, position_id)
    if own < 0:
        return f"{position_id} sold {-own} more than it held"
    orders = [o for o in world.venue if o.request.position_id == position_id]
    works = [o for o in orders if not o.facts.is_terminal]
    sells = [o for o in works if o.request.side is Side.SELL]
    known = [find_order(position, o.facts.client_order_id) for o in sells]
    live = [o for o, k in zip(sells, known, strict=True) if k is None or not k.is_lost]
    if len(live) > 1:
        return f"{position_id} has two exits that work"
    if sum(o.request.quantity - o.facts.filled for o in live) > own:
        return f"{position_id} holds {own}, and more works to be sold"
    if position.state is Stage.CLOSED and (own or works):
        return f"{position_id} is CLOSED, holds {own}, and {len(works)} orders work"
    if is_quiet(world) and is_uncovered(world, position_id, own):
        return f"{position_id} ({position.state}) holds {own}; nobody covers it, nothing comes"
    return None


def is_quiet(world: World) -> bool:
    """Whether no mail waits and nobody has a deadline."""
    is_busy = world.mail or any(life.position.wakes_at for life in world.lives)
    return not is_busy and not any(getattr(o, "errand", None) for o in world.orders)


def is_uncovered(world: World, position_id: PositionId, own: Decimal) -> bool:
    """Whether something is held that no stop covers, and that no exit sells."""
    if not own:
        return False
    armed = (a for a in world.armed if a.position_id == position_id)
    if any(level.name is LevelName.STOP_LOSS for a in armed for level in a.levels):
        return False
    return not any(
        o.request.position_id == position_id
        and o.request.side is Side.SELL
        and not o.facts.is_terminal
        and _protects(world, position_id, o.request.trigger_price is not None)
        for o in world.venue
    )


def _protects(world: World, position_id: PositionId, has_stop: bool) -> bool:  # noqa: FBT001 - of one order
    is_closing = any(
        life.position.position_id == position_id and life.position.state is Stage.CLOSING
        for life in world.lives
    )
    return has_stop or is_closing


def uncovered(world: World) -> int:
    """Return who is open and uncovered, one bit a position."""
    return sum(
        1 << place
        for place, life in enumerate(world.lives)
        if is_uncovered(
            world, life.position.position_id, held(world.venue, life.position.position_id)
        )
    )
