"""One way through the recordings: the whole system on a virtual clock, from the first point on.

Owns the life of one system: start the tree, play the feed, close what is open, read the outcome.
"""

from collections.abc import Callable

import msgspec
from rich.console import Console

from actors.journal.memory import MemoryJournal
from actors.observers.actor import Observers
from actors.observers.report import Report
from actors.runtime.clock import VirtualClock
from actors.runtime.dispatcher import Dispatcher
from actors.runtime.simulated import SimulatedDispatcher
from actors.runtime.system import System
from actors.strategy.port import Strategy
from config.settings import CandlePath
from exchange.paper import PaperExchange
from exchange.port import Sink
from messages.addresses import POSITIONS
from messages.base import Milliseconds, Timestamp
from messages.money import Money
from messages.observers import Alarm, AlarmKind
from messages.position import CloseCause
from messages.positions import CloseAllPositions
from replay.feed import Feed, NotIdleError
from replay.items import FeedItem
from replay.pacing import AS_FAST_AS_IT_CAN, Tempo
from replay.stage import Stage, replay_identity
from session.screen import progress_bar
from session.summary import Outcome, Summary, summarise
from session.wiring import StartTree, Wiring, observers_of
from terminal.errors import RunFailedError

STOP_TIMEOUT_SECONDS = 10.0
SELL_OUT_MS = Milliseconds(3_600_000)
"""Recorded time that the sale of what is open at the end may take: answers, waits, retries."""


class Played(msgspec.Struct, frozen=True):
    """What one way through the recordings came to."""

    summary: Summary
    report: Report
    failure: str | None = None
    """How the strategy failed, which ended it there; None: it did not."""


class Player:
    """Plays a stage; each time with a system of its own."""

    def __init__(
        self,
        start: StartTree,
        stage: Stage,
        make_strategy: Callable[[], Strategy],
        new_dispatcher: Callable[[], Dispatcher],
        console: Console,
        tempo: Tempo = AS_FAST_AS_IT_CAN,
    ) -> None:
        """Take what every way has in common."""
        self._start = start
        self._stage = stage
        self._make_strategy = make_strategy
        self._new_dispatcher = new_dispatcher
        self._console = console
        self._tempo = tempo

    def play(self, path: CandlePath, journal: MemoryJournal | None = None) -> Played:
        """Walk candles along ``path``; return what came of it. None: nobody keeps the records.

        Raises:
            RunFailedError: the actors did not come to rest.

        """
        stage, dispatcher = self._stage, self._new_dispatcher()
        clock = VirtualClock(stage.begin)
        journal = journal or MemoryJournal(keep=False)
        system = System(dispatcher, clock, journal)
        report = Report(stage.settings.capital)
        system.observe(report.on_record)
        try:
            self._start(system, self._wiring(dispatcher))
            self._feed(system, clock, path, report)
            failure = _failure(observers_of(system))
            outcome = self._outcome(system, journal, path, clock.now())
        except NotIdleError as error:
            raise RunFailedError(str(error)) from None
        finally:
            system.shutdown(STOP_TIMEOUT_SECONDS)
        return Played(summarise(report, outcome), report, failure)

    def _wiring(self, dispatcher: Dispatcher) -> Wiring:
        settings = self._stage.settings
        return Wiring(
            settings=settings,
            symbols=self._stage.symbols,
            connect=_venue(self._stage),
            strategy=self._make_strategy,
            calls_strategy_directly=isinstance(dispatcher, SimulatedDispatcher),
            identity=replay_identity(settings),
        )

    def _feed(self, system: System, clock: VirtualClock, path: CandlePath, report: Report) -> None:
        """Play every point; value the capital at each candle's end, keep a point an interval."""
        stage = self._stage
        feed = Feed(system, clock, {scene.symbol: scene.surroundings for scene in stage.scenes})
        feed.settle()
        observers = observers_of(system)
        interval = stage.settings.replay.equity_ms
        next_kept = 0
        with progress_bar(self._console, f"walking {path.value}", stage.rows) as advance:

            def on_item(item: FeedItem) -> None:
                nonlocal next_kept
                if item.point is not None:
                    report.prices[item.symbol] = item.point.price
                if item.ends_row:
                    advance()
                    at = clock.now()
                    report.sample(at, keep=at >= next_kept)
                    if at >= next_kept:
                        next_kept = at - at % interval + interval

            in_tempo = self._tempo.begin()

            def goes_on(at: Timestamp) -> bool:
                return _failure(observers) is None and in_tempo(at)

            feed.play(stage.streams(path, feed.is_quiet), on_item, goes_on)
        if stage.settings.replay.close_at_end:
            _sell_all(system, feed, clock, report)
        report.sample(clock.now(), keep=True, is_last=True)

    def _outcome(
        self, system: System, journal: MemoryJournal, path: CandlePath, now: Timestamp
    ) -> Outcome:
        observers = observers_of(system)
        return Outcome(
            at=now,
            candle_path=path.value,
            is_cut=_failure(observers) is not None or self._tempo.ended_by is not None,
            refusals=observers.refusals,
            alarms=observers.alarms,
            skipped=observers.skipped,
            steps=journal.durable,
            journal_hash=journal.head,
        )


def _sell_all(system: System, feed: Feed, clock: VirtualClock, report: Report) -> None:
    """Sell what is open, every market standing at its last price for as long as that takes."""
    feed.refresh()
    reason = "the recording is over"
    close = CloseAllPositions(cause=CloseCause.END_OF_RECORDING, reason=reason)
    for _ in range(2):  # the second time is a hurry: to the ladder's end, at once
        system.tell(POSITIONS, close)
        feed.settle()
    feed.stand_still(Timestamp(clock.now() + SELL_OUT_MS), lambda: not report.open_positions())


def _failure(observers: Observers) -> str | None:
    """Return how the strategy failed: what followed would not be what was asked for."""
    if not observers.alarms[AlarmKind.STRATEGY_FAILED]:
        return None
    kind = AlarmKind.STRATEGY_FAILED
    texts = (m.text for m in reversed(observers.last) if isinstance(m, Alarm) and m.kind is kind)
    text = next(texts, "the strategy failed")
    return text.rpartition("; retrying in ")[0] or text  # a replay asks it no more


def _venue(stage: Stage) -> Callable[[Sink], PaperExchange]:
    settings = stage.settings
    balances = [
        Money(currency, settings.capital[currency]) for currency in sorted(settings.capital)
    ]

    def connect(emit: Sink) -> PaperExchange:
        return PaperExchange(
            emit,
            [scene.market.rules for scene in stage.scenes],
            balances,
            capabilities=settings.paper.capabilities,
            latency_ms=settings.paper.latency_ms,
        )

    return connect
