"""A sale of unknown outcome: a second one beside it where that can't hurt, and what it forbids.

The venue refuses to sell coins that aren't there. So where a sale keeps its coins from others, and
the account has no more of the coin than the position, the second of two sales is refused, whichever
comes first. That holds only while no coins are added: until no sale of the coin is unknown any
more, nothing of ours buys it in any pair, and no position takes over what a late fill bought of
it: the unseen sale would sell these coins. What a person deposits can't be guarded. But once a list
of the venue shows that the sale filled, its position sells no more until a look-up says so too: the
coins that are there may be another's.
"""

from msgspec.structs import replace

from actors.order_router.facts import with_status
from actors.order_router.order import Request, RoutedOrder, is_under_way, is_unseen_sale
from actors.order_router.order_store import Orders
from actors.order_router.requests import end
from actors.order_router.states import Input
from actors.order_router.timing import RequestTiming, has_deadline
from config.settings import RouterSettings
from messages.addresses import PORTFOLIO
from messages.base import ClientOrderId, Currency, Symbol, Timestamp, base_currency, quote_currency
from messages.envelope import Send, Step
from messages.market import RequestTerms
from messages.orders import OrderStatus, RejectReason, Side
from messages.portfolio import OfferUnmatched, UnmatchedFill
from messages.position import OrderUpdated


def offered(orders: Orders, step: Step, settings: RouterSettings, now: Timestamp) -> Step:
    """Return the step with an offer for each sale that it found to be of unknown outcome."""
    measured = (one for one in step.changes if isinstance(one, RequestTiming))
    terms = next(measured, orders.timing).terms
    if terms is None or not terms.locking:
        return step
    found = {
        change.request.client_order_id
        for change in step.changes
        if isinstance(change, RoutedOrder) and _may_be_offered(orders, change, terms, settings, now)
    }
    if not found:
        return step
    changes = tuple(
        replace(one, beside=True)
        if isinstance(one, RoutedOrder) and one.request.client_order_id in found
        else one
        for one in step.changes
    )
    return Step(changes, tuple(_with_offer(send, found, terms) for send in step.outbox))


def held_back(orders: Orders, step: Step, settings: RouterSettings, now: Timestamp) -> Step:
    """Return the step in which late fills wait for unseen sales, and are offered after them."""
    before, after = orders.unseen_sales, dict(orders.unseen_sales)
    for change in step.changes:
        if isinstance(change, RoutedOrder):
            after.pop(change.request.client_order_id, None)
            if is_unseen_sale(change):
                after[change.request.client_order_id] = change.request.symbol
    over = {base_currency(one) for one in before.values()} - set(map(base_currency, after.values()))
    offers = tuple(
        Send(PORTFOLIO, OfferUnmatched(currency=coin))
        for coin in sorted(over)
        if _may_have_late_fill(orders, coin, Timestamp(now - settings.terminal_ttl_ms))
    )
    if not after and not offers:
        return step
    outbox = (_waiting(send, after) for send in step.outbox)
    return Step(step.changes, (*outbox, *offers))


def _may_have_late_fill(orders: Orders, coin: Currency, remembered_since: Timestamp) -> bool:
    """Return whether a buy of the coin filled more than its position booked.

    Beside a sale that was unknown for longer than orders are remembered, one may be forgotten.
    """
    sales = (orders.by_id[one] for one in orders.unseen_sales)
    if any(
        base_currency(one.request.symbol) == coin and (one.asked_at or 0) < remembered_since
        for one in sales
    ):
        return True
    return any(
        one.booked is not None
        and one.request.side is Side.BUY
        and base_currency(one.request.symbol) == coin
        and one.facts.filled > one.booked.filled
        for one in orders.by_id.values()
    )


def _waiting(send: Send, unseen: dict[ClientOrderId, Symbol]) -> Send:
    message = send.message
    if not isinstance(message, UnmatchedFill) or message.side is not Side.BUY:
        return send
    coin = base_currency(message.symbol)
    ids = tuple(one for one, symbol in unseen.items() if base_currency(symbol) == coin)
    return Send(send.to, replace(message, waits_for=ids))


def refused(
    orders: Orders, order: RoutedOrder, settings: RouterSettings, now: Timestamp
) -> RoutedOrder:
    """Return an order whose next copy leaves now; refused, where an unseen sale forbids it."""
    if not is_under_way(order, Request.SUBMIT):
        return order
    if order.request.side is Side.SELL:
        why, reason = why_not_sold(orders, order), RejectReason.INSUFFICIENT_FUNDS
    else:
        why, reason = why_not_bought(orders, order.request.symbol), RejectReason.OTHER
    if why is None:
        return order
    facts = with_status(order.facts, Input.SUBMIT_REJECTED, reason, why)
    return end(replace(order, facts=facts, requests=order.requests - 1), settings, now)


def why_not_bought(orders: Orders, symbol: Symbol) -> str | None:
    """Return why nothing is bought on a symbol now; None: it may be."""
    coin = base_currency(symbol)
    for order_id, sold_on in orders.unseen_sales.items():
        if base_currency(sold_on) == coin:
            return f"{coin} is not bought: the outcome of the sale {order_id} is unknown"
    return None


def why_not_sold(orders: Orders, order: RoutedOrder) -> str | None:
    """Return why a position sells nothing now; None: it may.

    Another sale of it filled, as a list shows, and what its look-up says is still awaited.
    """
    for other in orders.of_position(order.request.position_id):
        order_id = other.request.client_order_id
        if order_id == order.request.client_order_id or other.conflict or other.is_probe:
            continue
        if not other.facts.is_terminal and other.listed > other.facts.filled:
            return f"the exchange lists {other.listed} sold by {order_id}, which is looked up"
    return None


def _may_be_offered(
    orders: Orders,
    order: RoutedOrder,
    terms: RequestTerms,
    settings: RouterSettings,
    now: Timestamp,
) -> bool:
    request = order.request
    if request.side is not Side.SELL or order.beside or order.is_probe or order.conflict:
        return False
    if request.type not in terms.locking or not has_deadline(order) or order.booked is not None:
        return False
    coin = base_currency(request.symbol)
    within_ms = terms.read_lag_ms + settings.answer_timeout_ms
    return not any(
        _may_bring(one, order, coin, within_ms, settings, now) for one in orders.by_id.values()
    )


def _may_bring(
    other: RoutedOrder,
    order: RoutedOrder,
    coin: Currency,
    within_ms: int,
    settings: RouterSettings,
    now: Timestamp,
) -> bool:
    """Return whether ``other`` brings coins of another position, or brought some a moment ago.

    The account's total may not show them yet.
    """
    request, facts = other.request, other.facts
    if quote_currency(request.symbol) == coin:
        return not facts.is_terminal or other.booked is None
    if request.side is not Side.BUY or base_currency(request.symbol) != coin:
        return False
    if not facts.is_terminal:
        return True
    if request.position_id == order.request.position_id:
        return False
    if facts.filled and other.booked is None:
        return True
    ended_at = None if other.forget_at is None else other.forget_at - settings.terminal_ttl_ms
    # Of one that filled nothing more comes; its position has ended.
    may_fill_late = facts.status is not OrderStatus.FILLED and ended_at is not None
    return may_fill_late and now - (ended_at or now) < within_ms


def _with_offer(send: Send, found: set[ClientOrderId], terms: RequestTerms) -> Send:
    message = send.message
    if not isinstance(message, OrderUpdated) or message.facts.client_order_id not in found:
        return send
    return Send(send.to, replace(message, beside=terms.locking))
