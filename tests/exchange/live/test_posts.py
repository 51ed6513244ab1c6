"""Each profile's orders over the real way: ccxt's class, aiohttp, TLS; a POST leaves once.

Whatever happens to the connection: a client order id is no key that makes a repetition harmless.
"""

from contextlib import suppress

import pytest
import trustme

from exchange.live.deadlines import DEADLINE
from exchange.live.http_session import harden, open_session
from exchange.live.preparing import hosts_of
from exchange.live.rate_limiter import ORDER_ID, PLACES
from exchange.profiles.calls import OrderCall
from exchange.profiles.registry import PROFILES
from exchange.server.connect import LocalResolver
from tests.exchange.live.raw_server import JSON_OK, RawServer
from tests.exchange.live.test_transport import ONCE, after_first, run, server_side
from tests.exchange.profiles.capture import ORDERS, write_call
from tests.exchange.profiles.scripted import scripted_client

AUTHORITY = trustme.CA()
NAMES = ("closed after reading", "closed in the middle of the answer", "503 with Retry-After")
"""What becomes of a connection; ``test_transport`` has all that can, for any POST."""


def hosts(exchange_id: str) -> set[str]:
    async def read() -> set[str]:
        client = scripted_client(exchange_id, None)
        with suppress(Exception):
            await client.close()
        return {host.partition(":")[0] for host in hosts_of(client) if "." in host}

    return run(read())


async def _place_twice(exchange_id: str, port: int, names: set[str]) -> None:
    """Place an order that is answered, then one over the connection that is in use."""
    pem = AUTHORITY.cert_pem.bytes().decode()
    call = next(
        made
        for made in (write_call(PROFILES[exchange_id], request) for request in ORDERS.values())
        if isinstance(made, OrderCall)
    )
    async with harden(open_session(authority_pem=pem, resolver=LocalResolver(names, port))) as http:
        client = scripted_client(exchange_id, http)
        client.jumps_of_ours = type("Jumps", (), {"check": lambda *_: None})()
        PLACES.set(True)
        ORDER_ID.set("h0e1p17x3")
        DEADLINE.set(None)
        for _ in range(2):
            with suppress(Exception):  # how it fails is tested elsewhere
                await getattr(client, call.method)(*call.args, dict(call.params))
        with suppress(Exception):
            await client.close()


@pytest.mark.parametrize("exchange_id", PROFILES)
def test_an_order_of_each_exchange_leaves_once_whatever_becomes_of_the_connection(
    exchange_id: str,
) -> None:
    names = hosts(exchange_id)
    context = server_side(AUTHORITY, *sorted(names))
    for name in NAMES:
        with RawServer(after_first(*ONCE[name]), context) as server:
            run(_place_twice(exchange_id, server.port, names))
            assert server.methods == ["POST", "POST"], name


@pytest.mark.parametrize("exchange_id", PROFILES)
def test_an_order_leaves_at_most_once_over_a_connection_that_a_proxy_closed(
    exchange_id: str,
) -> None:
    names = hosts(exchange_id)
    with RawServer(lambda *_: (JSON_OK, None), server_side(AUTHORITY, *sorted(names))) as server:
        run(_place_twice(exchange_id, server.port, names))
        assert 1 <= len(server.methods) <= 2
        assert set(server.methods) == {"POST"}
