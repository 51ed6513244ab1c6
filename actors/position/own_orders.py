"""Which of a position's orders may still trade."""

from actors.position.position import OwnOrder, Position
from messages.orders import Side


def live_orders(position: Position, side: Side) -> tuple[OwnOrder, ...]:
    """Return the orders of one side that may still fill, lost ones aside."""
    return tuple(
        o for o in position.orders if o.side is side and not o.facts.is_terminal and not o.is_lost
    )


def lost_orders(position: Position) -> tuple[OwnOrder, ...]:
    """Return the orders that were written off and may be live."""
    return tuple(o for o in position.orders if o.is_lost and not o.facts.is_terminal)


def doubtful_orders(position: Position) -> tuple[OwnOrder, ...]:
    """Return the lost orders that may sell coins which another order would sell too."""
    return tuple(o for o in lost_orders(position) if not o.is_harmless)
