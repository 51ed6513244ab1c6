"""A portfolio without its actor: the test tells it things, reads what it sent, checks its books."""

from collections.abc import Sequence
from decimal import Decimal
from typing import TypeVar

from actors.portfolio.accounts import Account, Booking
from actors.portfolio.core import step
from actors.portfolio.store import Books
from messages.base import (
    ClientOrderId,
    Currency,
    Message,
    Milliseconds,
    PositionId,
    Symbol,
    Timestamp,
    base_currency,
    quote_currency,
)
from messages.envelope import Step
from messages.money import ZERO, Money
from messages.orders import OrderFacts, OrderStatus, Side
from messages.portfolio import (
    AllotCapital,
    BookPosition,
    Limits,
    ReserveBudget,
    SetLimits,
    UnmatchedFill,
)

MessageT = TypeVar("MessageT", bound=Message)

BTC, USDT, ETH, BNB = Currency("BTC"), Currency("USDT"), Currency("ETH"), Currency("BNB")
BTC_USDT, ETH_BTC = Symbol("BTC/USDT"), Symbol("ETH/BTC")
P1, P2 = PositionId("p1"), PositionId("p2")
START = Timestamp(1_700_000_000_000)


def amount(text: str | int) -> Decimal:
    return Decimal(text)


def both(*values: object) -> tuple[object, ...]:
    """Return figures to compare at once: a Decimal equals an int, which mypy doubts in tuples."""
    return values


class Ledger:
    """The books and a clock; and how the venue's balances must have moved."""

    def __init__(self, capital: str | int = 1000, limits: Limits | None = None) -> None:
        self.books = Books()
        self.now = START
        self.sent: list[Message] = []
        self.tell(AllotCapital(capital=(Money(USDT, amount(capital)),)))
        if limits is not None:
            self.tell(SetLimits(limits=limits))

    def tell(self, message: Message) -> Step:
        done = step(self.books, message, self.now)
        for change in done.changes:
            self.books.apply(change)
        self.sent = [send.message for send in done.outbox]
        assert_exact(self.books)
        return done

    def wait(self, milliseconds: int) -> None:
        self.now = Timestamp(self.now + milliseconds)

    def said(self, kind: type[MessageT]) -> list[MessageT]:
        return [message for message in self.sent if isinstance(message, kind)]

    def reserve(
        self, budget: str | int, position: PositionId = P1, symbol: Symbol = BTC_USDT
    ) -> Message:
        wanted = ReserveBudget(position_id=position, symbol=symbol, budget=amount(budget))
        self.tell(wanted)
        return self.sent[0]

    def account(self, currency: Currency = USDT) -> Account:
        return self.books.account(currency)

    def booking(self, key: str = P1) -> Booking:
        return self.books.bookings[key]


def booked(  # noqa: PLR0913 - as many as the message has
    *,
    position: PositionId = P1,
    symbol: Symbol = BTC_USDT,
    reserve: str | int = 0,
    bought: str | int = 0,
    cost: str | int = 0,
    sold: str | int = 0,
    proceeds: str | int = 0,
    fees: Sequence[tuple[Currency, str | int]] = (),
    closed: bool = False,
) -> BookPosition:
    return BookPosition(
        position_id=position,
        symbol=symbol,
        reserve=amount(reserve),
        bought=amount(bought),
        bought_cost=amount(cost),
        sold=amount(sold),
        sold_proceeds=amount(proceeds),
        fees=tuple(Money(currency, amount(fee)) for currency, fee in fees),
        closed=closed,
    )


def unmatched(
    side: Side,
    filled: str | int,
    cost: str | int,
    *,
    order_id: str = "h0e1p1x9",
    fees: Sequence[tuple[Currency, str | int]] = (),
) -> UnmatchedFill:
    client_order_id = ClientOrderId(order_id)
    return UnmatchedFill(
        client_order_id=client_order_id,
        symbol=BTC_USDT,
        side=side,
        filled=amount(filled),
        cost=amount(cost),
        fees=tuple(Money(currency, amount(fee)) for currency, fee in fees),
        facts=OrderFacts(client_order_id=client_order_id, status=OrderStatus.CANCELED),
    )


def assert_exact(books: Books) -> None:
    """Hold both identities, and every incremental sum against the sum it stands for."""
    bookings = books.bookings.values()
    for account in books.accounts.values():
        assert account.free + account.reserved + account.invested == account.total
        quoted = [b for b in bookings if quote_currency(b.symbol) == account.currency]
        based = [b for b in bookings if base_currency(b.symbol) == account.currency]
        assert account.reserved == sum((b.reserved for b in quoted), ZERO)
        assert account.invested == sum((b.invested for b in quoted), ZERO)
        assert account.held == sum((b.held for b in based), ZERO) + account.dust
    assert books.totals.open_positions == sum(b.is_open for b in bookings)
    for row in books.rows.values():
        there = [b for b in bookings if b.symbol == row.symbol]
        assert row.open_positions == sum(b.is_open for b in there)
        assert row.committed == sum((b.committed for b in there), ZERO)


COOLDOWN = Milliseconds(60_000)
