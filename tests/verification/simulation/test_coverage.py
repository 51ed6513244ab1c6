"""What is said of a cell that no schedule reaches is true."""

import pytest

from tests.system.running import run_python
from verification.simulation.coverage import cells
from verification.simulation.unreachable_cells import REVIEWED, why_unreached

READ = """
from verification.simulation.coverage import install
read = install()
from verification.simulation.runs import run, without_logs
from verification.simulation.schedules import kept_files, load
from verification.simulation.strategies import strategy
from verification.simulation.unreachable_cells import REVIEWED
with without_logs():
    for path in kept_files():
        run(load(path).schedule)
    for number in range(60):
        run(strategy(number, 1))
print(len(read), sorted(read & REVIEWED.keys()))
"""


def test_a_cell_that_is_reviewed_as_never_read_is_one_and_is_not_read() -> None:
    assert REVIEWED.keys() <= set(cells())
    done = run_python("-c", READ)
    assert done.exit_code == 0, done.stderr
    count, read = done.stdout.split(maxsplit=1)
    assert int(count) > 120
    assert read.strip() == "[]"


@pytest.mark.parametrize(
    "cell", [("position", "protecting", "trigger_fired"), ("order", "open", "filled")]
)
def test_of_a_cell_that_can_be_read_no_reason_is_given(cell: tuple[str, str, str]) -> None:
    assert why_unreached(cell) is None
