"""How a system goes on from the last cut: state before the first message, the rest once all live.

``restore`` comes before the tree starts: each recorded actor takes its entities as it is spawned.
``resume`` comes when all are there: what was under way is delivered, timers are set again, and
everything is asked for that nobody recorded. The venue's answers come when it is connected next.
"""

from collections.abc import Iterator

import msgspec

from actors.journal.codec import Snapshot, Undelivered
from actors.positions.roster import Living, Numbering
from actors.runtime.actor import CoreActor
from actors.runtime.system import System
from actors.runtime.watchdog import Stuck
from messages.addresses import (
    GUARDIAN,
    ORDER_ROUTER,
    PORTFOLIO,
    POSITIONS,
    STRATEGY,
    position_address,
)
from messages.envelope import HungEnvelope, ReturnedEnvelope
from messages.guardian import (
    FirstLookBegun,
    JournalHealed,
    JournalRestored,
    RecoveryBegun,
    RecoveryDone,
    ResendTradingState,
)
from messages.order_router import StreamChanged
from messages.portfolio import TradingState, TradingStateChanged
from messages.position import ListsCompared, Resync, SessionEnding
from messages.positions import BeginRecovery, SymbolCompared
from messages.strategy import SymbolBusy

_OF_THE_LAST_PROCESS = (
    BeginRecovery,
    ListsCompared,
    RecoveryDone,
    SessionEnding,
    SymbolCompared,
    TradingStateChanged,
)
"""What may still be under way, and is true no more. Delivered, the end of a recovery would let
entries in, the end of a session would sell, and so would a comparison of older lists; what is true
now is said anew."""


def restore(system: System, snapshot: Snapshot) -> None:
    """Have each recorded actor begin with its entities. Before any is spawned."""
    system.recovered = {one.actor: one.entities for one in snapshot.actors}


def resume(
    system: System,
    snapshot: Snapshot,
    stuck: Stuck | None = None,
    restored: str = "",
    *,
    exits_recorded: bool = False,
    awaits_lists: bool = False,
) -> None:
    """Go on: every actor of the tree lives, and nothing was sent to any of them yet.

    ``stuck``: the message that the process before this one hung on; it is skipped, not delivered.
    ``restored``: from which backup the journal is, for people; empty: from none.
    ``exits_recorded``: no exit left without a record (``unrecorded_mark``).
    ``awaits_lists``: the exchange's lists are compared with the journal, before anything is sold.
    """
    living = tuple(living_positions(snapshot))
    if restored:  # first of all: a start that finds any later record takes it for recorded
        system.tell(GUARDIAN, JournalRestored(reason=restored))
    _hold_entries(system, len(living))
    system.tell(POSITIONS, BeginRecovery(recovery=snapshot.sequence))
    for message in snapshot.undelivered:
        if type(message.message) in _OF_THE_LAST_PROCESS:
            continue
        mailbox = system.mailboxes.get(message.to)
        if mailbox is not None and isinstance(mailbox.actor, CoreActor):
            is_hung = stuck is not None and is_stuck(stuck, message)
            kind = HungEnvelope if is_hung else ReturnedEnvelope
            mailbox.push(kind(message.message, message.sender, message.id, message.cause))
    # The venue was not heard meanwhile: the router looks its orders up, now and once connected.
    system.tell(ORDER_ROUTER, StreamChanged(up=False, is_restart=True))
    for symbol in dict.fromkeys(one.symbol for one in living):
        system.tell(STRATEGY, SymbolBusy(symbol=symbol, busy=True))
    error = "the process was restarted"
    resync = Resync(
        skipped="everything",
        error=error,
        down_since=snapshot.at,
        recovery=snapshot.sequence,
        exits_recorded=exits_recorded,
        awaits_lists=awaits_lists,
    )
    for one in living:
        system.tell(position_address(one.position_id), resync)
    # What the dead process's disk held back: this process has begun a journal.
    system.tell(GUARDIAN, JournalHealed())
    _set_timers(system, snapshot)


def _hold_entries(system: System, living: int) -> None:
    """Let nobody new enter until those that live are restored: before anything else is heard.

    The portfolio is told itself, as the guardian's word may come after a wish that waits.
    """
    if not living:
        system.tell(GUARDIAN, ResendTradingState())
        return
    system.tell(GUARDIAN, RecoveryBegun(positions=living))
    held = TradingStateChanged(
        state=TradingState.REDUCING, reason="after a restart; the guardian has not spoken yet"
    )
    system.tell(PORTFOLIO, held)


def hold_until_looked(system: System) -> None:
    """Let nobody new enter until the exchange's lists were compared: also in a new journal.

    Orders of another journal of this account may be there. The portfolio is told itself, as above.
    """
    system.tell(GUARDIAN, FirstLookBegun())
    held = TradingStateChanged(
        state=TradingState.REDUCING, reason="the exchange's lists are compared with the journal"
    )
    system.tell(PORTFOLIO, held)


def is_stuck(stuck: Stuck, message: Undelivered) -> bool:
    """Return whether this is the message that hung: an id alone may have been given again.

    What was not durable when the process ended is lost, and its ids with it.
    """
    return (
        message.id == stuck.message_id
        and message.to == stuck.actor
        and type(message.message).__name__ == stuck.message_type
    )


def living_positions(snapshot: Snapshot) -> Iterator[Living]:
    """Yield the positions that are not over, oldest first."""
    for one in snapshot.actors:
        if one.actor == POSITIONS:
            yield from (entity for entity in one.entities if isinstance(entity, Living))


def with_journal_epoch(snapshot: Snapshot, epoch: int) -> Snapshot:
    """Return the cut with another epoch in the client order ids to come: its end was lost.

    What was lost may have used the next ids.
    """
    actors = [
        msgspec.structs.replace(
            one,
            entities=tuple(
                msgspec.structs.replace(entity, journal_epoch=epoch)
                if isinstance(entity, Numbering)
                else entity
                for entity in one.entities
            ),
        )
        for one in snapshot.actors
    ]
    return msgspec.structs.replace(snapshot, actors=tuple(actors))


def _set_timers(system: System, snapshot: Snapshot) -> None:
    for one in snapshot.actors:
        mailbox = system.mailboxes.get(one.actor)
        actor = None if mailbox is None else mailbox.actor
        if not isinstance(actor, CoreActor):
            continue
        for entity in one.entities:
            key, at = actor.wake_at(entity)
            if at is not None:
                system.clock.set_timer(one.actor, key, at)
