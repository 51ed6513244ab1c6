"""The venue behind the wire: history, late fills, and trades told once."""

from decimal import Decimal

from exchange.server.control import FillOrder, LoadCandles
from exchange.server.tape import Tape
from exchange.server.thread import ServerThread
from messages.base import Milliseconds, Symbol, Timestamp
from messages.gateway import MarketMoved
from messages.market import Candle
from messages.orders import OrderStatus
from tests.exchange.server.clients import SYMBOL, connected, run

MINUTE_MS = 60_000


def a_minute(number: int, close: float) -> Candle:
    return Candle(
        start=Timestamp(number * MINUTE_MS),
        interval_ms=Milliseconds(MINUTE_MS),
        open=close - 1,
        high=close + 2,
        low=close - 3,
        close=close,
        volume=1.5,
    )


def test_history_comes_by_interval(server: ServerThread) -> None:
    minutes = tuple(a_minute(60 + number, 100.0 + number) for number in range(6))
    server.send(LoadCandles(Symbol(SYMBOL), minutes))

    async def scenario() -> None:
        async with connected(server) as client:
            rows = await client.fetch_ohlcv(SYMBOL, "1m", 60 * MINUTE_MS, 2)
            assert rows == [
                [60 * MINUTE_MS, 99.0, 102.0, 97.0, 100.0, 1.5],
                [61 * MINUTE_MS, 100.0, 103.0, 98.0, 101.0, 1.5],
            ]
            (five, _) = await client.fetch_ohlcv(SYMBOL, "5m", 60 * MINUTE_MS, 2)
            assert five == [60 * MINUTE_MS, 99.0, 106.0, 97.0, 104.0, 7.5]

    run(scenario())


def test_a_minute_is_history_once_the_next_one_trades() -> None:
    tape = Tape()
    for second, last in ((0, 100.0), (59, 101.0), (60, 102.0)):
        moved = MarketMoved(
            symbol=Symbol(SYMBOL), at=Timestamp(second * 1000), bid=last, ask=last, last=last
        )
        tape.add(moved)
    (closed,) = tape.candles(Symbol(SYMBOL), Milliseconds(MINUTE_MS), 0, MINUTE_MS, 10)
    assert (closed.open, closed.close) == (100.0, 101.0)


def test_an_order_can_fill_after_its_cancel(server: ServerThread) -> None:
    async def scenario() -> None:
        async with connected(server) as client:
            await client.create_order(SYMBOL, "limit", "sell", 1, 105, {"clientOrderId": "a"})
            order_id = (await client.fetch_open_orders(SYMBOL))[0]["id"]
            await client.cancel_order(order_id, SYMBOL)
            server.send(FillOrder("a", Decimal("0.4")))
            order = await client.fetch_order(order_id, SYMBOL)
            assert order["filled"] == 0.4
            assert len(await client.fetch_my_trades(SYMBOL)) == 1

    run(scenario())
    facts = server.read().order("a")
    assert (facts.status, facts.filled) == (OrderStatus.CANCELED, Decimal("0.4"))
