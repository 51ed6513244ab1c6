"""Client order ids: made from what is known before the order is, no crash doubles one.

``h`` account tag ``e`` journal epoch ``p`` position, then the leg (``b`` entry, ``x`` exit) and the
attempt: ``h0e1p17x3`` is the third exit order of position 17. Letters and digits only, at most 32
(OKX's limit, the narrowest of the venues that take free text); venues with another form get a
rendering of it in their gateway.
"""

import re

from messages.base import ClientOrderId, PositionId

ENTRY_LEG = "b"
EXIT_LEG = "x"

_ID = re.compile(
    r"h(?P<tag>[0-9a-z]*)e(?P<epoch>\d+)(?P<position>p\d+)(?P<leg>[bx])(?P<attempt>\d+)"
)


def order_prefix(account_tag: str, journal_epoch: int, position_id: PositionId) -> str:
    """Return what all client order ids of one position begin with."""
    return f"h{account_tag}e{journal_epoch}{position_id}"


def client_order_id(prefix: str, leg: str, attempt: int) -> ClientOrderId:
    """Return the id of the ``attempt``-th order (from 1) of ``leg``."""
    return ClientOrderId(f"{prefix}{leg}{attempt}")


def is_of_account(order_id: ClientOrderId, account_tag: str) -> bool:
    """Return whether an id is of our making, for the account with this tag."""
    match = _ID.fullmatch(order_id)
    return match is not None and match["tag"] == account_tag


def position_of(order_id: ClientOrderId) -> PositionId | None:
    """Return the position an id of ours belongs to; None if the id is not of our making."""
    match = _ID.fullmatch(order_id)
    return PositionId(match["position"]) if match else None
