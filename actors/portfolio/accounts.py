"""The portfolio's entities and the exact moves between them.

Every move is a ``Posting``, and a posting balances: what is free, reserved and invested changes by
exactly what was allotted or realised. So in each currency free + reserved + invested = total after
any sequence of postings; and because coins enter and leave ``held`` as the venue says, free +
reserved + held is the venue's balance less what is not ours.

Knows no rule of granting.
"""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from messages.base import (
    DAY_MS,
    Currency,
    Milliseconds,
    PositionId,
    Symbol,
    Timestamp,
    base_currency,
    quote_currency,
)
from messages.money import CENT_OF_SATOSHI, ZERO, Money, add_money, amount_in, divide_down
from messages.positions import AdoptFill

BASIS_STEP = CENT_OF_SATOSHI
"""The cost basis of a part sold is rounded down to it; the last sale takes all the rest."""

FORGET_AFTER_MS = Milliseconds(6 * 3_600_000)
"""How long a closed booking is remembered: longer than the router remembers a terminal order."""


class Posting(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What one event moves in one currency. All are differences."""

    currency: Currency
    capital: Decimal = ZERO
    realised: Decimal = ZERO
    free: Decimal = ZERO
    reserved: Decimal = ZERO
    invested: Decimal = ZERO
    held: Decimal = ZERO
    dust: Decimal = ZERO

    @property
    def is_empty(self) -> bool:
        """Whether it moves nothing."""
        amounts = (self.capital, self.realised, self.free, self.reserved, self.invested)
        return not any((*amounts, self.held, self.dust))


_MOVES = tuple(name for name in Posting.__struct_fields__ if name != "currency")


class Account(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """One currency: our cash in it, and our coins of it that are some position's base."""

    currency: Currency
    capital: Decimal = ZERO
    """Allotted by config."""
    realised: Decimal = ZERO
    """Profit, loss and fees since the journal began."""
    free: Decimal = ZERO
    """Negative: more was spent than allotted (slippage, fees); a fact, alarmed."""
    reserved: Decimal = ZERO
    invested: Decimal = ZERO
    """Cost basis of what positions paid in this currency and still hold."""
    held: Decimal = ZERO
    """Coins bought as base, dust included. Not part of ``total``: their cost is, in the quote."""
    dust: Decimal = ZERO
    """Part of ``held`` that no booking claims. Negative: more was sold than its seller held."""
    day: int = 0
    """The UTC day of ``day_realised``, counted from the epoch."""
    day_realised: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        """What free, reserved and invested must add up to; kept apart from them."""
        return self.capital + self.realised

    @property
    def at_venue(self) -> Decimal:
        """What of this currency the venue holds for us, by the books."""
        return self.free + self.reserved + self.held

    def realised_on(self, now: Timestamp) -> Decimal:
        """Return what was realised on the UTC day of ``now``; 0 for a day without a booking."""
        return self.day_realised if self.day == now // DAY_MS else ZERO

    def loss_on(self, now: Timestamp) -> Decimal:
        """Return the net realised loss of the UTC day of ``now``; 0 for a day without one."""
        return max(ZERO, -self.realised_on(now))

    def posted(self, posting: Posting, now: Timestamp) -> "Account":
        """Return the account after ``posting``.

        Raises:
            ValueError: the posting does not balance.
        """
        moved = posting.free + posting.reserved + posting.invested
        if moved != posting.capital + posting.realised:
            raise ValueError(
                f"{posting} moves {moved}, which is not what was allotted and realised"
            )
        day = now // DAY_MS if posting.realised else self.day
        before = self.day_realised if day == self.day else ZERO
        return Account(
            currency=self.currency,
            capital=self.capital + posting.capital,
            realised=self.realised + posting.realised,
            free=self.free + posting.free,
            reserved=self.reserved + posting.reserved,
            invested=self.invested + posting.invested,
            held=self.held + posting.held,
            dust=self.dust + posting.dust,
            day=day,
            day_realised=before + posting.realised,
        )


class Cumulative(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """All that was bought, sold and paid under one key since it began."""

    bought: Decimal = ZERO
    """Base, fees aside."""
    cost: Decimal = ZERO
    """Quote, fees aside."""
    sold: Decimal = ZERO
    """Base."""
    proceeds: Decimal = ZERO
    """Quote, fees aside."""
    fees: tuple[Money, ...] = ()
    """Per currency; negative is a rebate."""

    def is_behind(self, other: "Cumulative") -> bool:
        """Whether ``other`` has fills that this one has not heard of: then this one is late."""
        return (
            self.bought < other.bought
            or self.cost < other.cost
            or self.sold < other.sold
            or self.proceeds < other.proceeds
        )


class Booking(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """What is booked of one position, or of one order that no position expects."""

    key: str
    """A position id or a client order id."""
    symbol: Symbol
    is_position: bool
    budget: Decimal = ZERO
    """As granted, quote."""
    reserved: Decimal = ZERO
    """Quote, of the budget."""
    booked: Cumulative = Cumulative()
    held: Decimal = ZERO
    """Base. Negative: more was sold, or taken as fee, than bought."""
    invested: Decimal = ZERO
    """Cost basis of ``held``, quote."""
    realised: tuple[Money, ...] = ()
    """Profit, loss and fees, per currency."""
    closed: bool = False
    forget_at: Timestamp | None = None
    adopted_by: tuple[PositionId, ...] = ()
    """Of an order that no position expects: who took over what it bought."""
    waiting: AdoptFill | None = None
    """What it bought, offered once no sale of the coin is unknown any more."""
    gone: Decimal = ZERO
    """Base that such a sale sold of what waited: it is never offered."""
    gone_cost: Decimal = ZERO
    """Cost basis of ``gone``, quote."""

    @property
    def is_open(self) -> bool:
        """Whether it counts as an open position."""
        return self.is_position and not self.closed

    @property
    def is_trade(self) -> bool:
        """Whether it is a closed position that had bought something."""
        return self.is_position and self.closed and self.booked.bought > 0

    @property
    def is_win(self) -> bool:
        """Whether it is a trade with a profit in its quote currency."""
        return self.is_trade and amount_in(self.realised, quote_currency(self.symbol)) > 0

    @property
    def committed(self) -> Decimal:
        """Quote that is at work or set aside for it."""
        return self.reserved + self.invested


class SymbolRow(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """What lives on one symbol."""

    symbol: Symbol
    open_positions: int = 0
    committed: Decimal = ZERO
    """Quote, reserved and invested, of positions and unmatched fills."""
    last_trade_at: Timestamp | None = None
    """When the last trade on it closed."""


class Totals(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """Counts over all positions."""

    open_positions: int = 0
    trades: int = 0
    wins: int = 0


def book(
    booking: Booking, told: Cumulative, reserve: Decimal, *, closed: bool
) -> tuple[Booking, tuple[Posting, ...]]:
    """Book the difference between what is booked and what is ``told``; return the moves it makes.

    The order within one difference: bought, then fees, then sold; a close writes off what is left,
    and stays: fills after it are realised at once. What is told late changes nothing.
    """
    quote, base = quote_currency(booking.symbol), base_currency(booking.symbol)
    was = booking.booked
    told = was if told.is_behind(was) else told
    closed = closed or booking.closed
    fees = _difference(told.fees, was.fees)
    base_fee = amount_in(fees, base)
    held = booking.held + (told.bought - was.bought) - base_fee
    invested = booking.invested + (told.cost - was.cost)
    sold = told.sold - was.sold
    basis = _basis_of(sold, held, invested)
    held, invested = held - sold, invested - basis
    profit = told.proceeds - was.proceeds - basis - amount_in(fees, quote)
    held_change = held - booking.held
    dust = ZERO
    if closed:
        profit, invested = profit - invested, ZERO
        dust, held = held, ZERO
    reserved = ZERO if closed else _still_reserved(booking, told, reserve)
    others = [fee for fee in fees if fee.currency not in (quote, base)]
    realised = [Money(quote, profit), *(Money(fee.currency, -fee.amount) for fee in others)]
    cash = Posting(
        currency=quote,
        realised=profit,
        free=profit - (reserved - booking.reserved) - (invested - booking.invested),
        reserved=reserved - booking.reserved,
        invested=invested - booking.invested,
    )
    coins = Posting(currency=base, held=held_change, dust=dust)
    paid = [Posting(currency=f.currency, free=-f.amount, realised=-f.amount) for f in others]
    after = msgspec.structs.replace(
        booking,
        reserved=reserved,
        booked=told,
        held=held,
        invested=invested,
        realised=add_money(booking.realised, realised),
        closed=closed,
    )
    return after, tuple(posting for posting in (cash, coins, *paid) if not posting.is_empty)


def taken_away(row: Booking, quantity: Decimal) -> tuple[Booking, tuple[Posting, ...]]:
    """Return the row without coins that a sale of another order sold, and the moves.

    The sale took them out of dust, which gets them back.
    """
    basis = _basis_of(quantity, row.held, row.invested)
    quote, base = quote_currency(row.symbol), base_currency(row.symbol)
    after = msgspec.structs.replace(
        row,
        held=row.held - quantity,
        invested=row.invested - basis,
        realised=add_money(row.realised, (Money(quote, -basis),)),
        gone=row.gone + quantity,
        gone_cost=row.gone_cost + basis,
    )
    cash = Posting(currency=quote, realised=-basis, invested=-basis)
    return after, (cash, Posting(currency=base, dust=quantity))


def merged(postings: Iterable[Posting]) -> tuple[Posting, ...]:
    """Return one posting for each currency."""
    sums: dict[Currency, Posting] = {}
    for posting in postings:
        known = sums.setdefault(posting.currency, Posting(currency=posting.currency))
        moves = {name: getattr(known, name) + getattr(posting, name) for name in _MOVES}
        sums[posting.currency] = msgspec.structs.replace(known, **moves)
    return tuple(sums.values())


def _difference(now: tuple[Money, ...], before: tuple[Money, ...]) -> tuple[Money, ...]:
    return add_money(now, (Money(money.currency, -money.amount) for money in before))


def _basis_of(sold: Decimal, held: Decimal, invested: Decimal) -> Decimal:
    """Return the cost basis of the part sold."""
    if not sold:
        return ZERO
    if sold >= held:
        return invested
    return divide_down(invested * sold, held, BASIS_STEP)


def _still_reserved(booking: Booking, told: Cumulative, reserve: Decimal) -> Decimal:
    """Return what stays reserved: it only shrinks, and never exceeds what the budget leaves."""
    left = booking.budget - told.cost
    return max(ZERO, min(booking.reserved, reserve, left))
