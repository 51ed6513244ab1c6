"""Sessions that are over, on the disk as a process leaves them; and what lived while they ran."""

from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

import msgspec

from actors.gateway.recorded import RecordedGateway
from actors.guardian.actor import GuardianActor
from actors.journal.code_hash import code_version
from actors.journal.entities import EntityKey, key_of
from actors.journal.holder import Holder
from actors.journal.lease import Lease
from actors.journal.port import Record
from actors.journal.store import FileJournal, JournalLimits, Origin
from actors.operator.actor import OperatorActor
from actors.order_router.actor import OrderRouter
from actors.portfolio.actor import PortfolioActor
from actors.portfolio.valuation import Rate
from actors.position.actor import PositionActor
from actors.positions.actor import PositionsActor
from actors.runtime.system import System
from messages.base import Address, Timestamp

Lived = dict[Address, dict[EntityKey, msgspec.Struct]]
BATCH = 7
"""Records in a commit."""


def write_session(
    folder: Path, records: Iterable[Record], *, segment_bytes: int = 64_000_000
) -> Path:
    """Write a session whose journal lies beside its session.json; return its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    facts = {"mode": "paper money", "account": "", "pid": 1, "ended_at": "2026-01-01T00:00:00"}
    (folder / "session.json").write_bytes(msgspec.json.encode(facts))
    holder = Holder(pid=1, since=Timestamp(0), session=str(folder))
    with closing(Lease(folder, holder)) as lease:
        origin = Origin(code=code_version(), config="{}", seed=1)
        limits = JournalLimits(segment_bytes=segment_bytes, reserve_bytes=1)
        journal = FileJournal(lease, origin, limits, None, Timestamp(0))
        with closing(journal):
            append(journal, records)
    return folder


def append(journal: FileJournal, records: Iterable[Record]) -> None:
    """Write records, in new segments where the old ones are full."""
    for record in records:
        journal.append(record)
        if record.sequence % BATCH == 0:
            journal.commit()
            if journal.wants_segment:
                journal.begin_segment((), record.now)
    journal.commit()


def lived(system: System) -> Lived:
    """Return what every recorded actor keeps now, by key: read from the actors themselves."""
    return {
        address: {key_of(entity): entity for entity in _kept(mailbox.actor)}
        for address, mailbox in system.mailboxes.items()
    }


def _kept(actor: object) -> Iterator[msgspec.Struct]:  # noqa: C901 - one case an actor
    match actor:
        case PositionActor(life=life):
            if life is not None:
                yield life.charter
                yield life.position
            if actor.salvage is not None:
                yield actor.salvage
        case OrderRouter(orders=orders):
            yield from orders.by_id.values()
            yield from orders.looking_back.values()
            yield orders.venue
        case PortfolioActor(books=books):
            for kept in (books.accounts, books.bookings, books.denials, books.rows, books.askers):
                yield from kept.values()
            yield from books.balances.values()
            yield from (Rate(symbol=symbol, rate=rate) for symbol, rate in books.rates.items())
            yield from (books.totals, books.limits, books.trading, books.look)
        case PositionsActor(roster=roster):
            for entries in (roster.markets, roster.living, roster.retired):
                yield from entries.values()
            yield from (roster.numbering, roster.recovery)
        case GuardianActor(guard=guard):
            yield guard
        case OperatorActor(operator=operator):
            yield operator
        case RecordedGateway(port=port):
            yield from port.book.orders.values()
            yield from port.book.balances.values()
            yield from port.book.trades.values()
        case _:
            pass
