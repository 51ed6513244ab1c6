"""The streams of both dialects and what goes wrong with them, heard by ccxt's real classes."""

import asyncio
from collections.abc import Awaitable, Callable

import ccxt  # type: ignore[import-untyped] # it has none
import pytest

from exchange.server.control import DropSockets, VenuePicture
from exchange.server.thread import ServerThread
from exchange.server.wire import Call
from exchange.server.wire_faults import WireFault, WireFaultKind
from tests.exchange.server.clients import SYMBOL, Client, connected, error_of, run, until


def hears_orders(venue: VenuePicture) -> bool:
    return bool({"account", "spot@private.orders.v3.api.pb"} & set(venue.topics))


def hears_quotes(venue: VenuePicture) -> bool:
    return any("bookTicker" in topic for topic in venue.topics)


OCO = {
    "symbol": "BTCUSDT", "side": "SELL", "quantity": "1",
    "aboveType": "LIMIT_MAKER", "abovePrice": "110", "aboveClientOrderId": "up",
    "belowType": "STOP_LOSS", "belowStopPrice": "90", "belowClientOrderId": "down",
}  # fmt: skip


async def place(client: Client, name: str, price: float = 105) -> None:
    await client.create_order(SYMBOL, "limit", "sell", 1, price, {"clientOrderId": name})


async def quote(client: Client) -> tuple[float, float]:
    """The next best prices; MEXC's are heard by ``watch_ticker`` only."""
    if client.id == "mexc":
        ticker = await client.watch_ticker(SYMBOL)
    else:
        ticker = (await client.watch_bids_asks([SYMBOL]))[SYMBOL]
    return ticker["bid"], ticker["ask"]


def told(orders: list[dict[str, object]]) -> list[tuple[object, object, object]]:
    return [(order["clientOrderId"], order["status"], order["filled"]) for order in orders]


async def heard_while(
    server: ServerThread, client: Client, act: Callable[[], Awaitable[None]]
) -> list[tuple[object, object, object]]:
    """What the order stream told first, of what ``act`` did."""
    first = asyncio.create_task(client.watch_orders(SYMBOL))
    await until(server, hears_orders)
    await act()
    return told(await first)


def test_quotes_come_at_once_and_with_each_move(server: ServerThread) -> None:
    async def scenario() -> None:
        async with connected(server) as client:
            assert await quote(client) == (100.0, 100.0)
            following = asyncio.create_task(quote(client))
            server.move(SYMBOL, 101.0, 101.5)
            assert await following == (101.0, 101.5)

    run(scenario())


def test_mexcs_best_prices_never_reach_watch_bids_asks(mexc: ServerThread) -> None:
    """ccxt 4.5.90 looks for them under the names of the streams before protobuf."""

    async def scenario() -> None:
        async with connected(mexc) as client:
            waiting = asyncio.create_task(client.watch_bids_asks([SYMBOL]))
            await until(mexc, hears_quotes)
            ticker = await client.watch_ticker(SYMBOL)
            assert ticker["bid"] == 100.0
            assert not waiting.done()
            assert client.bidsasks == {}
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)

    run(scenario())


def test_an_order_is_told_when_it_comes_and_when_it_fills(server: ServerThread) -> None:
    async def scenario() -> None:
        async with connected(server) as client:
            assert await heard_while(server, client, lambda: place(client, "a")) == [
                ("a", "open", 0.0)
            ]
            following = asyncio.create_task(client.watch_orders(SYMBOL))
            trades = asyncio.create_task(client.watch_my_trades(SYMBOL))
            await until(server, hears_orders)
            if client.id == "mexc":
                await until(server, lambda venue: "spot@private.deals.v3.api.pb" in venue.topics)
            server.move(SYMBOL, 105.0)
            assert told(await following) == [("a", "closed", 1.0)]
            (trade,) = await trades
            assert (trade["price"], trade["amount"]) == (105.0, 1.0)
            assert trade["fee"] == {"cost": 0.105, "currency": "USDT"}

    run(scenario())


def test_a_cancel_is_told_under_the_orders_own_id(server: ServerThread) -> None:
    async def scenario() -> None:
        async with connected(server) as client:
            await place(client, "a")
            order_id = (await client.fetch_open_orders(SYMBOL))[0]["id"]

            async def cancel() -> None:
                await client.cancel_order(order_id, SYMBOL)

            assert await heard_while(server, client, cancel) == [("a", "canceled", 0.0)]

    run(scenario())


def test_both_legs_of_an_oco_are_told(binance: ServerThread) -> None:
    async def scenario() -> None:
        async with connected(binance) as client:
            await client.load_markets()
            first = asyncio.create_task(client.watch_orders(SYMBOL))
            await until(binance, hears_orders)
            await client.private_post_orderlist_oco(OCO)
            await first
            binance.move(SYMBOL, 110.0)
            while {order["clientOrderId"]: order["status"] for order in client.orders} != {
                "up": "closed",
                "down": "expired",
            }:
                await client.watch_orders(SYMBOL)

    run(scenario())


def test_balances_are_told(server: ServerThread) -> None:
    async def scenario() -> None:
        async with connected(server) as client:
            waiting = asyncio.create_task(client.watch_balance())
            await until(
                server,
                lambda venue: bool(
                    {"account", "spot@private.account.v3.api.pb"} & set(venue.topics)
                ),
            )
            await place(client, "a")
            assert (await waiting)["BTC"] == {"free": 9.0, "used": 1.0, "total": 10.0}

    run(scenario())


def test_a_wrong_secret_hears_nothing_of_the_account(binance: ServerThread) -> None:
    words = {"secret": "another"}

    async def scenario() -> None:
        async with connected(binance, **words) as client:
            # -1022 makes ccxt drop the subscription twice, which hides why.
            assert type(await error_of(client.watch_orders(SYMBOL))) is KeyError

    run(scenario())
    assert not hears_orders(binance.read())


def test_a_lost_event_never_comes_and_the_next_does(server: ServerThread) -> None:
    async def scenario() -> None:
        async with connected(server) as client:
            await client.load_markets()
            server.plan(WireFault(on=Call.ORDER_EVENT, kind=WireFaultKind.LOST))

            async def both() -> None:
                await place(client, "a")
                await place(client, "b", 106)

            assert await heard_while(server, client, both) == [("b", "open", 0.0)]

    run(scenario())


def test_a_duplicated_event_comes_twice(server: ServerThread) -> None:
    async def scenario() -> None:
        async with connected(server) as client:
            await client.load_markets()
            server.plan(WireFault(on=Call.ORDER_EVENT, kind=WireFaultKind.DUPLICATED))
            heard: list[str] = []
            parse = client.parse_ws_order

            def noted(order: object, *market: object) -> object:
                parsed = parse(order, *market)
                heard.append(parsed["clientOrderId"])
                return parsed

            client.parse_ws_order = noted
            waiting = asyncio.create_task(client.watch_orders(SYMBOL))
            await until(server, hears_orders)
            await place(client, "a")
            await place(client, "b", 106)
            await waiting
            while "b" not in heard:
                await client.watch_orders(SYMBOL)
            assert heard == ["a", "a", "b"]

    run(scenario())


def test_reordered_events_come_the_other_way_round(server: ServerThread) -> None:
    async def scenario() -> None:
        async with connected(server) as client:
            await client.load_markets()
            server.plan(WireFault(on=Call.ORDER_EVENT, kind=WireFaultKind.REORDERED))

            async def both() -> None:
                await place(client, "a")
                await place(client, "b", 106)

            await heard_while(server, client, both)
            while len(client.orders) < 2:
                await client.watch_orders(SYMBOL)
            assert [order["clientOrderId"] for order in client.orders] == ["b", "a"]

    run(scenario())


def test_a_dropped_socket_raises_and_what_it_missed_never_comes(server: ServerThread) -> None:
    async def scenario() -> None:
        async with connected(server) as client:
            await client.load_markets()
            server.plan(WireFault(on=Call.ORDER_EVENT, kind=WireFaultKind.DROPPED))
            waiting = asyncio.create_task(client.watch_orders(SYMBOL))
            await until(server, hears_orders)
            await place(client, "a")
            assert isinstance(await error_of(waiting), ccxt.NetworkError)
            await until(server, lambda venue: not hears_orders(venue))
            following = await heard_while(server, client, lambda: place(client, "b", 106))
            assert following == [("b", "open", 0.0)]

    run(scenario())


def test_all_sockets_are_dropped_on_demand(server: ServerThread) -> None:
    async def scenario() -> None:
        async with connected(server) as client:
            await quote(client)
            waiting = asyncio.create_task(quote(client))
            server.send(DropSockets())
            assert isinstance(await error_of(waiting), ccxt.NetworkError)

    run(scenario())


def test_a_half_open_socket_stays_open_and_says_nothing_more(server: ServerThread) -> None:
    async def scenario() -> None:
        keep_alive = {"streaming": {"keepAlive": 50, "maxPingPongMisses": 1}}
        async with connected(server, **keep_alive) as client:
            await quote(client)
            server.plan(WireFault(on=Call.QUOTE_EVENT, kind=WireFaultKind.HALF_OPEN))
            waiting = asyncio.create_task(quote(client))
            server.move(SYMBOL, 101.0)
            assert server.read().sockets == 1
            # Nobody but the client's own keep-alive notices.
            assert isinstance(await error_of(waiting), ccxt.RequestTimeout)

    run(scenario())


@pytest.mark.parametrize("kind", [WireFaultKind.HALF_OPEN, WireFaultKind.DROPPED])
def test_a_subscription_can_fail(server: ServerThread, kind: WireFaultKind) -> None:
    async def scenario() -> None:
        keep_alive = {"streaming": {"keepAlive": 50, "maxPingPongMisses": 1}}
        async with connected(server, **keep_alive) as client:
            await client.load_markets()
            server.plan(WireFault(on=Call.SUBSCRIBE, kind=kind))
            assert isinstance(await error_of(quote(client)), ccxt.NetworkError)

    run(scenario())
    assert not hears_quotes(server.read())
