"""The way to an exchange, byte by byte: certificates, redirects, and that a POST leaves once."""

import ssl
from collections.abc import Callable, Coroutine, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import aiohttp
import pytest
import trustme

from exchange.live.connect_errors import ConnectError, ConnectProblem
from exchange.live.connection import Connection, Credentials
from exchange.live.http_session import harden, open_session
from exchange.live.loop import LoopThread
from exchange.profiles.registry import profile_of
from exchange.server.connect import LocalResolver
from tests.exchange.live.raw_server import JSON_OK, RawServer, Script
from tests.exchange.live.wire import STILL

HOST = "api.binance.com"
KEY = "canary-key-0123456789"
URL = f"https://{HOST}/api/v3/order"


T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run on a loop that lets its connections end before it does."""
    errors: list[str] = []
    thread = LoopThread("transport", errors.append)
    try:
        return thread.run(work)
    finally:
        assert thread.stop()
        assert not errors


def server_side(
    authority: trustme.CA, *hosts: str, until: datetime | None = None, with_root: bool = False
) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate = authority.issue_cert(*(hosts or (HOST,)), not_after=until)
    certificate.configure_cert(context)
    if with_root:  # the whole chain comes along, up to a root that nobody trusts
        for blob in certificate.cert_chain_pems:
            assert blob.bytes()
        pem = b"".join(blob.bytes() for blob in (*certificate.cert_chain_pems, authority.cert_pem))
        with trustme.Blob(certificate.private_key_pem.bytes() + pem).tempfile() as file:
            context.load_cert_chain(file)
    return context


def always(*parts: bytes | None) -> Script:
    return lambda _count, _head: parts


AUTHORITY = trustme.CA()
PAST = datetime.now(UTC) - timedelta(days=1)
REFUSED: dict[str, Callable[[], ssl.SSLContext | None]] = {
    "untrusted": lambda: server_side(trustme.CA()),
    "self-signed chain": lambda: server_side(trustme.CA(), with_root=True),
    "expired": lambda: server_side(AUTHORITY, until=PAST),
    "wrong host": lambda: server_side(AUTHORITY, "api.example.com"),
    "plain HTTP": lambda: None,
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_certificate_that_is_not_the_exchanges_is_refused_and_said_to_be_tls(name: str) -> None:
    with RawServer(always(JSON_OK), REFUSED[name]()) as server:
        pem = AUTHORITY.cert_pem.bytes().decode()
        connection = Connection(
            profile_of("binance"),
            Credentials({"apiKey": KEY, "secret": KEY}),
            STILL,
            make_session=lambda: open_session(
                authority_pem=pem, resolver=LocalResolver({HOST}, server.port)
            ),
        )
        with pytest.raises(ConnectError) as raised:
            connection.open()
    assert raised.value.problem is ConnectProblem.TLS
    assert "TLS is refused" in str(raised.value)
    assert "is there a network" not in str(raised.value)
    assert KEY not in str(raised.value)
    assert server.heads == []


def test_the_public_authorities_are_trusted_by_default_and_no_others() -> None:
    async def ask(port: int) -> None:
        session = harden(open_session(resolver=LocalResolver({HOST}, port)))
        async with session, session.get(URL):
            pass

    with (
        RawServer(always(JSON_OK), server_side(AUTHORITY)) as server,
        pytest.raises(aiohttp.ClientConnectorCertificateError),
    ):
        run(ask(server.port))


def asked(script: Script, *requests: str) -> tuple[RawServer, list[str]]:
    """Make requests one after another over one session; return the server and each outcome."""

    async def ask(port: int) -> list[str]:
        pem = AUTHORITY.cert_pem.bytes().decode()
        made = open_session(authority_pem=pem, resolver=LocalResolver({HOST, "evil.example"}, port))
        outcomes: list[str] = []
        async with harden(made) as session:
            outcomes += [await _outcome(session, method) for method in requests]
        return outcomes

    with RawServer(script, server_side(AUTHORITY, HOST, "evil.example")) as server:
        return server, run(ask(server.port))


async def _outcome(session: aiohttp.ClientSession, method: str) -> str:
    headers = {"X-MBX-APIKEY": KEY}
    try:
        if method == "WS":
            async with session.ws_connect(URL.replace("https", "wss"), headers=headers):
                return "open"
        kwargs: dict[str, Any] = {"data": b"side=BUY"} if method == "POST" else {}
        async with session.request(method, URL, headers=headers, **kwargs) as response:
            await response.read()
            return str(response.status)
    except aiohttp.ClientError as error:
        return type(error).__name__


def redirect(status: int, where: str) -> bytes:
    return f"HTTP/1.1 {status} Moved\r\nLocation: {where}\r\nContent-Length: 0\r\n\r\n".encode()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "WS"])
@pytest.mark.parametrize("where", ["https://evil.example/", f"http://{HOST}/", URL, "/elsewhere"])
def test_no_redirect_is_followed(status: int, method: str, where: str) -> None:
    server, outcomes = asked(always(redirect(status, where)), method)
    assert outcomes == ["RedirectRefusedError"]
    assert len(server.heads) == 1


def test_nothing_leaves_without_tls() -> None:
    async def ask(port: int) -> None:
        session = harden(open_session(resolver=LocalResolver({HOST}, port)))
        async with session, session.post(f"http://{HOST}/api/v3/order", data=b"side=BUY"):
            pass

    with (
        RawServer(always(JSON_OK)) as server,
        pytest.raises(aiohttp.ClientConnectionError, match="without TLS: not sent"),
    ):
        run(ask(server.port))
    assert server.heads == []


def after_first(*parts: bytes | None) -> Script:
    """Answer a connection's first request well, and its later ones with ``parts``."""

    def script(count: int, _head: bytes) -> Iterable[bytes | None]:
        return (JSON_OK,) if count == 0 else parts

    return script


CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
ONCE = {
    "closed after reading": (None,),
    "closed in the middle of the head": (b"HTTP/1.1 200 OK\r\nContent-", None),
    "closed in the middle of the answer": (JSON_OK[:-1], None),
    "100 Continue, then closed": (CONTINUE, None),
    "100 Continue, then an answer": (CONTINUE, JSON_OK),
    "no HTTP": (b"\x00\x01\x02\r\n\r\n", None),
    "408 and closed": (b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n", None),
    "425": (b"HTTP/1.1 425 Too Early\r\nContent-Length: 0\r\n\r\n",),
    "401 with a challenge": (
        b'HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm="x"\r\nContent-Length: 0\r\n\r\n',
    ),
    "503 with Retry-After": (
        b"HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        None,
    ),
}


@pytest.mark.parametrize("name", ONCE)
def test_a_post_leaves_once_also_over_a_connection_that_is_in_use(name: str) -> None:
    fresh, _ = asked(always(*ONCE[name]), "POST")
    assert fresh.methods == ["POST"]
    used, outcomes = asked(after_first(*ONCE[name]), "GET", "POST")
    assert outcomes[0] == "200"
    assert used.methods == ["GET", "POST"]
    assert used.connections == 1


def test_a_post_over_a_connection_that_was_closed_meanwhile_leaves_at_most_once() -> None:
    server, outcomes = asked(always(JSON_OK, None), "GET", "POST", "GET")
    assert outcomes[0] == outcomes[2] == "200"
    assert server.methods.count("POST") <= 1
