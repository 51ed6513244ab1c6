"""An example strategy: buy when a candle closes above the highest close of the last hour.

Use it with ``strategy.use = "buy_the_break:BuyTheBreak"``.
"""

from collections import deque
from decimal import Decimal

from actors.strategy.port import Enter, MarketView
from config.settings import Settings

CANDLES = 60


class BuyTheBreak:
    """Buys breakouts, with a stop of two average candles and half of the usual budget."""

    def __init__(self, settings: Settings) -> None:
        """Take the settings; this is the place to read files or check numbers."""
        self._budget = settings.drop.budget / 2
        self._closes: dict[str, deque[float]] = {}

    def on_market(self, market: MarketView) -> Enter | None:
        """Look at a closed candle; return a wish to enter, or None."""
        if market.candle is None:
            return None
        close = market.candle.close
        closes = self._closes.setdefault(market.symbol, deque(maxlen=CANDLES))
        highest = max(closes, default=close)
        is_warm = len(closes) == CANDLES
        closes.append(close)
        if market.is_busy or not is_warm or close <= highest:
            return None
        return Enter(
            reason=f"closed at {close:g}, over {highest:g}, the highest of {CANDLES} candles",
            budget=self._budget,
            plan={"take_profit_ratio": Decimal("0.02"), "stop_loss_atr": Decimal(2)},
        )
