"""What a replay shows on the terminal: its markets before it begins, and what came of it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from messages.base import Timestamp
from messages.border import one_line
from messages.money import money_text
from replay.playback import Played
from replay.stage import Scene, Stage
from session.screen import row_counter, summary_table
from terminal.words import count, percent


@contextmanager
def reading(console: Console, progress: Console, path: Path) -> Iterator[Callable[[], None]]:
    """Say that a recording is read, and on a terminal how far; yields what to call for each row."""
    if progress.quiet or not progress.is_terminal:
        console.print(f"reading {one_line(path.name)}", soft_wrap=True)
        yield lambda: None
        return
    with row_counter(progress, f"reading {one_line(path.name)}") as on_row:
        yield on_row


def show_stage(console: Console, stage: Stage) -> None:
    """Say what is played, and by which rules; each rule with where it came from."""
    for scene in stage.scenes:
        console.print(_recording_line(scene))
        rules = "  ".join(f"{o.name} {o.value} ({o.source.value})" for o in scene.market.origins)
        console.print(f"  {rules}", soft_wrap=False)
    capital = ", ".join(money_text(v, c) for c, v in sorted(stage.settings.capital.items()))
    console.print(f"paper money: {capital}; plan: {stage.settings.plan.protection_mode.value}\n")


def show_summary(console: Console, stage: Stage, played: list[Played], folder: Path) -> None:
    """Print the summaries side by side, the chosen candle path first."""
    summaries = [one.summary for one in played]
    console.print(summary_table(summaries))
    for scene in stage.scenes:
        last = played[0].report.prices.get(scene.symbol)
        if last is not None:  # else it was cut before this market's first price
            console.print(f"buy and hold {scene.symbol}: {percent(scene.return_at(last))}")
    for summary in summaries:
        if summary.open_positions and stage.settings.replay.close_at_end:
            console.print(
                f"{summary.candle_path}: {count(summary.open_positions, 'position')} could not be"
                " sold at the last price within an hour of recorded time: left open"
            )
    others = [f"-{summary.candle_path}" for summary in summaries[1:]]
    tables = [f"{name}{end}.csv" for end in ("", *others) for name in ("trades", "equity")]
    files = ", ".join([*tables, "summary.json", "log.jsonl"])
    console.print(f"\nwritten to {one_line(folder)}: {files}", soft_wrap=True)


def _recording_line(scene: Scene) -> str:
    found = scene.survey
    holes = f"{count(found.holes, 'hole')}, {found.missing} missing" if found.holes else "no holes"
    span = f"{_utc(found.first)} – {_utc(found.last)} UTC"
    kind = scene.recording.kind.value
    name = one_line(scene.recording.path.name)
    return f"{scene.symbol}  {found.rows} {kind}, {span}, {holes}  ({name})"


def _utc(at: Timestamp) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d %H:%M")
