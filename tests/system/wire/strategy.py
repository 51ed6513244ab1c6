"""The strategy of these tests, and what lets it decide at every price: a minute is too long."""

from itertools import count

from actors.strategy.port import Enter, MarketView
from config.settings import Settings
from messages.base import Milliseconds, Timestamp
from messages.market import Candle, Quote
from messages.market_data import CandleReceived

_MINUTE_MS = 60_000
_STARTS = count(0, _MINUTE_MS)


class Always:
    """Enters wherever nothing is held, while it may; with ``joins`` also where something is."""

    def __init__(self, settings: Settings | None = None) -> None:
        del settings
        self.may = True
        self.joins = False

    def on_market(self, market: MarketView) -> Enter | None:
        wants = self.joins or not market.is_busy
        return Enter(reason="it may") if self.may and wants else None


class Never:
    """Looks on: what was opened before is brought to its end."""

    def __init__(self, settings: Settings) -> None:
        del settings

    def on_market(self, market: MarketView) -> Enter | None:  # noqa: ARG002 - the port's
        return None


def candle_at(quote: Quote) -> CandleReceived:
    """A candle that closes at a quote: strategies are asked when one does."""
    candle = Candle(
        start=Timestamp(next(_STARTS)),
        interval_ms=Milliseconds(_MINUTE_MS),
        open=quote.bid,
        high=quote.bid,
        low=quote.bid,
        close=quote.bid,
        volume=0.0,
    )
    return CandleReceived(symbol=quote.symbol, candle=candle)
