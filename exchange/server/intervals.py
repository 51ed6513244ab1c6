"""The intervals of candles by the names that venues give them."""

from messages.base import Milliseconds

_MINUTE = 60_000
_MINUTES = {
    "1m": 1, "3m": 3, "5m": 5, "15m": 15, "30m": 30, "60m": 60, "1h": 60, "2h": 120, "4h": 240,
    "6h": 360, "8h": 480, "12h": 720, "1d": 1440, "3d": 4320, "1w": 10080, "1W": 10080,
}  # fmt: skip
INTERVALS_MS = {name: Milliseconds(minutes * _MINUTE) for name, minutes in _MINUTES.items()}
