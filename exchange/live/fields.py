"""The fields of a structure of ccxt: each is read once, or refused by its name. Pure.

Owns the two kinds of fields. Without some (an order's id, a fill's price) a structure says nothing:
a bad one refuses the structure, by ``BadValueError``. All others may be missing: then the field is
*not known yet*, ``None``, never zero; a bad value is given to ``refuse``, and is not known either.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, localcontext
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from messages import border
from messages.base import Currency, Symbol, Timestamp
from messages.border import BadValueError
from messages.money import MONEY_CONTEXT, ZERO, Money
from messages.orders import Side

Raw = Mapping[str, Any]
"""A unified structure of ccxt."""
Refuse = Callable[[BadValueError], None]
"""Takes a value that was refused in a structure that is read without it."""

P = ParamSpec("P")
T = TypeVar("T")

_SYMBOL = re.compile(r"[^\s/:]{1,40}/[^\s/:]{1,40}")


def exactly(function: Callable[P, T]) -> Callable[P, T]:
    """Return ``function`` as it computes under the money context, whatever the thread's is.

    ccxt changes the context that it finds, so the loop thread's own can't be the exact one.
    """

    @wraps(function)
    def compute(*args: P.args, **kwargs: P.kwargs) -> T:
        with localcontext(MONEY_CONTEXT):
            return function(*args, **kwargs)

    return compute


def not_counted(error: BadValueError) -> None:
    """Let a refused value pass without a word: for who reads one structure by hand."""
    del error


def exact(value: object, info: object = None, field: str = "value") -> Decimal | None:
    """Return a number without a float in between; None where there is none.

    A string in ``info`` that reads as the same number is the venue's own, and has all its digits.
    Raises ``BadValueError``.
    """
    if value is None or value == "":
        return None
    read = border.number(value, field)
    if isinstance(value, float) and isinstance(info, Mapping):
        for raw in info.values():
            if isinstance(raw, str) and _reads_as(raw, value):
                return border.number(raw, field)
    return read


def rows_of(answer: object, field: str) -> list[Any]:
    """Return a list that a venue answered with. Raises ``BadValueError`` for anything else."""
    if not isinstance(answer, list | tuple):
        raise BadValueError(field, answer, "not a list")
    return list(answer)


def said(structure: object) -> Raw:
    """Return what a structure says, without its empty fields; nothing where it is no structure."""
    if not isinstance(structure, Mapping):
        return {}
    return {name: value for name, value in structure.items() if value is not None}


def symbol_of(structure: Raw, name: str) -> Symbol:
    """Return a structure's market, spot. Raises ``BadValueError``."""
    read = border.text(mapping(structure, name).get("symbol"), f"{name}.symbol")
    if not _SYMBOL.fullmatch(read):
        raise BadValueError(f"{name}.symbol", read, "not of the form BTC/USDT")
    return Symbol(read)


class Fields:
    """The fields of one structure that may be missing; a bad one is refused and not known."""

    def __init__(self, raw: Raw, name: str, refuse: Refuse) -> None:
        """Read ``raw``, called ``name``; give bad values to ``refuse``."""
        self._raw = raw
        self._name = name
        self._refuse = refuse

    def optional(self, reader: Callable[[object, str], T], field: str) -> T | None:
        """Return what ``reader`` makes of a field; None: missing, or refused."""
        value = self._raw.get(field)
        if value is None or value == "":
            return None
        try:
            return reader(value, f"{self._name}.{field}")
        except BadValueError as error:
            self._refuse(error)
            return None

    def number(self, field: str) -> Decimal | None:
        """Return an exact number of either sign."""
        info = self._raw.get("info")
        return self.optional(lambda value, name: exact(value, info, name), field)

    def amount(self, field: str) -> Decimal | None:
        """Return an exact number that is 0 or more."""
        read = self.number(field)
        if read is not None and read < ZERO:
            self._refuse(BadValueError(f"{self._name}.{field}", read, "below 0"))
            return None
        return read

    def moment(self, field: str) -> Timestamp | None:
        """Return a time; 0 is none."""
        value = self._raw.get(field)
        is_none = isinstance(value, int | float) and not isinstance(value, bool) and not value
        return None if is_none else self.optional(border.moment, field)

    def side(self) -> Side | None:
        """Return which way it trades."""
        return self.optional(lambda value, name: border.choice(Side, value, name), "side")

    def fees(self) -> tuple[Money, ...] | None:
        """Return the fees of a fill, per currency; None: the venue did not say."""
        try:
            return _fees(self._raw)
        except BadValueError as error:
            self._refuse(error)
            return None


def needed(value: object, info: object, field: str) -> Decimal:
    """Return a number above 0 that a structure is nothing without."""
    read = exact(value, info, field)
    return border.positive(read, field)


def mapping(value: object, name: str) -> Raw:
    """Return a structure. Raises ``BadValueError`` for anything else."""
    if not isinstance(value, Mapping):
        raise BadValueError(name, value, "not a structure with fields")
    return value


def _fees(trade: Raw) -> tuple[Money, ...] | None:
    """Return a fill's fees; None where the venue names none. A fee of 0 is named as well.

    Raises ``BadValueError``.
    """
    fees, fee, info = trade.get("fees"), trade.get("fee"), trade.get("info")
    named = []
    for one in fees if isinstance(fees, list | tuple) and fees else [fee]:
        if not isinstance(one, Mapping) or one.get("cost") is None:
            continue
        cost = exact(one["cost"], info, "fill.fee.cost")
        if cost:
            currency = border.identifier(one.get("currency"), "fill.fee.currency")
            named.append(Money(Currency(currency), cost))
        elif cost is not None:
            named.append(Money(Currency(""), ZERO))
    return tuple(one for one in named if one.amount) if named else None


def _reads_as(raw: str, value: float) -> bool:
    try:
        return float(raw) == value
    except ValueError:
        return False
