"""What is left out of a record because it is the default means the same for ever."""

import msgspec
import pytest

from actors.order_router.order import RoutedOrder
from actors.position.exit_slot import ExitSlot
from actors.position.position import Booked, OwnOrder, Position, RefusedOrder
from actors.position.progress import Closing, Entry, Protection, Stranded, UnseenExit
from messages.orders import OrderFacts, OrderRequest

UNWRITTEN: dict[type[msgspec.Struct], dict[str, object]] = {
    Position: {
        "state": "new",
        "entered_at": None,
        "closed_at": None,
        "close_cause": None,
        "close_reason": "",
        "orders": (),
        "entry_attempts": 0,
        "exit_attempts": 0,
        "entries_before": 0,
        "exits_before": 0,
        "earlier_prefixes": (),
        "contested": "",
        "shared_prefixes": (),
        "exits_recorded": False,
        "lists_until": None,
        "slot": {},
        "entry": {},
        "closing": None,
        "protection": {},
        "market_is_fresh": True,
        "venue_is_reachable": True,
        "unprotected": (),
        "booked": {},
        "reserve": "0",
        "faulted": None,
        "looks_back": None,
        "is_restoring": False,
        "recovery": 0,
        "fees_until": None,
        "phase": "open",
        "market_text": "",
        "stranded": None,
        "refused": (),
        "exit_rounds": 0,
        "bid": None,
        "sold_before": "0",
        "is_released": False,
        "unseen": None,
        "wakes_at": None,
    },
    UnseenExit: {"asks": 0},
    Entry: {
        "rung": 0,
        "tries": 0,
        "deadline": 0,
        "asked": "0",
        "is_stopping": False,
        "is_over": False,
        "waits_for_quote": False,
    },
    Closing: {
        "tries": 0,
        "refusals": 0,
        "retry_at": None,
        "quote": None,
        "waits_for_quote": False,
        "lacks_quote": False,
        "waits_for_balance": False,
        "lacks_coins": False,
        "sellable": None,
        "seen": None,
        "shown_since": None,
        "too_small": "0",
        "dust_up_to": "0",
        "is_stuck": False,
        "self_trades": 0,
        "stop_order_until": None,
    },
    Protection: {
        "highest": None,
        "rests_stop": False,
        "is_left": False,
        "switched_at": None,
        "switches": 0,
        "refusals": 0,
        "retry_at": None,
        "generation": 0,
        "levels": (),
        "armed": (),
    },
    Booked: {
        "bought": "0",
        "bought_cost": "0",
        "sold": "0",
        "sold_proceeds": "0",
        "fees": (),
        "unpriced_bought": "0",
        "unpriced_estimate": "0",
        "unpriced_sold": "0",
        "bought_without_fees": "0",
        "sold_without_fees": "0",
    },
    OwnOrder: {
        "cancel_asked": False,
        "cancel_is_urgent": False,
        "is_lost": False,
        "is_harmless": False,
        "reference_price": None,
    },
    ExitSlot: {
        "state": "empty",
        "order_id": None,
        "purpose": "close",
        "quantity": "0",
        "price": None,
        "trigger_price": None,
        "type": "market",
        "since": 0,
    },
    RefusedOrder: {"price": None, "trigger_price": None, "is_exit": True, "round": 0},
    Stranded: {},
    RoutedOrder: {
        "errand": None,
        "requests": 0,
        "tries": 0,
        "cancel": None,
        "look_up_next": False,
        "is_seen": False,
        "not_found": 0,
        "not_found_since": None,
        "wait_ends_at": None,
        "booked": None,
        "forget_at": None,
        "is_probe": False,
        "is_traceable": False,
        "asked_at": None,
        "cancel_sent": False,
        "sign_by": None,
        "window_ms": None,
        "signed_at": None,
        "late": 0,
        "not_found_at": None,
        "beside": False,
        "conflict": "",
        "is_cleared": False,
        "sought_since": None,
        "listed": "0",
        "clock_moved_at": None,
        "look": None,
        "looks": 0,
        "looked_at": None,
    },
    OrderRequest: {
        "price": None,
        "trigger_price": None,
        "stop_limit_price": None,
        "time_in_force": "gtc",
        "post_only": False,
        "wait_ms": None,
    },
    OrderFacts: {
        "filled": "0",
        "cost": "0",
        "fees": (),
        "stop": "none",
        "exchange_order_id": None,
        "reason": None,
        "text": "",
        "at": 0,
        "unpriced": "0",
        "fees_missing": "0",
        "fee_source": 3,
    },
}
"""As JSON, by field. A field may join; what is here stays as it is: journals rely on it."""


def defaults(of: type[msgspec.Struct]) -> dict[str, object]:
    return {
        field.name: msgspec.to_builtins(field.default)
        for field in msgspec.structs.fields(of)
        if field.default is not msgspec.NODEFAULT
    }


@pytest.mark.parametrize("entity", UNWRITTEN)
def test_a_default_that_is_not_written_never_changes(entity: type[msgspec.Struct]) -> None:
    now = defaults(entity)
    assert {name: now.get(name, "gone") for name in UNWRITTEN[entity]} == UNWRITTEN[entity]


@pytest.mark.parametrize("entity", UNWRITTEN)
def test_defaults_are_left_out_of_these(entity: type[msgspec.Struct]) -> None:
    assert entity.__struct_config__.omit_defaults
    assert set(defaults(entity)) <= set(UNWRITTEN[entity]), "add the new field's default above"
