"""What both dialects do alike, heard by ccxt's real classes."""

from decimal import Decimal

import pytest

from exchange.server.control import SetBalance
from exchange.server.thread import ServerThread
from exchange.server.wire import Call
from messages.base import Currency
from messages.orders import OrderStatus
from tests.exchange.server.clients import SYMBOL, connected, run, until


def test_markets_come_with_their_steps_and_minimums(server: ServerThread) -> None:
    async def scenario() -> None:
        async with connected(server) as client:
            await client.load_markets()
            market = client.market(SYMBOL)
            assert (market["precision"]["price"], market["precision"]["amount"]) == (0.1, 0.01)
            assert (market["limits"]["amount"]["min"], market["limits"]["cost"]["min"]) == (0.01, 5)
            assert market["active"]

    run(scenario())


def test_balances_tell_what_orders_lock(server: ServerThread) -> None:
    async def scenario() -> None:
        async with connected(server) as client:
            await client.create_order(SYMBOL, "limit", "sell", 4, 105)
            balance = await client.fetch_balance()
            assert balance["BTC"] == {"free": 6.0, "used": 4.0, "total": 10.0}
            assert balance["USDT"]["free"] == 10_000.0

    run(scenario())


def test_a_market_order_fills_and_its_trades_add_up(server: ServerThread) -> None:
    async def scenario() -> None:
        async with connected(server) as client:
            await client.create_order(SYMBOL, "market", "buy", 2, None, {"clientOrderId": "a"})
            order = await client.fetch_order(None, SYMBOL, {"clientOrderId": "a"})
            assert (order["status"], order["filled"], order["cost"]) == ("closed", 2.0, 200.0)
            (trade,) = await client.fetch_my_trades(SYMBOL)
            assert (trade["order"], trade["amount"]) == (order["id"], 2.0)
            assert (trade["fee"]["cost"], trade["fee"]["currency"]) == (0.4, "USDT")

    run(scenario())
    assert server.read().total("USDT") == Decimal("9799.6")


def test_a_limit_order_works_until_it_is_canceled(server: ServerThread) -> None:
    async def scenario() -> None:
        async with connected(server) as client:
            await client.create_order(SYMBOL, "limit", "sell", 1, 105, {"clientOrderId": "a"})
            (working,) = await client.fetch_open_orders(SYMBOL)
            assert (working["clientOrderId"], working["status"]) == ("a", "open")
            await client.cancel_order(working["id"], SYMBOL)
            assert await client.fetch_open_orders(SYMBOL) == []
            order = await client.fetch_order(working["id"], SYMBOL)
            assert (order["status"], order["filled"]) == ("canceled", 0.0)

    run(scenario())
    assert server.read().order("a").status is OrderStatus.CANCELED


def test_an_order_is_canceled_by_its_client_order_id(server: ServerThread) -> None:
    async def scenario() -> None:
        async with connected(server) as client:
            await client.create_order(SYMBOL, "limit", "sell", 1, 105, {"clientOrderId": "a"})
            await client.cancel_order(None, SYMBOL, {"clientOrderId": "a"})

    run(scenario())
    assert server.read().order("a").status is OrderStatus.CANCELED


def test_a_post_only_order_rests_or_is_refused(server: ServerThread) -> None:
    async def scenario() -> None:
        async with connected(server) as client:
            resting = {"clientOrderId": "a", "postOnly": True}
            await client.create_order(SYMBOL, "limit", "sell", 1, 105, resting)
            with pytest.raises(Exception, match=r"immediately match|can not place"):
                await client.create_order(SYMBOL, "limit", "sell", 1, 99, {"postOnly": True})

    run(scenario())
    assert [facts.status for facts in server.read().orders] == [OrderStatus.OPEN]


def test_what_an_ioc_order_does_not_get_ends(server: ServerThread) -> None:
    server.move(SYMBOL, 100.0, quantity=0.2)

    async def scenario() -> None:
        async with connected(server) as client:
            ioc = {"clientOrderId": "a", "timeInForce": "IOC"}
            await client.create_order(SYMBOL, "limit", "buy", 3, 100, ioc)
            order = await client.fetch_order(None, SYMBOL, {"clientOrderId": "a"})
            assert order["filled"] == 0.2
            assert order["status"] in ("expired", "PARTIALLY_CANCELED", "canceled")

    run(scenario())


def test_a_price_on_a_market_sell_makes_it_a_cost_in_quote(server: ServerThread) -> None:
    async def scenario() -> None:
        async with connected(server) as client:
            await client.create_order(SYMBOL, "market", "sell", 1, 50, {"clientOrderId": "a"})

    run(scenario())
    assert server.read().order("a").filled == Decimal("0.5")


def test_quotes_come_by_rest(server: ServerThread) -> None:
    server.move(SYMBOL, 99.9, 100.1, last=100.0)

    async def scenario() -> None:
        async with connected(server) as client:
            ticker = (await client.fetch_tickers())[SYMBOL]
            assert (ticker["bid"], ticker["ask"], ticker["last"]) == (99.9, 100.1, 100.0)
            best = (await client.fetch_bids_asks())[SYMBOL]
            assert (best["bid"], best["ask"]) == (99.9, 100.1)
            book = await client.fetch_order_book(SYMBOL)
            assert (book["bids"][0][0], book["asks"][0][0]) == (99.9, 100.1)

    run(scenario())


def test_the_account_changes_from_outside(server: ServerThread) -> None:
    server.send(SetBalance(Currency("BTC"), Decimal(3)))

    async def scenario() -> None:
        async with connected(server) as client:
            assert (await client.fetch_balance())["BTC"]["total"] == 3.0

    run(scenario())


def test_the_venue_keeps_what_it_was_asked_without_signatures(server: ServerThread) -> None:
    async def scenario() -> None:
        async with connected(server) as client:
            await client.create_order(SYMBOL, "limit", "sell", 1, 105, {"clientOrderId": "a"})
            picture = await until(server, lambda venue: venue.calls(Call.SUBMIT) == 1)
            asked = next(one for one in picture.requests if one.call is Call.SUBMIT)
            assert "side=SELL" in asked.text
            assert "signature" not in asked.text

    run(scenario())
