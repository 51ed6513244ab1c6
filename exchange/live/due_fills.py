"""Resting orders through whose price the market trades: their fills are due. Pure.

An order that should have filled by the market's own prices is looked up unless its fill is heard:
the event may be lost on a stream that is up. Each order is looked up after a moment, then after
pauses that double, so a price that lies costs few requests.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from exchange.live.order import LiveOrder
from messages.base import ClientOrderId, Timestamp
from messages.market import Quote
from messages.orders import OrderType, Side, TimeInForce

GRACE_MS = 1_000
"""In which the stream brings a fill, before it is looked for."""
LONGEST_PAUSE_MS = 60_000
_KEPT = 10_000
"""Orders whose levels are kept."""
_STOPS = frozenset({OrderType.STOP, OrderType.STOP_LIMIT})


class _Due(msgspec.Struct, frozen=True, kw_only=True):
    """One order through whose price the market trades, or traded."""

    at: Timestamp | None
    """When it is looked up; None: the price came back since the last look."""
    pause_ms: int = GRACE_MS
    """Before the next look; doubles with each."""
    not_before: Timestamp = Timestamp(0)


class _Level(NamedTuple):
    """A price at which an order, or a part of it, would fill or trigger."""

    side: Side
    limit: float | None
    trigger: float | None

    def is_met(self, quote: Quote) -> bool:
        """Return whether the market trades through it."""
        limit, trigger = self.limit, self.trigger
        if self.side is Side.SELL:
            is_limit_met = limit is not None and quote.bid >= limit
            return is_limit_met or (trigger is not None and quote.bid <= trigger)
        is_limit_met = limit is not None and quote.ask <= limit
        return is_limit_met or (trigger is not None and quote.ask >= trigger)


class _Levels(NamedTuple):
    """The levels of an order as it stood: exact prices become floats once, not with each quote."""

    order: LiveOrder
    levels: tuple[_Level, ...]


class DueFills:
    """Which orders to look up, and when."""

    def __init__(self) -> None:
        """Know of none."""
        self._due: dict[ClientOrderId, _Due] = {}
        self._levels: dict[ClientOrderId, _Levels] = {}

    def quoted(self, quote: Quote, live: Iterable[LiveOrder], now: Timestamp) -> bool:
        """Take in a price; ``live`` are the orders that are not over. Return whether one is due."""
        is_new = False
        for order in live:
            if order.symbol != quote.symbol:
                continue
            if not any(level.is_met(quote) for level in self._levels_of(order)):
                continue
            known = self._due.get(order.client_order_id) or _Due(at=None)
            if known.at is None:
                at = max(Timestamp(now + GRACE_MS), known.not_before)
                self._due[order.client_order_id] = replace(known, at=at)
                is_new = True
        return is_new

    def _levels_of(self, order: LiveOrder) -> tuple[_Level, ...]:
        known = self._levels.get(order.client_order_id)
        if known is not None and known.order is order:
            return known.levels
        if len(self._levels) >= _KEPT:
            self._levels.clear()
        found = self._levels[order.client_order_id] = _Levels(order, tuple(_levels(order)))
        return found.levels

    def next_at(self) -> Timestamp | None:
        """Return when an order is to be looked up next; None: no fill is due."""
        return min((due.at for due in self._due.values() if due.at is not None), default=None)

    def take(self, live: Iterable[LiveOrder], now: Timestamp) -> list[LiveOrder]:
        """Return the orders to look up now, and forget those that are over."""
        known = {order.client_order_id: order for order in live}
        self._due = {one: due for one, due in self._due.items() if one in known}
        taken = [one for one, due in self._due.items() if due.at is not None and due.at <= now]
        for order_id in taken:
            pause_ms = self._due[order_id].pause_ms
            self._due[order_id] = _Due(
                at=None,
                pause_ms=min(2 * pause_ms, LONGEST_PAUSE_MS),
                not_before=Timestamp(now + pause_ms),
            )
        return [known[order_id] for order_id in taken]


def is_traded_through(order: LiveOrder, quote: Quote) -> bool:
    """Return whether an order would have filled, or triggered, at these prices."""
    return any(level.is_met(quote) for level in _levels(order))


def _levels(order: LiveOrder) -> Iterator[_Level]:
    """Yield the side, the limit and the trigger of each part of an order that rests."""
    request = order.request
    if not order.legs:
        return  # it is being sent: the answer says what became of it
    if request is None:  # sent by an earlier process
        for leg in order.legs:
            if leg.side is not None and not leg.is_over:
                waits = leg.is_stop and not leg.is_triggered
                limit, trigger = (None, leg.trigger_price) if waits else (leg.price, None)
                yield _Level(leg.side, _about(limit), _about(trigger))
        return
    if request.type is OrderType.MARKET or request.time_in_force is TimeInForce.IOC:
        return
    limit = None if request.type in _STOPS else request.price
    yield _Level(request.side, _about(limit), _about(request.trigger_price))


def _about(price: Decimal | None) -> float | None:
    return None if price is None else float(price)
