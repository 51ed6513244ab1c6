"""``python supervisor.py`` as a person runs it, with another way to the network.

python -m tests.system.wire REACH.json [--every-quote] ARGUMENTS...

``REACH.json`` is what an exchange server printed. ``--every-quote``: a candle closes at each quote,
so that a strategy decides without waiting for minutes. All else is the program.
"""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NoReturn, TypeVar

import msgspec
from msgspec.structs import replace

import supervisor
from actors.runtime.supervision import Children
from actors.runtime.system import System
from commands.app import run_program
from exchange.port import Event, Sink
from exchange.server.connect import open_session
from exchange.server.wire import Reach
from messages.market_data import QuoteReceived
from session.connection import Way
from session.wiring import Wiring
from tests.system.wire.session import HASTY
from tests.system.wire.strategy import candle_at

Port = TypeVar("Port")
EVERY_QUOTE = "--every-quote"


def main(arguments: list[str]) -> NoReturn:
    reach = msgspec.json.decode(Path(arguments[0]).read_bytes(), type=Reach)
    typed = [argument for argument in arguments[1:] if argument != EVERY_QUOTE]
    start = start_at_every_quote if len(typed) < len(arguments) - 1 else supervisor.start
    run_program(start, typed, partial(way_to, reach))


def way_to(reach: Reach) -> Way:
    return Way(
        settings=HASTY,
        pause_seconds=0.01,
        make_session=lambda: open_session(reach),
    )


def start_at_every_quote(system: System, wiring: Wiring) -> Children:
    if wiring.connect_live is None:  # paper money, on the exchange's prices
        listening = replace(wiring, connect=partial(with_candles, wiring.connect))
    else:
        listening = replace(wiring, connect_live=partial(with_candles, wiring.connect_live))
    return supervisor.start(system, listening)


def with_candles(connect: Callable[[Sink], Port], emit: Sink) -> Port:
    def heard(event: Event) -> None:
        emit(event)
        if isinstance(event, QuoteReceived):
            emit(candle_at(event.quote))

    return connect(heard)


if __name__ == "__main__":
    main(sys.argv[1:])
