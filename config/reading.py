"""A TOML table becomes a settings struct: names, types and ranges, all mistakes noted. Pure.

Owns what a person may write for each type. ``_ms`` fields are read from ``_seconds`` keys, ratios
also from ``"3%"``, and ``"none"`` is an optional setting's None.
"""

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

import msgspec

from config.limits import LIMITS
from messages.base import Currency, Milliseconds, Symbol

S = TypeVar("S", bound=msgspec.Struct)
Note = Callable[[str, str], None]
"""Takes a mistake: the dotted key, and the text."""

DIGITS_MOST = 18
"""Before the point of a number, and after it: what is multiplied with prices must stay exact."""
_SHOWN_MOST = 60
"""Characters of a wrong text that its mistake shows."""

_TEXT_MOST = 1_000
"""Characters of a text; an address of a web hook is the longest."""

_PERCENT = re.compile(r"(?P<number>[+-]?[0-9]+(\.[0-9]+)?) ?%")
_SYMBOL = re.compile(r"[A-Z0-9]+/[A-Z0-9]+")
_CURRENCY = re.compile(r"[A-Z0-9]+")


class WrongValueError(Exception):
    """A value can't be what its key wants; the text says what would be right."""


class IncompleteError(Exception):
    """A table misses what it can't do without, and that is noted already."""


def read_section(section: type[S], table: Mapping[str, object], key: str, note: Note) -> S:
    """Return the struct that ``table`` describes; what is wrong is noted and left at its default.

    Raises ``IncompleteError`` where there is no such default.
    """
    fields = msgspec.structs.fields(section)
    names = {toml_name(field.name): field for field in fields}
    for name in table:
        if name not in names:
            note(join(key, name), _unknown(name, list(names)))
    values: dict[str, object] = {}
    for name, field in names.items():
        place = join(key, name)
        if name in table:
            reader = _Reader(section, field.name, place, note)
            with _noting(place, note):
                values[field.name] = reader.read(field.type, table[name])
        elif field.required:
            note(place, "is missing")
    if any(field.required and field.name not in values for field in names.values()):
        raise IncompleteError
    return section(**values)


@contextmanager
def _noting(key: str, note: Note) -> Iterator[None]:
    """Note what can't be read within, and go on after it."""
    try:
        yield
    except WrongValueError as error:
        note(key, str(error))
    except IncompleteError:
        pass


def toml_name(field_name: str) -> str:
    """Return the key of a field: durations are typed in seconds."""
    return field_name[:-3] + "_seconds" if field_name.endswith("_ms") else field_name


class _Reader:
    """Reads the value of one field."""

    def __init__(self, section: type[msgspec.Struct], field: str, key: str, note: Note) -> None:
        self._section = section
        self._field = field
        self._key = key
        self._note = note
        self._is_ratio = field.endswith("_ratio")
        self._limits = LIMITS.get(section, {}).get(field)

    def read(self, kind: Any, value: object) -> object:  # noqa: ANN401, PLR0911 - a type's form
        origin = get_origin(kind)
        if origin in (Union, UnionType):
            if value == "none":
                return None
            return self.read(next(k for k in get_args(kind) if k is not NoneType), value)
        if origin is tuple:
            return self._list(get_args(kind)[0], value)
        if origin is dict:
            names, inner = get_args(kind)
            return self._table(names, inner, value)
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            return read_section(kind, _as_table(value), self._key, self._note)
        if kind in (Milliseconds, int, float, Decimal):
            return self._number(kind, value)
        if kind is bool:
            if not isinstance(value, bool):
                raise WrongValueError(f"must be true or false, not {_shown(value)}")
            return value
        return _text(kind, value)

    def _at(self, key: str) -> "_Reader":
        return _Reader(self._section, self._field, key, self._note)

    def _list(self, kind: Any, value: object) -> tuple[object, ...]:  # noqa: ANN401 - as above
        if not isinstance(value, list):
            raise WrongValueError(f"must be a list in [], not {_shown(value)}")
        items = []
        for index, item in enumerate(value):
            place = f"{self._key}[{index}]"
            with _noting(place, self._note):
                items.append(self._at(place).read(kind, item))
        return tuple(items)

    def _table(self, names: Any, kind: Any, value: object) -> dict[object, object]:  # noqa: ANN401 - as above
        entries: dict[object, object] = {}
        for name, entry in _as_table(value).items():
            place = join(self._key, name)
            with _noting(place, self._note):
                entries[_text(names, name)] = self._at(place).read(kind, entry)
        return entries

    def _number(self, kind: Any, value: object) -> object:  # noqa: ANN401 - as above
        number = self._decimal(value)
        if self._limits is not None and not self._limits.hold(number):
            raise WrongValueError(
                f"must be {self._limits}, not {_shown(value)}{self._hint(number)}"
            )
        if kind is Decimal:
            return number
        if kind is float:
            return float(number)
        whole = number.scaleb(3) if kind is Milliseconds else number
        if whole != whole.to_integral_value():
            wanted = "whole milliseconds" if kind is Milliseconds else "a whole number"
            raise WrongValueError(f"must be {wanted}, not {_shown(value)}")
        return int(whole)

    def _decimal(self, value: object) -> Decimal:
        percent = _PERCENT.fullmatch(value) if isinstance(value, str) else None
        if percent and self._is_ratio:
            return Decimal(percent["number"]).scaleb(-2)
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            like = 'a number such as 0.03, or "3%"' if self._is_ratio else "a number"
            raise WrongValueError(f"must be {like}, not {_shown(value)}")
        number = Decimal(value)
        if not number.is_finite():
            raise WrongValueError(f"must be a finite number, not {_shown(value)}")
        last_digit = number.as_tuple().exponent
        if number.adjusted() >= DIGITS_MOST or int(last_digit) < -DIGITS_MOST:
            text = f"must have at most {DIGITS_MOST} digits before the point and as many after it"
            raise WrongValueError(text)
        return number

    def _hint(self, number: Decimal) -> str:
        if not self._is_ratio or number < 1:
            return ""
        return f'; {number} % is {number.scaleb(-2)} or "{number}%"'


def _text(kind: Any, value: object) -> object:  # noqa: ANN401 - a type's form
    if not isinstance(value, str):
        raise WrongValueError(f"must be text in quotes, not {_shown(value)}")
    if kind is Symbol and not _SYMBOL.fullmatch(value):
        raise WrongValueError(f"must be a symbol such as BTC/USDT, not {_shown(value)}")
    if kind is Currency and not _CURRENCY.fullmatch(value):
        raise WrongValueError(f"must be a currency such as USDT, not {_shown(value)}")
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return _choice(kind, value)
    if len(value) > _TEXT_MOST or not value.isprintable():
        text = f"must be at most {_TEXT_MOST} characters that can be printed, not {_shown(value)}"
        raise WrongValueError(text)
    return value


def _choice(kind: type[StrEnum], value: str) -> StrEnum:
    choices = [choice.value for choice in kind]
    if value not in choices:
        raise WrongValueError(f"must be one of {', '.join(choices)}, not {_shown(value)}")
    return kind(value)


def _as_table(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise WrongValueError(f"must be a table, not {_shown(value)}")
    return value


def _unknown(name: str, names: list[str]) -> str:
    nearest = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    known = f"did you mean {nearest[0]}?" if nearest else f"known here: {', '.join(names)}"
    return f"there is no such key; {known}"


def join(key: str, name: str) -> str:
    """Return the dotted key of ``name`` within ``key``, quoted where TOML wants it."""
    quoted = name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else f'"{name}"'
    return f"{key}.{quoted}" if key else quoted


def _shown(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            text = value if len(value) <= _SHOWN_MOST else f"{value[:_SHOWN_MOST]}…"
            return f'"{text}"' if text.isprintable() else ascii(text)
        case dict():
            return "a table"
        case list():
            return "a list"
        case _:
            return str(value)
