"""Orders of our account that no process of this journal placed, and how they become ours.

*The journal is behind its venue*: such an order is from before our start. The folder was lost or
restored, or another one is in use. *A twin is running*: such an order was placed after our start.
What is found is told and left alone. An epoch becomes ours when a person says that its process is
dead, and nothing of it moved for two looks and the longest life of a request.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from actors.reconciler import holdings
from actors.reconciler.state import EpochKind, ForeignEpoch, ForeignOrder, Looks
from config.settings import Settings
from messages.addresses import GUARDIAN, OBSERVERS, POSITIONS
from messages.base import CLOCKS_DIFFER_MS, PositionId, Symbol, Timestamp
from messages.envelope import NOTHING, Removed, Send, Step
from messages.guardian import JournalBehind, OwnershipSettled, TwinRunning
from messages.ids import ENTRY_LEG, Identity, IdParts, parse
from messages.observers import Alarm, AlarmKind
from messages.positions import EpochAdopted, OwnershipDoubted
from messages.reconciler import AdoptEpoch, ListedOrder

_ORDERS_KEPT = 100
_LOOKS_NEEDED = 2


def is_foreign(
    identity: Identity,
    listed: ListedOrder,
    remembered_since: Timestamp | None,
    *,
    is_first_look: bool = False,
) -> bool:
    """Return whether this journal never placed an order that its router does not have.

    Also one of an earlier epoch of ours: what its process sent was recorded first, and what left
    without a record is looked for at a start. So a process with a copy of the journal placed it;
    but not where the router may have forgotten it: all fills that are listed are from before
    ``remembered_since``, and at the first look after a start also from before the last process's
    end, after which the router forgot nothing that filled. None: it forgets nothing of its position
    that filled.
    """
    order_id = listed.client_order_id
    parts = parse(order_id)
    if parts is None or not identity.is_of_account(order_id) or parts.epoch in identity.adopted:
        return False
    if not identity.may_be_foreign(order_id):
        return False
    if remembered_since is None or listed.is_working or not listed.trades:
        return True
    if not identity.is_own(order_id):
        return True
    since = min(remembered_since, identity.ended_at) if is_first_look else remembered_since
    return any(trade.at > since + CLOCKS_DIFFER_MS for trade in listed.trades)


def seen(
    looks: Looks,
    identity: Identity,
    symbol: Symbol,
    listed: Sequence[ListedOrder],
    now: Timestamp,
) -> Step:
    """Take in foreign orders; hold new risk, and have what is open doubted."""
    rows: dict[str, ForeignEpoch] = {}
    sends: list[Send] = []
    for order in listed:
        parts = parse(order.client_order_id)
        if parts is None:
            continue
        before = rows.get(parts.epoch) or looks.foreign.get(parts.epoch)
        after = _with_order(before, identity, symbol, order, parts, now)
        rows[parts.epoch] = after
        if before is None or before.kind is not after.kind:
            sends += _told(after, order)
    changed = tuple(row for epoch, row in rows.items() if row != looks.foreign.get(epoch))
    return Step((*changed, *holdings.noted(looks, symbol, listed)), tuple(sends))


def adopt(looks: Looks, message: AdoptEpoch, now: Timestamp) -> Step:
    """Begin to adopt an epoch: a person says that its process is dead."""
    row = looks.foreign.get(message.epoch)
    if row is None:
        known = ", ".join(sorted(looks.foreign)) or "none"
        text = f"no order of epoch {message.epoch} is in doubt; those that are: {known}"
        return Step((), (Send(OBSERVERS, Alarm(kind=AlarmKind.IDENTITY, text=text)),))
    return Step((replace(row, adopt_since=now, reason=message.reason, looks=0),))


def looked(looks: Looks, settings: Settings, now: Timestamp) -> Step:
    """Count a look in which nothing moved; adopt what was still for long enough."""
    changes: list[ForeignEpoch | Removed] = []
    sends: list[Send] = []
    left = set(looks.foreign)
    for row in looks.foreign.values():
        if row.adopt_since is None:
            continue
        since = max(row.adopt_since, row.changed_at)
        is_still = row.looks >= _LOOKS_NEEDED and now - since >= settings.router.unknown_settle_ms
        if not is_still:
            changes.append(replace(row, looks=row.looks + 1))
            continue
        left.discard(row.epoch)
        changes.append(Removed(kind=ForeignEpoch.__name__, key=row.epoch))
        changes += _orders_removed(looks, row.epoch)
        sends.append(Send(POSITIONS, _adopted(looks, row, is_settled=not left)))
        if not left:
            reason = f"epoch {row.epoch} was adopted: {row.reason}"
            sends.append(Send(GUARDIAN, OwnershipSettled(reason=reason)))
    return Step(tuple(changes), tuple(sends)) if changes else NOTHING


def _orders_removed(looks: Looks, epoch: str) -> list[Removed]:
    """Return the removals of an epoch's orders: positions look for them from now on."""
    return [
        Removed(kind=ForeignOrder.__name__, key=order_id)
        for order_id in looks.foreign_orders
        if (parts := parse(order_id)) is not None and parts.epoch == epoch
    ]


def _adopted(looks: Looks, row: ForeignEpoch, *, is_settled: bool) -> EpochAdopted:
    return EpochAdopted(
        epoch=row.epoch,
        last_number=row.last_number,
        is_twin=row.kind is EpochKind.TWIN,
        is_settled=is_settled,
        last_exits=_last_exits(looks, row),
    )


def _last_exits(looks: Looks, row: ForeignEpoch) -> dict[PositionId, int]:
    """Return the number of the last exit of each position that was seen: lost ones lie between."""
    last: dict[PositionId, int] = {}
    for order_id in sorted({*row.orders, *looks.foreign_orders}):
        parts = parse(order_id)
        if parts is not None and parts.epoch == row.epoch and parts.leg != ENTRY_LEG:
            last[parts.position_id] = max(parts.attempt, last.get(parts.position_id, 0))
    return last


def _with_order(
    before: ForeignEpoch | None,
    identity: Identity,
    symbol: Symbol,
    order: ListedOrder,
    parts: IdParts,
    now: Timestamp,
) -> ForeignEpoch:
    kind = _kind(identity, order, parts)
    number = int(parts.position_id[1:])
    if before is None:
        return ForeignEpoch(
            epoch=parts.epoch,
            kind=kind,
            symbols=(symbol,),
            orders=(order.client_order_id,),
            filled=order.filled,
            changed_at=now,
            last_number=number,
        )
    is_kept = order.client_order_id in before.orders or len(before.orders) >= _ORDERS_KEPT
    after = replace(
        before,
        kind=EpochKind.TWIN if EpochKind.TWIN in {before.kind, kind} else before.kind,
        symbols=tuple(dict.fromkeys((*before.symbols, symbol))),
        orders=before.orders if is_kept else (*before.orders, order.client_order_id),
        filled=max(before.filled, order.filled),
        last_number=max(before.last_number, number),
    )
    return after if after == before else replace(after, changed_at=now, looks=0)


def _kind(identity: Identity, order: ListedOrder, parts: IdParts) -> EpochKind:
    """Return what one order says: placed, or bought, after our start, it is a twin's."""
    placed = order.placed_at
    if placed is None and parts.leg == ENTRY_LEG:  # an exit may have rested for long
        placed = max((trade.at for trade in order.trades), default=None)
    is_later = placed is not None and placed > identity.started_at
    return EpochKind.TWIN if is_later else EpochKind.BEHIND


def _told(row: ForeignEpoch, order: ListedOrder) -> tuple[Send, ...]:
    where, first = ", ".join(row.symbols), order.client_order_id
    if row.kind is EpochKind.TWIN:
        reason = (
            f"another process trades this account: order {first} on {where} was placed after this "
            f"start, and its epoch {row.epoch} is not this process's; stop one of the two, then: "
            f"adopt --epoch {row.epoch}"
        )
        hold: JournalBehind | TwinRunning = TwinRunning(reason=reason)
    else:
        did = "works" if order.is_working else f"filled {order.filled}"
        reason = (
            f"the journal is behind its exchange: order {first} on {where} {did}, and its epoch "
            f"{row.epoch} is not in this journal (a lost or restored folder, another folder, or "
            f"another process); when that process is dead: adopt --epoch {row.epoch}"
        )
        hold = JournalBehind(reason=reason)
    doubted = OwnershipDoubted(reason=reason, epoch=row.epoch)
    return Send(GUARDIAN, hold), Send(POSITIONS, doubted)
