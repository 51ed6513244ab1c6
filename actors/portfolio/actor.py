"""The portfolio's shell: the books, recorded step by step."""

from typing import TYPE_CHECKING

import msgspec

from actors.portfolio import core
from actors.portfolio.skipped import after_skip
from actors.portfolio.store import Books
from actors.runtime.actor import CoreActor
from messages.addresses import OBSERVERS
from messages.base import Address, Message, Timestamp
from messages.envelope import Send, Step, Wake
from messages.observers import Alarm, AlarmKind
from messages.portfolio import DescribeAccounts, RequestBalance, ReserveBudget

if TYPE_CHECKING:
    from actors.runtime.system import System


class PortfolioActor(CoreActor):
    """Keeps the books and lets the core step them."""

    def __init__(self, system: "System", address: Address, books: Books | None = None) -> None:
        """Take the books as recovered from the journal; None: new ones."""
        super().__init__(system, address)
        self.books = books or Books()
        self._asked_again: set[tuple[str, str]] = set()
        """Facts that were skipped and asked for again, by type and position; not recorded."""

    def step(self, message: Message, now: Timestamp) -> Step:
        """Call the core."""
        step = core.step(self.books, message, now)
        if self._asked_again:
            self._asked_again.discard(_source(message))
        return step

    def apply(self, change: msgspec.Struct) -> None:
        """Take one entity into the books."""
        self.books.apply(change)

    def wake_at(self, change: msgspec.Struct) -> tuple[str, Timestamp | None]:
        """Return when an entity wants to be looked at."""
        return core.wake_at(change)

    def answer(self, message: Message) -> object:
        """Describe the accounts to a tool."""
        if isinstance(message, DescribeAccounts):
            return core.describe(self.books, message)
        return NotImplemented

    def on_skipped(self, message: Message, error: BaseException) -> tuple[Send, ...]:
        """Refuse a skipped request, ask once for a skipped fact, look again at a deadline."""
        if isinstance(message, Wake):
            self.wake_again(message.key, core.deadline(self.books, message.key))
        if _source(message) in self._asked_again:
            text = f"{type(message).__name__} can't be booked, asked for again: {error}"
            return (Send(OBSERVERS, Alarm(kind=AlarmKind.STEP_SKIPPED, text=text)),)
        sends = after_skip(message, str(error))
        if sends and not isinstance(message, ReserveBudget | RequestBalance):
            self._asked_again.add(_source(message))
        return sends


def _source(message: Message) -> tuple[str, str]:
    for field in ("position_id", "client_order_id", "symbol"):
        if of := getattr(message, field, ""):
            return type(message).__name__, of
    return type(message).__name__, ""
