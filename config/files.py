"""Files that a person wrote: regular, not too large, text in UTF-8; or an error that says so.

A FIFO would be waited for without end, a device read without end, and a file of a gigabyte filled
the memory. So a file is opened without waiting, and looked at before it is read.
"""

import os
import stat
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

TEXT_MOST = 1_000_000
"""Bytes of a config or of a file with keys."""
_LINE_MOST = 10_000
"""Characters; reading a key takes the square of its length."""
_DEPTH_MOST = 32
"""Tables within tables; the deepest setting lies in four."""
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class FileProblemError(ValueError):
    """A file can't be used: the text says why and what would be right, without its name."""


class MissingFileError(FileProblemError):
    """There is no such file."""


def open_file(path: Path) -> BinaryIO:
    """Open a regular file for reading; nothing else is waited for. Raises ``FileProblemError``."""
    try:
        number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise MissingFileError("can't be read: No such file or directory") from None
    except OSError as error:
        raise FileProblemError(f"can't be read: {error.strerror}") from None
    except ValueError as error:  # a zero byte in the name
        raise FileProblemError(f"can't be read: {error}") from None
    mode = os.fstat(number).st_mode
    if not stat.S_ISREG(mode):
        os.close(number)
        kind = next((name for is_kind, name in _KINDS if is_kind(mode)), "no file")
        raise FileProblemError(f"can't be read: it is {kind}, no plain file")
    return os.fdopen(number, "rb")


def read_text(path: Path, most: int = TEXT_MOST) -> str:
    """Return a file's text; a byte order mark at its beginning is none of it.

    Raises ``FileProblemError``.
    """
    with open_file(path) as file:
        return text_of(file, most)


def text_of(file: BinaryIO, most: int = TEXT_MOST) -> str:
    """Return the text of an open file. Raises ``FileProblemError``."""
    try:
        data = file.read(most + 1)
    except OSError as error:
        raise FileProblemError(f"can't be read: {error.strerror}") from None
    if len(data) > most:
        raise FileProblemError(f"is larger than {most:,} bytes")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FileProblemError("is not text in UTF-8") from None


def parse_toml(text: str) -> dict[str, Any]:
    """Return TOML as a table, its numbers exact. Raises ``FileProblemError``."""
    if max(map(len, text.split("\n"))) > _LINE_MOST:
        raise FileProblemError(f"has a line of more than {_LINE_MOST:,} characters")
    try:
        table = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise FileProblemError(f"is not TOML: {error}") from None
    except RecursionError:
        raise FileProblemError(_TOO_DEEP) from None
    except (ValueError, ArithmeticError):  # a number that Python can't read or write
        raise FileProblemError("is not TOML: a number in it is too large") from None
    if _is_too_deep(table):
        raise FileProblemError(_TOO_DEEP)
    return table


_TOO_DEEP = f"has tables or lists nested more than {_DEPTH_MOST} deep"


def _is_too_deep(table: Mapping[str, object]) -> bool:
    level: list[object] = [table]
    for _ in range(_DEPTH_MOST + 1):
        inner: list[object] = []
        for one in level:
            if isinstance(one, Mapping):
                inner += one.values()
            elif isinstance(one, list):
                inner += one
        if not inner:
            return False
        level = inner
    return True
