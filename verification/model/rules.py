"""What every state of the model must be, by the venue's ledger."""

from decimal import Decimal
from typing import NamedTuple

from actors.portfolio.accounts import Account, Booking
from actors.position.position import find_order
from actors.position.states import State as Stage
from messages.base import ClientOrderId, PositionId
from messages.ids import position_of
from messages.money import ZERO, Money, add_money
from messages.orders import Side
from messages.position import LevelName
from verification.model.world import World, held


class Sums(NamedTuple):
    """What one position bought, sold and paid, all in all: by the venue, or by the books."""

    bought: Decimal = ZERO
    cost: Decimal = ZERO
    sold: Decimal = ZERO
    proceeds: Decimal = ZERO
    fees: tuple[Money, ...] = ()

    def __str__(self) -> str:
        """Return all of them, for people."""
        fees = ", ".join(f"{money.amount} {money.currency}" for money in self.fees)
        return (
            f"bought {self.bought} for {self.cost}, sold {self.sold} for {self.proceeds}, "
            f"fees {fees or 'none'}"
        )

    def exceeds(self, other: "Sums") -> bool:
        """Whether any amount of it is more than the other's."""
        fees = {money.currency: money.amount for money in other.fees}
        return any(mine > theirs for mine, theirs in zip(self[:4], other[:4], strict=True)) or any(
            money.amount > fees.get(money.currency, ZERO) for money in self.fees
        )


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
    return _misbooked(world, position_id, is_told=position.state is Stage.CLOSED and not world.mail)


def _misbooked(world: World, position_id: PositionId, *, is_told: bool) -> str | None:
    """Return how the books differ from the venue's ledger, late fills' rows included.

    A fill may be booked late, but none that was not; and nothing is missing once ``is_told``: it is
    CLOSED and no mail waits. Whatever else waits then (a look-up, a deadline) has nothing to add.
    """
    filled, booked = at_venue(world, position_id), in_books(world, position_id)
    if booked.exceeds(filled):
        return f"{position_id}: more is booked than the venue has: {booked}; the venue: {filled}"
    if is_told and booked != filled:
        return f"{position_id} is over, and not booked as it was: {booked}; the venue: {filled}"
    return None


def at_venue(world: World, position_id: PositionId) -> Sums:
    """Return what the orders of a position came to."""
    total = Sums()
    for order in world.venue:
        facts = order.facts
        if facts.filled and order.request.position_id == position_id:
            bought, cost, sold, proceeds, fees = total
            if order.request.side is Side.BUY:
                bought, cost = bought + facts.filled, cost + facts.cost
            else:
                sold, proceeds = sold + facts.filled, proceeds + facts.cost
            total = Sums(bought, cost, sold, proceeds, add_money(fees, facts.fees))
    return total


def in_books(world: World, position_id: PositionId) -> Sums:
    """Return what is booked of a position, and of its orders' late fills."""
    total = Sums()
    for entity in world.books:
        if isinstance(entity, Booking) and position_id == _owner(entity):
            one = entity.booked
            total = Sums(
                total.bought + one.bought,
                total.cost + one.cost,
                total.sold + one.sold,
                total.proceeds + one.proceeds,
                add_money(total.fees, one.fees),
            )
    return total


def _owner(row: Booking) -> str | None:
    return row.key if row.is_position else position_of(ClientOrderId(row.key))


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
