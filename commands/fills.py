"""Every fill that an account's journal tells of, with its own fees and the venue's ids.

An order's facts are cumulative, so what a report adds is the difference to the report before. Where
the journal has the venue's own list of an order's fills, and it comes to the same sums to the last
digit, the fills are those of the list: one row per fill of the venue, with its id and time. Else a
row is what one report added; fees that a venue told later are a row without a quantity.
"""

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from actors.journal.port import Record
from actors.order_router.order import RoutedOrder
from messages.base import ClientOrderId, Timestamp, base_currency, quote_currency
from messages.money import ZERO, Money, add_money, amount_in
from messages.orders import OrderFacts, OrderRequest, Side
from messages.reconciler import Trade, TradesReported


class Fill(msgspec.Struct, frozen=True, kw_only=True):
    """One fill, or fees that were told after it."""

    sequence: int
    """Of the record that told it."""
    heard_at: Timestamp
    at: Timestamp
    """When it was traded, as the venue says; of a report, when the venue reported."""
    request: OrderRequest
    exchange_order_id: str
    trade_id: str
    """The venue's; empty: the journal has no list that names it."""
    quantity: Decimal
    """Base, fees aside."""
    cost: Decimal
    """Quote, fees aside."""
    fees: tuple[Money, ...]
    """Of this fill alone, per currency; negative is a rebate."""

    @property
    def is_buy(self) -> bool:
        """Whether base was bought."""
        return self.request.side is Side.BUY

    @property
    def base_fee(self) -> Decimal:
        """What was taken in base."""
        return amount_in(self.fees, base_currency(self.request.symbol))

    @property
    def quote_fee(self) -> Decimal:
        """What was taken in quote."""
        return amount_in(self.fees, quote_currency(self.request.symbol))


class FillBook:
    """Takes in a journal's records, in order."""

    def __init__(self) -> None:
        """Begin with no order."""
        self._facts: dict[ClientOrderId, OrderFacts] = {}
        self._reports: dict[ClientOrderId, list[Fill]] = {}
        self._listed: dict[ClientOrderId, dict[str, Trade]] = {}

    def begin(self, order: RoutedOrder) -> None:
        """Take an order as it stood at the beginning: what it did until then is no fill of here."""
        self._facts.setdefault(order.request.client_order_id, order.facts)

    def take(self, record: Record) -> None:
        """Take in one record."""
        if isinstance(record.message, TradesReported):
            for trade in record.message.trades:
                self._list(trade)
        for change in record.changes:
            if isinstance(change, RoutedOrder):
                self._take_order(change, record)
            elif isinstance(change, Trade):
                self._list(change)

    def fills(self) -> list[Fill]:
        """Return all fills in the order in which they were heard."""
        found = (one for order_id in self._reports for one in self._of(order_id))
        return sorted(found, key=lambda one: (one.sequence, one.at))

    def _list(self, trade: Trade) -> None:
        if trade.is_fee_known:
            self._listed.setdefault(trade.client_order_id, {})[trade.trade_id] = trade

    def _take_order(self, order: RoutedOrder, record: Record) -> None:
        order_id, facts = order.request.client_order_id, order.facts
        nothing = OrderFacts(client_order_id=order_id, status=facts.status)
        before = self._facts.get(order_id, nothing)
        self._facts[order_id] = facts
        # A fill is a row once its cost is known.
        quantity = (facts.filled - facts.unpriced) - (before.filled - before.unpriced)
        fees = _difference(facts.fees, before.fees)
        if quantity <= ZERO and not fees:
            return
        fill = Fill(
            sequence=record.sequence,
            heard_at=record.now,
            at=facts.at or record.now,
            request=order.request,
            exchange_order_id=facts.exchange_order_id or "",
            trade_id="",
            quantity=quantity,
            cost=facts.cost - before.cost,
            fees=fees,
        )
        self._reports.setdefault(order_id, []).append(fill)

    def _of(self, order_id: ClientOrderId) -> list[Fill]:
        reports = self._reports[order_id]
        listed = list(self._listed.get(order_id, {}).values())
        is_same = (
            sum((one.quantity for one in listed), ZERO) == sum((r.quantity for r in reports), ZERO)
            and sum((t.quantity * t.price for t in listed), ZERO)
            == sum((r.cost for r in reports), ZERO)
            and _sum(t.fees for t in listed) == _sum(r.fees for r in reports)
        )
        return list(_as_listed(listed, reports)) if listed and is_same else reports


def _as_listed(listed: list[Trade], reports: list[Fill]) -> Iterator[Fill]:
    """Yield the venue's fills, each with the report that had told of it."""
    told = iter(reports)
    report, known, done = next(told), ZERO, ZERO
    known = report.quantity
    for trade in sorted(listed, key=lambda one: (one.at, len(one.trade_id), one.trade_id)):
        done += trade.quantity
        while known < done:
            report = next(told)
            known += report.quantity
        yield msgspec.structs.replace(
            report,
            at=trade.at,
            exchange_order_id=trade.exchange_order_id or report.exchange_order_id,
            trade_id=trade.trade_id,
            quantity=trade.quantity,
            cost=trade.quantity * trade.price,
            fees=trade.fees,
        )


def _difference(now: tuple[Money, ...], before: tuple[Money, ...]) -> tuple[Money, ...]:
    return add_money(now, (Money(fee.currency, -fee.amount) for fee in before))


def _sum(fees: Iterator[tuple[Money, ...]]) -> tuple[Money, ...]:
    total: tuple[Money, ...] = ()
    for one in fees:
        total = add_money(total, one)
    return total
