"""What was acquired, and which of it each sale disposes of: first in first out, or at average cost.

Per market, since a cost is in its quote currency. A fee in quote is part of the cost, or lowers
the proceeds. Coins that a buy's fee took are never part of its lot; where the fee is told later
they are disposed of for nothing. Fees in a third currency are in neither: they are listed with
their fill. Shares of a cost are rounded to 1e-10, and the last part takes the rest: the sums are
exact.
"""

from collections import deque
from collections.abc import Iterator
from decimal import Decimal

import msgspec

from commands.fills import Fill
from messages.base import Symbol, Timestamp
from messages.money import ZERO, divide_even


class Lot(msgspec.Struct, frozen=True, kw_only=True):
    """Coins that were acquired at once."""

    acquired_at: Timestamp | None
    """None: at different times, or before the oldest record."""
    reference: str
    """The venue's id of the fill, or ours of the order."""
    quantity: Decimal
    cost: Decimal
    """Quote, fees in quote included."""


class Disposal(msgspec.Struct, frozen=True, kw_only=True):
    """A part of one lot that one fill sold, or that was taken as a fee."""

    fill: Fill
    lot: Lot
    """What of the lot is disposed of: its quantity, its cost."""
    proceeds: Decimal
    """Quote, fees in quote aside."""

    @property
    def gain(self) -> Decimal:
        """Quote; negative is a loss."""
        return self.proceeds - self.lot.cost


class Lots:
    """The lots of one market, in the order in which they were acquired."""

    def __init__(self, *, is_average: bool) -> None:
        """Begin with none; ``is_average`` merges all that is held into one lot."""
        self.held: deque[Lot] = deque()
        self._is_average = is_average

    def acquire(self, lot: Lot) -> None:
        """Take in a lot."""
        if self._is_average and self.held:
            held = self.held.pop()
            quantity, cost = held.quantity + lot.quantity, held.cost + lot.cost
            lot = Lot(acquired_at=None, reference="average", quantity=quantity, cost=cost)
        self.held.append(lot)

    def dispose(self, quantity: Decimal) -> Iterator[Lot]:
        """Yield the parts of lots that ``quantity`` takes; what no lot has cost nothing."""
        while quantity > ZERO:
            lot = self.held.popleft() if self.held else None
            if lot is None:
                yield Lot(acquired_at=None, reference="unknown", quantity=quantity, cost=ZERO)
                return
            taken = min(quantity, lot.quantity)
            cost = lot.cost
            if taken < lot.quantity:
                cost = divide_even(lot.cost * taken, lot.quantity)
                rest = msgspec.structs.replace(
                    lot, quantity=lot.quantity - taken, cost=lot.cost - cost
                )
                self.held.appendleft(rest)
            yield msgspec.structs.replace(lot, quantity=taken, cost=cost)
            quantity -= taken


class LotBook:
    """The lots of all markets, by one method."""

    def __init__(self, *, is_average: bool) -> None:
        """Begin with none."""
        self.method = "average" if is_average else "fifo"
        self.disposals: list[Disposal] = []
        self._is_average = is_average
        self._lots: dict[Symbol, Lots] = {}

    def of(self, symbol: Symbol) -> Lots:
        """Return a market's lots."""
        return self._lots.setdefault(symbol, Lots(is_average=self._is_average))

    def held(self) -> Iterator[tuple[Symbol, Lot]]:
        """Yield what is held, by market."""
        for symbol, lots in sorted(self._lots.items()):
            yield from ((symbol, lot) for lot in lots.held)

    def take(self, fill: Fill) -> None:
        """Take in the next fill."""
        lots = self.of(fill.request.symbol)
        if fill.is_buy:
            acquired = fill.quantity - fill.base_fee
            if acquired > ZERO:
                cost = fill.cost + fill.quote_fee
                lots.acquire(_lot(fill, acquired, cost))
                return
            if fill.quote_fee or fill.cost:
                self._expense(fill, fill.cost + fill.quote_fee)
            self._sell(fill, -acquired, ZERO)
        else:
            gone = fill.quantity + fill.base_fee
            if gone <= ZERO:
                self._expense(fill, fill.quote_fee - fill.cost)
            else:
                self._sell(fill, gone, fill.cost - fill.quote_fee)

    def _sell(self, fill: Fill, quantity: Decimal, proceeds: Decimal) -> None:
        left_quantity, left = quantity, proceeds
        for lot in self.of(fill.request.symbol).dispose(quantity):
            is_last = lot.quantity == left_quantity
            share = left if is_last else divide_even(proceeds * lot.quantity, quantity)
            self.disposals.append(Disposal(fill=fill, lot=lot, proceeds=share))
            left_quantity, left = left_quantity - lot.quantity, left - share

    def _expense(self, fill: Fill, amount: Decimal) -> None:
        """Note a fee in quote that was told after its fill: a loss without coins."""
        if amount:
            nothing = Lot(acquired_at=None, reference="late fee", quantity=ZERO, cost=ZERO)
            self.disposals.append(Disposal(fill=fill, lot=nothing, proceeds=-amount))


def _lot(fill: Fill, quantity: Decimal, cost: Decimal) -> Lot:
    reference = fill.trade_id or fill.request.client_order_id
    return Lot(acquired_at=fill.at, reference=reference, quantity=quantity, cost=cost)
