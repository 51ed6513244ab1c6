"""What moves the venue from outside: commands as data, and the hand that gives them.

Owns the vocabulary of the control channel. In the same process a ``ServerThread`` takes the
commands, from another one ``remote.RemoteServer`` sends them as JSON.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from exchange.matching.state import Balance, ExecutionRules
from exchange.server.server import ExchangeServer
from exchange.server.venue import Account, MarketStatus, Venue
from exchange.server.wire import Call, Reach
from exchange.server.wire_faults import WireFault
from messages.base import Currency, Symbol, Timestamp
from messages.gateway import MarketMoved
from messages.market import Candle, MarketRules
from messages.orders import OrderFacts
from messages.reconciler import Trade

WAIT_SECONDS = 30.0
"""For something that happens soon, on a busy machine too, or the test fails."""


class Move(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Let the outside market trade."""

    symbol: Symbol
    bid: float
    ask: float
    last: float
    quantity: float | None = None
    gap: bool = False


class SetBalance(msgspec.Struct, frozen=True, tag=True):
    """Let the account hold ``total``."""

    currency: Currency
    total: Decimal


class SetStatus(msgspec.Struct, frozen=True, tag=True):
    """Halt, delist or reopen a market."""

    symbol: Symbol
    status: MarketStatus


class SetRules(msgspec.Struct, frozen=True, tag=True):
    """Demand something else of the orders on a market."""

    rules: MarketRules


class SetExecution(msgspec.Struct, frozen=True, tag=True):
    """Prevent self-trade, or enforce a price range, on a market."""

    symbol: Symbol
    execution: ExecutionRules


class SetMaintenance(msgspec.Struct, frozen=True, tag=True):
    """Answer everything with 503, or no more; open sockets are dropped."""

    is_on: bool


class SetAccount(msgspec.Struct, frozen=True, tag=True):
    """Change the key and what it may do."""

    account: Account


class SetClock(msgspec.Struct, frozen=True, tag=True):
    """Let the venue's clock go ahead by ``offset_ms``; negative: behind."""

    offset_ms: int


class LoadCandles(msgspec.Struct, frozen=True, tag=True):
    """Give a market a history of closed minutes, oldest first."""

    symbol: Symbol
    minutes: tuple[Candle, ...]


class FillOrder(msgspec.Struct, frozen=True, tag=True):
    """Fill an order at the market, whatever its status says."""

    client_order_id: str
    quantity: Decimal


class PlanFaults(msgspec.Struct, frozen=True, tag=True):
    """Let this go wrong from now on, in place of what was planned."""

    faults: tuple[WireFault, ...]


class Release(msgspec.Struct, frozen=True, tag=True):
    """Let what stalls be answered."""


class DropSockets(msgspec.Struct, frozen=True, tag=True):
    """Reset every open socket."""


VenueControl = (
    Move
    | SetBalance
    | SetStatus
    | SetRules
    | SetExecution
    | SetAccount
    | SetClock
    | LoadCandles
    | FillOrder
)
Control = VenueControl | SetMaintenance | PlanFaults | Release | DropSockets


class HeardRequest(msgspec.Struct, frozen=True):
    """One request that came."""

    call: Call
    method: str
    path: str
    text: str
    """Query and body, without the signature."""


class VenuePicture(msgspec.Struct, frozen=True, kw_only=True):
    """The venue's own books, and who talks to it."""

    version: int
    """Grows whenever anything happens."""
    now: Timestamp
    balances: tuple[Balance, ...]
    """By currency."""
    orders: tuple[OrderFacts, ...]
    """In order of arrival; a client order id used again has ``~2`` after it."""
    trades: tuple[Trade, ...]
    requests: tuple[HeardRequest, ...]
    topics: tuple[str, ...]
    """What open sockets subscribed to, once for each."""
    sockets: int
    to_come: tuple[WireFault, ...] = ()
    """What was planned to go wrong and has not happened yet."""

    def order(self, client_order_id: str) -> OrderFacts:
        """Return how an order stands. Raises ``KeyError``."""
        found = {str(facts.client_order_id): facts for facts in self.orders}
        return found[client_order_id]

    def total(self, currency: str) -> Decimal:
        """Return what the account holds of a currency."""
        held = {balance.currency: balance.total for balance in self.balances}
        return held.get(Currency(currency), Decimal(0))

    def calls(self, call: Call) -> int:
        """Return how many requests of a kind came."""
        return sum(1 for request in self.requests if request.call is call)


class ServerHand(ABC):
    """Moves a server, wherever it runs."""

    @property
    @abstractmethod
    def reach(self) -> Reach:
        """How clients get there."""

    @abstractmethod
    def send(self, command: Control) -> None:
        """Give a command and wait until it is done."""

    @abstractmethod
    def read(self, after: int | None = None) -> VenuePicture:
        """Return the venue's books as they are; ``after`` a version: once it is past.

        Raises ``TimeoutError`` where nothing happens for long.
        """

    def wait_for(self, condition: Callable[[VenuePicture], bool]) -> VenuePicture:
        """Wait until the venue is so; return its books then. Raises ``TimeoutError``."""
        picture = self.read()
        while not condition(picture):
            picture = self.read(picture.version)
        return picture

    def move(
        self,
        symbol: str,
        bid: float,
        ask: float | None = None,
        last: float | None = None,
        *,
        quantity: float | None = None,
        gap: bool = False,
    ) -> None:
        """Let the market trade: at one price, or at a bid, an ask and a last (else the bid)."""
        ask, last = (bid if ask is None else ask), (bid if last is None else last)
        self.send(
            Move(symbol=Symbol(symbol), bid=bid, ask=ask, last=last, quantity=quantity, gap=gap)
        )

    def plan(self, *faults: WireFault) -> None:
        """Let this go wrong from now on; nothing: let all go well."""
        self.send(PlanFaults(faults))


def obey(server: ExchangeServer, command: Control) -> None:
    """Do what a command says; in the server's loop."""
    match command:
        case SetMaintenance():
            server.is_in_maintenance = command.is_on
            server.hub.drop_all()
        case PlanFaults():
            server.plan(command.faults)
        case Release():
            server.release()
        case DropSockets():
            server.hub.drop_all()
        case _:
            _change(server.dialect.venue, command)


def _change(venue: Venue, command: VenueControl) -> None:
    match command:
        case Move():
            fields: dict[str, Any] = msgspec.structs.asdict(command)
            venue.move(MarketMoved(at=venue.now, **fields))
        case SetBalance():
            venue.set_balance(command.currency, command.total)
        case SetStatus():
            venue.statuses[command.symbol] = command.status
        case SetRules():
            venue.set_rules(command.rules)
        case SetExecution():
            venue.set_execution(command.symbol, command.execution)
        case SetAccount():
            venue.account = command.account
        case SetClock():
            venue.clock_offset_ms = command.offset_ms
        case LoadCandles():
            venue.tape.load(command.symbol, command.minutes)
        case FillOrder():
            venue.force_fill(command.client_order_id, command.quantity)


async def picture_after(server: ExchangeServer, after: int | None) -> VenuePicture:
    """Return the venue's books, once ``after`` is past. Raises ``TimeoutError``."""
    if after is not None:
        try:
            await asyncio.wait_for(server.changed_since(after), WAIT_SECONDS)
        except TimeoutError:
            raise TimeoutError(f"nothing happened: {picture_of(server)}") from None
    return picture_of(server)


def picture_of(server: ExchangeServer) -> VenuePicture:
    """Return the venue's books as they are."""
    venue = server.dialect.venue
    balances = venue.book.balances
    return VenuePicture(
        version=server.version,
        now=venue.now,
        balances=tuple(balances[currency] for currency in sorted(balances)),
        orders=tuple(order.facts for order in venue.book.orders.values()),
        trades=tuple(venue.book.trades.values()),
        requests=tuple(
            HeardRequest(heard.call, heard.method, heard.path, heard.text)
            for heard in server.requests
        ),
        topics=tuple(sorted(topic for one in server.hub.sockets for topic in one.topics)),
        sockets=len(server.hub.sockets),
        to_come=server.faults_to_come,
    )
