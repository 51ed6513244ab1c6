"""What the streams missed: found by asking, after every reconnect and now and then.

Owns when it is looked and what is compared: an order of ours that lives as far as we know, and is
not among the venue's open ones, is looked up; fills that never came are fetched; an order through
whose price the market trades is looked up soon (``due_fills``). On the loop only.
"""

import asyncio
from collections.abc import Iterable

from exchange.live.account_queries import Questions
from exchange.live.connection import Connection
from exchange.live.due_fills import DueFills
from exchange.live.errors import NotFoundError
from exchange.live.fill_completion import Answers
from exchange.live.order import LiveOrder
from exchange.live.order_requests import Requests
from exchange.live.own_orders import Book
from exchange.live.parsing import Leg
from exchange.live.task_guard import TaskGuard
from messages.base import Symbol, Timestamp
from messages.market import Quote
from messages.orders import Priority


class Reconciling:
    """Keeps the book true where events were lost."""

    def __init__(
        self,
        connection: Connection,
        book: Book,
        answers: Answers,
        requests: Requests,
        questions: Questions,
        guard: TaskGuard,
    ) -> None:
        """Look at nothing yet."""
        self._connection = connection
        self._book = book
        self._answers = answers
        self._requests = requests
        self._questions = questions
        self._guard = guard
        self._wanted = asyncio.Event()
        self._due = DueFills()
        self._is_due = asyncio.Event()
        self._listed_at: dict[Symbol, Timestamp] = {}
        """When the open orders of a symbol were listed last."""

    def start(self) -> None:
        """Look now and then from now on, and after ``look_now``."""
        self._guard.keep("the look at orders", self._run)
        self._guard.keep("the look at fills that are due", self._run_due)

    def quoted(self, quote: Quote) -> None:
        """Take in a price: the market may trade through an order's."""
        if self._due.quoted(quote, self._book.live_on(quote.symbol), self._connection.now()):
            self._is_due.set()

    def look_now(self) -> None:
        """Look at once, and once more soon: the stream was lost and is back."""
        self._wanted.set()

    async def _run(self) -> None:
        settings = self._connection.settings
        while True:
            try:
                await asyncio.wait_for(self._wanted.wait(), settings.reconcile_ms / 1000)
            except TimeoutError:
                await self.reconcile(is_routine=True)
                continue
            self._wanted.clear()
            await self.reconcile()
            await asyncio.sleep(settings.reconcile_again_ms / 1000)
            await self.reconcile()

    async def _run_due(self) -> None:
        while True:
            at = self._due.next_at()
            if at is None:
                await self._is_due.wait()
            else:
                await asyncio.sleep(max(at - self._connection.now(), 0) / 1000)
            self._is_due.clear()
            for order in self._due.take(self._book.live(), self._connection.now()):
                if not self._requests.is_under_way(order.client_order_id):
                    await self._refresh(order)

    async def reconcile(self, *, is_routine: bool = False) -> None:
        """Compare every symbol on which something of ours works.

        ``is_routine``: but those of which a list was read for somebody else meanwhile.
        """
        for order in self._book.incomplete():
            await self._answers.fill_in(order, Priority.QUERY)
        since = self._connection.now() - self._connection.settings.reconcile_ms
        symbols = dict.fromkeys(order.symbol for order in self._book.live())
        due = [one for one in symbols if not is_routine or self._listed_at.get(one, 0) <= since]
        await asyncio.gather(*(self._reconcile_symbol(symbol) for symbol in due))

    async def _reconcile_symbol(self, symbol: Symbol) -> None:
        legs = await self._questions.open_legs(symbol)
        if legs is None:
            return
        for leg in legs:
            order_id = self._book.whose_leg(symbol, leg)
            if order_id is not None:
                self._answers.heard_on_stream(order_id, leg)
        await self.hear_list(symbol, legs)

    async def hear_list(self, symbol: Symbol, legs: Iterable[Leg]) -> None:
        """Look up what lives as far as we know, and is not in a list of the open orders."""
        self._listed_at[symbol] = self._connection.now()
        seen = {self._book.whose_leg(symbol, leg) for leg in legs}
        for order in self._book.live():
            is_missing = order.symbol == symbol and order.client_order_id not in seen
            if is_missing and order.legs and not self._requests.is_under_way(order.client_order_id):
                await self._refresh(order)

    async def _refresh(self, order: LiveOrder) -> None:
        try:
            await self._requests.refresh(order)
        except NotFoundError:
            return  # once is no proof; the router asks about what it doubts
        except Exception as error:  # noqa: BLE001 - the next look comes
            text = self._connection.text_of(error)
            self._connection.note(f"{order.client_order_id}: {text}")
