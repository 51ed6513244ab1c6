"""Questions for which nothing waits leave one after the other."""

import asyncio
from contextlib import suppress
from functools import partial

from msgspec.structs import replace

from exchange.live.routine import RoutineQuestions
from exchange.port import Event
from exchange.server.thread import ServerThread
from exchange.server.wire import Call
from messages.base import Milliseconds
from messages.gateway import FetchOpenOrders, FetchTrades
from messages.reconciler import OpenOrdersReported, TradesReported
from tests.exchange.live.virtual import run
from tests.exchange.live.wire import WireVenue
from tests.exchange.venue import RULES, SYMBOL, holding

GAP_MS = Milliseconds(60_000)


class Asked:
    """Keeps which question left when, in seconds."""

    def __init__(self) -> None:
        self.questions = RoutineQuestions()
        self.left: list[tuple[str, float]] = []

    def add(self, *names: str, gap_ms: Milliseconds = GAP_MS) -> None:
        for name in names:
            self.questions.add(name, gap_ms, partial(self._leave, name))

    def _leave(self, name: str) -> None:
        self.left.append((name, asyncio.get_running_loop().time()))

    async def during(self, seconds: float) -> None:
        """Let time pass; the task is ended as a connection that closes ends it."""
        task = asyncio.get_running_loop().create_task(self.questions.run())
        await asyncio.sleep(seconds)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def test_they_leave_in_order_and_a_gap_apart_and_each_once() -> None:
    async def play() -> list[tuple[str, float]]:
        asked = Asked()
        asked.add("orders", "fills", "orders", "more")
        await asked.during(150)
        asked.add("orders")
        await asked.during(60)
        return asked.left

    assert run(play()) == [("orders", 0), ("fills", 60), ("more", 120), ("orders", 180)]


def test_one_that_did_not_wait_here_takes_a_turn_too() -> None:
    async def play() -> tuple[list[tuple[str, float]], list[bool]]:
        asked, free = Asked(), []
        asked.add("orders", "fills")
        await asked.during(30)
        free.append(asked.questions.is_free)
        asked.questions.left()
        await asked.during(61)
        free.append(asked.questions.is_free)
        await asked.during(60)
        free.append(asked.questions.is_free)
        return asked.left, free

    left, free = run(play())
    assert left == [("orders", 0), ("fills", 90)]
    assert free == [False, False, True]


def test_the_gap_of_each_question_is_its_own() -> None:
    async def play() -> list[tuple[str, float]]:
        asked = Asked()
        asked.add("orders", "fills")
        asked.add("soon", gap_ms=Milliseconds(1_000))
        await asked.during(90)
        return asked.left

    assert run(play()) == [("orders", 0), ("fills", 60), ("soon", 61)]


def test_over_the_wire_the_second_routine_question_waits_and_another_one_does_not() -> None:
    with ServerThread("binance", [RULES], holding()) as server:
        venue = WireVenue(server, "binance")
        venue.exchange.subscribe(SYMBOL, venue.now)
        venue.move(100.0)  # once the stream is heard
        venue.wait(0)

        def is_told(kind: type[Event]) -> bool:
            return any(isinstance(event, kind) for event in venue.events)

        before = server.read().calls(Call.TRADES)
        listed = FetchOpenOrders(symbol=SYMBOL, gap_ms=GAP_MS)
        venue.exchange.fetch_open_orders(listed, venue.now)
        venue.wait_until(lambda: is_told(OpenOrdersReported))
        routine = FetchTrades(symbol=SYMBOL, since=venue.now, gap_ms=GAP_MS)
        venue.exchange.fetch_trades(routine, venue.now)
        venue.exchange.fetch_trades(replace(routine, gap_ms=Milliseconds(0)), venue.now)
        venue.wait_until(lambda: is_told(TradesReported))
        assert venue.exchange.wait_idle(10), "what waits for its turn holds no end up"
        assert server.read().calls(Call.TRADES) == before + 1
        venue.close()
