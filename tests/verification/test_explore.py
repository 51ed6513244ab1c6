"""The explorer's command line; the search itself is tested with the strategies."""

from pathlib import Path

import pytest

from verification import explore
from verification.simulation.coverage import cells
from verification.simulation.sometimes import EXPECTED
from verification.simulation.unreachable_cells import REVIEWED, why_unreached


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--jobs", "0"), "--jobs: 0 is not more than 0"),
        (("--schedules", "-3"), "--schedules: -3 is not more than 0"),
        (("--seconds", "nan"), "--seconds: nan is not more than 0"),
        (("--resume", "nowhere/at/all"), "can't be written"),
    ],
)
def test_an_argument_that_makes_no_sense_is_refused(
    arguments: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        explore.main(list(arguments))
    assert says in capsys.readouterr().err


def test_what_is_no_search_is_not_gone_on_from(tmp_path: Path) -> None:
    file = tmp_path / "search"
    file.write_text("bad")
    with pytest.raises(SystemExit, match="is no search to go on from"):
        explore.main(["--resume", str(file)])
    assert file.read_text() == "bad"


def test_a_run_is_complete_once_all_was_met_and_each_cell_is_as_reviewed() -> None:
    found = explore.Found()
    assert explore.lacks(found)[0] == len(EXPECTED)
    found.seen.update(EXPECTED)
    found.cells = {cell for cell in cells() if why_unreached(cell) is None}
    assert explore.lacks(found) == (0, 0)
    found.cells.pop()
    assert explore.lacks(found) == (0, 1)
    found.cells |= REVIEWED.keys()
    assert explore.lacks(found) == (0, 1 + len(REVIEWED))
