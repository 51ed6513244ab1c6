"""Draw the state machines from their tables: ``python -m docs.generate``.

Owns docs/states.md and the diagram in README.md, between its two markers; a test fails when they
are stale. The tables themselves are the code's: see ``actors/tables.py``.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path

from actors.guardian.states import EFFECTS, STRICTNESS, Cause, Hold, Lift
from actors.order_router.states import TRANSITIONS as ORDER_TRANSITIONS
from actors.position.exit_slot import SLOT_TRANSITIONS
from actors.position.states import TRANSITIONS as POSITION_TRANSITIONS
from actors.tables import Fault, Goto, Ignore, InputT, Outcome, StateT, Stay, Table
from messages.portfolio import TradingState

ROOT = Path(__file__).parent.parent
STATES_FILE = ROOT / "docs" / "states.md"
README_FILE = ROOT / "README.md"

_README_DIAGRAM = re.compile(
    r"(?<=<!-- generated: the life of a position -->\n).*(?=<!-- end -->)", re.DOTALL
)

_HEAD = """\
# State machines

Generated from the tables in the code by `python -m docs.generate`; a test fails when it is stale.

Every table is total: each cell, state × input, says what happens. **→ STATE**: the input is taken
in and the state changes. *stays*: it is taken in. *ignored*: it is nothing new there. **fault**: a
mistake of ours or an operator's, refused, and nothing changes. Numbers refer to the reasons under
the table. An arrow does not repeat an input that has the name of the state it leads to.
"""

Holds = frozenset[Hold]


def generated() -> dict[Path, str]:
    """Return what each generated file has to hold."""
    readme = README_FILE.read_text(encoding="utf-8")
    diagram = _diagram(POSITION_TRANSITIONS)
    return {
        STATES_FILE: _states_page(),
        README_FILE: _README_DIAGRAM.sub(lambda _: diagram, readme),
    }


def _states_page() -> str:
    parts = [
        _HEAD,
        "## The life of a position\n",
        "The table: [`actors/position/states.py`](../actors/position/states.py).\n",
        _machine(POSITION_TRANSITIONS),
        "## The exit slot\n",
        "The only place where an order that reduces a position can live. The table:",
        "[`actors/position/exit_slot.py`](../actors/position/exit_slot.py).\n",
        _machine(SLOT_TRANSITIONS),
        "## The life of an order\n",
        "As the order router knows it. The table:",
        "[`actors/order_router/states.py`](../actors/order_router/states.py).\n",
        _machine(ORDER_TRANSITIONS),
        "## The trading state\n",
        "Causes hold trading back, at most one hold of each; the trading state is the strictest of",
        "what is held, ACTIVE when nothing is. An arrow says what an input can do; where another",
        "cause holds on, lifting one does not. The tables:",
        "[`actors/guardian/states.py`](../actors/guardian/states.py).\n",
        _guardian_diagram(),
        _guardian_table(),
    ]
    return "\n".join(parts)


def _machine(table: Table[StateT, InputT]) -> str:
    return f"{_diagram(table)}\n{_cells(table)}"


def _diagram(table: Table[StateT, InputT]) -> str:
    """Return the Mermaid diagram: begins in the first state, ends where nothing leads on."""
    arrows: dict[tuple[StateT, StateT], list[str]] = {}
    for state, input_, outcome in _outcomes(table):
        if isinstance(outcome, Goto):
            arrows.setdefault((state, outcome.state), []).append(input_)
    dead = [state for state in table if all(source is not state for source, _ in arrows)]
    return _mermaid(next(iter(table)), arrows, dead)


def _mermaid(
    first: StrEnum,
    arrows: Mapping[tuple[StateT, StateT], Collection[str]],
    dead: Iterable[StrEnum] = (),
) -> str:
    lines = [
        f"[*] --> {first.name}",
        *(_arrow(source, target, inputs) for (source, target), inputs in arrows.items()),
        *(f"{state.name} --> [*]" for state in dead),
    ]
    return "\n".join(["```mermaid", "stateDiagram-v2", *(f"    {line}" for line in lines), "```\n"])


def _arrow(source: StrEnum, target: StrEnum, inputs: Collection[str]) -> str:
    """Return one arrow; an input that is called like the state it leads to needs no word."""
    words = ", ".join(input_ for input_ in inputs if input_ != target)
    return f"{source.name} --> {target.name}" + (f": {words}" if words else "")


def _cells(table: Table[StateT, InputT]) -> str:
    """Return the whole table, a row an input, and the numbered reasons under it."""
    reasons: dict[str, int] = {}
    rows: dict[str, list[str]] = {}
    for _, input_, outcome in _outcomes(table):
        rows.setdefault(input_, []).append(_cell(outcome, reasons))
    grid = _grid(
        ["input", *(state.name for state in table)],
        ([f"`{input_}`", *cells] for input_, cells in rows.items()),
    )
    return "\n".join([grid, *(f"{number}. {reason}" for reason, number in reasons.items()), ""])


def _outcomes(
    table: Table[StateT, InputT],
) -> Iterator[tuple[StateT, InputT, Outcome[StateT]]]:
    """Yield every cell: states in the table's order, inputs in their definition's."""
    for state, cells in table.items():
        for input_ in type(next(iter(cells))):
            yield state, input_, cells[input_]


def _cell(outcome: Outcome[StateT], reasons: dict[str, int]) -> str:
    match outcome:
        case Goto():
            return f"**→ {outcome.state.name}**"
        case Stay():
            return "*stays*"
        case Ignore():
            return f"ignored ({_number(outcome.reason, reasons)})"
        case Fault():
            return f"**fault** ({_number(outcome.reason, reasons)})"


def _number(reason: str, reasons: dict[str, int]) -> int:
    return reasons.setdefault(reason, len(reasons) + 1)


def _guardian_diagram() -> str:
    """Return the arrows of the trading state, found by trying each input on all reachable holds."""
    arrows: dict[tuple[TradingState, TradingState], dict[str, None]] = {}
    nothing: Holds = frozenset()
    seen, waiting = {nothing}, [nothing]
    while waiting:
        holds = waiting.pop()
        for input_, effect in EFFECTS.items():
            after = _holds_after(holds, effect)
            if _trading_state(holds) is not _trading_state(after):
                arrow = (_trading_state(holds), _trading_state(after))
                arrows.setdefault(arrow, {})[input_] = None
            if after not in seen:
                seen.add(after)
                waiting.append(after)
    in_order = {arrow: sorted(arrows[arrow]) for arrow in sorted(arrows)}
    return _mermaid(TradingState.ACTIVE, in_order)


def _holds_after(holds: Holds, effect: Hold | Lift) -> Holds:
    match effect:
        case Hold():
            return frozenset({*(hold for hold in holds if hold.cause is not effect.cause), effect})
        case Lift():
            return frozenset(hold for hold in holds if hold.cause not in effect.causes)


def _trading_state(holds: Holds) -> TradingState:
    states = (hold.state for hold in holds)
    return max(states, key=STRICTNESS.__getitem__, default=TradingState.ACTIVE)


def _guardian_table() -> str:
    return _grid(
        ["input", *(cause.name for cause in Cause)],
        ([f"`{input_}`", *_effects(effect)] for input_, effect in EFFECTS.items()),
    )


def _effects(effect: Hold | Lift) -> Iterator[str]:
    """Yield what an input does to each cause's hold."""
    for cause in Cause:
        match effect:
            case Hold() if effect.cause is cause:
                yield f"**holds at {effect.state.name}**"
            case Lift() if cause in effect.causes:
                yield "lifted"
            case _:
                yield ""


def _grid(head: list[str], rows: Iterable[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join([*(f"| {' | '.join(line)} |" for line in lines), ""])


def write(files: Mapping[Path, str]) -> None:
    """Write each file."""
    for path, text in files.items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(generated())
