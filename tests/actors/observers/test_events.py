"""Events: each thing that happened is told once, with the ids that lead back to the journal."""

from decimal import Decimal

import msgspec
import pytest

from actors.guardian.core import Guard
from actors.journal.port import Record
from actors.observers.events import (
    FORGOTTEN,
    REPEATED,
    RETURNED,
    Event,
    heard,
    id_text,
    recorded,
)
from actors.observers.report import Report
from actors.order_router.order import RoutedOrder
from actors.position.states import State
from messages.addresses import GUARDIAN, OBSERVERS, ORDER_ROUTER, POSITIONS
from messages.base import Address, ClientOrderId, Symbol, Timestamp
from messages.envelope import Removed, Send
from messages.guardian import Resume
from messages.observers import Alarm, AlarmKind, EntryRefused, MessageSkipped
from messages.order_router import PlaceOrder
from messages.orders import OrderFacts, OrderStatus, RejectReason
from messages.plan import Plan, Trailing
from messages.position import (
    Begin,
    CloseCause,
    ClosePosition,
    LevelName,
    MarketFreshness,
    OrderUpdated,
)
from messages.positions import OpenPosition
from tests.actors.observers.recorded import USDT, RecordedStage
from tests.actors.position.stage import PLAN

ENTRY, EXIT = "h0e1p1b1", "h0e1p1x1"
NOW = Timestamp(5)


def events_of(stage: RecordedStage) -> list[Event]:
    report = Report({USDT: Decimal(1_000)})
    events: list[Event] = []
    for record in stage.records:
        events += recorded(record, report)
        report.on_record(record)
    return events


def named(events: list[Event], name: str) -> list[Event]:
    return [event for event in events if event.name == name]


def test_a_life_is_told_from_the_first_order_to_the_result() -> None:
    stage = RecordedStage()
    stage.protected().fire(LevelName.STOP_LOSS, price=97.9)
    stage.report(EXIT, OrderStatus.CANCELED).fill("h0e1p1x2", "97.9")
    names = [event.name for event in events_of(stage)]
    assert names == [
        "order.placed",  # the entry
        "position.opening",
        "order.filled",
        "order.placed",  # the take profit
        "position.open",
        "position.protecting",
        "trigger.fired",
        "order.cancel_asked",
        "position.leaves",
        "position.closing",
        "order.canceled",
        "order.placed",  # the sale
        "order.filled",
        "position.closed",
    ]


def test_a_fill_says_what_was_traded_at_what_price() -> None:
    stage = RecordedStage()
    stage.grant().fill(ENTRY, "100")
    (filled,) = named(events_of(stage), "order.filled")
    quantity = stage.request(ENTRY).quantity
    assert f"bought {quantity} of {quantity} BTC at 100.0" in filled.text
    assert filled.order == ENTRY


def test_what_is_heard_twice_is_told_once() -> None:
    stage = RecordedStage()
    stage.grant().fill(ENTRY, "100").fill(ENTRY, "100")
    assert len(named(events_of(stage), "order.filled")) == 1


def test_a_partial_fill_is_told_each_time_it_grows() -> None:
    stage = RecordedStage()
    stage.grant()
    for filled in ("1", "2", "2"):
        stage.report(ENTRY, OrderStatus.PARTIALLY_FILLED, filled=filled, price="100")
    assert len(named(events_of(stage), "order.filled")) == 2


def test_an_event_carries_the_ids_of_its_record() -> None:
    stage = RecordedStage()
    stage.grant()
    (placed,) = named(events_of(stage), "order.placed")
    assert (placed.id, placed.cause, placed.sequence) == ("2.0", "1.7", 2)
    assert (placed.position, placed.symbol, placed.order) == ("p1", "BTC/USDT", ENTRY)
    assert placed.at == stage.records[1].now


def test_the_result_is_profit_in_quote_and_of_the_cost() -> None:
    stage = RecordedStage()
    stage.protected().fill(EXIT, "103")
    closed = named(events_of(stage), "position.closed")[-1]
    assert "protecting → closed: take profit, +" in closed.text
    assert "USDT (+3.00 %)" in closed.text


def test_nothing_is_told_after_the_end() -> None:
    stage = RecordedStage()
    stage.protected().fill(EXIT, "103").fill(EXIT, "103")
    assert [event.name for event in events_of(stage)].count("position.closed") == 1


@pytest.mark.parametrize("status", [OrderStatus.REJECTED, OrderStatus.UNKNOWN])
def test_trouble_with_an_order_is_a_warning(status: OrderStatus) -> None:
    stage = RecordedStage()
    stage.grant().report(ENTRY, status, reason=RejectReason.OTHER)
    (told,) = named(events_of(stage), f"order.{status.value}")
    assert told.level == "warning"
    assert f"entry order is {status.value}" in told.text


def test_a_lost_cover_is_a_warning() -> None:
    stage = RecordedStage()
    stage.protected()
    stage.hear(MarketFreshness(fresh=False))
    assert stage.state() is State.OPEN
    told = named(events_of(stage), "position.open")[-1]
    assert told.level == "warning"
    assert "nothing covers it now" in told.text


def test_a_stop_that_moves_up_is_told() -> None:
    trailing = Trailing(
        activation_ratio=Decimal("0.01"),
        distance_ratio=Decimal("0.01"),
        step_ratio=Decimal("0.001"),
    )
    plan: Plan = msgspec.structs.replace(PLAN, trailing=trailing)
    stage = RecordedStage(plan)
    stage.protected().fire(LevelName.RATCHET, price=102.0)
    (moved,) = named(events_of(stage), "stop.moved")
    assert "trailing stop now at 100.9" in moved.text


def test_a_close_by_hand_says_why() -> None:
    stage = RecordedStage()
    stage.protected()
    stage.hear(ClosePosition(cause=CloseCause.BY_HAND, reason="lunch"))
    (leaves,) = named(events_of(stage), "position.leaves")
    assert "by hand" in leaves.text
    assert "lunch" in leaves.text


def record(message: Begin | Resume | OpenPosition | PlaceOrder, **parts: object) -> Record:
    given: dict[str, object] = {"changes": (), "outbox": ()} | parts
    return Record(
        sequence=9,
        actor=GUARDIAN,
        now=NOW,
        id=(0, 4),
        cause=None,
        sender=Address("outside"),
        message=message,
        **given,  # type: ignore[arg-type]  # changes and outbox
    )


def test_a_wish_is_told_with_its_reason() -> None:
    begin = RecordedStage().records[0].message
    assert isinstance(begin, Begin)
    wish = OpenPosition(
        symbol=begin.symbol,
        budget=begin.budget,
        plan=begin.plan,
        quote=begin.quote,
        decision="it fell",
    )
    begin = msgspec.structs.replace(begin, decision="it fell")
    (asked,) = recorded(record(wish, outbox=(Send(POSITIONS, begin),)), Report({}))
    assert asked.name == "position.asked"
    assert asked.text == "p1 BTC/USDT asked for, 1000.00 USDT: it fell"
    assert (asked.id, asked.cause) == ("0.4", None)


def test_a_trading_state_is_told() -> None:
    (told,) = recorded(record(Resume(reason="fine"), changes=(Guard(reason="fine"),)), Report({}))
    assert (told.name, told.level) == ("trading.active", "info")


def test_messages_to_observers_are_events_too() -> None:
    symbol = Symbol("BTC/USDT")
    alarm = heard(Alarm(kind=AlarmKind.OVERFILL, text="too much", symbol=symbol), NOW)
    refused = heard(EntryRefused(symbol=symbol, guard="spread", text="wide"), NOW)
    skipped = heard(MessageSkipped(actor=OBSERVERS, message_type="Wake", error="E: x"), NOW)
    assert (alarm.name, alarm.level, alarm.symbol) == ("alarm.overfill", "alarm", symbol)
    assert (refused.name, refused.level) == ("entry.refused", "debug")
    assert (skipped.name, skipped.level) == ("message.skipped", "error")
    assert "no entry in BTC/USDT: spread: wide" in refused.text


def test_an_id_is_its_record_and_its_place_there() -> None:
    assert id_text((12, 3)) == "12.3"


def test_an_exit_that_is_asked_for_again_is_told_and_not_sent_again() -> None:
    stage = RecordedStage()
    stage.grant()
    request = stage.request(ENTRY)
    again = record(PlaceOrder(request=request))
    again = msgspec.structs.replace(again, actor=ORDER_ROUTER)
    (told,) = recorded(again, Report({}))
    assert (told.name, told.level, told.order) == (REPEATED, "info", ENTRY)
    assert "asked for again" in told.text
    first = msgspec.structs.replace(again, changes=(Guard(reason="any"),))
    assert REPEATED not in [one.name for one in recorded(first, Report({}))]


def test_an_order_that_the_router_forgets_is_told_to_the_log() -> None:
    gone = Removed(kind=RoutedOrder.__name__, key=ENTRY)
    step = record(Resume(reason="any"), changes=(gone,))
    (told,) = recorded(msgspec.structs.replace(step, actor=ORDER_ROUTER), Report({}))
    assert (told.name, told.level, told.order) == (FORGOTTEN, "debug", ENTRY)


def test_an_order_that_its_position_let_go_of_is_told_when_it_comes_back() -> None:
    stage = RecordedStage()
    stage.grant().fill(ENTRY, "100")
    facts = OrderFacts(
        client_order_id=ClientOrderId("h0e1p1x9"),
        status=OrderStatus.FILLED,
        filled=Decimal(1),
        cost=Decimal(100),
    )
    stage.hear(OrderUpdated(facts=facts))
    (told,) = named(events_of(stage), RETURNED)
    assert (told.level, told.order) == ("warning", "h0e1p1x9")
