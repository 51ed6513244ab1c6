"""Servers that live for one test: 10 BTC, 10,000 USDT, and the market at 100."""

from collections.abc import Iterator

import pytest

from exchange.server.thread import ServerThread
from tests.exchange.server.clients import SYMBOL
from tests.exchange.venue import RULES, holding


def served(dialect: str) -> Iterator[ServerThread]:
    with ServerThread(dialect, [RULES], holding()) as server:
        server.move(SYMBOL, 100.0)
        yield server


@pytest.fixture
def binance() -> Iterator[ServerThread]:
    yield from served("binance")


@pytest.fixture
def mexc() -> Iterator[ServerThread]:
    yield from served("mexc")


@pytest.fixture(params=["binance", "mexc"])
def server(request: pytest.FixtureRequest) -> Iterator[ServerThread]:
    """Each dialect."""
    yield from served(request.param)
