"""What is wrong with a line of a recording, in words that say what would be right. Pure."""

from math import inf


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
            return f"{name} {text[:40]!r} is not a number"
    raise AssertionError(fields)


def bad_prices(open_: float, high: float, low: float, close: float, volume: float) -> str:
    """Tell why these can't be a candle; they can't."""
    named = {"open": open_, "high": high, "low": low, "close": close}
    for name, price in named.items():
        if not 0 < price < inf:
            return f"{name} {price} is not a price: a finite number above 0 is wanted"
    if not 0 <= volume < inf:
        return f"volume {volume} is not a finite number, 0 or above"
    if low > high:
        return f"high {high} is below low {low}"
    name, price = ("open", open_) if not low <= open_ <= high else ("close", close)
    return f"{name} {price} is not between low {low} and high {high}"
