"""The explorer's command line; the search itself is tested with the strategies."""

from pathlib import Path

import pytest

from tests import explore


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
