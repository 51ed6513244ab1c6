"""What once broke a rule is played again; a schedule is one history, whatever the process."""

from pathlib import Path

import pytest

from tests.system.running import run_python
from verification.simulation.runs import rule_of, run, without_logs
from verification.simulation.schedules import kept_files, load
from verification.simulation.strategies import strategy

TRACES = """
from verification.simulation.runs import run, without_logs
from verification.simulation.stimuli import ACTS
from verification.simulation.strategies import strategy
from verification.simulation.world import DELIVERY_CHOICES
names = [name for name, *_ in ACTS]
another = DELIVERY_CHOICES + names.index("open another")
with without_logs():
    for number in range(80):
        print(run(strategy(number, 1)).trace)
    for act in range(len(ACTS)):  # each beside three positions
        print(run([0, 0, 0, 1, 0, another, another, *[0] * 60, DELIVERY_CHOICES + act]).trace)
"""


@pytest.mark.parametrize("path", kept_files(), ids=lambda path: path.stem)
def test_a_schedule_that_broke_a_rule_breaks_it_no_more(path: Path) -> None:
    kept = load(path)
    with without_logs():
        outcome = run(kept.schedule)
    assert outcome.rule == (rule_of(kept.broke) if kept.is_open else None), outcome.error
    # A number that is larger than the choices there were would mean another one with each new act.
    taken = outcome.schedule[: len(kept.schedule)]
    assert taken == kept.schedule[: len(taken)]


def test_a_schedule_is_one_history_whatever_the_hash_seed() -> None:
    # Of two names' order a second hash seed shows half of what depends on it, three more an eighth.
    first, *others = [run_python("-c", TRACES, hash_seed=seed) for seed in (0, 1, 2, 4242)]
    assert first.exit_code == 0, first
    for other in others:
        assert other.stdout == first.stdout, other
    assert len(set(first.stdout.split())) > 100


@pytest.mark.parametrize("number", range(8))
def test_what_a_strategy_chose_is_a_schedule_that_replays(number: int) -> None:
    with without_logs():
        explored = run(strategy(number, 2))
        assert run(explored.schedule) == explored


def test_the_empty_schedule_buys_protects_and_sells_in_fair_time() -> None:
    outcome = run(())
    assert outcome.error is None
    assert outcome.deliveries > 40
