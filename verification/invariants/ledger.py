"""What each position has by the venue's own ledger: its orders, what they filled, what works."""

from decimal import Decimal

from exchange.matching.state import VenueOrder
from messages.base import ClientOrderId
from messages.money import ZERO, amount_in
from messages.orders import OrderFacts, Side
from verification.simulation.plans import BTC


class Account:
    """One position by the venue's ledger."""

    def __init__(self) -> None:
        self.orders: dict[ClientOrderId, VenueOrder] = {}
        self.held = ZERO
        """Base: bought, less sold, less the fees taken in it, and what was adopted."""
        self.adopted = ZERO
        """Base that another position's late fill bought; negative: that it gave away."""
        self.working: tuple[VenueOrder, ...] = ()
        """Sells that work."""

    def put(self, order: VenueOrder) -> None:
        """Take in how an order stands."""
        self.orders[order.request.client_order_id] = order
        self._count()
        self.working = tuple(
            o
            for o in self.orders.values()
            if o.request.side is Side.SELL and not o.facts.is_terminal
        )

    def move(self, quantity: Decimal) -> None:
        """Take coins over, or (negative) give them away."""
        self.adopted += quantity
        self._count()

    def _count(self) -> None:
        gains = (_gain(o.facts, o.request.side) for o in self.orders.values())
        self.held = sum(gains, self.adopted)

    @property
    def covered(self) -> Decimal:
        """Base that a stop at the venue would sell."""
        return sum((o.remaining for o in self.working if o.trigger is not None), ZERO)


def _gain(facts: OrderFacts, side: Side) -> Decimal:
    filled = facts.filled if side is Side.BUY else -facts.filled
    return filled - amount_in(facts.fees, BTC)
