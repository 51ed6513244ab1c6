"""``close`` for one position, a symbol's, or all: the sum before it, and what it does."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace

from actors.position.states import State
from inspection.close import affected
from inspection.command import Context
from inspection.errors import InspectError, RefusedError
from inspection.position import seen
from inspection.source import LiveSource
from messages.base import PositionId
from messages.inspection import Operate, Operated
from messages.market import MarketPhase
from messages.money import ZERO
from messages.operator import OperatorCommand
from messages.orders import OrderStatus
from tests.actors.inspector.scene import Scene, playing
from tests.inspection.test_commands import operating, said


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with playing(tmp_path) as one:
        yield one


@pytest.fixture
def context(scene: Scene) -> Context:
    return Context(source=scene.source())


def test_close_all_closes_every_position_after_one_question_that_sums_them(
    scene: Scene, context: Context
) -> None:
    lives = [seen(context.source, PositionId(name)).life for name in ("p1", "p2", "p3")]
    held = sum((life.held for life in lives), ZERO)
    last = seen(context.source, PositionId("p1")).last
    assert held
    assert last is not None
    context, shown = operating(context)
    text = said(context, "close all")
    scene.settle()
    (preview,) = shown
    assert isinstance(preview.data, dict)
    sums = preview.data["affected"]
    assert sums["positions"] == ("p1", "p2", "p3")
    assert sums["coins"] == ({"currency": "BTC", "amount": str(held)},)
    (value,) = sums["value"]
    assert (value["currency"], Decimal(value["amount"])) == ("USDT", held * Decimal(str(last)))
    assert sums["orders"] == 0, "the stops of these live in the process"
    assert "3 positions (p1, p2, p3)" in preview.data["what"]
    assert "halt" in preview.data["note"]
    assert "sent to p1, p2, p3" in text
    assert not {f"position/{name}" for name in ("p1", "p2", "p3")} & set(scene.system.mailboxes)
    commands = [one for one in scene.records if isinstance(one.message, OperatorCommand)]
    assert len(commands) == 3, "each is written down"


def test_close_of_a_symbol_closes_its_positions_and_no_other(
    scene: Scene, context: Context
) -> None:
    context, shown = operating(context)
    said(context, "close btc")
    scene.settle()
    assert "3 positions" in str(shown[0].data)
    assert not {f"position/{name}" for name in ("p1", "p2", "p3")} & set(scene.system.mailboxes)


def test_a_close_of_none_says_so_and_asks_nothing(tmp_path: Path) -> None:
    with playing(tmp_path, 0) as empty:
        context, shown = operating(Context(source=empty.source()))
        assert said(context, "close all") == "nothing to close: no position lives\n"
        assert not shown


def test_a_close_that_is_not_confirmed_closes_none(scene: Scene, context: Context) -> None:
    context, shown = operating(context, sure=False)
    assert said(context, "close all") == "not done\n"
    scene.settle()
    assert len(shown) == 1
    assert not scene.records


def test_a_close_of_one_says_what_it_is_worth(context: Context) -> None:
    context, shown = operating(context, sure=False)
    said(context, "close p2")
    text = str(shown[0].data)
    assert "worth" in text
    assert "sells all of p2: " in text


def test_the_sum_of_a_close_names_what_it_can_not_value_or_sell(context: Context) -> None:
    one = seen(context.source, PositionId("p1")).life
    gone = replace(one, position=replace(one.position, phase=MarketPhase.GONE))
    halted = replace(
        one, position=replace(one.position, phase=MarketPhase.HALTED, state=State.STRANDED)
    )
    (entry, *_) = halted.position.orders
    working = replace(entry, facts=replace(entry.facts, status=OrderStatus.OPEN))
    halted = replace(halted, position=replace(halted.position, orders=(working,)))
    sums = affected([one, gone, halted], {one.charter.symbol: None})
    assert sums.unpriced == ("p1", "p1", "p1")
    assert not sums.value
    assert sums.coins[0].amount == 3 * one.held
    assert sums.orders == 1
    assert (len(sums.gone), len(sums.stranded)) == (1, 1)


def test_one_that_is_refused_keeps_no_other_from_being_closed(
    scene: Scene, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, _ = operating(context)
    do = LiveSource.operate

    def refuse_second(source: LiveSource, question: Operate) -> Operated:
        if question.command.to == "position/p2":
            raise RefusedError("its mailbox is full")
        return do(source, question)

    monkeypatch.setattr(LiveSource, "operate", refuse_second)
    with pytest.raises(InspectError, match="refused: p2: its mailbox is full; sent to p1, p3"):
        said(context, "close all")
    scene.settle()
    asked = {f"position/{name}" for name in ("p1", "p2", "p3")}
    assert asked & set(scene.system.mailboxes) == {"position/p2"}
