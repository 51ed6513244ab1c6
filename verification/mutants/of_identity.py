"""Bugs of whose an order is, in one process: its ids, and orders of others that have them."""

# A replacement takes whatever the real one takes.
# ruff: noqa: ANN401

from typing import Any

from msgspec.structs import replace

from actors.order_router import ownership, requests
from actors.order_router.facts import with_status
from actors.order_router.states import Input
from actors.portfolio import budget_rules
from messages.ids import Identity
from messages.orders import OrderFacts, RejectReason
from messages.position import DenialReason
from verification.mutants.injecting import Mutant, around, instead, nothing


def _old_epoch(real: Any, identity: Any, epoch: Any, at: Any, ended_at: Any = None) -> Any:
    if not identity.epochs:
        return real(identity, epoch, at, ended_at)
    return replace(identity, started_at=at, ended_at=at if ended_at is None else ended_at)


def _not_found(order: Any, _why: Any, settings: Any, now: Any) -> Any:
    facts = with_status(order.facts, Input.SUBMIT_UNKNOWN)
    facts = with_status(facts, Input.NOT_AT_VENUE, RejectReason.NEVER_PLACED)
    return requests.end(replace(order, facts=facts), settings, now)


def _send_by_the_wish(real: Any, order: Any, request: Any, settings: Any, now: Any) -> Any:
    return replace(
        real(replace(order, conflict=""), request, settings, now), conflict=order.conflict
    )


MUTANTS = (
    Mutant("a restart keeps the epoch", around(Identity, "with_epoch", _old_epoch)),
    Mutant(
        "another order under our id counts as not found",
        instead(ownership, "in_conflict", _not_found),
    ),
    Mutant(
        "another order under our id is ours", instead(ownership, "contradiction", lambda *_: None)
    ),
    Mutant("another order under our id is canceled", around(requests, "send", _send_by_the_wish)),
    Mutant(
        "an exit is sent beside another order that has its id",
        instead(OrderFacts, "is_in_conflict", property(nothing)),
    ),
    Mutant(
        "a symbol takes entries although another order has an id of ours",
        instead(budget_rules.RULES, DenialReason.CONFLICT, lambda _: None),
    ),
)
