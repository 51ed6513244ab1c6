"""The cells that no schedule reaches, each with the reason: reviewed, so that a new one is seen."""

from actors.tables import Fault
from tests.simulation.coverage import TABLES, Cell

_ONCE = "each submit is answered once, and its answer is not doubled on the way"
_NO_ERRAND = "look-ups are only made while it is not over, and their answers only then believed"
_SENT_AT_ONCE = "NEW lasts until the submit goes out, or as long as a rate limit's pause"
_ONE_END = "the matching engine ends an order once"
_ASKED_ONCE = "nobody sends it twice, and mail is not doubled inside the process"
_NO_ORDER_YET = "nothing is asked for that could be answered so, before the budget is there"
_JUDGED = "the core judges this in the states before, or after, only"
_NOT_ASKED = "it asks this only when an exit was refused, and the answer is not doubled"

_REASONS: dict[Cell, str] = {
    ("exit slot", "empty", "ended"): "the slot hears only of the order that is in it",
    ("exit slot", "empty", "live"): "the slot hears only of the order that is in it",
    ("exit slot", "empty", "lost"): "the slot hears only of the order that is in it",
    (
        "exit slot",
        "unknown",
        "cancel_asked",
    ): "the router settles an unknown order of its own accord",
    ("exit slot", "unknown", "lost"): "unknown is told on change only",
    ("exit slot", "working", "lost"): "what was seen is lost only after terminal_ttl_ms: two hours",
    ("order", "open", "not_at_venue"): "only after terminal_ttl_ms: two hours of not-founds",
    ("order", "partially_filled", "not_at_venue"): "as above",
    ("order", "submitted", "not_found"): "nothing is looked up before the submit's answer is due",
    ("order", "rejected", "canceled"): "a refused submit is not in the book",
    ("order", "rejected", "expired"): "a refused submit is not in the book",
    ("order", "rejected", "filled"): "a refused submit is not in the book",
    ("position", "opening", "flat"): _JUDGED,
    ("position", "opening", "covered"): _JUDGED,
    ("position", "opening", "cover_lost"): _JUDGED,
    ("position", "closing", "covered"): _JUDGED,
    ("position", "closing", "cover_lost"): _JUDGED,
    ("position", "closing", "exit_begun"): _JUDGED,
    ("position", "closing", "entry_empty"): _JUDGED,
    ("position", "new", "venue_reachability"): "the router tells whom it has orders of",
    ("position", "new", "booking_asked"): "it has booked nothing yet",
    (
        "position",
        "opening",
        "booking_asked",
    ): "only after a poisoned booking of a part-filled entry",
    ("position", "new", "looked_back"): "a NEW position has nothing on its way to be looked for",
    (
        "position",
        "closed",
        "looked_back",
    ): "only where two restarts asked, and it was over between the two answers",
    ("position", "new", "begun"): "the first message makes the position: no state yet",
}
_BY_INPUT = {
    ("order", "submit_rejected"): _ONCE,
    ("order", "submit_retryable"): _ONCE,
    ("order", "submit_unknown"): _ONCE,
    ("order", "not_found"): _NO_ERRAND,
    ("order", "expired"): _ONE_END,
    ("order", "rejected"): _ONE_END,
    ("order", "canceled"): _ONE_END,
    ("position", "begun"): _ASKED_ONCE,
    ("position", "budget_denied"): _ASKED_ONCE,
    ("position", "budget_granted"): _ASKED_ONCE,
    ("position", "orders_released"): _ASKED_ONCE,
    ("position", "entry_empty"): _JUDGED,
    ("position", "entry_filled"): _JUDGED,
    ("position", "balance_told"): _NOT_ASKED,
    ("position", "order_updated"): _NO_ORDER_YET,
    ("position", "quote_told"): _NO_ORDER_YET,
    ("position", "trigger_fired"): _NO_ORDER_YET,
    ("position", "triggers_armed"): _NO_ORDER_YET,
}


def why_unreached(cell: Cell) -> str | None:
    """Return the reviewed reason why no schedule reads a cell; None: nobody knows one."""
    table, state, input_ = cell
    if cell in _REASONS:
        return _REASONS[cell]
    if table not in TABLES:
        return None
    if table == "order" and state == "new":
        return _SENT_AT_ONCE
    rows = {str(s): {str(i): o for i, o in row.items()} for s, row in TABLES[table].items()}
    outcome = rows[state][input_]
    if isinstance(outcome, Fault):
        return f"a Fault, a mistake of ours or an operator's: {outcome.reason}"
    return _BY_INPUT.get((table, input_))
