"""An account's journal, to be looked at: which record concerns whom, and the cut at any record.

Reads copies, also while a process writes: then as far as it is durable. Of every segment a small
index stays in memory, of a few the records themselves. Changes nothing.
"""

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from heapq import merge
from itertools import islice
from pathlib import Path
from threading import RLock

import msgspec

from actors.inspector.reading import is_pattern
from actors.journal.codec import UnreadableError, decode, decode_outline
from actors.journal.entities import EntityKey, key_of
from actors.journal.port import Record
from actors.journal.segment import segment_numbers
from actors.journal.snapshot import Cut
from inspection.errors import InspectError
from inspection.journal_segment import Chapter, Page, read_page, size_of
from messages.base import Address, Symbol, Timestamp
from messages.envelope import Removed

PAGES_KEPT = 3
"""Segments whose records stay in memory."""


@contextmanager
def readable(what: object = "the journal") -> Iterator[None]:
    """Tell a person what can't be read. Raises ``InspectError``."""
    try:
        yield
    except (UnreadableError, OSError) as error:
        raise InspectError(f"{what} can't be read: {error}") from None


class Journal:
    """All segments that an account still has. From any thread."""

    def __init__(self, folder: Path) -> None:
        """Look at a folder; ``refresh`` reads it."""
        self.folder = folder
        self.problems: tuple[str, ...] = ()
        """What can't be read, for people."""
        self._chapters: dict[int, Chapter] = {}
        self._pages: dict[int, Page] = {}
        self._lock = RLock()
        self._reading = RLock()

    @property
    def chapters(self) -> tuple[Chapter, ...]:
        """The segments that can be read, oldest first."""
        with self._lock:
            return tuple(self._chapters.values())

    @property
    def first(self) -> int:
        """Sequence of the oldest record; its own next where there is none."""
        return min((one.first for one in self.chapters), default=1)

    @property
    def last(self) -> int:
        """Sequence of the newest record that was read."""
        return max((one.last for one in self.chapters), default=0)

    def refresh(self) -> None:
        """Read what is new; whoever looks meanwhile does not wait for it. Raises ``OSError``."""
        with self._reading:
            problems = []
            numbers = segment_numbers(self.folder)
            for number in numbers:
                try:
                    damage = self._read(number)
                except (UnreadableError, FileNotFoundError) as error:
                    damage = str(error)
                if damage is not None:
                    problems.append(f"segment {number}: {damage}")
            with self._lock:
                kept = sorted(number for number in self._chapters if number in numbers)
                self._chapters = {number: self._chapters[number] for number in kept}
            self.problems = tuple(problems)

    def record(self, sequence: int) -> Record | None:
        """Return a record; None where the journal has it no more, or not yet."""
        chapter = self._chapter_of(sequence)
        if chapter is None:
            return None
        encoded = self._page(chapter).encoded
        return decode(encoded[sequence - chapter.first])

    def concerning(self, pattern: str, up_to: int) -> Iterator[int]:
        """Yield the sequences of what concerns an address or a pattern, newest first."""
        return self._found("concerned", pattern, up_to)

    def steps_of(self, address: str, up_to: int) -> Iterator[int]:
        """Yield the sequences of an actor's own steps, newest first."""
        return self._found("steps", address, up_to)

    def quoted(self, symbol: Symbol, up_to: int) -> Iterator[int]:
        """Yield the sequences of what was heard with a quote of a symbol, newest first."""
        return self._found("quotes", symbol, up_to)

    def addresses(self, up_to: int | None = None) -> set[str]:
        """Return who took a step, in no order."""
        return {
            address
            for chapter in self.chapters
            for address, found in list(chapter.steps.items())
            if up_to is None or found[0] <= up_to
        }

    def counts(self, up_to: int) -> tuple[dict[str, int], dict[str, int]]:
        """Return how many steps each actor took, and how many of them raised."""
        steps: dict[str, int] = defaultdict(int)
        raised: dict[str, int] = defaultdict(int)
        for chapter in self.chapters:
            for counted, places in ((steps, chapter.steps), (raised, chapter.raised)):
                for address, found in list(places.items()):
                    counted[address] += sum(1 for one in found if one <= up_to)
        return steps, raised

    def records(self, sequences: Iterable[int]) -> Iterator[Record]:
        """Yield records. Raises ``UnreadableError``."""
        for sequence in sequences:
            record = self.record(sequence)
            if record is not None:
                yield record

    def sequence_at(self, at: Timestamp, up_to: int) -> int | None:
        """Return the last record of that moment or before it; None: they are all later."""
        for chapter in reversed(self.chapters):
            for place in range(min(len(chapter.times), up_to - chapter.first + 1) - 1, -1, -1):
                if chapter.times[place] <= at:
                    return chapter.first + place
        return None

    def kept_before(self, address: Address, sequence: int) -> dict[EntityKey, msgspec.Struct]:
        """Return what an actor kept before a record, by key: its own steps are read alone.

        Raises ``UnreadableError``.
        """
        chapter = self._chapter_of(sequence)
        if chapter is None:
            return {}
        opening = self._page(chapter).opening
        kept = {
            key_of(entity): entity
            for one in opening.actors
            if one.actor == address
            for entity in one.entities
        }
        for earlier in chapter.steps.get(address, ()):
            record = None if earlier >= sequence else self.record(earlier)
            for change in () if record is None else record.changes:
                take_in(kept, change)
        return kept

    def cut_at(self, sequence: int) -> Cut | None:
        """Return all that lived after a record; None: it has that no more.

        Raises ``UnreadableError``.
        """
        chapter = self._chapter_of(sequence) or self._chapter_before(sequence)
        if chapter is None:
            return None
        page = self._page(chapter)
        cut = Cut(page.opening)
        for encoded in islice(page.encoded, sequence - page.opening.sequence):
            outline = decode_outline(encoded)
            cut.take(outline.sequence, outline.actor, outline.now, outline.changes)
        return cut

    def _chapter_of(self, sequence: int) -> Chapter | None:
        found = (one for one in reversed(self.chapters) if one.first <= sequence <= one.last)
        return next(found, None)

    def _chapter_before(self, sequence: int) -> Chapter | None:
        """Return the segment that begins right after a record."""
        return next((one for one in self.chapters if one.first == sequence + 1), None)

    def _found(self, index: str, pattern: str, up_to: int) -> Iterator[int]:
        for chapter in reversed(self.chapters):
            places: dict[str, array[int]] = getattr(chapter, index)
            if is_pattern(pattern):
                lists = [
                    found for name, found in list(places.items()) if fnmatchcase(name, pattern)
                ]
            else:
                lists = [places[pattern]] if pattern in places else []
            before = None
            for sequence in merge(*(reversed(one) for one in lists), reverse=True):
                if sequence <= up_to and sequence != before:
                    yield sequence
                before = sequence

    def _page(self, chapter: Chapter) -> Page:
        """Return a segment's records, read again where they are in memory no more."""
        with self._lock:
            page = self._pages.get(chapter.number)
        if page is None:
            page = read_page(self.folder, chapter.number)
            self._keep(chapter.number, page)
        return page

    def _read(self, number: int) -> str | None:
        """Take in what is new in a segment; return what is wrong with it."""
        size = size_of(self.folder, number)
        chapter = self._chapters.get(number)
        if chapter is not None and chapter.size == size:
            return None
        page = read_page(self.folder, number)
        if chapter is None:
            chapter = Chapter(number)
        self._keep(number, page)
        chapter.take(page)
        with self._lock:
            self._chapters[number] = chapter
        if page.damage is None:
            chapter.size = size
        return page.damage

    def _keep(self, number: int, page: Page) -> None:
        with self._lock:
            self._pages.pop(number, None)
            self._pages[number] = page
            while len(self._pages) > PAGES_KEPT:
                del self._pages[next(iter(self._pages))]


def take_in(kept: dict[EntityKey, msgspec.Struct], change: msgspec.Struct) -> None:
    """Take one change into what an actor keeps."""
    if isinstance(change, Removed):
        kept.pop((change.kind, change.key), None)
    else:
        kept[key_of(change)] = change


def actors_of(cut: Cut) -> list[Address]:
    """Return who keeps anything, those of the tree before the positions."""
    return sorted(cut.addresses(), key=lambda address: address.startswith("position/"))
