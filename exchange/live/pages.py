"""A list of the venue's read whole: page by page, in both directions, or marked as cut off.

Exchanges answer with the oldest rows first or the newest, with as few as 50 of them whatever is
asked for, and some only within a window of days. A row that is absent from a list that was cut off
means nothing.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from exchange.live.errors import WrongShapeError
from exchange.live.fields import Raw, rows_of, said
from exchange.profiles.profile import OpenPages, PageBy, Profile
from messages.base import DAY_MS, Symbol, Timestamp

SURELY_SHORT = 20
"""Rows: fewer than any exchange's page, so a page of fewer was not cut off."""
DOCUMENTED_PAGE = 50
"""Rows: the smallest page of fills that a document of an exchange with a profile names."""
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
    asked_for = None if profile.trades_of_all else symbol

    async def fetch(begin: Timestamp, end: Timestamp | None) -> list[Raw] | None:
        params = {} if end is None else {profile.until_param: end}
        rows: list[Raw] | None = await ask(
            "fetch_my_trades", asked_for, begin, profile.trades_page, params
        )
        return rows

    days = profile.trades_window_days
    window_ms = None if days is None else days * DAY_MS
    short, full = (SURELY_SHORT, DOCUMENTED_PAGE) if profile.is_proven else (1, SURELY_SHORT)
    listed = await read_whole(fetch, since, now, window_ms, short, full)
    if listed is None or not profile.trades_of_all:
        return listed
    return listed._replace(rows=[row for row in listed.rows if row.get("symbol") == symbol])


async def read_open(
    profile: Profile, ask: Callable[..., Awaitable[Any]], symbol: Symbol | None
) -> list[Raw]:
    """Return every open order of a symbol, each once; symbol None: of the account.

    ``ask`` is given the method of ccxt and its arguments. Raises what it raises, ``BadValueError``
    for a list that is none, and ``WrongShapeError`` for one without end.
    """
    pages = profile.open_pages
    if pages is None:
        return rows_of(await ask("fetch_open_orders", symbol), "orders")
    found: dict[str, Raw] = {}
    params: dict[str, Any] | None = {}
    for number in range(1, PAGES_MOST + 1):
        page = await ask("fetch_open_orders", symbol, None, pages.rows, params)
        orders = {str(said(row).get("id")): row for row in rows_of(page, "orders")}
        is_news = bool(orders.keys() - found.keys())
        found |= orders
        params = _next_page(pages, orders, number) if is_news else None
        if params is None or len(orders) < SURELY_SHORT:
            return list(found.values())
    raise WrongShapeError("the list of open orders has no end")


def _next_page(pages: OpenPages, orders: Mapping[str, Raw], number: int) -> dict[str, Any] | None:
    """Return how to ask for the page after the one with this number; None: there is none."""
    match pages.by:
        case PageBy.NUMBER:
            return {pages.param: number + 1}
        case PageBy.LOWEST_ID:
            ids = [one for one in orders if one.isdecimal()]
            return {pages.param: min(ids, key=int)} if ids else None
        case PageBy.CURSOR:
            named = [said(said(row).get("info")).get(pages.cursor_field) for row in orders.values()]
            word = next((one for one in named if one), None)
            return None if word is None else {pages.param: word}


async def read_whole(
    fetch: Fetch,
    since: Timestamp,
    now: Timestamp,
    window_ms: int | None = None,
    short: int = SURELY_SHORT,
    full: int = SURELY_SHORT,
) -> WholeList | None:
    """Return every row since a moment, each once; None: no answer.

    ``window_ms``: the longest stretch that the venue answers for at once. ``short``: beyond
    a page of fewer rows nothing is asked for. ``full``: a page of fewer rows, all of them known and
    of one moment, hides none.
    """
    pages = _Pages(short, full)
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

    def __init__(self, short: int, full: int) -> None:
        self._short, self._full = short, full
        self._largest = 0
        """Rows of the largest page."""
        self._newest = 0
        """Time of the newest row, in ms."""
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
        times = [at for row in rows if isinstance(at := row.get("timestamp"), int)]
        is_full = len(page) >= max(self._full, self._largest)
        self._largest = max(self._largest, len(page))
        if len(page) < self._short:
            return []
        if not times:
            self.is_whole = False
            return []
        if not new:
            self.is_whole &= self._is_all(max(times), end, is_full=is_full)
            return []
        self._newest = max(self._newest, *times)
        first, last = Timestamp(min(times)), Timestamp(max(times))
        beyond: list[tuple[Timestamp, Timestamp | None]] = []
        if first > begin:
            beyond.append((begin, first))
        if end is None or last < end:
            beyond.append((last, end))
        return beyond

    def _is_all(self, last: int, end: Timestamp | None, *, is_full: bool) -> bool:
        """Return whether nothing lies in a stretch but the rows of its page, all known before.

        A page that is full of them hides what else there is. One that goes beyond its end is no
        answer to the question; where it is not the newest one, the rows come oldest first, so that
        nothing older is left out.
        """
        if end is not None and last > end:
            return last < self._newest
        return not is_full


def _key(row: Raw) -> tuple[str, str]:
    return str(row.get("order")), str(row["id"])
