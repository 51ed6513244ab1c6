"""Client order ids: what they are made of, and whose an id is.

An id of ours is ``k``, the account (8 letters), the epoch (8 letters), the position, the leg (``b``
entry, ``x`` exit) and the attempt: ``kmzxw6ytbonswg4tfp17x3`` is the third exit order of position
17. Account and epoch are 40 bits each, in base 32 (RFC 4648, small letters). An exchange is given
the same parts as one number of 128 bits: ``exchange.profiles.order_ids``.

The account is a hash of the exchange, the account's own id there and its tag; never of a key, as
keys change. An epoch is drawn at every start of the program, so two processes never make the same
id, whatever became of local files.

Journals of earlier versions hold ids of an older layout, ``h`` tag ``e`` number ``p17x3``; those
are recognised and may still be used.
"""

import hashlib
import re
from base64 import b32encode

import msgspec

from messages.base import ClientOrderId, PositionId, Timestamp

ENTRY_LEG = "b"
EXIT_LEG = "x"

RANDOM_BITS = 40
"""Of an account, and of an epoch."""
POSITION_BITS = 24
POSITION_LAST = (1 << POSITION_BITS) - 1
"""The last position that has a place in an id; further ones use the older layout."""
ENTRIES_LAST = POSITION_LAST - 1_024
"""The last position that may be opened by an entry. The rest is for coins of late fills: these
must be sold."""
ATTEMPT_BITS = 15
ATTEMPT_LAST = (1 << ATTEMPT_BITS) - 1
"""Of one leg in one epoch."""
_FURTHER_EPOCHS = 32
"""Of one position in one process: more than a million orders."""

_NEW = re.compile(
    r"k(?P<account>[a-z2-7]{8})(?P<epoch>[a-z2-7]{8})"
    r"(?P<position>p\d+)(?P<leg>[bx])(?P<attempt>\d+)"
)
_OLD = re.compile(
    r"h(?P<account>[0-9a-z]*)(?P<epoch>e\d+)(?P<position>p\d+)(?P<leg>[bx])(?P<attempt>\d+)"
)
_OLD_EPOCH_BITS = 20
"""In the older layout, where an id is packed."""


class IdParts(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What an id of ours says."""

    account: str
    """In the older layout the account's tag."""
    epoch: str
    """In the older layout ``e`` and a number."""
    position_id: PositionId
    leg: str
    attempt: int

    @property
    def is_old(self) -> bool:
        """Whether it is of the older layout."""
        return _is_old(self.epoch)

    @property
    def prefix(self) -> str:
        """What all ids of its position in its epoch begin with."""
        letter = "h" if self.is_old else "k"
        return f"{letter}{self.account}{self.epoch}{self.position_id}"


class Identity(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """Whose orders are this journal's: the account, and every epoch that its processes drew."""

    account: str
    """See ``account_of``."""
    tag: str = ""
    """``account.tag``: the account in ids of the older layout."""
    epochs: tuple[str, ...]
    """Oldest first; the last one is in new ids. ``e`` and a number: of the older layout."""
    started_at: Timestamp = Timestamp(0)
    """When the process that drew the last one started."""
    adopted: tuple[str, ...] = ()
    """Of ``epochs``, those in which a process with another journal, or a copy of this one, placed
    orders: what this journal lacks of them is left alone."""
    ended_at: Timestamp = Timestamp(0)
    """The last record of the process before the one that drew the last epoch."""

    @property
    def epoch(self) -> str:
        """The one in new ids."""
        return self.epochs[-1]

    def is_of_account(self, order_id: ClientOrderId) -> bool:
        """Return whether an id was made for this account, by this journal or another."""
        parts = parse(order_id)
        return parts is not None and self._is_account_in(parts)

    def is_own(self, order_id: ClientOrderId) -> bool:
        """Return whether an id was made by a process of this journal."""
        parts = parse(order_id)
        if parts is None or not self._is_account_in(parts):
            return False
        return _is_of(parts, self.epochs)

    def is_earlier(self, order_id: ClientOrderId) -> bool:
        """Return whether an id is of an epoch before the one that is in new ids.

        Its order may have been sent by another process that has a copy of this journal.
        """
        parts = parse(order_id)
        return parts is not None and _is_of(parts, self.epochs[:-1])

    def may_be_foreign(self, order_id: ClientOrderId) -> bool:
        """Return whether another process may have made an id: one with a copy of this journal."""
        return not self.is_own(order_id) or self.is_earlier(order_id)

    def is_adopted(self, order_id: ClientOrderId) -> bool:
        """Return whether an id is of an epoch whose process a person called dead."""
        parts = parse(order_id)
        return parts is not None and _is_of(parts, self.adopted)

    def with_epoch(
        self, epoch: str, at: Timestamp, ended_at: Timestamp | None = None
    ) -> "Identity":
        """Return it with one epoch more, drawn ``at``.

        ``ended_at``: the last record before it; None: a process goes on, and records as before.
        """
        epochs, before = (*self.epochs, epoch), at if ended_at is None else ended_at
        return msgspec.structs.replace(self, epochs=epochs, started_at=at, ended_at=before)

    def with_adopted(self, epoch: str) -> "Identity":
        """Return it with the epoch of a process that a person called dead."""
        if epoch in self.adopted:
            return self
        epochs = self.epochs
        if epoch not in epochs:
            epochs = (*epochs[:-1], epoch, self.epoch)
        return msgspec.structs.replace(self, epochs=epochs, adopted=(*self.adopted, epoch))

    def prefix_in(self, epoch: str, position_id: PositionId) -> str:
        """Return what the client order ids of a position began with in an epoch."""
        return _prefix(self.account, self.tag, epoch, position_id)

    def prefix_of(self, position_id: PositionId) -> str:
        """Return what the client order ids of a position begin with from now on."""
        return self.prefix_in(self.epoch, position_id)

    def _is_account_in(self, parts: IdParts) -> bool:
        return parts.account == (self.tag if parts.is_old else self.account)


def account_of(exchange: str, uid: str, tag: str) -> str:
    """Return the account of an id; ``uid`` is the account's own id at the exchange, or empty."""
    return _letters(_hash(f"account\n{exchange}\n{uid}\n{tag}"))


def epoch_of(bits: int) -> str:
    """Return the epoch of ``RANDOM_BITS`` random bits."""
    return _letters(bits)


def seeded_epoch(seed: int, starts: int) -> str:
    """Return the epoch of a session without chance: by its seed and the count of its starts."""
    return _letters(_hash(f"seed\n{seed}\n{starts}"))


def further_epoch(prefix: str) -> str:
    """Return the epoch that follows in mid-run, when a position's attempts run out.

    It follows from one that was drawn at random, so no other process makes it.
    """
    return _letters(_hash(f"attempts\n{prefix}"))


def old_prefix(account_tag: str, number: int, position_id: PositionId) -> str:
    """Return what a position's ids of the older layout begin with."""
    return f"h{account_tag}e{number}{position_id}"


def further_prefix(prefix: str) -> str:
    """Return what a position's ids begin with when the attempts under ``prefix`` run out."""
    parts = parse(client_order_id(prefix, EXIT_LEG, 1))
    if parts is None or parts.is_old:
        return prefix
    epoch = further_epoch(prefix)
    return msgspec.structs.replace(parts, epoch=epoch).prefix


def follows(order_id: ClientOrderId, epoch: str) -> bool:
    """Return whether an id is of ``epoch``, or of one that followed it as attempts ran out.

    An id that is not of our making counts as one: nothing is known of it.
    """
    parts = parse(order_id)
    if parts is None:
        return True
    if parts.is_old:
        return parts.epoch == _old_epoch(epoch)
    for _ in range(_FURTHER_EPOCHS):
        if parts.epoch == epoch:
            return True
        epoch = further_epoch(msgspec.structs.replace(parts, epoch=epoch).prefix)
    return False


def client_order_id(prefix: str, leg: str, attempt: int) -> ClientOrderId:
    """Return the id of the ``attempt``-th order (from 1) of ``leg``."""
    return ClientOrderId(f"{prefix}{leg}{attempt}")


def parse(order_id: str) -> IdParts | None:
    """Return what an id of ours says; None: it is not of our making."""
    match = _NEW.fullmatch(order_id) or _OLD.fullmatch(order_id)
    if match is None:
        return None
    return IdParts(
        account=match["account"],
        epoch=match["epoch"],
        position_id=PositionId(match["position"]),
        leg=match["leg"],
        attempt=int(match["attempt"]),
    )


def position_of(order_id: ClientOrderId) -> PositionId | None:
    """Return the position an id of ours belongs to; None if the id is not of our making."""
    match = _NEW.fullmatch(order_id) or _OLD.fullmatch(order_id)
    return PositionId(match["position"]) if match else None


def leg_of_id(order_id: ClientOrderId) -> str:
    """Return the leg of an id; that of an exit where it is not of our making."""
    parts = parse(order_id)
    return EXIT_LEG if parts is None else parts.leg


def _is_old(epoch: str) -> bool:
    return epoch.startswith("e") and epoch[1:].isdecimal()


def _is_of(parts: IdParts, epochs: tuple[str, ...]) -> bool:
    """Return whether an id was made in one of these epochs; its layout may be the older one."""
    return parts.epoch in epochs or (parts.is_old and parts.epoch in map(_old_epoch, epochs))


def _prefix(account: str, tag: str, epoch: str, position_id: PositionId) -> str:
    if _is_old(epoch):
        return old_prefix(tag, int(epoch[1:]), position_id)
    if int(position_id[1:]) > POSITION_LAST:
        return f"h{tag}{_old_epoch(epoch)}{position_id}"
    return f"k{account}{epoch}{position_id}"


def _old_epoch(epoch: str) -> str:
    """Return an epoch in the older layout, for a position whose number has no place in the new one.

    Its upper half: earlier versions counted epochs from 1.
    """
    half = 1 << (_OLD_EPOCH_BITS - 1)
    return f"e{half + _hash(f'old{chr(10)}{epoch}') % half}"


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=RANDOM_BITS // 8).digest())


def _letters(bits: int) -> str:
    return b32encode(bits.to_bytes(RANDOM_BITS // 8)).decode().lower()
