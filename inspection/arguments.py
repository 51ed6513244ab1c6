"""What a person typed at a command: words, numbers and ``name=value``, with errors that help."""

import shlex
from collections.abc import Callable, Iterable
from decimal import Decimal
from difflib import get_close_matches

from inspection.errors import InspectError
from messages.addresses import position_address
from messages.base import Address, PositionId
from messages.border import BadValueError, number, one_line

_COUNT_DIGITS = 15
_SHOWN = 80
"""Characters of what was typed that a mistake shows."""


def split(line: str) -> list[str]:
    """Return the words of a line; what begins with ``{`` is one word, as it is.

    Raises ``InspectError`` where a quote is not closed.
    """
    head, brace, fields = line.partition("{")
    try:
        words = shlex.split(head)
    except ValueError as error:
        raise InspectError(f"{line.strip()}: {error}") from None
    return [*words, brace + fields.strip()] if brace else words


def nearest(word: str, known: Iterable[str]) -> str:
    """Return ``: did you mean …?``, or nothing where nothing is near."""
    names = list(known)
    near = [name for name in names if name.startswith(word)] or get_close_matches(word, names, n=1)
    return f": did you mean {near[0]}?" if near else ""


def id_of(typed: str) -> PositionId:
    """Return ``p3`` of what was typed: ``p3``, ``3`` or ``position/p3``."""
    name = typed.removeprefix("position/")
    return PositionId(f"p{name}" if _is_count(name) else name)


def is_position(typed: str) -> bool:
    """Return whether a position is meant, and no symbol or other actor."""
    name = id_of(typed)
    return name[:1] == "p" and _is_count(name[1:])


def _is_count(text: str) -> bool:
    """Return whether a text is a whole number; ``isdigit`` is true of other scripts' digits too."""
    return text.isascii() and text.isdigit() and len(text) <= _COUNT_DIGITS


def address_typed(typed: str) -> Address:
    """Return the address that is meant, whether anybody lives there or not: also by ``p3``."""
    return position_address(id_of(typed)) if is_position(typed) else Address(typed)


class Typed:
    """The words after a command's name, taken one after the other."""

    def __init__(self, usage: str, words: list[str], options: Iterable[str] = ()) -> None:
        """Tell words, options (``--limit 5``) and ``name=value`` apart. Raises ``InspectError``."""
        self._usage = usage
        self._words: list[str] = []
        self._options: dict[str, str] = {}
        self.values: dict[str, str] = {}
        """``name=value``, in the order they were typed."""
        known, rest = tuple(options), iter(words)
        for word in rest:
            name, equals, value = word.partition("=")
            if word.startswith("-") and len(word) > 1:
                self._take_option(word, next(rest, None), known)
            elif equals and name.isidentifier():
                self.values[name] = value
            else:
                self._words.append(word)

    def word(self, what: str) -> str:
        """Return the next word. Raises ``InspectError`` where there is none."""
        if not self._words:
            raise self.wrong(f"{what} is missing")
        return self._words.pop(0)

    def word_or(self, default: str) -> str:
        """Return the next word, if there is one."""
        return self._words.pop(0) if self._words else default

    def number(self, option: str, default: int) -> int:
        """Return an option's whole number above 0. Raises ``InspectError``."""
        text = self._options.pop(option, None)
        if text is None:
            return default
        if not _is_count(text) or not int(text):
            raise self.wrong(f"{option} {one_line(text, _SHOWN)}: a whole number above 0 is wanted")
        return int(text)

    def end(self) -> None:
        """Check that everything typed was used. Raises ``InspectError``."""
        if self._words:
            raise self.wrong(f"{' '.join(self._words)} is too much")

    def wrong(self, problem: str) -> InspectError:
        """Return the error that says what is wrong, and how the command is typed."""
        return InspectError(f"{problem}; usage: {self._usage}")

    def _take_option(self, word: str, value: str | None, known: tuple[str, ...]) -> None:
        name, equals, given = word.partition("=")
        if name not in known:
            has = f"; there is {', '.join(known)}" if known else ""
            raise self.wrong(f"there is no option {name}{has}")
        value = given if equals else value
        if value is None:
            raise self.wrong(f"{name} needs a value")
        self._options[name] = value


def ratio(text: str) -> Decimal:
    """Return ``3%`` or ``0.03`` as a ratio. Raises ``InspectError``."""
    return _decimal(text.removesuffix("%"), text) / (100 if text.endswith("%") else 1)


def amount(text: str) -> Decimal:
    """Return an amount above 0. Raises ``InspectError``."""
    value = _decimal(text, text)
    if value <= 0:
        raise InspectError(f"{text}: an amount above 0 is wanted")
    return value


def _decimal(text: str, typed: str) -> Decimal:
    try:
        return number(text, "it")
    except BadValueError:
        wanted = "a number is wanted, such as 200, 0.03 or 3%"
        raise InspectError(f"{one_line(typed, _SHOWN)}: {wanted}") from None


Words = Callable[[], Iterable[str]]
"""What may come at a place: asked when it is completed."""
