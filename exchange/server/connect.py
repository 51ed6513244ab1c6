"""How a client reaches the server with the venue's own addresses: name resolution and trust.

``https://api.binance.com`` and ``wss://stream.binance.com:9443`` go to one port of the loopback;
every other host is refused before a packet leaves. Nothing in the client's URLs changes.
"""

import socket as sockets
from collections.abc import Iterable

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from exchange.live import http_session
from exchange.server.wire import LOOPBACK, Reach


class LocalResolver(AbstractResolver):
    """Resolves the venue's hosts to the server, and nothing else."""

    def __init__(self, hosts: Iterable[str], port: int) -> None:
        """Send ``hosts`` to ``port`` of the loopback, whatever port they were asked at."""
        self._hosts = frozenset(hosts)
        self._port = port

    async def resolve(
        self, host: str, port: int = 0, family: sockets.AddressFamily = sockets.AF_INET
    ) -> list[ResolveResult]:
        """Return where ``host`` is. Raises ``OSError`` for hosts that are not the venue's."""
        if host not in self._hosts:
            text = f"{host} is not served here; asked at port {port}, family {family.name}"
            raise OSError(sockets.EAI_NONAME, text)
        return [
            ResolveResult(
                hostname=host,
                host=LOOPBACK,
                port=self._port,
                family=sockets.AF_INET,
                proto=0,
                flags=sockets.AI_NUMERICHOST,
            )
        ]

    async def close(self) -> None:
        """Hold nothing, release nothing."""


def open_session(reach: Reach) -> aiohttp.ClientSession:
    """Return a session that reaches the server; call it in a running loop, close it there."""
    resolver = LocalResolver(reach.hosts, reach.port)
    return http_session.open_session(authority_pem=reach.authority_pem, resolver=resolver)
