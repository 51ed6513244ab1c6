"""What the positions actor does where another process may hold what is open here. Pure."""

from msgspec.structs import replace

from actors.positions.roster import Living, Roster
from messages.addresses import GUARDIAN, OBSERVERS, ORDER_ROUTER, RECONCILER, position_address
from messages.base import Timestamp
from messages.envelope import NOTHING, Send, Step
from messages.guardian import TwinRunning
from messages.ids import Identity
from messages.observers import Alarm, AlarmKind
from messages.position import ListsCompared, OwnershipChanged, Resync
from messages.positions import EpochAdded, EpochAdopted, OwnershipDoubted, SymbolCompared
from messages.reconciler import IdentityChanged


def doubted(roster: Roster, message: OwnershipDoubted) -> Step:
    """Let positions be careful; where one order told of it, hold new risk as well."""
    doubt = OwnershipChanged(is_contested=True, reason=message.reason)
    identity = roster.numbering.identity
    if message.position_id is None and identity is not None and message.epoch in identity.epochs:
        sends = []
        for position_id in roster.living:
            prefix = identity.prefix_in(message.epoch, position_id)
            told = replace(doubt, shared_at=prefix)
            sends.append(Send(position_address(position_id), told))
        return Step((), tuple(sends))
    if message.position_id is None:
        return roster.to_all(doubt)
    if message.position_id not in roster.living:
        return NOTHING
    twin = TwinRunning(reason=message.reason)
    to = position_address(message.position_id)
    return Step((), (Send(to, doubt), Send(GUARDIAN, twin)))


def compared(roster: Roster, message: SymbolCompared) -> Step:
    """Let the symbol's positions go on: whatever the lists raised in doubt was told before."""
    sends = [
        Send(position_address(position_id), ListsCompared())
        for position_id, living in roster.living.items()
        if living.symbol == message.symbol
    ]
    return Step((), tuple(sends))


def added(roster: Roster, message: EpochAdded, now: Timestamp) -> Step:
    """Keep an epoch of ours: of a position whose attempts ran out, or from now on of all."""
    numbering = roster.numbering
    identity = numbering.identity
    if identity is None or message.epoch in identity.epochs:
        return NOTHING
    if message.jump:
        return _begun_anew(roster, identity.with_epoch(message.epoch, now), message, now)
    # Not the last one: that is in the ids of other positions.
    epochs = (*identity.epochs[:-1], message.epoch, identity.epoch)
    return Step((replace(numbering, identity=replace(identity, epochs=epochs)),))


def _begun_anew(roster: Roster, identity: Identity, message: EpochAdded, now: Timestamp) -> Step:
    """Go on as after a start: a copy of this process may have used the ids that come next."""
    text = f"{message.jump}; new client order ids are of epoch {identity.epoch}"
    changed = IdentityChanged(identity=identity)
    sends = [
        Send(ORDER_ROUTER, changed),
        Send(RECONCILER, changed),
        Send(OBSERVERS, Alarm(kind=AlarmKind.IDENTITY, text=text)),
    ]
    for position_id in roster.living:
        resync = Resync(
            skipped="everything",
            error=message.jump,
            down_since=now if message.since is None else message.since,
            recovery=roster.recovery.begun_with,
            awaits_lists=True,
            order_prefix=identity.prefix_of(position_id),
        )
        sends.append(Send(position_address(position_id), resync))
    return Step((replace(roster.numbering, identity=identity),), tuple(sends))


def adopted(roster: Roster, message: EpochAdopted) -> Step:
    """Take an epoch for ours: positions look for its orders, and no number is used again."""
    numbering = roster.numbering
    if numbering.identity is None:
        return NOTHING
    identity = numbering.identity.with_adopted(message.epoch)
    after = replace(
        numbering,
        identity=identity,
        next_number=max(numbering.next_number, message.last_number + 1),
    )
    changed = IdentityChanged(identity=identity)
    sends = [Send(ORDER_ROUTER, changed), Send(RECONCILER, changed)]
    for position_id, living in roster.living.items():
        prefix = identity.prefix_in(message.epoch, position_id)
        told = OwnershipChanged(
            is_contested=not message.is_settled,
            reason=f"epoch {message.epoch} was adopted",
            look_back_at=prefix if _may_share(numbering.identity, living, message) else "",
            look_back_upto=message.last_exits.get(position_id, 0),
        )
        sends.append(Send(position_address(position_id), told))
    return Step((after,), tuple(sends))


def _may_share(before: Identity, living: Living, message: EpochAdopted) -> bool:
    """Return whether a process of the epoch may have had this position: it is not younger."""
    if living.epoch == before.epoch:  # opened since this start: only a copy made later has it
        return message.is_twin
    if message.epoch not in before.epochs or living.epoch not in before.epochs:
        return True
    return before.epochs.index(living.epoch) <= before.epochs.index(message.epoch)
