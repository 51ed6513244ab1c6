"""``supervisor.py`` with the exchange's hosts resolved to a server on loopback; else unchanged.

    python -m benchmarks.seconds.holdfast_process REACH.json BEGUN_MS ARGUMENTS...

``REACH.json`` is what the server printed. A candle closes at each quote, so that the strategy is
asked at once and not after minutes; ``BEGUN_MS`` is before the account's first session: candles of
a later session are later. All settings are the config's own.
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
from messages.base import Milliseconds, Timestamp
from messages.market import Candle, Quote
from messages.market_data import CandleReceived, QuoteReceived
from session.connection import Way
from session.wiring import Wiring

Port = TypeVar("Port")
_MINUTE_MS = 60_000
_AHEAD_MS = 86_400_000
"""From ``BEGUN_MS`` to the first candle: after all that the exchange lists."""
_FASTER = 1_000
"""A candle's minute passes in so many times less."""


def main(arguments: list[str]) -> NoReturn:
    """Trade as ``python supervisor.py ARGUMENTS`` does, at the server."""
    reach = msgspec.json.decode(Path(arguments[0]).read_bytes(), type=Reach)
    start = partial(start_with_candles, int(arguments[1]))
    run_program(start, arguments[2:], lambda: Way(make_session=lambda: open_session(reach)))


def start_with_candles(begun: int, system: System, wiring: Wiring) -> Children:
    """Start the program's tree, with a candle for each quote."""
    connect = wiring.connect_live
    if connect is None:
        raise ValueError("it is measured in live mode only")
    return supervisor.start(
        system, replace(wiring, connect_live=partial(_with_candles, begun, connect))
    )


def candle_at(quote: Quote, begun: int) -> CandleReceived:
    """Return a candle that closes at a quote."""
    start = begun + _AHEAD_MS + (quote.at - begun) * _FASTER
    candle = Candle(
        start=Timestamp(start - start % _MINUTE_MS),
        interval_ms=Milliseconds(_MINUTE_MS),
        open=quote.bid,
        high=quote.bid,
        low=quote.bid,
        close=quote.bid,
        volume=0.0,
    )
    return CandleReceived(symbol=quote.symbol, candle=candle)


def _with_candles(begun: int, connect: Callable[[Sink], Port], emit: Sink) -> Port:
    def heard(event: Event) -> None:
        emit(event)
        if isinstance(event, QuoteReceived):
            emit(candle_at(event.quote, begun))

    return connect(heard)


if __name__ == "__main__":
    main(sys.argv[1:])
