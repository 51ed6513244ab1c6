"""The books: every entity of the portfolio by its key, as the core reads them.

Owns nothing but the dicts. The shell applies whole entities; nobody else writes.
"""

import msgspec

from actors.portfolio.accounts import Account, Booking, SymbolRow, Totals
from actors.portfolio.budget_rules import Conflict, Denial, Trading
from actors.portfolio.locks import Locks
from actors.portfolio.valuation import Rate
from actors.portfolio.venue_balances import Asker, Balance, LookDue, MayFill
from messages.base import ClientOrderId, Currency, PositionId, Symbol
from messages.envelope import Removed
from messages.portfolio import Limits


class Books:
    """All entities; mutable, and changed only through ``apply``."""

    def __init__(self) -> None:
        """Start empty: no capital, no limits, trading."""
        self.accounts: dict[Currency, Account] = {}
        self.bookings: dict[str, Booking] = {}
        self.denials: dict[PositionId, Denial] = {}
        self.rows: dict[Symbol, SymbolRow] = {}
        self.balances: dict[Currency, Balance] = {}
        self.askers: dict[PositionId, Asker] = {}
        self.rates: dict[Symbol, float] = {}
        self.totals = Totals()
        self.limits = Limits()
        self.trading = Trading()
        self.look = LookDue()
        self.may_fill = MayFill()
        self.locks = Locks()
        self.conflicts: dict[ClientOrderId, Conflict] = {}

    def account(self, currency: Currency) -> Account:
        """Return the account, an empty one if there is none yet."""
        return self.accounts.get(currency) or Account(currency=currency)

    def row(self, symbol: Symbol) -> SymbolRow:
        """Return the symbol's row, an empty one if nothing ever lived there."""
        return self.rows.get(symbol) or SymbolRow(symbol=symbol)

    def apply(self, change: msgspec.Struct) -> None:  # noqa: C901, PLR0912 - one line per entity
        """Take one entity as it is now.

        Raises:
            TypeError: it is none of the portfolio's.
        """
        match change:
            case Account():
                self.accounts[change.currency] = change
            case Booking():
                self.bookings[change.key] = change
            case SymbolRow():
                self.rows[change.symbol] = change
            case Totals():
                self.totals = change
            case Denial():
                self.denials[change.position_id] = change
            case Removed(kind="Booking", key=key):
                del self.bookings[key]
            case Removed(kind="Denial", key=key):
                del self.denials[PositionId(key)]
            case Asker():
                self.askers[change.position_id] = change
            case Removed(kind="Asker", key=key):
                del self.askers[PositionId(key)]
            case Balance():
                self.balances[change.currency] = change
            case LookDue():
                self.look = change
            case MayFill():
                self.may_fill = change
            case Locks():
                self.locks = change
            case Rate():
                self.rates[change.symbol] = change.rate
            case Limits():
                self.limits = change
            case Conflict():
                self.conflicts[change.client_order_id] = change
            case Removed(kind="Conflict", key=key):
                del self.conflicts[ClientOrderId(key)]
            case Trading():
                self.trading = change
            case _:
                raise TypeError(f"{type(change).__name__} is no entity of the portfolio")
