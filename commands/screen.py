"""What a replay shows on the terminal: its markets, a progress bar, and anybody's summary."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from commands.panels.words import count, percent
from commands.stage import Scene, Stage
from commands.summary import CurrencySummary, Summary
from messages.base import Timestamp
from messages.money import plain

_ADVANCE_EVERY = 500


def show_stage(console: Console, stage: Stage) -> None:
    """Say what is played, and by which rules; each rule with where it came from."""
    for scene in stage.scenes:
        console.print(_recording_line(scene))
        rules = "  ".join(f"{o.name} {o.value} ({o.source.value})" for o in scene.market.origins)
        console.print(f"  {rules}", soft_wrap=False)
    capital = ", ".join(f"{plain(v)} {c}" for c, v in sorted(stage.settings.capital.items()))
    console.print(f"paper money: {capital}; plan: {stage.settings.plan.protection_mode.value}\n")


@contextmanager
def progress_bar(console: Console, what: str, total: int) -> Iterator[Callable[[], None]]:
    """Show how far a long work is; yields what is to be called after each part of it."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeRemainingColumn(),
    )
    done = 0
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(what, total=total)

        def advance() -> None:
            nonlocal done
            done += 1
            if done % _ADVANCE_EVERY == 0:
                progress.update(task, completed=done)

        yield advance


def show_summary(console: Console, stage: Stage, summaries: list[Summary], folder: Path) -> None:
    """Print the summaries side by side, the chosen candle path first."""
    console.print(summary_table(summaries))
    for scene in stage.scenes:
        console.print(f"buy and hold {scene.symbol}: {percent(scene.buy_and_hold_ratio)}")
    console.print(f"\nwritten to {folder}: trades.csv, equity.csv, summary.json, log.jsonl")


def summary_table(summaries: list[Summary]) -> Table:
    """Return the summaries side by side."""
    table = Table(title="What came of it", title_justify="left", show_edge=False)
    table.add_column("")
    for summary in summaries:
        table.add_column(summary.candle_path or "this session", justify="right")
    for label, values in _rows(summaries):
        table.add_row(label, *values)
    return table


def _rows(summaries: list[Summary]) -> list[tuple[str, list[str]]]:
    rows = [
        ("trades", [str(s.trades) for s in summaries]),
        ("won", [percent(s.win_ratio) for s in summaries]),
    ]
    for currency in summaries[0].currencies:
        of = [s.currencies[currency] for s in summaries]
        rows.append((f"PnL {currency}", [_pnl(one) for one in of]))
        rows.append((f"max drawdown {currency}", [_drawdown(one) for one in of]))
    rows.append(("fees", [_fees(s) for s in summaries]))
    rows += _counts("exit", [s.exits for s in summaries], str)
    rows += _counts("unprotected", [s.unprotected_ms for s in summaries], _seconds)
    rows += _counts("refused", [s.refusals for s in summaries], str)
    rows += _counts("ALARM", [s.alarms for s in summaries], str)
    rows += _counts("error in", [s.errors for s in summaries], str)
    rows.append(("open at the end", [str(s.open_positions) for s in summaries]))
    rows.append(("steps", [str(s.steps) for s in summaries]))
    rows.append(("journal", [s.journal_hash[:12] for s in summaries]))
    return rows


def _counts(
    what: str, counts: list[dict[str, int]], tell: Callable[[int], str]
) -> list[tuple[str, list[str]]]:
    keys = sorted({key for one in counts for key in one})
    return [(f"{what}: {key}", [tell(one.get(key, 0)) for one in counts]) for key in keys]


def _pnl(summary: CurrencySummary) -> str:
    return f"{plain(summary.pnl)} ({percent(summary.pnl_ratio)})"


def _drawdown(summary: CurrencySummary) -> str:
    return f"{plain(summary.max_drawdown)} ({percent(summary.max_drawdown_ratio)})"


def _fees(summary: Summary) -> str:
    return ", ".join(f"{plain(fee.amount)} {fee.currency}" for fee in summary.fees) or "0"


def _seconds(ms: int) -> str:
    return f"{ms / 1000:.1f} s"


def _recording_line(scene: Scene) -> str:
    found = scene.survey
    holes = f"{count(found.holes, 'hole')}, {found.missing} missing" if found.holes else "no holes"
    span = f"{_utc(found.first)} – {_utc(found.last)} UTC"
    kind = scene.recording.kind.value
    return f"{scene.symbol}  {found.rows} {kind}, {span}, {holes}  ({scene.recording.path.name})"


def _utc(at: Timestamp) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d %H:%M")
