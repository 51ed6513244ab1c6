"""A position that is held over many starts: none says more than the first, and nothing piles up."""

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from actors.journal.codec import Snapshot
from actors.journal.memory import MemoryJournal
from actors.journal.port import Record
from actors.observers.events import RETURNED, recorded
from actors.observers.report import Report
from actors.position.states import State
from messages.addresses import POSITIONS, position_address
from messages.base import PositionId
from messages.observers import Alarm
from messages.orders import OrderType
from messages.position import SessionEnding
from messages.positions import EndSession
from verification.invariants.quiescence import come_to_rest
from verification.simulation import plans
from verification.simulation.runs import without_logs
from verification.simulation.world import World

P1 = PositionId("p1")
SYNTHETIC, SWITCHING, STOP_RESTS, TRIGGERS, CLOSED_AT_THE_END = 0, 1, 2, 4, 12
"""Numbers of plans."""
ON_DISK = (0, 0, 1, 1)
"""The first position is protected in peace, the journal on a disk."""


class Held(World):
    """A world whose first position is held from session to session."""

    def __init__(self, plan: int) -> None:
        self.cuts: list[Snapshot] = []
        """With which each further process began."""
        super().__init__((plan, *ON_DISK))
        self.plan = replace(self.plan, time_limit_ms=None)
        self.begin()
        self.venue.is_fair = True
        come_to_rest(self)

    def _begin_process(self, recovered: Snapshot | None) -> None:
        super()._begin_process(recovered)
        if recovered is not None:
            assert self.crashes is not None
            self.cuts.append(self.crashes.opening)

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
def test_no_start_says_more_than_the_first_ones_and_none_warns_of_anything(
    plan: int, announced: object
) -> None:
    world, steps = Held(plan), []
    report = Report({plans.USDT: plans.CAPITAL})
    seen = 0
    for _ in range(8):
        world.start(announced=bool(announced))
        records = world.records()[seen:]
        seen += len(records)
        steps.append(sum(record.actor == position_address(P1) for record in records))
        for record in records:
            assert RETURNED not in {event.name for event in recorded(record, report)}
            report.on_record(record)
            assert not any(type(send.message) is Alarm for send in record.outbox)
    assert max(steps[4:]) <= max(steps[:4]), steps
    under_way = [len(cut.undelivered) for cut in world.cuts]
    assert max(under_way[4:]) <= max(under_way[:4]), under_way
    world.close()


def test_a_session_that_was_killed_before_it_had_ended_sells_nothing_at_the_next_start() -> None:
    world = Held(CLOSED_AT_THE_END)
    world.tell(POSITIONS, EndSession())
    world.dispatcher.deliver(world.system.mailboxes[POSITIONS])
    assert not isinstance(world.journal, MemoryJournal)
    world.journal.commit()
    assert world.crashes is not None
    world.crashes.deaths = 0
    world.kill()
    world.start_again()
    come_to_rest(world)
    assert [type(one.message) for one in world.cuts[0].undelivered] == [SessionEnding]
    assert world.positions[P1].state is State.PROTECTING
    world.tail()
    world.close()
