"""An order that nobody expects: booked, canceled or left alone, by whose it is."""

from decimal import Decimal

from messages.addresses import GATEWAY, OBSERVERS, PORTFOLIO, RECONCILER
from messages.base import ClientOrderId, Currency, ExchangeOrderId, Timestamp
from messages.gateway import CancelAtVenue
from messages.money import ZERO, Money
from messages.observers import Alarm, AlarmKind
from messages.orders import Side
from messages.portfolio import UnmatchedFill
from messages.positions import BeginRecovery, PositionRestored, StrayFound
from messages.reconciler import ListedOrder, StraySettled, Trade
from tests.actors.positions.test_core import BTC, P1, Stage, open_on

DEAD = ClientOrderId("h7e3p1x4")


def fill(number: int, quantity: str) -> Trade:
    return Trade(
        trade_id=str(number),
        client_order_id=DEAD,
        exchange_order_id=ExchangeOrderId("x"),
        symbol=BTC,
        side=Side.SELL,
        price=Decimal(100),
        quantity=Decimal(quantity),
        fee=Money(Currency("USDT"), Decimal("0.5")),
        is_maker=True,
        at=Timestamp(number),
    )


def working(order_id: str = DEAD, *, is_told: bool = False) -> StrayFound:
    order = ListedOrder(client_order_id=ClientOrderId(order_id), is_working=True, filled=ZERO)
    return StrayFound(symbol=BTC, order=order, is_told=is_told)


FILLED = StrayFound(
    symbol=BTC,
    order=ListedOrder(
        client_order_id=DEAD,
        is_working=False,
        filled=Decimal(3),
        trades=(fill(1, "1"), fill(2, "2")),
    ),
    is_told=False,
)


def after_its_end() -> Stage:
    stage = Stage(BTC)
    stage.hear(open_on(BTC))
    stage.end(P1, BTC)
    return stage


def alarms(stage: Stage) -> list[str]:
    told = [m for to, m in stage.sent if to == OBSERVERS and isinstance(m, Alarm)]
    assert all(alarm.kind is AlarmKind.STRAY_ORDER for alarm in told)
    return [alarm.text for alarm in told]


def test_an_order_of_a_position_that_is_over_is_canceled_and_told() -> None:
    stage = after_its_end()
    stage.hear(working())
    assert [to for to, _ in stage.sent] == [GATEWAY, OBSERVERS, RECONCILER]
    cancel = stage.sent[0][1]
    assert isinstance(cancel, CancelAtVenue)
    assert cancel.client_order_id == DEAD
    assert "its position is over, so it is canceled" in alarms(stage)[0]
    assert stage.sent[2][1] == StraySettled(client_order_id=DEAD)


def test_a_person_is_told_once_and_it_is_canceled_each_time() -> None:
    stage = after_its_end()
    stage.hear(working(is_told=True))
    assert [to for to, _ in stage.sent] == [GATEWAY, RECONCILER]


def test_an_order_of_a_living_position_is_told_and_left_alone() -> None:
    stage = Stage(BTC)
    stage.hear(open_on(BTC))
    stage.hear(working())
    assert [to for to, _ in stage.sent] == [OBSERVERS, RECONCILER]
    assert "left alone" in alarms(stage)[0]


def test_while_its_position_looks_back_nothing_is_done_and_nothing_answered() -> None:
    stage = Stage(BTC)
    stage.hear(open_on(BTC))
    stage.hear(BeginRecovery(recovery=9))
    stage.hear(working())
    assert stage.sent == []
    stage.hear(PositionRestored(position_id=P1, recovery=9))
    stage.hear(working())
    assert [to for to, _ in stage.sent] == [OBSERVERS, RECONCILER]


def test_an_earlier_journals_order_and_a_number_never_given_are_left_alone() -> None:
    for order_id in ("h7e2p1x4", "h7e3p2x1"):
        stage = after_its_end()
        stage.hear(working(order_id))
        assert [to for to, _ in stage.sent] == [OBSERVERS, RECONCILER]
        assert "none of this journal's" in alarms(stage)[0]


def test_fills_that_nobody_booked_are_booked_as_unmatched() -> None:
    stage = after_its_end()
    stage.hear(FILLED)
    assert [to for to, _ in stage.sent] == [PORTFOLIO, RECONCILER]
    unmatched = stage.sent[0][1]
    assert isinstance(unmatched, UnmatchedFill)
    assert (unmatched.side, unmatched.filled, unmatched.cost) == (
        Side.SELL,
        Decimal(3),
        Decimal(300),
    )
    assert unmatched.fees == (Money(Currency("USDT"), Decimal(1)),)


def test_fills_of_an_earlier_journal_are_none_of_this_ones() -> None:
    stage = Stage(BTC)
    stage.hear(FILLED)
    assert [to for to, _ in stage.sent] == [RECONCILER]
