"""When two states of the model are one: what makes no difference is left out of them."""

from hashlib import blake2b
from typing import Any

import msgspec

from messages.base import Timestamp
from tests.simulation.model_world import World

_TIMES = frozenset(
    {
        "at",
        "began_at",
        "deadline",
        "entered_at",
        "look_at",
        "not_found_since",
        "retry_at",
        "since",
        "stop_order_until",
        "switched_at",
        "wait_ends_at",
        "wakes_at",
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
        "reason",
        "suspected_at",
        "text",
        "unprotected",
    }
)
"""Told to people, or counted for them; the stream is always up, and nothing is forgotten here."""
_LONG_AGO = -120_000
"""Milliseconds: longer than any deadline of the plans looks back."""
_REMEMBERED = 200_000
_PARTS = ("lives", "orders", "books", "venue", "armed", "mail")
_COUNTS = ("price", "faults", "moves", "closes", "lates")


class States:
    """Gives each state its name. One state shares most of its parts with the one before it."""

    def __init__(self) -> None:
        self._names: dict[tuple[int, Timestamp], tuple[msgspec.Struct, bytes]] = {}
        """By the part and the time; the part is held, so that no other takes its place."""

    def name(self, world: World) -> bytes:
        """Return the same for states between which nothing differs that anybody looks at.

        Times count from now; mail keeps its order in its own channel only.
        """
        digest = blake2b(digest_size=16)
        digest.update(repr([getattr(world, count) for count in _COUNTS]).encode())
        for part in _PARTS:
            entities = getattr(world, part)
            if part == "mail":
                entities = sorted(entities, key=lambda mail: (mail.sender, mail.to))
            digest.update(part.encode())
            for entity in entities:
                digest.update(self._part(entity, world.now))
        return digest.digest()

    def _part(self, entity: msgspec.Struct, now: Timestamp) -> bytes:
        key = id(entity), now
        known = self._names.get(key)
        if known is None:
            if len(self._names) > _REMEMBERED:
                self._names.clear()
            plain = _plain(msgspec.to_builtins(entity), now)
            name = blake2b(msgspec.msgpack.encode(plain), digest_size=16).digest()
            known = self._names[key] = entity, name
        return known[1]


def _plain(value: Any, now: int) -> Any:  # noqa: ANN401 - any builtin
    if isinstance(value, dict):
        idle = _idle_times(value)
        return {
            name: _since(part, now) if name in _TIMES else _plain(part, now)
            for name, part in value.items()
            if name not in _NO_MATTER and name not in idle
        }
    if isinstance(value, (list, tuple)):
        return [_plain(part, now) for part in value]
    return value


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
