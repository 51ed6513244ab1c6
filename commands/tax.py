"""``export --tax``: an account's fills, lots, dust and transfers, as a tax return asks for them.

Made of the same journal as the other tables. All sums are exact, and are held against the ledger to
the last digit: ``tax_reconciliation`` has both sides and their difference, by currency and method.
Values are in the market's quote currency; nothing here converts to a state's currency.
"""

from bisect import bisect_right
from collections.abc import Iterator
from decimal import Decimal
from operator import itemgetter

import msgspec

from actors.journal.codec import Snapshot
from actors.journal.port import Record
from actors.portfolio.accounts import Account, Booking, book
from actors.portfolio.valuation import Rate
from actors.position.position import Charter
from commands.fills import Fill
from commands.tax_lots import Lot, LotBook
from messages.base import (
    Currency,
    Symbol,
    base_currency,
    quote_currency,
)
from messages.market import MarketRules
from messages.money import ZERO, Money, divide_even, plain
from session.table_files import Row, utc


class TaxBook:
    """Takes in a journal's records, in order; its rows are made at the end, with the fills."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.transfers: list[Row] = []
        self._accounts: dict[Currency, Account] = {}
        self._opening: dict[Currency, Account] | None = None
        self._held_before: dict[Symbol, Lot] = {}
        self._bookings: dict[str, Booking] = {}
        self._rules: dict[Symbol, MarketRules] = {}
        self._rates: dict[Symbol, list[tuple[int, float]]] = {}
        self._allotted: dict[Currency, Decimal] = {}

    def begin(self, snapshot: Snapshot) -> None:
        """Take the ledger as the oldest records begin with it."""
        if self._opening is not None:
            return
        for one in snapshot.actors:
            for entity in one.entities:
                self._keep(entity, 0)
        self._opening = dict(self._accounts)
        for booking in self._bookings.values():
            if booking.held:
                before = self._held_before.get(booking.symbol)
                self._held_before[booking.symbol] = Lot(
                    acquired_at=None,
                    reference="before the oldest record",
                    quantity=booking.held + (before.quantity if before else ZERO),
                    cost=booking.invested + (before.cost if before else ZERO),
                )

    def take(self, record: Record) -> None:
        """Take in one record."""
        for change in record.changes:
            if isinstance(change, Account):
                before = self._accounts.get(change.currency)
                self._note_capital(before, change, record)
                self._note_dust(before, change, record)
        for change in record.changes:
            self._keep(change, record.sequence)

    def _keep(self, entity: msgspec.Struct, sequence: int) -> None:
        match entity:
            case Account():
                self._accounts[entity.currency] = entity
            case Booking():
                self._bookings[entity.key] = entity
            case Charter():
                self._rules[entity.symbol] = entity.rules
            case Rate():
                self._rates.setdefault(entity.symbol, []).append((sequence, entity.rate))
            case _:
                pass

    # Dust and transfers.

    def _note_capital(self, before: Account | None, after: Account, record: Record) -> None:
        more = after.capital - (ZERO if before is None else before.capital)
        if more:
            self._allotted[after.currency] = self._allotted.get(after.currency, ZERO) + more
            note = "allotted by the config" if more > 0 else "taken back by the config"
            self._transfer(record, "capital", Money(after.currency, more), note=note)

    def _note_dust(self, before: Account | None, after: Account, record: Record) -> None:
        more = after.dust - (ZERO if before is None else before.dust)
        if not more:
            return
        cost, key = self._written_off(after.currency, record)
        note = "too little to be sold: its cost is written off, the coins stay at the venue"
        money = Money(after.currency, more)
        self._transfer(record, "dust", money, cost=cost, reference=key, note=note)

    def _written_off(self, base: Currency, record: Record) -> tuple[Money | None, str]:
        """Return the cost of the dust that a close left, and whose it was."""
        for change in record.changes:
            if not isinstance(change, Booking) or base_currency(change.symbol) != base:
                continue
            before = self._bookings.get(change.key)
            if before is not None and change.closed and not before.closed:
                open_still, _ = book(before, change.booked, change.reserved, closed=False)
                return Money(quote_currency(change.symbol), open_still.invested), change.key
        return None, ""

    def _transfer(
        self,
        record: Record,
        kind: str,
        money: Money,
        *,
        cost: Money | None = None,
        reference: str = "",
        note: str = "",
    ) -> None:
        self.transfers.append(
            {
                "time_utc": utc(record.now),
                "at_ms": record.now,
                "kind": kind,
                "currency": money.currency,
                "amount": plain(money.amount),
                "cost": None if cost is None else plain(cost.amount),
                "cost_currency": None if cost is None else cost.currency,
                "reference": reference,
                "note": note,
            }
        )

    # Fills.

    def fill_rows(self, fills: list[Fill]) -> Iterator[Row]:
        """Yield a row for each fill and fee currency: both legs are in the first of a fill."""
        for fill in fills:
            for place, fee in enumerate(fill.fees or (None,)):
                yield self._fill_row(fill, fee, is_first=place == 0)

    def _fill_row(self, fill: Fill, fee: Money | None, *, is_first: bool) -> Row:
        request = fill.request
        base, quote = base_currency(request.symbol), quote_currency(request.symbol)
        legs = ((fill.quantity, base), (fill.cost, quote))
        received, sent = legs if fill.is_buy else legs[::-1]
        value, how = (None, "") if fee is None else self._fee_value(fill, fee)
        is_fill = is_first and bool(fill.quantity or fill.cost)
        return {
            "time_utc": utc(fill.at),
            "at_ms": fill.at,
            "sequence": fill.sequence,
            "kind": "fill" if is_fill else "fee",
            "symbol": request.symbol,
            "side": request.side.value,
            "position_id": request.position_id,
            "client_order_id": request.client_order_id,
            "exchange_order_id": fill.exchange_order_id,
            "trade_id": fill.trade_id,
            "received": plain(received[0]) if is_fill else None,
            "received_currency": received[1] if is_fill else None,
            "sent": plain(sent[0]) if is_fill else None,
            "sent_currency": sent[1] if is_fill else None,
            "price": plain(divide_even(fill.cost, fill.quantity)) if fill.quantity else None,
            "fee": None if fee is None else plain(fee.amount),
            "fee_currency": None if fee is None else fee.currency,
            "fee_value": None if value is None else plain(value),
            "fee_value_currency": None if value is None else quote,
            "fee_value_by": how,
        }

    def _fee_value(self, fill: Fill, fee: Money) -> tuple[Decimal | None, str]:
        """Return what a fee was worth in quote, and by what it is valued."""
        symbol = fill.request.symbol
        base, quote = base_currency(symbol), quote_currency(symbol)
        if fee.currency == quote:
            return fee.amount, "it is in quote"
        if fee.currency == base and fill.quantity:
            return divide_even(fee.amount * fill.cost, fill.quantity), "the fill's price"
        rules = self._rules.get(symbol)
        rate = None if rules is None else rules.fee_third_rate
        if rules is not None and rate is not None and rules.fee_third_currency == fee.currency:
            return fee.amount * rate, "the market's rule"
        name = Symbol(f"{fee.currency}/{quote}")
        rates = self._rates.get(name, [])  # in order of their records
        known = bisect_right(rates, fill.sequence, key=itemgetter(0))
        if known:
            return fee.amount * Decimal(repr(rates[known - 1][1])), f"the last price of {name}"
        return None, "not known"

    # Lots.

    def lot_book(self, fills: list[Fill], *, is_average: bool) -> LotBook:
        """Return the lots by one method, after all fills in order of trading."""
        lots = LotBook(is_average=is_average)
        for symbol, lot in self._held_before.items():
            lots.of(symbol).acquire(lot)
        for fill in sorted(fills, key=lambda one: (one.at, one.sequence)):
            lots.take(fill)
        return lots

    # The ledger beside it.

    def reconciliation(self, fills: list[Fill], books: tuple[LotBook, ...]) -> list[Row]:
        """Return both sides of each sum, and what they differ by: 0, or a fill is not booked."""
        rows: list[Row] = []
        flows = _flows(fills)
        for currency in sorted(self._accounts):
            cash, coins = flows.get(currency, (ZERO, ZERO))
            moved, more_coins = self._moved(currency)
            rows.append(_sides("cash", currency, cash, moved))
            rows.append(_sides("coins", currency, coins, more_coins))
            traded = _traded(fills, currency)
            if traded is None:
                continue
            ledger = moved - (cash - traded)  # without fees of other quote currencies
            for lots in books:
                ours = self._gains(lots, currency)
                rows.append(_sides(f"gains {lots.method}", currency, ours, ledger))
        return rows

    def _moved(self, currency: Currency) -> tuple[Decimal, Decimal]:
        """Return by how much the ledger's cash and coins changed, allotments aside."""
        account = self._accounts[currency]
        was = (self._opening or {}).get(currency, Account(currency=currency))
        cash = account.free + account.reserved - was.free - was.reserved
        return cash - self._allotted.get(currency, ZERO), account.held - was.held

    def _gains(self, lots: LotBook, currency: Currency) -> Decimal:
        """Return all gains in a quote currency, less the cost of what is held now."""
        gains = (d.gain for d in lots.disposals if _quote_of(d.fill) == currency)
        left = (lot.cost for symbol, lot in lots.held() if quote_currency(symbol) == currency)
        before = (lot.cost for s, lot in self._held_before.items() if quote_currency(s) == currency)
        return sum(gains, ZERO) - sum(left, ZERO) + sum(before, ZERO)


def lot_rows(lots: LotBook) -> Iterator[Row]:
    """Yield a row for each part of a lot that was disposed of, then for each lot that is held."""
    for one in lots.disposals:
        fill, lot = one.fill, one.lot
        yield {
            **_acquired(lots.method, fill.request.symbol, lot),
            "disposed_utc": utc(fill.at),
            "disposed_by": fill.trade_id or fill.request.client_order_id,
            "proceeds": plain(one.proceeds),
            "gain": plain(one.gain),
        }
    for symbol, lot in lots.held():
        nothing = dict.fromkeys(("disposed_utc", "disposed_by", "proceeds", "gain"))
        yield {**_acquired(lots.method, symbol, lot), **nothing}


def _acquired(method: str, symbol: Symbol, lot: Lot) -> Row:
    return {
        "method": method,
        "symbol": symbol,
        "acquired_utc": None if lot.acquired_at is None else utc(lot.acquired_at),
        "acquired_by": lot.reference,
        "quantity": plain(lot.quantity),
        "cost": plain(lot.cost),
        "currency": quote_currency(symbol),
    }


def _flows(fills: list[Fill]) -> dict[Currency, tuple[Decimal, Decimal]]:
    """Return by currency what the fills moved: in cash, and in coins that are a market's base."""
    cash: dict[Currency, Decimal] = {}
    coins: dict[Currency, Decimal] = {}
    for fill in fills:
        base, quote = base_currency(fill.request.symbol), quote_currency(fill.request.symbol)
        sign = 1 if fill.is_buy else -1
        coins[base] = coins.get(base, ZERO) + sign * fill.quantity
        cash[quote] = cash.get(quote, ZERO) - sign * fill.cost
        for fee in fill.fees:
            side = coins if fee.currency == base else cash
            side[fee.currency] = side.get(fee.currency, ZERO) - fee.amount
    return {c: (cash.get(c, ZERO), coins.get(c, ZERO)) for c in {*cash, *coins}}


def _traded(fills: list[Fill], currency: Currency) -> Decimal | None:
    """Return the cash that the markets of a quote currency moved; None: none has this one."""
    found = None
    for fill in fills:
        if _quote_of(fill) == currency:
            cash = -fill.cost if fill.is_buy else fill.cost
            found = (found or ZERO) + cash - fill.quote_fee
    return found


def _sides(what: str, currency: Currency, ours: Decimal, ledger: Decimal) -> Row:
    return {
        "what": what,
        "currency": currency,
        "from_fills": plain(ours),
        "by_ledger": plain(ledger),
        "difference": plain(ours - ledger),
    }


def _quote_of(fill: Fill) -> Currency:
    return quote_currency(fill.request.symbol)
