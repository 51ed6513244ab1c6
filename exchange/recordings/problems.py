"""What is wrong with a line of a recording, in words that say what would be right. Pure."""

from messages.border import shown

PRICE_LEAST, PRICE_MOST = 1e-15, 1e15
"""Quote per base; no market is near either end."""
VOLUME_LEAST, VOLUME_MOST = 1e-24, 1e20


def bad_start(start: int, last: int, interval_ms: int) -> str:
    """Tell why a candle can't start at ``start``, after one at ``last``."""
    if start == last:
        return f"timestamp {start} is there twice; each candle has its own"
    if start < last:
        return backwards(start, last)
    return f"timestamp {start} is no multiple of the candles' {interval_ms} ms"


def backwards(at: int, last: int) -> str:
    """Tell that time goes backwards."""
    return f"timestamp {at} is before the last line's {last}; lines must be in order of time"


def not_numbers(names: list[str], fields: list[str]) -> str:
    """Tell which of ``fields`` is no number; one of them is none."""
    for name, text in zip(names, fields, strict=True):
        try:
            float(text)
        except ValueError:
            return f"{name} {shown(text)} is not a number"
    raise AssertionError(fields)


def bad_prices(open_: float, high: float, low: float, close: float, volume: float) -> str:
    """Tell why these can't be a candle; they can't."""
    named = {"open": open_, "high": high, "low": low, "close": close}
    for name, price in named.items():
        if not PRICE_LEAST <= price <= PRICE_MOST:
            wanted = f"a number from {PRICE_LEAST:g} to {PRICE_MOST:g}"
            return f"{name} {price} is not a price: {wanted} is wanted"
    if volume != 0 and not VOLUME_LEAST <= volume <= VOLUME_MOST:
        return f"volume {volume} is not 0, nor a number from {VOLUME_LEAST:g} to {VOLUME_MOST:g}"
    if low > high:
        return f"high {high} is below low {low}"
    name, price = ("open", open_) if not low <= open_ <= high else ("close", close)
    return f"{name} {price} is not between low {low} and high {high}"
