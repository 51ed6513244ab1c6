"""Values from outside: finite, in range and of the right type, or refused by their field's name.

An exchange, a file, a strategy or a person may hand in anything. Each value passes one of these
readers once, at the border; behind it no other check is needed. A reader never guesses and never
makes a zero of a missing value: ``None`` is refused. What is printed or logged of a foreign text
goes through ``one_line``. Pure.
"""

import re
from decimal import Decimal
from enum import StrEnum
from math import isfinite
from typing import TypeVar

from messages.base import Timestamp
from messages.money import ZERO

LARGEST = Decimal("1e20")
"""No amount, price or sum of a market comes near it; a product of two is still exact."""
SMALLEST = Decimal("1e-24")
"""The least amount above 0. Chains count in up to 18 decimals."""
DIGITS_MOST = 30
"""Significant digits of one number: a product of two fits into the money context's 60."""
DECIMALS_MOST = 30
TEXT_MOST = 200
"""Characters of a name, an id or a reason."""
LINE_MOST = 500
"""Characters that are printed or logged of a foreign text."""
_LINES_MOST = 10_000
EARLIEST = Timestamp(1_230_940_800_000)
"""2009-01-03: no coin is older."""
LATEST = Timestamp(4_102_444_800_000)
"""2100-01-01."""

_NUMBER = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{0,40})?([eE][+-]?[0-9]{1,3})?", re.ASCII)
_NUMBER_CHARACTERS = 64
_SHOWN = 40
_BITS_MOST = 80
"""Of a whole number: more is beyond LARGEST, and costs time to write down."""

E = TypeVar("E", bound=StrEnum)


class BadValueError(ValueError):
    """A value from outside can't be used: its field, the value in short, and why."""

    def __init__(self, field: str, value: object, problem: str) -> None:
        """Name the field and say what is wrong; ``value`` is shown cut and on one line."""
        self.field = field
        self.problem = problem
        super().__init__(f"{field} is {shown(value)}: {problem}")


def number(value: object, field: str) -> Decimal:
    """Return an exact number of either sign. Raises ``BadValueError``."""
    read = _decimal(value, field)
    if not read:
        return ZERO
    size = read.copy_abs()  # abs() would round to the thread's context
    if size > LARGEST:
        raise BadValueError(field, value, f"beyond {LARGEST:.0e}, which no market has")
    if size < SMALLEST:
        raise BadValueError(field, value, f"nearer to 0 than {SMALLEST:.0e}, the least amount")
    return _in_digits(read, value, field)


def amount(value: object, field: str) -> Decimal:
    """Return a number that is 0 or more. Raises ``BadValueError``."""
    read = number(value, field)
    if read < ZERO:
        raise BadValueError(field, value, "below 0")
    return read


def positive(value: object, field: str) -> Decimal:
    """Return a number above 0. Raises ``BadValueError``."""
    read = number(value, field)
    if read <= ZERO:
        raise BadValueError(field, value, "not above 0")
    return read


def quote(value: object, field: str) -> float:
    """Return a price for the eye and the triggers: a float above 0. Raises ``BadValueError``."""
    return float(positive(value, field))


def whole(value: object, field: str, least: int = 0, most: int = int(LARGEST)) -> int:
    """Return a whole number within bounds; a float or a text may hold it."""
    read = _decimal(value, field)
    if read != read.to_integral_value():
        raise BadValueError(field, value, "not a whole number")
    if not least <= read <= most:
        raise BadValueError(field, value, f"not between {least} and {most}")
    return int(read)


def moment(value: object, field: str) -> Timestamp:
    """Return a time in milliseconds since 1970, UTC, from 2009 to 2099."""
    read = whole(value, field, least=-int(LARGEST))
    if not EARLIEST <= read < LATEST:
        problem = "not milliseconds since 1970, UTC, between the years 2009 and 2099"
        raise BadValueError(field, value, problem)
    return Timestamp(read)


def text(value: object, field: str, most: int = TEXT_MOST) -> str:
    """Return a text that is not empty, not too long, and of characters that can be printed."""
    if not isinstance(value, str):
        raise BadValueError(field, value, "not a text")
    if not value:
        raise BadValueError(field, value, "empty")
    if len(value) > most:
        raise BadValueError(field, value, f"longer than {most} characters")
    if not value.isprintable():
        raise BadValueError(field, value, "it has characters that can't be printed")
    return value


def identifier(value: object, field: str) -> str:
    """Return an id: a text, or a whole number as text; ASCII, without spaces."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(whole(value, field))
    read = text(value, field)
    if not read.isascii() or " " in read:
        raise BadValueError(field, value, "an id has no spaces and ASCII letters only")
    return read


def choice(kind: type[E], value: object, field: str) -> E:
    """Return a member of an enumeration by its word."""
    words = {str(one): one for one in kind}
    if not isinstance(value, str) or value not in words:
        raise BadValueError(field, value, f"not one of {', '.join(words)}")
    return words[value]


def one_line(value: object, most: int = LINE_MOST) -> str:
    """Return a foreign text as one line that a terminal and a log can take.

    What a terminal would obey (line ends, ESC, C1 controls, bidirectional overrides) and what can't
    be encoded becomes a space: so no line can be forged.
    """
    raw = value if isinstance(value, str) else str(value)
    cut = raw[: most + 1]
    if not cut.isprintable():
        cut = "".join(one if one.isprintable() else " " for one in cut)
    return cut if len(cut) <= most and len(raw) <= most else f"{cut[: most - 1]}…"


def printable(value: object) -> str:
    """Return a text of several lines of ours, each as ``one_line`` has it."""
    return "\n".join(one_line(line, _LINES_MOST) for line in str(value).split("\n"))


def shown(value: object) -> str:
    """Return a value for an error's text: short, on one line; of what is no word only its type."""
    if value is None:
        return "missing"
    if isinstance(value, str):
        return one_line(repr(value[: _SHOWN + 1]), _SHOWN)
    if isinstance(value, bool | float):
        return repr(value)
    if isinstance(value, int):
        return repr(value) if value.bit_length() <= _BITS_MOST else "a whole number too large"
    if isinstance(value, Decimal):
        return one_line(str(value)[: _SHOWN + 1], _SHOWN)
    return f"of type {one_line(type(value).__name__, _SHOWN)}"


def _decimal(value: object, field: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise BadValueError(field, value, "not a number")
    if isinstance(value, str):
        # Python reads digits of all scripts and underscores; a market writes neither.
        if len(value) > _NUMBER_CHARACTERS or not _NUMBER.fullmatch(value):
            raise BadValueError(field, value, "not a number")
        return Decimal(value)
    if isinstance(value, int):
        if value.bit_length() > _BITS_MOST:
            raise BadValueError(field, value, f"beyond {LARGEST:.0e}, which no market has")
        return Decimal(value)
    is_finite = isfinite(value) if isinstance(value, float) else value.is_finite()
    if not is_finite:
        raise BadValueError(field, value, "not a finite number")
    return Decimal(repr(value)) if isinstance(value, float) else value


def _in_digits(read: Decimal, value: object, field: str) -> Decimal:
    """Return the number with the zeros that say nothing cut off, where there are too many."""
    _, digits, exponent = read.as_tuple()
    if len(digits) > DIGITS_MOST or not -DECIMALS_MOST <= int(exponent) <= 0:
        written = "".join(map(str, digits))
        kept = written.rstrip("0")
        decimals = int(exponent) + len(written) - len(kept)
        if len(kept) > DIGITS_MOST or decimals < -DECIMALS_MOST:
            problem = f"it has more than {DIGITS_MOST} digits, or {DECIMALS_MOST} decimals"
            raise BadValueError(field, value, problem)
        sign = "-" if read < ZERO else ""
        return (
            Decimal(f"{sign}{kept}E{decimals}")
            if decimals <= 0
            else Decimal(f"{sign}{kept}{'0' * decimals}")
        )
    return read
