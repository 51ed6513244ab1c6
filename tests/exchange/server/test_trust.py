"""Who may ask, and how old a request may be, in each dialect's words."""

import ccxt  # type: ignore[import-untyped] # it has none
import pytest

from exchange.server.control import SetAccount, SetClock, SetMaintenance
from exchange.server.thread import ServerThread
from exchange.server.venue import Account
from tests.exchange.server.clients import SYMBOL, connected, error_of, run


@pytest.mark.parametrize(
    ("words", "code"),
    [({"apiKey": "another"}, "-2015"), ({"secret": "another"}, "-1022")],
)
def test_binance_refuses_a_wrong_key_and_a_wrong_secret(
    binance: ServerThread, words: dict[str, str], code: str
) -> None:
    async def scenario() -> None:
        async with connected(binance, **words) as client:
            error = await error_of(client.fetch_balance())
            assert type(error) is ccxt.AuthenticationError
            assert code in str(error)

    run(scenario())


@pytest.mark.parametrize(
    ("words", "code", "raised"),
    [
        # ccxt does not see that 10072 is about the key.
        ({"apiKey": "another"}, "10072", ccxt.BadRequest),
        ({"secret": "another"}, "700002", ccxt.AuthenticationError),
    ],
)
def test_mexc_refuses_a_wrong_key_and_a_wrong_secret(
    mexc: ServerThread, words: dict[str, str], code: str, raised: type[Exception]
) -> None:
    async def scenario() -> None:
        async with connected(mexc, **words) as client:
            error = await error_of(client.fetch_balance())
            assert type(error) is raised
            assert code in str(error)

    run(scenario())


@pytest.mark.parametrize("offset_ms", [60_000, -60_000])
def test_a_clock_that_is_far_off_is_refused_until_the_difference_is_loaded(
    server: ServerThread, offset_ms: int
) -> None:
    server.send(SetClock(offset_ms))

    async def scenario() -> None:
        async with connected(server) as client:
            # MEXC's class asks for its currencies, signed, while it loads markets.
            client.options["adjustForTimeDifference"] = False
            client.has["fetchCurrencies"] = False
            await client.load_markets()
            error = await error_of(client.fetch_balance())
            assert type(error) is ccxt.InvalidNonce
            await client.load_time_difference()
            client.options["adjustForTimeDifference"] = True
            assert (await client.fetch_balance())["BTC"]["total"] == 10.0

    run(scenario())


def test_a_key_that_may_not_trade_still_reads(server: ServerThread) -> None:
    server.send(SetAccount(Account(can_trade=False)))

    async def scenario() -> None:
        async with connected(server) as client:
            await client.load_markets()
            error = await error_of(client.create_order(SYMBOL, "limit", "sell", 1, 105))
            assert type(error) is ccxt.AuthenticationError
            assert (await client.fetch_balance())["BTC"]["total"] == 10.0

    run(scenario())
    assert server.read().orders == ()


def test_once_it_worked_ccxt_calls_a_refused_key_at_binance_too_many_requests(
    binance: ServerThread,
) -> None:
    async def scenario() -> None:
        async with connected(binance) as client:
            await client.fetch_balance()
            binance.send(SetAccount(Account(api_key="renewed")))
            error = await error_of(client.fetch_balance())
            assert type(error) is ccxt.DDoSProtection
            assert "-2015" in str(error)

    run(scenario())


def test_in_maintenance_nothing_is_answered(server: ServerThread) -> None:
    server.send(SetMaintenance(is_on=True))

    async def scenario() -> None:
        async with connected(server) as client:
            error = await error_of(client.load_markets())
            assert isinstance(error, ccxt.ExchangeNotAvailable)
            server.send(SetMaintenance(is_on=False))
            assert SYMBOL in await client.load_markets()

    run(scenario())


def test_hosts_that_are_not_the_venues_are_refused_before_a_packet_leaves(
    server: ServerThread,
) -> None:
    async def scenario() -> None:
        async with connected(server) as client:
            error = await error_of(client.session.get("https://example.org/"))
            assert "example.org is not served here" in str(error)

    run(scenario())
