"""Bugs of whose an order is: two processes of one account, and journals that go back in time.

Only the world of ``tests.simulation.forks`` has such processes, so only its search can find them.
"""

# A replacement takes whatever the real one takes.
# ruff: noqa: ANN401

from typing import Any

from msgspec.structs import replace

from actors.journal import identity as starts
from actors.order_router import looking_back
from actors.position import closing, restoring
from actors.positions import ownership
from actors.reconciler import core as reconciler
from actors.reconciler import epochs, holdings
from messages.base import DAY_MS, Timestamp
from messages.envelope import NOTHING
from messages.ids import Identity
from tests.simulation.mutants.injecting import Mutant, around, instead, nothing


def _epoch_of_before(real: Any, identity: Any, epoch: Any, at: Any) -> Any:
    return replace(identity, started_at=at) if identity.epochs else real(identity, epoch, at)


def _all_is_sellable(turn: Any, free: Any) -> None:
    if free is not None and turn.position.closing is not None:
        turn.update_closing(waits_for_balance=False, sellable=turn.life.held)
        closing.end_pause(turn)


def _as_if_remembered(real: Any, identity: Any, listed: Any, _since: Any, **named: Any) -> Any:
    return real(identity, listed, Timestamp(-DAY_MS), **named)


def _only_when_over(real: Any, search: Any, order: Any) -> Any:
    return real(search, replace(order, asked_at=None))


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
        "a contested exit sells all that it holds", instead(closing, "on_balance", _all_is_sellable)
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
    ),
    Mutant(
        "a look back waits for its own orders that rest",
        around(looking_back, "_is_answered", _only_when_over),
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
)
