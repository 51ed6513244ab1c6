"""One reading of a whole recording before it is played: its length, its holes, its decimals.

Owns what is counted and measured; what the decimals mean for orders is ``inference``'s business.
"""

from collections.abc import Iterator
from decimal import Decimal
from math import gcd

import msgspec

from config.settings import VolumeIn
from exchange.recordings import Recording, RecordingKind, read_candles, read_rows, read_trades
from messages.base import Milliseconds, Timestamp

_FEW = 100
"""Fewer numbers than this may share a divisor by chance."""
_MOST_DECIMALS = 8
"""Quantities with more are sums made with floats, and tell no step."""


class Survey(msgspec.Struct, frozen=True, kw_only=True):
    """What one reading of a whole recording found."""

    rows: int
    first: Timestamp
    last: Timestamp
    """Of the last candle's start, or the last trade."""
    first_price: Decimal
    """The first candle's open, or the first trade's price."""
    last_price: Decimal
    """The last candle's close, or the last trade's price."""
    holes: int
    """Stretches of missing candles; 0 for trades, which have none."""
    missing_ms: Milliseconds
    """The length of all holes together."""
    price_step: Decimal
    """What divides every price."""
    quantity_step: Decimal | None
    """What divides every volume or amount as written; None: they tell nothing."""


def survey(recording: Recording) -> Survey:
    """Read a recording from end to end. Raises ``RecordingError`` at the first broken line."""
    prices, quantities = _Grid(), _Grid()
    rows = holes = missing_ms = first = last = 0
    first_text = last_text = ""
    is_candles = recording.kind is RecordingKind.CANDLES
    quantity_field = 5 if is_candles else 4
    # The second reading gives the text of the line that the first has found to be sound.
    for at, (_, fields) in zip(_moments(recording), read_rows(recording), strict=True):
        price_texts = fields[1:5] if is_candles else fields[3:4]
        if rows == 0:
            first, first_text = at, price_texts[0]
        elif recording.interval_ms is not None and at > last + recording.interval_ms:
            holes += 1
            missing_ms += at - last - recording.interval_ms
        rows, last, last_text = rows + 1, at, price_texts[-1]
        for text in price_texts:
            prices.add(text)
        quantities.add(fields[quantity_field])
    return Survey(
        rows=rows,
        first=Timestamp(first),
        last=Timestamp(last),
        first_price=Decimal(first_text),
        last_price=Decimal(last_text),
        holes=holes,
        missing_ms=Milliseconds(missing_ms),
        price_step=prices.step,
        quantity_step=quantities.step if quantities.is_telling else None,
    )


def _moments(recording: Recording) -> Iterator[Timestamp]:
    if recording.kind is RecordingKind.CANDLES:
        return (candle.start for candle in read_candles(recording, VolumeIn.BASE))
    return (trade.at for trade in read_trades(recording))


class _Grid:
    """Finds the coarsest step that divides every number it was given as text."""

    def __init__(self) -> None:
        self._count = 0
        self._decimals = 0
        self._divisor = 0
        """Of all numbers so far, in units of the last decimal; 0: only zeros so far."""

    def add(self, text: str) -> None:
        self._count += 1
        if "e" in text or "E" in text:
            text = f"{Decimal(text):f}"
        decimals = len(text.partition(".")[2].rstrip("0"))
        if decimals > self._decimals:
            self._divisor *= 10 ** (decimals - self._decimals)
            self._decimals = decimals
        # Once the last decimal itself divides all, a number with as few decimals changes nothing.
        if self._divisor != 1:
            self._divisor = gcd(self._divisor, int(Decimal(text).scaleb(self._decimals)))

    @property
    def is_telling(self) -> bool:
        return self._divisor > 0 and self._decimals <= _MOST_DECIMALS

    @property
    def step(self) -> Decimal:
        last_decimal = Decimal(1).scaleb(-self._decimals)
        return last_decimal if self._count < _FEW else last_decimal * _nice(self._divisor)


def _nice(divisor: int) -> int:
    """Return the greatest of 1, 2, 5, 10, 20, 50 … that divides ``divisor``, which is above 0."""
    power = 1
    while divisor % (power * 10) == 0:
        power *= 10
    return next(power * digit for digit in (5, 2, 1) if divisor % (power * digit) == 0)
