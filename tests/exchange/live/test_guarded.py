"""A session's connection goes on, whatever one item, handler or call of ccxt's does."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from exchange.live.market_data import closed_candles
from exchange.server.control import LoadCandles
from exchange.server.thread import ServerThread
from messages.base import Milliseconds, Symbol, Timestamp
from messages.border import BadValueError
from messages.gateway import WatchSymbols
from messages.guardian import Escalated
from messages.market import Candle
from messages.market_data import CandleReceived, QuoteReceived
from messages.observers import Alarm, AlarmKind
from messages.orders import OrderStatus
from tests.exchange.live.wire import STILL, WireVenue
from tests.exchange.venue import RULES, SYMBOL, holding

OTHER = Symbol("ETH/USDT")
MARKETS = (RULES, replace(RULES, symbol=OTHER))
SETTINGS = replace(STILL, call_timeout_ms=Milliseconds(300), poll_ms=Milliseconds(50))
NONE = None
GOOD = [0, 1.0, 2.0, 0.5, 1.5, 7.0]


@pytest.fixture
def venue() -> Iterator[WireVenue]:
    with ServerThread("binance", MARKETS, holding()) as server:
        one = WireVenue(server, "binance", SETTINGS)
        for symbol in (SYMBOL, OTHER):
            server.move(symbol, 100.0)
        yield one
        close(one)


def close(venue: WireVenue) -> None:
    """Close once no socket is on its way: one that is being opened is left to the collector."""
    if venue.exchange.is_subscribed:
        sockets = venue.connection.client.clients
        venue.wait_until(lambda: venue.is_up and all(one.isConnected for one in sockets.values()))
    venue.close()


def kinds(venue: WireVenue) -> set[AlarmKind]:
    return {event.kind for event in venue.events if isinstance(event, Alarm)}


def patch(venue: WireVenue, name: str, made: Callable[..., Any]) -> None:
    """Put a method of the test's in place of ccxt's."""
    setattr(venue.connection.client, name, made)


@pytest.mark.parametrize(
    "row",
    [
        [60_000, NONE, NONE, NONE, NONE, NONE],
        [NONE, 1, 1, 1, 1, 1],
        [60_000, 1, 1, 1],
        [60_000, "a", 1, 1, 1, 1],
        [60_000, float("nan"), 1, 1, 1, 1],
        [60_000, 1, float("inf"), 1, 1, 1],
        [60_000, 1, 1, -1, 1, 1],
        [60_000, 1, 1, 0, 1, 1],
        [float("inf"), 1, 1, 1, 1, 1],
        NONE,
        "row",
        7,
        {"open": 1},
    ],
)
def test_a_row_that_is_no_candle_is_skipped_and_its_neighbours_are_not(row: object) -> None:
    skipped: list[BadValueError] = []
    later = [120_000, *GOOD[1:]]
    found = closed_candles([later, row, GOOD], Timestamp(0), Timestamp(300_000), skipped.append)
    assert [candle.start for candle in found] == [0, 120_000]
    assert len(skipped) == 1


def candles(venue: WireVenue) -> set[Symbol]:
    return {event.symbol for event in venue.events if isinstance(event, CandleReceived)}


def test_candles_go_on_after_one_of_nulls() -> None:
    with ServerThread("binance", MARKETS, holding()) as server:
        venue = WireVenue(server, "binance", replace(SETTINGS, first_candles=3))
        real = venue.connection.client.fetch_ohlcv

        async def with_nulls(symbol: str, *rest: object) -> list[list[float | None]]:
            rows: list[list[float | None]] = await real(symbol, *rest)
            return [[60_000, NONE, NONE, NONE, NONE, NONE], *rows]

        patch(venue, "fetch_ohlcv", with_nulls)
        minute = venue.now - venue.now % 60_000 - 120_000
        for symbol in (SYMBOL, OTHER):
            load(server, symbol, minute)
            venue.exchange.subscribe(symbol, venue.now)
        try:
            venue.wait_until(lambda: candles(venue) == {SYMBOL, OTHER})
            assert AlarmKind.VALUE_REFUSED in kinds(venue)
        finally:
            close(venue)


def load(server: ServerThread, symbol: Symbol, minute: int) -> None:
    one = Candle(
        start=Timestamp(minute),
        interval_ms=Milliseconds(60_000),
        open=1.0,
        high=2.0,
        low=0.5,
        close=1.5,
        volume=1.0,
    )
    server.send(LoadCandles(symbol, (one,)))


def quotes(venue: WireVenue) -> int:
    return sum(isinstance(event, QuoteReceived) for event in venue.events)


async def hangs(*_: object) -> None:
    await asyncio.get_running_loop().create_future()


async def canceled(*_: object) -> None:
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    future.cancel()
    await future


async def of_nulls(*_: object) -> dict[str, Any]:
    return {"a": None, "b": {"symbol": None, "bid": "x", "ask": 1}, "c": {}}


async def of_text(*_: object) -> str:
    return "tickers"


@pytest.mark.parametrize("wrong", [hangs, canceled, of_nulls, of_text])
def test_polling_goes_on_after_an_answer_that_is_none(
    venue: WireVenue, wrong: Callable[..., Any]
) -> None:
    patch(venue, "watch_bids_asks", hangs)  # nothing comes by stream
    calls: list[int] = []
    real = venue.connection.client.fetch_tickers

    async def fetch(*args: object) -> object:
        calls.append(1)
        answer: object = await (wrong(*args) if len(calls) <= 2 else real(*args))
        return answer

    patch(venue, "fetch_tickers", fetch)
    for symbol in (SYMBOL, OTHER):
        venue.exchange.subscribe(symbol, venue.now)
    poll = Milliseconds(50)
    venue.exchange.watch(
        WatchSymbols(held=(SYMBOL, OTHER), held_poll_ms=poll, others=(), poll_ms=poll)
    )
    venue.wait_until(lambda: quotes(venue) >= 2)
    assert len(calls) > 2


def test_an_order_is_answered_where_ccxt_cancels_or_never_answers(venue: WireVenue) -> None:
    for order_id, wrong in (("a", hangs), ("b", canceled)):
        patch(venue, "create_order", wrong)
        venue.sell(order_id, "1", 105)
        assert venue.exchange.wait_idle(10)
        assert venue.refusal(order_id).kind.value == "unknown"


@pytest.mark.parametrize("ack", [{}, {"id": None}, {"id": "", "status": "open"}, [], None])
def test_an_ack_that_names_no_order_proves_none(venue: WireVenue, ack: object) -> None:
    async def bare(*_: object) -> object:
        return ack

    patch(venue, "create_order", bare)
    venue.sell("a", "1", 105)
    assert venue.exchange.wait_idle(10)
    assert venue.refusal("a").kind.value == "unknown"


def test_a_message_that_ccxt_cant_read_does_not_end_the_stream(venue: WireVenue) -> None:
    venue.exchange.subscribe(SYMBOL, venue.now)
    for price in (99.0, 100.0):  # the first one may have been asked for
        venue.move(price)
        venue.wait(0)
    client = venue.connection.client
    real, seen = client.handle_message, []

    def fails_at_first(socket: object, message: object) -> None:
        seen.append(message)
        if len(seen) == 1:
            raise RuntimeError("ccxt's handler")
        real(socket, message)

    for socket in client.clients.values():
        socket.on_message_callback = fails_at_first
    venue.server.move(SYMBOL, 101.0)
    venue.wait_until(lambda: len(seen) == 1)
    venue.move(102.0)
    venue.sell("a", "1", 105)
    venue.wait(0)
    assert venue.facts("a").status is OrderStatus.OPEN
    assert AlarmKind.BAD_ANSWER in kinds(venue)


def test_a_sum_of_fees_keeps_its_digits_in_whatever_currency(venue: WireVenue) -> None:
    client = venue.connection.client
    assert "XYZ" not in client.currencies
    assert client.currency_to_precision("XYZ", 0.1 + 0.2) == "0.3"
    assert client.currency_to_precision("USDT", 0.123456789) == "0.123456789"
    assert client.currency_to_precision("USDT", 0.1 + 0.7) == "0.8", "no digit less"


def test_an_error_that_the_exchange_sends_begins_the_stream_anew(venue: WireVenue) -> None:
    venue.exchange.subscribe(SYMBOL, venue.now)
    venue.move(100.0)
    venue.wait(0)

    class BaseError(Exception):
        """As ccxt's are named."""

    def fails(_socket: object, _message: object) -> None:
        raise BaseError("the token is not valid any more")

    sockets = list(venue.connection.client.clients.values())
    for socket in sockets:
        socket.on_message_callback = fails
    venue.server.move(SYMBOL, 101.0)
    venue.wait_until(lambda: any(socket.error for socket in sockets))
    venue.move(102.0)
    venue.wait(0)
    assert AlarmKind.BAD_ANSWER in kinds(venue)


def test_a_task_that_keeps_failing_is_told_and_escalated_to_the_guardian(venue: WireVenue) -> None:
    venue.exchange.subscribe(SYMBOL, venue.now)
    alarms = venue.exchange._alarms
    for number in range(5):
        venue.connection.thread.call(alarms.restarting, "the stream of orders", number, "it ended")
    venue.connection.thread.call(alarms.escalate, "the stream of orders", "it ended")
    venue.wait_until(lambda: any(isinstance(event, Escalated) for event in venue.events))
    assert AlarmKind.CONNECTION in kinds(venue)
