"""The end of a server on a thread: it leaves no socket, task or transport to the collector."""

import gc
import socket
import warnings

from exchange.server.thread import ServerThread
from exchange.server.wire import LOOPBACK
from tests.exchange.venue import RULES, holding


def test_the_end_closes_connections_whose_handshake_is_under_way() -> None:
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        for count in range(5):
            clients = []
            with ServerThread("binance", [RULES], holding()) as server:
                for _ in range(count):
                    clients.append(socket.create_connection((LOOPBACK, server.server.port)))
                    server.read()
                    clients.append(socket.create_connection((LOOPBACK, server.server.port)))
            for client in clients:
                client.close()
        gc.collect()
    assert [str(one.message) for one in seen if issubclass(one.category, ResourceWarning)] == []
