"""A whole paper session on the simulated dispatcher, whose time a test moves."""

import msgspec

import supervisor
from actors.journal.memory import MemoryJournal
from actors.journal.port import Record
from actors.observers.equity import EquityPoint
from actors.observers.report import Report
from actors.observers.trades import Trade
from actors.runtime.clock import VirtualClock
from actors.runtime.simulated import SimulatedDispatcher
from actors.runtime.system import System
from actors.strategy.actor import strategy_of
from config.loading import load
from messages.addresses import OBSERVERS
from messages.base import Timestamp
from messages.session import ReadSession, SessionPicture
from session.paper import paper_wiring
from session.wiring import observers_of

BEGIN = Timestamp(1_800_000_000_000)
MINUTE = 60_000


class PlayedSession:
    """The tree of a paper session, without threads."""

    def __init__(self, seed: int, *overrides: str) -> None:
        self.settings = load(None, [f"paper.seed={seed}", *overrides])
        self.clock = VirtualClock(BEGIN)
        self.dispatcher = SimulatedDispatcher()
        self.records: list[Record] = []
        self.trades: list[Trade] = []
        self.points: list[EquityPoint] = []
        self.report = Report(
            self.settings.capital, on_trade=self.trades.append, on_point=self.points.append
        )
        self.system = System(self.dispatcher, self.clock, MemoryJournal(keep=False))
        self.system.observe(self.records.append)
        wiring = paper_wiring(self.settings, self.report, strategy_of(self.settings), BEGIN)
        wiring = msgspec.structs.replace(
            wiring, calls_strategy_directly=True, conflates_quotes=False
        )
        supervisor.start(self.system, wiring)
        self.dispatcher.run_until_idle()
        self.observers = observers_of(self.system)

    def play(self, minutes: int) -> "PlayedSession":
        """Let the market's time pass."""
        end = Timestamp(self.clock.now() + minutes * MINUTE)
        self.clock.advance_to(end, self.dispatcher.run_until_idle)
        return self

    def look(self) -> SessionPicture:
        picture = self.system.ask(OBSERVERS, ReadSession())
        assert isinstance(picture, SessionPicture)
        return picture
