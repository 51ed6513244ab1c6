"""Whether the account's stream had a gap, and whether it is alive.

Owns the number of its connection, which grows with each gap: a connection that ends or is another
one, an event that can't be read. Equal numbers mean that everything that the venue sent in between
arrived, once ``checked`` has had an answer on that connection: what was sent before it came before
it. On the loop only.
"""

import asyncio
from typing import Any

PONG_SECONDS = 1.0
"""For the answer to a ping; without one the stream counts as down."""
_TAKE_SECONDS = 0.05
"""In which the tasks that listen take what came before that answer."""
_ACCOUNT = "orders"
"""What the futures of the account's stream are called by."""


class StreamWatch:
    """The account's stream of one client."""

    def __init__(self) -> None:
        """Know of no connection."""
        self._is_up = False
        self._number = 0
        self._on: tuple[object, object] | None = None
        """The connection that was seen last, and when it was made."""
        self._pings: dict[bytes, asyncio.Future[None]] = {}
        """Those that were not answered yet, by what they say."""
        self._count = 0

    def turned(self, *, is_up: bool) -> None:
        """Take in that the stream is up or down."""
        self._is_up = is_up
        self._number += 1

    def lost(self) -> None:
        """Take in that something that the venue sent may not have been understood."""
        self._number += 1

    def number(self, client: Any) -> int:  # noqa: ANN401 - ccxt's
        """Return the number of the connection as it is now; 0: there is none."""
        socket = self._socket(client)
        if socket is None or not self._is_up:
            return 0
        on = (socket, socket.connectionEstablished)
        if self._on != on:  # ccxt made another, and said nothing
            self._on = on
            self._number += 1
        return self._number

    def ponged(self, data: bytes) -> None:
        """Take in an answer to a ping, ours or ccxt's."""
        answered = self._pings.get(data)
        if answered is not None and not answered.done():
            answered.set_result(None)

    async def checked(self, client: Any) -> int:  # noqa: ANN401 - ccxt's
        """Return the same once the venue has answered on it; 0: it did not, or has no answers."""
        before, socket = self.number(client), self._socket(client)
        if not before or socket is None or getattr(socket, "ping", None) is not None:
            return 0  # a venue with pings of its own: what its answer comes after is not known
        self._count += 1
        mark = str(self._count).encode()
        answered = self._pings[mark] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(PONG_SECONDS):
                await socket.connection.ping(mark)
                await answered
        except (TimeoutError, OSError, RuntimeError, AttributeError):
            return 0  # it is closing, or half open
        finally:
            del self._pings[mark]
        await asyncio.sleep(_TAKE_SECONDS)
        return before if self.number(client) == before else 0

    def _socket(self, client: Any) -> Any:  # noqa: ANN401 - ccxt's
        """Return the open socket that the account's orders come on; None: there is none."""
        opened = [
            socket
            for socket in (client.clients or {}).values()
            if socket.isConnected and not socket.closed()
        ]
        for socket in opened:
            if any(_ACCOUNT in str(key).lower() for key in socket.futures):
                return socket
        # An event came just now, and the next one is not awaited yet.
        known = None if self._on is None else self._on[0]
        return next((socket for socket in opened if socket is known), None)
