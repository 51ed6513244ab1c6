"""What all closed positions of a session came to, in sums: however many there were, it stays small.

Owns counts and totals; the trades themselves are somebody else's to keep.
"""

from collections import Counter
from decimal import Decimal

from actors.observers.trades import Trade
from messages.base import Currency
from messages.money import ZERO, Money, add_money


class Tally:
    """The sums over trades, one after the other."""

    def __init__(self) -> None:
        """Begin without a trade."""
        self.trades = 0
        self.wins = 0
        """Trades with a profit."""
        self.pnl: dict[Currency, Decimal] = {}
        """By quote currency; fees that were taken in it are in it."""
        self.fees: tuple[Money, ...] = ()
        self.exits: Counter[str] = Counter()
        """Trades by why they left."""
        self.unprotected_ms: Counter[str] = Counter()
        """How long something was held and not covered, by cause."""

    def add(self, trade: Trade) -> None:
        """Take one trade in."""
        self.trades += 1
        self.wins += trade.pnl > ZERO
        currency = trade.quote_currency
        self.pnl[currency] = self.pnl.get(currency, ZERO) + trade.pnl
        self.fees = add_money(self.fees, trade.fees)
        self.exits[trade.cause.value] += 1
        self.unprotected_ms.update(trade.unprotected)
