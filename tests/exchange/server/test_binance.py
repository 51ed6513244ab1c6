"""Binance's dialect: stops, OCO, its refusals, heard by ccxt's real class."""

from decimal import Decimal

import ccxt  # type: ignore[import-untyped] # it has none
import pytest

from exchange.server.control import SetStatus
from exchange.server.thread import ServerThread
from exchange.server.venue import MarketStatus
from messages.base import Symbol
from messages.orders import OrderStatus, StopStatus
from tests.exchange.server.clients import SYMBOL, Client, connected, error_of, run

OCO = {
    "symbol": "BTCUSDT", "side": "SELL", "quantity": "1", "listClientOrderId": "list",
    "aboveType": "LIMIT_MAKER", "abovePrice": "110", "aboveClientOrderId": "above",
    "belowType": "STOP_LOSS", "belowStopPrice": "90", "belowClientOrderId": "below",
}  # fmt: skip


async def statuses(client: Client) -> dict[str, tuple[str, float]]:
    orders = await client.fetch_orders(SYMBOL)
    return {order["clientOrderId"]: (order["status"], order["filled"]) for order in orders}


def test_a_stop_waits_and_then_sells_at_the_market(binance: ServerThread) -> None:
    async def scenario() -> None:
        async with connected(binance) as client:
            stop = {"clientOrderId": "a", "stopLossPrice": 95}
            order = await client.create_order(SYMBOL, "market", "sell", 1, None, stop)
            assert (order["status"], order["triggerPrice"]) == ("open", 95.0)
            binance.move(SYMBOL, 94.0)
            order = await client.fetch_order(order["id"], SYMBOL)
            assert (order["status"], order["average"]) == ("closed", 94.0)

    run(scenario())


def test_a_stop_limit_becomes_a_limit_order(binance: ServerThread) -> None:
    async def scenario() -> None:
        async with connected(binance) as client:
            stop = {"clientOrderId": "a", "stopLossPrice": 95}
            order = await client.create_order(SYMBOL, "limit", "sell", 1, 94.5, stop)
            assert order["info"]["type"] == "STOP_LOSS_LIMIT"
            binance.move(SYMBOL, 90.0, gap=True)
            assert (await client.fetch_order(order["id"], SYMBOL))["status"] == "open"

    run(scenario())
    assert binance.read().order("a").stop is StopStatus.TRIGGERED


def test_an_ocos_limit_leg_fills_and_its_stop_expires(binance: ServerThread) -> None:
    async def scenario() -> None:
        async with connected(binance) as client:
            await client.load_markets()
            placed = await client.private_post_orderlist_oco(OCO)
            assert [one["clientOrderId"] for one in placed["orders"]] == ["above", "below"]
            assert await statuses(client) == {"above": ("open", 0.0), "below": ("open", 0.0)}
            binance.move(SYMBOL, 110.0)
            assert await statuses(client) == {"above": ("closed", 1.0), "below": ("expired", 0.0)}

    run(scenario())
    assert binance.read().total("BTC") == 9


def test_an_ocos_stop_fills_and_its_limit_expires(binance: ServerThread) -> None:
    async def scenario() -> None:
        async with connected(binance) as client:
            await client.load_markets()
            await client.private_post_orderlist_oco(OCO)
            binance.move(SYMBOL, 90.0)
            assert await statuses(client) == {"above": ("expired", 0.0), "below": ("closed", 1.0)}
            (trade,) = await client.fetch_my_trades(SYMBOL)
            below = await client.fetch_order("", SYMBOL, {"origClientOrderId": "below"})
            assert trade["order"] == below["id"]

    run(scenario())


def test_a_partial_fill_takes_an_ocos_stop_away(binance: ServerThread) -> None:
    async def scenario() -> None:
        async with connected(binance) as client:
            await client.load_markets()
            await client.private_post_orderlist_oco(OCO)
            binance.move(SYMBOL, 110.0, quantity=0.4)
            told = await statuses(client)
            assert told["above"][0] == "open"
            assert 0 < told["above"][1] < 1
            assert told["below"] == ("expired", 0.0)

    run(scenario())


@pytest.mark.parametrize("how", ["leg", "list"])
def test_a_cancel_of_one_leg_cancels_both(binance: ServerThread, how: str) -> None:
    async def scenario() -> None:
        async with connected(binance) as client:
            await client.load_markets()
            await client.private_post_orderlist_oco(OCO)
            if how == "leg":
                await client.cancel_order("", SYMBOL, {"origClientOrderId": "below"})
            else:
                asked = {"symbol": "BTCUSDT", "listClientOrderId": "list"}
                await client.private_delete_orderlist(asked)
            ended = ("canceled", 0.0)
            assert await statuses(client) == {"above": ended, "below": ended}

    run(scenario())


def test_an_oco_is_asked_for_by_its_own_client_order_id(binance: ServerThread) -> None:
    async def scenario() -> None:
        async with connected(binance) as client:
            await client.load_markets()
            await client.private_post_orderlist_oco(OCO)
            found = await client.private_get_orderlist({"origClientOrderId": "list"})
            assert found["listOrderStatus"] == "EXECUTING"

    run(scenario())


def test_an_oco_can_be_asked_for_the_older_way(binance: ServerThread) -> None:
    async def scenario() -> None:
        async with connected(binance) as client:
            await client.load_markets()
            asked = {"symbol": "BTCUSDT", "side": "SELL", "quantity": "1", "price": "110"}
            stop = {"stopPrice": "90", "stopLimitPrice": "89.5", "stopLimitTimeInForce": "GTC"}
            names = {"limitClientOrderId": "above", "stopClientOrderId": "below"}
            await client.private_post_order_oco(asked | stop | names)
            binance.move(SYMBOL, 88.0, gap=True)
            assert await statuses(client) == {"above": ("expired", 0.0), "below": ("open", 0.0)}
            binance.move(SYMBOL, 89.5)
            assert await statuses(client) == {"above": ("expired", 0.0), "below": ("closed", 1.0)}

    run(scenario())


@pytest.mark.parametrize(
    "changed",
    [{"abovePrice": "99"}, {"belowStopPrice": "101"}, {"aboveType": "LIMIT"}, {"quantity": "11"}],
)
def test_an_oco_with_wrong_prices_is_refused_whole(
    binance: ServerThread, changed: dict[str, str]
) -> None:
    async def scenario() -> None:
        async with connected(binance) as client:
            await client.load_markets()
            error = await error_of(client.private_post_orderlist_oco(OCO | changed))
            assert isinstance(error, ccxt.ExchangeError)

    run(scenario())
    assert binance.read().orders == ()


def test_a_client_order_id_is_taken_while_its_order_works(binance: ServerThread) -> None:
    async def scenario() -> None:
        async with connected(binance) as client:
            named = {"clientOrderId": "a"}
            await client.create_order(SYMBOL, "limit", "sell", 1, 105, named)
            error = await error_of(client.create_order(SYMBOL, "limit", "sell", 1, 105, named))
            assert isinstance(error, ccxt.InvalidOrder)
            assert "Duplicate order sent." in str(error)

    run(scenario())
    assert len(binance.read().orders) == 1


def test_once_it_is_over_a_second_order_of_the_same_id_is_a_second_order(
    binance: ServerThread,
) -> None:
    async def scenario() -> None:
        async with connected(binance) as client:
            for _ in range(2):
                await client.create_order(SYMBOL, "market", "sell", 1, None, {"clientOrderId": "a"})

    run(scenario())
    assert [facts.client_order_id for facts in binance.read().orders] == ["a", "a~2"]


@pytest.mark.parametrize(
    ("quantity", "price", "kind", "text"),
    [
        ("1", "105.01", ccxt.InvalidOrder, "PRICE_FILTER"),
        ("1.001", "105", ccxt.InvalidOrder, "LOT_SIZE"),
        ("0.001", "105", ccxt.InvalidOrder, "LOT_SIZE"),
        ("0.01", "105", ccxt.BadRequest, "NOTIONAL"),
        ("11", "105", ccxt.InsufficientFunds, "insufficient balance"),
    ],
)
def test_each_filter_refuses_in_its_own_name(
    binance: ServerThread, quantity: str, price: str, kind: type[Exception], text: str
) -> None:
    async def scenario() -> None:
        async with connected(binance) as client:
            await client.load_markets()
            asked = {"symbol": "BTCUSDT", "side": "SELL", "type": "LIMIT", "timeInForce": "GTC"}
            amounts = {"quantity": quantity, "price": price}
            error = await error_of(client.private_post_order(asked | amounts))
            assert type(error) is kind
            assert text in str(error)

    run(scenario())
    assert binance.read().orders == ()


def test_the_symbol_takes_so_many_stops_and_no_more(binance: ServerThread) -> None:
    async def scenario() -> None:
        async with connected(binance) as client:
            stop = {"stopLossPrice": 95}
            for _ in range(5):
                await client.create_order(SYMBOL, "market", "sell", 1, None, stop)
            error = await error_of(client.create_order(SYMBOL, "market", "sell", 1, None, stop))
            assert isinstance(error, ccxt.InvalidOrder | ccxt.BadRequest)
            assert "MAX_NUM_ALGO_ORDERS" in str(error)

    run(scenario())
    assert len(binance.read().orders) == 5


def test_a_stop_behind_the_market_is_refused(binance: ServerThread) -> None:
    async def scenario() -> None:
        async with connected(binance) as client:
            stop = {"stopLossPrice": 101}
            error = await error_of(client.create_order(SYMBOL, "market", "sell", 1, None, stop))
            assert "would trigger immediately" in str(error)

    run(scenario())


def test_what_is_not_there_is_not_found(binance: ServerThread) -> None:
    async def scenario() -> None:
        async with connected(binance) as client:
            looked_up = await error_of(client.fetch_order("10", SYMBOL))
            assert type(looked_up) is ccxt.OrderNotFound
            canceled = await error_of(client.cancel_order("10", SYMBOL))
            assert type(canceled) is ccxt.OrderNotFound

    run(scenario())


def test_a_halted_market_refuses_orders_and_takes_cancels(binance: ServerThread) -> None:
    async def scenario() -> None:
        async with connected(binance) as client:
            await client.create_order(SYMBOL, "limit", "sell", 1, 105, {"clientOrderId": "a"})
            binance.send(SetStatus(Symbol(SYMBOL), MarketStatus.HALTED))
            error = await error_of(client.create_order(SYMBOL, "limit", "sell", 1, 105))
            assert type(error) is ccxt.MarketClosed
            assert not (await client.load_markets(reload=True))[SYMBOL]["active"]
            await client.cancel_order("", SYMBOL, {"origClientOrderId": "a"})

    run(scenario())
    assert binance.read().order("a").status is OrderStatus.CANCELED


def test_a_delisted_market_is_no_symbol_any_more(binance: ServerThread) -> None:
    async def scenario() -> None:
        async with connected(binance) as client:
            await client.load_markets()
            binance.send(SetStatus(Symbol(SYMBOL), MarketStatus.DELISTED))
            error = await error_of(client.create_order(SYMBOL, "limit", "sell", 1, 105))
            assert type(error) is ccxt.BadSymbol
            assert SYMBOL not in await client.load_markets(reload=True)

    run(scenario())


def test_fees_and_permissions_are_told(binance: ServerThread) -> None:
    async def scenario() -> None:
        async with connected(binance) as client:
            fees = (await client.fetch_trading_fees())[SYMBOL]
            assert (fees["maker"], fees["taker"]) == (0.001, 0.002)
            rights = await client.sapi_get_account_apirestrictions()
            assert (rights["enableWithdrawals"], rights["enableReading"]) == (False, True)

    run(scenario())


def test_the_ledger_is_exact(binance: ServerThread) -> None:
    async def scenario() -> None:
        async with connected(binance) as client:
            await client.create_order(SYMBOL, "market", "buy", 0.33, None)
            await client.create_order(SYMBOL, "market", "sell", 0.11, None)

    run(scenario())
    picture = binance.read()
    assert picture.total("BTC") == Decimal("10.22")
    assert picture.total("USDT") == Decimal(10000) - 33 + 11 - Decimal("0.088")
