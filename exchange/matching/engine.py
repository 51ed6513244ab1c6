"""The matching engine: what a venue does with a request, and with a move of the market. Pure.

Rules of the market it plays:

- The outside trades at the bid, ask and last of the newest ``MarketMoved``. A buy takes from the
  ask, a sell from the bid; a stop looks at the last price.
- An order resting at L fills at L, as maker, when the market comes to L. Where the market opened
  beyond L (``MarketMoved.gap``), it fills at the opening price: there was no trade between.
- A touched stop becomes a market or limit order that takes what there is where the market stands.
- Where a move says how much there is, better prices go first, then earlier orders; the outside's
  orders that stood at a price when ours came stand before it.
- What a market or IOC order does not get at once EXPIRES.
- The account's orders do not trade with one another; where the venue prevents self-trade
  (``ExecutionRules``), the taker, the maker or both EXPIRE instead.
- Where the venue has a price range, what is left of a taker EXPIRES at its edge.
"""

from collections.abc import Iterator
from decimal import Decimal
from itertools import islice

import msgspec

from exchange.matching.checks import check_funds, check_submit, outlay
from exchange.matching.draft import Draft, Outcome, cash_fee_ratio, without_stop
from exchange.matching.queries import balances, look_up, open_orders, trades
from exchange.matching.state import Market, MatchingBook, SelfTrade, VenueOrder
from exchange.rules import quantity_for
from messages.base import ClientOrderId, Message, Milliseconds, Timestamp
from messages.envelope import Removed
from messages.gateway import (
    CancelAtVenue,
    FetchBalances,
    FetchOpenOrders,
    FetchTrades,
    LookUpOrder,
    MarketMoved,
    SubmitOrder,
)
from messages.market import OcoRemainder
from messages.money import ZERO, floor_to_step
from messages.order_router import (
    CancelFailed,
    FailureKind,
    SubmitFailed,
)
from messages.orders import (
    OrderRequest,
    OrderStatus,
    OrderType,
    RejectReason,
    Side,
    StopStatus,
    TimeInForce,
)

KEEP_FINISHED_MS = Milliseconds(24 * 60 * 60 * 1000)
"""How long the venue can still be asked about a finished order and its trades."""


class ForceFill(Message, frozen=True, kw_only=True):
    """Fill an order at the market, whatever its status says. From the faults on demand.

    As far as the account's free balances reach.
    """

    client_order_id: ClientOrderId
    quantity: Decimal


Command = (
    SubmitOrder
    | CancelAtVenue
    | LookUpOrder
    | FetchBalances
    | FetchOpenOrders
    | FetchTrades
    | MarketMoved
    | ForceFill
)


def step(book: MatchingBook, command: Command, now: Timestamp) -> Outcome:
    """Return what ``command`` changes in ``book`` and what the venue says; change nothing."""
    draft = Draft(book, now)
    match command:
        case MarketMoved():
            _move(draft, command)
        case SubmitOrder():
            _forget_finished(draft)
            _submit(draft, command.request)
        case CancelAtVenue():
            _cancel(draft, command.client_order_id)
        case LookUpOrder():
            draft.events.append(look_up(book, command.client_order_id))
        case ForceFill():
            _force_fill(draft, command)
        case FetchBalances():
            draft.events.append(balances(book))
        case FetchOpenOrders():
            draft.events.append(open_orders(book, command.symbol))
        case FetchTrades():
            draft.events.append(trades(book, command))
    return draft.outcome()


def _submit(draft: Draft, request: OrderRequest) -> None:
    refusal = check_submit(draft.book, request)
    order = draft.accept(request)
    refusal = refusal or check_funds(draft, order)
    if refusal is not None:
        draft.events.append(
            SubmitFailed(
                client_order_id=request.client_order_id,
                kind=FailureKind.REJECTED,
                reason=refusal.reason,
                text=refusal.text,
            )
        )
    elif request.type is OrderType.OCO:
        _rest(draft, order, request.price)
    elif order.trigger is not None:
        draft.put(order)
    else:
        _arrive(draft, order, request.price)


def _arrive(draft: Draft, order: VenueOrder, limit: Decimal | None) -> None:
    """Let an order take what it meets, then rest or end."""
    if _prevents_self_trade(draft, order, limit):
        return
    offer = draft.offer(order.request.symbol, order.request.side)
    edge = _edge(draft, order)
    for price, quantity in offer.take(_nearer(order, limit, edge), order.remaining):
        order = draft.fill(order, price, quantity, is_maker=False)
    if order.facts.is_terminal:
        draft.put(order)
    elif edge is not None and offer.look(limit, order.remaining):  # what is left lies beyond it
        text = f"expired: {order.remaining} would trade beyond {edge}"
        draft.finish(order, OrderStatus.EXPIRED, RejectReason.PRICE_RANGE, text)
    elif limit is None or order.request.time_in_force is TimeInForce.IOC:
        text = f"no liquidity for {order.remaining} of {order.request.quantity}"
        draft.finish(order, OrderStatus.EXPIRED, RejectReason.NO_LIQUIDITY, text)
    else:
        _rest(draft, order, limit)


def _edge(draft: Draft, order: VenueOrder) -> Decimal | None:
    """Return the worst price that the venue's price range lets ``order`` trade at; None: any."""
    bounds = draft.market(order).execution.bounds()
    if bounds is None:
        return None
    return bounds[1] if order.request.side is Side.BUY else bounds[0]


def _nearer(order: VenueOrder, limit: Decimal | None, edge: Decimal | None) -> Decimal | None:
    """Return the stricter one of two limits."""
    limits = [price for price in (limit, edge) if price is not None]
    pick = min if order.request.side is Side.BUY else max
    return pick(limits, default=None)


def _prevents_self_trade(draft: Draft, order: VenueOrder, limit: Decimal | None) -> bool:
    """Expire what would trade with itself; return whether the taker is over."""
    mode = draft.market(order).execution.self_trade
    if mode is SelfTrade.ALLOWED:
        return False
    makers = list(_own_makers(draft, order, limit))
    if not makers:
        return False
    reason, text = RejectReason.SELF_TRADE, "expired: it met an order of the same account"
    if mode is not SelfTrade.EXPIRE_TAKER:
        for maker in makers:
            draft.finish(maker, OrderStatus.EXPIRED, reason, text)
    if mode is SelfTrade.EXPIRE_MAKER:
        return False
    draft.finish(order, OrderStatus.EXPIRED, reason, text)
    return True


def _own_makers(draft: Draft, order: VenueOrder, limit: Decimal | None) -> Iterator[VenueOrder]:
    """Yield the account's resting orders that ``order`` would meet before the outside's."""
    symbol, buys = order.request.symbol, order.request.side is Side.BUY
    best = draft.offer(symbol, order.request.side).best
    for known in tuple(draft.book.orders):
        maker = draft.order(known)
        price, other = maker.limit, maker.request
        if price is None or other.symbol != symbol or other.side is order.request.side:
            continue
        reach = [one for one in (limit, best) if one is not None]
        if all(price <= one if buys else price >= one for one in reach):
            yield maker


def _rest(draft: Draft, order: VenueOrder, limit: Decimal | None) -> None:
    other = Side.SELL if order.request.side is Side.BUY else Side.BUY
    ahead = ZERO if limit is None else draft.offer(order.request.symbol, other).standing_at(limit)
    draft.put(msgspec.structs.replace(order, limit=limit, ahead=ahead))


def _cancel(draft: Draft, order_id: ClientOrderId) -> None:
    order = draft.find(order_id)
    if order is None or order.facts.is_terminal:
        how = "never came" if order is None else f"is {order.facts.status}"
        draft.events.append(
            CancelFailed(
                client_order_id=order_id,
                kind=FailureKind.REJECTED,
                text=f"-2011: Unknown order sent: {order_id} {how}",
            )
        )
    else:
        draft.finish(order, OrderStatus.CANCELED)


def _move(draft: Draft, moved: MarketMoved) -> None:
    market = draft.book.markets[moved.symbol]
    draft.move(moved)
    if not market.touches(moved):
        return
    for order_id, is_stop in _touched(market, moved):
        order = draft.order(order_id)
        if is_stop and order.trigger is not None:
            _trigger(draft, order)
        elif not is_stop and order.limit is not None:
            _fill_resting(draft, order, order.limit, is_gap=moved.gap)


def _touched(market: Market, moved: MarketMoved) -> Iterator[tuple[ClientOrderId, bool]]:
    """Yield each leg that the market came to, and whether it's a stop, in the order of its path."""
    bid, ask, last = (market.price(value) for value in (moved.bid, moved.ask, moved.last))
    ways = (
        (market.buys.reached(ask), market.stops_below.reached(last)),
        (market.sells.reached(bid), market.stops_above.reached(last)),
    )
    for resting, stops in ways:
        legs = [(*entry, False) for entry in resting] + [(*entry, True) for entry in stops]
        for _, _, order_id, is_stop in sorted(legs):
            yield order_id, is_stop


def _trigger(draft: Draft, order: VenueOrder) -> None:
    request = order.request
    facts = msgspec.structs.replace(order.facts, stop=StopStatus.TRIGGERED, at=draft.now)
    order = msgspec.structs.replace(order, facts=facts, trigger=None, limit=None, ahead=ZERO)
    limit = request.stop_limit_price if request.type is OrderType.OCO else request.price
    lack = _lack(draft, order, limit)
    if lack is None:
        _arrive(draft, order, limit)
    else:
        text = f"-2010: insufficient balance: {lack}"
        draft.finish(order, OrderStatus.EXPIRED, RejectReason.INSUFFICIENT_FUNDS, text)


def _lack(draft: Draft, order: VenueOrder, limit: Decimal | None) -> str | None:
    """Return what a triggered order needs and the account has not; None: it has enough."""
    market, side = draft.market(order), order.request.side
    if side is Side.BUY and limit is None:
        # What it locked at its trigger may not pay for the market it found.
        currency, needed = market.rules.quote, outlay(draft, order)
    elif side is Side.SELL and not market.execution.stops_lock:
        currency, needed = market.rules.base, order.remaining
    else:
        return None
    free = draft.balance(currency).free + order.locked
    return f"{needed} {currency} needed, {free} free" if needed > free else None


def _fill_resting(draft: Draft, order: VenueOrder, limit: Decimal, *, is_gap: bool) -> None:
    order = _pass_queue(draft, order, limit)
    if not order.ahead:
        offer = draft.offer(order.request.symbol, order.request.side)
        for price, quantity in offer.take(limit, order.remaining):
            order = draft.fill(order, price if is_gap else limit, quantity, is_maker=True)
            if draft.book.capabilities.oco_remainder is OcoRemainder.CANCELED:
                order = without_stop(order)
    draft.put(order)


def _pass_queue(draft: Draft, order: VenueOrder, limit: Decimal) -> VenueOrder:
    """Let the outside's orders that stand before ``order`` have their share of what trades."""
    if not order.ahead:
        return order
    offer = draft.offer(order.request.symbol, order.request.side)
    if offer.best != limit:  # the market went through: nobody is left before it
        return msgspec.structs.replace(order, ahead=ZERO)
    owed = max(order.ahead - offer.passed, ZERO)
    offer.passed += sum((quantity for _, quantity in offer.take(limit, owed)), ZERO)
    return msgspec.structs.replace(order, ahead=max(order.ahead - offer.passed, ZERO))


def _force_fill(draft: Draft, command: ForceFill) -> None:
    order = draft.find(command.client_order_id)
    if order is None:
        return
    rules, side = draft.market(order).rules, order.request.side
    price = draft.offer(order.request.symbol, side).best
    if price is None:
        return
    # Its own lock serves the part that it still has to fill.
    if side is Side.SELL:
        most = draft.balance(rules.base).free + order.locked
    else:
        cash = draft.balance(rules.quote).free + order.locked
        most = quantity_for(cash, price, cash_fee_ratio(rules), ZERO, rules.step_size)
    quantity = floor_to_step(min(command.quantity, most), rules.step_size)
    if quantity > ZERO:
        draft.put(draft.fill(order, price, quantity, is_maker=False))


def _forget_finished(draft: Draft) -> None:
    """Let go of the two oldest finished orders that are past keeping: more than come anew."""
    oldest = draft.now - KEEP_FINISHED_MS
    for order_id in islice(draft.book.finished, 2):
        order = draft.book.orders[order_id]
        if order.facts.at >= oldest:
            break
        fills = range(1, order.fills + 1)
        draft.changes += [Removed("Trade", f"{order.sequence}-{fill}") for fill in fills]
        draft.changes.append(Removed("VenueOrder", order_id))
