"""The command lines of the model checker and the mutants; what they search has its own tests."""

import signal

import pytest

from verification.model import __main__ as model_check
from verification.mutants import __main__ as mutants
from verification.simulation.runs import Outcome


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--only", "nosuch"), "--only: no mutant has 'nosuch' in its name"),
        (("--drivers", "FIFO,Nope"), "--drivers: no driver 'Nope': choose of FIFO, Uniform"),
        (("--most", "-5"), "--most: -5 is less than 1"),
    ],
)
def test_mutants_that_make_no_sense_are_refused(
    arguments: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        mutants.main(list(arguments))
    assert says in capsys.readouterr().err


def test_ctrl_c_in_a_schedule_ends_the_search_and_kills_no_mutant(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(_schedule: object) -> Outcome:
        signal.raise_signal(signal.SIGINT)
        return Outcome((), "", 0, "a rule")

    monkeypatch.setattr(mutants, "run", stopped)
    assert mutants.main(["--drivers", "FIFO", "--only", "a fill is counted twice"]) == 130
    assert "stopped by Ctrl-C" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--modes", "x"), f"--modes: 'x' is no number from 0 to {model_check.MODES - 1}"),
        (
            ("--modes", f"0,{model_check.MODES}"),
            f"--modes: '{model_check.MODES}' is no number from 0 to {model_check.MODES - 1}",
        ),
        (("--faults", "-1"), "--faults: -1 is less than 0"),
        (("--positions", "0"), "--positions: 0 is less than 1"),
        (("--units", "0"), "--units: 0 is less than 1"),
        (("--seconds", "nan"), "--seconds: nan is not more than 0"),
    ],
)
def test_a_model_that_makes_no_sense_is_refused(
    arguments: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        model_check.main(list(arguments))
    assert says in capsys.readouterr().err


def test_a_search_that_ended_at_its_limit_does_not_say_that_every_rule_holds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    cut = ["--positions", "1", "--modes", "4", "--states", "50", "--jobs", "1"]
    assert model_check.main(cut) == model_check.NOT_WHOLE
    out = capsys.readouterr().out
    assert "no rule broke in what was seen" in out
    assert "every rule holds" not in out
