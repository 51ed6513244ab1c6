"""What a person types that no command can use is one clear line and exit code 2, never a fault."""

import os
from decimal import Decimal
from pathlib import Path

import pytest

import supervisor
from commands.app import run_command
from commands.explaining import EXIT_USAGE
from inspection.arguments import Typed, address_typed, amount, is_position, ratio
from inspection.errors import InspectError

LONG = "x" * 5_000


@pytest.mark.parametrize(
    "arguments",
    [
        ["replay", LONG],
        ["replay", "/dev/zero"],
        ["replay", "a\x1b[2J\nALARM forged.csv"],
        ["run", "--config", LONG],
        ["run", "--config", "/dev/zero"],
        ["run", "--state-dir", LONG, "--headless", "--duration", "0"],
        ["run", "--session-dir", LONG, "--headless", "--duration", "0"],
        ["run", "--duration", "inf"],
        ["run", "--duration", "nan"],
        ["run", "--duration", "1e300"],
        ["run", "--speed", "1e308"],
        ["run", "--seed", "9" * 30],
        ["run", "--set", "\x1b[2J=\u202e1"],
        ["run", "--set", LONG],
        ["verify", "--state-dir", LONG],
        ["doctor", "--exchange", "bin\x1b[2J"],
        ["doctor", "--exchange", LONG],
        ["download", "--exchange", "binance", "--symbol", "BTC/USDT", "--since", "9999-12-31"],
        ["download", "--exchange", "binance", "--symbol", "BTC/USDT", "--since", "٣"],
        ["\x1b[2J"],
        [LONG],
    ],
    ids=lambda words: " ".join(words)[:40].replace("\x1b", "ESC"),
)
def test_what_can_not_be_used_is_one_mistake(
    arguments: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_command(supervisor.start, arguments) == EXIT_USAGE
    said = capsys.readouterr()
    lines = said.err.rstrip("\n").split("\n")
    assert lines[0].startswith("error: ")
    assert all(line.isprintable() for line in lines)
    assert "Traceback" not in said.err


def test_a_fifo_is_not_waited_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fifo = tmp_path / "BTC-USDT-1m.csv"
    os.mkfifo(fifo)
    for arguments in (["replay", str(fifo)], ["check", "--config", str(fifo)]):
        assert run_command(supervisor.start, arguments) == EXIT_USAGE
        assert "it is a FIFO, no plain file" in capsys.readouterr().err


@pytest.mark.parametrize("typed", ["٣", "²", "nan", "inf", "1e308", "1e-300", "9" * 70, "", "1_0"])
def test_an_operators_number_is_one_that_can_be(typed: str) -> None:
    for reader in (amount, ratio):
        with pytest.raises(InspectError):
            reader(typed)
    assert not is_position(f"p{typed}")
    assert str(address_typed(f"p{typed}")) == f"p{typed}"
    with pytest.raises(InspectError):
        Typed("why p3", ["--limit", typed], ["--limit"]).number("--limit", 1)
    assert ratio("3%") == Decimal("0.03")


def test_a_file_s_name_commands_nothing_of_the_screen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    name = "BTC-USDT-1m-[link=x]\x1b[2J.csv"
    rows = (f"{1_700_000_040_000 + 60_000 * minute},1,1.01,0.99,1,5" for minute in range(5))
    Path(name).write_text("\n".join(("timestamp,open,high,low,close,volume", *rows)) + "\n")
    assert run_command(supervisor.start, ["replay", name, "--session-dir", "out[/b]"]) == 0
    said = capsys.readouterr().out
    assert "[link=x]" in said
    assert "out[/b]" in said
    assert "\x1b" not in said
