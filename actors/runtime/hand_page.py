"""The page that a process shares with its sentinel: what each thread has in hand.

It is written before a step begins and outlives the process, so it names the message also where no
Python code can run any more. The sentinel imports this module without the rest of the program, so
it leans on the standard library only.
"""

import mmap
import os
import struct
from functools import partial
from itertools import count
from typing import NamedTuple

PAGE_BYTES = 8192
SLOTS = 24
"""Threads that are watched at a time; the first is the shared one."""
NO_ID = (-1, -1)

_HEADER = struct.Struct("<QQQQ")
_WORD = struct.Struct("<Q")
_BEAT, _FAIR_NS, _VERDICT, _ENDED = 0, 8, 16, 24
_SLOT_BYTES = 256
_SLOTS_AT = 1024
_HAND = struct.Struct("<QQqq80s80s")
_IN_HAND_AT = 8
_THREAD_AT = 208


class Hand(NamedTuple):
    """What a thread has in hand, or had."""

    number: int
    """Of the message among all that the thread took."""
    is_in_hand: bool
    message_id: tuple[int, int]
    actor: str
    message_type: str
    thread: int
    """The kernel's id of it; 0: the slot is free."""


class HandPage:
    """A page of shared memory; one writes its slots, the other reads them."""

    def __init__(self, descriptor: int | None = None) -> None:
        """Make a page, or open the one that ``descriptor`` leads to."""
        is_new = descriptor is None
        self.descriptor = os.memfd_create("holdfast-hands") if descriptor is None else descriptor
        if is_new:
            os.ftruncate(self.descriptor, PAGE_BYTES)
        self._map = mmap.mmap(self.descriptor, PAGE_BYTES)

    @property
    def beat(self) -> int:
        """Grows with every look of the process's own watchdog."""
        return self._word(_BEAT)

    @beat.setter
    def beat(self, value: int) -> None:
        _WORD.pack_into(self._map, _BEAT, value)

    @property
    def fair_seconds(self) -> float:
        """Seconds in which the process could run, as the sentinel counts them."""
        return self._word(_FAIR_NS) / 1e9

    @fair_seconds.setter
    def fair_seconds(self, value: float) -> None:
        _WORD.pack_into(self._map, _FAIR_NS, int(value * 1e9))

    @property
    def verdict(self) -> int:
        """The number of the shared thread's message that the process ends itself for; 0: none."""
        return self._word(_VERDICT)

    @verdict.setter
    def verdict(self, value: int) -> None:
        _WORD.pack_into(self._map, _VERDICT, value)

    @property
    def is_ended(self) -> bool:
        """Whether the process is watched no more."""
        return bool(self._word(_ENDED))

    def end(self) -> None:
        """Let the sentinel go."""
        _WORD.pack_into(self._map, _ENDED, 1)

    def hand(self, slot: int) -> Hand:
        """Return what the thread of a slot has in hand."""
        at = _SLOTS_AT + slot * _SLOT_BYTES
        number, in_hand, sequence, place, actor, kind = _HAND.unpack_from(self._map, at)
        thread: int = _WORD.unpack_from(self._map, at + _THREAD_AT)[0]
        return Hand(number, bool(in_hand), (sequence, place), _text(actor), _text(kind), thread)

    def writer(self, slot: int, thread: int) -> "HandWriter":
        """Return what writes the slot of the thread with this id of the kernel's."""
        return HandWriter(self._map, _SLOTS_AT + slot * _SLOT_BYTES, thread)

    def _word(self, at: int) -> int:
        value: int = _WORD.unpack_from(self._map, at)[0]
        return value


class HandWriter:
    """Writes one slot, from the thread whose slot it is."""

    __slots__ = ("_at", "_map", "_numbers", "_pack")

    def __init__(self, page: mmap.mmap, at: int, thread: int) -> None:
        """Take the slot at ``at`` for the thread with this id of the kernel's."""
        self._map, self._at = page, at
        self._numbers = count(1 + _WORD.unpack_from(page, at)[0])
        self._pack = partial(_HAND.pack_into, page, at)
        _WORD.pack_into(page, at + _THREAD_AT, thread)

    def take(self, message_id: tuple[int, int], actor: bytes, message_type: bytes) -> None:
        """Write what is in hand from now on. On the path of every message."""
        self._pack(next(self._numbers), 1, *message_id, actor, message_type)

    def rest(self) -> None:
        """Write that nothing is in hand."""
        _WORD.pack_into(self._map, self._at + _IN_HAND_AT, 0)

    def free(self) -> None:
        """Give the slot back."""
        self.rest()
        _WORD.pack_into(self._map, self._at + _THREAD_AT, 0)


def _text(padded: bytes) -> str:
    return padded.rstrip(b"\0").decode(errors="replace")
