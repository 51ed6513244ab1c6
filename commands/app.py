"""What a person types: commands and options. Each command's module is imported when used."""

from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from commands import account_commands, exchange_commands
from commands.arguments import HELP_OPTIONS, parse_problem, with_command
from commands.explaining import (
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    EXIT_OK,
    EXIT_USAGE,
    explaining,
)
from commands.shared_options import (
    Config,
    Duration,
    Headless,
    Reason,
    Seed,
    SeenSession,
    SessionDir,
    Sets,
    StateDir,
    StrategyName,
    Yes,
    all_sets,
)
from config.packages import CHECKOUT, program
from messages.border import printable
from session.options import Options
from session.process import may_end_process, run_to_end
from session.wiring import StartTree
from terminal.streams import bounded_streams

HELP = """Holdfast holds each position fast: every position is an actor with a formal life.

Without a command it trades on paper, on a market of its own, until Ctrl-C: that is the command
run, whose options `run --help` lists.
"""
EPILOG = """\b
Examples:
  python supervisor.py                                a market minute a second, live view
  python supervisor.py --speed 1 --headless           real time, plain log lines
  python supervisor.py --seed 7 --set drop.budget=50  another market, smaller entries
  python supervisor.py --config mine.toml             with settings of yours
  python supervisor.py check --print-default > mine.toml
  python supervisor.py replay tests/data/BTC-USDT-1m.csv

\b
Exit codes:
  0    done; also stopped by a first Ctrl-C or SIGTERM
  1    the run failed; the session's log tells more
  2    the command line, the config or a recording can't be used
  69   the exchange can't be reached or is in maintenance: later it may work
  75   a message hung and the process ended itself (or SIGKILL): start it again
  77   the exchange refuses the key
  130  stopped at once by Ctrl-C twice; 143 by SIGTERM
"""

_REPLAY_PATIENCE_SECONDS = 5.0
"""How long a replay waits for a reader that takes nothing; its files are written all the same."""

app = typer.Typer(
    name="holdfast",
    help=HELP,
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=True,
    context_settings={"help_option_names": list(HELP_OPTIONS)},
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

PrintDefault = Annotated[
    bool, typer.Option("--print-default", help="Print a commented config to begin with.")
]


def _show_version(asked: bool) -> None:  # noqa: FBT001 - as typer calls it
    if asked:
        from config.packages import version

        typer.echo(f"Holdfast {version()}")
        raise typer.Exit


@app.callback()
def _main(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    pass


@app.command("run", short_help="Trade until Ctrl-C: on paper, or with --mode on an exchange.")
def run(
    context: typer.Context,
    config: Config = None,
    sets: Sets = None,
    seed: Seed = None,
    speed: Annotated[
        float | None,
        typer.Option(metavar="X", help="Market time over real time; 60 by default, 1 is real."),
    ] = None,
    duration: Duration = None,
    session_dir: SessionDir = None,
    headless: Headless = False,  # noqa: FBT002 - a flag, typed by name
    strategy: StrategyName = None,
    state_dir: StateDir = None,
    fresh: Annotated[  # noqa: FBT002 - as above
        bool, typer.Option("--fresh", help="Begin anew; what the account has is put aside.")
    ] = False,
    abandon: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="With --fresh and real money: give up what NAME holds."),
    ] = None,
    debug: Annotated[  # noqa: FBT002 - as above
        bool, typer.Option("--debug", help="Run your strategy in this process, for a debugger.")
    ] = False,
    mode: exchange_commands.ModeName = "paper",
    exchange: exchange_commands.ExchangeName = None,
    keys: exchange_commands.KeysFile = None,
    yes: exchange_commands.Sure = False,  # noqa: FBT002 - as above
) -> None:
    """Trade until Ctrl-C: on paper, or with --mode on an exchange. The command when none is named.

    Example: python supervisor.py --seed 7 --speed 120 --set drop.budget=50
    """
    with explaining():
        exchange_commands.run_where(
            context.obj,
            exchange_commands.Where(
                config=config,
                sets=all_sets(sets, seed=seed, strategy=strategy, speed=speed),
                duration_seconds=duration,
                session_dir=session_dir,
                headless=headless,
                state_dir=state_dir,
                fresh=fresh,
                abandon=abandon,
                debug=debug,
                mode=mode,
                exchange=exchange,
                keys_file=keys,
                is_sure=yes,
            ),
        )


@app.command("verify", short_help="Check a journal: bytes, end, and every step re-run.")
def verify(
    account: Annotated[
        str | None, typer.Argument(help="The account's folder; default: the only one there is.")
    ] = None,
    state_dir: StateDir = None,
) -> None:
    """Check a journal: its bytes, its end, and every step re-run. Changes nothing.

    Exit codes: 0 whole and reproduced, 3 damaged, lost or different, 4 whole, but written by other
    code and so not re-run.
    """
    from commands.verify import verify as look
    from session.account import STATE

    with explaining():
        code = int(look(state_dir or STATE, account))
    raise typer.Exit(code)


@app.command("export", short_help="Write a journal as tables: orders, fills, PnL.")
def export(
    to: Annotated[Path, typer.Argument(metavar="DIR", help="Where the tables are written.")],
    account: Annotated[
        str | None, typer.Option(help="The account's folder; default: the only one there is.")
    ] = None,
    state_dir: StateDir = None,
    kind: Annotated[str, typer.Option("--format", help="csv, jsonl or parquet.")] = "csv",
    tax: Annotated[  # noqa: FBT002 - a flag, typed by name
        bool, typer.Option("--tax", help="Fills with both legs, lots, dust and transfers, too.")
    ] = False,
) -> None:
    """Write a journal as tables: orders, fills, transitions and PnL.

    Example: python supervisor.py export tables --format jsonl --tax
    """
    from commands.export import export as write
    from session.account import STATE
    from session.table_files import check_format

    with explaining():
        write(state_dir or STATE, account, to, check_format(kind), with_tax=tax)


@app.command("replay", short_help="Play recorded markets to the whole system.")
def replay(
    context: typer.Context,
    recordings: Annotated[
        list[Path],
        typer.Argument(help="Candles or trades, CSV or CSV.gz; several are played together."),
    ],
    config: Config = None,
    sets: Sets = None,
    symbol: Annotated[
        str | None, typer.Option(help="The recording's market, such as BTC/USDT.")
    ] = None,
    candle_path: Annotated[
        str | None, typer.Option(help="low_first or high_first: how a candle is walked.")
    ] = None,
    dispatcher: Annotated[
        str, typer.Option(help="simulated (fast) or production (threads); the trades are equal.")
    ] = "simulated",
    seed: Seed = None,
    speed: Annotated[
        float | None,
        typer.Option(metavar="X", help="Recorded time over real time; default: as fast as it can."),
    ] = None,
    duration: Duration = None,
    session_dir: SessionDir = None,
    headless: Headless = False,  # noqa: FBT002 - a flag, typed by name
    strategy: StrategyName = None,
    journal: Annotated[  # noqa: FBT002 - a flag, typed by name
        bool, typer.Option("--journal", help="Keep the records, for inspect --session.")
    ] = False,
) -> None:
    """Play recorded markets to the whole system, and say what came of it.

    Example: python supervisor.py replay tests/data/BTC-USDT-1m.csv --set drop.drop_ratio=2%
    """
    from commands.replay import Request
    from commands.replay import replay as play

    path = None if candle_path is None else f"replay.candle_path={candle_path}"
    options = Options(
        config=config,
        sets=all_sets([*(sets or ()), *filter(None, [path])], seed=seed, strategy=strategy),
        duration_seconds=duration,
        session_dir=session_dir,
        headless=headless,
    )
    request = Request(
        recordings=tuple(recordings),
        options=options,
        symbol=symbol,
        dispatcher=dispatcher,
        speed=speed,
        keeps_journal=journal,
    )
    with explaining(), bounded_streams(_REPLAY_PATIENCE_SECONDS):
        play(context.obj.start, request)


@app.command("check", short_help="Check a config: every mistake at once.")
def check(
    config: Config = None,
    sets: Sets = None,
    strategy: StrategyName = None,
    print_default: PrintDefault = False,  # noqa: FBT002 - a flag, typed by name
) -> None:
    """Check a config: every mistake at once, each with where it is and what would be right.

    Example: python supervisor.py check --config mine.toml
    """
    from commands import check as checking

    with explaining():
        if print_default:
            checking.print_default()
        else:
            checking.check(Options(config=config, sets=all_sets(sets, strategy=strategy)))


@app.command("inspect", short_help="Look into a session: actors, positions, orders, why.")
def inspect(
    session: SeenSession = None,
    command: Annotated[
        list[str] | None,
        typer.Option("-c", metavar="COMMAND", help="Run it and exit; may be repeated."),
    ] = None,
    as_json: Annotated[  # noqa: FBT002 - a flag, typed by name
        bool, typer.Option("--json", help="Print data, a line each.")
    ] = False,
    operate: Annotated[  # noqa: FBT002 - as above
        bool, typer.Option("--operate", help="Allow what changes trading; needs a reason.")
    ] = False,
    reason: Reason = "",
    yes: Yes = False,  # noqa: FBT002 - as above
) -> None:
    """Look into a session that runs, or is over: actors, positions, orders, why. A prompt, or -c.

    Example: python supervisor.py inspect -c tree -c "position p3"

    Example: python supervisor.py inspect --session tests/data/session -c "why p2"
    """
    account_commands.look_into(
        session, command or (), operate=operate, reason=reason, is_sure=yes, as_json=as_json
    )


account_commands.add_to(app)
exchange_commands.add_to(app)


def run_command(
    start: StartTree, arguments: list[str], make_way: exchange_commands.MakeWay | None = None
) -> int:
    """Run the command that ``arguments`` name; return the process's exit code.

    ``make_way`` gives another way to exchanges, for tests: nothing that a person types leads there.
    """
    names = [command.name for command in app.registered_commands if command.name is not None]
    try:
        with explaining():
            given = with_command(arguments, names)
        with may_end_process():
            command = as_it_was_typed(typer.main.get_command(app))
            code = command(
                given, obj=exchange_commands.Program(start, make_way), standalone_mode=False
            )
    except SystemExit as stop:  # how a callback may end
        return stop.code if isinstance(stop.code, int) else EXIT_FAILED
    except typer.Exit as stop:
        return stop.exit_code
    except typer.Abort:  # the input ended at a question
        typer.echo("interrupted", err=True)
        return EXIT_INTERRUPTED
    except Exception as error:
        problem = parse_problem(error)
        if problem is None:
            raise
        typer.echo(f"error: {printable(problem)}", err=True)
        return EXIT_USAGE
    return code if isinstance(code, int) else EXIT_OK


def as_it_was_typed(command: Any) -> Any:  # noqa: ANN401 - the parser's classes are private
    """Return a command whose help names the program as a person starts it."""
    for one in (command, *getattr(command, "commands", {}).values()):
        one.help = _renamed(one.help)
        one.epilog = _renamed(one.epilog)
    return command


def _renamed(text: str | None) -> str | None:
    return None if text is None else text.replace(CHECKOUT, program())


def run_program(
    start: StartTree, arguments: list[str], make_way: exchange_commands.MakeWay | None = None
) -> NoReturn:
    """Run the command as this process's only work, and end the process with its exit code."""
    run_to_end(lambda: run_command(start, arguments, make_way))
