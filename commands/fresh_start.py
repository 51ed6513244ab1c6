"""``--fresh``: what an account held is put aside, in a folder of its own inside the account's.

Nothing is thrown away. Owns the name of that folder.
"""

from itertools import count
from pathlib import Path

from actors.journal.finding import ANCHOR
from actors.journal.notes import RESTORED_NOTE
from actors.journal.segment import segment_numbers, segment_path
from actors.runtime.watchdog import STUCK_NOTE


def put_aside(folder: Path, epoch: int) -> Path | None:
    """Move the journal into a folder beside the new one; None: there was none.

    Raises ``OSError``.
    """
    paths = [segment_path(folder, number) for number in segment_numbers(folder)]
    files = [folder / name for name in (ANCHOR, STUCK_NOTE, RESTORED_NOTE)]
    for path in paths:
        files += [path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))]
    there = [file for file in files if file.exists()]
    if not there:
        return None
    aside = _new_folder(folder, epoch)
    for file in there:
        file.replace(aside / file.name)
    return aside


def _new_folder(folder: Path, epoch: int) -> Path:
    for number in count(epoch):
        aside = folder / f"before-{number}"
        try:
            aside.mkdir()
        except FileExistsError:
            continue
        return aside
    raise AssertionError("the numbers have no end")
