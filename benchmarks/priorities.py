"""An exit behind 200 queued polls: how long until its order is answered, on both dialects.

Run it from the checkout: ``python -m benchmarks.priorities``; ``--quick`` for a look whether it
works. ccxt's real classes talk over TLS on loopback to the exchange server in this process. The
polls are the background's own; the time runs from the port's ``submit`` until the venue's ack is
told, so it is more than the wait for the way out.
"""

import argparse
import asyncio
import sys
import threading
import time
from collections.abc import Sequence
from decimal import Decimal
from statistics import median
from typing import NamedTuple

from benchmarks.measure import machine, show
from config.live import LiveSettings
from exchange.live.connection import Connection, Credentials
from exchange.live.exchange import CcxtExchange
from exchange.port import Event
from exchange.profiles.registry import profile_of
from exchange.server.connect import open_session
from exchange.server.thread import ServerThread
from messages.base import ClientOrderId, Currency, Milliseconds, PositionId, Symbol, Timestamp
from messages.gateway import SubmitOrder
from messages.market import MarketRules
from messages.money import Money
from messages.order_router import OrderReported
from messages.orders import OrderRequest, OrderType, Priority, Purpose, Side

SWITCHED_ON = "TLS, signatures, rate limiter at the exchange's rate"
DIALECTS = ("binance", "mexc")
POLLS = 200
ROUNDS = 10
QUICK_ROUNDS = 2
GOAL_MS = 150.0
NOW = Timestamp(0)
RULES = MarketRules(
    symbol=Symbol("BTC/USDT"),
    tick_size=Decimal("0.1"),
    step_size=Decimal("0.01"),
    min_quantity=Decimal("0.01"),
    min_notional=Decimal(5),
    maker_fee_ratio=Decimal("0.001"),
    taker_fee_ratio=Decimal("0.002"),
)
HELD = (Money(Currency("BTC"), Decimal(1_000)), Money(Currency("USDT"), Decimal(1_000)))
QUIET = LiveSettings(poll_ms=Milliseconds(600_000), first_candles=0)


class Played(NamedTuple):
    """What one dialect took."""

    exits_ms: list[float]
    waiting: int
    """Polls that waited when the last exit was asked for."""


class Exits:
    """Sends exits behind polls, one at a time, and times each until it is told."""

    def __init__(self, connection: Connection) -> None:
        """Begin over an open connection."""
        self._connection = connection
        self._told = threading.Event()
        self._exchange = CcxtExchange(self._hear, connection)
        self._polls: list[asyncio.Future[object]] = []
        self._count = 0
        self._awaited = ClientOrderId("")

    def play(self) -> tuple[float, int]:
        """Queue the polls, then an exit; return its time (ms) and how many polls waited."""
        self._connection.thread.run(self._queue_polls())
        waiting = self._connection.throttle.waiting
        self._count += 1
        self._awaited = ClientOrderId(f"exit{self._count}")
        self._told.clear()
        begun = time.perf_counter()
        self._exchange.submit(_an_exit(self._awaited), NOW)
        if not self._told.wait(60):
            raise TimeoutError("the exit was not answered")
        took_ms = (time.perf_counter() - begun) * 1000
        self._connection.thread.run(self._drop_polls())
        return took_ms, waiting

    def close(self) -> None:
        """Let go of the venue."""
        self._exchange.close(NOW)

    async def _queue_polls(self) -> None:
        poll = self._connection.call
        self._polls = [
            asyncio.ensure_future(poll("fetch_ticker", RULES.symbol, urgency=Priority.QUERY))
            for _ in range(POLLS)
        ]
        await asyncio.sleep(0.1)  # so that those that may go are under way

    async def _drop_polls(self) -> None:
        for poll in self._polls:
            poll.cancel()
        await asyncio.gather(*self._polls, return_exceptions=True)

    def _hear(self, event: Event) -> None:
        if isinstance(event, OrderReported) and event.facts.client_order_id == self._awaited:
            self._told.set()


def main(arguments: Sequence[str]) -> dict[str, Played]:
    """Measure, print, and return what was measured by dialect."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few rounds, to see that it works")
    rounds = QUICK_ROUNDS if parser.parse_args(arguments).quick else ROUNDS
    print(f"{machine()}. Switched on: {SWITCHED_ON}.")
    played = {dialect: measure(dialect, rounds) for dialect in DIALECTS}
    show(
        f"An exit behind {POLLS} queued polls, {rounds} rounds; goal {GOAL_MS:.0f} ms",
        ("dialect", "median ms", "worst ms", "polls waiting"),
        [
            (name, f"{median(one.exits_ms):.1f}", f"{max(one.exits_ms):.1f}", str(one.waiting))
            for name, one in played.items()
        ],
    )
    return played


def measure(dialect: str, rounds: int) -> Played:
    """Return what exits take in one dialect."""
    with ServerThread(dialect, [RULES], HELD) as server:
        server.move(RULES.symbol, 100.0)
        reach = server.reach
        connection = Connection(
            profile_of(dialect),
            Credentials({"apiKey": reach.api_key, "secret": reach.secret}),
            QUIET,
            make_session=lambda: open_session(reach),
        )
        connection.open()
        exits = Exits(connection)
        try:
            timed = [exits.play() for _ in range(rounds)]
        finally:
            exits.close()
    return Played([took_ms for took_ms, _ in timed], timed[-1][1])


def _an_exit(order_id: ClientOrderId) -> SubmitOrder:
    request = OrderRequest(
        client_order_id=order_id,
        position_id=PositionId("p1"),
        symbol=RULES.symbol,
        side=Side.SELL,
        type=OrderType.LIMIT,
        purpose=Purpose.STOP_LOSS,
        quantity=Decimal(1),
        price=Decimal(200),
    )
    return SubmitOrder(request=request, priority=Priority.EXIT)


if __name__ == "__main__":
    main(sys.argv[1:])
