"""Rows of positions: what protects them, and from where."""

from decimal import Decimal

import msgspec
import pytest

from actors.observers.rows import position_row, resting, unrealised
from actors.position.position import Life
from messages.market import Capabilities
from messages.plan import Plan, ProtectionMode
from messages.position import CloseCause, ClosePosition
from messages.session import PositionRow
from tests.actors.position.stage import PLAN, Stage


def plan(mode: ProtectionMode) -> Plan:
    return msgspec.structs.replace(PLAN, protection_mode=mode)


def life_of(stage: Stage) -> Life:
    assert stage.life is not None
    return stage.life


def row_of(stage: Stage, last: float | None = 101.0) -> PositionRow:
    return position_row(life_of(stage), last, stage.now)


@pytest.mark.parametrize(
    ("mode", "lives_at_venue", "says"),
    [
        (ProtectionMode.SYNTHETIC, False, "take profit 103.0 working"),
        (ProtectionMode.STOP_RESTS, True, "stop loss 98.0 working"),
        (ProtectionMode.OCO, True, "take profit 103.0 or stop 98.0 working"),
        (ProtectionMode.TRIGGERS, False, ""),
    ],
)
def test_a_row_says_what_protects_and_where(
    mode: ProtectionMode, says: str, *, lives_at_venue: bool
) -> None:
    row = row_of(Stage(plan(mode)).protected())
    assert row.lives_at_venue is lives_at_venue
    assert row.is_covered
    assert row.mode == mode.value
    assert says in row.resting
    assert bool(row.resting) is bool(says)


def test_a_mode_that_the_venue_can_not_do_is_told_as_what_it_became() -> None:
    stage = Stage(plan(ProtectionMode.OCO), capabilities=Capabilities()).protected()
    assert row_of(stage).mode == "synthetic"


def test_prices_and_profit_are_those_of_the_position() -> None:
    stage = Stage().protected()
    row = row_of(stage, last=101.0)
    assert [row.average_entry, row.stop, row.target] == [Decimal(100), Decimal(98), Decimal(103)]
    assert row.pnl == row.held  # one quote for each base; the entry took no fee here
    assert row.return_ratio == pytest.approx(0.01)


def test_without_a_price_there_is_no_valuation() -> None:
    row = row_of(Stage().protected(), last=None)
    assert row.pnl is None
    assert row.return_ratio is None


def test_before_the_first_fill_nothing_is_valued() -> None:
    row = row_of(Stage().grant())
    assert (row.state, row.held) == ("opening", Decimal(0))
    assert row.pnl is None
    assert row.stop is None
    assert not row.is_covered


def test_a_sale_at_the_market_is_told_without_a_price() -> None:
    stage = Stage(plan(ProtectionMode.TRIGGERS)).protected()
    stage.hear(ClosePosition(cause=CloseCause.BY_HAND, reason="lunch"))
    assert resting(life_of(stage)) == "close at the market placing"


def test_a_valuation_sells_what_is_held_and_keeps_what_was_sold() -> None:
    stage = Stage().protected()
    held = life_of(stage).held
    assert unrealised(life_of(stage), 99.0) == -held
    assert unrealised(life_of(stage), 100.0) == Decimal(0)
