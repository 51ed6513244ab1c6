"""What the outside market offers one side at this moment: levels, and how much was taken."""

from decimal import Decimal

from exchange.matching.state import Depth, Market, Taken
from messages.gateway import MarketMoved
from messages.money import ZERO, floor_to_step
from messages.orders import Side


class Offer:
    """The other side's levels for an order on ``side``, best first. Lives for one step.

    Without a quantity in the market's last word, any amount stands at the best price. With one, it
    stands at the best price and at each of the depth's further levels.
    """

    def __init__(
        self, market: Market, moved: MarketMoved | None, taken: Taken, depth: Depth, side: Side
    ) -> None:
        """Put up the levels that are left."""
        self.best: Decimal | None = None
        self.taken = taken.asks if side is Side.BUY else taken.bids
        self.passed = ZERO
        """What went to outside orders that stood at the best price before ours."""
        self._is_buy = side is Side.BUY
        self._is_limited = False
        self._levels: list[tuple[Decimal, Decimal]] = []
        if moved is not None:
            self.best = market.price(moved.ask if self._is_buy else moved.bid)
            self._is_limited = moved.quantity is not None
            if moved.quantity is not None:
                other = Side.SELL if self._is_buy else Side.BUY
                quantity = floor_to_step(Decimal(repr(moved.quantity)), market.rules.step_size)
                prices = depth.prices(self.best, market.rules.tick_size, other)
                self._levels = [(price, quantity) for price in prices if price > ZERO < quantity]
                self._drop(self.taken)

    def meets(self, limit: Decimal | None) -> bool:
        """Return whether the best price is at ``limit`` or better; None is any price."""
        return self.best is not None and self._is_within(self.best, limit)

    def standing_at(self, price: Decimal) -> Decimal:
        """Return how much the outside has at exactly ``price``; zero where that isn't known."""
        return sum((left for level, left in self._levels if level == price), ZERO)

    def look(self, limit: Decimal | None, quantity: Decimal) -> list[tuple[Decimal, Decimal]]:
        """Return (price, quantity) of what ``quantity`` would get within ``limit``, best first."""
        if self.best is None or not quantity:
            return []
        if not self._is_limited:
            return [(self.best, quantity)] if self.meets(limit) else []
        got = []
        for price, left in self._levels:
            if not quantity or not self._is_within(price, limit):
                break
            part = min(left, quantity)
            got.append((price, part))
            quantity -= part
        return got

    def take(self, limit: Decimal | None, quantity: Decimal) -> list[tuple[Decimal, Decimal]]:
        """Take what ``look`` returns."""
        got = self.look(limit, quantity)
        if self._is_limited:
            amount = sum((part for _, part in got), ZERO)
            self.taken += amount
            self._drop(amount)
        return got

    def _drop(self, amount: Decimal) -> None:
        while amount and self._levels:
            price, left = self._levels.pop(0)
            if left > amount:
                self._levels.insert(0, (price, left - amount))
            amount -= min(left, amount)

    def _is_within(self, price: Decimal, limit: Decimal | None) -> bool:
        if limit is None:
            return True
        return price <= limit if self._is_buy else price >= limit
