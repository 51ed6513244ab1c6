"""A session's report: its trades, its equity over time, and the positions that are open.

Follows the recorded steps. Everything that is alive is kept; of what is over only the sums, and its
trade where nobody else takes that.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable
from decimal import Decimal

import msgspec

from actors.journal.port import Record
from actors.observers.equity import Drawdown, Equity, EquityPoint
from actors.observers.tally import Tally
from actors.observers.trades import Trade, trade_of
from actors.portfolio.accounts import Totals
from actors.position.coverage import measured
from actors.position.position import Charter, Life, Position
from actors.position.states import State
from messages.base import Currency, PositionId, Symbol, Timestamp, quote_currency

_LAST_TRADES = 30


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
        self.trades: list[Trade] = []
        self.equity: list[EquityPoint] = []
        self.tally = Tally()
        self.last_trades: deque[Trade] = deque(maxlen=_LAST_TRADES)
        """The newest last; for views."""
        self.totals = Totals()
        """Counts of the whole account, by the ledger."""
        self.latest: dict[Currency, EquityPoint] = {}
        """What each currency was worth when last looked at."""
        self.prices: dict[Symbol, float] = {}
        """Last prices, of this session's quotes."""
        self._on_trade = on_trade or self.trades.append
        self._on_point = on_point or self.equity.append
        self._equity = Equity(capital)
        self._charters: dict[PositionId, Charter] = {}
        self._living: dict[PositionId, Position] = {}

    def on_record(self, record: Record) -> None:
        """Take in one step; for ``System.observe``."""
        self.take_in(record.changes)

    def take_in(self, changes: Iterable[msgspec.Struct]) -> None:
        """Take in entities as they are now: of a step, or of a journal that is gone on from."""
        for change in changes:
            if isinstance(change, Position):
                self._take(change)
            elif isinstance(change, Charter):
                self._charters[change.position_id] = change
                last = change.quote.last
                self._equity.know_tick(change.symbol, change.rules.tick_size, last)
            elif isinstance(change, Totals):
                self.totals = change
            else:
                self._equity.take_in(change)

    def begin_session(self) -> None:
        """Count from here: what was taken in is what the sessions before left."""
        self._equity.begin_session()

    def sample(self, now: Timestamp, *, keep: bool, is_last: bool = False) -> None:
        """Value every currency now; ``keep`` the point for the curve.

        A currency that holds coins whose price is not known yet has no point, but the last.
        """
        for point in self.valued(now):
            if not is_last and not self._equity.is_priced(point.currency, self.prices):
                continue
            self._equity.look(point, self.prices)
            self.latest[point.currency] = point
            if keep:
                self._on_point(point)

    def valued(self, now: Timestamp) -> list[EquityPoint]:
        """Return what every currency is worth at last prices."""
        symbols = (self._charters[position_id].symbol for position_id in self._living)
        counts = Counter(quote_currency(symbol) for symbol in symbols)
        return self._equity.points(now, self.prices, counts)

    def today(self, currency: Currency, now: Timestamp) -> Decimal:
        """Return what the account realised on the UTC day of ``now``."""
        return self._equity.today(currency, now)

    def drawdown(self, currency: Currency) -> Drawdown:
        """Return the currency's largest falls in this session."""
        return self._equity.drawdowns.get(currency, Drawdown())

    def unprotected_ms(self, now: Timestamp) -> Counter[str]:
        """Return how long something was held and not covered, by cause: of all positions."""
        sums = Counter(self.tally.unprotected_ms)
        for life in self.open_positions():
            for one in measured(life, now).unprotected:
                sums[one.cause] += one.total_ms
        return sums

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
            self.last_trades.append(trade)
            self._on_trade(trade)
