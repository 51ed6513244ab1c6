"""Kept schedules: one file each in ``tests/schedules``, which pytest replays from then on.

A file that a failure wrote says what the rule was that broke. It is replayed as one that must hold:
once the bug is mended, it keeps the bug away.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import msgspec

from verification.simulation.runs import Outcome
from verification.sources import ROOT

FOLDER = ROOT / "tests" / "schedules"


class Kept(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One schedule."""

    schedule: tuple[int, ...]
    broke: str
    """The rule that it broke when it was found."""
    found_by: str
    """The driver, with its seed."""
    cause: str = ""
    """What the bug was, written by whoever mended it."""
    is_open: bool = False
    """It is not mended yet: the schedule still breaks the rule, and is expected to."""


def keep(outcome: Outcome, found_by: str, folder: Path = FOLDER) -> Path:
    """Write a failed schedule to a file named after its rule and its trace."""
    kept = Kept(
        schedule=tuple(outcome.schedule), broke=outcome.error or "nothing", found_by=found_by
    )
    path = folder / f"{in_a_name(kept.broke)}-{outcome.trace[:6]}.json"
    folder.mkdir(exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(kept), indent=1) + b"\n")
    return path


def in_a_name(broke: str) -> str:
    """Return a broken rule's words as part of a file's name."""
    return re.sub(r"[^a-z]+", "-", broke.lower()).strip("-")[:40].rstrip("-")


def replaying(path: Path) -> str:
    """Return the command that replays a kept schedule."""
    return f"pytest tests/verification/simulation/test_schedules.py -k {path.stem}"


def kept_files(folder: Path = FOLDER) -> Sequence[Path]:
    """Return the files of all kept schedules."""
    return sorted(folder.glob("*.json"))


def load(path: Path) -> Kept:
    """Read one. Raises ``msgspec.ValidationError`` naming what is wrong in it."""
    return msgspec.json.decode(path.read_bytes(), type=Kept)
