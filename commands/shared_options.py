"""The options that several commands take, and what they say together."""

from pathlib import Path
from typing import Annotated

import typer

DURATION_MOST = 10.0 * 365 * 86_400
"""Seconds: ten years."""


Config = Annotated[
    Path | None, typer.Option(metavar="FILE", help="A TOML file with what differs from defaults.")
]
Sets = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="One setting, as drop.drop_ratio=2%; may be repeated."
    ),
]
Seed = Annotated[
    int | None, typer.Option(metavar="N", help="Of the embedded market; as --set paper.seed=N.")
]
Duration = Annotated[
    float | None,
    typer.Option(
        min=0.0,
        max=DURATION_MOST,
        metavar="SECONDS",
        help="Stop after so long, of real time.",
    ),
]
SessionDir = Annotated[
    Path | None, typer.Option(metavar="DIR", help="This run's files; default sessions/<time>.")
]
SeenSession = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Its folder; default: the newest that runs.")
]
Reason = Annotated[str, typer.Option(metavar="TEXT", help="Why; written into the journal.")]
Yes = Annotated[bool, typer.Option("--yes", help="Show what will happen, and do not ask.")]
StateDir = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Where accounts and their journals are kept; default state."),
]
Headless = Annotated[
    bool,
    typer.Option(
        "--headless", help="Plain lines, no live view; a closed terminal or pipe is no event."
    ),
]
StrategyName = Annotated[
    str | None, typer.Option(metavar="MODULE:CLASS", help="Your strategy; as strategy.use.")
]


def all_sets(
    sets: list[str] | None,
    *,
    seed: int | None = None,
    strategy: str | None = None,
    speed: float | None = None,
) -> tuple[str, ...]:
    """Return every setting that was typed; an option of its own goes over ``--set``."""
    named = {"paper.seed": seed, "strategy.use": strategy, "paper.speed": speed}
    typed = (f"{key}={value}" for key, value in named.items() if value is not None)
    return (*(sets or ()), *typed)
