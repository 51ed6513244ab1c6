"""Where a session's journal lies, and which of its records are the session's.

Owns the way from a session's folder to an account's, and what is wrong with it in words.
"""

from pathlib import Path

import msgspec

from actors.journal.segment import segment_numbers
from inspection.errors import InspectError, NoSessionError
from inspection.journal import Journal
from session.account import STATE, account_folder
from session.folders import SESSION_NAME

_ASIDE = "before-*"
"""Beside an account's journal: what ``--fresh`` put aside."""


class SessionFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is read of session.json; sessions of older versions say less."""

    mode: str = ""
    market: str = ""
    account: str = ""
    pid: int = 0
    started_at: str = ""
    ended_at: str | None = None
    journal: str = ""
    epoch: int = 0
    first_sequence: int = 1
    last_sequence: int | None = None


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """A session's journal, and its part of it."""

    folder: Path
    """The session's."""
    facts: SessionFacts
    journal: Journal
    first: int
    """Sequence of its first record."""
    last: int
    """Of its last one, as far as it was read."""


def facts_of(folder: Path) -> SessionFacts:
    """Return what a session's folder says of it. Raises ``NoSessionError``."""
    if not folder.is_dir():
        raise NoSessionError(f"--session {folder}: there is no such folder")
    file = folder / SESSION_NAME
    try:
        return msgspec.json.decode(file.read_bytes(), type=SessionFacts)
    except FileNotFoundError:
        if (folder / "summary.json").exists():
            text = "a replay, which keeps no journal: play it again with --journal"
            raise NoSessionError(f"--session {folder} is {text}") from None
        text = f"is no session's folder: no {SESSION_NAME} in it"
        raise NoSessionError(f"--session {folder} {text}") from None
    except (OSError, msgspec.DecodeError) as error:
        raise NoSessionError(f"{file} can't be read: {error}") from None


def journal_of(folder: Path, facts: SessionFacts) -> Journal:
    """Return a session's journal, not read yet. Raises ``NoSessionError``."""
    places = [folder, *_accounts(folder, facts)]
    for place in places:
        if segment_numbers(place):
            return Journal(place)
    looked = ", ".join(str(place) for place in places)
    raise NoSessionError(f"--session {folder}: no journal of it is there (looked in {looked})")


def recorded(folder: Path) -> Recorded:
    """Read a session's journal. Raises ``NoSessionError``."""
    facts = facts_of(folder)
    journal = journal_of(folder, facts)
    try:
        found = read_part(folder, facts, journal)
        for aside in sorted(journal.folder.glob(_ASIDE)) if found is None else ():
            found = read_part(folder, facts, Journal(aside))
            if found is not None:
                break
    except OSError as error:
        raise NoSessionError(f"{journal.folder} can't be read: {error.strerror}") from None
    if found is None:
        why = f"; {'; '.join(journal.problems)}" if journal.problems else ""
        raise NoSessionError(
            f"--session {folder}: the journal in {journal.folder} holds none of its records any "
            f"more: the oldest segments go first (journal.keep_bytes){why}"
        )
    return found


def read_part(
    folder: Path, facts: SessionFacts, journal: Journal, *, fresh: bool = True
) -> Recorded | None:
    """Return the session's part of a journal; None where it has none of it.

    With ``fresh`` it is read up to now first. Raises ``OSError``.
    """
    if fresh:
        journal.refresh()
    chapters = [one for one in journal.chapters if not facts.epoch or one.epoch == facts.epoch]
    if not chapters:
        return None
    first, last = chapters[0].first, chapters[-1].last
    if not facts.epoch:  # an older version's: only what it says itself tells sessions apart
        first = max(first, facts.first_sequence)
        last = last if facts.last_sequence is None else min(last, facts.last_sequence)
    if last < first - 1:
        return None
    return Recorded(folder=folder, facts=facts, journal=journal, first=first, last=last)


def _accounts(folder: Path, facts: SessionFacts) -> list[Path]:
    """Return where its account may be: as it says itself, or beside the folder of sessions."""
    beside = account_folder(folder.resolve().parent.parent / STATE, facts.account)
    return [Path(facts.journal), beside] if facts.journal else [beside]


def check_sequence(found: Recorded, sequence: int) -> int:
    """Return a sequence that the journal has. Raises ``InspectError``."""
    first = found.journal.first - 1
    if not first <= sequence <= found.last:
        raise InspectError(
            f"there is no record {sequence:,}: there are {first:,} to {found.last:,}"
        )
    return sequence
