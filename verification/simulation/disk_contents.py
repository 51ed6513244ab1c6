"""What lies on the simulated disk, synced or not, and what of it is there after a crash.

A choice decides what survives of the writes and names that nobody synced: ``NONE`` of it, ``ALL``
of it (a killed process leaves that), or, for any other number, what that number says: all up to one
write, the same with the next one torn, or any. Of a folder's names, the first ones survive. Names,
faults and SQLite's calls are the disk's business.
"""

import random
from collections.abc import Iterator
from typing import NamedTuple

NONE, ALL = 0, 1


class Write(NamedTuple):
    """Bytes, or a new length where there are none; not synced yet."""

    number: int
    at: int
    data: bytes | None


class Node:
    """What lies on the disk under a name or two."""

    def __init__(self) -> None:
        self.data = bytearray()
        """As the process sees it."""
        self.synced = bytearray()
        """As it is at least, whatever happens."""
        self.pending: list[Write] = []


class Naming(NamedTuple):
    """For which file a name is, None: for none; not synced yet."""

    number: int
    path: str
    node: Node | None


Pending = tuple[int, Node | None, Write | Naming]
"""Numbered as they came; the file is the one that is found after the crash."""


def survivors(pending: list[Pending], choice: int) -> Iterator[Pending]:
    """Yield what of the writes and names comes through, in order."""
    if choice == NONE:
        return
    chance = random.Random(choice)  # noqa: S311 - to be repeated
    how = ALL if choice == ALL else chance.choice(("prefix", "torn", "any"))
    end = chance.randint(0, len(pending)) if how in ("prefix", "torn") else len(pending)
    names_last = True
    for place, (number, node, one) in enumerate(pending):
        if place < end and (how != "any" or chance.random() < 1 / 2):
            if names_last or isinstance(one, Write):
                yield number, node, one
        elif isinstance(one, Naming):
            names_last = False  # a folder's names are changed in order
        elif place == end and how == "torn" and one.data:
            yield number, node, one._replace(data=one.data[: chance.randrange(len(one.data))])


def apply(data: bytearray, write: Write) -> None:
    """Write into a file's bytes."""
    if write.data is None:
        del data[write.at :]
        data.extend(bytes(write.at - len(data)))
        return
    data.extend(bytes(max(0, write.at - len(data))))
    data[write.at : write.at + len(write.data)] = write.data


def rename_in(names: dict[str, Node], path: str, node: Node | None) -> None:
    """Have a name mean a file, or none."""
    if node is None:
        names.pop(path, None)
    else:
        names[path] = node
