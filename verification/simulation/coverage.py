"""Which cells (state × input) of the actors' tables were looked up, and what else has happened.

Owns the counting: a table's rows are replaced, in this process, by rows that note what is read.
"""

from collections.abc import Iterator
from typing import Any, cast

from actors.guardian import core as guardian
from actors.guardian.core import Guard
from actors.guardian.states import EFFECTS, Input
from actors.order_router.states import TRANSITIONS as ORDER
from actors.position.exit_slot import SLOT_TRANSITIONS as SLOT
from actors.position.states import TRANSITIONS as POSITION
from messages.envelope import Step
from messages.portfolio import TradingState

Cell = tuple[str, str, str]
"""Table, state, input."""

TABLES: dict[str, dict[Any, dict[Any, Any]]] = {
    "position": cast("dict[Any, dict[Any, Any]]", POSITION),
    "exit slot": cast("dict[Any, dict[Any, Any]]", SLOT),
    "order": cast("dict[Any, dict[Any, Any]]", ORDER),
}
_GUARDIAN = "guardian"
"""Its table has an effect for each input; a cell is counted by the state that it met."""


def cells() -> Iterator[Cell]:
    """Yield every cell of every table."""
    for held in TradingState:
        for heard in EFFECTS:
            yield _GUARDIAN, str(held), str(heard)
    for name, table in TABLES.items():
        for state, row in table.items():
            for input_ in row:
                yield name, str(state), str(input_)


class _Row(dict[Any, Any]):
    """A table's row that notes which of its cells are read."""

    def __init__(self, row: dict[Any, Any], seen: set[Cell], table: str, state: str) -> None:
        super().__init__(row)
        self._seen, self._cell = seen, (table, state)
        self._read: set[Any] = set()

    def __getitem__(self, input_: Any) -> Any:  # noqa: ANN401 - as dict's
        if input_ not in self._read:
            self._read.add(input_)
            self._seen.add((*self._cell, str(input_)))
        return super().__getitem__(input_)


def install() -> set[Cell]:
    """Note from now on what is read; return the set that grows. For a process of its own."""
    seen: set[Cell] = set()
    for name, table in TABLES.items():
        for state, row in table.items():
            table[state] = _Row(row, seen, name, str(state))
    _watch_guardian(seen)
    return seen


def _watch_guardian(seen: set[Cell]) -> None:
    """Note which input met which trading state."""
    replaced = cast("Any", guardian)
    effect_of, step = replaced.effect_of, replaced.step
    states: list[str] = []

    def noting_step(guard: Guard, *rest: Any) -> Step:  # noqa: ANN401 - as the real one's
        states[:] = [str(guard.state)]
        taken: Step = step(guard, *rest)
        return taken

    def noting_effect(input_: Input, *rest: Any) -> Any:  # noqa: ANN401 - as the real one's
        seen.update((_GUARDIAN, state, str(input_)) for state in states)
        return effect_of(input_, *rest)

    replaced.step, replaced.effect_of = noting_step, noting_effect
