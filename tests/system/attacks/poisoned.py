"""The program of ``tests.system.wire`` in which one handler hangs, once.

    HOLDFAST_POISON=HOW:ACTOR:MESSAGE:NTH:FILE python -m tests.system.attacks.poisoned REACH.json …

It hangs over the NTH message of that type that actors of that kind take, where ``FILE`` does not
exist, and makes that file. ``HOW``: ``regex`` and ``sleep`` hold the interpreter's lock in C,
``wait`` lets it go, ``crash`` dereferences a null pointer.
"""

import ctypes
import os
import re
import sys
import threading
from collections.abc import Callable
from itertools import count
from pathlib import Path

from actors.order_router.actor import OrderRouter
from actors.position.actor import PositionActor
from actors.runtime.actor import CoreActor
from messages.base import Message, Timestamp
from messages.envelope import Step
from tests.system.wire.__main__ import main

_LONG_SECONDS = 3600
_ACTORS: dict[str, type[CoreActor]] = {"order_router": OrderRouter, "position": PositionActor}


def _regex() -> None:
    re.match(r"(a|aa)+$", "a" * 80 + "b")


def _sleep() -> None:
    ctypes.PyDLL(None).sleep(_LONG_SECONDS)


def _wait() -> None:
    threading.Event().wait(_LONG_SECONDS)


def _crash() -> None:
    ctypes.string_at(0)


_HOW: dict[str, Callable[[], None]] = {
    "regex": _regex,
    "sleep": _sleep,
    "wait": _wait,
    "crash": _crash,
}


def poison(how: str, actor: str, message_type: str, nth: int, file: Path) -> None:
    kind = _ACTORS[actor]
    step = kind.step
    taken = count(1)

    def hanging(self: CoreActor, message: Message, now: Timestamp) -> Step:
        if type(message).__name__ == message_type and next(taken) == nth and not file.exists():
            file.touch()
            _HOW[how]()
        return step(self, message, now)

    kind.step = hanging  # type: ignore[method-assign]


if __name__ == "__main__":
    how, actor, message_type, nth, file = os.environ["HOLDFAST_POISON"].split(":")
    poison(how, actor, message_type, int(nth), Path(file))
    main(sys.argv[1:])
