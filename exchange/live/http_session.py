"""The HTTP session of a connection: TLS only, no redirect followed, certificates checked.

A signed request carries the key in a header and the signature in its address. A redirect would
send both to another host, or in plain text, and a 307 would send the order once more. So a redirect
is an error, for WebSockets too, and the order's outcome is unknown.
"""

import ssl
from types import SimpleNamespace
from urllib.parse import urlsplit

import aiohttp
import certifi
from aiohttp.abc import AbstractResolver

_ENCRYPTED = frozenset({"https", "wss"})


class RedirectRefusedError(aiohttp.ClientConnectionError):
    """The exchange answered with a redirect, which is not followed."""


class PlainTextRefusedError(aiohttp.ClientConnectionError):
    """A request would leave without TLS; it was not sent."""


def open_session(
    *, authority_pem: str | None = None, resolver: AbstractResolver | None = None
) -> aiohttp.ClientSession:
    """Return a session; call it in a running loop, close it there. ``Connection`` hardens it.

    ``authority_pem`` replaces the public authorities, and ``resolver`` the system's, for tests.
    """
    if authority_pem is None:
        context = ssl.create_default_context(cafile=certifi.where())
    else:
        context = ssl.create_default_context(cadata=authority_pem)
    context.keylog_filename = None  # type: ignore[assignment] # SSLKEYLOGFILE would open TLS to others
    connector = aiohttp.TCPConnector(ssl=context, resolver=resolver)
    return aiohttp.ClientSession(connector=connector)


def harden(session: aiohttp.ClientSession) -> aiohttp.ClientSession:
    """Let ``session`` follow no redirect and send nothing in plain text; return it."""
    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(_refuse_plain_text)
    trace.on_request_redirect.append(_refuse_redirect)
    trace.freeze()
    session.trace_configs.append(trace)
    return session


async def _refuse_plain_text(
    _session: aiohttp.ClientSession,
    _context: SimpleNamespace,
    started: aiohttp.TraceRequestStartParams,
) -> None:
    if started.url.scheme not in _ENCRYPTED:
        raise PlainTextRefusedError(f"{started.url.host} would be asked without TLS: not sent")


async def _refuse_redirect(
    _session: aiohttp.ClientSession,
    _context: SimpleNamespace,
    redirected: aiohttp.TraceRequestRedirectParams,
) -> None:
    response = redirected.response
    response.close()
    where = response.headers.get("Location", "")
    target = urlsplit(where).hostname or redirected.url.host
    raise RedirectRefusedError(
        f"{redirected.url.host} answers with a redirect ({response.status}) to {target}: "
        "not followed"
    )
