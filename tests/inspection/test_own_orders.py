"""A position that is over shows its result; an order with two legs shows both."""

import io

from msgspec.structs import replace

from inspection.command import Context
from inspection.entry import open_session
from inspection.execution import run_line
from inspection.own_orders import Requests, orders_table
from inspection.position import Seen, view_of
from inspection.view import View, print_view
from messages.base import Timestamp
from messages.order_router import PlaceOrder
from messages.orders import OrderStatus, OrderType, StopStatus
from messages.plan import ProtectionMode
from terminal.console import new_console
from tests.actors.position.stage import PLAN, Stage
from tests.data.record_session import FOLDER


def shown(view: View) -> str:
    out = io.StringIO()
    console = new_console(out)
    console.width = 200
    print_view(view, console, as_json=False)
    return out.getvalue()


def guarded() -> tuple[Stage, Requests]:
    stage = Stage(replace(PLAN, protection_mode=ProtectionMode.OCO)).protected()
    placed = [one.request for one in stage.all_sent(PlaceOrder)]
    return stage, {request.client_order_id: request for request in placed}


def test_an_order_with_two_legs_shows_both_with_their_prices() -> None:
    stage, requests = guarded()
    assert stage.life is not None
    (oco,) = [one for one in requests.values() if one.type is OrderType.OCO]
    life = stage.life
    text = shown(view_of(Seen(life, Timestamp(0), 1, 100.0, None, requests)))
    legs = [line.split() for line in text.splitlines() if " leg " in line]
    assert [line[:3] for line in (legs[0][1:], legs[1])] == [
        ["take", "profit", "leg"],
        ["stop", "leg", "working"],
    ]
    assert f"{oco.price}"[:3] in legs[0]
    assert f"{oco.trigger_price}"[:2] in legs[1]
    assert "or stop loss at 98" in text, "the exit slot names both, too"


def test_of_an_order_whose_stop_sold_the_stop_leg_is_filled() -> None:
    stage, requests = guarded()
    assert stage.life is not None
    *_, order = stage.life.position.orders
    facts = replace(
        order.facts, status=OrderStatus.FILLED, filled=order.quantity, stop=StopStatus.TRIGGERED
    )
    text = shown(View(orders_table((replace(order, facts=facts),), requests), None))
    target, stop = (line.split() for line in text.splitlines() if " leg " in line)
    assert "9.98" in stop
    assert target.count("9.98") == 1, "asked for, not filled"
    assert stop.count("9.98") == 2
    assert "triggered" in stop


def test_a_closed_position_shows_its_result() -> None:
    source, _ = open_session(FOLDER)
    out = io.StringIO()
    run_line(Context(source=source), "position p2", new_console(out))
    text = out.getvalue()
    assert "CLOSED" in text
    (line,) = [line for line in text.splitlines() if line.startswith("result ")]
    assert "p2 " in line
    assert "USDT (" in line
    assert "PnL at this price" not in text
