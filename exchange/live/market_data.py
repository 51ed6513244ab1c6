"""The market's side of a connection: quotes from the stream or by asking, and candles of a minute.

Owns what becomes a ``Quote`` and which candles are closed. Candles are asked for once a minute, so
a connection that was lost leaves no gap in them. On the loop only.
"""

import asyncio
from collections.abc import Callable, Iterable

from exchange.live.account_queries import Questions
from exchange.live.alarms import ConnectionAlarms
from exchange.live.connection import Connection
from exchange.live.fields import Raw, Refuse, not_counted
from exchange.live.parsing import MINUTE_MS, read_candle, read_quote
from exchange.live.polling import PollPlan
from exchange.live.task_guard import TaskGuard
from exchange.port import Event
from messages.base import Symbol, Timestamp
from messages.border import BadValueError
from messages.gateway import WatchSymbols
from messages.market import Candle, Quote
from messages.market_data import CandleReceived, QuoteReceived
from messages.orders import Priority

_LEAST_SECONDS = 0.05


class MarketSide:
    """Quotes and candles of the symbols that are followed."""

    def __init__(
        self,
        connection: Connection,
        questions: Questions,
        tell: Callable[[Event], None],
        guard: TaskGuard,
        alarms: ConnectionAlarms,
        quoted: Callable[[Quote], None],
    ) -> None:
        """Tell quotes and candles as events; ``quoted`` hears each quote before it is told."""
        self._connection = connection
        self._questions = questions
        self._tell = tell
        self._guard = guard
        self._alarms = alarms
        self._quoted = quoted
        self._plan = PollPlan(connection.settings.poll_ms)
        self._last = connection.quotes
        self._candles_until: dict[Symbol, Timestamp] = {}
        self._changed = asyncio.Event()

    def start(self) -> None:
        """Poll and fetch candles from now on."""
        self._guard.keep("the polling of quotes", self._poll)
        if self._connection.settings.first_candles:
            self._guard.keep("the fetching of candles", self._fetch_candles)

    def follow(self, symbol: Symbol) -> None:
        """Take a symbol in."""
        self._plan.follow(symbol, self._connection.now())
        self._candles_until.setdefault(symbol, Timestamp(0))
        self._changed.set()

    def watch(self, plan: WatchSymbols) -> None:
        """Poll as market data wants it."""
        self._plan.watch(plan)
        self._changed.set()

    def heard(self, ticker: Raw) -> None:
        """Take in what the stream says; the same prices again are no news."""
        quote = self._quote(ticker)
        if quote is None:
            return
        before = self._last.get(quote.symbol)
        is_news = before is None or (before.bid, before.ask) != (quote.bid, quote.ask)
        if is_news:
            self._plan.streamed(quote.symbol, quote.at)
            self._told(quote)

    def _told(self, quote: Quote) -> None:
        self._last[quote.symbol] = quote
        self._plan.heard(quote.symbol, quote.at)
        self._quoted(quote)
        self._tell(QuoteReceived(quote=quote))

    def _quote(self, ticker: Raw) -> Quote | None:
        """Return a ticker as a quote; None: it is none, or its prices can't be."""
        try:
            return read_quote(ticker, self._connection.now(), self._connection.refused)
        except BadValueError as error:
            self._connection.refused(error)
            return None

    async def _poll(self) -> None:
        while True:
            await self._until(self._plan.next_at())
            now = self._connection.now()
            due = self._plan.due(now)
            if due:
                self._plan.asked(due, now)
                for ticker in await self._questions.tickers(due, self._urgency(due)):
                    self._take_polled(ticker)

    def _urgency(self, due: Iterable[Symbol]) -> Priority:
        """Return how urgent prices are: a stop in this process waits for those of a held symbol.

        Which symbols are held is not known yet when their first prices are asked for.
        """
        is_urgent = any(self._plan.is_held(one) or one not in self._last for one in due)
        return Priority.PROTECTION if is_urgent else Priority.QUERY

    def _take_polled(self, ticker: Raw) -> None:
        try:
            quote = self._quote(ticker)
            if quote is not None:
                self._told(quote)
        except Exception as error:  # noqa: BLE001 - the other symbols' prices are good
            self._alarms.skipped("price", error)

    async def _fetch_candles(self) -> None:
        delay = self._connection.settings.candle_delay_ms
        while True:
            for symbol in tuple(self._candles_until):
                try:
                    await self._fetch_candles_of(symbol)
                except Exception as error:  # noqa: BLE001 - the other symbols' candles are good
                    self._alarms.skipped(f"candles of {symbol}", error)
            now = self._connection.now()
            first_needed = any(not until for until in self._candles_until.values())
            minute = now - now % MINUTE_MS + MINUTE_MS + delay
            await self._until(now if first_needed else Timestamp(minute))

    async def _fetch_candles_of(self, symbol: Symbol) -> None:
        until = self._candles_until[symbol]
        now = self._connection.now()
        limit = self._connection.settings.first_candles
        since = until or Timestamp(now - now % MINUTE_MS - limit * MINUTE_MS)
        if since + MINUTE_MS > now:
            return
        self._candles_until[symbol] = since  # a market without candles is not asked again at once
        rows = await self._questions.candles(symbol, since)
        for candle in closed_candles(rows, since, now, self._connection.refused):
            self._candles_until[symbol] = Timestamp(candle.start + MINUTE_MS)
            self._tell(CandleReceived(symbol=symbol, candle=candle))

    async def _until(self, at: Timestamp | None) -> None:
        """Wait until ``at``, or until something changed."""
        self._changed.clear()
        seconds = None if at is None else (at - self._connection.now()) / 1000
        wait = None if seconds is None else max(seconds, _LEAST_SECONDS)
        try:
            await asyncio.wait_for(self._changed.wait(), wait)
        except TimeoutError:
            return


def closed_candles(
    rows: Iterable[object], since: Timestamp, now: Timestamp, refuse: Refuse = not_counted
) -> list[Candle]:
    """Return the candles from ``since`` on whose minute is over, in order, but refused ones."""
    candles: dict[Timestamp, Candle] = {}
    for row in rows:
        try:
            candle = read_candle(row)
        except BadValueError as error:
            refuse(error)
            continue
        if candle.start >= since and candle.start + MINUTE_MS <= now:
            candles[candle.start] = candle
    return [candles[start] for start in sorted(candles)]
