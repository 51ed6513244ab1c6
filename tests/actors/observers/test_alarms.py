"""An alarm is open until a fact says that its trouble is over."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from actors.guardian.core import Guard, Held
from actors.guardian.states import Cause
from actors.observers.alarms import OpenAlarms
from actors.portfolio.venue_balances import Balance
from actors.position.position import Booked, Position
from actors.position.progress import Closing, Protection
from actors.position.states import State
from messages.base import Currency, PositionId, Symbol, Timestamp
from messages.observers import Alarm, AlarmKind, AlarmOver
from messages.portfolio import TradingState
from messages.position import CloseCause

P1, P2 = PositionId("p1"), PositionId("p2")
BTC, ETH = Symbol("BTC/USDT"), Symbol("ETH/USDT")
NOW = Timestamp(0)
EXIT = Closing(cause=CloseCause.STOP_LOSS, reason="a test", since=NOW, rung=0)
POSITION = Position(
    position_id=P1, state=State.PROTECTING, began_at=NOW, changed_at=NOW, measured_at=NOW
)
STUCK = replace(POSITION, state=State.CLOSING, closing=replace(EXIT, is_stuck=True))


def with_(*alarms: Alarm) -> OpenAlarms:
    book = OpenAlarms()
    for alarm in alarms:
        book.raised(alarm)
    return book


def of(kind: AlarmKind, position: PositionId | None = None, symbol: Symbol | None = None) -> Alarm:
    return Alarm(kind=kind, text="trouble", position_id=position, symbol=symbol)


def test_said_again_it_is_one() -> None:
    book = with_(of(AlarmKind.JOURNAL), of(AlarmKind.JOURNAL))
    assert book.counts() == {"journal": 1}


def test_a_quote_ends_the_staleness_of_its_market_alone() -> None:
    book = with_(of(AlarmKind.MARKET_STALE, symbol=BTC), of(AlarmKind.MARKET_STALE, symbol=ETH))
    (over,) = book.on_quote(BTC)
    assert (over.kind, over.symbol) == (AlarmKind.MARKET_STALE, BTC)
    assert book.counts() == {"market_stale": 1}
    assert not book.on_quote(BTC)


@pytest.mark.parametrize(
    ("cause", "kind"),
    [
        (Cause.DAILY_LOSS, AlarmKind.DAILY_LOSS_LIMIT),
        (Cause.ESCALATION, AlarmKind.ESCALATED),
        (Cause.JOURNAL, AlarmKind.JOURNAL),
    ],
)
def test_a_hold_that_is_lifted_ends_its_alarm(cause: Cause, kind: AlarmKind) -> None:
    held = Held(cause=cause, state=TradingState.HALTED, reason="trouble", since=NOW)
    book = with_(of(kind), of(AlarmKind.STRAY_ORDER))
    assert not book.on_guard(Guard(holds=(held,)))
    assert book.counts() == {kind.value: 1, "stray_order": 1}
    (over,) = book.on_guard(Guard(reason="it is well"))
    assert over == AlarmOver(kind=kind, text="it is well")
    assert book.counts() == {"stray_order": 1}


def test_balances_that_agree_again_end_the_alarm_when_every_currency_does() -> None:
    book = with_(of(AlarmKind.SHORTAGE))
    short = Balance(currency=Currency("BTC"), difference=Decimal(-1))
    book.on_balance(short)
    assert not book.on_balance(Balance(currency=Currency("USDT")))
    (over,) = book.on_balance(replace(short, difference=Decimal(0)))
    assert over.kind is AlarmKind.SHORTAGE
    assert not book.counts()


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        (AlarmKind.EXIT_STUCK, STUCK, replace(STUCK, closing=EXIT)),
        (AlarmKind.EXIT_STUCK, STUCK, replace(STUCK, state=State.CLOSED)),
        (
            AlarmKind.PLACEMENT_FAILED,
            replace(POSITION, protection=Protection(refusals=3)),
            POSITION,
        ),
        (
            AlarmKind.VALUE_MISSING,
            replace(POSITION, booked=Booked(unpriced_bought=Decimal(1))),
            replace(POSITION, booked=Booked(bought=Decimal(1), bought_cost=Decimal(100))),
        ),
    ],
)
def test_what_troubles_a_position_ends_with_its_trouble(
    kind: AlarmKind, before: Position, after: Position
) -> None:
    book = with_(of(kind, P1, BTC), of(kind, P2, BTC))
    assert not book.on_position(before, before)
    (over,) = book.on_position(before, after)
    assert (over.kind, over.position_id) == (kind, P1)
    assert book.counts() == {kind.value: 1}


def test_an_exit_that_was_lost_may_be_live_after_its_position() -> None:
    book = with_(of(AlarmKind.EXIT_LOST, P1), of(AlarmKind.UNMATCHED_FILL, P1))
    assert not book.on_position(STUCK, replace(STUCK, state=State.CLOSED))
    assert book.counts() == {"exit_lost": 1, "unmatched_fill": 1}


def test_an_end_without_its_alarm_is_no_news() -> None:
    book = OpenAlarms()
    assert not book.over(AlarmOver(kind=AlarmKind.JOURNAL, text="well"))
    book.raised(of(AlarmKind.JOURNAL))
    assert book.over(AlarmOver(kind=AlarmKind.JOURNAL, text="well"))
