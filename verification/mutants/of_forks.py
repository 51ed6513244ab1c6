"""Bugs of whose an order is: two processes of one account, and journals that go back in time.

Only the world of ``verification.forks`` has such processes, so only its search can find them.
"""

# A replacement takes whatever the real one takes.
# ruff: noqa: ANN401

from typing import Any

from msgspec.structs import replace

from actors.journal import identity as starts
from actors.order_router import ownership as orders_ownership
from actors.order_router import reconciliation, recovery
from actors.position import exit_ladder
from actors.position import recovery as restoring
from actors.positions import ownership
from actors.reconciler import core as reconciler
from actors.reconciler import epochs, holdings
from messages.base import DAY_MS, Timestamp
from messages.envelope import NOTHING
from messages.ids import Identity, position_of
from verification.mutants.injecting import Mutant, around, instead, nothing


def _epoch_of_before(real: Any, identity: Any, epoch: Any, at: Any) -> Any:
    return replace(identity, started_at=at) if identity.epochs else real(identity, epoch, at)


def _all_is_sellable(turn: Any, free: Any) -> None:
    if free is not None and turn.position.closing is not None:
        turn.update_closing(waits_for_balance=False, sellable=turn.life.held)
        exit_ladder.end_pause(turn)


def _as_if_remembered(real: Any, identity: Any, listed: Any, _since: Any, **named: Any) -> Any:
    return real(identity, listed, Timestamp(-DAY_MS), **named)


def _as_if_forgotten(real: Any, identity: Any, listed: Any, since: Any, **named: Any) -> Any:
    return real(identity, listed, identity.started_at if since is None else since, **named)


def _is_of_one_that_looks_back(orders: Any, listed: Any) -> bool:
    is_sought = position_of(listed.client_order_id) in orders.looking_back
    return is_sought and orders.identity.is_own(listed.client_order_id)


def _only_when_over(real: Any, search: Any, order: Any) -> Any:
    return real(search, replace(order, asked_at=None))


def _owns_without_a_look(real: Any, turn: Any, message: Any) -> None:
    real(turn, replace(message, shared_at=""))


MUTANTS = (
    Mutant(
        "a start goes on with the epoch before", around(Identity, "with_epoch", _epoch_of_before)
    ),
    Mutant(
        "positions keep the ids of the process before",
        instead(starts, "_renamed", lambda entities, _: iter(entities)),
    ),
    Mutant(
        "orders of a foreign epoch are not seen", instead(epochs, "is_foreign", lambda *_: False)
    ),
    Mutant("a foreign epoch is seen, and told to nobody", instead(epochs, "_told", lambda *_: ())),
    Mutant("the doubt reaches no position", instead(ownership, "doubted", lambda *_: NOTHING)),
    Mutant("a position ignores that it is contested", instead(restoring, "on_ownership", nothing)),
    Mutant(
        "a contested exit sells all that it holds",
        instead(exit_ladder, "on_balance", _all_is_sellable),
    ),
    Mutant(
        "a contested exit counts what another process bought and sold for nothing",
        instead(holdings, "holdings", lambda *_: ()),
    ),
    Mutant(
        "fills that the router has forgotten are another process's",
        around(epochs, "is_foreign", _as_if_remembered),
    ),
    Mutant(
        "a look back looks for no exit that was seen",
        instead(epochs, "_last_exits", lambda *_: {}),
        test="tests.actors.reconciler.test_epochs:test_an_adopted_epoch_s_orders_are_no_other_process_s_any_more",
    ),
    Mutant(
        "what a twin placed under an id that was looked for is the position's",
        instead(orders_ownership, "is_a_twins", lambda *_: False),
    ),
    Mutant(
        "what a twin placed under an id that was looked for is never looked for again",
        instead(orders_ownership, "left_to_a_twin", orders_ownership.of_another_process),
    ),
    Mutant(
        "a named owner does not look for what a twin placed",
        around(restoring, "on_ownership", _owns_without_a_look),
        test="tests.actors.position.test_contested:test_with_a_persons_word_it_looks_for_what_a_twin_placed_under_ids_of_ours",
    ),
    Mutant(
        "a look back waits for its own orders that rest",
        around(recovery, "_is_answered", _only_when_over),
    ),
    Mutant("no epoch is ever adopted", instead(epochs, "adopt", lambda *_: NOTHING)),
    Mutant(
        "an adopted epoch is not looked back at",
        instead(ownership, "_may_share", lambda *_: False),
    ),
    Mutant(
        "a list of a start's first look counts before it is compared",
        instead(reconciler, "_unknown", lambda *_: NOTHING),
    ),
    Mutant(
        "a start sells before the lists are compared",
        instead(restoring, "_lists_until", lambda *_, **__: None),
    ),
    Mutant(
        "a sale under a prefix whose search has ended is still sought",
        instead(reconciliation, "_is_still_sought", _is_of_one_that_looks_back),
    ),
    Mutant(
        "a fill of a living position may have been forgotten",
        around(epochs, "is_foreign", _as_if_forgotten),
    ),
)
