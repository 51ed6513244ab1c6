"""Bugs of the order router, the gateway, the portfolio and the roster."""

# A replacement takes whatever the real one takes.
# ruff: noqa: ANN401, ARG001

from typing import Any, cast

from msgspec.structs import replace

from actors.gateway.actor import Gateway
from actors.order_router import core, notifications, replies, requests
from actors.order_router.order import Request
from actors.order_router.states import TRANSITIONS as ORDER
from actors.order_router.states import Input as OrderInput
from actors.portfolio import accounts, balance_requests
from actors.portfolio import core as portfolio
from actors.positions import core as roster
from actors.tables import STAY
from messages.envelope import Step
from messages.money import ZERO
from messages.orders import OrderStatus, Priority, Side
from verification.mutants.injecting import Mutant, around, instead, nothing

_ORDER = cast("dict[Any, dict[Any, Any]]", ORDER)


def _refused_cancel_is_canceled(
    real: Any, order: Any, failure: Any, settings: Any, now: Any
) -> Any:
    done = real(order, failure, settings, now)
    if failure.kind != "rejected" or done is order:
        return done
    return requests.end(
        replace(order, facts=replace(order.facts, status=OrderStatus.CANCELED)), settings, now
    )


def _resent_blindly(real: Any, order: Any, settings: Any, now: Any) -> Any:
    if order.facts.status is OrderStatus.UNKNOWN:
        back = replace(order, facts=replace(order.facts, status=OrderStatus.NEW), tries=0)
        return requests.pause(back, Request.SUBMIT, 1_000, now)
    return real(order, settings, now)


def _partial_forgotten(real: Any, known: Any, told: Any) -> Any:
    merged = real(known, told)
    is_part = merged.status is OrderStatus.CANCELED and merged.filled
    return replace(merged, filled=ZERO, cost=ZERO, fees=()) if is_part else merged


def _latest_wins(real: Any, known: Any, told: Any) -> Any:
    merged = real(known, told)
    return replace(merged, filled=told.filled, cost=told.cost, fees=told.fees)


def _late_fill_ignored(real: Any, known: Any, told: Any) -> Any:
    is_over = known.status is OrderStatus.CANCELED
    return known if is_over and told.filled > known.filled else real(known, told)


def _fees_forgotten(real: Any, known: Any, told: Any) -> Any:
    merged = real(known, told)
    return known if merged is known else replace(merged, fees=known.fees)


def _sells_of_the_symbol_canceled(
    real: Any, orders: Any, message: Any, settings: Any, now: Any
) -> Any:
    done = real(orders, message, settings, now)
    order = orders.by_id.get(message.client_order_id)
    if order is None or not message.urgent:
        return done
    siblings = [
        o
        for o in orders.by_id.values()
        if o.request.side is Side.SELL and o.request.position_id != order.request.position_id
    ]
    also = core._conclude(
        [(o, requests.want_cancel(o, Priority.EXIT, settings, now)) for o in siblings]
    )
    return Step((*done.changes, *also.changes), (*done.outbox, *also.outbox))


def _without_cancel(real: Any, order: Any, failure: Any, settings: Any, now: Any) -> Any:
    return real(replace(order, cancel=None), failure, settings, now)


def _all_is_free(real: Any, books: Any, asker: Any, message: Any) -> Any:
    return max((m.amount for m in message.free if m.currency == asker.currency), default=ZERO)


def _missing_is_zero(real: Any, known: Any, told: Any) -> Any:
    return real(known, replace(told, unpriced=ZERO))


def _silent_is_free(real: Any, known: Any, told: Any) -> Any:
    return real(known, replace(told, fees_missing=ZERO))


def _kept(real: Any, booking: Any, told: Any, reserve: Any, *, closed: bool) -> Any:
    after, postings = real(booking, told, booking.reserved, closed=False)
    return (replace(after, closed=closed), postings)


def _released_twice(real: Any, booking: Any, told: Any, reserve: Any, *, closed: bool) -> Any:
    after, postings = real(booking, told, reserve, closed=closed)
    return (after if closed else replace(after, reserved=booking.reserved), postings)


def _canceled_first(real: Any, order: Any, settings: Any, now: Any) -> Any:
    return requests.send(replace(order, tries=0), Request.CANCEL, settings, now)


MUTANTS = (
    Mutant(
        "a refused cancel is taken for canceled",
        around(replies, "cancel_failed", _refused_cancel_is_canceled),
    ),
    Mutant("not-found is believed at once", instead(replies, "_is_proved", lambda *_: True)),
    Mutant("unknown is re-sent blindly", around(replies, "settle", _resent_blindly)),
    Mutant(
        "a part filled before a cancel is forgotten", around(replies, "merge", _partial_forgotten)
    ),
    Mutant("an older report lowers what is known", around(replies, "merge", _latest_wins)),
    Mutant("fees are forgotten", around(replies, "merge", _fees_forgotten)),
    Mutant("a late entry fill is dropped", instead(notifications, "_unmatched", lambda *_: ())),
    Mutant(
        "the router looks up nothing on a reconnect",
        instead(replies, "reconnected", lambda order, *_: order),
    ),
    Mutant("a canceled order that fills is ignored", around(replies, "merge", _late_fill_ignored)),
    Mutant(
        "a canceled order that fills is still called canceled",
        instead(_ORDER[OrderStatus.CANCELED], OrderInput.FILLED, STAY),
    ),
    Mutant(
        "released orders are not canceled",
        around(core, "want_cancel", lambda real, o, *r: o if o.booked is not None else real(o, *r)),
        equivalent="proven by a whole search (``proofs``): an order that lives after its position "
        "let go of it came back from the dead, and so its cancel is wanted already",
    ),
    Mutant(
        "closing one cancels its siblings' sells",
        around(core, "_cancel", _sells_of_the_symbol_canceled),
    ),
    Mutant(
        "a cancel overtakes its submit",
        around(
            requests,
            "is_under_way",
            lambda real, order, request=None: request is not None and real(order, request),
        ),
    ),
    Mutant(
        "an order that is back from the dead is left alone",
        instead(replies, "is_back_from_the_dead", lambda *_: False),
    ),
    Mutant(
        "a submit is repeated although its cancel waits",
        around(replies, "_not_sent", _without_cancel),
    ),
    Mutant(
        "answers are awaited without a deadline",
        instead(replies, "_overdue", lambda order, *_: order),
    ),
    Mutant(
        "a request leaves before its record",
        instead(Gateway, "_request_when_durable", lambda self, message: self.request(message)),
    ),
    Mutant(
        "strangers' and siblings' coins are sold",
        around(balance_requests, "_sellable", _all_is_free),
    ),
    Mutant("the rest of the budget stays reserved", around(portfolio, "book", _kept)),
    Mutant("a reservation is released twice", around(portfolio, "book", _released_twice)),
    Mutant(
        "an older booking is believed",
        instead(accounts.Cumulative, "is_behind", lambda *_: False),
    ),
    Mutant("entries are granted while trading is held", instead(portfolio, "refusal", nothing)),
    Mutant("a late fill is taken over again and again", instead(roster, "_offered", nothing)),
    Mutant(
        "a late fill stays in its row when it is taken over",
        instead(portfolio, "row_to_take_over", nothing),
    ),
    Mutant("a cost that is not told counts as zero", around(replies, "merge", _missing_is_zero)),
    Mutant("a fee that is not told counts as none", around(replies, "merge", _silent_is_free)),
    Mutant(
        "what a fill cost is not asked for again",
        instead(requests, "ask_for_money", lambda order, *_: order),
    ),
    Mutant(
        "what protects and is unknown is canceled before a look",
        around(replies, "settle", _canceled_first),
    ),
)
