"""Questions about the account and the market, beside its orders.

Owns that they are asked again where the way failed, as nobody else would, and given up after some
attempts. Everything here goes out as a query, within the background's share of the venue's rate. On
the loop only.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from exchange.live.alarms import ConnectionAlarms
from exchange.live.answers import Answers
from exchange.live.book import Book
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
from exchange.live.order import LiveOrder, facts_of, hear
from exchange.live.pages import WholeList, read_fills
from exchange.live.parsing import Leg, read_balances
from exchange.port import Event
from messages.base import ClientOrderId, Symbol, Timestamp
from messages.gateway import FetchBalances, FetchOpenOrders, FetchTrades
from messages.orders import OrderFacts, Priority
from messages.portfolio import BalancesReported
from messages.reconciler import OpenOrdersReported, Trade, TradesReported

CANDLES = 500
"""In one answer; some venues give fewer, and the next question asks on from there."""


class Questions:
    """What is asked of the venue beside orders."""

    def __init__(
        self,
        connection: Connection,
        book: Book,
        answers: Answers,
        tell: Callable[[Event], None],
        alarms: ConnectionAlarms,
    ) -> None:
        """Tell every answer as an event."""
        self._connection = connection
        self._book = book
        self._answers = answers
        self._tell = tell
        self._alarms = alarms
        self._account = connection.account

    async def tell_balances(self, request: FetchBalances) -> None:
        """Tell what the account holds.

        It is asked for as urgently as an exit while one is in doubt: the next waits for it.
        """
        known = self._account.still_true(self._connection.now()) if request.is_routine else None
        if known is not None:
            self._tell(known)
            return
        asked_at = self._account.changes
        urgency = Priority.EXIT if self._book.has_doubted_exit else Priority.QUERY
        balance = await self._ask("fetch_balance", urgency=urgency)
        if balance is not None:
            read = read_balances(balance, self._connection.refused)
            report = BalancesReported(total=read.total, free=read.free, unknown=read.unknown)
            self._account.answered(report, asked_at, self._connection.now())
            self._tell(report)

    async def tell_open_orders(self, request: FetchOpenOrders) -> None:
        """Tell which orders work on a symbol; a pair of ours is one."""
        if not self._is_listed(request.symbol):
            self._tell(OpenOrdersReported(symbol=request.symbol, orders=()))
            return
        legs = await self.open_legs(request.symbol)
        if legs is None:
            return
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
        listed = await self.trades_since(symbol, since)
        if listed is None:
            return
        trades = [await self._with_owner(raw) for raw in listed.rows]
        known = [trade for trade in trades if trade is not None]
        known.sort(key=lambda trade: trade.at)
        report = TradesReported(
            symbol=symbol,
            since=since,
            trades=tuple(known),
            is_complete=listed.is_whole,
        )
        self._tell(report)

    async def open_legs(self, symbol: Symbol) -> list[Leg] | None:
        """Return the orders that work on a symbol; None: no answer."""
        if not self._is_listed(symbol):
            return None
        orders = await self._ask("fetch_open_orders", symbol)
        return None if orders is None else self._answers.read_legs(orders)

    async def trades_since(self, symbol: Symbol, since: Timestamp) -> WholeList | None:
        """Return all fills on a symbol since a moment; None: no answer."""
        if not self._is_listed(symbol):
            return None
        profile, now = self._connection.profile, self._connection.now()
        listed = await read_fills(profile, self._ask, symbol, since, now)
        if listed is not None and not listed.is_whole:
            self._alarms.skipped(
                f"list of fills on {symbol}",
                WrongShapeError("it is cut off: what is not in it may exist"),
            )
        return listed

    async def tickers(self, symbols: Sequence[Symbol]) -> list[Raw]:
        """Return the tickers of these symbols; what gave no answer is left out."""
        symbols = [symbol for symbol in symbols if self._is_listed(symbol)]
        client = self._connection.client
        alone = len(symbols) == 1 and can_call(client, "fetchTicker")
        if symbols and not alone and can_call(client, "fetchTickers"):
            found = await self._ask("fetch_tickers", list(symbols), attempts=1)
            return list((found or {}).values())
        answers = [await self._ask("fetch_ticker", symbol, attempts=1) for symbol in symbols]
        return [answer for answer in answers if answer is not None]

    async def candles(self, symbol: Symbol, since: Timestamp) -> list[list[float]]:
        """Return a symbol's candles of a minute since a moment; none: no answer."""
        if not self._is_listed(symbol):
            return []
        return await self._ask("fetch_ohlcv", symbol, "1m", since, CANDLES) or []

    def _is_listed(self, symbol: Symbol) -> bool:
        """Return whether there is anything to ask: one delisted symbol fails a whole list."""
        return symbol in self._connection.opened.listings

    async def _with_owner(self, raw: Raw) -> Trade | None:
        """Return a fill with its order's client id; of a stranger's the venue is asked for it."""
        read = self._answers.read_trade(raw)
        if read is None:
            return None
        owner, trade = read
        if owner is None and not self._book.is_strangers(trade.symbol, trade.exchange_order_id):
            order = await self._ask("fetch_order", trade.exchange_order_id, trade.symbol)
            leg = None if order is None else self._answers.read_leg(order)
            if leg is not None:
                owner = self._book.whose_leg(trade.symbol, leg)
                if owner is None:
                    self._book.know_stranger(trade.symbol, trade.exchange_order_id)
        return self._answers.owned(trade, owner or ClientOrderId(""))

    async def _ask(
        self,
        method: str,
        *args: object,
        attempts: int | None = None,
        urgency: Priority = Priority.QUERY,
    ) -> Any:  # noqa: ANN401 - ccxt's
        """Ask ccxt, again where the way failed; None: no answer."""
        settings = self._connection.settings
        pause_ms: int = settings.read_pause_ms
        left = settings.read_attempts if attempts is None else attempts
        while True:
            left -= 1
            try:
                return await self._connection.call(method, *args, urgency=urgency)
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
