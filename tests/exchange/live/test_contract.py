"""The port's contract over the wire: ccxt's real classes against both dialects."""

from collections.abc import Iterator

import pytest

from tests.exchange.contract import PortContract
from tests.exchange.live.wire import WireVenue, wire_venue


class TestBinance(PortContract):
    """Binance's spot dialect."""

    @pytest.fixture
    def venue(self) -> Iterator[WireVenue]:
        with wire_venue("binance") as venue:
            yield venue


class TestMexc(PortContract):
    """MEXC's spot dialect."""

    @pytest.fixture
    def venue(self) -> Iterator[WireVenue]:
        with wire_venue("mexc") as venue:
            yield venue
