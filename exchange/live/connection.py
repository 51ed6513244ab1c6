"""A connection to one account at one venue: opened before anything trades, or refused and why.

Owns the loop thread, ccxt's client, the rules of the markets, the venue's clock against ours and
the end of all of it. What is asked over it, and what is heard, is in ``requests`` and ``streams``.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from config.live import LiveSettings
from exchange.keys import KeysError
from exchange.live.account_watch import AccountWatch
from exchange.live.ban_note import BanNote
from exchange.live.client import RETRY_AFTER_MS, make_client
from exchange.live.connect_errors import (
    ADVICE,
    ConnectError,
    ConnectProblem,
    at_utc,
    problem_of,
)
from exchange.live.errors import LiveError, UnansweredError
from exchange.live.loop import LoopThread, as_error
from exchange.live.market_list import Listing, MarketList, Opened
from exchange.live.parsing import read_balances, uid_of
from exchange.live.rate_limiter import BURST_MS, PATIENCE_MS, PLACES, URGENCY, Throttle
from exchange.live.rate_limits import Demand
from exchange.live.redact import Redactor, quiet_ccxt
from exchange.live.stream_watch import StreamWatch
from exchange.live.venue_clock import CLOCK_READS, VenueClock
from exchange.port import UnknownSymbolError
from exchange.profiles.key_rights import KeyRights
from exchange.profiles.profile import Profile
from messages.base import Symbol, Timestamp
from messages.border import BadValueError
from messages.market import Quote
from messages.observers import Alarm, AlarmKind, is_told
from messages.orders import Priority

T = TypeVar("T")

Note = Callable[[str], None]
"""Takes a clean text for people; on the loop thread."""


class Credentials(msgspec.Struct, frozen=True):
    """Keys, in ccxt's names (``apiKey``, ``secret``, …); its text holds none of them."""

    values: Mapping[str, str] = {}

    def __repr__(self) -> str:
        """Tell names only."""
        return f"Credentials({', '.join(sorted(self.values))})"


class Connection:
    """One account at one venue; ``open`` it first."""

    def __init__(
        self,
        profile: Profile,
        credentials: Credentials,
        settings: LiveSettings,
        *,
        note: Note = lambda _: None,
        make_session: Callable[[], object] | None = None,
        is_sandbox: bool = False,
    ) -> None:
        """Be ready to open; ``make_session`` gives another way to the network, for tests."""
        self.profile = profile
        self.settings = settings
        self.redact = Redactor(credentials.values.values())
        self.opened = Opened()
        self.quotes: dict[Symbol, Quote] = {}
        """The last of each symbol, as heard or asked for; on the loop."""
        self.clock = VenueClock(self)
        self.account = AccountWatch(lambda: time.monotonic() * 1000)
        """Whether the account may have changed since its balances were told; on the loop."""
        self.stream = StreamWatch()
        """Whether the account's stream had a gap; on the loop."""
        self.markets = MarketList(self)
        self.may_borrow = profile.may_borrow
        """Whether the account may sell coins that it does not have, as last told."""
        self.rights: KeyRights | None = None
        """What the key may do, as read before the session began; None: not read, or used."""
        self.on_pause: Callable[[Demand], None] = lambda _: None
        """Called on the loop when the venue demands a pause longer than those before."""
        self.on_bad_item: Callable[[str, BaseException], None] = self._note_bad_item
        """Called on the loop for each item that can't be read."""
        self._note = note
        self.alarm: Callable[[Alarm], None] = lambda _: None
        """Takes an alarm for people; set by who hands on events."""
        self.refusals: Counter[str] = Counter()
        """How many values were refused so far, by the field's name."""
        self._credentials = credentials
        self._make_session = make_session
        self.is_sandbox = is_sandbox
        self.read_slot: Callable[[int], Mapping[str, str]] = _no_slot
        """Returns the keys of a slot, 1 or 2, for a switch."""
        self.bans = BanNote(None, profile.id)
        """Keeps the end of a ban for the next process."""
        self._session: Any = None
        self.client: Any = None
        self.throttle: Throttle
        self.thread = LoopThread(f"live-{profile.id}", self.note)

    @property
    def has_keys(self) -> bool:
        """Whether an account is asked, and not public data only."""
        return bool(self._credentials.values)

    def note(self, text: str) -> None:
        """Tell people, without secrets."""
        self._note(self.redact(text))

    def refused(self, error: BadValueError) -> None:
        """Count a value that can't be; people hear of the first of its field, the 10th, …."""
        self.refusals[error.field] += 1
        count = self.refusals[error.field]
        if not is_told(count):
            return
        text = f"{self.profile.name}: a value was refused ({count} of this field): {error}"
        self.note(text)
        self.alarm(Alarm(kind=AlarmKind.VALUE_REFUSED, text=self.redact(text)))

    def open(self) -> Opened:
        """Load markets, clock and balances. From any thread but the loop's.

        Raises ``ConnectError``; the connection is closed then.
        """
        try:
            self.opened = self.thread.run(self._open())
        except ConnectError:
            self.close()
            raise
        return self.opened

    def close(self) -> bool:
        """End the thread and everything on it; False: it did not end in time."""
        return self.thread.stop(self._close)

    def listing(self, symbol: Symbol) -> Listing:
        """Return a market. Raises ``UnknownSymbolError``."""
        listing = self.opened.listings.get(symbol)
        if listing is None:
            unreadable = self.opened.unreadable.get(symbol)
            if unreadable is not None:
                text = f"the rules of {symbol} at {self.profile.name} can't be read: {unreadable}"
                raise UnknownSymbolError(text)
            base = symbol.partition("/")[0]
            near = sorted(one for one in self.opened.listings if one.startswith(f"{base}/"))[:5]
            known = f"; of {base} there are: {', '.join(near)}" if near else ""
            raise UnknownSymbolError(
                f"{self.profile.name} has no market {symbol}, or has delisted it{known}"
            )
        return listing

    def now(self) -> Timestamp:
        """Return our own clock's time."""
        return Timestamp(int(self.client.milliseconds()))

    async def call(
        self,
        method: str,
        *args: object,
        urgency: Priority,
        patience_ms: int | None = None,
        places: bool = False,
    ) -> Any:  # noqa: ANN401 - ccxt's answers have no types
        """Ask ccxt; on the loop. ``places``: the call places an order.

        Raises what ccxt raises, and ``UnansweredError`` where no answer comes in time: ccxt has a
        limit for each HTTP request, and none for what it does between them.
        """
        URGENCY.set(urgency)
        PATIENCE_MS.set(patience_ms)
        PLACES.set(places)
        RETRY_AFTER_MS.set(None)
        limit = self.settings.call_timeout_ms / 1000
        try:
            async with asyncio.timeout(limit) as deadline:
                return await as_error(getattr(self.client, method)(*args))
        except TimeoutError:
            if not deadline.expired():
                raise
            raise UnansweredError(f"{method}: no answer in {limit:g} s") from None

    async def measure_clock(self) -> None:
        """Measure the venue's clock once. Raises what ccxt raises."""
        await self.clock.measure(1)

    async def try_measure_clock(self, reads: int = CLOCK_READS) -> bool:
        """Measure the venue's clock; False: it failed, which is noted."""
        try:
            await self.clock.measure(reads)
        except Exception as error:  # noqa: BLE001 - a refused time brings us here again
            self.note(f"clock: {self.text_of(error)}")
            return False
        return True

    @property
    def clock_offset_ms(self) -> int:
        """The venue's clock less ours, as last measured."""
        return self.clock.offset_ms

    def text_of(self, error: BaseException) -> str:
        """Return an error as it may be told."""
        name = "" if isinstance(error, LiveError) else f"{type(error).__name__}: "
        cause = "" if error.__cause__ is None else f": {error.__cause__}"
        return self.redact(f"{name}{error}{cause}")

    async def _open(self) -> Opened:
        loop = asyncio.get_running_loop()
        quiet_ccxt(self.redact)
        from exchange.live.http_session import harden, open_session  # noqa: PLC0415 - aiohttp

        made = self._make_session() if self._make_session is not None else open_session()
        self._session = harden(made)  # type: ignore[arg-type] # a test's may be another class
        self.client = make_client(
            self.profile,
            self._credentials.values,
            self.settings,
            self._session,
            is_sandbox=self.is_sandbox,
        )
        self.client.timeout_on_exit = 0
        self.throttle = Throttle(
            float(self.client.rateLimit or 1) / self.settings.rate_ratio,
            lambda: loop.time() * 1000,
            loop.call_later,
            exit_probe_ms=self.settings.exit_probe_ms,
            hold_ms=self.settings.queue_timeout_ms,
            burst_ms=BURST_MS if self.profile.burst_ms is None else self.profile.burst_ms,
        )
        self.hook_in(self.client)
        URGENCY.set(Priority.ENTRY)
        await self._step("load its markets", self.markets.begin())
        await self._step("ask its time", self.measure_clock())
        opened = await self._step("load its markets", self.markets.opened(Opened()))
        self._refuse_unreadable(opened)
        if not self._credentials.values:
            return opened
        balance = await self._step("read the account's balances", self.client.fetch_balance())
        self._check_permission(balance.get("info"))
        held = read_balances(balance, self.refused)
        self.account.opened(held, self.now())
        opened = replace(
            opened,
            total=held.total,
            free=held.free,
            can_withdraw=_can(balance, "canWithdraw"),
            uid=uid_of(balance, self.profile),
        )
        return await self._step("load its markets", self.markets.confirmed(opened))

    def hook_in(self, client: Any) -> None:  # noqa: ANN401 - ccxt's
        """Give a client of ccxt's this connection's rate limits, clock and guards."""
        client.throttle_of_ours = self.throttle
        client.profile_of_ours = self.profile
        client.jumps_of_ours = self.clock.jumps
        client.venue_time_ms = lambda: client.milliseconds() + self.clock_offset_ms
        client.paused = self._paused
        client.ponged = self.stream.ponged
        client.bad_item = self._bad_item

    def _paused(self, demand: Demand) -> None:
        if demand.is_ban:
            try:
                self.bans.keep(Timestamp(self.now() + demand.wait_ms))
            except OSError as error:
                self.note(f"the end of the ban is not on the disk: {error}")
        self.on_pause(demand)

    def _bad_item(self, kind: str, error: BaseException) -> None:
        self.on_bad_item(kind, error)

    def _note_bad_item(self, kind: str, error: BaseException) -> None:
        self.note(f"{kind} is not understood: {self.text_of(error)}")

    async def _step(self, what: str, work: Awaitable[T]) -> T:
        try:
            return await work
        except Exception as error:  # noqa: BLE001 - all of it is one answer: not opened, and why
            wait_ms = self.throttle.longest_pause_ms()
            problem = problem_of(error, self.profile)
            if wait_ms > 0 and problem is not ConnectProblem.WRONG_KEY:
                is_ban = self.throttle.banned_for_ms() > 0
                problem = ConnectProblem.BANNED if is_ban else ConnectProblem.PAUSED
            advice = ADVICE[problem].format(until=at_utc(self.now() + wait_ms))
            text = f"{self.profile.name}: can't {what}: {advice} ({self.text_of(error)})"
            raise ConnectError(problem, text, wait_ms) from None

    def _check_permission(self, info: object) -> None:
        if _can({"info": info}, "canTrade") is False:
            text = f"{self.profile.name}: {ADVICE[ConnectProblem.NO_PERMISSION]}"
            raise ConnectError(ConnectProblem.NO_PERMISSION, text)

    def _refuse_unreadable(self, opened: Opened) -> None:
        if opened.listings or not opened.unreadable:
            return
        symbol, why = next(iter(opened.unreadable.items()))
        text = f"{self.profile.name}: the rules of its markets can't be read ({symbol}: {why})"
        raise ConnectError(ConnectProblem.OTHER, f"{text}; it can't be traded on")

    async def _close(self) -> None:
        with suppress(Exception):  # its sockets may be gone already
            await self.client.close()
        if self._session is not None:
            await self._session.close()


def _no_slot(slot: int) -> Mapping[str, str]:
    raise KeysError(f"no keys are read from slot {slot} here")


def _can(balance: Mapping[str, Any], what: str) -> bool | None:
    info = balance.get("info")
    value = info.get(what) if isinstance(info, Mapping) else None
    return value if isinstance(value, bool) else None
