"""A list of the venue's read whole: page by page, in both directions, or marked as cut off.

Exchanges answer with the oldest rows first or the newest, with as few as 50 of them whatever is
asked for, and some only within a window of days. A row that is absent from a list that was cut off
means nothing.
"""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from exchange.live.fields import Raw
from exchange.profiles.profile import Profile
from messages.base import DAY_MS, Symbol, Timestamp

SURELY_SHORT = 20
"""Rows: fewer than any exchange's page, so a page of fewer was not cut off."""
PAGES_MOST = 60
"""Of one list: more is another bot's trading, and would use up the venue's rate."""

Fetch = Callable[[Timestamp, Timestamp | None], Awaitable[list[Raw] | None]]
"""Asks for the rows from a moment until another one, both included; None: until now."""


class WholeList(NamedTuple):
    """What was read of a list."""

    rows: list[Raw]
    is_whole: bool
    """False: rows may be missing."""


async def read_fills(
    profile: Profile,
    ask: Callable[..., Awaitable[Any]],
    symbol: Symbol,
    since: Timestamp,
    now: Timestamp,
) -> WholeList | None:
    """Return every fill on a symbol since a moment, each once; None: no answer.

    ``ask`` is given the method of ccxt and its arguments.
    """

    async def fetch(begin: Timestamp, end: Timestamp | None) -> list[Raw] | None:
        params = {} if end is None else {profile.until_param: end}
        rows: list[Raw] | None = await ask(
            "fetch_my_trades", symbol, begin, profile.trades_page, params
        )
        return rows

    days = profile.trades_window_days
    return await read_whole(fetch, since, now, None if days is None else days * DAY_MS)


async def read_whole(
    fetch: Fetch, since: Timestamp, now: Timestamp, window_ms: int | None = None
) -> WholeList | None:
    """Return every row since a moment, each once; None: no answer.

    ``window_ms``: the longest stretch that the venue answers for at once.
    """
    pages = _Pages()
    for begin, end in _windows(since, now, window_ms):
        if not await pages.read(fetch, begin, end):
            return None
    return WholeList(list(pages.found.values()), pages.is_whole)


def _windows(
    since: Timestamp, now: Timestamp, window_ms: int | None
) -> list[tuple[Timestamp, Timestamp | None]]:
    """Return the stretches to ask for; the last one is open, as clocks differ."""
    if window_ms is None or now - since < window_ms:
        return [(since, None)]
    begins = range(since, now, window_ms)
    ends: list[Timestamp | None] = [Timestamp(at) for at in begins[1:]]
    return [(Timestamp(at), end) for at, end in zip(begins, [*ends, None], strict=True)]


class _Pages:
    """The rows read so far."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, str], Raw] = {}
        """By order and fill: both sides of a trade with oneself have the trade's id."""
        self.is_whole = True
        self._left = PAGES_MOST

    async def read(self, fetch: Fetch, since: Timestamp, until: Timestamp | None) -> bool:
        """Read one stretch, then what may lie before and after each full page; False: no answer."""
        stretches = [(since, until)]
        while stretches:
            if not self._left:
                self.is_whole = False
                return True
            self._left -= 1
            begin, end = stretches.pop()
            page = await fetch(begin, end)
            if page is None:
                return False
            stretches += self._beyond(page, begin, end)
        return True

    def _beyond(
        self, page: list[Raw], begin: Timestamp, end: Timestamp | None
    ) -> list[tuple[Timestamp, Timestamp | None]]:
        """Take a page in; return the stretches in which more rows may lie."""
        rows = [row for row in page if row.get("id") is not None]
        new = [row for row in rows if _key(row) not in self.found]
        self.found |= {_key(row): row for row in new}
        if len(page) < SURELY_SHORT:
            return []
        times = [at for row in rows if isinstance(at := row.get("timestamp"), int)]
        if not times or (not new and min(times) == max(times)):
            self.is_whole = False  # a page of one moment: what lies beyond can't be asked for
            return []
        if not new:
            return []
        first, last = Timestamp(min(times)), Timestamp(max(times))
        beyond: list[tuple[Timestamp, Timestamp | None]] = []
        if first > begin:
            beyond.append((begin, first))
        if end is None or last < end:
            beyond.append((last, end))
        return beyond


def _key(row: Raw) -> tuple[str, str]:
    return str(row.get("order")), str(row["id"])
