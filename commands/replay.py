"""``replay``: recorded markets, played to the whole system on a virtual clock.

Owns the order of a replay: read the settings, look at the recordings, play them along the chosen
candle path, then along the other one, write what came of each, and show both.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec
from rich.console import Console

from actors.runtime.dispatcher import Dispatcher, ProductionDispatcher
from actors.runtime.simulated import SimulatedDispatcher
from config.settings import CandlePath
from exchange.recordings.reader import RecordingError
from replay.pacing import Tempo
from replay.playback import Played, Player
from replay.screen import reading, show_stage, show_summary
from replay.stage import Stage, look_at
from session.folders import session_folder
from session.logs import LOG_NAME, log_to
from session.options import Options, check_oco, read_settings
from session.signals import Stopping
from session.summary import write_equity, write_json, write_trades
from session.time_scaling import Deadline
from session.wiring import StartTree
from terminal.console import new_console
from terminal.errors import RunFailedError, UsageError


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
        RunFailedError: the actors did not come to rest, or skipped a message; the strategy failed.

    """
    options = request.options
    if request.speed is not None and not request.speed > 0:  # also: what is no number
        raise UsageError(f"--speed {request.speed:g} plays nothing: it must be above 0")
    console = new_console()
    settings, make_strategy = read_settings(options)
    check_oco(settings)
    progress = Console(quiet=True) if options.headless else console
    try:
        stage = look_at(
            request.recordings, request.symbol, settings, partial(reading, console, progress)
        )
    except RecordingError as error:
        raise UsageError(str(error)) from None
    new_dispatcher = _dispatcher(request.dispatcher)
    folder = session_folder(options.session_dir, "replay", settings.session.keep)
    log_to(folder, settings.logs)
    log = folder / LOG_NAME
    show_stage(console, stage)
    with Stopping() as stopping:
        tempo = Tempo(Deadline(options.duration_seconds), request.speed, stopping)
        player = Player(start, stage, make_strategy, new_dispatcher, progress, tempo)
        played = _play(player, stage, tempo, folder, keeps_journal=request.keeps_journal)
    if tempo.ended_by is not None:
        console.print(f"cut short: {tempo.ended_by}; what was replayed is kept")
    show_summary(console, stage, played, folder)
    failure = played[-1].failure
    if failure is not None:
        raise RunFailedError(f"{failure}; what was replayed until then is kept")
    skipped = sum(one.summary.skipped_messages for one in played)
    if skipped:
        raise RunFailedError(
            f"{skipped} messages made an actor raise: a fault of Holdfast's, told in {log}"
        )


def _play(
    player: Player, stage: Stage, tempo: Tempo, folder: Path, *, keeps_journal: bool
) -> list[Played]:
    """Walk the chosen path, then the other one; what came of a path is written at its end."""
    chosen = stage.settings.replay.candle_path
    played = [_play_chosen(player, stage, tempo, folder if keeps_journal else None)]
    _write(folder, played, "")
    if stage.has_candles and tempo.ended_by is None and played[0].failure is None:
        other = _other(chosen)
        played.append(player.play(other))
        _write(folder, played, f"-{other.value}")
    return played


def _play_chosen(player: Player, stage: Stage, tempo: Tempo, folder: Path | None) -> Played:
    """Walk the chosen path, and keep its journal in ``folder``."""
    path = stage.settings.replay.candle_path
    if folder is None:
        return player.play(path)
    from replay.journal import KeptReplay  # noqa: PLC0415 - SQLite only where it is kept

    with KeptReplay(folder, stage.settings, stage.begin) as journal:
        played = player.play(path, journal)
        journal.ended_by = played.failure or tempo.ended_by or journal.ended_by
        return played


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


def _write(folder: Path, played: list[Played], ending: str) -> None:
    """Write the tables of the path that was played last, and the summary of all so far.

    Raises ``RunFailedError``.
    """
    report = played[-1].report
    try:
        write_trades(folder / f"trades{ending}.csv", report.trades)
        write_equity(folder / f"equity{ending}.csv", report.equity)
        write_json(folder / "summary.json", [one.summary for one in played])
    except OSError as error:
        problem = f"{folder} can't be written: {error.strerror}"
        raise RunFailedError(f"{problem}; what came of the replay is lost") from None
