"""A position that is held over many starts: each is as the one before, and nothing piles up."""

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from actors.journal.codec import Snapshot
from actors.journal.port import Record
from actors.observers.events import RETURNED, recorded
from actors.observers.report import Report
from messages.addresses import POSITIONS, position_address
from messages.base import PositionId
from messages.observers import Alarm
from messages.orders import OrderType
from messages.positions import EndSession
from tests.simulation import plans
from tests.simulation.rules.rest import come_to_rest
from tests.simulation.runs import without_logs
from tests.simulation.world import World

P1 = PositionId("p1")
SYNTHETIC, SWITCHING, STOP_RESTS, TRIGGERS = 0, 1, 2, 4
"""Numbers of plans."""
ON_DISK = (0, 0, 1, 1)
"""The first position is protected in peace, the journal on a disk."""


class Held(World):
    """A world whose first position is held from session to session."""

    def __init__(self, plan: int) -> None:
        self.under_way: list[int] = []
        """Messages that each start was given to deliver once more."""
        super().__init__((plan, *ON_DISK))
        self.plan = replace(self.plan, time_limit_ms=None)
        self.begin()
        self.venue.is_fair = True
        come_to_rest(self)

    def _begin_process(self, recovered: Snapshot | None) -> None:
        if recovered is not None:
            self.under_way.append(len(recovered.undelivered))
        super()._begin_process(recovered)

    def start(self, *, announced: bool) -> None:
        """End the session, announced or killed, and let the next one come to rest."""
        assert self.crashes is not None
        if announced:
            self.tell(POSITIONS, EndSession())
            come_to_rest(self)
            assert self.resting() == [OrderType.STOP]
        self.pass_time()  # until all is durable
        self.settle()
        self.crashes.deaths = 0
        self.kill()
        self.start_again()
        come_to_rest(self)

    def resting(self) -> list[OrderType]:
        assert self.judges is not None
        return [order.request.type for order in self.judges.accounts[P1].working]

    def records(self) -> list[Record]:
        assert self.crashes is not None
        return self.crashes.records


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with without_logs():
        yield


@pytest.mark.parametrize("announced", [True, False])
@pytest.mark.parametrize(
    ("plan", "rests"),
    [(SYNTHETIC, [OrderType.LIMIT]), (STOP_RESTS, [OrderType.STOP]), (TRIGGERS, [])],
)
def test_after_each_start_the_plans_own_orders_rest_and_nothing_else(
    plan: int, rests: list[OrderType], announced: object
) -> None:
    world = Held(plan)
    for _ in range(3):
        world.start(announced=bool(announced))
        assert world.resting() == rests
    world.tail()
    world.close()


@pytest.mark.parametrize("announced", [True, False])
@pytest.mark.parametrize("plan", [SYNTHETIC, SWITCHING, STOP_RESTS, TRIGGERS])
def test_each_start_says_no_more_than_the_one_before_and_warns_of_nothing(
    plan: int, announced: object
) -> None:
    world, steps = Held(plan), []
    report = Report({plans.USDT: plans.CAPITAL})
    seen = 0
    for _ in range(5):
        world.start(announced=bool(announced))
        records = world.records()[seen:]
        seen += len(records)
        steps.append(sum(record.actor == position_address(P1) for record in records))
        for record in records:
            assert RETURNED not in {event.name for event in recorded(record, report)}
            report.on_record(record)
            assert not any(type(send.message) is Alarm for send in record.outbox)
    assert max(steps[2:]) <= steps[1], steps
    assert max(world.under_way[2:]) <= world.under_way[1], world.under_way
    world.close()
