"""The whole system on recorded markets, with the ledgers checked after every single message.

The venue's ledger is the judge: what the system believes of itself is compared with it, never with
a copy of the system's own arithmetic.
"""

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import msgspec
from rich.console import Console

import supervisor
from actors.journal.port import Record
from actors.observers.trades import Trade
from actors.portfolio.actor import PortfolioActor
from actors.portfolio.store import Books
from actors.runtime.mailbox import Delivery
from actors.runtime.simulated import SimulatedDispatcher
from actors.runtime.supervision import Children
from actors.runtime.system import System
from actors.strategy.actor import strategy_of
from config.settings import CandlePath, Settings
from exchange.matching.state import MatchingBook
from exchange.paper import PaperExchange
from exchange.port import Sink
from messages.addresses import PORTFOLIO
from messages.base import Address, Currency, base_currency
from messages.gateway import MarketMoved
from messages.money import ZERO
from messages.orders import Side
from replay.playback import Played, Player
from replay.stage import Stage, look_at
from session.wiring import Wiring


class Watched:
    """One replay on the simulated dispatcher, checked after every delivery."""

    def __init__(
        self, recordings: tuple[Path, ...], settings: Settings, *, checks_all: bool = True
    ) -> None:
        self.settings = settings
        self.checks_all = checks_all
        """False: each ledger only after a message that changed it, on long recordings."""
        self._venue_changed = True
        self.records: list[Callable[[Record], None]] = []
        """Told every recorded step."""
        self.stage: Stage = look_at(recordings, None, settings)
        self.deliveries = 0
        self.venue: PaperExchange | None = None
        self.system: System | None = None

    def play(self, path: CandlePath = CandlePath.LOW_FIRST) -> Played:
        console = Console(quiet=True)
        make_strategy = strategy_of(self.settings)
        player = Player(self._start, self.stage, make_strategy, self._dispatcher, console)
        played = player.play(path)
        assert self.deliveries > 0
        return played

    def _dispatcher(self) -> SimulatedDispatcher:
        return SimulatedDispatcher(on_delivered=self._check)

    def _start(self, system: System, wiring: Wiring) -> Children:
        self.system = system

        def connect(emit: Sink) -> PaperExchange:
            self.venue = wiring.connect(emit)
            self._note_changes(self.venue.book)
            return self.venue

        for callback in self.records:
            system.observe(callback)
        return supervisor.start(system, msgspec.structs.replace(wiring, connect=connect))

    def _check(self, address: Address, _delivery: Delivery) -> None:
        self.deliveries += 1
        assert self.venue is not None
        assert self.system is not None
        if self.checks_all or self._venue_changed:
            check_venue(self.venue)
            self._venue_changed = False
        if self.checks_all or address == PORTFOLIO:
            check_books(self._books(self.system))

    def _note_changes(self, book: MatchingBook) -> None:
        """Everything that the venue's ledger ever becomes goes through its ``apply``."""
        apply = book.apply

        def noting(change: msgspec.Struct) -> None:
            self._venue_changed = self._venue_changed or not isinstance(change, MarketMoved)
            apply(change)

        book.apply = noting  # type: ignore[method-assign]  # to look, not to change

    @staticmethod
    def _books(system: System) -> Books | None:
        mailbox = system.mailboxes.get(PORTFOLIO)
        actor = None if mailbox is None else mailbox.actor
        return actor.books if isinstance(actor, PortfolioActor) else None


def check_venue(venue: PaperExchange) -> None:
    """Never more sold than held, never more working to be sold than held."""
    ledger = venue.ledger()
    for balance in ledger.balances:
        assert balance.total >= ZERO, f"{balance.currency} was sold short: {balance}"
        assert balance.locked <= balance.total, f"more is locked than there is: {balance}"
    for holding in ledger.holdings:
        assert holding.working_sells <= holding.held, f"exits exceed what is held: {holding}"
    exits = Counter(
        order.request.position_id
        for order in venue.book.orders.values()
        if order.request.side is Side.SELL and not order.facts.is_terminal
    )
    assert all(count == 1 for count in exits.values()), f"two exits of one position: {exits}"


def check_books(books: Books | None) -> None:
    """Per currency: free + reserved + invested = total, exactly."""
    if books is None:
        return
    for account in books.accounts.values():
        parts = account.free + account.reserved + account.invested
        assert parts == account.total, f"the books of {account.currency} do not add up: {account}"


def venue_profit(venue: PaperExchange, currency: Currency, capital: Decimal) -> Decimal:
    """What the venue says was earned, once nothing is held."""
    total = {balance.currency: balance.total for balance in venue.ledger().balances}
    return total.get(currency, ZERO) - capital


def told_profit(trades: list[Trade], currency: Currency) -> Decimal:
    """What the trades say was earned in a currency, and the dust they say they left in it."""
    earned = (trade.pnl for trade in trades if trade.quote_currency == currency)
    left = (trade.dust for trade in trades if base_currency(trade.symbol) == currency)
    return sum(earned, ZERO) + sum(left, ZERO)
