"""A session's report: its trades, its equity over time, and what people were told.

Follows the recorded steps; equity is a valuation at last prices, beside the books. Everything that
is alive is kept; of what is over only the sums, and its trade where nobody else takes that.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal

import msgspec

from actors.journal.port import Record
from actors.observers.tally import Tally
from actors.observers.trades import Trade, profit, trade_of
from actors.position.position import Charter, Life, Position
from actors.position.states import State
from exchange.price_grid import nearest_price
from messages.base import Currency, PositionId, Symbol, Timestamp, quote_currency
from messages.money import ZERO


class EquityPoint(msgspec.Struct, frozen=True, kw_only=True):
    """What a quote currency's capital was worth at one moment."""

    at: Timestamp
    currency: Currency
    equity: Decimal
    """Capital + profit of closed positions + of living ones at last prices."""
    realised: Decimal
    """Profit of closed positions."""
    unrealised: Decimal
    """Profit of living positions, were they sold now, exit fees aside."""
    open_positions: int


class Report:
    """What happened so far, from the records."""

    def __init__(
        self,
        capital: dict[Currency, Decimal],
        *,
        on_trade: Callable[[Trade], None] | None = None,
        on_point: Callable[[EquityPoint], None] | None = None,
    ) -> None:
        """Begin with the capital allotted.

        Trades and points of the curve go to ``on_trade`` and ``on_point``; without, they are kept.
        """
        self.capital = capital
        self.trades: list[Trade] = []
        self.equity: list[EquityPoint] = []
        self.tally = Tally()
        self.latest: dict[Currency, EquityPoint] = {}
        """What each currency's capital was worth when last looked at."""
        self.max_drawdown: dict[Currency, Decimal] = {}
        """Largest fall of equity from its highest point before, quote."""
        self.prices: dict[Symbol, float] = {}
        self._on_trade = on_trade or self.trades.append
        self._on_point = on_point or self.equity.append
        self._peak: dict[Currency, Decimal] = dict(capital)
        self._charters: dict[PositionId, Charter] = {}
        self._living: dict[PositionId, Position] = {}

    def on_record(self, record: Record) -> None:
        """Take in one step; for ``System.observe``."""
        self.take_in(record.changes)

    def take_in(self, changes: Iterable[msgspec.Struct]) -> None:
        """Take in entities as they are now: of a step, or of a journal that is gone on from."""
        for change in changes:
            if isinstance(change, Charter):
                self._charters[change.position_id] = change
                self.prices.setdefault(change.symbol, change.quote.last)
            elif isinstance(change, Position):
                self._take(change)

    def sample(self, now: Timestamp, *, keep: bool) -> None:
        """Value every currency's capital now; ``keep`` the point for the curve."""
        for point in self.valued(now):
            currency = point.currency
            self.latest[currency] = point
            peak = self._peak[currency] = max(self._peak[currency], point.equity)
            fall = self.max_drawdown.get(currency, ZERO)
            self.max_drawdown[currency] = max(fall, peak - point.equity)
            if keep:
                self._on_point(point)

    def valued(self, now: Timestamp) -> list[EquityPoint]:
        """Return what every currency's capital is worth at last prices."""
        counts, unrealised = self._value_living()
        points = []
        for currency, capital in self.capital.items():
            realised = self.tally.pnl.get(currency, ZERO)
            open_now = unrealised.get(currency, ZERO)
            point = EquityPoint(
                at=now,
                currency=currency,
                equity=capital + realised + open_now,
                realised=realised,
                unrealised=open_now,
                open_positions=counts.get(currency, 0),
            )
            points.append(point)
        return points

    def charter(self, position_id: PositionId) -> Charter | None:
        """Return what a living position was told at its opening."""
        return self._charters.get(position_id)

    def position(self, position_id: PositionId) -> Position | None:
        """Return how a living position last stood; None before it began and when it is over."""
        return self._living.get(position_id)

    def open_positions(self) -> list[Life]:
        """Return the positions that are not over."""
        return [Life(self._charters[p.position_id], p) for p in self._living.values()]

    def _take(self, position: Position) -> None:
        if position.state is not State.CLOSED:
            self._living[position.position_id] = position
            return
        charter = self._charters.pop(position.position_id, None)
        if charter is None:
            return  # told before; what follows is only the router's letting go
        self._living.pop(position.position_id, None)
        trade = trade_of(charter, position)
        if trade is not None:
            self.tally.add(trade)
            self._on_trade(trade)

    def _value_living(self) -> tuple[dict[Currency, int], dict[Currency, Decimal]]:
        counts: dict[Currency, int] = {}
        values: dict[Currency, Decimal] = {}
        for position_id, position in self._living.items():
            charter = self._charters[position_id]
            currency = quote_currency(charter.symbol)
            value = profit(charter, position)
            price = self.prices.get(charter.symbol)
            if price is not None:
                held = Life(charter, position).held
                value += held * nearest_price(price, charter.rules)
            counts[currency] = counts.get(currency, 0) + 1
            values[currency] = values.get(currency, ZERO) + value
        return counts, values
