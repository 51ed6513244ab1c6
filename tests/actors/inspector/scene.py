"""A whole system on threads with a few positions, an inspector on it, and who looks."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from actors.inspector.place import SOCKET_NAME
from actors.inspector.server import Inspector
from actors.journal.inspection import nothing
from actors.journal.port import Record
from actors.journal.snapshot import Cut
from actors.operator.actor import OperatorActor
from actors.order_router.actor import OrderRouter
from actors.portfolio.actor import PortfolioActor
from actors.position.actor import PositionActor
from actors.positions.actor import PositionsActor
from actors.runtime.dispatcher import ProductionDispatcher
from actors.runtime.system import System
from benchmarks.brackets import Brackets
from inspection.client import Connection
from inspection.source import LiveSource
from messages.addresses import OPERATOR
from messages.base import Timestamp
from messages.inspection import PROTOCOL, Greeting

WAIT_SECONDS = 20.0


class Scene:
    """The system, its inspector, and its session's folder."""

    def __init__(self, folder: Path, positions: int = 3) -> None:
        self.folder = folder
        self._connections: list[Connection] = []
        self.brackets = Brackets(positions, dispatcher=ProductionDispatcher())
        self.system: System = self.brackets.stage.system
        self.dispatcher = cast("ProductionDispatcher", self.system.dispatcher)
        self.system.spawn(OperatorActor, OPERATOR)
        self.records: list[Record] = []
        self.system.observe(self.records.append)
        self.cut = cut_of(self.system)
        self.inspector = self.new_inspector()
        self.inspector.start()

    def new_inspector(self) -> Inspector:
        greeting = Greeting(
            protocol=PROTOCOL,
            pid=1,
            folder=str(self.folder),
            account="0",
            at=Timestamp(0),
            started_at=Timestamp(0),
        )
        return Inspector(self.system, self.dispatcher, self.cut, greeting)

    def connect(self) -> Connection:
        connection = Connection(self.folder / SOCKET_NAME)
        self._connections.append(connection)
        return connection

    def source(self) -> LiveSource:
        return LiveSource(self.connect())

    def settle(self) -> None:
        assert self.dispatcher.wait_idle(WAIT_SECONDS)

    def close(self) -> None:
        assert self.inspector.stop()
        self.system.shutdown(WAIT_SECONDS)
        for connection in self._connections:
            connection.close()


def cut_of(system: System) -> Cut:
    """Return what the actors keep now, and have it follow what they record."""
    cut = Cut(nothing(system.clock.now()))
    for address, mailbox in system.mailboxes.items():
        match mailbox.actor:
            case PositionActor(life=life) if life is not None:
                entities: list[object] = [life.charter, life.position]
            case OrderRouter(orders=orders):
                entities = list(orders.by_id.values())
            case PortfolioActor(books=books):
                entities = [*books.accounts.values(), *books.rows.values(), books.totals]
            case PositionsActor(roster=roster):
                entities = [*roster.markets.values(), *roster.living.values()]
            case _:
                continue
        cut.take(system.journal.durable, address, system.clock.now(), entities)  # type: ignore[arg-type]
    system.observe(
        lambda record: cut.take(record.sequence, record.actor, record.now, record.changes)
    )
    return cut


@contextmanager
def playing(folder: Path, positions: int = 3) -> Iterator[Scene]:
    scene = Scene(folder, positions)
    try:
        yield scene
    finally:
        scene.close()
