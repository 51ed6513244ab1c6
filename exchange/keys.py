"""An account's keys: where they come from, and that they are seen by nobody else.

Owns reading them, from the environment or from a file that only its owner can read, and a type that
never shows what it holds. Who sends them is ``exchange.live``.
"""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from config.files import FileProblemError, open_file, parse_toml, text_of
from exchange.profiles.profile import Profile

_KEY_MOST = 20_000
"""Characters of one key."""
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class KeysError(ValueError):
    """The keys can't be used; the text names what and where, never a value."""


class Keys:
    """What an exchange wants to know an account by. Printed, logged or pickled, it shows names."""

    __slots__ = ("_exchange_id", "_values")

    def __init__(self, exchange_id: str, values: Mapping[str, str]) -> None:
        """Take the values under ccxt's names for them."""
        self._exchange_id = exchange_id
        self._values = dict(values)

    def __repr__(self) -> str:
        """Name the keys, not their values."""
        return f"Keys({self._exchange_id}: {', '.join(sorted(self._values)) or 'none'})"

    def __reduce__(self) -> NoReturn:
        """Raise ``TypeError``: a copy on disk or on a wire is one too many."""
        raise TypeError("keys are not pickled")

    @property
    def are_given(self) -> bool:
        """Whether there are any; public data needs none."""
        return bool(self._values)

    def revealed(self) -> dict[str, str]:
        """Return the values, for ccxt and for whoever keeps them out of every text."""
        return dict(self._values)


def no_keys(profile: Profile) -> Keys:
    """Return keys that open nothing: for public data."""
    return Keys(profile.id, {})


SLOTS = (1, 2)
"""Two keys of one account: a new one is put beside the old one before that ends."""
SECOND = "second"
"""In a file of keys, the name of the second slot's table within the exchange's."""


def variable_names(profile: Profile, slot: int = 1) -> dict[str, str]:
    """Return the environment's name of each key: ``MEXC_APIKEY`` of ``apiKey``, ``…_2``."""
    suffix = "" if slot == 1 else f"_{slot}"
    return {name: f"{profile.id}_{name}{suffix}".upper() for name in profile.credentials}


def read_keys(
    profile: Profile, environment: Mapping[str, str], file: Path | None = None, slot: int = 1
) -> Keys:
    """Return the account's keys: from ``file`` where one is named, else from the environment.

    Raises:
        KeysError: one is missing or empty, or the file can be read by others.

    """
    if slot not in SLOTS:
        raise KeysError(f"there is no key slot {slot}: 1 or 2")
    names = variable_names(profile, slot)
    if file is None:
        values = {name: environment.get(variable, "") for name, variable in names.items()}
        missing = [names[name] for name, value in values.items() if not value.strip()]
        where = "the environment has no"
    else:
        table = _table(file, profile.id, slot)
        values = {name: table.get(name, "") for name in names}
        missing = [name for name, value in values.items() if not value.strip()]
        where = f"{file}: [{_table_name(profile.id, slot)}] has no"
    if missing:
        raise KeysError(f"{profile.name} needs keys, and {where} {', '.join(missing)}")
    strange = [name for name, value in values.items() if not _can_be_a_key(value)]
    if strange:
        raise KeysError(
            f"{profile.name}: {', '.join(strange)} can't be a key: check what was copied"
        )
    return Keys(profile.id, {name: value.strip() for name, value in values.items()})


def _can_be_a_key(value: str) -> bool:
    """Return whether a value may be sent; a private key in PEM has lines."""
    return len(value) <= _KEY_MOST and all(one.isprintable() or one in "\r\n" for one in value)


def _table_name(exchange_id: str, slot: int) -> str:
    return exchange_id if slot == 1 else f"{exchange_id}.{SECOND}"


def _table(file: Path, exchange_id: str, slot: int) -> Mapping[str, str]:
    try:
        with open_file(file) as opened:
            _check_is_private(file, os.fstat(opened.fileno()))
            text = text_of(opened)
    except FileProblemError as error:
        raise KeysError(f"{file} {error}") from None
    try:
        tables = parse_toml(text)
    except FileProblemError:
        # The decoder's own text could quote the line, and with it a key.
        raise KeysError(f"{file} is no TOML: it needs a table [{exchange_id}]") from None
    table = tables.get(exchange_id)
    if isinstance(table, dict):
        second = table.pop(SECOND, None)
        table = table if slot == 1 else second
    if not isinstance(table, dict):
        raise KeysError(f"{file} has no table [{_table_name(exchange_id, slot)}]")
    strange = sorted(name for name, value in table.items() if not isinstance(value, str))
    if strange:
        raise KeysError(f"{file}: [{exchange_id}] {', '.join(strange)}: not a text in quotes")
    return table


def _check_is_private(file: Path, status: os.stat_result) -> None:
    if status.st_mode & _OTHERS:
        mode = stat.S_IMODE(status.st_mode)
        raise KeysError(f"{file} can be read by others (mode {mode:04o}): chmod 600 {file}")
    if status.st_uid != os.geteuid():
        raise KeysError(f"{file} belongs to somebody else")
