"""What each currency of the ledger is worth: the account's totals, and this session's part.

Follows the portfolio's own entities, so report and ledger can't disagree. Equity is capital +
realised + unrealised: realised is the ledger's, since the journal began; unrealised is what the
coins that bookings hold would bring at last prices, less what they cost, exit fees aside. Dust that
no booking claims is worth nothing here, as in the ledger.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal

import msgspec

from actors.portfolio.accounts import Account, Booking
from actors.portfolio.valuation import Rate
from messages.base import Currency, Symbol, Timestamp, quote_currency
from messages.envelope import Removed
from messages.money import CENT_OF_SATOSHI, ZERO, from_float


class EquityPoint(msgspec.Struct, frozen=True, kw_only=True):
    """What one currency of the ledger was worth at one moment."""

    at: Timestamp
    currency: Currency
    capital: Decimal
    """Allotted by the config."""
    equity: Decimal
    """Of the account: capital + realised + unrealised."""
    realised: Decimal
    """Of the account: profit, loss and fees since its journal began."""
    unrealised: Decimal
    """What the coins held would add, were they sold at last prices, exit fees aside."""
    session_realised: Decimal
    """The part of ``realised`` that this session booked."""
    session_change: Decimal
    """Equity less the equity that the session began with; what was allotted since is no change."""
    drawdown: Decimal
    """Fall from the session's highest equity so far; 0 or above."""
    open_positions: int


class Drawdown(msgspec.Struct, frozen=True, kw_only=True):
    """The largest falls of equity from its highest point before, in this session."""

    amount: Decimal = ZERO
    ratio_of_peak: tuple[Decimal, Decimal] = (ZERO, Decimal(1))
    """The fall that was largest beside its own peak, and that peak: exact, not divided."""

    def after(self, fall: Decimal, peak: Decimal) -> "Drawdown":
        """Return the largest falls, with one more looked at."""
        worst, of = self.ratio_of_peak
        is_deeper = peak > ZERO and fall * of > worst * peak
        return Drawdown(
            amount=max(self.amount, fall),
            ratio_of_peak=(fall, peak) if is_deeper else self.ratio_of_peak,
        )


class Equity:
    """The ledger's worth over time."""

    def __init__(self, capital: Mapping[Currency, Decimal]) -> None:
        """Begin with the capital that a config allots, and no trade."""
        self.drawdowns: dict[Currency, Drawdown] = {}
        self._accounts: dict[Currency, Account] = {}
        self._holding: dict[str, Booking] = {}
        """The bookings that hold coins, or still carry a cost."""
        self._ticks: dict[Symbol, Decimal] = {}
        self._rates: dict[Symbol, float] = {}
        """The last price that the portfolio was told; of a session before this one, too."""
        self._capital = dict(capital)
        self._realised_before: dict[Currency, Decimal] = {}
        self._start: dict[Currency, Decimal] = dict(capital)
        """Equity at the session's beginning, what was allotted since added to it."""
        self._peak: dict[Currency, Decimal] = dict(capital)
        self._held_before: dict[Currency, tuple[Booking, ...]] = {}
        """What a session before this one left held, in currencies that have no start yet."""

    def know_tick(self, symbol: Symbol, tick_size: Decimal, price: float) -> None:
        """Take a symbol's tick, and a price to value it at until a better one is known."""
        self._ticks[symbol] = tick_size
        self._rates.setdefault(symbol, price)

    def take_in(self, change: msgspec.Struct) -> None:
        """Take in an entity of the portfolio as it is now."""
        match change:
            case Account():
                self._take_account(change)
            case Booking():
                if change.held or change.invested:
                    self._holding[change.key] = change
                else:
                    self._holding.pop(change.key, None)
            case Rate():
                self._rates[change.symbol] = change.rate
            case Removed(kind="Booking"):
                self._holding.pop(change.key, None)
            case _:
                pass

    def begin_session(self) -> None:
        """Count from here: what was taken in is what the sessions before left.

        A currency in which coins are held begins when their prices are known again.
        """
        for currency, account in self._accounts.items():
            self._realised_before[currency] = account.realised
            held = tuple(self._holding_in(currency))
            self._start[currency] = account.total
            if held:
                self._held_before[currency] = held
                self._peak.pop(currency, None)
            else:
                self._peak[currency] = account.total

    def points(
        self, now: Timestamp, prices: Mapping[Symbol, float], counts: Mapping[Currency, int]
    ) -> list[EquityPoint]:
        """Return what each currency is worth; ``counts``: its open positions."""
        return [
            self._point(now, currency, prices, counts.get(currency, 0))
            for currency in self._currencies()
        ]

    def today(self, currency: Currency, now: Timestamp) -> Decimal:
        """Return what the account realised on the UTC day of ``now``."""
        account = self._accounts.get(currency)
        return ZERO if account is None else account.realised_on(now)

    def is_priced(self, currency: Currency, prices: Mapping[Symbol, float]) -> bool:
        """Tell whether the price of all that is held is one of this session."""
        held = (*self._holding_in(currency), *self._held_before.get(currency, ()))
        return all(booking.symbol in prices for booking in held)

    def look(self, point: EquityPoint, prices: Mapping[Symbol, float]) -> None:
        """Remember a point, valued at these prices, for peak and drawdown."""
        currency = point.currency
        self._settle_start(currency, prices)
        peak = self._peak[currency] = point.equity + point.drawdown
        before = self.drawdowns.get(currency, Drawdown())
        self.drawdowns[currency] = before.after(point.drawdown, peak)

    def _settle_start(self, currency: Currency, prices: Mapping[Symbol, float]) -> None:
        """Value what was held at the beginning, once."""
        held = self._held_before.pop(currency, None)
        if held is not None:
            self._start[currency] += self._unrealised(held, prices)
            self._peak.setdefault(currency, self._start[currency])

    def _take_account(self, account: Account) -> None:
        currency = account.currency
        allotted = account.capital - self._capital.get(currency, ZERO)
        if allotted:
            self._capital[currency] = account.capital
            self._start[currency] = self._start.get(currency, ZERO) + allotted
            if currency in self._peak:
                self._peak[currency] += allotted
        self._accounts[currency] = account

    def _currencies(self) -> list[Currency]:
        """Return the currencies with capital, and those in which something was booked."""
        booked = (c for c, one in self._accounts.items() if one.capital or one.realised)
        return sorted({*self._capital, *booked})

    def _holding_in(self, currency: Currency) -> Iterable[Booking]:
        return (one for one in self._holding.values() if quote_currency(one.symbol) == currency)

    def _point(
        self, now: Timestamp, currency: Currency, prices: Mapping[Symbol, float], count: int
    ) -> EquityPoint:
        account = self._accounts.get(currency)
        capital = self._capital.get(currency, ZERO)
        realised = ZERO if account is None else account.realised
        unrealised = self._unrealised(self._holding_in(currency), prices)
        equity = capital + realised + unrealised
        before = self._held_before.get(currency, ())
        start = self._start.get(currency, ZERO) + self._unrealised(before, prices)
        peak = max(self._peak.get(currency, start), equity)
        return EquityPoint(
            at=now,
            currency=currency,
            capital=capital,
            equity=equity,
            realised=realised,
            unrealised=unrealised,
            session_realised=realised - self._realised_before.get(currency, ZERO),
            session_change=equity - start,
            drawdown=peak - equity,
            open_positions=count,
        )

    def _unrealised(self, held: Iterable[Booking], prices: Mapping[Symbol, float]) -> Decimal:
        total = ZERO
        for booking in held:
            price = prices.get(booking.symbol) or self._rates.get(booking.symbol)
            if price is not None:
                tick = self._ticks.get(booking.symbol, CENT_OF_SATOSHI)
                total += booking.held * from_float(price, tick) - booking.invested
        return total
