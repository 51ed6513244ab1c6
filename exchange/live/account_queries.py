"""Questions about the account and the market, beside its orders.

Owns that they are asked again where the way failed, as nobody else would, and given up after some
attempts. Everything here goes out as a query, within the background's share of the venue's rate. On
the loop only.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from exchange.live.alarms import ConnectionAlarms
from exchange.live.client import can_call
from exchange.live.connection import Connection
from exchange.live.errors import (
    PausedError,
    RetryableError,
    UnansweredError,
    WrongShapeError,
    of_read,
)
from exchange.live.fields import Raw
from exchange.live.fill_completion import Answers
from exchange.live.fill_owners import FillOwners
from exchange.live.open_orders import OpenOrders
from exchange.live.order import LiveOrder, facts_of, hear
from exchange.live.own_orders import Book
from exchange.live.pages import WholeList, read_fills
from exchange.live.parsing import Leg, read_balances
from exchange.live.rate_limiter import ON_LEAVING
from exchange.live.routine import RoutineQuestions
from exchange.port import Event
from messages.base import ClientOrderId, Symbol, Timestamp
from messages.gateway import FetchBalances, FetchOpenOrders, FetchTrades
from messages.orders import OrderFacts, Priority
from messages.portfolio import BalancesReported
from messages.reconciler import OpenOrdersReported, TradesReported

CANDLES = 500
"""In one answer; some venues give fewer, and the next question asks on from there."""


class Questions:
    """What is asked of the venue beside orders."""

    def __init__(
        self,
        connection: Connection,
        book: Book,
        answers: Answers,
        lists: OpenOrders,
        tell: Callable[[Event], None],
        alarms: ConnectionAlarms,
        routine: RoutineQuestions,
    ) -> None:
        """Tell every answer as an event; ``lists`` are shared with the look-ups."""
        self._routine = routine
        self.on_open_orders: Callable[[Symbol, list[Leg]], Awaitable[None]] = _nothing
        """Hears each list that was read for somebody else."""
        self._connection = connection
        self._book = book
        self._answers = answers
        self._lists = lists
        self._tell = tell
        self._alarms = alarms
        self._account = connection.account
        self._fill_owners = FillOwners(connection, book, answers, self._ask)
        self._asked: set[Symbol] = set()
        """Symbols of which a list of open orders is awaited."""
        self._unsent_fills: dict[Symbol, Timestamp] = {}
        """Questions for fills that wait for their turn: since when."""

    async def tell_balances(self, request: FetchBalances) -> None:
        """Tell what the account holds.

        It is asked for as urgently as an exit while one is in doubt: the next waits for it.
        """
        known = None
        if request.is_routine:
            may_wait = not self._routine.is_free
            known = self._account.still_true(self._connection.now(), may_wait=may_wait)
        if request.is_routine and known is None:
            self._routine.left()
        report = known or await self._balances()
        if report is not None:
            self._tell(report)

    async def renew_balances(self) -> None:
        """Read the balances where none are known since the stream is up, for later questions."""
        if self._account.still_true(self._connection.now()) is None:
            await self._balances()

    async def _balances(self) -> BalancesReported | None:
        asked_at, quiet_ms = self._account.changes, self._account.quiet_ms
        urgency = Priority.EXIT if self._book.has_doubted_exit else Priority.QUERY
        balance = await self._ask("fetch_balance", urgency=urgency)
        if balance is None:
            return None
        read = read_balances(balance, self._connection.refused)
        report = BalancesReported(total=read.total, free=read.free, unknown=read.unknown)
        self._account.answered(report, asked_at, self._connection.now(), quiet_ms)
        return report

    async def tell_open_orders(self, request: FetchOpenOrders) -> None:
        """Tell which orders work on a symbol; a pair of ours is one."""
        if not self._is_listed(request.symbol):
            self._tell(OpenOrdersReported(symbol=request.symbol, orders=()))
            return
        if request.symbol in self._asked and self._lists.is_unsent(request.symbol):
            return  # its answer is this one's too
        self._asked.add(request.symbol)
        urgency = Priority.ENTRY if request.is_awaited else Priority.QUERY
        try:
            legs = await self.open_legs(request.symbol, urgency)
        finally:
            self._asked.discard(request.symbol)
        if legs is not None:
            self._tell_legs(request, legs)
            await self.on_open_orders(request.symbol, legs)

    def _tell_legs(self, request: FetchOpenOrders, legs: list[Leg]) -> None:
        told: dict[ClientOrderId, OrderFacts] = {}
        placed: dict[ClientOrderId, Timestamp | None] = {}
        for leg in legs:
            order_id = self._book.whose_leg(request.symbol, leg)
            if order_id is None:
                # By the venue's id: strangers share client ids such as "web", "apiv4" or "0".
                order_id = ClientOrderId(leg.exchange_order_id)
                stranger = LiveOrder(client_order_id=order_id, symbol=request.symbol)
                told[order_id] = facts_of(hear(stranger, (leg,)))
                continue
            self._book.hear(order_id, (leg,))
            told[order_id] = self._book.facts(order_id)
            placed[order_id] = leg.placed_at
        report = OpenOrdersReported(
            symbol=request.symbol,
            orders=tuple(told.values()),
            placed_at=tuple(placed.values()),
        )
        self._tell(report)

    async def tell_trades(self, request: FetchTrades) -> None:
        """Tell the account's fills on a symbol since a moment."""
        symbol, since = request.symbol, request.since
        if not self._is_listed(symbol):
            report = TradesReported(
                symbol=symbol, since=since, trades=(), is_complete=False, is_listed=False
            )
            self._tell(report)
            return
        unsent = self._unsent_fills.get(symbol)
        if unsent is not None and unsent <= since:
            return  # its answer is this one's too
        self._unsent_fills[symbol] = since
        ON_LEAVING.set(partial(self._fills_left, symbol, since))
        urgency = Priority.ENTRY if request.is_awaited else Priority.QUERY
        try:
            listed = await self.trades_since(symbol, since, urgency)
        finally:
            self._fills_left(symbol, since)
        if listed is None:
            return
        known = await self._fill_owners.owned(symbol, listed.rows, since, urgency)
        known.sort(key=lambda trade: trade.at)
        report = TradesReported(
            symbol=symbol,
            since=since,
            trades=tuple(known),
            is_complete=listed.is_whole,
        )
        self._tell(report)

    def _fills_left(self, symbol: Symbol, since: Timestamp) -> None:
        """Take in that a question for fills has left: who asks now wants a later answer."""
        if self._unsent_fills.get(symbol) == since:
            del self._unsent_fills[symbol]

    async def open_legs(
        self, symbol: Symbol, urgency: Priority = Priority.QUERY
    ) -> list[Leg] | None:
        """Return the orders that work on a symbol; None: no answer."""
        if not self._is_listed(symbol):
            return None
        ask = partial(self._lists.listed, symbol, urgency)
        orders = await self._answered("fetch_open_orders", ask)
        return None if orders is None else self._answers.read_legs(orders)

    async def trades_since(
        self, symbol: Symbol, since: Timestamp, urgency: Priority = Priority.QUERY
    ) -> WholeList | None:
        """Return all fills on a symbol since a moment; None: no answer."""
        if not self._is_listed(symbol):
            return None
        profile, now = self._connection.profile, self._connection.now()
        ask = partial(self._ask, urgency=urgency)
        listed = await read_fills(profile, ask, symbol, since, now)
        if listed is not None and not listed.is_whole:
            self._alarms.skipped(
                f"list of fills on {symbol}",
                WrongShapeError("it is cut off: what is not in it may exist"),
            )
        return listed

    async def tickers(
        self, symbols: Sequence[Symbol], urgency: Priority = Priority.QUERY
    ) -> list[Raw]:
        """Return the tickers of these symbols; what gave no answer is left out."""
        symbols = [symbol for symbol in symbols if self._is_listed(symbol)]
        client = self._connection.client
        ask = partial(self._ask, attempts=1, urgency=urgency)
        alone = len(symbols) == 1 and can_call(client, "fetchTicker")
        if symbols and not alone and can_call(client, "fetchTickers"):
            found = await ask("fetch_tickers", list(symbols))
            return list((found or {}).values())
        answers = [await ask("fetch_ticker", symbol) for symbol in symbols]
        return [answer for answer in answers if answer is not None]

    async def candles(self, symbol: Symbol, since: Timestamp) -> list[list[float]]:
        """Return a symbol's candles of a minute since a moment; none: no answer."""
        if not self._is_listed(symbol):
            return []
        return await self._ask("fetch_ohlcv", symbol, "1m", since, CANDLES) or []

    def _is_listed(self, symbol: Symbol) -> bool:
        """Return whether there is anything to ask: one delisted symbol fails a whole list."""
        return symbol in self._connection.opened.listings

    async def _ask(
        self,
        method: str,
        *args: object,
        attempts: int | None = None,
        urgency: Priority = Priority.QUERY,
    ) -> Any:  # noqa: ANN401 - ccxt's
        """Ask ccxt, again where the way failed; None: no answer."""
        ask = partial(self._connection.call, method, *args, urgency=urgency)
        return await self._answered(method, ask, attempts)

    async def _answered(
        self, method: str, ask: Callable[[], Awaitable[Any]], attempts: int | None = None
    ) -> Any:  # noqa: ANN401 - ccxt's
        """Return what a question brings, asked again where the way failed; None: no answer."""
        settings = self._connection.settings
        pause_ms: int = settings.read_pause_ms
        left = settings.read_attempts if attempts is None else attempts
        while True:
            left -= 1
            try:
                return await ask()
            except Exception as error:  # noqa: BLE001 - told, or asked again
                text = self._connection.text_of(error)
                failure = of_read(error, text, self._connection.profile)
            if isinstance(failure, PausedError):
                return None  # the pause is told; asked again, it would only wait
            if isinstance(failure, WrongShapeError):
                self._alarms.skipped(f"answer to {method}", failure)
            if left <= 0 or not isinstance(failure, RetryableError | UnansweredError):
                self._connection.note(f"{method}: {failure}")
                return None
            if isinstance(failure, RetryableError) and failure.is_clock:
                await self._connection.try_measure_clock()
            await asyncio.sleep(pause_ms / 1000)
            pause_ms *= 2


async def _nothing(_symbol: Symbol, _legs: list[Leg]) -> None:
    """Do nothing."""
