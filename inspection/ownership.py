"""``adopt`` and ``own``: a person's word on whose orders and positions these are.

Owns how the word becomes a message. What is found at the exchange is the reconciler's.
"""

import re

from actors.reconciler.state import ForeignEpoch, ForeignOrder
from inspection.arguments import Typed, id_of
from inspection.command import Command, Context
from inspection.errors import InspectError
from inspection.operator_action import reason_of, send_message
from inspection.position import complete_ids, seen
from inspection.source import Source
from inspection.view import View
from messages.addresses import RECONCILER, position_address
from messages.base import PositionId
from messages.ids import parse
from messages.position import OwnershipChanged
from messages.reconciler import AdoptEpoch

_EPOCH = re.compile(r"[a-z2-7]{8}|e\d+")


def adopt(context: Context, words: list[str]) -> View:
    """Say that the process that drew an epoch is dead: its orders become this journal's."""
    typed = Typed(ADOPT.usage, words)
    reason = reason_of(context)
    epoch = typed.word("EPOCH")
    typed.end()
    if _EPOCH.fullmatch(epoch) is None:
        raise InspectError(f"{epoch} is no epoch: 8 letters or digits, as the alarm names it")
    what = f"the orders of epoch {epoch} become this journal's, after two looks at the exchange"
    warning = "only if its process is dead: two processes would sell the same coins"
    return send_message(context, RECONCILER, AdoptEpoch(epoch=epoch, reason=reason), what, warning)


def own(context: Context, words: list[str]) -> View:
    """Say that a contested position is this process's, and no other one's."""
    typed = Typed(OWN.usage, words)
    reason = reason_of(context)
    position_id = id_of(typed.word("POSITION"))
    typed.end()
    seen(context.source, position_id)
    message = OwnershipChanged(is_contested=False, reason=reason)
    what = f"{position_id} is this process's alone: it is protected and sold as any other"
    warning = "only if no other process holds it: two would sell the same coins"
    epochs = _epochs_to_adopt(context.source, position_id)
    if epochs:
        first = " and ".join(f"adopt --epoch {epoch}" for epoch in epochs)
        warning += f"; first {first}: what was sold of it there is found by adopt alone"
    return send_message(context, position_address(position_id), message, what, warning)


def _epochs_to_adopt(source: Source, position_id: PositionId) -> list[str]:
    """Return the epochs that this journal lacks, and in which the position has orders."""
    kept = source.entities(actors=(RECONCILER,), kinds=("ForeignEpoch", "ForeignOrder"))
    ids = {order_id for row in kept.every(ForeignEpoch) for order_id in row.orders}
    ids |= {order.client_order_id for order in kept.every(ForeignOrder)}
    found = (parts for order_id in ids if (parts := parse(order_id)) is not None)
    return sorted({one.epoch for one in found if one.position_id == position_id})


ADOPT = Command(
    name="adopt",
    usage="adopt EPOCH",
    help="Say that an epoch's process is dead: its orders become this journal's.",
    examples=("adopt kvlnyjx3",),
    run=adopt,
    operates=True,
)
OWN = Command(
    name="own",
    usage="own POSITION",
    help="Say that a contested position is this process's alone.",
    examples=("own p3",),
    run=own,
    complete=complete_ids,
    operates=True,
)
COMMANDS = (ADOPT, OWN)
