"""A real exchange as an ``ExchangePort``: requests in from any thread, frozen events out.

Owns the assembly and the two edges: what comes in goes to the loop thread, what goes out goes
through the sink there, clean of secrets. A request is answered once; an answer that is lost with
the connection is told as unknown.
"""

import asyncio
import threading
from collections.abc import Coroutine, Iterable
from functools import partial
from typing import Any

from exchange.live.account_queries import Questions
from exchange.live.alarms import ConnectionAlarms
from exchange.live.borrow_watch import read_borrow_mode
from exchange.live.clock_sync import clock_sync
from exchange.live.connection import Connection
from exchange.live.fill_completion import Answers
from exchange.live.key_watch import KeyWatch
from exchange.live.market_data import MarketSide
from exchange.live.open_orders import OpenOrders
from exchange.live.order_requests import Requests
from exchange.live.own_orders import Book, OrderOnRecord
from exchange.live.rate_limits import Demand
from exchange.live.reconciliation import Reconciling
from exchange.live.routine import RoutineQuestions
from exchange.live.rules_watch import RulesWatch
from exchange.live.streams import Streams
from exchange.live.task_guard import TaskGuard
from exchange.port import Event, Sink
from messages.base import Symbol, Timestamp
from messages.gateway import (
    CancelAtVenue,
    FetchBalances,
    FetchOpenOrders,
    FetchTrades,
    LookUpOrder,
    SubmitOrder,
    WatchSymbols,
)
from messages.market import Capabilities
from messages.order_router import (
    CancelFailed,
    FailureKind,
    LookUpFailed,
    StreamChanged,
    SubmitFailed,
)

_CLOSED = "the connection is closed"
_DRAIN_SECONDS = 2.0
"""For answers that are on their way when it is closed."""
_RENEW_SECONDS = 10.0
"""From the rise of the account's stream until its balances are read: after what is urgent then."""
_GATHER_SECONDS = 0.05
"""Symbols that are subscribed to one by one are asked for together."""


class CcxtExchange:
    """One account at one venue, over an open ``Connection``."""

    def __init__(self, emit: Sink, connection: Connection) -> None:
        """Serve ``connection``, which is open; ``emit`` is called on its thread, and on others."""
        self._emit = emit
        self._connection = connection
        self.is_open = True
        self._is_subscribed = False
        self._symbols: set[Symbol] = set()
        self._under_way = 0
        self._idle = threading.Condition()
        connection.thread.run(self._assemble())
        connection.alarm = self._tell

    @property
    def capabilities(self) -> Capabilities:
        """What the venue really does, on symbols without limits of their own."""
        return self._connection.profile.capabilities

    @property
    def is_subscribed(self) -> bool:
        """Whether anything is listened to."""
        return self._is_subscribed

    # The port. From any thread.

    def submit(self, order: SubmitOrder, now: Timestamp) -> None:  # noqa: ARG002 - the port's
        """Send an order."""
        if not self._begin(self._requests.submit, order):
            order_id, kind = order.request.client_order_id, FailureKind.RETRYABLE
            self._emit(SubmitFailed(client_order_id=order_id, kind=kind, text=_CLOSED))

    def cancel(self, order: CancelAtVenue, now: Timestamp) -> None:  # noqa: ARG002 - the port's
        """Cancel an order."""
        if not self._begin(self._requests.cancel, order):
            order_id, kind = order.client_order_id, FailureKind.RETRYABLE
            self._emit(CancelFailed(client_order_id=order_id, kind=kind, text=_CLOSED))

    def look_up(self, order: LookUpOrder, now: Timestamp) -> None:  # noqa: ARG002 - the port's
        """Ask how an order stands."""
        if not self._begin(self._requests.look_up, order):
            self._emit(LookUpFailed(client_order_id=order.client_order_id, text=_CLOSED))

    def fetch_open_orders(self, request: FetchOpenOrders, now: Timestamp) -> None:  # noqa: ARG002
        """Ask which orders work on a symbol."""
        self._begin_in_turn(request, self._questions.tell_open_orders)

    def fetch_trades(self, request: FetchTrades, now: Timestamp) -> None:  # noqa: ARG002
        """Ask for the account's fills on a symbol."""
        self._begin_in_turn(request, self._questions.tell_trades)

    def fetch_balances(self, request: FetchBalances, now: Timestamp) -> None:  # noqa: ARG002
        """Ask what the account holds."""
        self._begin(self._questions.tell_balances, request)

    def fetch_market_rules(self, symbol: Symbol, now: Timestamp) -> None:  # noqa: ARG002
        """Tell a symbol's rules, as loaded. Raises ``UnknownSymbolError``."""
        if self._is_not_kept(symbol):
            self._begin(self._rules.read, symbol)
        else:
            self._begin(self._answer, self._rules.as_known(symbol))

    def read_market_rules(self, symbol: Symbol, now: Timestamp) -> None:  # noqa: ARG002
        """Read a symbol's rules at the venue, and tell them, or that it is gone."""
        self._begin(self._rules.read, symbol)

    def subscribe(self, symbol: Symbol, now: Timestamp) -> None:  # noqa: ARG002 - the port's
        """Hear a symbol's quotes and the account's orders. Raises ``UnknownSymbolError``."""
        self._is_subscribed = True
        self._connection.thread.call(self._subscribe, symbol)
        if not self._is_not_kept(symbol):
            self._connection.listing(symbol)

    def _is_not_kept(self, symbol: Symbol) -> bool:
        """Return whether only the exchange can say of a symbol: the last run did not follow it."""
        opened = self._connection.opened
        return opened.is_kept and symbol not in opened.listings

    def watch(self, plan: WatchSymbols) -> None:
        """Ask for silent symbols as often as market data wants it."""
        self._connection.thread.call(self._market.watch, plan)

    def switch_key(self, slot: int) -> None:
        """Sign with the keys of another slot from now on, if they are of the same account."""
        self._begin(self._keys.switch, slot)

    def know_orders(self, orders: Iterable[OrderOnRecord], *, is_holding: bool) -> None:
        """Know the orders of earlier processes; list those that may be open, at once.

        The lists answer their look-ups, which come when the actors have started. ``is_holding``:
        positions are open; what would delay them waits until ``restored``.
        """
        self._connection.thread.call(self._know, tuple(orders), is_holding)

    def restored(self) -> None:
        """Take in that what was open at the start is restored: other reads delay none of it."""
        self._connection.thread.call(self._rules.let_go)

    def close(self, now: Timestamp) -> None:  # noqa: ARG002 - the port's
        """Let go of the venue; answers on their way are waited for a little."""
        if not self.is_open:
            return
        self.is_open = False
        self.wait_idle(_DRAIN_SECONDS)
        self._connection.close()
        if self.is_subscribed:
            self._emit(StreamChanged(up=False))

    def wait_idle(self, timeout_seconds: float) -> bool:
        """Wait until no request is under way; False: one still is. From other threads."""
        with self._idle:
            return self._idle.wait_for(lambda: self._under_way == 0, timeout_seconds)

    # On the loop.

    async def _assemble(self) -> None:
        connection, tell = self._connection, self._tell
        self._book = book = Book(connection.profile)
        answers = Answers(connection, book, self._tell_of_order)
        self._alarms = alarms = ConnectionAlarms(connection, tell, book.live)
        self._guard = guard = TaskGuard(connection.thread.spawn, alarms, connection.text_of)
        self._lists = lists = OpenOrders(connection, book, answers)
        self._requests = Requests(connection, book, answers, lists, self._tell_of_order)
        self._routine = routine = RoutineQuestions()
        self._questions = Questions(connection, book, answers, lists, tell, alarms, routine)
        self._rules = RulesWatch(connection, tell, self._subscribe, self._unsubscribe)
        self._reconciling = Reconciling(
            connection, book, answers, self._requests, self._questions, guard
        )
        self._questions.on_open_orders = self._reconciling.hear_list
        self._market = MarketSide(
            connection, self._questions, tell, guard, alarms, self._reconciling.quoted
        )
        self._streams = Streams(
            connection,
            book,
            answers,
            guard,
            alarms,
            changed=self._stream_changed,
            quoted=self._market.heard,
        )
        self._keys = KeyWatch(connection, alarms, book.live)
        connection.on_bad_item = self._bad_item
        connection.on_pause = self._paused
        connection.clock.on_jump = self._tell
        connection.clock.on_timing = self._tell
        self._has_started = False
        """Whether the lasting tasks run; with the first symbol they do."""
        self._stream_is_up = self._was_up = False
        self._is_banned = False
        self._resubscribes: asyncio.TimerHandle | None = None

    def _know(self, orders: tuple[OrderOnRecord, ...], is_holding: bool) -> None:  # noqa: FBT001
        self._book.know(orders)
        if is_holding:
            self._rules.hold()
        self._lists.begin({one.symbol for one in orders if not one.is_over})

    def _subscribe(self, symbol: Symbol) -> None:
        if not self._has_started:
            self._has_started = True
            if self._connection.clock.timing is not None:
                self._tell(self._connection.clock.timing)
            self._streams.start()
            self._market.start()
            self._reconciling.start()
            self._guard.keep("the routine questions", self._routine.run)
            self._guard.keep("the look at the clock", self._keep_time)
            if self._connection.has_keys:
                self._guard.keep("the look at the key", self._keys.run)
            self._guard.keep("the look at market rules", self._rules.keep_reading)
        self._rules.follow(symbol)
        if symbol in self._symbols or symbol not in self._connection.opened.listings:
            return
        self._symbols.add(symbol)
        self._market.follow(symbol)
        if self._resubscribes is None:
            loop = asyncio.get_running_loop()
            self._resubscribes = loop.call_later(_GATHER_SECONDS, self._watch_quotes)

    def _unsubscribe(self, symbol: Symbol) -> None:
        """Hear no more quotes of a market that is gone: it would fail the others' requests."""
        if symbol in self._symbols:
            self._symbols.discard(symbol)
            self._watch_quotes()

    def _watch_quotes(self) -> None:
        self._resubscribes = None
        self._streams.watch_quotes(sorted(self._symbols))

    def _stream_changed(self, is_up: bool) -> None:  # noqa: FBT001 - what is told
        self._stream_is_up = is_up
        self._lists.forget()
        is_told = self._connection.profile.tells_balances
        self._connection.account.stream_changed(is_up=is_up and is_told)
        if is_up and is_told:
            loop = asyncio.get_running_loop()
            loop.call_later(_RENEW_SECONDS, self._renew_balances)
        if not self._is_banned:
            self._tell_reach()

    def _renew_balances(self) -> None:
        """Read what the account holds, so that no quiet minute has to ask for it."""
        if self.is_open and self._connection.has_keys:
            self._connection.thread.spawn(self._questions.renew_balances())

    def _paused(self, demand: Demand) -> None:
        """Tell of a pause. During a ban the venue can't be reached, whatever its stream does."""
        self._alarms.paused(demand)
        if demand.is_ban and not self._is_banned:
            self._is_banned = True
            if self._stream_is_up:
                self._tell(StreamChanged(up=False))
            self._connection.thread.spawn(self._until_ban_ends())

    async def _until_ban_ends(self) -> None:
        try:
            await self._connection.throttle.until_no_ban()
        finally:  # however it ends: else the exchange would count as out of reach for ever
            self._is_banned = False
        self._connection.note("the ban is over")
        if self._stream_is_up:
            self._tell_reach()

    def _tell_reach(self) -> None:
        self._tell(StreamChanged(up=self._stream_is_up))
        if self._stream_is_up:
            self._reconciling.look_now()
            if self._was_up:  # a machine that was restored from an image lost its connections
                self._connection.thread.spawn(self._connection.try_measure_clock())
            self._was_up = True

    def _bad_item(self, kind: str, error: BaseException) -> None:
        """Take in what can't be read: it may have been an event of the account's."""
        self._connection.stream.lost()
        self._alarms.skipped(kind, error)

    async def _keep_time(self) -> None:
        """Measure the venue's clock now and then: clocks drift. A borrow mode may be switched."""
        self._alarms.clock(self._connection.clock_offset_ms, clock_sync())
        while True:
            await read_borrow_mode(self._connection)
            await asyncio.sleep(self._connection.settings.clock_ms / 1000)
            if await self._connection.try_measure_clock():
                self._alarms.clock(self._connection.clock_offset_ms, clock_sync())

    def _tell(self, event: Event) -> None:
        if self.is_open or not isinstance(event, StreamChanged):
            self._emit(event)

    def _tell_of_order(self, event: Event) -> None:
        """Tell what became of an order: the account changed with it, before its stream says so."""
        self._connection.account.changed()
        self._tell(event)

    async def _answer(self, event: Event) -> None:
        self._tell(event)

    def _begin(self, ask: Any, *args: object) -> bool:  # noqa: ANN401 - a coroutine function
        """Let a request be made on the loop; False: the connection is closed."""
        if not self.is_open:
            return False
        with self._idle:
            self._under_way += 1
        if self._connection.thread.call(self._spawn, ask, args):
            return True
        self._end()
        return False

    def _begin_in_turn(self, request: FetchOpenOrders | FetchTrades, tell: Any) -> None:  # noqa: ANN401 - as above
        """Ask at once, or in its turn where nothing waits for the answer."""
        if not request.gap_ms:
            self._begin(tell, request)
            return
        name = f"{type(request).__name__} {request.symbol}"
        ask = partial(self._begin, tell, request)
        self._connection.thread.call(self._routine.add, name, request.gap_ms, ask)

    def _spawn(self, ask: Any, args: tuple[object, ...]) -> None:  # noqa: ANN401 - as above
        name = getattr(ask, "__name__", "a request")
        self._connection.thread.spawn(self._do(name, ask(*args)))

    async def _do(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 - it counts as unanswered
            self._alarms.skipped(f"answer to {name}", error)
        finally:
            self._end()

    def _end(self) -> None:
        with self._idle:
            self._under_way -= 1
            self._idle.notify_all()
