"""What a replay shows on the terminal: its markets before it begins, and what came of it."""

from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from commands.panels.words import count, percent
from commands.replaying.stage import Scene, Stage
from commands.screen import summary_table
from commands.summary import Summary
from messages.base import Timestamp
from messages.money import plain


def show_stage(console: Console, stage: Stage) -> None:
    """Say what is played, and by which rules; each rule with where it came from."""
    for scene in stage.scenes:
        console.print(_recording_line(scene))
        rules = "  ".join(f"{o.name} {o.value} ({o.source.value})" for o in scene.market.origins)
        console.print(f"  {rules}", soft_wrap=False)
    capital = ", ".join(f"{plain(v)} {c}" for c, v in sorted(stage.settings.capital.items()))
    console.print(f"paper money: {capital}; plan: {stage.settings.plan.protection_mode.value}\n")


def show_summary(console: Console, stage: Stage, summaries: list[Summary], folder: Path) -> None:
    """Print the summaries side by side, the chosen candle path first."""
    console.print(summary_table(summaries))
    for scene in stage.scenes:
        console.print(f"buy and hold {scene.symbol}: {percent(scene.buy_and_hold_ratio)}")
    console.print(f"\nwritten to {folder}: trades.csv, equity.csv, summary.json, log.jsonl")


def _recording_line(scene: Scene) -> str:
    found = scene.survey
    holes = f"{count(found.holes, 'hole')}, {found.missing} missing" if found.holes else "no holes"
    span = f"{_utc(found.first)} – {_utc(found.last)} UTC"
    kind = scene.recording.kind.value
    return f"{scene.symbol}  {found.rows} {kind}, {span}, {holes}  ({scene.recording.path.name})"


def _utc(at: Timestamp) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d %H:%M")
