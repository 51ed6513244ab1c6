"""What a start changes in the last cut: new client order ids, before anything else happens.

A copied or restored journal holds the epochs that were drawn, the prefixes of its positions, and
orders that were asked for and not sent: the other copy may have sent them. So a new epoch goes into
every prefix, and an order that had not left may have left: it is looked up, never sent.
"""

from collections.abc import Iterator

import msgspec

from actors.journal.codec import Snapshot, Undelivered
from actors.journal.entities import Entities
from actors.journal.hash_chain import NO_HEAD
from actors.journal.inspection import Found, nothing
from actors.order_router.order import RoutedOrder
from actors.position.position import Charter, Position
from actors.position.recovery import renamed
from actors.positions.roster import Numbering
from messages.addresses import ORDER_ROUTER, POSITIONS, RECONCILER
from messages.base import Timestamp
from messages.guardian import FirstLookDone
from messages.ids import EXIT_LEG, Identity, client_order_id, parse
from messages.orders import OrderStatus
from messages.position import Begin


def identity_of(snapshot: Snapshot, account: str, tag: str) -> Identity | None:
    """Return the identity that a journal has; None: it has none yet.

    One of an earlier version has that of its ids; it goes on with this ``account`` and ``tag``.
    """
    entities = [entity for one in snapshot.actors for entity in one.entities]
    numbering = next((one for one in entities if isinstance(one, Numbering)), None)
    if numbering is not None and numbering.identity is not None:
        return numbering.identity
    used = {f"e{numbering.journal_epoch}": None} if numbering is not None else {}
    for entity in entities:
        if isinstance(entity, Charter):
            parts = parse(client_order_id(entity.order_prefix, EXIT_LEG, 1))
        elif isinstance(entity, RoutedOrder):
            parts = parse(entity.request.client_order_id)
        else:
            continue
        if parts is not None and parts.is_old:
            used[parts.epoch] = None
    return Identity(account=account, tag=tag, epochs=tuple(used)) if used else None


def begun(snapshot: Snapshot, identity: Identity) -> Snapshot:
    """Return the cut as a process begins with it that has just drawn ``identity``'s last epoch."""
    known = {one.actor for one in snapshot.actors}
    added = (Entities(one, ()) for one in (POSITIONS, ORDER_ROUTER, RECONCILER) if one not in known)
    actors = tuple(_begun(one, identity) for one in (*snapshot.actors, *added))
    undelivered = tuple(
        _delivered(one, identity)
        for one in snapshot.undelivered
        # This start looks anew: delivered, the end of the last one's look would let entries in.
        if not isinstance(one.message, FirstLookDone)
    )
    return msgspec.structs.replace(snapshot, actors=actors, undelivered=undelivered)


def beginning(identity: Identity, now: Timestamp, seed: int) -> Found:
    """Return where a new journal stands: nothing has happened but that its epoch was drawn."""
    snapshot = begun(nothing(now), identity)
    return Found(snapshot=snapshot, head=NO_HEAD, last_number=0, seed=seed)


def _begun(one: Entities, identity: Identity) -> Entities:
    match one.actor:
        case "positions":
            return Entities(one.actor, tuple(_numbered(one.entities, identity)))
        case "order_router" | "reconciler":
            kept = (_looked_up(entity) for entity in one.entities if type(entity) is not Identity)
            return Entities(one.actor, (*kept, identity))
        case _:
            return Entities(one.actor, tuple(_renamed(one.entities, identity)))


def _numbered(entities: tuple[msgspec.Struct, ...], identity: Identity) -> Iterator[msgspec.Struct]:
    has_one = False
    for entity in entities:
        if isinstance(entity, Numbering):
            has_one = True
            yield msgspec.structs.replace(entity, identity=identity)
        else:
            yield entity
    if not has_one:
        yield Numbering(account_tag=identity.tag, journal_epoch=1, identity=identity)


def _looked_up(entity: msgspec.Struct) -> msgspec.Struct:
    """Return an order that had not left as one that may have."""
    if not isinstance(entity, RoutedOrder) or entity.facts.status is not OrderStatus.NEW:
        return entity
    facts = msgspec.structs.replace(entity.facts, status=OrderStatus.UNKNOWN)
    return msgspec.structs.replace(entity, facts=facts, errand=None, tries=0)


def _renamed(entities: tuple[msgspec.Struct, ...], identity: Identity) -> Iterator[msgspec.Struct]:
    """Yield a position's entities with its next orders' ids in the new epoch."""
    charter = next((one for one in entities if isinstance(one, Charter)), None)
    for entity in entities:
        if charter is None:
            yield entity
        elif entity is charter:
            prefix = identity.prefix_of(charter.position_id)
            yield msgspec.structs.replace(charter, order_prefix=prefix)
        elif isinstance(entity, Position):
            yield renamed(entity, charter.order_prefix)
        else:
            yield entity


def _delivered(one: Undelivered, identity: Identity) -> Undelivered:
    message = one.message
    if not isinstance(message, Begin):
        return one
    prefix = identity.prefix_of(message.position_id)
    begin = msgspec.structs.replace(message, order_prefix=prefix)
    return msgspec.structs.replace(one, message=begin)
