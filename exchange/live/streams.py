"""What the venue tells by itself: orders, fills and best prices; each stream watched for its death.

Owns the loops that listen, the pauses between their attempts, and the watchdog that ends sockets on
which nothing comes any more. Whatever was missed is found by REST: see ``reconciling``. On the loop
only. ccxt wakes only who waits at that moment: a loop waits again at once, in its own task, and
looks at what ccxt has kept of events that came together.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Any

from exchange.live.alarms import ConnectionAlarms
from exchange.live.client import can_call
from exchange.live.connection import Connection
from exchange.live.fields import Raw, rows_of, symbol_of
from exchange.live.fill_completion import Answers
from exchange.live.loop import as_error
from exchange.live.own_orders import Book
from exchange.live.task_guard import TaskGuard
from messages.base import Symbol
from messages.orders import FillSource

_OF_THE_ACCOUNT = {"orders", "fills"}
_LOOK_SECONDS = 0.01
_SURELY_UP_SECONDS = 5.0
"""A stream that failed not for so long is up, whatever ccxt calls its futures."""

_LISTEN_SECONDS = 300.0
"""A stream that told nothing for so long is awaited anew."""
_CLOSE_SECONDS = 5.0

TICKERS_ONLY = frozenset({"mexc"})
"""Where ``watch_bids_asks`` hears nothing (ccxt reads a format that MEXC has left), and the ticker
is made of the best prices."""

Watch = Callable[[], Awaitable[Any]]
Take = Callable[[Any], None]


class Streams:
    """The account's stream and the market's."""

    def __init__(
        self,
        connection: Connection,
        book: Book,
        answers: Answers,
        guard: TaskGuard,
        alarms: ConnectionAlarms,
        *,
        changed: Callable[[bool], None],
        quoted: Callable[[Raw], None],
    ) -> None:
        """Tell ``changed`` when the account's stream goes up or down, ``quoted`` each ticker."""
        self._connection = connection
        self._book = book
        self._answers = answers
        self._guard = guard
        self._alarms = alarms
        self._changed = changed
        self._quoted = quoted
        self._account = connection.account
        self._is_up = False
        self._quotes: list[asyncio.Task[None]] = []
        self._taken: dict[str, Raw] = {}
        """What was taken last of each symbol: the very object, ccxt makes one of each event."""

    def start(self) -> None:
        """Listen to the account, and look after all sockets."""
        client = self._connection.client
        if client.apiKey or client.privateKey:
            self._keep("orders", client.watch_orders, self._take_orders, self._turn)
            if can_call(client, "watchMyTrades"):
                self._keep("fills", client.watch_my_trades, self._take_trades)
            if self._connection.profile.tells_balances and can_call(client, "watchBalance"):
                self._keep("balances", client.watch_balance, lambda _: self._account.changed())
        else:
            self._turn(is_up=True)  # without an account there are no orders to hear of
        self._guard.keep("the look after sockets", self._look_after_sockets)

    def watch_quotes(self, symbols: Iterable[Symbol]) -> None:
        """Listen to the best prices of these symbols, instead of those before."""
        for task in self._quotes:
            task.cancel()
        self._quotes = [
            self._keep("quotes", watch, self._take_tickers)
            for watch in self._quote_watches(list(symbols))
        ]

    def _keep(
        self, name: str, watch: Watch, take: Take, turn: Callable[..., None] | None = None
    ) -> "asyncio.Task[None]":
        listen = partial(self._listen, name, watch, take, turn)
        return self._guard.keep(f"the stream of {name}", listen)

    def _quote_watches(self, symbols: list[Symbol]) -> list[Watch]:
        """Return what to listen to for the best prices; nothing: they are polled."""
        client = self._connection.client
        if not symbols:
            return []
        if client.id in TICKERS_ONLY:
            return [partial(client.watch_ticker, symbol) for symbol in symbols]
        if can_call(client, "watchBidsAsks"):
            return [partial(client.watch_bids_asks, symbols)]
        return []

    async def _listen(
        self, name: str, watch: Watch, take: Take, turn: Callable[..., None] | None = None
    ) -> None:
        """Hear a stream for ever; ``turn`` is told whether it is up."""
        settings = self._connection.settings
        pause_ms: int = settings.reconnect_ms
        loop = asyncio.get_running_loop()
        await self._connection.throttle.until_no_ban()
        while True:
            began = loop.time()
            rising = None if turn is None or self._is_up else self._rise_later(name, turn)
            try:
                # In this task: another would wake up a moment too late.
                async with asyncio.timeout(_LISTEN_SECONDS) as silence:
                    items = await as_error(watch())
                pause_ms = settings.reconnect_ms
            except Exception as error:  # noqa: BLE001 - whatever it is, it is opened again
                if silence.expired():
                    continue  # nothing happened; if ccxt lost the stream, it begins anew
                self._connection.note(f"stream of {name}: {self._connection.text_of(error)}")
                if turn is not None:
                    turn(is_up=False)
                await self._clear_away()
                if (loop.time() - began) * 1000 > settings.reconnect_most_ms:
                    pause_ms = settings.reconnect_ms  # it was up, and only nothing happened
                await asyncio.sleep(pause_ms / 1000)
                pause_ms = min(2 * pause_ms, settings.reconnect_most_ms)
                await self._connection.throttle.until_no_ban()
                continue
            finally:
                if rising is not None:
                    rising.cancel()
            if turn is not None:
                turn(is_up=True)
            self._take_safely(name, take, items)

    def _rise_later(self, name: str, turn: Callable[..., None]) -> asyncio.Task[None]:
        """Tell that a stream is up once the venue surely, or very likely, sends what happens."""

        async def rise() -> None:
            waited = 0.0
            while waited < _SURELY_UP_SECONDS and not self._is_awaited(name):
                await asyncio.sleep(_LOOK_SECONDS)
                waited += _LOOK_SECONDS
            turn(is_up=True)

        return self._connection.thread.spawn(rise())

    def _is_awaited(self, name: str) -> bool:
        """Return whether an open socket has a future of this stream: it was subscribed to."""
        return any(
            socket.isConnected and any(name[:5] in str(key).lower() for key in socket.futures)
            for socket in self._connection.client.clients.values()
        )

    def _turn(self, *, is_up: bool) -> None:
        if is_up is not self._is_up:
            self._is_up = is_up
            self._connection.stream.turned(is_up=is_up)
            self._changed(is_up)

    def _take_safely(self, name: str, take: Take, items: Any) -> None:  # noqa: ANN401 - ccxt's
        try:
            take(items)
        except Exception as error:  # noqa: BLE001 - one bad event must not end the stream
            if name in _OF_THE_ACCOUNT:
                self._connection.stream.lost()
            self._alarms.skipped(f"event of the stream of {name}", error)

    def _take_orders(self, orders: Iterable[Raw]) -> None:
        self._account.changed()
        for raw in rows_of(orders, "orders"):
            self._take_safely("orders", self._take_order, raw)

    def _take_order(self, raw: Raw) -> None:
        leg = self._answers.read_leg(raw, FillSource.ORDER_EVENT)
        order_id = self._book.whose_leg(symbol_of(raw, "order"), leg)
        if order_id is not None:
            self._answers.heard_on_stream(order_id, leg)

    def _take_trades(self, trades: Iterable[Raw]) -> None:
        self._account.changed()
        for raw in rows_of(trades, "fills"):
            self._take_safely("fills", self._take_trade, raw)

    def _take_trade(self, raw: Raw) -> None:
        read = self._answers.read_trade(raw, FillSource.STREAM)
        if read is None:
            return
        order_id, trade = read
        if order_id is not None:
            self._answers.heard_trade(order_id, trade)
        else:
            self._book.keep(trade)

    def _take_tickers(self, told: dict[str, Raw]) -> None:
        """Take the newest of each symbol: of several that came together ccxt tells the first."""
        client = self._connection.client
        newest = client.tickers if client.id in TICKERS_ONLY else client.bidsasks
        tickers = {told["symbol"]: told} if "bid" in told else told
        for symbol, ticker in (tickers | newest).items():
            if ticker is not self._taken.get(symbol):
                self._taken[symbol] = ticker
                self._take_safely("quotes", self._quoted, ticker)

    async def _look_after_sockets(self) -> None:
        """End sockets whose peer is gone: they would stay open and say nothing."""
        settings = self._connection.settings
        while True:
            await asyncio.sleep(settings.watchdog_ms / 1000)
            now = self._connection.now()
            for socket in list(self._connection.client.clients.values()):
                heard_at = max(
                    socket.last_message_at or 0,
                    socket.lastPong or 0,
                    socket.connectionEstablished or 0,
                )
                if socket.isConnected and now - heard_at > settings.quiet_ms:
                    self._take_safely("sockets", self._end_silent, socket)

    def _end_silent(self, socket: Any) -> None:  # noqa: ANN401 - ccxt's
        quiet_ms = self._connection.settings.quiet_ms
        socket.on_error(ConnectionError(f"nothing heard for {quiet_ms} ms"))

    async def _clear_away(self) -> None:
        """Let go of dead sockets: ccxt would go on waiting for what they say."""
        client = self._connection.client
        for url, socket in list(client.clients.items()):
            if socket.error or (socket.isConnected and socket.closed()):
                client.clients.pop(url, None)
                client.options.pop("listenKey", None)  # it was the socket's
                with suppress(TimeoutError):  # a peer that is gone says no goodbye
                    await asyncio.wait_for(socket.close(), _CLOSE_SECONDS)
