"""Death and recovery of a world's process: what it leaves, and what the next one must begin with.

Owns the disk, the records that were written, and the rules of recovery. The venue is not here: it
lives on, and what is on its way to it stays on its way.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from actors.guardian.actor import GuardianActor
from actors.guardian.core import Guard
from actors.guardian.states import Cause
from actors.journal.codec import Snapshot
from actors.journal.entities import Entities, key_of
from actors.journal.identity import begun, identity_of
from actors.journal.inspection import nothing
from actors.journal.port import Record
from actors.order_router.actor import OrderRouter
from actors.portfolio.actor import PortfolioActor
from actors.portfolio.valuation import Rate
from actors.position.actor import PositionActor
from actors.positions.actor import PositionsActor
from actors.positions.roster import Living
from actors.reconciler.actor import ReconcilerActor
from actors.reconciler.state import Looks
from actors.runtime.actor import CoreActor
from config.settings import JournalFailure
from messages.addresses import (
    GUARDIAN,
    ORDER_ROUTER,
    PORTFOLIO,
    POSITIONS,
    RECONCILER,
    position_address,
)
from messages.base import Address, Message, PositionId
from messages.envelope import Removed
from messages.guardian import EnterReducing, Halt, Resume
from messages.ids import Identity, epoch_of
from messages.orders import Side
from messages.portfolio import TradingState
from verification.simulation.choices import Kind
from verification.simulation.faults import DiskFate
from verification.simulation.files import SURVIVALS, StoreDisk
from verification.simulation.journals import SimulatedDisk, Store

if TYPE_CHECKING:
    from verification.simulation.world import World

ACCOUNT = "a" * 8
DEATHS = 4
"""Of one world, at most."""
_DEADLY = (DiskFate.DIES_BEFORE, DiskFate.DIES_AFTER)
_WHY = "as it was before the crash"
_Key = tuple[Address, str, str]


class Crashes:
    """What becomes of a world whose journal is on a disk."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self.disk: SimulatedDisk | StoreDisk = (
            StoreDisk(self._fate, self._survivors)
            if world.kept.store is Store.FILES
            else SimulatedDisk(world.now, self._fate)
        )
        self.records: list[Record] = []
        """Of all processes, without those that died with one."""
        self.starts = 0
        self.opening = nothing(world.now)
        """The cut with which the last process began."""
        self._base: dict[_Key, msgspec.Struct] = {}
        """What the last process began with."""
        self._begun_at = 0
        """The last record before it."""
        self.deaths = 0
        self.is_dead = False
        """No process lives: the next plain step starts one."""

    @property
    def may_die(self) -> bool:
        """Whether a process lives that may die."""
        return not self.is_dead and self.deaths < DEATHS

    def die(self) -> None:
        """Let the process end where it stands; nothing of it but the disk is left."""
        self._world.on_death()
        self.deaths += 1
        self.is_dead = True
        self.disk.lose_power()
        self._world.venue.hang_up(self._world.now)
        self._world.let_go()

    def recover(self) -> Snapshot:
        """Read what the disk holds; forget what died with the process."""
        world = self._world
        promised = world.journal.durable
        snapshot = self.disk.recover()
        assert snapshot.sequence >= promised, (
            f"record {promised} was called durable; the disk ends at {snapshot.sequence}"
        )
        del self.records[_count(self.records, snapshot.sequence) :]
        world.rewind(self.records)
        assert world.judges is not None
        world.judges.conduct.rewound(self.records)
        world.operator = _word_of(snapshot)
        self.is_dead = False
        return snapshot

    def begin(self, recovered: Snapshot | None) -> Snapshot:
        """Return what a process begins with: the last cut, with a new epoch where one is drawn."""
        self.starts += 1
        world = self._world
        cut = nothing(world.now) if recovered is None else recovered
        since = (one for one in self.records if one.sequence > self._begun_at)
        left = _grouped(_fold(self._base, since))
        expected = msgspec.structs.replace(nothing(cut.at), actors=left)
        if world.kept.draws_epochs:
            known = identity_of(cut, ACCOUNT, "") or Identity(account=ACCOUNT, epochs=())
            identity = known.with_epoch(epoch_of(self.starts), world.now, cut.at)
            cut, expected = begun(cut, identity), begun(expected, identity)
            self.disk.begin(cut)
        self._base = {
            (one.actor, *key_of(entity)): entity
            for one in expected.actors
            for entity in one.entities
        }
        self.opening, self._begun_at = cut, cut.sequence
        return cut

    def check(self) -> None:
        """Look at what the new process begins with: the last cut, and all that the venue got."""
        expected = self._base
        found = dict(self._restored())
        for key, entity in expected.items():
            if key[0] == RECONCILER and RECONCILER not in self._world.system.mailboxes:
                continue
            there = found.get(key)
            assert there == entity, f"{key} was {entity}, and begins as {there}"
        # Of what an actor has one only, it may begin with a plain one; of others with none.
        new = [key for key in found if key[2] and key not in expected]
        assert not new, f"{new} was not there, and begins as {[found[key] for key in new]}"
        self._check_timers(expected)
        self._check_known()

    def _check_timers(self, expected: dict[_Key, msgspec.Struct]) -> None:
        """Every deadline that survived has its timer."""
        world = self._world
        pending = {(address, key) for address, key, _ in world.clock.pending()}
        for (address, *_), entity in expected.items():
            mailbox = world.system.mailboxes.get(address)
            if mailbox is None or not isinstance(mailbox.actor, CoreActor):
                continue
            key, at = mailbox.actor.wake_at(entity)
            is_set = at is None or (address, key) in pending
            assert is_set, f"{address} is not woken for {key} at {at}, as it was to be"

    def _check_known(self) -> None:
        """What reached the venue, or is on its way, was asked for by a record that survived."""
        world = self._world
        known = world.actor(ORDER_ROUTER, OrderRouter).orders.by_id
        may_leave = world.kept.failure is JournalFailure.EXIT_UNJOURNALED
        for order_id, side in world.venue.asked_for.items():
            is_let_out = may_leave and side is Side.SELL
            assert order_id in known or is_let_out, f"{order_id} was sent, and nobody knows of it"

    def _restored(self) -> Iterator[tuple[_Key, msgspec.Struct]]:
        """Yield what the actors of the new process have."""
        world = self._world
        books = world.actor(PORTFOLIO, PortfolioActor).books
        roster = world.actor(POSITIONS, PositionsActor).roster
        orders = world.actor(ORDER_ROUTER, OrderRouter).orders
        looks = Looks()
        if RECONCILER in world.system.mailboxes:  # there are tests of a world without it
            looks = world.actor(RECONCILER, ReconcilerActor).looks
        rates = (Rate(symbol=symbol, rate=rate) for symbol, rate in books.rates.items())
        in_books = (books.accounts, books.bookings, books.denials, books.rows, books.askers)
        in_conflict = [(PORTFOLIO, one) for one in books.conflicts.values()]
        in_roster = (roster.markets, roster.living, roster.retired)
        held: list[tuple[Address, Any]] = [
            *in_conflict,
            *((PORTFOLIO, one) for some in (*in_books, books.balances) for one in some.values()),
            *((PORTFOLIO, one) for one in (books.totals, books.limits, books.trading)),
            *((PORTFOLIO, one) for one in (books.look, books.may_fill)),
            *((PORTFOLIO, one) for one in rates),
            *((POSITIONS, one) for some in in_roster for one in some.values()),
            *((POSITIONS, one) for one in (roster.numbering, roster.recovery)),
            *((ORDER_ROUTER, one) for one in (*orders.by_id.values(), orders.venue)),
            (ORDER_ROUTER, orders.timing),
            *((ORDER_ROUTER, one) for one in (orders.identity,) if one is not None),
            *((RECONCILER, one) for one in (looks.identity,) if one is not None),
            *((ORDER_ROUTER, one) for one in orders.looking_back.values()),
            *((RECONCILER, one) for one in (looks.next, *looks.heard.values())),
            *((RECONCILER, one) for one in looks.strays.values()),
            (GUARDIAN, world.actor(GUARDIAN, GuardianActor).guard),
        ]
        for position_id in roster.living:
            address = position_address(position_id)
            life = world.actor(address, PositionActor).life
            if life is not None:
                held += [(address, life.charter), (address, life.position)]
        for address, entity in held:
            yield (address, *key_of(entity)), entity

    def _survivors(self) -> int:
        return self._world.choices.take(Kind.DISK, SURVIVALS)

    def _fate(self) -> DiskFate:
        world = self._world
        if world.venue.is_fair:
            return DiskFate.WRITTEN
        fate = DiskFate(world.choices.take(Kind.DISK, len(DiskFate)))
        if fate in _DEADLY and not self.may_die:
            return DiskFate.WRITTEN
        if fate:
            world.venue.disturbed_at = world.now
            world.on_act(f"a commit: {fate.name}")
        return fate


def _count(records: Sequence[Record], last: int) -> int:
    return sum(record.sequence <= last for record in records)


def _grouped(entities: dict[_Key, msgspec.Struct]) -> tuple[Entities, ...]:
    """Return entities by their actor, as a cut has them."""
    actors = dict.fromkeys(actor for actor, *_ in entities)
    return tuple(
        Entities(actor, tuple(one for key, one in entities.items() if key[0] == actor))
        for actor in actors
    )


def _fold(
    base: dict[_Key, msgspec.Struct], records: Iterable[Record]
) -> dict[_Key, msgspec.Struct]:
    """Return how each entity stood after these records; ``base`` before them."""
    entities = dict(base)
    for record in records:
        for change in record.changes:
            if not isinstance(change, Removed):
                entities[record.actor, *key_of(change)] = change
                continue
            entities.pop((record.actor, change.kind, change.key), None)
            if change.kind == Living.__name__:
                ended = position_address(PositionId(change.key))
                for key in [key for key in entities if key[0] == ended]:
                    del entities[key]
    return entities


def _word_of(snapshot: Snapshot) -> Message | None:
    """Return what of an operator's words survived: what died unheard, he says again or not."""
    for sent in reversed(snapshot.undelivered):
        if isinstance(sent.message, Halt | EnterReducing | Resume):
            return sent.message
    for one in snapshot.actors:
        for guard in one.entities:
            if isinstance(guard, Guard):
                return _word_held(guard)
    return None


def _word_held(guard: Guard) -> Message | None:
    for held in guard.holds:
        if held.cause is Cause.OPERATOR:
            is_halt = held.state is TradingState.HALTED
            return Halt(reason=_WHY) if is_halt else EnterReducing(reason=_WHY)
    return None
