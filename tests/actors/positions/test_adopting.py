"""What a late fill bought is taken over by a new position with the original plan."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from actors.positions.core import RETIRED_MARGIN_MS
from actors.positions.roster import Retired
from messages.addresses import OBSERVERS, STRATEGY, position_address
from messages.base import ClientOrderId, Currency, PositionId, Timestamp
from messages.envelope import NOTHING, Removed, Wake
from messages.money import Money
from messages.observers import Alarm, AlarmKind
from messages.portfolio import AdoptedFill, UnmatchedPolicy
from messages.position import Begin
from messages.positions import AdoptFill, MarketRulesReported
from messages.strategy import SymbolBusy
from tests.actors.positions.test_core import (
    ABLE,
    BTC,
    P1,
    P2,
    P3,
    PLAN,
    TTL_MS,
    Stage,
    open_on,
    rules,
)

ORDER = ClientOrderId("h7e3p1b1")
USDT = Currency("USDT")


def offer(
    filled: str | int = 2, cost: str | int = 60, fee: str = "0.1", order: str = ORDER
) -> AdoptFill:
    return AdoptFill(
        client_order_id=ClientOrderId(order),
        filled=Decimal(filled),
        cost=Decimal(cost),
        fees=(Money(USDT, Decimal(fee)),),
        policy=UnmatchedPolicy.SELL,
    )


def ended() -> Stage:
    """p1 was opened on BTC/USDT, and is over."""
    stage = Stage(BTC)
    stage.hear(open_on(BTC))
    stage.end(P1, BTC)
    return stage


def begun(stage: Stage) -> Begin:
    to, message = stage.sent[0]
    assert isinstance(message, Begin)
    assert to == position_address(message.position_id)
    return message


def test_a_position_with_the_original_plan_takes_over_what_was_bought() -> None:
    stage = ended()
    stage.hear(offer())
    begin, asked = begun(stage), open_on(BTC)
    assert (begin.position_id, begin.symbol, begin.budget) == (P2, BTC, Decimal(0))
    assert (begin.plan, begin.quote, begin.atr) == (PLAN, asked.quote, asked.atr)
    assert begin.order_prefix == "h7e3p2"
    assert begin.adopted == AdoptedFill(
        client_order_id=ORDER,
        quantity=Decimal(2),
        cost=Decimal(60),
        fees=(Money(USDT, Decimal("0.1")),),
        policy=UnmatchedPolicy.SELL,
    )
    assert stage.sent[1:] == [(STRATEGY, SymbolBusy(symbol=BTC, busy=True))]
    assert list(stage.roster.living) == [P2]


def test_an_offer_heard_twice_opens_one_position() -> None:
    stage = ended()
    stage.hear(offer())
    assert stage.hear(offer()) == NOTHING


def test_a_further_fill_is_taken_over_by_another_position_as_the_difference() -> None:
    stage = ended()
    stage.hear(offer(2, 60))
    stage.hear(offer(3, 95, "0.15"))
    adopted = begun(stage).adopted
    assert adopted is not None
    assert (adopted.quantity, adopted.cost) == (Decimal(1), Decimal(35))
    assert adopted.fees == (Money(USDT, Decimal("0.05")),)
    assert begun(stage).position_id == P3


def test_an_offer_that_comes_late_is_nothing_new() -> None:
    stage = ended()
    stage.hear(offer(3, 95))
    assert stage.hear(offer(2, 60)) == NOTHING


def test_orders_are_taken_over_one_by_one() -> None:
    stage = ended()
    stage.hear(offer())
    stage.hear(offer(1, 30, order="h7e3p1b2"))
    adopted = begun(stage).adopted
    assert adopted is not None
    assert adopted.quantity == 1
    assert stage.hear(offer()) == NOTHING


def test_a_fill_that_overtakes_the_end_is_taken_over_and_remembered_after_it() -> None:
    stage = Stage(BTC)
    stage.hear(open_on(BTC))
    stage.hear(offer())
    assert list(stage.roster.living) == [P1, P2]
    assert stage.roster.per_symbol == {BTC: 2}
    stage.end(P1, BTC)
    assert stage.roster.per_symbol == {BTC: 1}
    assert stage.hear(offer()) == NOTHING


def test_the_adopting_positions_own_late_fill_is_taken_over_too() -> None:
    stage = ended()
    stage.hear(offer())
    stage.end(P2, BTC)
    stage.hear(offer(1, 30, order="h7e3p2b1"))
    assert begun(stage).position_id == P3
    assert begun(stage).plan == PLAN


@pytest.mark.parametrize("order", ["h7e3p9b1", "not of our making"])
def test_a_fill_of_one_that_nobody_remembers_is_alarmed_and_left_in_its_row(order: str) -> None:
    stage = ended()
    done = stage.hear(offer(order=order))
    assert done.changes == ()
    ((to, alarm),) = stage.sent
    assert to == OBSERVERS
    assert isinstance(alarm, Alarm)
    assert alarm.kind is AlarmKind.UNMATCHED_FILL
    assert "nobody remembers" in alarm.text


def test_an_ended_position_is_remembered_longer_than_the_router_does_and_then_forgotten() -> None:
    stage = ended()
    wake = Wake(key=P1)
    stage.now = Timestamp(stage.now + TTL_MS)
    assert stage.hear(wake) == NOTHING
    stage.now = Timestamp(stage.now + RETIRED_MARGIN_MS)
    assert stage.hear(wake).changes == (Removed(kind="Retired", key="p1"),)
    assert stage.roster.retired == {}
    assert stage.hear(wake) == NOTHING


def test_a_late_fill_lets_an_ended_position_be_remembered_anew() -> None:
    stage = ended()
    stage.now = Timestamp(stage.now + TTL_MS)
    stage.hear(offer())
    assert stage.roster.retired[P1].forget_at == stage.now + TTL_MS + RETIRED_MARGIN_MS


def test_a_retired_position_is_rebuilt_from_its_changes() -> None:
    stage = ended()
    (retired,) = stage.roster.retired.values()
    assert isinstance(retired, Retired)
    assert retired.was.opened == replace(open_on(BTC))
    assert retired.position_id == PositionId("p1")


def grow(stage: Stage, times: int = 1) -> None:
    """The market asks for a larger order, and is read twice; ``times`` times."""
    for least in range(1, times + 1):
        stricter = replace(rules(BTC), min_quantity=Decimal(least))
        for _ in range(2):
            stage.hear(MarketRulesReported(rules=stricter, capabilities=ABLE))


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("is_over", [True, False])
def test_a_late_fill_is_judged_by_the_rules_before_their_first_change(
    times: int, is_over: object
) -> None:
    stage = Stage(BTC)
    stage.hear(open_on(BTC))
    if is_over:
        stage.end(P1, BTC)
    grow(stage, times)
    stage.hear(offer())
    begin = begun(stage)
    assert begin.begun_with == rules(BTC)
    assert begin.rules.min_quantity == times


def test_a_part_that_comes_after_a_further_change_is_judged_as_the_first() -> None:
    stage = ended()
    grow(stage)
    stage.hear(offer(2, 60))
    grow(stage, 2)
    stage.hear(offer(3, 95, "0.15"))
    assert begun(stage).begun_with == rules(BTC)


def test_under_the_rules_of_its_opening_a_late_fill_is_judged_by_no_others() -> None:
    stage = ended()
    stage.hear(offer())
    assert begun(stage).begun_with is None


def test_a_position_opened_after_the_change_is_judged_by_the_rules_of_then() -> None:
    stage = Stage(BTC)
    grow(stage)
    stage.hear(open_on(BTC))
    stage.end(P1, BTC)
    stage.hear(offer())
    assert begun(stage).begun_with is None
