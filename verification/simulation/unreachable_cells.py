"""The cells that no schedule reaches, each with the reason: reviewed one by one.

Whatever is not here can be reached. So an explorer says of a cell either that it was met, or why it
never is, or that a longer search meets it; and one that is met though it stands here is told too.
"""

from collections.abc import Iterable
from itertools import product

from actors.tables import Fault
from verification.simulation.coverage import TABLES, Cell

_SURE = "nothing is asked of a submit that surely did not arrive"
_BEFORE_TABLE = "what is over is answered before the table is asked"
_ONE_END = "the matching engine ends an order once"
_TWO_HOURS = "only after terminal_ttl_ms of not-founds: two hours"
_OWN_ORDER = "the slot hears only of the order that is in it"
_ONE_GRANT = "a budget is answered once, and it was granted"
_BEGUN_ONCE = "the first message makes the position, and nobody sends it twice"
_NOT_CLOSED = "orders are let go of by who is CLOSED"
_NO_ORDER_YET = "nothing is asked for that could be answered so, before the budget is there"
_JUDGED = "the core judges this in the states before, or after, only"
_NOT_ASKED = "a balance is asked for by an exit only"

_HELD = "opening open protecting"
_TOLD_AT_ONCE = "a denied buy that is there, while its repetition's failure is under way"
_SECOND_GRANT = "a budget that was asked for twice, its second grant behind the entry's fill"

_REVIEWED = (
    ("exit slot", "empty", "ended live lost", _OWN_ORDER),
    ("exit slot", "unknown", "cancel_asked", "the router settles an unknown order by itself"),
    ("exit slot", "working", "lost", _TWO_HOURS),
    ("order", "open partially_filled", "not_at_venue", _TWO_HOURS),
    ("order", "submitted", "not_found", "nothing is looked up before the submit's answer is due"),
    ("order", "filled canceled rejected expired", "not_found", _BEFORE_TABLE),
    ("order", "new", "submit_rejected submit_retryable not_found not_at_venue", _SURE),
    ("order", "filled canceled expired", "rejected", _ONE_END),
    ("order", "expired", "canceled", _ONE_END),
    ("order", "canceled", "expired", _ONE_END),
    (
        "order",
        "rejected",
        "canceled",
        "only where one is back from the dead, and its end is the first that is heard of it",
    ),
    ("position", f"new {_HELD} closing closed", "begun", _BEGUN_ONCE),
    ("position", f"{_HELD} closing", "budget_denied", _ONE_GRANT),
    ("position", f"new {_HELD} closing", "orders_released", _NOT_CLOSED),
    ("position", "new opening", "balance_told", _NOT_ASKED),
    ("position", "new", "order_updated quote_told trigger_fired triggers_armed", _NO_ORDER_YET),
    ("position", "new", "venue_reachability", "the router tells whom it has orders of"),
    ("position", "new", "booking_asked", "it has booked nothing yet"),
    ("position", "new", "looked_back", "nothing of it is on its way to be looked for"),
    ("position", "opening", "flat covered cover_lost", _JUDGED),
    ("position", f"{_HELD} closing", "freed", "only who is stranded is freed"),
    ("position", "stranded", "covered cover_lost stranded", _JUDGED),
    ("position", "stranded", "begun", _BEGUN_ONCE),
    ("position", "stranded", "budget_denied", _ONE_GRANT),
    ("position", "stranded", "orders_released", _NOT_CLOSED),
    ("position", "open", "entry_empty", _JUDGED),  # filled: freed in the step that hears the fill
    ("position", "protecting", "entry_filled entry_empty", _JUDGED),
    ("position", "closing", "covered cover_lost entry_empty exit_begun", _JUDGED),
    (
        "position",
        "closed",
        "looked_back",
        "only where two restarts asked, and it was over between the two answers",
    ),
)
_RARE = (
    (
        "order",
        "open partially_filled canceled rejected expired",
        "submit_rejected",
        _TOLD_AT_ONCE,
    ),
    ("order", "partially_filled rejected", "submit_retryable", _TOLD_AT_ONCE),
    ("order", "new", "rejected", "a denied buy that is there, and whose first word is a refusal"),
    ("order", "new", "canceled", "a denied buy that is there, and whose first word is its end"),
    ("position", "open protecting", "budget_granted", _SECOND_GRANT),
)


def _by_cell(reviewed: Iterable[tuple[str, str, str, str]]) -> dict[Cell, str]:
    return {
        (table, state, input_): why
        for table, states, inputs, why in reviewed
        for state, input_ in product(states.split(), inputs.split())
    }


REVIEWED = _by_cell(_REVIEWED)
RARE = _by_cell(_RARE)
"""What is reached once in a million schedules, or not: each takes two accidents at once."""


def why_unreached(cell: Cell) -> str | None:
    """Return the reviewed reason why no schedule reads a cell; None: a longer search reads it."""
    table, state, input_ = cell
    if cell in RARE:
        return f"rare: {RARE[cell]}"
    if cell in REVIEWED or table not in TABLES:
        return REVIEWED.get(cell)
    rows = {str(s): {str(i): o for i, o in row.items()} for s, row in TABLES[table].items()}
    outcome = rows[state][input_]
    if isinstance(outcome, Fault):
        return f"a Fault, a mistake of ours or an operator's: {outcome.reason}"
    return None
