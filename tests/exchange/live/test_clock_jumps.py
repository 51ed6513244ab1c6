"""A jump of the exchange's clock against this machine's is told apart from drift and slow answers.

No real clock is read: each test says what the clocks show.
"""

import pytest

from exchange.live.clock_jumps import DRIFT_RATIO, ERROR_MS, ClockJumps, Reading
from exchange.live.errors import UnknownOutcomeError
from messages.base import ClientOrderId, PositionId
from messages.ids import POSITION_LAST, Identity, epoch_of, further_prefix
from messages.positions import EpochAdded

DRAWN = epoch_of(77)
HOUR = 3_600_000.0
EPOCHS = (epoch_of(1), DRAWN)
NOW = Identity(account="a" * 8, tag="t", epochs=EPOCHS)
BEFORE = Identity(account="a" * 8, tag="t", epochs=EPOCHS[:1])


class Machine:
    """A machine and an exchange, each with its clocks."""

    def __init__(self) -> None:
        self.boot, self.wall, self.exchange = 5_000.0, 10 * HOUR, 20 * HOUR
        self.jumps = ClockJumps(lambda: Reading(self.boot, self.wall), lambda: DRAWN)

    def pass_(self, ms: float, *, drift: float = 0.0) -> None:
        self.boot += ms
        self.wall += ms
        self.exchange += ms * (1 + drift)

    def stand_still(self, ms: float) -> None:
        self.exchange += ms

    def measure(self, there_ms: float = 20.0, back_ms: float = 20.0) -> EpochAdded | None:
        asked = self.jumps.read()
        self.pass_(there_ms)
        shown = self.exchange
        self.pass_(back_ms)
        return self.jumps.measured(asked, shown)


@pytest.mark.parametrize("still_ms", [ERROR_MS + 100, 60_000.0, HOUR, -60_000.0])
def test_a_machine_that_stood_still_or_went_back_draws_an_epoch(still_ms: float) -> None:
    machine = Machine()
    assert machine.measure() is None
    last_wall = machine.wall
    machine.stand_still(still_ms)
    added = machine.measure()
    assert added is not None
    assert added.epoch == DRAWN
    assert added.since == int(last_wall)
    assert f"{'ahead' if still_ms > 0 else 'back'} by" in added.jump
    assert machine.measure() is None, "it was told"


@pytest.mark.parametrize("drift", [DRIFT_RATIO, -DRIFT_RATIO])
def test_drift_is_no_jump_however_long_it_lasts(drift: float) -> None:
    machine = Machine()
    for _ in range(50):
        machine.pass_(24 * HOUR, drift=drift * 0.99)
        assert machine.measure() is None


@pytest.mark.parametrize(("there_ms", "back_ms"), [(0.0, 30_000.0), (30_000.0, 0.0)])
def test_a_slow_answer_is_no_jump(there_ms: float, back_ms: float) -> None:
    machine = Machine()
    machine.measure()
    assert machine.measure(there_ms, back_ms) is None
    assert machine.measure() is None


def test_a_machine_that_sleeps_and_counts_its_sleep_does_not_jump() -> None:
    machine = Machine()
    machine.measure()
    machine.pass_(8 * HOUR)
    assert machine.measure() is None


def test_a_clock_that_was_set_is_suspect_until_the_exchange_is_asked_and_is_no_jump() -> None:
    machine = Machine()
    seen = [machine.jumps.is_suspect]
    machine.measure()
    machine.pass_(HOUR)
    seen.append(machine.jumps.is_suspect)
    machine.wall += 2_000
    seen.append(machine.jumps.is_suspect)
    assert machine.measure() is None
    seen.append(machine.jumps.is_suspect)
    assert seen == [False, False, True, False]


def test_after_a_jump_no_order_with_an_older_id_leaves() -> None:
    machine = Machine()
    machine.measure()
    old, new, late = PositionId("p7"), PositionId("p8"), PositionId(f"p{POSITION_LAST + 1}")
    before = [f"{BEFORE.prefix_of(one)}x3" for one in (old, late)]
    for order_id in before:
        machine.jumps.check(ClientOrderId(order_id))
    machine.stand_still(HOUR)
    machine.measure()
    for order_id in before:
        with pytest.raises(UnknownOutcomeError, match="older than the last jump"):
            machine.jumps.check(ClientOrderId(order_id))
    for prefix in (NOW.prefix_of(old), NOW.prefix_of(new), NOW.prefix_of(late)):
        machine.jumps.check(ClientOrderId(f"{prefix}x1"))
        machine.jumps.check(ClientOrderId(f"{further_prefix(further_prefix(prefix))}x1"))
