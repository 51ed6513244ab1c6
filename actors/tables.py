"""The words of every state machine's table: what one cell (state × input) can say.

A table is a nested dict, total: every state has a cell for every input, dead states too.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Generic, TypeVar

import msgspec

StateT = TypeVar("StateT", bound=StrEnum)
InputT = TypeVar("InputT", bound=StrEnum)


class Goto(msgspec.Struct, Generic[StateT], frozen=True):
    """The input is taken in, and the state changes."""

    state: StateT


class Stay(msgspec.Struct, frozen=True):
    """The input is taken in; the state stays."""


class Ignore(msgspec.Struct, frozen=True):
    """The input is nothing new here: nothing is taken in."""

    reason: str


class Fault(msgspec.Struct, frozen=True):
    """The input is a mistake of ours or an operator's: it is refused, and nothing changes."""

    reason: str


STAY = Stay()

Outcome = Goto[StateT] | Stay | Ignore | Fault
Table = Mapping[StateT, Mapping[InputT, Outcome[StateT]]]


class IllegalInputError(Exception):
    """A table's cell says ``Fault``: names the state, the input and the reason."""


def missing_cells(
    table: Table[StateT, InputT], states: Iterable[StateT], inputs: Iterable[InputT]
) -> list[tuple[StateT, InputT]]:
    """Return the cells that ``table`` lacks; a table is total when there are none."""
    inputs = tuple(inputs)
    return [(s, i) for s in states for i in inputs if i not in table.get(s, {})]
