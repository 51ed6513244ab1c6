"""The rules bite: a handful of schedules finds a few bugs of ``verification.mutants``."""

import pytest

from verification.mutants.__main__ import FIFO, FORKS, KEPT, TEST, schedules_to_kill
from verification.mutants.every import MUTANTS
from verification.simulation.runs import run

QUICK = {
    "a refused cancel is taken for canceled": "Uniform",
    "a fill is counted twice": "RandomWalk",
    "a part filled before a cancel is forgotten": "Uniform",
    "CLOSED although orders may be live": "Pct",
    "some coins are left and called dust": "RandomWalk",
    "triggers are not armed": FIFO,
    "the hold of a recovery is lifted at once": "Crashing",
    "the stop is not armed again after a crash": "Crashing",
    "timers are not set again after a crash": "Crashing",
    "a request leaves before its record": "Crashing",
    "entries are granted while trading is held": "Uniform",
    "closing one cancels its siblings' sells": "RandomWalk",
    "a lost exit is taken for gone": KEPT,
    "one look is enough after a lost exit": KEPT,
    "a canceled order that fills is still called canceled": KEPT,
    "a late fill is taken over again and again": KEPT,
    "an exit that leaves without a record is not noted": KEPT,
    "the answer to a look back of a dead process counts": KEPT,
    "an order that is back from the dead is left alone": KEPT,
    "a booking that was skipped twice is lost": KEPT,
    "a start does not tell of lost exits again": KEPT,
    "the stop of a session's end rests on in mode triggers": KEPT,
    "a wake that was skipped does not come again": KEPT,
    "what no order can sell waits without a word": KEPT,
    "late coins are judged by the rules of now": KEPT,
    "a deadline is compared with our own clock": "Belated",
    "two looks at one stale cache are two": KEPT,
    "one look after the deadline is enough": KEPT,
    "a gap in the stream does not matter": KEPT,
    "the barrier alone is a proof": KEPT,
    "locked coins are evidence for a stop that locks nothing": TEST,
    "the lag of a stream without a gap does not matter": TEST,
    "a part that contradicts the others is overruled": TEST,
    "coins are bought while an unseen sale may come": KEPT,
    "a second sale while coins are being bought": KEPT,
    "a restart keeps the epoch": "RandomWalk",
    "another order under our id counts as not found": "RandomWalk",
    "another order under our id is ours": "RandomWalk",
    "another order under our id is canceled": KEPT,
    "an exit is sent beside another order that has its id": KEPT,
    "a symbol takes entries although another order has an id of ours": KEPT,
    "orders of a foreign epoch are not seen": FORKS,
    "the doubt reaches no position": FORKS,
    "a look back looks for no exit that was seen": TEST,
    "what a twin placed under an id that was looked for is the position's": FORKS,
    "a named owner does not look for what a twin placed": TEST,
    "a contested exit sells all that it holds": FORKS,
}


@pytest.mark.parametrize("name", QUICK)
def test_a_bug_is_found_within_a_few_schedules(name: str) -> None:
    mutant = next(mutant for mutant in MUTANTS if mutant.name == name)
    assert schedules_to_kill(mutant, QUICK[name], seed=1, most=40) is not None


def test_a_mutant_is_gone_after_its_run() -> None:
    for mutant in MUTANTS:
        if mutant.name in QUICK:
            schedules_to_kill(mutant, FIFO, seed=1, most=1)
    assert run(()).error is None
