"""What goes wrong on the wire, what ccxt's real classes raise, and whether the venue had acted."""

import asyncio

import ccxt  # type: ignore[import-untyped] # it has none
import msgspec
import pytest

from exchange.server.control import Release
from exchange.server.thread import ServerThread
from exchange.server.wire import Call
from exchange.server.wire_faults import FOR_EVER, WireFault, WireFaultKind, WireFaults
from messages.orders import OrderStatus
from tests.exchange.server.clients import SYMBOL, Client, connected, error_of, run, until

SHORT_MS = 100
"""How long a client waits for an answer that never comes."""


async def submit(client: Client) -> object:
    return await client.create_order(SYMBOL, "limit", "sell", 1, 105, {"clientOrderId": "a"})


BOTH = [
    (WireFaultKind.RESET, ccxt.ExchangeNotAvailable),
    (WireFaultKind.TRUNCATED, ccxt.ExchangeError),
    (WireFaultKind.BAD_GATEWAY, ccxt.ExchangeNotAvailable),
    (WireFaultKind.UNAVAILABLE, ccxt.ExchangeNotAvailable),
    (WireFaultKind.STALL, ccxt.RequestTimeout),
]


@pytest.mark.parametrize("acted", [True, False], ids=["acted", "not_acted"])
@pytest.mark.parametrize(("kind", "raised"), BOTH, ids=[kind.value for kind, _ in BOTH])
def test_a_submit_fails_on_the_wire(
    server: ServerThread, kind: WireFaultKind, raised: type[Exception], *, acted: bool
) -> None:
    async def scenario() -> None:
        async with connected(server) as client:
            await client.load_markets()
            server.plan(WireFault(on=Call.SUBMIT, kind=kind, acted=acted))
            client.timeout = SHORT_MS if kind is WireFaultKind.STALL else client.timeout
            assert type(await error_of(submit(client))) is raised

    run(scenario())
    assert len(server.read().orders) == acted


@pytest.mark.parametrize("acted", [True, False], ids=["acted", "not_acted"])
def test_too_many_requests_come_with_a_time_to_wait(server: ServerThread, *, acted: bool) -> None:
    async def scenario() -> None:
        async with connected(server) as client:
            await client.load_markets()
            fault = WireFault(
                on=Call.SUBMIT,
                kind=WireFaultKind.TOO_MANY_REQUESTS,
                acted=acted,
                retry_after_seconds=7,
            )
            server.plan(fault)
            error = await error_of(submit(client))
            kinds = {"binance": ccxt.DDoSProtection, "mexc": ccxt.RateLimitExceeded}
            assert type(error) is kinds[client.id]
            assert client.last_response_headers["Retry-After"] == "7"

    run(scenario())
    assert len(server.read().orders) == acted


def test_the_venue_does_not_know_what_became_of_an_order(server: ServerThread) -> None:
    async def scenario() -> None:
        async with connected(server) as client:
            await client.load_markets()
            fault = WireFault(on=Call.SUBMIT, kind=WireFaultKind.UNKNOWN_OUTCOME, acted=True)
            server.plan(fault)
            assert type(await error_of(submit(client))) is ccxt.RequestTimeout

    run(scenario())
    assert server.read().order("a").status is OrderStatus.OPEN


def test_the_venue_denies_an_order_that_it_has(server: ServerThread) -> None:
    async def scenario() -> None:
        async with connected(server) as client:
            await submit(client)
            fault = WireFault(
                on=Call.LOOK_UP,
                kind=WireFaultKind.REFUSED,
                code=-2013,
                text="Order does not exist.",
            )
            server.plan(fault)
            asked = {"clientOrderId": "a", "origClientOrderId": "a"}
            kinds = {"binance": ccxt.OrderNotFound, "mexc": ccxt.ExchangeError}
            error = await error_of(client.fetch_order("", SYMBOL, asked))
            assert type(error) is kinds[client.id]
            assert (await client.fetch_order("", SYMBOL, asked))["status"] == "open"

    run(scenario())


def test_what_stalls_is_answered_when_it_is_released(server: ServerThread) -> None:
    async def scenario() -> None:
        async with connected(server) as client:
            await client.load_markets()
            server.plan(WireFault(on=Call.SUBMIT, kind=WireFaultKind.STALL))
            under_way = asyncio.create_task(submit(client))
            picture = await until(server, lambda venue: venue.calls(Call.SUBMIT) == 1)
            assert picture.orders == ()
            server.send(Release())
            await under_way

    run(scenario())
    assert server.read().order("a").status is OrderStatus.OPEN


@pytest.mark.parametrize(
    "call",
    [Call.CANCEL, Call.LOOK_UP, Call.OPEN_ORDERS, Call.TRADES, Call.BALANCES, Call.QUOTES],
)
def test_every_kind_of_call_can_fail(server: ServerThread, call: Call) -> None:
    async def scenario() -> None:
        async with connected(server) as client:
            await submit(client)
            order_id = (await client.fetch_open_orders(SYMBOL))[0]["id"]
            asked = {
                Call.CANCEL: lambda: client.cancel_order(order_id, SYMBOL),
                Call.LOOK_UP: lambda: client.fetch_order(order_id, SYMBOL),
                Call.OPEN_ORDERS: lambda: client.fetch_open_orders(SYMBOL),
                Call.TRADES: lambda: client.fetch_my_trades(SYMBOL),
                Call.BALANCES: client.fetch_balance,
                Call.QUOTES: client.fetch_bids_asks,
            }[call]
            server.plan(WireFault(on=call, kind=WireFaultKind.BAD_GATEWAY))
            assert isinstance(await error_of(asked()), ccxt.ExchangeNotAvailable)
            await asked()

    run(scenario())


def test_a_cancel_can_be_done_and_its_answer_lost(server: ServerThread) -> None:
    async def scenario() -> None:
        async with connected(server) as client:
            await submit(client)
            order_id = (await client.fetch_open_orders(SYMBOL))[0]["id"]
            server.plan(WireFault(on=Call.CANCEL, kind=WireFaultKind.BAD_GATEWAY, acted=True))
            error = await error_of(client.cancel_order(order_id, SYMBOL))
            assert type(error) is ccxt.ExchangeNotAvailable

    run(scenario())
    assert server.read().order("a").status is OrderStatus.CANCELED


def test_a_cancel_whose_connection_is_reset_is_sent_again_below_ccxt_and_then_refused(
    server: ServerThread,
) -> None:
    """aiohttp repeats GET and DELETE once on a connection that it kept alive, and tells nobody."""

    async def scenario() -> None:
        async with connected(server) as client:
            await submit(client)
            order_id = (await client.fetch_open_orders(SYMBOL))[0]["id"]
            server.plan(WireFault(on=Call.CANCEL, kind=WireFaultKind.RESET, acted=True))
            assert "-2011" in str(await error_of(client.cancel_order(order_id, SYMBOL)))

    run(scenario())
    picture = server.read()
    assert picture.calls(Call.CANCEL) == 2
    assert picture.order("a").status is OrderStatus.CANCELED


def test_a_submit_whose_connection_is_reset_is_sent_once(server: ServerThread) -> None:
    async def scenario() -> None:
        async with connected(server) as client:
            await client.load_markets()
            server.plan(WireFault(on=Call.SUBMIT, kind=WireFaultKind.RESET))
            assert type(await error_of(submit(client))) is ccxt.ExchangeNotAvailable

    run(scenario())
    assert server.read().calls(Call.SUBMIT) == 1


def test_a_plan_counts_each_fault_for_itself() -> None:
    second = WireFault(on=Call.SUBMIT, kind=WireFaultKind.RESET, nth=2)
    sells = WireFault(
        on=Call.SUBMIT, kind=WireFaultKind.STALL, containing="side=SELL", times=FOR_EVER
    )
    faults = WireFaults((second, sells))
    texts = ["side=BUY", "side=SELL", "side=SELL", "side=BUY"]
    assert [faults.next(Call.SUBMIT, text) for text in texts] == [None, second, sells, None]
    assert faults.next(Call.CANCEL, "side=SELL") is None


@pytest.mark.parametrize(
    "words",
    [
        {"on": Call.SUBMIT, "kind": WireFaultKind.LOST},
        {"on": Call.ORDER_EVENT, "kind": WireFaultKind.STALL},
        {"on": Call.SUBMIT, "kind": WireFaultKind.RESET, "nth": 0},
    ],
)
def test_a_fault_that_cannot_be_is_refused(words: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError, match=r"can't be|count from 1"):
        msgspec.convert(words, WireFault)
