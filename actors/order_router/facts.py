"""How reports become one set of facts: whatever their order, nothing booked is ever lost.

Owns the merge of a report into what is known. The status follows ``states``; quantities only grow,
and so does the part of them whose cost or fees are known. A cost that a report does not know is no
cost of 0: what was known of it stays.
"""

from decimal import Decimal

from msgspec.structs import replace

from actors.order_router.states import REPORTS, Input, advance
from messages.money import ZERO, Money, add_money, amount_in, beyond
from messages.orders import FillSource, OrderFacts, OrderStatus, RejectReason, StopStatus

_STOP_RANK = {
    StopStatus.NONE: 0,
    StopStatus.WORKING: 1,
    StopStatus.TRIGGERED: 2,
    StopStatus.GONE: 3,
}


def input_of(told: OrderFacts) -> Input:
    """Return what a report says of the order's status."""
    input_ = REPORTS[told.status]
    return Input.PARTIALLY_FILLED if input_ is Input.OPEN and told.filled > ZERO else input_


def merge(known: OrderFacts, told: OrderFacts) -> OrderFacts:
    """Return ``known`` after the report ``told``; ``known`` itself if it says nothing new.

    A report that knows of fewer fills is older, whenever it is heard: it lowers nothing.
    """
    status = _status_after(known, input_of(told))
    is_new_status = status is not known.status
    filled = max(known.filled, told.filled)
    priced, cost = max(_priced(known), _priced(told))
    fees, covered, source = _fees(known, told)
    merged = replace(
        known,
        status=status,
        filled=filled,
        cost=cost,
        unpriced=beyond(filled, priced),
        fees=fees,
        fees_missing=beyond(filled, covered),
        fee_source=source,
        stop=max(known.stop, told.stop, key=_STOP_RANK.__getitem__),
        exchange_order_id=known.exchange_order_id or told.exchange_order_id,
        reason=told.reason if is_new_status else known.reason,
        text=told.text if is_new_status else known.text,
    )
    return known if merged == known else replace(merged, at=max(known.at, told.at))


def _status_after(known: OrderFacts, input_: Input) -> OrderStatus:
    """Return the status after a report; what was called off as never sent may be there after all.

    Such an order is as one taken for never placed: its submit "surely failed", and did not.
    """
    if known.reason is not RejectReason.WITHDRAWN:
        return advance(known.status, input_)
    status = advance(OrderStatus.REJECTED, input_)
    return known.status if status is OrderStatus.REJECTED else status


def with_status(
    facts: OrderFacts, input_: Input, reason: RejectReason | None = None, text: str = ""
) -> OrderFacts:
    """Return the facts after an input that is no report; as they are if it changes nothing."""
    status = advance(facts.status, input_)
    if status is facts.status:
        return facts
    return replace(facts, status=status, reason=reason, text=text)


def fees_beyond(facts: OrderFacts, booked: OrderFacts) -> tuple[Money, ...]:
    """Return the fees of ``facts`` that are not in ``booked``."""
    return add_money(facts.fees, (Money(fee.currency, -fee.amount) for fee in booked.fees))


def _priced(facts: OrderFacts) -> tuple[Decimal, Decimal]:
    """Return how much of what is filled has its cost known, and that cost."""
    return facts.filled - facts.unpriced, facts.cost


def _fees(known: OrderFacts, told: OrderFacts) -> tuple[tuple[Money, ...], Decimal, FillSource]:
    """Return the fees, of how much of what is filled they are, and the source they are from."""
    had, has = known.filled - known.fees_missing, told.filled - told.fees_missing
    if has < had or (has == had and told.fee_source < known.fee_source):
        return known.fees, had, known.fee_source
    if has > had or told.fee_source > known.fee_source:
        # Of more fills, or by a more trusted source: it may name another currency.
        is_silent = not told.fees and not told.fee_source > known.fee_source
        return (known.fees if is_silent else told.fees), has, told.fee_source
    if not told.fees or not known.fees:
        return known.fees or told.fees, had, known.fee_source
    # Of the same fills: fees are often known later than the fill, one currency at a time.
    currencies = sorted({fee.currency for fee in (*known.fees, *told.fees)})
    merged = tuple(
        Money(currency, _further_from_zero(amount_in(known.fees, currency), told_amount))
        for currency in currencies
        for told_amount in (amount_in(told.fees, currency),)
    )
    return merged, had, known.fee_source


def _further_from_zero(one: Decimal, other: Decimal) -> Decimal:
    return max(one, other, key=abs)
