"""What the portfolio does with a message. Pure: it reads the books and returns what changes.

Every message costs a few dict look-ups, however many positions live.
"""

import msgspec

from actors.portfolio import balance_requests
from actors.portfolio.accounts import FORGET_AFTER_MS, Booking, Cumulative, Posting, book
from actors.portfolio.balance_comparison import (
    ask_balances,
    compare_balances,
    hear_unfilled,
    look_again,
    look_scheduled,
)
from actors.portfolio.budget_rules import Asked, Conflict, Denial, Trading, refusal
from actors.portfolio.settlement import allotted, settled
from actors.portfolio.store import Books
from actors.portfolio.unmatched_fills import (
    book_unmatched,
    offer_waiting,
    row_to_take_over,
    taken_over,
)
from actors.portfolio.valuation import Rate, equity
from actors.portfolio.venue_balances import LookDue
from messages.addresses import MARKET_DATA, ORDER_ROUTER, position_address
from messages.base import Message, PositionId, Timestamp, quote_currency
from messages.envelope import NO_TIMER, NOTHING, Removed, Send, Step, Wake
from messages.market_data import ShowMarkets
from messages.order_router import ConflictCleared, ResendConflicts
from messages.portfolio import (
    AccountsDescribed,
    AllotCapital,
    BalancesReported,
    BookPosition,
    ClearConflict,
    ConversionRate,
    CurrencyRow,
    DescribeAccounts,
    ForeignListed,
    OfferUnmatched,
    RequestBalance,
    ReserveBudget,
    SetLimits,
    SymbolConflict,
    TradingState,
    TradingStateChanged,
    UnfilledListed,
    UnmatchedFill,
)
from messages.position import (
    BudgetDenied,
    BudgetGranted,
)

_LOOK = "look"
_BOOKING = "booking/"
_DENIAL = "denial/"


def step(books: Books, message: Message, now: Timestamp) -> Step:  # noqa: C901, PLR0911 - one a message
    """Return what ``message`` changes and sends.

    Raises:
        TypeError: the message is none of the portfolio's.
    """
    match message:
        case BookPosition():
            return _book_position(books, message, now)
        case SymbolConflict() | ClearConflict():
            return _in_conflict(books, message)
        case ReserveBudget():
            return _reserve(books, message, now)
        case UnmatchedFill():
            return book_unmatched(books, message, now)
        case OfferUnmatched():
            return offer_waiting(books, message)
        case BalancesReported():
            return _hear_balances(books, message, now)
        case UnfilledListed():
            return hear_unfilled(books, message, now)
        case RequestBalance():
            return balance_requests.ask(message, now)
        case ForeignListed():
            return balance_requests.on_foreign(books, message)
        case Wake():
            return _wake(books, message.key, now)
        case ConversionRate() | TradingStateChanged() | SetLimits() | AllotCapital():
            return _be_told(books, message, now)
        case _:
            raise TypeError(f"the portfolio does not take {type(message).__name__}")


def wake_at(change: msgspec.Struct) -> tuple[str, Timestamp | None]:
    """Return the key and the deadline of one changed entity; ``NO_TIMER`` for one without."""
    match change:
        case Booking():
            return _BOOKING + change.key, change.forget_at
        case Denial():
            return _DENIAL + change.position_id, change.forget_at
        case LookDue():
            return _LOOK, change.at
        case _:
            return NO_TIMER


def deadline(books: Books, key: str) -> Timestamp | None:
    """Return when the entity behind a timer's key is to be looked at; None: never, or gone."""
    if key == _LOOK:
        return books.look.at
    kind, _, name = key.partition("/")
    is_denial = kind + "/" == _DENIAL
    entity = books.denials.get(PositionId(name)) if is_denial else books.bookings.get(name)
    return None if entity is None else entity.forget_at


def describe(books: Books, question: DescribeAccounts) -> AccountsDescribed:
    """Answer a tool."""
    accounts = [books.accounts[currency] for currency in sorted(books.accounts)]
    rows = tuple(
        CurrencyRow(
            currency=account.currency,
            free=account.free,
            reserved=account.reserved,
            invested=account.invested,
            total=account.total,
            held=account.held,
        )
        for account in accounts
    )
    valued_in = question.valued_in
    return AccountsDescribed(
        rows=rows,
        equity=None if valued_in is None else equity(accounts, valued_in, books.rates),
        open_positions=books.totals.open_positions,
        trades=books.totals.trades,
        wins=books.totals.wins,
    )


def _be_told(
    books: Books,
    message: ConversionRate | TradingStateChanged | SetLimits | AllotCapital,
    now: Timestamp,
) -> Step:
    match message:
        case ConversionRate():
            return _take_rate(books, message)
        case TradingStateChanged():
            return _let_in(books, Trading(state=message.state, reason=message.reason))
        case SetLimits():
            return Step((message.limits, *look_scheduled(books, message.limits, now)))
        case AllotCapital():
            asked = ask_balances(now, is_routine=True)
            return Step((*allotted(books, message.capital, now), *asked.changes), asked.outbox)


def _let_in(books: Books, trading: Trading) -> Step:
    """Take in what may be done; a strategy need not wait for the next quote to enter again."""
    before = books.trading
    if trading == before:
        return NOTHING
    is_opened = trading.state is TradingState.ACTIVE and before.state is not TradingState.ACTIVE
    return Step((trading,), (Send(MARKET_DATA, ShowMarkets()),) if is_opened else ())


def _in_conflict(books: Books, message: SymbolConflict | ClearConflict) -> Step:
    """Take note of an order under our id that is not ours; or that a person has looked at it."""
    if isinstance(message, ClearConflict):
        keys = [one for one, kept in books.conflicts.items() if kept.symbol == message.symbol]
        told: tuple[Send, ...] = tuple(
            Send(ORDER_ROUTER, ConflictCleared(client_order_id=key)) for key in keys
        )
        if not keys:  # never taken in here: it is told again, and a person sees what it is about
            told = (Send(ORDER_ROUTER, ResendConflicts(symbol=message.symbol)),)
    elif message.text:
        conflict = Conflict(
            symbol=message.symbol, client_order_id=message.client_order_id, text=message.text
        )
        return Step((conflict,))
    else:
        keys = [one for one in books.conflicts if one == message.client_order_id]
        told = ()
    return Step(tuple(Removed(kind=Conflict.__name__, key=key) for key in keys), told)


def _reserve(books: Books, message: ReserveBudget, now: Timestamp) -> Step:
    known = books.bookings.get(message.position_id)
    if known is not None:
        return Step(outbox=(_granted(known),))
    denied = books.denials.get(message.position_id)
    if denied is not None:
        return Step(outbox=(_denied(denied),))
    currency = quote_currency(message.symbol)
    asked = Asked(
        symbol=message.symbol,
        budget=message.budget,
        now=now,
        account=books.account(currency),
        row=books.row(message.symbol),
        totals=books.totals,
        limits=books.limits,
        trading=books.trading,
        conflict="; ".join(
            one.text for one in books.conflicts.values() if one.symbol == message.symbol
        ),
    )
    refused = refusal(asked)
    if refused is not None:
        reason, text = refused
        denial = Denial(
            position_id=message.position_id,
            reason=reason,
            text=text,
            forget_at=Timestamp(now + FORGET_AFTER_MS),
        )
        return Step((denial,), (_denied(denial),))
    granted = Booking(
        key=message.position_id,
        symbol=message.symbol,
        is_position=True,
        budget=message.budget,
        reserved=message.budget,
    )
    move = Posting(currency=currency, free=-message.budget, reserved=message.budget)
    done = settled(books, ((None, granted),), (move,), now)
    return Step(done.changes, (_granted(granted), *done.outbox))


def _granted(booking: Booking) -> Send:
    address = position_address(PositionId(booking.key))
    return Send(address, BudgetGranted(budget=booking.budget))


def _denied(denial: Denial) -> Send:
    answer = BudgetDenied(reason=denial.reason, text=denial.text)
    return Send(position_address(denial.position_id), answer)


def _book_position(books: Books, message: BookPosition, now: Timestamp) -> Step:
    told = Cumulative(
        bought=message.bought,
        cost=message.bought_cost,
        sold=message.sold,
        proceeds=message.sold_proceeds,
        fees=message.fees,
    )
    row = row_to_take_over(books, message)
    if row is not None:
        left, adopted = taken_over(row, message, now)
        after, postings = book(adopted, told, message.reserve, closed=message.closed)
        return settled(books, ((row, left), (None, _remembered(after, now))), postings, now)
    known = books.bookings.get(message.position_id)
    if known is None and (message.closed or told == Cumulative()):
        return NOTHING  # denied, withdrawn before it asked, or booked and forgotten long ago
    booking = known or Booking(key=message.position_id, symbol=message.symbol, is_position=True)
    after, postings = book(booking, told, message.reserve, closed=message.closed)
    return _changed(books, known, after, postings, now)


def _changed(
    books: Books,
    known: Booking | None,
    after: Booking,
    postings: tuple[Posting, ...],
    now: Timestamp,
) -> Step:
    if after == known:
        return NOTHING
    return settled(books, ((known, _remembered(after, now)),), postings, now)


def _remembered(after: Booking, now: Timestamp) -> Booking:
    """Return the booking; one that is closed is remembered for a while from now on."""
    if not after.closed:
        return after
    return msgspec.structs.replace(after, forget_at=Timestamp(now + FORGET_AFTER_MS))


def _hear_balances(books: Books, message: BalancesReported, now: Timestamp) -> Step:
    compared = compare_balances(books, message, now)
    answered = tuple(balance_requests.answers(books, message))
    return Step(
        (*compared.changes, *(change for change, _ in answered)),
        (*compared.outbox, *(send for _, send in answered)),
    )


def _take_rate(books: Books, message: ConversionRate) -> Step:
    if books.rates.get(message.symbol) == message.rate:
        return NOTHING
    return Step((Rate(symbol=message.symbol, rate=message.rate),))


def _wake(books: Books, key: str, now: Timestamp) -> Step:
    at = deadline(books, key)
    if at is None or at > now:
        return NOTHING
    if key == _LOOK:
        return look_again(books, now)
    kind = "Booking" if key.startswith(_BOOKING) else "Denial"
    return Step((Removed(kind=kind, key=key.partition("/")[2]),))
