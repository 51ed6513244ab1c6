"""What is typed: the default command, options over --set, and one line for every failure."""

import errno
import json
from pathlib import Path

import pytest
from loguru import logger

from actors.runtime.supervision import Children, StartError
from actors.runtime.system import System
from commands.app import run_command
from commands.explaining import EXIT_FAILED, EXIT_OK, EXIT_USAGE
from session.wiring import Wiring

Fault = Exception | KeyboardInterrupt


class Starts:
    """In the place of the tree: keeps what it was given, and fails."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.wirings: list[Wiring] = []

    def __call__(self, system: System, wiring: Wiring) -> Children:  # noqa: ARG002 - the tree's
        self.wirings.append(wiring)
        raise self.fault


@pytest.fixture(autouse=True)
def _no_log_stays() -> object:
    yield
    logger.remove()
    logger.configure(patcher=lambda _: None)


def typed(folder: Path, fault: Fault, *arguments: str) -> tuple[int, Starts]:
    start = Starts(fault)
    folders = ["--session-dir", str(folder / "s"), "--state-dir", str(folder / "state")]
    given = [*arguments, "--headless", *folders]
    return run_command(start, given), start


@pytest.mark.parametrize("command", [[], ["run"]])
def test_without_a_command_it_is_a_session(tmp_path: Path, command: list[str]) -> None:
    code, start = typed(tmp_path, StartError("no"), *command, "--seed", "9", "--speed", "2")
    assert code == EXIT_FAILED
    (wiring,) = start.wirings
    assert (wiring.settings.paper.seed, wiring.settings.paper.speed) == (9, 2.0)
    assert wiring.symbols[0] == "BTC/USDT"
    assert wiring.conflates_quotes
    assert not wiring.calls_strategy_directly


def test_an_option_of_its_own_goes_over_a_setting(tmp_path: Path) -> None:
    _, start = typed(tmp_path, StartError("no"), "--set", "paper.seed=3", "--seed", "4")
    assert start.wirings[0].settings.paper.seed == 4


def test_an_actor_that_does_not_start_ends_the_run_with_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _ = typed(tmp_path, StartError("gateway did not start: E"))
    assert code == EXIT_FAILED
    said = capsys.readouterr().err
    assert said.startswith("error: gateway did not start: E; more in ")


def test_a_full_disk_is_told_as_such_and_is_no_fault_of_ours(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _ = typed(tmp_path, OSError(errno.ENOSPC, "No space left on device", "trades.csv"))
    assert code == EXIT_FAILED
    said = capsys.readouterr().err
    assert said == "error: No space left on device: trades.csv; make room and run it again\n"


def test_a_fault_nobody_expected_is_one_line_and_its_traceback_is_in_the_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _ = typed(tmp_path, RuntimeError("{odd}"))
    assert code == EXIT_FAILED
    said = capsys.readouterr().err
    log = tmp_path / "s" / "log.jsonl"
    assert said == f"error: a fault of Holdfast's (RuntimeError: {{odd}}); {log} has it\n"
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    (line,) = [one for one in lines if "error" in one]
    assert "Traceback" in line["error"]
    assert "RuntimeError: {odd}" in line["error"]


def test_before_there_is_a_log_a_fault_has_a_file_of_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("session.logs._LOGS", [])
    monkeypatch.setattr("commands.run.session_folder", None)  # calling it is the fault
    code, _ = typed(tmp_path, RuntimeError())
    assert code == EXIT_FAILED
    named = Path(capsys.readouterr().err.rpartition("; ")[2].removesuffix(" has it\n"))
    assert "TypeError" in named.read_text(encoding="utf-8")
    named.unlink()


def test_check_says_that_a_config_is_right(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(Starts(RuntimeError()), ["check", "--set", "drop.budget=50"]) == EXIT_OK
    assert "the config is right" in capsys.readouterr().out


def test_check_names_every_mistake_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "mine.toml"
    config.write_text(
        "[drop]\ndrop_ratio = 5\nbudgt = 20\n"
        '[plan]\nstop_loss_ratio = "two"\nprotection_mode = "ocoo"\n'
        "[portfolio]\nmax_positions = 0\n"
    )
    assert run_command(Starts(RuntimeError()), ["check", "--config", str(config)]) == EXIT_USAGE
    said = capsys.readouterr().err
    assert said.count(str(config)) == 5
    for word in ("drop_ratio", "budget?", "stop_loss_ratio", "synthetic", "max_positions"):
        assert word in said


def test_the_default_config_that_is_printed_is_right(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    start = Starts(RuntimeError())
    assert run_command(start, ["check", "--print-default"]) == EXIT_OK
    config = tmp_path / "mine.toml"
    config.write_text(capsys.readouterr().out)
    assert run_command(start, ["check", "--config", str(config)]) == EXIT_OK


@pytest.mark.parametrize(
    ("sets", "words"),
    [
        (['drop.symbols=["PEPE/USDT"]'], ["PEPE/USDT", "BTC/USDT"]),
        (["capital.USDT=0", "capital.BTC=1", "drop.budget=0.5"], ["capital.USDT", "in BTC:"]),
    ],
)
def test_what_the_embedded_market_does_not_have_is_named(
    sets: list[str], words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [argument for one in sets for argument in ("--set", one)]
    assert run_command(Starts(RuntimeError()), ["check", *arguments]) == EXIT_USAGE
    said = capsys.readouterr().err
    assert all(word in said for word in words), said


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(Starts(RuntimeError()), ["--version"]) == EXIT_OK
    assert capsys.readouterr().out.startswith("Holdfast ")


def test_a_command_that_is_mistyped_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(Starts(RuntimeError()), ["replai"]) == EXIT_USAGE
    assert "replay" in capsys.readouterr().err


def test_the_help_teaches_by_examples_and_tells_the_exit_codes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run_command(Starts(RuntimeError()), ["--help"]) == EXIT_OK
    said = capsys.readouterr().out
    for words in (
        "python supervisor.py --speed 1 --headless",
        "check --print-default",
        "130",
        "75",
    ):
        assert words in said
