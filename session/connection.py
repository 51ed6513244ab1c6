"""From an exchange's name to an open connection, or one clear line and an exit code.

Owns what is tried again and how often, and where the keys come from. What is asked over the
connection is the command's.
"""

import os
import re
import time
from collections.abc import Callable, Mapping
from functools import partial
from math import ceil
from pathlib import Path

import msgspec

from config.live import LiveSettings
from exchange.keys import Keys, KeysError, no_keys, read_keys, variable_names
from exchange.live.ban_note import BanNote
from exchange.live.connect_errors import ADVICE, ConnectError, ConnectProblem, at_utc
from exchange.live.connection import Connection, Credentials
from exchange.live.kept_markets import MarketsFile
from exchange.profiles.evidence import with_evidence
from exchange.profiles.profile import Profile
from exchange.profiles.registry import profile_of
from messages.base import Symbol, Timestamp
from messages.border import one_line
from session.evidence_file import UnreadableEvidenceError, read_evidence
from terminal.errors import ConnectFailedError, UsageError

EXIT_UNAVAILABLE = 69
"""No network, no answer, or maintenance: later it may work. (sysexits: EX_UNAVAILABLE.)"""
EXIT_KEY_REFUSED = 77
"""The key is wrong or may not. (sysexits: EX_NOPERM.)"""
_EXIT_OTHER = 1

_EXIT_CODES = {
    ConnectProblem.NO_NETWORK: EXIT_UNAVAILABLE,
    ConnectProblem.MAINTENANCE: EXIT_UNAVAILABLE,
    ConnectProblem.TLS: EXIT_UNAVAILABLE,
    ConnectProblem.BANNED: EXIT_UNAVAILABLE,
    ConnectProblem.PAUSED: EXIT_UNAVAILABLE,
    ConnectProblem.WRONG_KEY: EXIT_KEY_REFUSED,
    ConnectProblem.NO_PERMISSION: EXIT_KEY_REFUSED,
}

_AFTER_A_PAUSE = {ConnectProblem.BANNED, ConnectProblem.PAUSED}
_TRIED_AGAIN = {ConnectProblem.NO_NETWORK, ConnectProblem.MAINTENANCE}
_LONGEST_BAN_MS = 600_000
"""A ban that lasts longer is not waited for: the process ends and says when to start again."""

_EXCHANGE_ID = re.compile(r"[a-z0-9_]{1,40}", re.ASCII)
Say = Callable[[str], None]


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """How an exchange is reached; tests have ways of their own."""

    settings: LiveSettings | None = None
    """Instead of the config's."""
    attempts: int = 4
    """While it can't be reached at all, or is in maintenance."""
    pause_seconds: float = 2.0
    """Before the second attempt; doubles."""
    make_session: Callable[[], object] | None = None
    """Another way to the network, made on the connection's loop."""
    environment: Mapping[str, str] = msgspec.field(default_factory=lambda: dict(os.environ))
    pause: Callable[[float], object] = time.sleep


class Files(msgspec.Struct, frozen=True, kw_only=True):
    """What a connection reads and keeps on the disk."""

    keys: Path | None = None
    """Of both key slots; None: they are in the environment."""
    state: Path | None = None
    """The folder of the accounts' folders, for the end of a ban; None: it is not kept."""
    markets: MarketsFile | None = None
    """The markets of the account's last run; None: they are loaded, and not kept."""
    symbols: tuple[Symbol, ...] = ()
    """Those that are traded: kept markets without one of them are of no use."""


def keys_of(profile: Profile, way: Way, file: Path | None) -> Keys:
    """Return the account's keys. Raises ``UsageError``: missing, or readable by others."""
    try:
        return read_keys(profile, way.environment, file)
    except KeysError as error:
        raise UsageError(str(error)) from None


def keys_if_any(profile: Profile, way: Way, file: Path | None) -> Keys:
    """Return the account's keys; none where neither file nor variables name any.

    Raises ``UsageError`` where some are named and can't be used.
    """
    named = any(way.environment.get(name) for name in variable_names(profile).values())
    return keys_of(profile, way, file) if named or file is not None else no_keys(profile)


def profile_named(exchange_id: str) -> Profile:
    """Return an exchange's profile. Raises ``UsageError`` where ccxt can have no such name."""
    if not _EXCHANGE_ID.fullmatch(exchange_id):
        shown = one_line(exchange_id, 60)
        raise UsageError(f"{shown!r} is no exchange; write it as ccxt does: binance, mexc, kraken")
    return profile_of(exchange_id)


def connect(
    profile: Profile,
    keys: Keys,
    way: Way,
    say: Say,
    settings: LiveSettings,
    *,
    is_sandbox: bool = False,
    files: Files | None = None,
) -> Connection:
    """Return an open connection; whoever gets it closes it.

    Raises:
        UsageError: ccxt knows no such exchange, or has no test exchange there.
        ConnectFailedError: it can't be reached, is in maintenance, or refuses the key.

    """
    pause, files = way.pause_seconds, files or Files()
    if files.state is not None:
        profile = probed(profile, files.state, say, is_sandbox=is_sandbox)
    for attempt in range(1, way.attempts + 1):
        connection = Connection(
            profile,
            Credentials(keys.revealed()),
            way.settings or settings,
            note=say,
            make_session=way.make_session,
            is_sandbox=is_sandbox,
        )
        connection.read_slot = partial(_read_slot, profile, way, files.keys)
        connection.markets.file, connection.markets.wanted = files.markets, files.symbols
        connection.bans = BanNote(files.state, f"{profile.id}{'-sandbox' * is_sandbox}")
        try:
            _check_ban(connection)
            connection.open()
        except ConnectError as error:
            wait = _wait_seconds(error, pause)
            if wait is None or attempt == way.attempts:
                code = _EXIT_CODES.get(error.problem, _EXIT_OTHER)
                raise ConnectFailedError(str(error), code) from None
            say(f"{error}; trying again in {wait:g} s ({attempt} of {way.attempts})")
        except ValueError as error:
            connection.close()
            raise UsageError(str(error)) from None
        else:
            return connection
        way.pause(wait)
        pause *= 2
    raise AssertionError("the last attempt returns or raises")


def probed(profile: Profile, state: Path, say: Say, *, is_sandbox: bool = False) -> Profile:
    """Return a profile with what ``probe`` proved of its exchange; say where that can't be read."""
    try:
        seen = read_evidence(state, profile.id, is_sandbox=is_sandbox)
    except UnreadableEvidenceError as error:
        say(f"  WARNING   {error}")
        return profile
    return with_evidence(profile, seen)


def _check_ban(connection: Connection) -> None:
    """Raise ``ConnectError`` while a ban lasts that an earlier process was told of."""
    now = Timestamp(time.time_ns() // 1_000_000)
    left_ms = connection.bans.left_ms(now)
    if left_ms:
        connection.close()
        advice = ADVICE[ConnectProblem.BANNED].format(until=at_utc(now + left_ms))
        raise ConnectError(ConnectProblem.BANNED, f"{connection.profile.name}: {advice}", left_ms)


def _read_slot(profile: Profile, way: Way, file: Path | None, slot: int) -> dict[str, str]:
    return read_keys(profile, way.environment, file, slot).revealed()


def _wait_seconds(error: ConnectError, pause: float) -> float | None:
    """Return how long to wait before the next attempt; None: there is none."""
    if error.problem in _TRIED_AGAIN:
        return pause
    if error.problem in _AFTER_A_PAUSE and error.wait_ms <= _LONGEST_BAN_MS:
        return max(pause, ceil(error.wait_ms / 1000))
    return None
