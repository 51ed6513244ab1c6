"""Which orders are open, asked once for all who ask before the request leaves. On the loop only.

Look-ups, the reconciler's questions and the look after a gap in the streams come together: at a
start, and when the streams are up again. A list proves that an order is there; an order that it
does not show is looked up by its own id. A start asks for its lists before anyone wants them.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping
from functools import partial

from exchange.live.connection import Connection
from exchange.live.fields import Raw, said
from exchange.live.fill_completion import Answers
from exchange.live.order import LiveOrder
from exchange.live.own_orders import Book
from exchange.live.pages import read_open
from exchange.live.parsing import Leg
from exchange.live.rate_limiter import ON_LEAVING
from messages.base import Symbol
from messages.orders import Priority

GATHER_SECONDS = 0.01
"""Questions that come within it share one request."""
WHOLE_FROM = 8
"""Symbols from which on one list of the whole account takes the place of a list for each: sooner
it weighs too much (at Binance 80, where a symbol's weighs 6 and a look-up 4)."""
LOOK_UPS_FROM = 2
"""Look-ups on one symbol from which on a list comes first; one alone costs less than a list."""

LISTS = Priority.PROTECTION
"""At a start: exits and protection wait for them."""
START_SECONDS = 3.0
"""For so long the lists of a start are an answer, unless the account's stream changes before: it
brings what happens from then on, and is not to be preceded by an older list."""

Rows = Mapping[str, list[Raw]]
"""Orders as ccxt tells them, by symbol."""


class _Gathering:
    """What came within a moment."""

    def __init__(self) -> None:
        self.asked: dict[Symbol, None] = {}
        self.look_ups: Counter[Symbol] = Counter()
        self.is_closed = asyncio.Event()

    @property
    def listed(self) -> set[Symbol]:
        """Symbols of which a list is worth its request."""
        return {*self.asked, *(one for one, n in self.look_ups.items() if n >= LOOK_UPS_FROM)}


class _Shared:
    """One request for a list."""

    def __init__(self, request: "asyncio.Task[Rows | Exception]", urgency: Priority) -> None:
        self.request = request
        self.urgency = urgency
        self.has_left = False


class OpenOrders:
    """The lists of open orders, shared by all who ask."""

    def __init__(self, connection: Connection, book: Book, answers: Answers) -> None:
        """Ask over ``connection``; ``book`` knows whose an order is."""
        self._connection = connection
        self._book = book
        self._answers = answers
        self._gathering: _Gathering | None = None
        self._unsent: dict[Symbol | None, _Shared] = {}
        """Requests that wait for their turn, by symbol; None: of the whole account."""
        self._of_start: dict[Symbol | None, _Shared] = {}
        """The lists of a start, while they are an answer."""
        self._answered: set[str] = set()
        """Orders and symbols that these have answered for: who asks again wants a later answer."""

    def begin(self, symbols: set[Symbol]) -> None:
        """Ask for the lists of a start: on these symbols orders may be open."""
        listed = [one for one in sorted(symbols) if one in self._connection.opened.listings]
        is_whole = self._can_be_whole(len(listed))
        for key in [None] if is_whole and listed else listed:
            self._of_start[key] = self._begun(key, LISTS)
        asyncio.get_running_loop().call_later(START_SECONDS, self.forget)

    def forget(self) -> None:
        """Answer no more by lists of the start that have left."""
        self._of_start = {k: one for k, one in self._of_start.items() if not one.has_left}

    async def legs_of(self, known: LiveOrder, urgency: Priority) -> list[Leg]:
        """Return an order's legs where a list that many look-ups share shows it; none: look it up.

        Of a pair with one leg in the list, its look-up tells both.
        """
        symbol, whose = known.symbol, self._book.whose_leg
        if symbol not in self._connection.opened.listings:
            return []  # a list of a market that is gone is refused
        of_start = self._started(symbol, known.client_order_id)
        if of_start is None:
            rows = await self._shown(symbol, urgency)
        else:
            rows = await self._or_none(of_start, symbol)
        read = self._answers.read_legs(rows or ())
        legs = [leg for leg in read if whose(symbol, leg) == known.client_order_id]
        is_half = len(legs) == 1 and (legs[0].list_id or known.is_pair)
        return [] if is_half else legs

    async def listed(self, symbol: Symbol, urgency: Priority) -> list[Raw]:
        """Return the rows of a symbol's open orders. Raises what ccxt raises."""
        of_start = self._started(symbol, symbol)
        if of_start is not None:
            return await self._rows_of(of_start, symbol)
        gathering = self._gather()
        gathering.asked[symbol] = None
        await gathering.is_closed.wait()
        shared = self._shared(symbol, urgency, is_whole=self._is_whole(gathering))
        return await self._rows_of(shared, symbol)

    async def _shown(self, symbol: Symbol, urgency: Priority) -> list[Raw] | None:
        """Return what a list says for a look-up; None: none is worth its request, or it failed."""
        gathering = self._gather()
        gathering.look_ups[symbol] += 1
        await gathering.is_closed.wait()
        is_whole = self._is_whole(gathering)
        if not is_whole and symbol not in gathering.listed:
            return None
        return await self._or_none(self._shared(symbol, urgency, is_whole=is_whole), symbol)

    def is_unsent(self, symbol: Symbol) -> bool:
        """Return whether a list that will show a symbol's orders has not left yet."""
        gathering = self._gathering
        is_gathered = gathering is not None and symbol in gathering.asked
        return is_gathered or symbol in self._unsent or None in self._unsent

    def _gather(self) -> _Gathering:
        if self._gathering is None:
            self._gathering = gathering = _Gathering()
            asyncio.get_running_loop().call_later(GATHER_SECONDS, self._close, gathering)
        return self._gathering

    def _close(self, gathering: _Gathering) -> None:
        self._gathering = None
        gathering.is_closed.set()

    def _is_whole(self, gathering: _Gathering) -> bool:
        """Return whether one list of the whole account answers them all."""
        return self._can_be_whole(len({*gathering.asked, *gathering.look_ups}))

    def _can_be_whole(self, symbols: int) -> bool:
        return self._connection.profile.lists_whole_account and symbols >= WHOLE_FROM

    def _started(self, symbol: Symbol, asked_about: str) -> _Shared | None:
        """Return the start's list that shows a symbol's orders; None: it is no answer."""
        shared = self._of_start.get(symbol) or self._of_start.get(None)
        if shared is None or asked_about in self._answered:
            return None
        self._answered.add(asked_about)
        return shared

    def _shared(self, symbol: Symbol, urgency: Priority, *, is_whole: bool) -> _Shared:
        """Return a request that has not left, or begin one."""
        key = None if is_whole else symbol
        shared = self._unsent.get(key)
        if shared is None or shared.urgency > urgency:
            shared = self._unsent[key] = self._begun(key, urgency)
            shared.request.add_done_callback(partial(self._sent, key))
        return shared

    def _begun(self, key: Symbol | None, urgency: Priority) -> _Shared:
        return _Shared(self._connection.thread.spawn(self._ask(key, urgency)), urgency)

    async def _or_none(self, shared: _Shared, symbol: Symbol) -> list[Raw] | None:
        """Return the rows of a symbol; None where the request fails: each order is looked up."""
        try:
            return await self._rows_of(shared, symbol)
        except Exception as error:  # noqa: BLE001 - as said
            self._connection.note(f"list of open orders: {self._connection.text_of(error)}")
            return None

    async def _rows_of(self, shared: _Shared, symbol: Symbol) -> list[Raw]:
        """Return the rows of a symbol. Raises what the request raised."""
        rows = await asyncio.shield(shared.request)
        if isinstance(rows, Exception):
            raise rows
        return rows.get(symbol, [])

    async def _ask(self, symbol: Symbol | None, urgency: Priority) -> Rows | Exception:
        """Return the rows, or why there are none: each who waits for them raises that."""
        ON_LEAVING.set(partial(self._sent, symbol, asyncio.current_task()))
        rows: defaultdict[str, list[Raw]] = defaultdict(list)
        try:
            ask = partial(self._connection.call, urgency=urgency)
            for row in await read_open(self._connection.profile, ask, symbol):
                rows[str(said(row).get("symbol")) if symbol is None else symbol].append(row)
        except Exception as error:  # noqa: BLE001 - told to all who wait
            return error
        return rows

    def _sent(self, key: Symbol | None, request: object) -> None:
        """Take in that a request has left: who asks now wants a later answer."""
        for kept in (self._unsent, self._of_start):
            shared = kept.get(key)
            if shared is not None and shared.request is request:
                shared.has_left = True
        if key in self._unsent and self._unsent[key].has_left:
            del self._unsent[key]
