"""The tree: which actors there are, in which order they start and stop, and what each is given.

Owns the wiring, and nothing else: it hands the tree to the command that a person typed. No module
imports this one.
"""

import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import NoReturn

from actors.gateway.live import LiveGateway
from actors.gateway.paper import PaperGateway
from actors.gateway.recorded import RecordedGateway
from actors.guardian.actor import GuardianActor
from actors.inspector.server import Inspector
from actors.journal.actor import JournalActor
from actors.journal.gc_pause import making_what_stays
from actors.journal.port import UNWRITTEN, JournalError
from actors.journal.recovery import hold_until_looked, restore, resume
from actors.market_data.actor import MarketDataActor
from actors.market_data.quotes import conflate, conflation_key
from actors.observers.actor import Observers
from actors.operator.actor import OperatorActor
from actors.order_router.actor import OrderRouter
from actors.order_router.order_store import Orders
from actors.portfolio.actor import PortfolioActor
from actors.positions.actor import PositionsActor
from actors.positions.roster import Numbering
from actors.reconciler.actor import ReconcilerActor
from actors.runtime.dispatcher import ProductionDispatcher
from actors.runtime.mailbox import ConflatingQueue, Queue
from actors.runtime.sentinel_process import Places, SentinelProcess
from actors.runtime.supervision import Children, ChildSpec, RestartPolicy, Strategy, Supervisor
from actors.runtime.system import System
from actors.runtime.ticker import Ticker
from actors.runtime.watchdog import STUCK_NOTE, Stuck, Watchdog, end_process, tell_stacks
from actors.runtime.watchdog import Limits as HandLimits
from actors.strategy.actor import restart_runner, spawn_runner, spawn_strategy
from commands.app import run_program
from messages.addresses import (
    CUSTODY,
    GATEWAY,
    GUARDIAN,
    INSPECTOR,
    JOURNAL,
    MARKET_DATA,
    OBSERVERS,
    OPERATOR,
    ORDER_ROUTER,
    PORTFOLIO,
    POSITIONS,
    RECONCILER,
    STRATEGY,
    STRATEGY_RUNNER,
    SUPERVISOR,
    WATCHDOG,
)
from messages.base import Address, Milliseconds, Timestamp
from messages.gateway import FollowSymbols
from messages.guardian import Escalated
from messages.inspection import PROTOCOL, Greeting
from messages.journal import InspectFiles
from messages.money import Money
from messages.portfolio import AllotCapital, Limits, SetLimits
from messages.reconciler import LookSoon
from messages.supervisor import ResourceLost
from session.artifacts import STACKS_NAME
from session.logs import LOG_NAME
from session.process import end_now
from session.wiring import Wiring

OBSERVED_AT_MOST = 10_000
"""What may wait for the observers; a further message pushes the oldest out, which is counted."""

LOOKS_MS = 60_000
"""In which the lists are looked at several times after the balances differ from the books."""
INSPECT_SECONDS = 1.0
"""Between two looks at the files that the session stands on; real time."""


def start(system: System, wiring: Wiring) -> Children:
    """Start the tree, each child after those it leans on; tell them what they may use.

    Raises:
        StartError: a child did not start; those before it were stopped again.

    """
    specs = [
        *_journal(system, wiring),
        *_runner(system, wiring),
        *_children(system, wiring),
        *_watchdog(system, wiring),
        *_custody(system, wiring),
        *_inspector(system, wiring),
    ]

    def escalate(name: Address, error: str) -> None:
        system.tell(GUARDIAN, Escalated(actor=name, error=error))

    children = Children(specs)
    if wiring.recovered is None:
        children.start()
    else:
        with making_what_stays():
            restore(system, wiring.recovered)
            children.start()
    system.spawn(Supervisor, SUPERVISOR, specs, _restarts(wiring), escalate)
    looks = wiring.settings.reconciler.look_ms is not None
    is_looked = wiring.connect_live is not None and looks
    if is_looked:
        hold_until_looked(system)
    if wiring.recovered is not None:
        resume(
            system,
            wiring.recovered,
            wiring.stuck,
            wiring.restored,
            exits_recorded=wiring.exits_recorded,
            awaits_lists=wiring.identity is not None and looks,
        )
    capital = wiring.settings.capital
    system.tell(PORTFOLIO, SetLimits(limits=_limits(wiring)))
    allotted = tuple(Money(currency, capital[currency]) for currency in sorted(capital))
    system.tell(PORTFOLIO, AllotCapital(capital=allotted))
    system.tell(GATEWAY, FollowSymbols(symbols=wiring.symbols))
    if is_looked:  # at once: the lists need no stream
        system.tell(RECONCILER, LookSoon())
    return children


def _children(system: System, wiring: Wiring) -> list[ChildSpec]:
    """Return the children in the order of starting; they are stopped in reverse."""
    settings = wiring.settings
    identity = wiring.identity
    numbering = Numbering(account_tag=settings.account.tag, journal_epoch=1, identity=identity)
    spawn, data = system.spawn, settings.market_data
    starts: dict[Address, Callable[[], object]] = {
        OBSERVERS: partial(
            spawn, Observers, OBSERVERS, wiring.book, queue=_quotes(wiring, OBSERVED_AT_MOST)
        ),
        GATEWAY: partial(_spawn_gateway, system, wiring),
        ORDER_ROUTER: partial(spawn, OrderRouter, ORDER_ROUTER, settings.router, Orders(identity)),
        MARKET_DATA: partial(
            spawn, MarketDataActor, MARKET_DATA, data, wiring.symbols, queue=_quotes(wiring)
        ),
        PORTFOLIO: partial(spawn, PortfolioActor, PORTFOLIO),
        POSITIONS: partial(
            spawn, PositionsActor, POSITIONS, numbering, settings.router.terminal_ttl_ms
        ),
        RECONCILER: partial(spawn, ReconcilerActor, RECONCILER, settings, identity),
        GUARDIAN: partial(spawn, GuardianActor, GUARDIAN, settings.guardian),
        STRATEGY: partial(
            spawn_strategy,
            system,
            settings,
            wiring.strategy,
            wiring.capabilities or settings.paper.capabilities,
            direct=wiring.calls_strategy_directly,
        ),
    }
    if settings.reconciler.look_ms is None:
        del starts[RECONCILER]
    if wiring.cut is not None:
        starts[OPERATOR] = partial(spawn, OperatorActor, OPERATOR)
    return [
        ChildSpec(name=name, start=begin, stop=partial(system.stop, name))
        for name, begin in starts.items()
    ]


def _spawn_gateway(system: System, wiring: Wiring) -> object:
    if wiring.connect_live is not None:
        return system.spawn(LiveGateway, GATEWAY, wiring.connect_live, wiring.mark)
    gateway = RecordedGateway if wiring.records_venue else PaperGateway
    return system.spawn(gateway, GATEWAY, wiring.connect, wiring.drive, wiring.mark)


def _restarts(wiring: Wiring) -> RestartPolicy:
    runtime = wiring.settings.runtime
    return RestartPolicy(
        strategy=Strategy.REST_FOR_ONE,
        max_restarts=runtime.restarts_max,
        window_ms=runtime.restart_window_ms,
        backoff_ms=runtime.restart_backoff_ms,
        backoff_max_ms=runtime.restart_backoff_max_ms,
    )


def _quotes(wiring: Wiring, capacity: int | None = None) -> Queue | None:
    """Return a mailbox's queue in which quotes of a symbol wait as one; None: the plain one."""
    if not wiring.conflates_quotes:
        return None
    return ConflatingQueue(conflation_key, conflate, capacity)


def _journal(system: System, wiring: Wiring) -> list[ChildSpec]:
    """Return the journal's actor where the journal is on a disk; it leans on nobody."""
    if wiring.journal is None:
        return []
    settings = wiring.settings.journal
    return [
        ChildSpec(
            name=JOURNAL,
            start=partial(system.spawn, JournalActor, JOURNAL, wiring.journal, settings),
            stop=partial(system.stop, JOURNAL),
        )
    ]


def _runner(system: System, wiring: Wiring) -> list[ChildSpec]:
    """Return the process or thread of the strategy's code, where it has one; leans on nobody."""
    if wiring.calls_strategy_directly:
        return []
    return [
        ChildSpec(
            name=STRATEGY_RUNNER,
            start=partial(spawn_runner, system, wiring.strategy, _restarts(wiring)),
            stop=partial(system.stop, STRATEGY_RUNNER),
            restart=partial(restart_runner, system, wiring.strategy),
        )
    ]


def _watchdog(system: System, wiring: Wiring) -> list[ChildSpec]:
    """Return the watchdog where there are threads to watch, and a folder for what it finds.

    It starts last and stops first: a thread that ends as it should is no loss.
    """
    dispatcher, folder = system.dispatcher, wiring.session_folder
    if not isinstance(dispatcher, ProductionDispatcher) or folder is None:
        return []
    runtime = wiring.settings.runtime
    limits = HandLimits(
        soft_ms=runtime.soft_limit_ms,
        hard_ms=runtime.hard_limit_ms,
        pinned_ms={STRATEGY_RUNNER: runtime.pinned_limit_ms},
    )

    def save(stuck: Stuck) -> None:
        # The thread that commits is the one that hangs; in a commit, there is nothing to add.
        if wiring.journal is not None and stuck.actor != JOURNAL:
            with suppress(JournalError):  # the note then names a message that no record asks for
                wiring.journal.commit()

    def tell_lost(name: Address, why: str) -> None:
        system.tell(SUPERVISOR, ResourceLost(name=name, error=why))

    account = (wiring.account_folder or folder).absolute()
    places = Places(
        note=account / STUCK_NOTE,
        unwritten=account / UNWRITTEN,
        log=folder.absolute() / LOG_NAME,
        stacks=folder.absolute() / STACKS_NAME,
    )
    sentinel = SentinelProcess(dispatcher, limits.hard_ms, places, wiring.mirror)
    watchdog = Watchdog(
        dispatcher,
        limits,
        on_hard_limit=end_process(
            places.note, save, end_now, lambda: sentinel.page if sentinel.is_alive else None
        ),
        on_pinned_lost=tell_lost,
        on_soft_limit=tell_stacks(wiring.write_stacks, str(places.stacks)),
        seconds=sentinel.look,
    )

    def start() -> None:
        sentinel.start()
        watchdog.start()

    def stop(_seconds: float) -> bool:
        watchdog.stop()
        sentinel.stop()
        return True

    return [ChildSpec(name=WATCHDOG, start=start, stop=stop)]


def _custody(system: System, wiring: Wiring) -> list[ChildSpec]:
    """Return the thread that has the journal look at its files, where it is on a disk."""
    if wiring.journal is None or not isinstance(system.dispatcher, ProductionDispatcher):
        return []
    find = wiring.session_problem

    def look() -> InspectFiles:
        problem = None if find is None else find()
        return InspectFiles(session_problem="" if problem is None else str(problem))

    ticker = Ticker(system, JOURNAL, look, INSPECT_SECONDS)

    def stop(_seconds: float) -> bool:
        ticker.stop()
        return True

    return [ChildSpec(name=CUSTODY, start=ticker.start, stop=stop)]


def _inspector(system: System, wiring: Wiring) -> list[ChildSpec]:
    """Return the inspector where there are threads, a folder and records to look at.

    It starts last and stops first.
    """
    dispatcher, folder, cut = system.dispatcher, wiring.session_folder, wiring.cut
    if not isinstance(dispatcher, ProductionDispatcher) or folder is None or cut is None:
        return []
    greeting = Greeting(
        protocol=PROTOCOL,
        pid=os.getpid(),
        folder=str(folder.resolve()),
        account=wiring.settings.account.tag,
        at=system.clock.now(),
        started_at=Timestamp(time.time_ns() // 1_000_000),
    )
    inspector = Inspector(system, dispatcher, cut, greeting, wiring.settings.inspector)
    return [ChildSpec(name=INSPECTOR, start=inspector.start, stop=inspector.stop)]


def _limits(wiring: Wiring) -> Limits:
    portfolio, router = wiring.settings.portfolio, wiring.settings.router
    look_ms = wiring.settings.reconciler.look_ms
    # A look finds an unheard fill: it comes soon after the doubt, and again until one is answered;
    # the list and the look-up are each answered, or lost, by then.
    unheard_ms = None
    if look_ms is not None:
        unheard_ms = Milliseconds(min(look_ms, LOOKS_MS) + 2 * router.answer_timeout_ms)
    return Limits(
        max_positions=portfolio.max_positions,
        positions_per_symbol=portfolio.positions_per_symbol,
        cooldown_ms=portfolio.cooldown_ms,
        max_budget=portfolio.max_budget,
        symbol_cap=portfolio.symbol_cap,
        daily_loss_limit=portfolio.daily_loss_limit,
        look_every_ms=portfolio.compare_balances_ms,
        unmatched_policy=portfolio.unmatched_policy,
        unheard_ms=unheard_ms,
    )


def main() -> NoReturn:
    """Run the command that was typed, and end the process."""
    run_program(start, sys.argv[1:])


if __name__ == "__main__":
    main()
