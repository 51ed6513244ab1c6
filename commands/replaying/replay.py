"""``replay``: recorded markets, played to the whole system on a virtual clock.

Owns the order of a replay: read the settings, look at the recordings, play them along the chosen
candle path (whose trades are written), then along the other one, and say what came of both.
"""

from collections.abc import Callable
from pathlib import Path

import msgspec
from rich.console import Console

from actors.runtime.dispatcher import Dispatcher, ProductionDispatcher
from actors.runtime.simulated import SimulatedDispatcher
from commands.errors import RunFailedError, UsageError
from commands.folders import session_folder
from commands.logs import LOG_NAME, log_to
from commands.options import Options, check_oco, read_settings
from commands.replaying.playing import Played, Player
from commands.replaying.screen import show_stage, show_summary
from commands.replaying.stage import Stage, look_at
from commands.replaying.tempo import Tempo
from commands.summary import write_equity, write_json, write_trades
from commands.tempo import Deadline
from commands.tree import StartTree
from config.settings import CandlePath
from exchange.recordings import RecordingError


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What the person asked for."""

    recordings: tuple[Path, ...]
    options: Options = Options()
    symbol: str | None = None
    dispatcher: str = "simulated"
    speed: float | None = None
    """Recorded time over real time; None: as fast as it can."""
    keeps_journal: bool = False
    """Keep the chosen path's journal in the session's folder, for ``inspect``."""


def replay(start: StartTree, request: Request) -> None:
    """Play the recordings, write the session's files, and print the summary.

    Raises:
        UsageError: the config, an option or a recording can't be used.
        RunFailedError: the actors did not come to rest, or skipped a message.

    """
    options = request.options
    if request.speed is not None and not request.speed > 0:  # also: what is no number
        raise UsageError(f"--speed {request.speed:g} plays nothing: it must be above 0")
    console = Console(highlight=False)
    settings, make_strategy = read_settings(options)
    check_oco(settings)
    try:
        stage = look_at(request.recordings, request.symbol, settings)
    except RecordingError as error:
        raise UsageError(str(error)) from None
    new_dispatcher = _dispatcher(request.dispatcher)
    folder = session_folder(options.session_dir, "replay", settings.session.keep)
    log_to(folder, settings.logs)
    log = folder / LOG_NAME
    show_stage(console, stage)
    chosen = settings.replay.candle_path
    paths = [chosen, _other(chosen)] if stage.has_candles else [chosen]
    tempo = Tempo(Deadline(options.duration_seconds), request.speed)
    progress = Console(quiet=True) if options.headless else console
    player = Player(start, stage, make_strategy, new_dispatcher, progress, tempo)
    played = [_play_chosen(player, stage, chosen, folder if request.keeps_journal else None)]
    played += [player.play(path) for path in paths[1:] if not tempo.is_over]
    if tempo.is_over:
        console.print(f"cut short: --duration {options.duration_seconds:g} was over")
    _write(folder, played)
    show_summary(console, stage, [one.summary for one in played], folder)
    skipped = sum(one.summary.skipped_messages for one in played)
    if skipped:
        raise RunFailedError(
            f"{skipped} messages made an actor raise: a fault of Holdfast's, told in {log}"
        )


def _play_chosen(player: Player, stage: Stage, path: CandlePath, folder: Path | None) -> Played:
    """Walk the path that is told of, and keep its journal in ``folder``."""
    if folder is None:
        return player.play(path)
    from commands.replaying.journal import KeptReplay  # noqa: PLC0415 - SQLite only where it is kept

    with KeptReplay(folder, stage.settings, stage.begin) as journal:
        return player.play(path, journal)


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


def _write(folder: Path, played: list[Played]) -> None:
    """Write the session's files; trades and equity are those of the chosen candle path."""
    chosen = played[0]
    write_trades(folder / "trades.csv", chosen.report.trades)
    write_equity(folder / "equity.csv", chosen.report.equity)
    write_json(folder / "summary.json", [one.summary for one in played])
