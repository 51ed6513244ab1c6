"""What a person types about real exchanges: ``doctor``, ``probe``, ``download``, and where to run.

Owns the options; what they do is in the modules they import when used.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from commands.explaining import explaining
from commands.shared_options import StateDir
from messages.base import Symbol
from session.options import Options
from session.wiring import StartTree
from terminal.console import new_console
from terminal.errors import UsageError
from terminal.streams import bounded_streams

if TYPE_CHECKING:
    from session.connection import Way

ModeName = Annotated[
    str, typer.Option("--mode", help="paper, dry-run (real prices), sandbox or live (real money).")
]
ExchangeName = Annotated[
    str | None, typer.Option("--exchange", metavar="ID", help="As ccxt names it: mexc, binance, …")
]
KeysFile = Annotated[
    Path | None,
    typer.Option("--keys", metavar="FILE", help="Keys, TOML, mode 0600; default: environment."),
]
Sure = Annotated[bool, typer.Option("--yes", help="Trade real money without being asked.")]
_Exchange = Annotated[
    str, typer.Option("--exchange", metavar="ID", help="As ccxt names it: mexc, binance, …")
]
_Symbols = Annotated[
    list[str] | None, typer.Option("--symbol", help="Such as BTC/USDT; may be repeated.")
]
_Config = Annotated[Path | None, typer.Option(metavar="FILE", help="A TOML file, as run takes it.")]
_Sets = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE")]

MakeWay = Callable[[], "Way"]


class Where(Options, frozen=True, kw_only=True):
    """A run's options, and where it trades."""

    mode: str = "paper"
    exchange: str | None = None
    keys_file: Path | None = None
    is_sure: bool = False


class Program(NamedTuple):
    """What every command is given."""

    start: StartTree
    make_way: "MakeWay | None"
    """Another way to exchanges; None: the network."""

    def way(self) -> "Way":
        """Return how exchanges are reached."""
        from session.connection import Way  # noqa: PLC0415 - only where one is reached

        return Way() if self.make_way is None else self.make_way()


@bounded_streams()
def run_where(program: Program, where: Where) -> None:
    """Trade where the options say; raises what the session raises."""
    if where.mode == "paper" and where.exchange is None:
        from commands.run import run  # noqa: PLC0415 - each command is imported when used

        run(program.start, where)
        return
    _refuse_embedded_options(where)
    from commands.live import run_on_exchange  # noqa: PLC0415 - as above
    from session.trading_modes import venue_of  # noqa: PLC0415 - as above

    venue = venue_of(where.mode, where.exchange, where.keys_file, is_sure=where.is_sure)
    run_on_exchange(program.start, where, venue, program.way())


_OF_THE_EMBEDDED_MARKET = {
    "paper.speed": "--speed: a real exchange trades in real time",
    "paper.seed": "--seed: only the embedded market is made from a seed",
}


def _refuse_embedded_options(where: Where) -> None:
    """Refuse what only the embedded market has. Raises ``UsageError``."""
    for one in where.sets:
        problem = _OF_THE_EMBEDDED_MARKET.get(one.partition("=")[0].strip())
        if problem is not None:
            raise UsageError(f"--mode {where.mode} takes no {problem}")


def add_to(app: typer.Typer) -> None:
    """Add the commands."""

    @app.command("doctor", short_help="Ask an exchange whether a session would work there.")
    def doctor(
        context: typer.Context,
        exchange: _Exchange,
        symbol: _Symbols = None,
        keys: KeysFile = None,
        state_dir: StateDir = None,
        config: _Config = None,
        sets: _Sets = None,
    ) -> None:
        """Ask an exchange whether a session would work there. Places no order.

        Exit codes: 0 yes, 1 a symbol or setting can't trade, 69 not reachable or in maintenance, 77
        the key is refused. Example: python supervisor.py doctor --exchange mexc --symbol BTC/USDT
        """
        from commands.doctor import (  # noqa: PLC0415 - each command is imported when used
            Question,
            examine,
        )
        from session.account import STATE  # noqa: PLC0415 - each command is imported when used
        from session.options import read_config  # noqa: PLC0415 - as above

        console = new_console(soft_wrap=True)
        question = Question(
            exchange_id=exchange,
            symbols=tuple(map(Symbol, symbol or ())),
            keys_file=keys,
            state=state_dir or STATE,
        )
        with explaining():
            settings = read_config(Options(config=config, sets=tuple(sets or ())))
            code = examine(question, settings, context.obj.way(), console.print)
        raise typer.Exit(code)

    @app.command("probe", short_help="Small orders that show how an exchange behaves.")
    def probe(
        context: typer.Context,
        exchange: _Exchange,
        symbol: Annotated[str, typer.Option(help="A liquid market, such as BTC/USDT.")],
        mode: Annotated[str, typer.Option(help="sandbox, or live (real money, asks first).")] = "",
        keys: KeysFile = None,
        state_dir: StateDir = None,
        wait: Annotated[
            float,
            typer.Option(min=1.0, max=86_400.0, help="Seconds for a stop to trigger."),
        ] = 300.0,
        config: _Config = None,
        sets: _Sets = None,
    ) -> None:
        """Place, cancel and trigger small orders; keep what they showed. Sells all at the end.

        Exit codes: 0 done, 1 a step failed (nothing is left, or the text says what), 130 ended by
        Ctrl-C. Example: supervisor.py probe --exchange binance --symbol BTC/USDT --mode sandbox
        """
        from commands.probe.probe import Request  # noqa: PLC0415 - as above
        from commands.probe.probe import probe as examine  # noqa: PLC0415 - as above
        from session.account import STATE  # noqa: PLC0415 - each command is imported when used
        from session.options import read_config  # noqa: PLC0415 - as above
        from session.trading_modes import probe_venue  # noqa: PLC0415 - as above

        console = new_console(soft_wrap=True)
        with explaining():
            settings = read_config(Options(config=config, sets=tuple(sets or ())))
            request = Request(
                venue=probe_venue(mode, exchange, keys),
                symbol=Symbol(symbol),
                state=state_dir or STATE,
                stop_seconds=wait,
            )
            examine(request, settings, context.obj.way(), console.print)

    @app.command("download", short_help="Download candles into recordings for replay.")
    def download(
        context: typer.Context,
        exchange: _Exchange,
        since: Annotated[str, typer.Option(metavar="DATE", help="UTC, such as 2024-01-31.")],
        symbol: _Symbols = None,
        until: Annotated[str | None, typer.Option(metavar="DATE", help="Default: now.")] = None,
        interval: Annotated[str, typer.Option(help="1m, 5m, 15m, 1h, 4h or 1d.")] = "1m",
        to: Annotated[Path, typer.Option(metavar="DIR")] = Path("recordings"),
    ) -> None:
        """Download candles into recordings for replay; run again, it carries on where it ended.

        Example: python supervisor.py download --exchange mexc --symbol BTC/USDT --since 2024-01-31
        """
        from commands.download import (  # noqa: PLC0415 - each command is imported when used
            Request,
            moment,
        )
        from commands.download import download as fetch  # noqa: PLC0415 - as above

        with explaining():
            if not symbol:
                raise UsageError("download needs --symbol, such as BTC/USDT; may be repeated")
            request = Request(
                exchange_id=exchange,
                symbols=tuple(map(Symbol, symbol)),
                since=moment(since),
                until=None if until is None else moment(until),
                interval=interval,
                folder=to,
            )
            fetch(request, context.obj.way(), new_console())
