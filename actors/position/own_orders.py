"""Which of a position's orders may still trade."""

from actors.position.position import OwnOrder, Position, find_order
from messages.orders import Side


def live_orders(position: Position, side: Side) -> tuple[OwnOrder, ...]:
    """Return the orders of one side that may still fill, lost ones aside."""
    return tuple(
        o for o in position.orders if o.side is side and not o.facts.is_terminal and not o.is_lost
    )


def lost_orders(position: Position) -> tuple[OwnOrder, ...]:
    """Return the orders that were written off and may be live."""
    return tuple(o for o in position.orders if o.is_lost and not o.facts.is_terminal)


def is_slot_in_conflict(position: Position) -> bool:
    """Return whether another order has the id of the one in the slot, which stays taken."""
    order = find_order(position, position.slot.order_id)
    return order is not None and order.facts.is_in_conflict


def doubtful_orders(position: Position) -> tuple[OwnOrder, ...]:
    """Return the lost orders that may sell coins which another order would sell too."""
    return tuple(o for o in lost_orders(position) if not o.is_harmless)
