"""One person's small orders at one market: each is sent, looked up and canceled by itself.

Owns the way to the exchange, through the same requests as a session's, but without memory: what an
answer says is the exchange's, not what was heard before. Everything is asked in turn, so a request
to end is obeyed between two answers and none is lost.
"""

import threading
import time
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from commands.probe.ledger import Ledger
from exchange.live.client import can_call
from exchange.live.connection import Connection
from exchange.live.fill_completion import Answers
from exchange.live.market_list import Listing
from exchange.live.open_orders import OpenOrders
from exchange.live.order_requests import Requests
from exchange.live.own_orders import Book
from exchange.live.pages import read_open
from exchange.live.parsing import Leg, read_balances, read_quote
from exchange.port import Event
from exchange.price_grid import ceil_price, floor_price, nearest_price
from exchange.profiles.order_ids import at_venue
from messages.base import ClientOrderId, ExchangeOrderId, PositionId, Symbol
from messages.gateway import CancelAtVenue, LookUpOrder, SubmitOrder
from messages.ids import ENTRY_LEG, EXIT_LEG, Identity, client_order_id
from messages.market import MarketRules, Quote
from messages.money import Money
from messages.order_router import (
    CancelFailed,
    LookUpFailed,
    OrderNotFound,
    OrderReported,
    SubmitFailed,
)
from messages.orders import (
    OrderFacts,
    OrderRequest,
    OrderType,
    Priority,
    Purpose,
    Side,
    TimeInForce,
)
from terminal.errors import RunFailedError

T = TypeVar("T")
POSITION = PositionId("p1")
_CROSSES = Decimal("0.005")
"""By how much a limit order that is to fill at once goes beyond the best price."""
LOOK_SECONDS = 0.1
"""Between two looks."""


class EndAskedError(Exception):
    """A person asked for the end, by Ctrl-C or a signal."""


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """One order as it is asked for."""

    side: Side
    type: OrderType
    quantity: Decimal
    price: Decimal | None = None
    trigger_price: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.GTC


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a submit."""

    order_id: ClientOrderId
    facts: OrderFacts | None
    failure: SubmitFailed | None
    sent_at: float
    """By ``time.monotonic``."""
    answered_ms: int


class Desk:
    """One market of one open connection."""

    def __init__(
        self,
        connection: Connection,
        symbol: Symbol,
        identity: Identity,
        ledger: Ledger,
        asked_to_end: threading.Event,
    ) -> None:
        """Place nothing yet."""
        self.connection = connection
        self.symbol = symbol
        self.ledger = ledger
        self.is_ending = False
        """While it is cleared: a wish to end is obeyed already."""
        self._identity = identity
        self._asked_to_end = asked_to_end
        self._attempts = 0

    @property
    def listing(self) -> Listing:
        """The market as it was loaded."""
        return self.connection.listing(self.symbol)

    @property
    def rules(self) -> MarketRules:
        """What the market demands of an order."""
        return self.listing.rules

    def wait(self, seconds: float) -> None:
        """Wait. Raises ``EndAskedError`` as soon as the end is asked for."""
        if self.is_ending:
            time.sleep(seconds)
        elif self._asked_to_end.wait(seconds):
            raise EndAskedError

    def new_id(self, side: Side) -> ClientOrderId:
        """Return a client order id that no order has."""
        self._attempts += 1
        leg = ENTRY_LEG if side is Side.BUY else EXIT_LEG
        return client_order_id(self._identity.prefix_of(POSITION), leg, self._attempts)

    def submit(self, terms: Terms, order_id: ClientOrderId | None = None) -> Reply:
        """Send an order, once; under an id that was used before, where one is given."""
        self._check()
        order_id = order_id or self.new_id(terms.side)
        purpose = Purpose.ENTRY if terms.side is Side.BUY else Purpose.CLOSE
        request = OrderRequest(
            client_order_id=order_id,
            position_id=POSITION,
            symbol=self.symbol,
            purpose=purpose,
            **msgspec.structs.asdict(terms),
        )
        self.ledger.send(order_id, terms.side, self.connection.now())
        sent_at = time.monotonic()
        events = self._ask(
            lambda requests: requests.submit(SubmitOrder(request=request, priority=Priority.ENTRY))
        )
        answered_ms = ms_since(sent_at)
        failures = [event for event in events if isinstance(event, SubmitFailed)]
        return Reply(
            order_id=order_id,
            facts=_last_facts(events),
            failure=failures[0] if failures else None,
            sent_at=sent_at,
            answered_ms=answered_ms,
        )

    def cancel(
        self, order_id: ClientOrderId, exchange_id: ExchangeOrderId | None = None
    ) -> OrderFacts | CancelFailed:
        """Cancel an order by its client order id, or as the exchange wants it."""
        self._check()
        order = CancelAtVenue(
            client_order_id=order_id,
            exchange_order_id=exchange_id,
            symbol=self.symbol,
            priority=Priority.EXIT,
        )
        events = self._ask(lambda requests: requests.cancel(order))
        return _last_facts(events) or next(e for e in events if isinstance(e, CancelFailed))

    def look(self, order_id: ClientOrderId) -> OrderFacts | OrderNotFound | LookUpFailed:
        """Ask how the order stands that a client order id means now."""
        self._check()
        order = LookUpOrder(client_order_id=order_id, exchange_order_id=None, symbol=self.symbol)
        events = self._ask(lambda requests: requests.look_up(order))
        failed = (e for e in events if isinstance(e, OrderNotFound | LookUpFailed))
        return _last_facts(events) or next(failed)

    def cancel_by_exchange_id(self, exchange_id: ExchangeOrderId) -> None:
        """Cancel what no client order id names any more. Raises ``RunFailedError``."""
        self._run(self._call("cancel_order", exchange_id, self.symbol))

    def open_orders(self) -> list[Leg]:
        """Return the orders that work on the market. Raises ``RunFailedError``."""
        self._check()
        rows = self._run(read_open(self.connection.profile, self._call, self.symbol))
        answers = Answers(self.connection, Book(self.connection.profile), lambda _: None)
        return answers.read_legs(rows)

    def balances(self) -> tuple[tuple[Money, ...], tuple[Money, ...]]:
        """Return what the account holds: in all, and free. Raises ``RunFailedError``."""
        self._check()
        read = read_balances(self._run(self._call("fetch_balance")), self.connection.refused)
        return read.total, read.free

    def quote(self) -> Quote:
        """Return the market's best prices. Raises ``RunFailedError`` where there are none."""
        self._check()
        if can_call(self.connection.client, "fetchTicker"):
            ticker = self._run(self._call("fetch_ticker", self.symbol))
        else:
            ticker = self._run(self._call("fetch_tickers", [self.symbol])).get(self.symbol)
        quote = read_quote(ticker, self.connection.now(), self.connection.refused)
        if quote is None:
            raise RunFailedError(f"{self.symbol}: nothing is bid or asked there now")
        self._run(self._keep(quote))
        return quote

    def bid(self, ratio: Decimal = Decimal(1)) -> Decimal:
        """Return the best bid times ``ratio``, rounded down to a price of the market."""
        return floor_price(nearest_price(self.quote().bid, self.rules) * ratio, self.rules)

    def ask(self, ratio: Decimal = Decimal(1)) -> Decimal:
        """Return the best ask times ``ratio``, rounded up to a price of the market."""
        return ceil_price(nearest_price(self.quote().ask, self.rules) * ratio, self.rules)

    def at_once(self, side: Side, quantity: Decimal) -> Terms:
        """Return an order that trades now: at the market where that is allowed, else IOC."""
        can = self.listing.facts.capabilities
        if can.market and (side is Side.SELL or self.connection.profile.market_buy):
            self.quote()  # some exchanges want a price with it
            return Terms(side=side, type=OrderType.MARKET, quantity=quantity)
        price = self.ask(1 + _CROSSES) if side is Side.BUY else self.bid(1 - _CROSSES)
        return Terms(
            side=side,
            type=OrderType.LIMIT,
            quantity=quantity,
            price=price,
            time_in_force=TimeInForce.IOC,
        )

    def is_ours(self, leg: Leg) -> bool:
        """Return whether an order of the exchange's list is of this probe."""
        form = self.connection.profile.ids
        names = {at_venue(form, one.client_order_id) for one in self.ledger.sent}
        return leg.client_order_id in names or leg.exchange_order_id in self.ledger.exchange_ids

    # The way there.

    def _check(self) -> None:
        if self._asked_to_end.is_set() and not self.is_ending:
            raise EndAskedError

    def _ask(self, ask: Callable[[Requests], Awaitable[None]]) -> list[Event]:
        """Make one request as a process would that knows nothing; return what it told."""
        events: list[Event] = []

        async def work() -> None:
            book = Book(self.connection.profile)
            answers = Answers(self.connection, book, events.append)
            lists = OpenOrders(self.connection, book, answers)
            await ask(Requests(self.connection, book, answers, lists, events.append))

        self._run(work())
        for event in events:
            if isinstance(event, OrderReported):
                self.ledger.hear(event.facts)
        return events

    async def _call(self, method: str, *args: object) -> Any:  # noqa: ANN401 - ccxt's
        return await self.connection.call(method, *args, urgency=Priority.ENTRY)

    async def _keep(self, quote: Quote) -> None:
        self.connection.quotes[self.symbol] = quote

    def _run(self, work: Any) -> Any:  # noqa: ANN401 - a coroutine, and what it returns
        try:
            return self.connection.thread.run(work)
        except Exception as error:  # noqa: BLE001 - ccxt's; told without secrets
            raise RunFailedError(self.connection.text_of(error)) from None


def _last_facts(events: list[Event]) -> OrderFacts | None:
    told = [event.facts for event in events if isinstance(event, OrderReported)]
    return told[-1] if told else None


def ms_since(begin: float) -> int:
    """Return how long ago a moment of ``time.monotonic`` is."""
    return round((time.monotonic() - begin) * 1000)
