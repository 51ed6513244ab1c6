"""When two states of the model are one: what makes no difference is left out of them."""

from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import msgspec

from messages.base import Address, Timestamp
from verification.model.world import Mail, World

_TIMES = frozenset(
    {
        "at",
        "began_at",
        "deadline",
        "entered_at",
        "hidden_until",
        "look_at",
        "looked_at",
        "not_found_at",
        "not_found_since",
        "retry_at",
        "sign_by",
        "signed_at",
        "since",
        "stop_order_until",
        "switched_at",
        "until",
        "venue_time",
        "wait_ends_at",
        "wakes_at",
        "whole_after",
    }
)
_NO_MATTER = frozenset(
    {
        "changed_at",
        "closed_at",
        "close_reason",
        "forget_at",
        "measured_at",
        "now",
        "suspected_at",
        "text",
        "unprotected",
    }
)
"""Told to people, or counted for them; the stream is always up, and nothing is forgotten here."""
_LONG_AGO = -120_000
"""Milliseconds: longer than any deadline of the plans looks back."""
_REMEMBERED = 500_000


class States:
    """Gives each state its name. One state shares most of its parts with the one before it."""

    def __init__(self) -> None:
        """Begin with nothing named."""
        self._of_parts = lru_cache(_REMEMBERED)(_named)

    def name(self, world: World) -> bytes:
        """Return the same for states between which nothing differs that anybody looks at.

        Times count from now; mail keeps its order in its own channel only. Parts that are equal
        have one name (2 and 2.0 are), and it is worked out once.
        """
        mail = world.mail if len(world.mail) < 2 else tuple(sorted(world.mail, key=_channel))
        counts = (world.price, world.faults, world.moves, world.closes, world.lates)
        name, now = self._of_parts, world.now
        parts = (
            repr(counts).encode(),
            name(world.lives, now),
            name(world.orders, now),
            name(world.books, now),
            name(world.venue, now),
            name(world.on_its_way, now),
            name(world.armed, now),
            *(name(one, now) for one in mail),
        )
        return blake2b(b"".join(parts), digest_size=16).digest()


def _channel(mail: Mail) -> tuple[Address, Address]:
    return mail.sender, mail.to


def _named(part: msgspec.Struct | tuple[msgspec.Struct, ...], now: Timestamp) -> bytes:
    plain = _plain(msgspec.to_builtins(part, builtin_types=(Decimal,)), now)
    return blake2b(msgspec.msgpack.encode(plain), digest_size=16).digest()


def _plain(value: Any, now: int) -> Any:  # noqa: ANN401 - any builtin
    if isinstance(value, dict):
        idle = (*_idle_times(value), *_told(value))
        return {
            name: _since(part, now) if name in _TIMES else _plain(part, now)
            for name, part in value.items()
            if name not in _NO_MATTER and name not in idle
        }
    if isinstance(value, (list, tuple)):
        return [_plain(part, now) for part in value]
    return str(value.normalize()) if isinstance(value, Decimal) else value


def _told(fields: dict[str, Any]) -> tuple[str, ...]:
    """Return what an entity tells people only: why, but of an order, where cores act on it."""
    return () if "client_order_id" in fields else ("reason",)


def _idle_times(fields: dict[str, Any]) -> tuple[str, ...]:
    """Return the times of an entity that no core looks at in the state that it is in."""
    if "filled" in fields:  # facts of an order: when the venue said so is for people
        return ("at",)
    if "waits_for_balance" in fields or "up" in fields or fields.get("type") == "LookDue":
        return ("since", "at")
    if "order_id" in fields and fields.get("state") != "unknown":  # the exit slot
        return ("since",)
    if "began_at" in fields and fields.get("state") != "new":
        return ("began_at",)
    return ()


def _since(at: int | None, now: int) -> int | None:
    return None if at is None else max(at - now, _LONG_AGO)
