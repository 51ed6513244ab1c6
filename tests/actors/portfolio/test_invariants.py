"""Random reservations and cumulative bookings, in any order, doubled and late: always exact."""

from decimal import Decimal

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from messages.base import Currency, PositionId, Symbol, base_currency, quote_currency
from messages.money import ZERO, Money, add_money, amount_in
from messages.orders import Side
from messages.portfolio import (
    AdoptedFill,
    AllotCapital,
    BookPosition,
    Limits,
    UnmatchedFill,
    UnmatchedPolicy,
)
from messages.position import BudgetGranted
from tests.actors.portfolio.ledger import BNB, BTC, BTC_USDT, ETH_BTC, USDT, Ledger, unmatched

ETH_USDT = Symbol("ETH/USDT")
CAPITAL = (
    Money(BNB, Decimal(1)),
    Money(BTC, Decimal(3)),
    Money(USDT, Decimal(1000)),
)
AMOUNTS = st.decimals("0.00000001", "50", places=8)
FEES = st.decimals("-0.001", "0.05", places=8)
SYMBOLS = st.sampled_from([BTC_USDT, ETH_BTC, ETH_USDT])


class Venue:
    """What the exchange's balances moved by, from the fills alone."""

    def __init__(self) -> None:
        self.balances = {money.currency: money.amount for money in CAPITAL}

    def moves(self, currency: Currency, change: Decimal) -> None:
        self.balances[currency] = self.balances.get(currency, ZERO) + change


class Fills(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.ledger = Ledger(0, Limits(positions_per_symbol=99))
        self.ledger.tell(AllotCapital(capital=CAPITAL))
        self.venue = Venue()
        self.told: dict[PositionId, list[BookPosition]] = {}
        self.unmatched: dict[str, UnmatchedFill] = {}
        self.adopted: list[AdoptedFill] = []
        self.count = 0

    def living(self) -> list[PositionId]:
        return [key for key, told in self.told.items() if not told[-1].closed]

    def tell(self, message: BookPosition) -> None:
        self.told[message.position_id].append(message)
        self.ledger.tell(message)

    @rule(symbol=SYMBOLS, budget=AMOUNTS)
    def reserve(self, symbol: Symbol, budget: Decimal) -> None:
        self.count += 1
        position = PositionId(f"p{self.count}")
        if isinstance(self.ledger.reserve(str(budget), position, symbol), BudgetGranted):
            empty = BookPosition(
                position_id=position,
                symbol=symbol,
                reserve=budget,
                bought=ZERO,
                bought_cost=ZERO,
                sold=ZERO,
                sold_proceeds=ZERO,
                fees=(),
                closed=False,
            )
            self.told[position] = [empty]

    @precondition(lambda self: self.living())
    @rule(
        data=st.data(),
        is_buy=st.booleans(),
        quantity=AMOUNTS,
        worth=AMOUNTS,
        fee=FEES,
        closes=st.booleans(),
    )
    def fill(
        self,
        data: st.DataObject,
        *,
        is_buy: bool,
        quantity: Decimal,
        worth: Decimal,
        fee: Decimal,
        closes: bool,
    ) -> None:
        last = self.told[data.draw(st.sampled_from(self.living()))][-1]
        base, quote = base_currency(last.symbol), quote_currency(last.symbol)
        fee_currency = data.draw(st.sampled_from([base, quote, BNB]))
        sign = 1 if is_buy else -1
        self.venue.moves(base, sign * quantity)
        self.venue.moves(quote, -sign * worth)
        self.venue.moves(fee_currency, -fee)
        self.tell(
            BookPosition(
                position_id=last.position_id,
                symbol=last.symbol,
                reserve=ZERO if closes else max(ZERO, last.reserve - (worth if is_buy else 0)),
                bought=last.bought + (quantity if is_buy else 0),
                bought_cost=last.bought_cost + (worth if is_buy else 0),
                sold=last.sold + (ZERO if is_buy else quantity),
                sold_proceeds=last.sold_proceeds + (ZERO if is_buy else worth),
                fees=add_money(last.fees, (Money(fee_currency, fee),)),
                closed=closes,
                adopts=last.adopts,
            )
        )

    @precondition(lambda self: self.told)
    @rule(data=st.data())
    def tell_again_or_late(self, data: st.DataObject) -> None:
        told = self.told[data.draw(st.sampled_from(sorted(self.told)))]
        self.ledger.tell(data.draw(st.sampled_from(told)))

    @rule(number=st.integers(0, 3), quantity=AMOUNTS, worth=AMOUNTS, fee=FEES)
    def unexpected_fill(self, number: int, quantity: Decimal, worth: Decimal, fee: Decimal) -> None:
        side = Side.BUY if number % 2 else Side.SELL
        order_id = f"h0e1p900b{number}"
        before = self.unmatched.get(order_id) or unmatched(side, 0, 0, order_id=order_id)
        sign = 1 if side is Side.BUY else -1
        self.venue.moves(BTC, sign * quantity)
        self.venue.moves(USDT, -sign * worth - fee)
        fees = amount_in(before.fees, USDT) + fee
        message = unmatched(
            side,
            str(before.filled + quantity),
            str(before.cost + worth),
            order_id=order_id,
            fees=[(USDT, str(fees))],
        )
        self.unmatched[order_id] = message
        self.ledger.tell(message)

    @precondition(lambda self: self.offers())
    @rule(data=st.data(), is_late=st.booleans())
    def adopt(self, data: st.DataObject, *, is_late: bool) -> None:
        """A position takes over what is offered; its first words were skipped, if it is late."""
        fill = data.draw(st.sampled_from(self.offers()))
        self.adopted.append(fill)
        self.count += 1
        first = BookPosition(
            position_id=PositionId(f"p{self.count}"),
            symbol=BTC_USDT,
            reserve=ZERO,
            bought=fill.quantity,
            bought_cost=fill.cost,
            sold=ZERO,
            sold_proceeds=ZERO,
            fees=fill.fees,
            closed=False,
            adopts=fill,
        )
        self.told[first.position_id] = [first]
        if not is_late:
            self.ledger.tell(first)

    def offers(self) -> list[AdoptedFill]:
        """Return what of each order's fills no position has taken over yet."""
        return [self.rest_of(m) for m in self.unmatched.values() if self.rest_of(m).quantity]

    def rest_of(self, message: UnmatchedFill) -> AdoptedFill:
        order_id, is_buy = message.client_order_id, message.side is Side.BUY
        had = [fill for fill in self.adopted if fill.client_order_id == order_id]
        had_fees = (Money(fee.currency, -fee.amount) for fill in had for fee in fill.fees)
        return AdoptedFill(
            client_order_id=order_id,
            quantity=message.filled - sum((f.quantity for f in had), ZERO) if is_buy else ZERO,
            cost=message.cost - sum((fill.cost for fill in had), ZERO),
            fees=add_money(message.fees, had_fees),
            policy=UnmatchedPolicy.ADOPT,
        )

    @invariant()
    def what_no_position_took_over_is_in_its_row(self) -> None:
        books = self.ledger.books
        pending = {key: told[0].adopts for key, told in self.told.items()}
        for message in self.unmatched.values():
            if message.side is Side.BUY:
                held = self.rest_of(message).quantity
                for key, fill in pending.items():
                    is_its = fill is not None and fill.client_order_id == message.client_order_id
                    held += fill.quantity if fill and is_its and key not in books.bookings else ZERO
                assert books.bookings[message.client_order_id].held == held

    @invariant()
    def the_books_are_the_venues_balances(self) -> None:
        for currency, balance in self.venue.balances.items():
            assert self.ledger.account(currency).at_venue == balance

    @invariant()
    def realised_of_all_rows_is_what_the_totals_moved_by(self) -> None:
        bookings = self.ledger.books.bookings.values()
        realised = add_money((money for b in bookings for money in b.realised), ())
        for account in self.ledger.books.accounts.values():
            assert account.total == account.capital + amount_in(realised, account.currency)

    def teardown(self) -> None:
        for position in self.living():
            last = self.told[position][-1]
            self.tell(msgspec.structs.replace(last, reserve=ZERO, closed=True))
        bookings = self.ledger.books.bookings.values()
        unmatched_cost = sum((b.invested for b in bookings if not b.is_position), ZERO)
        for account in self.ledger.books.accounts.values():
            assert account.reserved == 0
            assert account.invested == (unmatched_cost if account.currency == USDT else 0)
        assert self.ledger.books.totals.open_positions == 0


TestFills = Fills.TestCase
TestFills.settings = settings(
    deadline=None,
    max_examples=40,
    stateful_step_count=25,
)
