"""What a person types: commands and options. Each command's module is imported when used."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from commands.errors import RunFailedError, UsageError
from commands.tree import StartTree

EXIT_OK = 0
EXIT_FAILED = 1
"""The run itself went wrong."""
EXIT_USAGE = 2
"""What was typed, or a file that it names, can't be used."""
EXIT_INTERRUPTED = 130

HELP = """Holdfast holds each position fast: every position is an actor with a formal life.

Exit codes: 0 done, 1 the run failed, 2 the command line, the config or a recording can't be used,
130 interrupted.
"""

app = typer.Typer(
    name="holdfast",
    help=HELP,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def _options() -> None:
    """Make ``replay`` a subcommand although it is the only one."""


@app.command()
def replay(
    context: typer.Context,
    recordings: Annotated[
        list[Path],
        typer.Argument(help="Candles or trades, CSV or CSV.gz; several are played together."),
    ],
    config: Annotated[
        Path | None, typer.Option(help="A TOML file with what differs from the defaults.")
    ] = None,
    sets: Annotated[
        list[str] | None,
        typer.Option("--set", help="One setting, as drop.drop_ratio=2%; may be repeated."),
    ] = None,
    symbol: Annotated[
        str | None, typer.Option(help="The recording's market, such as BTC/USDT.")
    ] = None,
    candle_path: Annotated[
        str | None, typer.Option(help="low_first or high_first: how a candle is walked.")
    ] = None,
    dispatcher: Annotated[
        str, typer.Option(help="simulated (fast) or production (threads); the trades are equal.")
    ] = "simulated",
    session_dir: Annotated[
        Path | None, typer.Option(help="Where the files go; default sessions/<time>.")
    ] = None,
) -> None:
    """Play recorded markets to the whole system, and say what came of it.

    Example: python supervisor.py replay tests/data/BTC-USDT-1m.csv --set drop.drop_ratio=2%
    """
    from commands.replay import Request
    from commands.replay import replay as play

    request = Request(
        recordings=tuple(recordings),
        config=config,
        overrides=tuple(sets or ()),
        symbol=symbol,
        candle_path=candle_path,
        dispatcher=dispatcher,
        session_dir=session_dir,
    )
    with _explaining():
        play(context.obj, request)


def run(start: StartTree, arguments: list[str]) -> int:
    """Run the command that ``arguments`` name; return the process's exit code."""
    try:
        app(arguments, obj=start)
    except SystemExit as stop:  # how typer ends, also when all is well
        return stop.code if isinstance(stop.code, int) else EXIT_FAILED
    return EXIT_OK


@contextmanager
def _explaining() -> Iterator[None]:
    """Turn what a user can mend into one clear line and an exit code."""
    try:
        yield
    except UsageError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(EXIT_USAGE) from None
    except RunFailedError as error:
        typer.echo(f"failed: {error}", err=True)
        raise typer.Exit(EXIT_FAILED) from None
    except KeyboardInterrupt:
        typer.echo("\ninterrupted", err=True)
        raise typer.Exit(EXIT_INTERRUPTED) from None
