"""A position that raises on everything is ended by an operator, without its core."""

from collections.abc import Iterator

import pytest
from loguru import logger

from actors.journal.codec import Snapshot
from actors.journal.port import Record
from actors.journal.rerun import Rerun
from actors.position import core
from actors.position.inputs import PositionMessage
from actors.position.position import Life
from actors.position.states import State
from exchange.fault_plan import Fault, FaultKind, On
from messages.addresses import POSITIONS, position_address
from messages.base import Timestamp
from messages.envelope import Step
from messages.observers import AlarmKind
from messages.orders import Purpose, RejectReason
from messages.position import CloseCause, ClosePosition
from messages.positions import CloseWithoutCore
from verification.poison.harness import START, Theatre
from verification.poison.injection import BYSTANDER, HERO, PoisonError
from verification.poison.ledgers import check_over
from verification.poison.market import SETTINGS

SALE_REFUSED = Fault(
    on=On.SUBMIT,
    kind=FaultKind.REJECTED,
    purpose=Purpose.CLOSE,
    reason=RejectReason.DUPLICATE_ID,
)
CANCEL_REFUSED = Fault(on=On.CANCEL, kind=FaultKind.REJECTED)
CANCEL_UNANSWERED = Fault(on=On.CANCEL, kind=FaultKind.LOST_ACK)
SALE_UNANSWERED = Fault(on=On.SUBMIT, kind=FaultKind.LOST_ACK, purpose=Purpose.CLOSE)
FAULTS = [
    (),
    *((fault,) for fault in (SALE_REFUSED, SALE_UNANSWERED, CANCEL_REFUSED, CANCEL_UNANSWERED)),
]


@pytest.fixture(autouse=True)
def _no_logs() -> Iterator[None]:
    logger.disable("actors")
    yield
    logger.enable("actors")


def break_core(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on the hero's core raises on every message."""
    plain = core.step

    def step(life: Life | None, message: PositionMessage, now: Timestamp) -> Step:
        if life is not None and life.position.position_id == HERO:
            raise PoisonError("a defect")
        return plain(life, message, now)

    monkeypatch.setattr(core, "step", step)


def broken(monkeypatch: pytest.MonkeyPatch, *faults: Fault) -> Theatre:
    """A theatre in which the hero holds coins, its take profit rests, and its core raises."""
    theatre = Theatre(faults=faults)
    theatre.open_bystander()
    theatre.open()
    theatre.ticks(100.0)
    assert theatre.hero.state is State.PROTECTING
    assert len(theatre.working()) == 2
    break_core(monkeypatch)
    return theatre


@pytest.mark.parametrize("faults", FAULTS)
def test_a_position_that_raises_on_everything_is_closed_without_its_core(
    monkeypatch: pytest.MonkeyPatch, faults: tuple[Fault, ...]
) -> None:
    theatre = broken(monkeypatch, *faults)
    theatre.tell(position_address(HERO), ClosePosition(cause=CloseCause.BY_HAND, reason="a test"))
    theatre.ticks(97.0, 97.0)
    assert HERO in theatre.roster, "its core can neither close it nor stop its loss"
    assert theatre.alarms(AlarmKind.STEP_SKIPPED)
    theatre.tell(POSITIONS, CloseWithoutCore(position_id=HERO, reason="it raises"))
    theatre.quiet(30)
    assert theatre.roster == (BYSTANDER,)
    assert position_address(HERO) not in theatre.system.mailboxes
    assert theatre.hero.close_reason == "it raises"
    theatre.fall_through_the_stops()
    check_over(theatre)


def test_what_its_take_profit_sold_meanwhile_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    theatre = broken(monkeypatch)
    theatre.ticks(103.5, quantity=3.0)
    theatre.tell(POSITIONS, CloseWithoutCore(position_id=HERO, reason="it raises"))
    theatre.quiet(30)
    assert HERO not in theatre.roster
    theatre.fall_through_the_stops()
    check_over(theatre)


def test_every_step_of_it_can_be_run_again_from_the_journal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    theatre = Theatre()
    records: list[Record] = []
    theatre.system.observe(records.append)
    theatre.open_bystander()
    theatre.open()
    theatre.ticks(100.0)
    break_core(monkeypatch)
    theatre.tell(POSITIONS, CloseWithoutCore(position_id=HERO, reason="it raises"))
    theatre.quiet(30)
    assert theatre.hero.state is State.CLOSED
    nothing = Snapshot(sequence=0, at=START, actors=(), undelivered=())
    rerun = Rerun(SETTINGS, 1, nothing)
    mine = [r for r in records if r.actor == position_address(HERO) and r.error is None]
    assert [rerun.difference(record) for record in mine] == [None] * len(mine)
    assert {"SalvagePosition", "LedgerRead"} <= {type(r.message).__name__ for r in mine}
