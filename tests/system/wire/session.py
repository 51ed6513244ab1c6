"""A whole session at an exchange over the wire: the tree on threads, its journal on a disk.

Everything is what a person's session is made of, up to ccxt's own class and TLS; only the strategy
and the pace of the market are the test's. The market moves on when the session has taken in what
happened, and the strategy is asked from the moment on at which the session has compared the
exchange's lists: nothing here sleeps, and nothing depends on how fast a machine is.
"""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Self

import msgspec
from msgspec.structs import replace

import supervisor
from actors.guardian.core import Guard
from actors.guardian.states import Cause
from actors.journal.port import Record
from actors.observers.trades import Trade, trade_of
from actors.order_router.order import RoutedOrder
from actors.portfolio.accounts import Account as Books
from actors.position.position import Charter, Position
from actors.position.states import State
from actors.runtime.supervision import Children
from actors.runtime.system import System
from commands.live import real_wiring
from config.live import LiveSettings
from config.settings import Settings
from exchange.live.connection import Connection, Credentials
from exchange.live.exchange import CcxtExchange
from exchange.port import Event
from exchange.profiles.registry import profile_of
from exchange.server.connect import open_session
from exchange.server.control import ServerHand, VenuePicture
from messages.addresses import POSITIONS
from messages.base import ClientOrderId, Currency, Milliseconds, PositionId, Symbol, Timestamp
from messages.market import Quote
from messages.market_data import QuoteReceived
from messages.observers import Alarm
from messages.orders import OrderStatus
from messages.position import CloseCause
from messages.positions import CloseAllPositions
from session.account import Account, account_folder
from session.artifacts import SessionFiles
from session.paper import Session
from session.wiring import Wiring
from terminal.header import SessionHeader
from tests.system.wire.ids import ours_of
from tests.system.wire.strategy import Always, candle_at

WAIT_SECONDS = 30.0
"""For what comes within moments, or the test fails."""
_LOOK_SECONDS = 0.02
HASTY = LiveSettings(
    rate_ratio=10.0,
    request_timeout_ms=Milliseconds(300),
    keep_alive_ms=Milliseconds(300),
    reconnect_ms=Milliseconds(20),
    reconcile_ms=Milliseconds(400),
    reconcile_again_ms=Milliseconds(100),
    read_pause_ms=Milliseconds(20),
    first_candles=0,
    exit_probe_ms=Milliseconds(1_000),
)
"""What takes seconds on a real network takes moments here; and the server allows any rate."""
_IN_TRANSIT = {OrderStatus.NEW, OrderStatus.SUBMITTED, OrderStatus.UNKNOWN}


class WireSession:
    """``with WireSession(server, "binance", settings, folder) as session: ...``."""

    def __init__(
        self,
        server: ServerHand,
        dialect: str,
        settings: Settings,
        folder: Path,
        live: LiveSettings = HASTY,
    ) -> None:
        self.server = server
        self.settings = settings
        self.strategy = Always()
        self.orders: dict[ClientOrderId, RoutedOrder] = {}
        """Every order the router ever had, as it last was."""
        self.positions: dict[PositionId, Position] = {}
        self.books: dict[Currency, Books] = {}
        self.trades: dict[PositionId, Trade] = {}
        self._charters: dict[PositionId, Charter] = {}
        self.alarms: list[Alarm] = []
        self.notes: list[str] = []
        self.system: System
        self.exchange: CcxtExchange
        self._folder = folder
        self._quotes: dict[Symbol, Quote] = {}
        self._moved: dict[Symbol, float] = {}
        self._causes: frozenset[Cause] = frozenset()
        """What held trading back when the guardian was last recorded."""
        self._has_compared = False
        self._heard = threading.Condition()
        reach = server.reach
        self.connection = Connection(
            profile_of(dialect),
            Credentials({"apiKey": reach.api_key, "secret": reach.secret}),
            live,
            note=self.notes.append,
            make_session=lambda: open_session(reach),
        )
        self._open = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as opening:
            self.connection.open()
            opening.callback(self.connection.close)
            self._session = self._start(opening)
            self._open = opening.pop_all()
        self.wait_until(lambda: self._has_compared)
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        ended = self._session.stop()
        self._open.close()
        if error is None:
            unread = [alarm.text for alarm in self.alarms if "message of a socket" in alarm.text]
            assert unread == []
            assert ended.is_whole
            assert ended.summary.skipped_messages == 0

    def move(self, symbol: Symbol, price: float, quantity: float | None = None) -> None:
        """Let the market trade at a price, and wait until the session has done all it does then."""
        self.server.move(symbol, price, quantity=quantity)
        self._moved[symbol] = price
        self.settle()

    def settle(self) -> None:
        """Wait until everything that happened at the venue is known, and nothing is under way."""
        self.wait_until(self._is_settled)

    def end_flat(self) -> None:
        """Sell everything, wait until nothing is held or works any more."""
        self.strategy.may = False
        self.settle()
        close = CloseAllPositions(cause=CloseCause.END_OF_RECORDING, reason="the end")
        self.system.tell(POSITIONS, close)
        self.wait_until(lambda: self._is_settled() and self._is_flat())

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition that events bring about."""
        left = WAIT_SECONDS
        while not condition():
            with self._heard:
                self._heard.wait(_LOOK_SECONDS)
            left -= _LOOK_SECONDS
            assert left > 0, self.told()

    def told(self) -> str:
        """Return how everything stands, for a test that fails."""
        lasting = [o for o in self.orders.values() if not o.facts.is_terminal]
        living = [p for p in self.positions.values() if p.state is not State.CLOSED]
        picture = self.server.read()
        lines = [*self.notes[-8:], *self.alarms[-8:], *lasting, *living, *picture.orders[-4:]]
        return "\n".join(map(str, [self._quotes, self._moved, *lines]))

    def _start(self, opening: ExitStack) -> Session:
        number = len(list(self._folder.glob("session-*")))
        folder = self._folder / f"session-{number}"
        folder.mkdir(parents=True)
        now = Timestamp(self.connection.now())
        place = account_folder(self._folder / "state", "", "live-wire")
        account = opening.enter_context(Account(place, folder, now, is_fresh=False))
        header = SessionHeader(
            mode="test money", market="wire", seed=0, speed=1.0, session_dir=folder
        )
        files = opening.enter_context(SessionFiles(header, self.settings))
        exchanges: list[CcxtExchange] = []
        session = Session(
            self._start_tree,
            self.settings,
            lambda: self.strategy,
            header,
            files,
            account,
            partial(real_wiring, self.connection, exchanges),
        )
        (self.exchange,) = exchanges
        opening.callback(self.exchange.close, now)
        return session

    def _start_tree(self, system: System, wiring: Wiring) -> Children:
        self.system = system
        connect = wiring.connect_live
        assert connect is not None

        def listening(emit: Callable[[Event], None]) -> CcxtExchange:
            def heard(event: Event) -> None:
                if isinstance(event, QuoteReceived):
                    self._quotes[event.quote.symbol] = event.quote
                    emit(event)
                    if self._has_compared:
                        emit(candle_at(event.quote))
                else:
                    emit(event)
                self._notice()

            exchange = connect(heard)
            assert isinstance(exchange, CcxtExchange)
            return exchange

        system.observe(self._on_record)
        return supervisor.start(system, replace(wiring, connect_live=listening))

    def _on_record(self, record: Record) -> None:
        for change in record.changes:
            self._take(change)
        self.alarms += [s.message for s in record.outbox if isinstance(s.message, Alarm)]
        self._notice()

    def _take(self, change: msgspec.Struct) -> None:
        match change:
            case RoutedOrder():
                self.orders[change.request.client_order_id] = change
            case Charter():
                self._charters[change.position_id] = change
            case Position():
                self.positions[change.position_id] = change
                trade = trade_of(self._charters[change.position_id], change)
                if trade is not None:
                    self.trades[change.position_id] = trade
            case Books():
                self.books[change.currency] = change
            case Guard():
                causes = frozenset(hold.cause for hold in change.holds)
                self._has_compared |= Cause.FIRST_LOOK in self._causes - causes
                self._causes = causes
            case _:
                pass

    def _notice(self) -> None:
        with self._heard:
            self._heard.notify_all()

    def _is_settled(self) -> bool:
        if any(self._quote(symbol) != price for symbol, price in self._moved.items()):
            return False
        at_rest = self.system.dispatcher.wait_idle(WAIT_SECONDS)
        is_quiet = at_rest and self.exchange.wait_idle(0.0) and self._is_held_or_over()
        return is_quiet and self._knows(self.server.read())

    def _is_held_or_over(self) -> bool:
        """Whether no position is entering, uncovered or leaving: between two tries it waits."""
        at_rest = {State.PROTECTING, State.CLOSED}
        return all(position.state in at_rest for position in dict(self.positions).values())

    def _quote(self, symbol: Symbol) -> float | None:
        quote = self._quotes.get(symbol)
        return None if quote is None else quote.bid

    def _knows(self, picture: VenuePicture) -> bool:
        """Whether every order stands as the venue has it, and none is being asked about."""
        orders = dict(self.orders)
        if any(o.errand is not None or o.facts.status in _IN_TRANSIT for o in orders.values()):
            return False
        at_venue = ((facts, orders.get(ours_of(facts.client_order_id))) for facts in picture.orders)
        return all(
            order is not None
            and (order.facts.status, order.facts.filled) == (facts.status, facts.filled)
            for facts, order in at_venue
        )

    def _is_flat(self) -> bool:
        return all(position.state is State.CLOSED for position in dict(self.positions).values())
