"""A user's strategy as a session starts it: in a process of its own; with ``--debug`` in this."""

import os
from pathlib import Path

import pytest

from actors.strategy.drop import DropStrategy
from actors.strategy.host import OwnProcess
from session.options import Options, read_config, session_strategy
from terminal.errors import UsageError

PIDS = """\
import os
from pathlib import Path

class Rules:
    def __init__(self, settings):
        Path(os.environ["MADE_IN"]).write_text(str(os.getpid()))

    def on_market(self, market): ...
"""


def options_of(folder: Path, text: str, *more: str, debug: bool = False) -> Options:
    """Return what a person types for a strategy whose module holds ``text``."""
    name = f"own_rules_{folder.name}"
    (folder / f"{name}.py").write_text(text)
    config = folder / "mine.toml"
    config.write_text(f'strategy.use = "{name}:Rules"\n')
    return Options(config=config, sets=more, debug=debug)


def started(options: Options) -> str:
    """Return what is wrong with the strategy."""
    with pytest.raises(UsageError) as caught, session_strategy(options, read_config(options)):
        pass
    return str(caught.value)


def made_in(folder: Path, monkeypatch: pytest.MonkeyPatch, *, debug: bool) -> int:
    place = folder / "pid"
    monkeypatch.setenv("MADE_IN", str(place))
    options = options_of(folder, PIDS, 'strategy.environment=["MADE_IN"]', debug=debug)
    settings = read_config(options)
    with session_strategy(options, settings) as strategy:
        if not isinstance(strategy, OwnProcess):
            strategy()
    return int(place.read_text())


def test_a_users_class_is_made_in_a_process_of_its_own_which_ends_with_the_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = made_in(tmp_path, monkeypatch, debug=False)
    assert pid != os.getpid()
    assert not Path(f"/proc/{pid}").exists()


def test_with_debug_it_is_made_in_this_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert made_in(tmp_path, monkeypatch, debug=True) == os.getpid()


def test_the_built_in_strategy_is_always_made_in_this_process() -> None:
    options = Options()
    with session_strategy(options, read_config(options)) as strategy:
        assert not isinstance(strategy, OwnProcess)
        assert isinstance(strategy(), DropStrategy)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("x = 1\n1 / 0\n", "failed: ZeroDivisionError: division by zero (own_rules_"),
        ("class Rules:\n  def on_market(self): ...\n  def __init__(self, s): 1/0\n", ", line 3)"),
        ("class Other: ...\n", "has no Rules"),
        ("import os; os._exit(3)\n", "did not start: its process exited with code 3"),
    ],
    ids=range(4),
)
def test_a_strategy_that_can_not_be_made_ends_the_start_with_its_file_and_line(
    tmp_path: Path, text: str, complaint: str
) -> None:
    told = started(options_of(tmp_path, text))
    assert complaint in told
    if "its traceback is in" in told:
        place = Path(told.rpartition(" ")[2])
        assert "own_rules_" in place.read_text()
        place.unlink()


def test_an_import_that_hangs_ends_the_start_at_its_deadline(tmp_path: Path) -> None:
    text = "import time\ntime.sleep(1000)\n"
    told = started(options_of(tmp_path, text, "strategy.start_seconds=1"))
    assert "did not start within 1 s: its import or __init__ takes longer" in told


def test_no_key_is_in_its_environment_or_among_what_it_may_be_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BINANCE_SECRET", "the secret")
    text = (
        "import os\n"
        "seen = open('/proc/self/environ').read() + repr(os.environ)\n"
        "raise ValueError('the secret' in seen)\n"
        "class Rules: ...\n"
    )
    assert "ValueError: False" in started(options_of(tmp_path, text))
    options = options_of(tmp_path, text, 'strategy.environment=["BINANCE_SECRET"]')
    with pytest.raises(UsageError, match="BINANCE_SECRET looks like a key"):
        read_config(options)


def test_it_inherits_no_open_file_of_the_program(tmp_path: Path) -> None:
    text = (
        "import os\n"
        "raise ValueError(sorted(\n"
        "    os.readlink(f'/proc/self/fd/{n}').partition(':')[0]\n"
        "    for n in os.listdir('/proc/self/fd') if os.path.exists(f'/proc/self/fd/{n}')\n"
        "))\n"
    )
    with (tmp_path / "lock").open("wb") as file:
        os.set_inheritable(file.fileno(), True)  # noqa: FBT003 - as the call takes it
        told = started(options_of(tmp_path, text))
    # Its output, its two pipes, and the null device it reads.
    assert told.count("'pipe'") == 4
    assert "lock" not in told.partition("own_rules_")[2].partition("its traceback")[0]
