"""The markets of one exchange: loaded, read again, and kept for the next start. On the loop only.

Owns the account's own fees, the rules of each market, and until when those of the last run are
used. When they are read again is the business of ``rules_watch``.
"""

from collections.abc import Container, Mapping
from typing import Any, Protocol

import msgspec
from msgspec.structs import replace

from config.live import LiveSettings
from exchange.live.client import can_call
from exchange.live.errors import LiveError
from exchange.live.kept_markets import (
    KeptMarketsError,
    MarketsFile,
    Usable,
    encoded,
    own_fees,
    read_kept,
    worth_keeping,
)
from exchange.live.market_rules import read_rules
from exchange.live.parsing import MINUTE_MS
from exchange.profiles.precision import UnreadableRulesError, precision_of
from exchange.profiles.profile import Profile
from exchange.profiles.symbols import SymbolFacts, symbol_facts
from messages.base import Symbol, Timestamp
from messages.border import BadValueError
from messages.market import MarketRules
from messages.money import Money
from messages.orders import Priority


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """One market, as it was read last."""

    rules: MarketRules
    facts: SymbolFacts


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """What is known once a connection is open."""

    listings: Mapping[Symbol, Listing] = {}
    unreadable: Mapping[Symbol, str] = {}
    """Markets whose rules can't be read, and why: nothing is traded there."""
    is_kept: bool = False
    """Whether these are the markets of the last run, until the exchange's are read."""
    is_recent: bool = False
    """Whether they are, and are no older than what a running session trades by."""
    total: tuple[Money, ...] = ()
    free: tuple[Money, ...] = ()
    can_withdraw: bool | None = None
    """Whether the account may take money out; None: the venue does not say."""
    uid: str = ""
    """The account's own id; empty: the venue does not say."""


class Asked(Protocol):
    """What is asked: a connection."""

    profile: Profile
    settings: LiveSettings
    client: Any
    opened: Opened
    is_sandbox: bool

    @property
    def has_keys(self) -> bool:
        """Whether an account is asked, and not public data only."""

    @property
    def clock_offset_ms(self) -> int:
        """The venue's clock less ours, as last measured."""

    def now(self) -> Timestamp:
        """Return our own clock's time."""

    def note(self, text: str) -> None:
        """Tell people, without secrets."""

    def text_of(self, error: BaseException) -> str:
        """Return an error as it may be told."""

    async def call(self, method: str, *args: object, urgency: Priority) -> Any:  # noqa: ANN401 - ccxt's
        """Ask ccxt."""


class MarketList:
    """The markets that ccxt's client has."""

    def __init__(self, connection: Asked) -> None:
        """Have none yet."""
        self._connection = connection
        self.file: MarketsFile | None = None
        """Where those of the last run are; None: they are not kept."""
        self.wanted: tuple[Symbol, ...] = ()
        """Symbols without which those of the last run are of no use."""
        self.followed: set[Symbol] = set()
        """Symbols whose markets are kept."""
        self._fees: Mapping[str, Any] = {}
        """The account's own, by symbol."""
        self._of_last_run: Usable | None = None
        self._read_at = Timestamp(0)
        """By the exchange's clock."""

    async def begin(self) -> None:
        """Take the markets of the last run, or load them. Raises what ccxt raises."""
        self._of_last_run = self._take()
        if self._of_last_run is None:
            await self._connection.client.load_markets()

    async def opened(self, before: Opened) -> Opened:
        """Return the markets that ``begin`` took or loaded; the clock was measured since."""
        if self._of_last_run is None:
            return await self._loaded(before)
        listings, unreadable = self._listings(self._connection.client.markets)
        return replace(before, listings=listings, unreadable=unreadable, is_kept=True)

    async def confirmed(self, before: Opened) -> Opened:
        """Return the markets, loaded now where the last run's are another account's, or old."""
        kept = self._of_last_run
        if kept is None:
            return before
        try:
            kept.check(before.uid, self._venue_now())
        except KeptMarketsError as error:
            self._refused(error)
            await self._connection.client.load_markets(True)  # noqa: FBT003 - ccxt's
            return await self._loaded(before)
        age_ms = max(self._venue_now() - kept.kept.read_at, 0)
        is_recent = age_ms <= self._connection.settings.rules_ms
        text = f"the markets of the last run ({age_ms // MINUTE_MS} min old) are used"
        more = "" if is_recent else "; nothing is bought before that"
        name = self._connection.profile.name
        self._connection.note(f"{name}: {text} until they are read anew{more}")
        return replace(before, is_recent=is_recent)

    async def read(self) -> None:
        """Load the markets anew: rules change, markets come and go. Raises what ccxt raises."""
        connection = self._connection
        markets = await connection.call("fetch_markets", urgency=Priority.QUERY)
        if not markets:
            raise LiveError(f"{connection.profile.name} lists no market")
        client, found = connection.client, {market["symbol"] for market in markets}
        # Of what is not listed any more, orders may still be looked up: ccxt must know its id.
        gone = [one for symbol, one in client.markets.items() if symbol not in found]
        client.set_markets([*markets, *gone], client.currencies)
        is_new = any(one in found and one not in self._fees for one in self.followed)
        if connection.opened.is_kept or (self._fees and is_new):  # listed again: its fee, too
            await self._read_fees()
        listings, unreadable = self._listings(found)
        opened = replace(connection.opened, listings=listings, unreadable=unreadable)
        connection.opened = replace(opened, is_kept=False, is_recent=False)
        self._read_at = self._venue_now()

    def keep(self) -> None:
        """Keep the markets that are followed, for the next start."""
        connection = self._connection
        if self.file is None or not connection.profile.keeps_markets or connection.opened.is_kept:
            return
        followed = self.followed & connection.opened.listings.keys()
        markets = worth_keeping(connection.client.markets, followed, self._fees)
        try:
            content = encoded(self._exchange, connection.opened.uid, self._read_at, markets)
        except (TypeError, ValueError) as error:
            connection.note(f"the markets are not kept: {connection.text_of(error)}")
        else:
            self.file.keep(content)

    @property
    def _exchange(self) -> str:
        return f"{self._connection.profile.id}{'-sandbox' * self._connection.is_sandbox}"

    def _take(self) -> Usable | None:
        """Give ccxt the markets of the last run; None: there are none to use."""
        if self.file is None or not self._connection.profile.keeps_markets:
            return None
        try:
            kept = read_kept(self.file, self._exchange, self.wanted)
            if kept is not None:
                self._set(kept)
        except KeptMarketsError as error:
            self._refused(error)
            return None
        return kept

    def _set(self, kept: Usable) -> None:
        """Raise ``KeptMarketsError`` where ccxt, or the reader of rules, can't read them."""
        client, why = self._connection.client, None
        try:
            client.set_markets(list(kept.markets.values()))
            listings, unreadable = self._listings(client.markets)
            if listings.keys() != kept.markets.keys():
                why = "; ".join(f"{one}: {text}" for one, text in unreadable.items()) or "no market"
        except Exception as error:  # noqa: BLE001 - whatever the file has made of it
            why = self._connection.text_of(error)
        if why is not None:
            client.markets = None
            raise KeptMarketsError(f"{kept.name} is damaged: {why}")

    def _refused(self, error: KeptMarketsError) -> None:
        self._connection.note(f"{error}: the markets are loaded before anything is traded")

    async def _loaded(self, before: Opened) -> Opened:
        if self._connection.has_keys:
            await self._read_fees()
        self._of_last_run, self._read_at = None, self._venue_now()
        listings, unreadable = self._listings(self._connection.client.markets)
        return replace(before, listings=listings, unreadable=unreadable, is_kept=False)

    def _venue_now(self) -> Timestamp:
        connection = self._connection
        return Timestamp(connection.now() + connection.clock_offset_ms)

    async def _read_fees(self) -> None:
        """Read the account's own fees, where the venue tells them of all markets at once."""
        client = self._connection.client
        if not can_call(client, "fetchTradingFees"):
            return
        try:
            self._fees = await client.fetch_trading_fees()
        except Exception as error:  # noqa: BLE001 - the markets name the usual ones
            text = self._connection.text_of(error)
            self._connection.note(f"the account's fees are not known: {text}")

    def _listings(self, listed: Container[str]) -> tuple[dict[Symbol, Listing], dict[Symbol, str]]:
        """Return the markets of ``listed``, and why those that can't be read can't."""
        listings: dict[Symbol, Listing] = {}
        unreadable: dict[Symbol, str] = {}
        for symbol, market in self._connection.client.markets.items():
            if not market.get("spot") or symbol not in listed:
                continue
            try:
                listings[Symbol(symbol)] = self._read_listing(market)
            except (UnreadableRulesError, BadValueError) as error:
                unreadable[Symbol(symbol)] = str(error)
        return listings, unreadable

    def _read_listing(self, market: Mapping[str, Any]) -> Listing:
        connection = self._connection
        profile = connection.profile
        facts = symbol_facts(profile, market, is_sandbox=connection.is_sandbox)
        rules = read_rules(
            {**market, **own_fees(self._fees, market["symbol"])},
            precision_of(connection.client),
            profile.fee_currency,
            facts.max_stops,
        )
        return Listing(rules=rules, facts=facts)
