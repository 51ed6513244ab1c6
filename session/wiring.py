"""What a command gives the tree: settings, symbols, the venue to connect to, the strategy."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import msgspec

from actors.gateway.exit_mark import ExitMark
from actors.gateway.live import LivePort
from actors.gateway.paper import Drive
from actors.journal.actor import DurableJournal
from actors.journal.codec import Snapshot
from actors.journal.snapshot import Cut
from actors.observers.actor import Observers
from actors.observers.session import SessionBook
from actors.runtime.supervision import Children
from actors.runtime.system import System
from actors.runtime.watchdog import Stuck
from actors.strategy.actor import StrategySource
from config.settings import Settings
from exchange.paper import PaperExchange
from exchange.port import Sink
from messages.addresses import OBSERVERS
from messages.base import Symbol
from messages.ids import Identity
from messages.market import Capabilities


def _forget(_text: str) -> None:
    """Take what nothing keeps."""


class Wiring(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that differs between one start of the tree and another."""

    settings: Settings
    symbols: tuple[Symbol, ...]
    connect: Callable[[Sink], PaperExchange]
    strategy: StrategySource
    calls_strategy_directly: bool
    """On the dispatcher, where there are no threads; else it has a process or thread of its own."""
    capabilities: Capabilities | None = None
    """What the exchange can do; None: what ``paper.capabilities`` says."""
    connect_live: Callable[[Sink], LivePort] | None = None
    """To a real exchange, in place of ``connect``."""
    drive: Drive | None = None
    """The market that moves by the clock; None: a recording's feed moves it."""
    book: SessionBook | None = None
    """What views ask for; None: nobody looks."""
    conflates_quotes: bool = False
    """Of quotes that wait the newest alone is handled: where the market does not wait."""
    journal: DurableJournal | None = None
    """Where steps are made durable; None: in memory only."""
    session_problem: Callable[[], Exception | None] | None = None
    """Says what became of the session's folder; None: nobody looks."""
    mirror: int = -1
    """Descriptor of the records that no commit has written; -1: there are none."""
    cut: Cut | None = None
    """What the records tell of all that lives; None: nobody looks into the session."""
    records_venue: bool = False
    """The venue is embedded, and goes on after a restart."""
    recovered: Snapshot | None = None
    """The cut to go on from; None: nothing has happened yet."""
    restored: str = ""
    """From which backup the journal is that is gone on from; empty: from none."""
    mark: ExitMark | None = None
    """Outlives the process: whether an exit left without a record; None: nothing does."""
    exits_recorded: bool = False
    """No exit of an earlier process left without a record, as ``mark`` said at the start."""
    stuck: Stuck | None = None
    """What the process before this one hung on."""
    identity: Identity | None = None
    """Whose orders are ours; None: in tests, whose ids are then short."""
    account_folder: Path | None = None
    """Where the watchdog notes a message that hangs, for the next start; None: in the session's."""
    write_stacks: Callable[[str], object] = _forget
    """Where the stacks of all threads go when a message takes long."""
    session_folder: Path | None = None
    """Where the watchdog notes a message that hangs; None: nobody watches."""


class StartTree(Protocol):
    """Starts every actor of the tree in ``system``; it is ``supervisor.start``."""

    def __call__(self, system: System, wiring: Wiring) -> Children:
        """Start the actors, each after those it leans on."""
        ...


def observers_of(system: System) -> Observers:
    """Return the running tree's observers, with what they counted."""
    actor = system.mailboxes[OBSERVERS].actor
    if not isinstance(actor, Observers):
        raise AssertionError("the tree has observers")  # noqa: TRY004 - ours, not a caller's
    return actor
