"""MEXC's dialect: plain orders only, and its refusals, heard by ccxt's real class."""

import ccxt  # type: ignore[import-untyped] # it has none
import pytest

from exchange.server.control import SetStatus
from exchange.server.thread import ServerThread
from exchange.server.venue import MarketStatus
from messages.base import Symbol
from messages.orders import OrderStatus, StopStatus
from tests.exchange.server.clients import SYMBOL, connected, error_of, run


def test_an_order_is_answered_without_status_fill_or_client_id(mexc: ServerThread) -> None:
    async def scenario() -> None:
        async with connected(mexc) as client:
            named = {"clientOrderId": "a"}
            order = await client.create_order(SYMBOL, "market", "buy", 1, None, named)
            assert order["id"] == "C02__000000000000000001"
            assert [order[name] for name in ("status", "filled", "clientOrderId")] == [None] * 3

    run(scenario())


def test_what_asks_for_a_stop_becomes_a_plain_order(mexc: ServerThread) -> None:
    async def scenario() -> None:
        async with connected(mexc) as client:
            stop = {"clientOrderId": "a", "stopLossPrice": 95}
            await client.create_order(SYMBOL, "market", "sell", 1, None, stop)

    run(scenario())
    facts = mexc.read().order("a")
    assert (facts.status, facts.stop) == (OrderStatus.FILLED, StopStatus.NONE)


@pytest.mark.parametrize(
    ("side", "quantity", "price", "kind", "text"),
    [
        ("sell", 11, 105, ccxt.InsufficientFunds, "Oversold"),
        ("buy", 101, 100, ccxt.InsufficientFunds, "10101"),
        ("sell", 0.01, 105, ccxt.InvalidOrder, "30002"),
    ],
)
def test_a_refusal_says_why(
    mexc: ServerThread, side: str, quantity: float, price: float, kind: type[Exception], text: str
) -> None:
    async def scenario() -> None:
        async with connected(mexc) as client:
            error = await error_of(client.create_order(SYMBOL, "limit", side, quantity, price))
            assert type(error) is kind
            assert text in str(error)

    run(scenario())
    assert mexc.read().orders == ()


def test_more_digits_than_the_market_has_are_refused(mexc: ServerThread) -> None:
    async def scenario() -> None:
        async with connected(mexc) as client:
            await client.load_markets()
            asked = {"symbol": "BTCUSDT", "side": "SELL", "type": "LIMIT", "quantity": "1"}
            error = await error_of(client.spot_private_post_order(asked | {"price": "105.01"}))
            assert "scale is invalid" in str(error)

    run(scenario())


def test_a_cancel_of_what_is_over_is_a_bad_request_whatever_became_of_it(
    mexc: ServerThread,
) -> None:
    async def scenario() -> None:
        async with connected(mexc) as client:
            await client.create_order(SYMBOL, "market", "sell", 1, None, {"clientOrderId": "a"})
            for name in ("a", "never"):
                error = await error_of(client.cancel_order(None, SYMBOL, {"clientOrderId": name}))
                assert type(error) is ccxt.BadRequest
                assert "-2011" in str(error)

    run(scenario())


def test_an_order_that_is_not_there_is_a_bare_exchange_error(mexc: ServerThread) -> None:
    async def scenario() -> None:
        async with connected(mexc) as client:
            error = await error_of(client.fetch_order(None, SYMBOL, {"clientOrderId": "a"}))
            assert type(error) is ccxt.ExchangeError
            assert "-2013" in str(error)

    run(scenario())


def test_a_halted_market_refuses_orders_and_a_delisted_one_is_unknown(mexc: ServerThread) -> None:
    async def scenario() -> None:
        async with connected(mexc) as client:
            await client.load_markets()
            mexc.send(SetStatus(Symbol(SYMBOL), MarketStatus.HALTED))
            error = await error_of(client.create_order(SYMBOL, "limit", "sell", 1, 105))
            assert "30016" in str(error)
            assert not (await client.load_markets(reload=True))[SYMBOL]["active"]
            mexc.send(SetStatus(Symbol(SYMBOL), MarketStatus.DELISTED))
            error = await error_of(client.create_order(SYMBOL, "limit", "sell", 1, 105))
            assert type(error) is ccxt.BadSymbol

    run(scenario())


def test_a_forgotten_listen_key_hears_nothing(mexc: ServerThread) -> None:
    async def scenario() -> None:
        async with connected(mexc) as client:
            client.options["listenKey"] = "forgotten"
            assert type(await error_of(client.watch_orders(SYMBOL))) is ccxt.AuthenticationError

    run(scenario())


def test_the_fee_of_a_market_is_told(mexc: ServerThread) -> None:
    async def scenario() -> None:
        async with connected(mexc) as client:
            fee = await client.fetch_trading_fee(SYMBOL)
            assert (fee["maker"], fee["taker"]) == (0.001, 0.002)

    run(scenario())
