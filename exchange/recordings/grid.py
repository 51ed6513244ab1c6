"""The coarsest step that divides every number of a column. Pure.

Owns the arithmetic; what a step means for orders is ``inference``'s business.
"""

from decimal import Decimal
from math import gcd

_FEW = 100
"""Fewer numbers than this may share a divisor by chance."""


class Grid:
    """Finds the coarsest step that divides every number it was given as text."""

    def __init__(self) -> None:
        """Begin without a number."""
        self._count = 0
        self._decimals = 0
        self._divisor = 0
        """Of all numbers so far, in units of the last decimal; 0: none so far."""

    def add(self, text: str) -> None:
        """Take one number above 0, as it is written."""
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
    def step(self) -> Decimal:
        """1, 2 or 5 times a power of ten; below ``_FEW`` numbers, the last decimal that occurs."""
        last_decimal = Decimal(1).scaleb(-self._decimals)
        return last_decimal if self._count < _FEW else last_decimal * _nice(self._divisor)


def _nice(divisor: int) -> int:
    """Return the greatest of 1, 2, 5, 10, 20, 50 … that divides ``divisor``, which is above 0."""
    power = 1
    while divisor % (power * 10) == 0:
        power *= 10
    return next(power * digit for digit in (5, 2, 1) if divisor % (power * digit) == 0)
