"""``verify``: is an account's journal whole, and do the cores say the same again?

Reads copies and changes nothing. The chain and the anchor prove the bytes, the re-run of every step
what they mean. Records that other code wrote are decoded and counted, not re-run.
"""

from enum import IntEnum
from pathlib import Path

import msgspec

from actors.journal.anchor import read_anchor
from actors.journal.code_hash import code_version
from actors.journal.codec import UnreadableError, decode
from actors.journal.identity import begun, identity_of
from actors.journal.inspection import ANCHOR, against_anchor
from actors.journal.recovery import with_journal_epoch
from actors.journal.rerun import Rerun
from actors.journal.segment import Opening, SegmentReader, read_segment, segment_numbers
from actors.journal.snapshot import Cut
from config.settings import Settings
from session.account import find_account
from terminal.console import new_console


class Verdict(IntEnum):
    """What came of it; the process's exit code."""

    REPRODUCED = 0
    NOT_WHOLE = 3
    """Bytes are damaged or lost, or a step comes out otherwise."""
    NOT_RERUN = 4
    """All is whole, and some of it was written by other code."""


class Tally(msgspec.Struct):
    """What was found, over all segments."""

    segments: int = 0
    records: int = 0
    older: int = 0
    """Records before the oldest segment that is kept."""
    reproduced: int = 0
    raised: int = 0
    of_venue: int = 0
    not_rerun: int = 0
    problems: list[str] = []


class Verification:
    """One look at a journal, from its oldest segment on."""

    def __init__(self, folder: Path) -> None:
        """Look at everything. Raises ``OSError``."""
        self.tally = Tally(problems=[])
        self._code = code_version()
        self._head: bytes | None = None
        self._sequence = 0
        self._cut: Cut | None = None
        heads: tuple[bytes, ...] = ()
        for number in segment_numbers(folder):
            self.tally.segments += 1
            try:
                with read_segment(folder, number) as reader:
                    self._read(reader, number)
                    heads = (reader.head, reader.opening.previous_head)
            except UnreadableError as error:
                self._problem(number, f"it can't be read: {error}")
                self._cut = self._head = None
        lost = against_anchor(read_anchor(folder / ANCHOR), self._sequence, heads)
        if lost is not None:
            self.tally.problems.append(lost)

    @property
    def verdict(self) -> Verdict:
        """What came of it."""
        if self.tally.problems:
            return Verdict.NOT_WHOLE
        return Verdict.NOT_RERUN if self.tally.not_rerun else Verdict.REPRODUCED

    def _read(self, reader: SegmentReader, number: int) -> None:
        opening = reader.opening
        if self._head is not None and opening.previous_head != self._head:
            self._problem(number, "it does not go on from the segment before it")
        if self._cut is not None and not _follows(opening, self._cut):
            self._problem(number, "it begins with another state than the one before it left")
        if opening.manifest.lost:
            self._problem(number, f"told when it was begun: {opening.manifest.lost}")
        if self.tally.segments == 1:
            self.tally.older = opening.snapshot.sequence
        rerun = None
        if opening.manifest.code == self._code:
            settings = msgspec.json.decode(opening.manifest.config, type=Settings)
            rerun = Rerun(settings, opening.manifest.epoch, opening.snapshot)
        cut = Cut(opening.snapshot)
        for batch in reader.batches():
            for encoded in batch.encoded:
                rerun = self._take(encoded, number, rerun, cut)
        self._cut, self._head, self._sequence = cut, reader.head, reader.sequence
        if reader.damage is not None:
            self._problem(number, reader.damage)
            self._cut = self._head = None

    def _take(self, encoded: bytes, number: int, rerun: Rerun | None, cut: Cut) -> Rerun | None:
        """Count one record; return what the next is re-run with, None after a difference."""
        tally, record = self.tally, decode(encoded)
        cut.take(record.sequence, record.actor, record.now, record.changes)
        tally.records += 1
        if rerun is None:
            tally.not_rerun += 1
            return None
        before = rerun.reproduced, rerun.raised, rerun.taken
        difference = rerun.difference(record)
        tally.reproduced += rerun.reproduced - before[0]
        tally.raised += rerun.raised - before[1]
        tally.of_venue += rerun.taken - before[2]
        if difference is None:
            return rerun
        name = type(record.message).__name__
        self._problem(number, f"record {record.sequence}, {record.actor} on {name}: {difference}")
        return None  # what follows from a difference is no further one

    def _problem(self, number: int, text: str) -> None:
        self.tally.problems.append(f"segment {number}: {text}")


def _follows(opening: Opening, cut: Cut) -> bool:
    """Tell whether a segment begins with the state that the one before it left."""
    left = cut.snapshot(())
    if left.actors == opening.snapshot.actors:
        return True
    identity = identity_of(opening.snapshot, "", "")
    if identity is not None and begun(left, identity).actors == opening.snapshot.actors:
        return True  # a process began with it, and drew a new epoch
    if not opening.manifest.lost:
        return False
    # Of earlier versions: what was lost may have used the next client order ids.
    left = with_journal_epoch(cut.snapshot(()), opening.manifest.epoch)
    return left.actors == opening.snapshot.actors


def verify(state_dir: Path, account: str | None) -> Verdict:
    """Verify an account's journal, and print what was found.

    Raises:
        UsageError: there is no such account, or a process uses it now.
    """
    folder = find_account(state_dir, account)
    found = Verification(folder)
    tally, verdict = found.tally, found.verdict
    console = new_console(soft_wrap=True)
    ending = "" if tally.segments == 1 else "s"
    console.print(f"{folder}: {tally.records} records in {tally.segments} segment{ending}")
    if tally.older:
        console.print(f"  {tally.older} older records are removed (journal.keep_bytes)")
    console.print(
        f"  {tally.reproduced} steps reproduced, {tally.raised} raised the same again, "
        f"{tally.of_venue} of the embedded venue, {tally.not_rerun} not re-run"
    )
    for problem in tally.problems:
        console.print(f"  NOT WHOLE: {problem}")
    if verdict is Verdict.NOT_RERUN:
        console.print("  other code wrote what was not re-run: verify it with that version")
    if verdict is Verdict.REPRODUCED:
        console.print("  whole and reproduced")
    return verdict
