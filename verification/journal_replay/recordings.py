"""Where a session's journal lies, and the stretch of it that is to be flown again.

Owns the way from a folder that a person names to records, and what is wrong with it in words.
"""

from collections.abc import Iterator
from itertools import chain
from math import inf
from pathlib import Path
from typing import NamedTuple

import msgspec

from actors.journal.code_hash import code_version
from actors.journal.codec import Snapshot, UnreadableError, decode, decode_outline
from actors.journal.lease import is_held
from actors.journal.segment import read_segment, segment_numbers
from actors.journal.snapshot import Cut, UnderWay
from config.settings import Settings
from session.account import STATE, account_folder
from session.folders import SESSION_NAME
from verification.journal_replay.replay import Recording


class SessionError(Exception):
    """What was named can't be flown again."""


class _Session(msgspec.Struct, frozen=True, kw_only=True):
    """What is read of session.json."""

    mode: str = ""
    account: str = ""
    journal: str = ""
    epoch: int | None = None
    first_sequence: int = 1
    last_sequence: int | None = None


class Journal(NamedTuple):
    """The folder of a journal, and the part of it that was named."""

    folder: Path
    first: int = 1
    last: int | None = None
    """None: to the end; of a session that was killed nobody wrote it down."""
    epoch: int | None = None
    """Of the process that wrote the part; None: of all."""


class Stretch(NamedTuple):
    """Records that one process wrote, from a cut on."""

    opening: Snapshot
    epoch: int
    settings: Settings
    is_other_code: bool
    encoded: tuple[bytes, ...]

    def recording(self, first: int, last: int) -> Recording:
        """Return the part from ``first`` to ``last``, beginning with the cut before it."""
        cut, under_way = Cut(self.opening), UnderWay(self.opening)
        records = []
        for encoded in self.encoded:
            outline = decode_outline(encoded)
            if outline.sequence > last:
                break
            if outline.sequence >= first:
                records.append(decode(encoded))
                continue
            cut.take(outline.sequence, outline.actor, outline.now, outline.changes)
            under_way.take(outline)
        return Recording(
            settings=self.settings,
            epoch=self.epoch,
            opening=cut.snapshot(under_way.list()),
            records=tuple(records),
        )

    @property
    def first(self) -> int:
        """Sequence of the first record."""
        return self.opening.sequence + 1

    @property
    def last(self) -> int:
        """Sequence of the last record."""
        return self.opening.sequence + len(self.encoded)


def find_journal(named: Path, state_dir: Path | None) -> Journal:
    """Return where the account's journal is, and which part of it the session wrote.

    Raises:
        SessionError: there is no journal to be had.
    """
    if not named.is_dir():
        raise SessionError(f"{named} is no folder: name a session's or an account's")
    if segment_numbers(named):
        return Journal(_free(named))
    file = named / SESSION_NAME
    if not file.exists() and (named / "summary.json").exists():
        raise SessionError(f"{named} was a replay without a journal: play it again with --journal")
    if not file.exists():
        raise SessionError(f"{named} holds neither {SESSION_NAME} nor a journal's segments")
    try:
        session = msgspec.json.decode(file.read_bytes(), type=_Session)
    except msgspec.DecodeError as error:
        raise SessionError(f"{file} can't be read: {error}") from None
    folder = Path(session.journal)
    if state_dir is not None or not session.journal or not folder.is_dir():
        folder = account_folder(state_dir or named.resolve().parents[1] / STATE, session.account)
    if not folder.is_dir():
        raise SessionError(
            f"{named} was a session ({session.mode or 'of no mode'}) whose journal is not in "
            f"{folder}: name its folder of accounts with --state-dir"
        )
    return Journal(_free(folder), session.first_sequence, session.last_sequence, session.epoch)


def read(folder: Path) -> Iterator[Stretch]:
    """Yield what each process wrote, the oldest first. Raises ``SessionError``."""
    numbers = segment_numbers(folder)
    if not numbers:
        raise SessionError(f"{folder} holds no segment of a journal")
    code = code_version()
    stretch: Stretch | None = None
    for number in numbers:
        try:
            with read_segment(folder, number) as reader:
                encoded = tuple(chain.from_iterable(batch.encoded for batch in reader.batches()))
                manifest, opening = reader.opening.manifest, reader.opening.snapshot
                damage = reader.damage
        except UnreadableError as error:
            raise SessionError(f"segment {number} of {folder} can't be read: {error}") from None
        if damage is not None:
            raise SessionError(f"segment {number} of {folder} is damaged: {damage}")
        if stretch is not None and stretch.epoch == manifest.epoch:
            stretch = stretch._replace(encoded=stretch.encoded + encoded)
            continue
        if stretch is not None:
            yield stretch
        settings = settings_of(manifest.config)
        is_other = manifest.code != code
        stretch = Stretch(opening, manifest.epoch, settings, is_other, encoded)
    if stretch is not None:
        yield stretch


def settings_of(config: str | bytes) -> Settings:
    """Read settings as a manifest has them. Raises ``msgspec.ValidationError``."""
    written = msgspec.json.decode(config)
    if isinstance(written, dict) and written.get("market_data", {}).get("jump_ratio", 0) is None:
        written["market_data"]["jump_ratio"] = inf  # a replay's; JSON knows no infinity
    return msgspec.convert(written, Settings)


def _free(folder: Path) -> Path:
    if is_held(folder):
        raise SessionError(f"{folder} is in use by a running session: stop that first")
    return folder
