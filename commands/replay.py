"""``replay``: recorded markets, played to the whole system on a virtual clock.

Owns the order of a replay: read the settings, look at the recordings, play them along the chosen
candle path (whose trades are written), then along the other one, and say what came of both.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from rich.console import Console

from actors.runtime.dispatcher import Dispatcher, ProductionDispatcher
from actors.runtime.simulated import SimulatedDispatcher
from actors.strategy.actor import strategy_of
from actors.strategy.port import StrategyError
from commands.errors import RunFailedError, UsageError
from commands.logs import LOG_NAME, log_to
from commands.playing import Played, Player
from commands.screen import show_stage, show_summary
from commands.stage import look_at
from commands.summary import write_equity, write_json, write_trades
from commands.tree import StartTree
from config.loading import ConfigError, load
from config.settings import CandlePath
from exchange.recordings import RecordingError


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What the person asked for."""

    recordings: tuple[Path, ...]
    config: Path | None = None
    overrides: tuple[str, ...] = ()
    symbol: str | None = None
    candle_path: str | None = None
    dispatcher: str = "simulated"
    session_dir: Path | None = None


def replay(start: StartTree, request: Request) -> None:
    """Play the recordings, write the session's files, and print the summary.

    Raises:
        UsageError: the config, an option or a recording can't be used.
        RunFailedError: the actors did not come to rest, or skipped a message.

    """
    console = Console(highlight=False)
    try:
        settings = load(request.config, _overrides(request))
        make_strategy = strategy_of(settings, _strategy_folders(request.config))
        stage = look_at(request.recordings, request.symbol, settings)
    except (ConfigError, StrategyError, RecordingError) as error:
        raise UsageError(str(error)) from None
    new_dispatcher = _dispatcher(request.dispatcher)
    folder = _session_folder(request.session_dir)
    log_to(folder)
    show_stage(console, stage)
    chosen = settings.replay.candle_path
    paths = [chosen, _other(chosen)] if stage.has_candles else [chosen]
    player = Player(start, stage, make_strategy, new_dispatcher, console)
    played = [player.play(path) for path in paths]
    _write(folder, played)
    show_summary(console, stage, [one.summary for one in played], folder)
    skipped = sum(one.summary.skipped_messages for one in played)
    if skipped:
        raise RunFailedError(
            f"{skipped} messages made an actor raise: a fault of Holdfast's, told in "
            f"{folder / LOG_NAME}"
        )


def _overrides(request: Request) -> list[str]:
    overrides = list(request.overrides)
    if request.candle_path is not None:
        overrides.append(f"replay.candle_path={request.candle_path}")
    return overrides


def _strategy_folders(config: Path | None) -> tuple[Path, ...]:
    """Return where a user's strategy is looked for: beside the config, then here."""
    here = Path.cwd()
    return (here,) if config is None else (config.resolve().parent, here)


def _dispatcher(name: str) -> Callable[[], Dispatcher]:
    match name:
        case "simulated":
            return SimulatedDispatcher
        case "production":
            return ProductionDispatcher
        case _:
            raise UsageError(f"--dispatcher {name!r} is not known: simulated or production")


def _other(path: CandlePath) -> CandlePath:
    return CandlePath.HIGH_FIRST if path is CandlePath.LOW_FIRST else CandlePath.LOW_FIRST


def _session_folder(folder: Path | None) -> Path:
    if folder is None:
        name = datetime.now(UTC).strftime("replay-%Y%m%d-%H%M%S-%f")
        folder = Path("sessions") / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "summary.json").touch()
    except OSError as error:
        problem = f"--session-dir {folder} can't be written: {error.strerror}"
        raise UsageError(f"{problem}; name a folder of yours") from None
    return folder


def _write(folder: Path, played: list[Played]) -> None:
    """Write the session's files; trades and equity are those of the chosen candle path."""
    chosen = played[0]
    write_trades(folder / "trades.csv", chosen.report.trades)
    write_equity(folder / "equity.csv", chosen.report.equity)
    write_json(folder / "summary.json", [one.summary for one in played])
