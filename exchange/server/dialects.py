"""The dialects by name."""

import time
from collections.abc import Iterable

from exchange.server.binance import BINANCE_CAPABILITIES, Binance
from exchange.server.dialect import Dialect
from exchange.server.venue import Clock, Venue
from messages.base import Timestamp
from messages.market import MarketRules
from messages.money import Money


def wall_clock() -> Timestamp:
    """Return the time of this machine."""
    return Timestamp(time.time_ns() // 1_000_000)


def make_dialect(
    name: str, markets: Iterable[MarketRules], balances: Iterable[Money], clock: Clock = wall_clock
) -> Dialect:
    """Return a venue that speaks as ``name`` does: ``binance`` or ``mexc``.

    Raises ``ValueError`` for others.
    """
    if name == "binance":
        return Binance(
            Venue(
                markets, balances, capabilities=BINANCE_CAPABILITIES, clock=clock, reuses_ids=True
            )
        )
    if name == "mexc":
        # Its protobuf schemas come with ccxt, which takes half a second to import.
        from exchange.server.mexc import MEXC_CAPABILITIES, Mexc  # noqa: PLC0415 - only where used

        return Mexc(Venue(markets, balances, capabilities=MEXC_CAPABILITIES, clock=clock))
    raise ValueError(f"no dialect {name!r}; there are: binance, mexc")
