"""A helper process that ends the main one where no Python code can run there any more.

Started as a script, with nothing but the standard library: it must be there when all else fails.
It counts the time in which the main process could run, reads from the shared page what each thread
has in hand, and ends the process when a message, or the interpreter's lock, is held over the hard
limit. What recovery is to skip is written after the death, from the page as it was left.
"""

import contextlib
import json
import os
import select
import signal
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NamedTuple

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from actors.runtime.fair_clock import FairClock
from actors.runtime.hand_page import SLOTS, Hand, HandPage

_DUMP_SECONDS = 0.5
"""How long a dump of the stacks may take."""
_DEATH_SECONDS = 20.0
_SAVING_SECONDS = 8.0
"""How long the main process may take to end itself, once it decided to."""


class Orders(NamedTuple):
    """What the sentinel is given, as JSON."""

    pid: int
    page: int
    """Descriptor of the shared page."""
    dump: int
    """Descriptor of the memory that faulthandler writes into."""
    dump_signal: int
    hard_seconds: float
    grace_seconds: float
    """Beyond the hard limit, for the process to end itself."""
    period_seconds: float
    note: str
    """Where the message that recovery skips is written."""
    log: str
    stacks: str
    mirror: int
    """Descriptor of the records that no commit has written; -1: there are none."""
    unwritten: str
    """Where those records are kept for the next start."""


class Sentinel:
    """Watches one process until it ends."""

    def __init__(self, orders: Orders, death: int) -> None:
        """``death`` is the process's pidfd: readable once it ended."""
        self._orders, self._death = orders, death
        self._page = HandPage(orders.page)
        self._clock = FairClock(orders.pid, orders.period_seconds)
        self._clock.seconds = self._page.fair_seconds  # where a sentinel before this one ended
        self._seen: dict[int, tuple[Hand, float]] = {}
        self._waited: dict[int, float] = {}
        """Fair seconds for which the thread of a slot only waited for the interpreter's lock."""
        self._beat = (0, 0.0)
        self._dumped = 0
        """Bytes of stacks that this process asked for."""

    def watch(self) -> None:
        """Look until the process ends, is let go of, or must be ended."""
        while not self._page.is_ended:
            if self._is_dead(self._orders.period_seconds):
                self._report_death()
                return
            counted = self._clock.look()
            self._page.fair_seconds = self._clock.seconds
            self._note_hands(counted)
            overdue = self._overdue()
            if overdue is not None and self._ends(*overdue):
                return

    def _note_hands(self, counted: float) -> None:
        now = self._clock.seconds
        beat = self._page.beat
        if beat != self._beat[0]:
            self._beat = (beat, now)
        for slot in range(SLOTS):
            hand = self._page.hand(slot)
            before = self._seen.get(slot)
            if before is None or (before[0].number, before[0].is_in_hand) != hand[:2]:
                self._seen[slot] = (hand, now)
                self._waited[slot] = 0.0
            elif hand.thread in self._clock.waiters:
                self._waited[slot] += counted

    def _overdue(self) -> tuple[int | None, float] | None:
        """Return the slot whose message is overdue, None for no message, and for how long."""
        orders, now = self._orders, self._clock.seconds
        limit = orders.hard_seconds + orders.grace_seconds
        if self._page.verdict:  # it is about to end itself, after a last commit
            limit += _SAVING_SECONDS
        shared = self._held(0)
        if shared is not None and shared >= limit and not self._is_waiting(0, shared):
            return 0, shared
        silent = now - self._beat[1]
        if not self._beat[0] or silent < limit:
            return None
        # The interpreter's lock is held: by the thread that has a message and does not wait for it.
        guilty = (
            slot
            for slot in range(SLOTS)
            if (held := self._held(slot)) is not None
            and held >= orders.hard_seconds
            and not self._is_waiting(slot, held)
        )
        return next(guilty, None), silent

    def _held(self, slot: int) -> float | None:
        hand, since = self._seen.get(slot, (None, 0.0))
        is_held = hand is not None and hand.is_in_hand and hand.thread
        return self._clock.seconds - since if is_held else None

    def _is_waiting(self, slot: int, held: float) -> bool:
        return self._waited[slot] > held / 2

    def _ends(self, slot: int | None, seconds: float) -> bool:
        """End the process, unless it goes on after all; return whether it ended."""
        hand = None if slot is None else self._page.hand(slot)
        beat = self._page.beat
        self._signal(self._orders.dump_signal)
        self._is_dead(_DUMP_SECONDS)
        self._dumped = os.fstat(self._orders.dump).st_size
        is_same = self._page.beat == beat if slot is None else self._page.hand(slot) == hand
        if not is_same:
            return False
        self._signal(signal.SIGKILL)
        self._is_dead(_DEATH_SECONDS)
        self._save(slot, hand, seconds, "ended by its sentinel")
        return True

    def _report_death(self) -> None:
        """Write what a process that ended by itself left: of a hang, or of a crash in C."""
        hand = self._page.hand(0)
        if self._page.verdict:
            held = self._held(0)
            is_same = hand.is_in_hand and hand.number == self._page.verdict
            seconds = max(held or 0.0, self._orders.hard_seconds)
            self._save(0 if is_same else None, hand, seconds, "ended itself with code 75")
        elif os.fstat(self._orders.dump).st_size > self._dumped:
            where = f"; it had {hand.message_type} in {hand.actor} in hand" * hand.is_in_hand
            self._write_stacks()
            self._alarm(f"the process crashed{where}: the stacks are in {self._orders.stacks}")

    def _save(self, slot: int | None, before: Hand | None, seconds: float, end: str) -> None:
        """Write note, alarm and stacks, after the death."""
        hand = None if slot is None else self._page.hand(slot)
        is_left = hand is not None and hand == before and hand.is_in_hand
        for_ms = int(seconds * 1000)
        if hand is not None and is_left:
            self._write_unwritten()
            if slot == 0:
                self._write_note(hand, for_ms)
            what = f"{hand.message_type} in {hand.actor} (id {hand.message_id}) was in hand for"
        else:
            what = "no message was in hand when no Python code could run for"
        self._alarm(f"{what} {for_ms} ms: the process was {end}")
        self._write_stacks()

    def _write_note(self, hand: Hand, for_ms: int) -> None:
        message_id = None if hand.message_id[0] < 0 else hand.message_id
        note = {
            "actor": hand.actor,
            "message_type": hand.message_type,
            "message_id": message_id,
            "for_ms": for_ms,
        }
        _write_whole(Path(self._orders.note), json.dumps(note).encode())

    def _write_unwritten(self) -> None:
        if self._orders.mirror >= 0:
            _write_whole(Path(self._orders.unwritten), _content(self._orders.mirror))

    def _write_stacks(self) -> None:
        dumped = _content(self._orders.dump)
        if dumped:
            _append(self._orders.stacks, dumped + b"\n")

    def _alarm(self, text: str) -> None:
        """Append a line to the session's log, whose writer is dead."""
        at = datetime.now(timezone.utc).isoformat(timespec="milliseconds")  # noqa: UP017 - as every Python has it
        line: dict[str, Any] = {"time": at, "level": "critical", "event": "alarm", "text": text}
        _append(self._orders.log, json.dumps(line).encode() + b"\n")

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._death, number)

    def _is_dead(self, seconds: float) -> bool:
        return bool(select.select([self._death], [], [], seconds)[0])


def _write_whole(path: Path, data: bytes) -> None:
    beside = path.with_name(f".{path.name}.new")
    with contextlib.suppress(OSError):
        with beside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)


def _append(path: str, data: bytes) -> None:
    with contextlib.suppress(OSError):
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o644)
        try:
            os.write(file, data)
        finally:
            os.close(file)


def _content(descriptor: int) -> bytes:
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0)


def main(typed: list[str]) -> None:
    """Watch the process that the orders name."""
    # What stops the main process by its terminal or its service manager is not meant for this one:
    # it ends with that one.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    orders = Orders(**json.loads(typed[0]))
    try:
        death = os.pidfd_open(orders.pid)
    except ProcessLookupError:
        return
    Sentinel(orders, death).watch()


if __name__ == "__main__":
    main(sys.argv[1:])
