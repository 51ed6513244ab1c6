"""A session that is killed at a chosen point and started again, against a venue that lives on.

The venue is the real matching engine behind the port, outside the journal: it remembers what it was
told, as a real one does. The journal is the real one, on a simulated disk that forgets what was not
synced. A crash takes everything else.
"""

import gc
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

import msgspec
from pykka import ActorRegistry

import supervisor
from actors.journal.codec import Snapshot, decode
from actors.journal.inspection import find
from actors.journal.lease import Lease
from actors.journal.port import Record
from actors.journal.rerun import Rerun
from actors.journal.segment import read_segment, segment_numbers
from actors.journal.store import JournalLimits
from actors.portfolio.actor import PortfolioActor
from actors.positions.actor import PositionsActor
from actors.runtime.actor import Actor
from actors.runtime.clock import VirtualClock
from actors.runtime.simulated import SimulatedDispatcher
from actors.runtime.system import System
from actors.runtime.watchdog import Stuck
from actors.strategy.port import Enter, MarketView
from config.settings import Settings
from messages.addresses import GATEWAY, PORTFOLIO, POSITIONS
from messages.base import Address, PositionId, Timestamp
from messages.envelope import Envelope
from messages.gateway import MarketMoved
from messages.market import Quote
from messages.money import ZERO
from messages.orders import Side
from messages.positions import OpenPosition
from session.wiring import Wiring
from tests.actors.journal.history import ORIGIN, holder
from tests.exchange.venue import SYMBOL
from tests.system.dying import Journal
from tests.system.outside import Crash, Points, Venue
from tests.system.watched import check_books, check_venue
from verification.simulation.disk import ALL, SimulatedDisk

START = Timestamp(1_704_067_200_000)
TICK_MS = 2_000
BUDGET = Decimal(1_000)
PRICES = (100, 100, 100.5, 101, 102, 103.5, 104, 104, 103, 101.5, 100, 99, 98, 97)
"""Up through the first one's target, down through the second one's stop."""
OPEN_AT = (1, 6)
LIMITS = JournalLimits(reserve_bytes=4_096, segment_bytes=15_000)
"""Small segments: there are crashes between and in two of them."""
TAIL = 40
"""Ticks at the last price: by then everything is over."""


class NoStrategy:
    """Looks on: the test opens positions itself."""

    def on_market(self, market: MarketView) -> Enter | None:  # noqa: ARG002 - the port's
        return None


class Outage(msgspec.Struct, frozen=True, kw_only=True):
    """A time in which the disk takes nothing, until the process dies; and what happens in it."""

    ticks: range = range(0)
    prices: tuple[float, ...] = PRICES
    open_at: tuple[int, ...] = OPEN_AT


ActorT = TypeVar("ActorT", bound=Actor)

Mend = Callable[[Snapshot], Snapshot]


def as_found(snapshot: Snapshot) -> Snapshot:
    return snapshot


class Session:
    """A path of prices through the whole system, over any number of crashes."""

    def __init__(  # noqa: PLR0913 - what may differ from session to session
        self,
        folder: Path,
        settings: Settings,
        points: Points,
        *,
        is_eager: bool = False,
        is_inside: bool = False,
        mend: Mend = as_found,
        outage: Outage | None = None,
        choice: int = ALL,
    ) -> None:
        self.folder, self.settings, self.points = folder, settings, points
        self.disk = SimulatedDisk()
        self.choice = choice
        """What a crash leaves of what was not synced."""
        self._left: SimulatedDisk | None = None
        self.is_eager = is_eager
        self.is_inside = is_inside
        """The venue is part of the process: recorded, and dead with it."""
        self.mend = mend
        """What a recovery sees; mutants leave something out."""
        self.venue = Venue(settings, points)
        self.clock = VirtualClock(START)
        self.outage = outage or Outage()
        self.tick = 0
        self.stuck: Stuck | None = None
        """What the last process hung on, as it noted."""
        self.crashes = 0
        self._promised = 0
        """The last record that the dead process called durable."""
        self._lease: Lease | None = None
        self._journal: Journal | None = None
        self._dispatcher = SimulatedDispatcher()
        self._system: System | None = None
        self._survive(self.start)

    def play(self) -> None:
        """Walk the whole path; whatever crashes is started again, and time goes on."""
        path = self.outage.prices
        for tick, price in enumerate(map(float, (*path, *[path[-1]] * TAIL)), 1):
            self.tick = tick
            at = Timestamp(START + tick * TICK_MS)
            self._survive(lambda at=at: self.clock.advance_to(at, self._settle))  # type: ignore[misc]  # a default is its value now
            self._survive(lambda price=price, at=at: self._tick(price, at))  # type: ignore[misc]  # as above
            if tick in self.outage.open_at:
                self._survive(lambda price=price, at=at: self._open(price, at))  # type: ignore[misc]  # as above

    def start(self) -> None:
        """Start a process: what the journal holds is where it begins."""
        if self.points.counts_disk:
            self.disk.on_operation = self._touch_disk
        found = find(self.folder, self.disk)
        left = 0 if found is None else found.snapshot.sequence
        assert left >= self._promised, f"{self._promised} was durable, and {left} is what is left"
        if found is not None:
            assert found.losses == (), found.losses
            found = msgspec.structs.replace(found, snapshot=self.mend(found.snapshot))
        if self.is_inside:
            self.venue = Venue(self.settings, self.points)
        self._lease = Lease(self.folder, holder(), self.disk)
        self._journal = Journal(self._lease, ORIGIN, LIMITS, found, self.clock.now())
        self._journal.points, self._journal.is_eager = self.points, self.is_eager
        self._journal.is_dead = lambda: self.tick in self.outage.ticks and not self.crashes
        self._dispatcher = SimulatedDispatcher(on_delivered=self._delivered)
        self.clock = _from(self.clock)
        self._system = System(self._dispatcher, self.clock, self._journal)
        wiring = Wiring(
            settings=self.settings,
            symbols=(SYMBOL,),
            connect=self.venue.connect,
            strategy=NoStrategy,
            calls_strategy_directly=True,
            journal=self._journal,
            records_venue=self.is_inside,
            recovered=None if found is None else found.snapshot,
            stuck=self.stuck,
        )
        supervisor.start(self._system, wiring)
        self._settle()

    def check(self) -> None:
        """Hold that everything converged: nothing held, nothing working, all books exact."""
        assert self._system is not None
        positions = _actor(self._system, POSITIONS, PositionsActor)
        assert list(positions.roster.living) == []
        ledger = self.venue.ledger()
        for holding in ledger.holdings:
            assert holding.held == ZERO, f"coins are left: {holding}"
        working = [o for o in self.venue.book.orders.values() if not o.facts.is_terminal]
        assert working == []
        books = _actor(self._system, PORTFOLIO, PortfolioActor).books
        for balance in ledger.balances:
            assert books.account(balance.currency).total == balance.total
        for position_id in self._traded():
            self._check_traded(position_id)
        received = [record.id for record in self.records() if record.id[0]]
        assert len(received) == len(set(received)), "a message was delivered twice"

    def records(self) -> Iterator[Record]:
        """Yield what was recorded, over all crashes."""
        for number in segment_numbers(self.folder, self.disk):
            with read_segment(self.folder, number, self.disk) as reader:
                for batch in reader.batches():
                    yield from map(decode, batch.encoded)

    def differences(self) -> list[str]:
        """Re-run what was recorded; return what comes out otherwise now."""
        found = []
        for number in segment_numbers(self.folder, self.disk):
            with read_segment(self.folder, number, self.disk) as reader:
                opening = reader.opening
                rerun = Rerun(self.settings, opening.manifest.epoch, opening.snapshot)
                for batch in reader.batches():
                    found += [rerun.difference(decode(one)) for one in batch.encoded]
        assert found
        return [difference for difference in found if difference is not None]

    def bought(self) -> list[PositionId]:
        """Return the positions that bought something."""
        return self._traded()

    def skipped(self) -> list[Address]:
        assert self._system is not None
        return [address for address, box in self._system.mailboxes.items() if box.skipped]

    def end(self) -> None:
        """Stop the last process in order."""
        assert self._system is not None
        self._system.shutdown(5)
        self._let_files_go()

    def _traded(self) -> list[PositionId]:
        orders = self.venue.book.orders.values()
        return list(dict.fromkeys(o.request.position_id for o in orders if o.facts.filled))

    def _check_traded(self, position_id: PositionId) -> None:
        orders = [
            order
            for order in self.venue.book.orders.values()
            if order.request.position_id == position_id
        ]
        bought = [order.facts for order in orders if order.request.side is Side.BUY]
        sold = [order.facts for order in orders if order.request.side is Side.SELL]
        assert sum(one.filled for one in bought) == sum(one.filled for one in sold)
        assert sum(one.cost for one in bought) <= BUDGET, "an entry was doubled"

    def _survive(self, act: Callable[[], object]) -> None:
        try:
            act()
        except Crash:
            self._die()
            self._survive(self.start)

    def _die(self) -> None:
        """Leave what a killed process leaves: the venue and the disk."""
        self.crashes += 1
        self.disk.on_operation = None
        if self._left is None:
            self._leave()
        assert self._left is not None
        self.disk = self._left
        self._left = None
        self.venue.hang_up()
        for ref in ActorRegistry.get_all():
            ActorRegistry.unregister(ref)
        self._let_files_go()
        self._system = None
        gc.unfreeze()  # recovery freezes what it read; here it dies with its process

    def _leave(self) -> None:
        self._left = self.disk.crashed(self.choice)
        if self._journal is not None:
            self._promised = self._journal.durable

    def _let_files_go(self) -> None:
        if self._journal is not None:
            self._journal.close()
            self._journal = None
        if self._lease is not None:
            self._lease.close()
            self._lease = None

    def _touch_disk(self) -> None:
        if self.points.is_last_at_disk():
            self._leave()

    def _settle(self) -> None:
        self._dispatcher.run_until_idle()

    def _tick(self, price: float, at: Timestamp) -> None:
        assert self._system is not None
        moved = MarketMoved(symbol=SYMBOL, at=at, bid=price, ask=price, last=price)
        self._system.tell(GATEWAY, moved)
        self._settle()

    def _open(self, price: float, at: Timestamp) -> None:
        assert self._system is not None
        quote = Quote(symbol=SYMBOL, at=at, bid=price, ask=price, last=price)
        opened = OpenPosition(
            symbol=SYMBOL,
            budget=BUDGET,
            plan=self.settings.plan,
            quote=quote,
            decision="the test's",
        )
        self._system.tell(POSITIONS, opened)
        self._settle()

    def _delivered(self, address: Address, _envelope: Envelope) -> None:
        self.points.pass_by(f"after a delivery to {address}")
        check_venue(self.venue)
        assert self._system is not None
        if PORTFOLIO in self._system.mailboxes:
            check_books(_actor(self._system, PORTFOLIO, PortfolioActor).books)


def _from(clock: VirtualClock) -> VirtualClock:
    """Return a clock that stands where this one does, without its timers."""
    return VirtualClock(clock.now())


def _actor(system: System, address: Address, kind: type[ActorT]) -> ActorT:
    actor = system.mailboxes[address].actor
    assert isinstance(actor, kind)
    return actor
