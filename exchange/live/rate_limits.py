"""How long an exchange wants to be left alone, and by which of its limits. Pure.

Owns how the demand is read: from headers, and from a text that alone gives the end of a ban. A
value that is no time (negative, NaN, a word, a moment that is past) is none; one beyond all reason
is cut to ``LONGEST_MS``.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite, nan

import msgspec

from exchange.profiles.profile import Profile
from exchange.profiles.rate_rules import ANYWHERE, MINUTE_MS, RULES, RateRule, Scope

LONGEST_MS = 3 * 24 * 60 * MINUTE_MS
"""The longest ban that an exchange documents (Binance: from 2 minutes to 3 days)."""
IMPLAUSIBLE_MS = 10 * MINUTE_MS
"""A longer pause that is no ban may be the exchange's mistake: exits try."""

_BANNED = 418
_TOO_MANY = 429
_UNAVAILABLE = 503
_OK = range(200, 300)
_KEY_REFUSED = 401
_BREATH_MS = 1_000
"""After "too many" without an end."""
_SHORTEST_BAN_MS = 2 * MINUTE_MS
"""After a ban without an end: Binance's shortest."""
_LONGEST_TEXT = 4_000
"""Characters of an answer in which words are looked for; refusals are short."""


class Demand(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer asks for."""

    scope: Scope
    wait_ms: int
    is_ban: bool = False


def demanded(
    profile: Profile, code: int, headers: Mapping[str, str], body: str, wall_ms: int
) -> Demand | None:
    """Return the pause that an answer asks for; None: none.

    ``wall_ms`` is the exchange's time, in which the end of a ban is given. The ``Date`` of the
    answer counts too, and the longer pause: our clock may be wrong and not measured yet.
    """
    text, wall_ms = body[:_LONGEST_TEXT], _earlier(headers, wall_ms)
    rule = _rule(profile, code, text)
    if rule is None and code not in {_BANNED, _TOO_MANY, _UNAVAILABLE}:
        return None
    is_ban = code == _BANNED or (rule is not None and rule.is_ban)
    waits = [*_by_headers(headers, wall_ms)]
    if rule is not None or is_ban:
        waits += _by_text(text, wall_ms)
    usable = [wait for wait in waits if isfinite(wait) and wait > 0]
    if not usable and code == _UNAVAILABLE and rule is None:
        return None
    usual = _SHORTEST_BAN_MS if is_ban else _BREATH_MS
    default = usual if rule is None or rule.wait_ms is None else rule.wait_ms
    wait_ms = int(min(max(usable, default=float(default)), LONGEST_MS))
    return Demand(scope=_scope(rule, is_ban=is_ban), wait_ms=max(wait_ms, 1), is_ban=is_ban)


def _earlier(headers: Mapping[str, str], wall_ms: int) -> int:
    told = next((value for name, value in headers.items() if name.lower() == "date"), "")
    try:
        at = _epoch_ms(parsedate_to_datetime(told))
    except (ValueError, OverflowError):
        return wall_ms
    return min(wall_ms, int(at)) if isfinite(at) else wall_ms


def _scope(rule: RateRule | None, *, is_ban: bool) -> Scope:
    if is_ban:
        return Scope.ADDRESS
    return Scope.ENDPOINT if rule is None else rule.scope


def _rule(profile: Profile, code: int, text: str) -> RateRule | None:
    """Return the rule that an answer fits. A success of usual length is never searched."""
    own = RULES.get(profile.id, ())
    if code in _OK:
        rules = (*own, *ANYWHERE) if _may_refuse(text) else ()
    else:
        rules = () if code == _KEY_REFUSED else (*ANYWHERE, *own)
    return next((one for one in rules if one.fits(text)), None)


_REFUSES = re.compile(
    r'"(retcode|code|scode)"\s*:\s*"?(?!0+\b|200000\b)-?\d|"errors?"\s*:\s*\[\s*"|"error"\s*:\s*"'
    r'|"status"\s*:\s*"err"|"label"\s*:',
    re.IGNORECASE,
)


def _may_refuse(text: str) -> bool:
    """Return whether an answer with status 200 says that it is a refusal."""
    return _REFUSES.search(text[:300]) is not None


def _by_headers(headers: Mapping[str, str], wall_ms: int) -> Iterator[float]:
    lower = {name.lower(): value.strip() for name, value in headers.items()}
    if "retry-after" in lower:
        yield _retry_after(lower["retry-after"], wall_ms)
    for name, wait_of in _RESETS.items():
        if name in lower:
            yield wait_of(_number(lower[name]), wall_ms)


_RESETS: dict[str, Callable[[float, int], float]] = {
    "x-bapi-limit-reset-timestamp": lambda told, wall_ms: told - wall_ms,
    "x-gate-ratelimit-reset-timestamp": lambda told, wall_ms: told * 1_000 - wall_ms,
    "gw-ratelimit-reset": lambda told, _: told,
}
"""Bybit's, Gate's and KuCoin's headers."""


def _retry_after(told: str, wall_ms: int) -> float:
    """Return a ``Retry-After`` as ms: seconds, or a date (RFC 9110, 10.2.3)."""
    seconds = _number(told)
    if isfinite(seconds):
        return seconds * 1_000
    try:
        at = parsedate_to_datetime(told)
    except (ValueError, OverflowError):
        return seconds
    return _epoch_ms(at) - wall_ms


def _by_text(text: str, wall_ms: int) -> Iterator[float]:
    for found in _EPOCH.finditer(text):
        digits = found.group(1)
        yield int(digits) / 10 ** (len(digits) - 13) - wall_ms
    for found in _DATE.finditer(text):
        try:
            at = datetime.fromisoformat(found.group(1).replace(" UTC", "Z"))
        except ValueError:
            continue
        yield _epoch_ms(at) - wall_ms
    for found in _SPAN.finditer(text):
        unit = found.group(2).lower()
        ms = next(ms for begin, ms in _UNITS_MS.items() if unit.startswith(begin))
        yield float(found.group(1)) * ms


_EPOCH = re.compile(
    r"(?:until|throttled|retry[_ -]?after|unban\w*|expires?\w*)\W{0,4}(?:at\W)?"
    r"(\d{19}|\d{16}|\d{13}|\d{10})(?!\d)",
    re.IGNORECASE,
)
"""An instant in s, ms, us or ns since 1970."""
_DATE = re.compile(
    r"(?:until|till|before|after)\W{1,3}(\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?"
    r"(?: ?UTC|Z|[+-]\d\d:?\d\d)?)",
    re.IGNORECASE,
)
_SPAN = re.compile(
    r"(?:for|in|after|within|wait)\s+(?:about\s+|at\s+least\s+|the\s+next\s+|another\s+)?"
    r"(\d{1,9}(?:\.\d{1,3})?)\s*"
    r"(ms|milliseconds?|secs?|seconds?|s|mins?|minutes?|m|hours?|hrs?|h|days?|d)\b",
    re.IGNORECASE,
)
_UNITS_MS = {
    "ms": 1,
    "mil": 1,
    "s": 1_000,
    "m": MINUTE_MS,
    "h": 60 * MINUTE_MS,
    "d": 24 * 60 * MINUTE_MS,
}
"""By the beginning of the unit's name; the first that fits."""


_NUMBER = re.compile(r"-?\d{1,20}(\.\d{1,9})?", re.ASCII)


def _number(told: str) -> float:
    return float(told) if _NUMBER.fullmatch(told) else nan


def _epoch_ms(at: datetime) -> float:
    zoned = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    try:
        return zoned.timestamp() * 1_000
    except (ValueError, OverflowError):
        return nan
