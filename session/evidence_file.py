"""The file that keeps what ``probe`` saw: beside the accounts' folders."""

from pathlib import Path

import msgspec

from actors.plain_files import write_whole
from exchange.profiles.evidence import FORM, Evidence
from messages.border import one_line

_MOST_BYTES = 65_536


class UnreadableEvidenceError(Exception):
    """A file of evidence can't be read; it proves nothing."""


def evidence_path(state: Path, exchange_id: str, *, is_sandbox: bool) -> Path:
    """Return the file's name."""
    return state / f"probe-{exchange_id}{'-sandbox' * is_sandbox}.json"


def keep_evidence(path: Path, evidence: Evidence) -> None:
    """Write what was seen. Raises ``OSError``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = msgspec.json.format(msgspec.json.encode(evidence), indent=2)
    write_whole(path, [text, b"\n"])


def read_evidence(state: Path, exchange_id: str, *, is_sandbox: bool) -> Evidence | None:
    """Return what was seen last: with real money if it was, else on the test exchange.

    None: nothing was. On the test exchange only what was seen there counts. Raises
    ``UnreadableEvidenceError``.
    """
    places = (True,) if is_sandbox else (False, True)
    for place in places:
        path = evidence_path(state, exchange_id, is_sandbox=place)
        if path.exists():
            return _read(path)
    return None


def _read(path: Path) -> Evidence:
    try:
        if not path.is_file() or path.stat().st_size > _MOST_BYTES:
            raise UnreadableEvidenceError(f"{path}: not a file of probe's; it proves nothing")
        evidence = msgspec.json.decode(path.read_bytes(), type=Evidence)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        text = f"{path} can't be read and proves nothing: {one_line(str(error), 200)}"
        raise UnreadableEvidenceError(text) from None
    if evidence.form != FORM:
        raise UnreadableEvidenceError(f"{path} is of form {evidence.form}, not {FORM}: probe again")
    return evidence
