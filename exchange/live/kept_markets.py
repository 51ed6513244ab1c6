"""The markets of the last run, as ccxt has them: a start trades by these until it has fresh ones.

Owns the file's form and what makes it usable: whole, of this exchange and account, of the last day,
and with every market that is traded. Pure: where it lies, and who reads and writes it, is in
``session.kept_markets_file``.
"""

from collections.abc import Container, Iterable, Mapping
from hashlib import blake2b
from typing import Any, Protocol

import msgspec

from exchange.live.fields import Raw
from messages.base import CLOCKS_DIFFER_MS, DAY_MS, Symbol, Timestamp
from messages.border import one_line

FORM = 1
"""Of the file; another one is not read."""
OLDEST_MS = DAY_MS
"""Rules that are older are loaded before anything is traded."""
_MOST_BYTES = 64_000_000


class KeptMarketsError(Exception):
    """Kept markets can't be used; the text says which file, and why."""


class MarketsFile(Protocol):
    """Where the markets of the last run are."""

    @property
    def name(self) -> str:
        """The file, for people."""

    def read(self) -> bytes | None:
        """Return what is there; None: nothing. Raises ``OSError``."""

    def keep(self, content: bytes) -> None:
        """Write it, soon and whole, on another thread; a failure is noted and stops nothing."""


class KeptMarkets(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the file holds."""

    form: int
    exchange: str
    account: str
    """The account's own id there; empty: the exchange tells none."""
    read_at: Timestamp
    """By the exchange's clock."""
    markets: msgspec.Raw
    """By symbol: ccxt's structure of each, with the account's own fees in it."""
    digest: str
    """Over all of the above."""

    @property
    def true_digest(self) -> str:
        """The digest that fits the rest."""
        head = (str(self.form), self.exchange, self.account, str(self.read_at))
        parts = (*(part.encode() for part in head), bytes(self.markets))
        return blake2b(b"\0".join(parts), digest_size=16).hexdigest()


def encoded(exchange: str, account: str, read_at: Timestamp, markets: Mapping[str, Raw]) -> bytes:
    """Return the file's content. Raises ``TypeError`` where a market holds no plain data."""
    kept = KeptMarkets(
        form=FORM,
        exchange=exchange,
        account=account,
        read_at=read_at,
        markets=msgspec.Raw(msgspec.json.encode(markets)),
        digest="",
    )
    return msgspec.json.encode(msgspec.structs.replace(kept, digest=kept.true_digest))


def read_kept(file: MarketsFile, exchange: str, wanted: Iterable[Symbol]) -> "Usable | None":
    """Return the markets of the last run at this exchange; None: none are kept.

    Raises ``KeptMarketsError``: damaged, of another exchange, or without a market that is wanted.
    """
    try:
        content = file.read()
    except OSError as error:
        raise KeptMarketsError(f"{file.name} can't be read: {error.strerror}") from None
    if content is None:
        return None
    kept = _decoded(file.name, content)
    if kept.exchange != exchange:
        text = f"{file.name} is of {one_line(kept.exchange, 40)}, not of {exchange}"
        raise KeptMarketsError(text)
    usable = Usable(name=file.name, kept=kept, markets=_markets(file.name, kept.markets))
    missing = sorted(set(wanted) - usable.markets.keys())
    if missing:
        raise KeptMarketsError(f"{file.name} has no {', '.join(missing)}")
    return usable


class Usable(msgspec.Struct, frozen=True, kw_only=True):
    """Kept markets that can be read."""

    name: str
    kept: KeptMarkets
    markets: dict[str, dict[str, Any]]

    def check(self, account: str, venue_now: Timestamp) -> None:
        """Raise ``KeptMarketsError`` where they are another account's, or too old."""
        if self.kept.account != account:
            raise KeptMarketsError(f"{self.name} is of another account")
        age_ms = venue_now - self.kept.read_at
        if not -CLOCKS_DIFFER_MS <= age_ms <= OLDEST_MS:
            hours = age_ms / 3_600_000
            raise KeptMarketsError(f"{self.name} is {hours:.1f} h old, not 0 to 24 h")


def _decoded(name: str, content: bytes) -> KeptMarkets:
    if len(content) > _MOST_BYTES:
        raise KeptMarketsError(f"{name} is damaged: it has {len(content)} bytes")
    try:
        kept = msgspec.json.decode(content, type=KeptMarkets)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise KeptMarketsError(f"{name} is damaged: {one_line(str(error), 200)}") from None
    if kept.form != FORM:
        raise KeptMarketsError(f"{name} is of form {kept.form}, not {FORM}")
    if kept.digest != kept.true_digest:
        raise KeptMarketsError(f"{name} is damaged: its digest is not that of its content")
    return kept


def _markets(name: str, raw: msgspec.Raw) -> dict[str, dict[str, Any]]:
    try:
        markets = msgspec.json.decode(raw, type=dict[str, dict[str, Any]])
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise KeptMarketsError(f"{name} is damaged: {one_line(str(error), 200)}") from None
    for symbol, market in markets.items():
        is_one = market.get("symbol") == symbol and isinstance(market.get("id"), str)
        if not is_one or market.get("spot") is not True:
            raise KeptMarketsError(f"{name} is damaged: {one_line(symbol, 40)} is no spot market")
    return markets


def worth_keeping(
    markets: Mapping[str, Raw], symbols: Container[str], fees: Mapping[str, Any]
) -> dict[str, Raw]:
    """Return the markets of these symbols, each with the account's own fees where it has some."""
    return {
        symbol: {**market, **own_fees(fees, symbol)}
        for symbol, market in markets.items()
        if symbol in symbols
    }


def own_fees(fees: Mapping[str, Any], symbol: str) -> dict[str, Any]:
    """Return the account's own fees of a symbol, where the exchange tells them."""
    own = fees.get(symbol) or {}
    return {name: own[name] for name in ("maker", "taker") if own.get(name) is not None}
