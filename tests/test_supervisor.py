"""The tree as it is wired: who watches, and who is put back in place."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import supervisor
from actors.journal.memory import MemoryJournal
from actors.runtime.clock import Clock, VirtualClock, WallClock
from actors.runtime.dispatcher import Dispatcher, ProductionDispatcher
from actors.runtime.simulated import SimulatedDispatcher
from actors.runtime.supervision import Children
from actors.runtime.system import System
from config.settings import GuardSettings, RuntimeSettings, Settings
from exchange.paper import PaperExchange
from messages.addresses import STRATEGY, STRATEGY_RUNNER, SUPERVISOR
from messages.base import Milliseconds, Timestamp
from messages.strategy import Consult, Enter, MarketView
from messages.supervisor import ResourceLost
from session.wiring import Wiring
from tests.actors.strategy.markets import view

SECONDS = 20.0
"""Far more than anything here takes."""


class Idle:
    """A strategy that wishes for nothing."""

    def on_market(self, _market: MarketView) -> Enter | None:
        return None


class FirstHangs:
    """Makes strategies; the first of them hangs until the gate opens, the others say they ran."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.went_on = threading.Event()
        self._made = 0

    def __call__(self) -> "FirstHangs":
        self._made += 1
        return self

    def on_market(self, _market: MarketView) -> Enter | None:
        if self._made == 1:
            self.gate.wait(SECONDS)
        else:
            self.went_on.set()
        return None


class Tree:
    """A tree that was started, to be stopped."""

    def __init__(self, dispatcher: Dispatcher, clock: Clock, wiring: Wiring) -> None:
        self.system = System(dispatcher, clock, MemoryJournal())
        self.children: Children = supervisor.start(self.system, wiring)

    def stop(self) -> None:
        self.children.stop()
        self.system.shutdown(SECONDS)


def wiring(
    folder: Path | None = None,
    make: FirstHangs | type[Idle] = Idle,
    *,
    settings: Settings | None = None,
    direct: bool = False,
) -> Wiring:
    return Wiring(
        settings=settings or Settings(),
        symbols=(),
        connect=lambda emit: PaperExchange(emit, [], []),
        strategy=make,
        calls_strategy_directly=direct,
        session_folder=folder,
    )


@pytest.fixture
def trees() -> Iterator[list[Tree]]:
    started: list[Tree] = []
    yield started
    for tree in started:
        tree.stop()


def watchdogs() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "watchdog"]


def test_a_session_on_threads_is_watched_until_it_is_stopped(
    tmp_path: Path, trees: list[Tree]
) -> None:
    tree = Tree(ProductionDispatcher(), VirtualClock(), wiring(tmp_path))
    trees.append(tree)
    assert len(watchdogs()) == 1
    assert tree.children.stop() == ()
    assert watchdogs() == []


@pytest.mark.parametrize("is_production", [False, True])
def test_without_threads_or_a_folder_nobody_watches(
    tmp_path: Path, trees: list[Tree], *, is_production: bool
) -> None:
    if is_production:
        trees.append(Tree(ProductionDispatcher(), VirtualClock(), wiring()))
    else:
        trees.append(Tree(SimulatedDispatcher(), VirtualClock(), wiring(tmp_path, direct=True)))
    assert watchdogs() == []


def test_a_strategys_thread_that_is_lost_is_replaced(trees: list[Tree]) -> None:
    clock = VirtualClock()
    tree = Tree(SimulatedDispatcher(), clock, wiring())
    trees.append(tree)
    system = tree.system
    before = system.mailboxes[STRATEGY_RUNNER].actor
    system.tell(SUPERVISOR, ResourceLost(name=STRATEGY_RUNNER, error="its thread died"))

    def settle() -> None:
        assert system.dispatcher.wait_idle(SECONDS)

    settle()
    clock.advance_to(Timestamp(10_000), settle)
    after = system.mailboxes[STRATEGY_RUNNER].actor
    assert after is not None
    assert after is not before
    assert system.mailboxes[STRATEGY_RUNNER].skipped == 0


def test_a_strategy_that_hangs_is_found_and_what_waits_for_it_is_answered(
    tmp_path: Path, trees: list[Tree]
) -> None:
    make = FirstHangs()
    settings = Settings(
        guards=GuardSettings(deadline_ms=Milliseconds(600_000)),
        runtime=RuntimeSettings(pinned_limit_ms=Milliseconds(40)),
    )
    tree = Tree(ProductionDispatcher(), WallClock(), wiring(tmp_path, make, settings=settings))
    trees.append(tree)
    for number in (1, 2):
        tree.system.tell(STRATEGY_RUNNER, Consult(number=number, view=view(number)), STRATEGY)
    try:
        assert make.went_on.wait(SECONDS)
    finally:
        make.gate.set()
