"""A paper session's system: the tree on threads, an embedded market that moves by its own clock.

Owns the life of one system: start, look, stop. What is said of it, and when it stops, is ``run``'s.
"""

import gc
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from math import inf

import msgspec
from pykka import ActorDeadError, Timeout

from actors.gateway.paper import Drive
from actors.journal.codec import Snapshot
from actors.journal.recovery import living_positions
from actors.observers.report import Report
from actors.observers.session import SessionBook
from actors.observers.watchlist import Watchlist
from actors.position.distances import distance_problem
from actors.position.position import Life
from actors.position.states import State
from actors.runtime.clock import WallClock
from actors.runtime.dispatcher import ProductionDispatcher
from actors.runtime.supervision import Children
from actors.runtime.system import System
from actors.strategy.actor import DROP, StrategySource
from config.settings import MarketSettings, Settings
from exchange.generated.listings import DEFAULT_SYMBOLS
from exchange.generated.market import GeneratedMarket
from exchange.paper import PaperExchange
from exchange.port import Sink
from exchange.price_grid import nearest_price
from messages.addresses import INSPECTOR, OBSERVERS, POSITIONS, STRATEGY, STRATEGY_RUNNER
from messages.base import Symbol, Timestamp, quote_currency
from messages.market import MarketRules
from messages.money import ZERO, Money
from messages.positions import EndSession, StopAllEntering
from messages.session import PositionRow, ReadSession, SessionPicture
from session.account import Account
from session.artifacts import SessionFiles
from session.options import check_oco
from session.summary import Outcome, Summary, summarise
from session.time_scaling import Deadline, at_speed, pace_ms
from session.wiring import StartTree, Wiring, observers_of
from terminal.errors import UsageError
from terminal.header import SessionHeader

_LOOK_SECONDS = 2.0
"""How long a view waits for its picture."""
_ENTRIES_SECONDS = 0.05
"""Between two looks at entries that are being canceled."""
_STRATEGY_SECONDS = 2.0
"""How long a stop waits for the strategy's own code."""

_ENTERING = (State.NEW, State.OPENING)
_MINUTE_MS = 60_000
_GIVEN_RULES = (
    "min_quantity",
    "min_notional",
    "maker_fee_ratio",
    "taker_fee_ratio",
    "fee_currency",
    "fee_third_currency",
    "fee_third_rate",
)
"""What a config may change of the embedded market; ticks and steps are part of its prices."""


MakeWiring = Callable[[Settings, Report, StrategySource, Timestamp], Wiring]
"""Says what the tree is given to trade from a moment on."""


class Ended(msgspec.Struct, frozen=True):
    """How a session stood when it stopped."""

    summary: Summary
    living: tuple[Life, ...]
    """What stays open."""
    is_whole: bool
    """Whether everything ended within the time it had."""
    unrecorded: str = ""
    """Records that are not on the disk, and why; empty: all are."""


class Session:
    """The running system."""

    def __init__(
        self,
        start: StartTree,
        settings: Settings,
        strategy: StrategySource,
        header: SessionHeader,
        files: SessionFiles,
        account: Account,
        make_wiring: MakeWiring | None = None,
    ) -> None:
        """Start every actor, and the market, where the account's journal ends.

        ``make_wiring`` says what the tree trades on; None: on the embedded market.

        Raises:
            StartError: an actor did not start.
            UsageError: the journal can't be written.

        """
        recovered = account.recovered
        begin = _begin(header, recovered)
        self.clock = WallClock(start=begin, speed=header.speed)
        self._settings = settings
        self._journal = account.open_journal(settings, begin, header.session_dir)
        files.begin(self._journal.next_sequence, account.folder, account.epoch)
        self._report = Report(settings.capital, on_trade=files.add_trade, on_point=files.add_point)
        self._system = System(ProductionDispatcher(), self.clock, self._journal)
        wiring = (make_wiring or paper_wiring)(settings, self._report, strategy, begin)
        wiring = msgspec.structs.replace(
            wiring,
            session_folder=header.session_dir,
            write_stacks=files.add_stacks,
            journal=self._journal,
            session_problem=self._journal.session_problem,
            mirror=-1 if self._journal.mirror is None else self._journal.mirror.descriptor,
            cut=self._journal.cut,
            identity=account.identity,
            account_folder=account.folder,
            stuck=account.stuck,
            mark=account.mark,
            exits_recorded=account.exits_recorded,
            restored="" if wiring.connect_live is None else account.why_behind,
            records_venue=wiring.connect_live is None,
            recovered=recovered,
            symbols=_followed(wiring.symbols, recovered),
        )
        for one in () if recovered is None else recovered.actors:
            if wiring.book is not None:
                wiring.book.take_in(one.entities)
        if wiring.book is not None and recovered is not None:
            wiring.book.begin_session()
        try:
            self._children: Children = start(self._system, wiring)
        except BaseException:
            self._system.shutdown(settings.session.stop_ms / 1000)
            raise
        self._observers = observers_of(self._system)
        gc.collect()
        gc.freeze()  # what was made by now stays: no collection need look at it again

    @property
    def view_seconds(self) -> float:
        """How long a picture is worth looking at."""
        return self._settings.session.view_ms / 1000

    def look(self) -> SessionPicture | None:
        """Return how the session stands; None while it is too busy to say."""
        try:
            picture: SessionPicture = self._system.ask(OBSERVERS, ReadSession(), _LOOK_SECONDS)
        except (Timeout, ActorDeadError):
            return None
        return picture

    def stop(self) -> Ended:
        """Stop in order: no new entries, what was bought is protected, then everything ends."""
        deadline = Deadline(self._settings.session.stop_ms / 1000)
        system = self._system
        self._children.stop_last(INSPECTOR)  # whoever it suspended must be able to stop
        system.stop(STRATEGY)
        system.tell(POSITIONS, StopAllEntering(reason="the session stops"))
        self._wait_until(deadline, lambda row: row.state not in _ENTERING)
        system.tell(POSITIONS, EndSession())
        self._wait_until(deadline, lambda row: row.may_be_left)  # as its plan's on_stop wants it
        self.clock.close()
        is_whole = self._comes_to_rest(deadline)
        if is_whole:
            late = self._children.stop(deadline.within)
            is_whole = not late and system.shutdown(deadline.within(inf))
        now = self.clock.now()
        self._report.sample(now, keep=True, is_last=True)
        living = tuple(self._report.open_positions())
        summary = summarise(self._report, self._outcome(now))
        return Ended(summary, living, is_whole, self._unrecorded())

    def _unrecorded(self) -> str:
        if not self._journal.pending:
            return ""
        why = self._journal.failure or "there was no time to write them"
        return f"{self._journal.pending} records are not on the disk: {why}"

    def _wait_until(self, deadline: Deadline, is_done: Callable[[PositionRow], bool]) -> None:
        """Wait until something is so of every position."""
        while not deadline.has_passed:
            picture = self.look()
            if picture is not None and all(map(is_done, picture.positions)):
                return
            time.sleep(_ENTRIES_SECONDS)

    def _comes_to_rest(self, deadline: Deadline) -> bool:
        """Wait until every mailbox is empty; a strategy that hangs is left behind."""
        dispatcher = self._system.dispatcher
        if dispatcher.wait_idle(deadline.within(_STRATEGY_SECONDS)):
            return True
        with suppress(KeyError):  # where the strategy has a thread here; a process is not awaited
            self._system.restart(STRATEGY_RUNNER)
        return dispatcher.wait_idle(deadline.within(inf))

    def _outcome(self, now: Timestamp) -> Outcome:
        observers = self._observers
        return Outcome(
            at=now,
            counted=observers.counted,
            refusals=observers.refusals,
            alarms=observers.alarms,
            skipped=observers.skipped,
            steps=self._journal.durable,
            journal_hash=self._journal.head,
        )


def paper_wiring(
    settings: Settings,
    report: Report,
    strategy: StrategySource,
    begin: Timestamp,
) -> Wiring:
    """Return what the tree is given to trade the embedded market from ``begin`` on.

    As for threads; whoever has none says so.
    """
    speed = settings.paper.speed
    in_force = at_speed(settings, speed)
    market = GeneratedMarket(settings.paper.seed, start=begin)
    watchlist = Watchlist(market.symbols, settings.drop.lookback_ms, in_force.market_data.stale_ms)
    return Wiring(
        settings=in_force,
        symbols=market.symbols,
        connect=partial(_open_venue, settings, market.rules),
        strategy=strategy,
        calls_strategy_directly=False,
        drive=Drive(market, pace_ms(speed)),
        book=SessionBook(report, watchlist, settings.session.equity_ms),
        conflates_quotes=True,
    )


def _followed(symbols: tuple[Symbol, ...], recovered: Snapshot | None) -> tuple[Symbol, ...]:
    """Return what is traded, and what is held from before: also where nothing new is opened."""
    held = () if recovered is None else (one.symbol for one in living_positions(recovered))
    return tuple(dict.fromkeys((*symbols, *held)))


def _begin(header: SessionHeader, recovered: Snapshot | None) -> Timestamp:
    """Return the session's first moment: an embedded market's time stands still between two."""
    now = Timestamp(WallClock().now())
    if not header.is_embedded:
        return now
    return whole_minute(now) if recovered is None else recovered.at


def check_market(settings: Settings) -> None:
    """Check that the settings can be traded on the embedded market.

    Raises:
        UsageError: a symbol that is not listed, no capital in what is paid there, a protection
            that it does not have, or a plan whose levels its ticks move far away.

    """
    check_oco(settings)
    listed = [listing.symbol for listing in DEFAULT_SYMBOLS]
    for symbol in settings.drop.symbols:
        if symbol not in listed:
            raise UsageError(
                f"drop.symbols: the embedded market does not list {symbol}: {', '.join(listed)}"
            )
    paid_in = sorted({quote_currency(symbol) for symbol in settings.drop.symbols or listed})
    if not any(settings.capital.get(currency, ZERO) for currency in paid_in):
        has = ", ".join(sorted(c for c, amount in settings.capital.items() if amount))
        raise UsageError(
            f"the embedded market is paid in {', '.join(paid_in)}, and capital is allotted in "
            f"{has}: add --set capital.{paid_in[0]}=…"
        )
    _check_distances(settings)


def _check_distances(settings: Settings) -> None:
    """Refuse a plan of the drop strategy whose levels no market can have, or none that is named."""
    if settings.strategy.use != DROP:
        return
    named = settings.drop.symbols
    problems = [
        distance_problem(settings.plan, one.rules, nearest_price(one.price, one.rules))
        for one in DEFAULT_SYMBOLS
        if not named or one.symbol in named
    ]
    found = [problem for problem in problems if problem is not None]
    if found and (named or len(found) == len(problems)):
        raise UsageError(found[0])


def whole_minute(at: Timestamp) -> Timestamp:
    """Return the beginning of the minute: there the same seed makes the same candles."""
    return Timestamp(at - at % _MINUTE_MS)


def _open_venue(settings: Settings, listed: tuple[MarketRules, ...], emit: Sink) -> PaperExchange:
    return PaperExchange(
        emit,
        [_with_fees(rules, settings.market.get(rules.symbol)) for rules in listed],
        [Money(currency, settings.capital[currency]) for currency in sorted(settings.capital)],
        capabilities=settings.paper.capabilities,
        latency_ms=settings.paper.latency_ms,
    )


def _with_fees(rules: MarketRules, given: MarketSettings | None) -> MarketRules:
    """Return the rules with the fees and minimums that the config gives the symbol."""
    if given is None:
        return rules
    said = {name: getattr(given, name) for name in _GIVEN_RULES}
    return msgspec.structs.replace(rules, **{k: v for k, v in said.items() if v is not None})
