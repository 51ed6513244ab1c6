"""What is listed on the embedded market: ten spot symbols, and how each behaves.

Owns the numbers; they resemble large and smaller coins on a large venue and are nobody's record.
"""

from decimal import Decimal

import msgspec

from messages.base import Symbol
from messages.market import MarketRules

_FEE_RATIO = Decimal("0.001")
_MIN_NOTIONAL = Decimal(5)


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """One symbol of the embedded market."""

    symbol: Symbol
    price: float
    """Quote per base, about which a session begins."""
    price_decimals: int
    """The tick is one of the last."""
    quantity_decimals: int
    """The step is one of the last."""
    follows: float
    """How far it moves with the whole market: 2 is twice as far."""
    own_volatility: float
    """Deviation of what it does by itself, over that of the whole market."""
    spread_ratio: float
    """(Ask - bid) over mid in a calm market; never under one tick."""
    depth: float
    """Quote currency at the best price in a calm market, on average."""
    turnover: float
    """Quote currency traded in a calm second, on average."""

    @property
    def rules(self) -> MarketRules:
        """What the venue demands."""
        step = Decimal(1).scaleb(-self.quantity_decimals)
        return MarketRules(
            symbol=self.symbol,
            tick_size=Decimal(1).scaleb(-self.price_decimals),
            step_size=step,
            min_quantity=step,
            min_notional=_MIN_NOTIONAL,
            maker_fee_ratio=_FEE_RATIO,
            taker_fee_ratio=_FEE_RATIO,
        )


_COLUMNS = (
    "symbol",
    "price",
    "price_decimals",
    "quantity_decimals",
    "follows",
    "own_volatility",
    "spread_ratio",
    "depth",
    "turnover",
)
_ROWS = (
    ("BTC/USDT", 64_000.0, 2, 5, 1.00, 0.15, 0.00004, 80_000.0, 20_000.0),
    ("ETH/USDT", 3_100.0, 2, 4, 1.15, 0.60, 0.00006, 50_000.0, 12_000.0),
    ("SOL/USDT", 145.0, 2, 3, 1.45, 1.00, 0.00010, 25_000.0, 5_000.0),
    ("BNB/USDT", 580.0, 2, 3, 1.05, 0.80, 0.00010, 20_000.0, 2_500.0),
    ("XRP/USDT", 0.52, 4, 1, 1.25, 1.10, 0.00020, 20_000.0, 2_500.0),
    ("DOGE/USDT", 0.125, 5, 0, 1.55, 1.20, 0.00020, 12_000.0, 1_800.0),
    ("ADA/USDT", 0.45, 4, 1, 1.35, 1.10, 0.00025, 10_000.0, 900.0),
    ("AVAX/USDT", 28.0, 2, 2, 1.50, 1.20, 0.00036, 8_000.0, 800.0),
    ("LINK/USDT", 14.0, 3, 2, 1.40, 1.20, 0.00025, 8_000.0, 700.0),
    ("LTC/USDT", 72.0, 2, 3, 1.20, 1.00, 0.00020, 9_000.0, 600.0),
)

DEFAULT_SYMBOLS: tuple[Listing, ...] = tuple(
    msgspec.convert(dict(zip(_COLUMNS, row, strict=True)), Listing) for row in _ROWS
)
"""The reference first."""
