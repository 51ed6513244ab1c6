"""A server that answers bytes as a test says: for what no HTTP library lets a server do."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from typing import Self

from exchange.server.wire import LOOPBACK

JSON_OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"

_TLS_HELLO = b"\x16\x03"

Script = Callable[[int, bytes], Iterable[bytes | None]]
"""From how many requests came before on the connection, and the request's head, to what is written;
None closes the connection."""


class RawServer:
    """``with RawServer(script, context) as server: ...``; without a context, in plain text."""

    def __init__(self, script: Script, context: ssl.SSLContext | None = None) -> None:
        self.heads: list[bytes] = []
        """Of every request that was read whole, in order."""
        self.connections = 0
        self._script = script
        self._context = context
        self._listener = socket.create_server((LOOPBACK, 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._thread.join(10)

    @property
    def methods(self) -> list[str]:
        """Of every request that came."""
        return [head.split(b" ", 1)[0].decode() for head in self.heads]

    def _serve(self) -> None:
        while True:
            try:
                accepted, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._talk, args=(accepted,), daemon=True).start()

    def _talk(self, accepted: socket.socket) -> None:
        self._open.append(accepted)
        try:
            self._answer(accepted)
        finally:
            accepted.close()  # also one that came while the server ended

    def _answer(self, accepted: socket.socket) -> None:
        with suppress(OSError), ExitStack() as closing:
            if self._context is not None:
                accepted = self._context.wrap_socket(accepted, server_side=True)
                closing.callback(accepted.close)
                self._open.append(accepted)
            count = 0
            while head := _read_request(accepted):
                self.heads.append(head)
                for part in self._script(count, head):
                    if part is None:
                        accepted.close()
                        return
                    accepted.sendall(part)
                count += 1


def _read_request(connection: socket.socket) -> bytes:
    """Return a request's head, its body read too; nothing: the peer is gone."""
    received = b""
    while b"\r\n\r\n" not in received:
        more = connection.recv(65_536)
        if not more:
            return b""
        received += more
        if received.startswith(_TLS_HELLO):
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            return b""
    head, _, body = received.partition(b"\r\n\r\n")
    lengths = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    left = int(lengths[0].split(b":")[1]) - len(body) if lengths else 0
    while left > 0:
        left -= len(connection.recv(65_536)) or left
    return head
