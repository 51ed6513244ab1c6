"""Chance from a seed: the same numbers on every machine, and a state of one integer. Pure.

Owns the generator (splitmix64: Steele, Lea and Flood, "Fast splittable pseudorandom number
generators", OOPSLA 2014). Integers throughout; what is made of them uses only operations that IEEE
754 rounds in one way, so nothing hangs on a platform's mathematical library. Keeps no secret.
"""

from math import sqrt

_MASK = 0xFFFF_FFFF_FFFF_FFFF
_STEP = 0x9E37_79B9_7F4A_7C15
_FIELD = 0xFFF
_MEAN_OF_FOUR = 2 * _FIELD
_DEVIATION_OF_FOUR = sqrt((4096**2 - 1) / 3)
_TWO_TO_16 = 65_536


class Chance:
    """A stream of 64-bit numbers."""

    __slots__ = ("state",)

    def __init__(self, state: int) -> None:
        """Begin at ``state``: a seed, or where another stream of ours stood."""
        self.state = state & _MASK
        """Where the stream stands; a stream that begins here goes on as this one does."""

    def bits(self) -> int:
        """Return the next 64 bits."""
        self.state = mixed = (self.state + _STEP) & _MASK
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58_476D_1CE4_E5B9) & _MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D0_49BB_1331_11EB) & _MASK
        return mixed ^ (mixed >> 31)

    def between(self, low: float, high: float) -> float:
        """Return a number from ``low`` to ``high``, each as likely as any other."""
        return low + (high - low) * (self.bits() >> 11) / (1 << 53)

    def whole(self, low: int, high: int) -> int:
        """Return a whole number from ``low`` to ``high``, both included."""
        return low + self.bits() % (high - low + 1)


def normal(bits: int) -> float:
    """Make a nearly normal number of mean 0 and deviation 1 out of the lowest 48 bits.

    The sum of four uniform ones: never further than 3.46 from 0. The fat tails of a market come
    from jumps and from a volatility that varies.
    """
    total = (
        (bits & _FIELD)
        + ((bits >> 12) & _FIELD)
        + ((bits >> 24) & _FIELD)
        + ((bits >> 36) & _FIELD)
    )
    return (total - _MEAN_OF_FOUR) / _DEVIATION_OF_FOUR


def share(bits: int) -> float:
    """Make a number from 0 to 1, without 1, out of the lowest 16 bits."""
    return (bits & 0xFFFF) / _TWO_TO_16
