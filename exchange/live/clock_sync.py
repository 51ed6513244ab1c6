"""Whether this machine's clock is kept by a time service (NTP), as the kernel says.

``adjtimex(2)`` only reads here: its ``modes`` are 0, which needs no privilege.
"""

import ctypes

import msgspec

_TIME_ERROR = 5
"""The kernel's word for a clock that nothing has kept lately."""
_STA_UNSYNC = 0x40
_US_PER_MS = 1_000


class ClockSync(msgspec.Struct, frozen=True):
    """What the kernel says of its clock."""

    is_kept: bool | None
    """None: it does not say (another system, or a container that may not ask)."""
    error_ms: int | None = None
    """The most that it may be off, by its own estimate."""


class _Timex(ctypes.Structure):
    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_long * 32),  # more than the kernel writes
    )


def clock_sync() -> ClockSync:
    """Ask the kernel."""
    timex = _Timex()
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(timex))
    except (OSError, AttributeError):
        return ClockSync(None)
    if state < 0:
        return ClockSync(None)
    is_kept = state != _TIME_ERROR and not timex.status & _STA_UNSYNC
    return ClockSync(is_kept, timex.maxerror // _US_PER_MS if is_kept else None)
