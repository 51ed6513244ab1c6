"""An alarm of a shortage, in the whole tree: for coins that are gone, not for fills unheard."""

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from actors.portfolio.actor import PortfolioActor
from actors.portfolio.venue_balances import LOOK_AGAIN_MS
from actors.position.states import State
from messages.addresses import PORTFOLIO
from messages.base import PositionId
from messages.observers import AlarmKind
from verification.simulation import plans
from verification.simulation.choices import Kind, Scripted
from verification.simulation.faults import EventFate
from verification.simulation.plans import BTC
from verification.simulation.runs import without_logs
from verification.simulation.world import World

PROTECTED_WITHOUT_FOREIGN_COINS = (0, 0, 1, 1, 0)
P1 = PositionId("p1")


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A position whose take profit rests, balances that are looked at every five seconds."""
    for key, settings in plans.SETTINGS.items():
        portfolio = replace(settings.portfolio, compare_balances_ms=LOOK_AGAIN_MS)
        monkeypatch.setitem(plans.SETTINGS, key, replace(settings, portfolio=portfolio))
    choices = Scripted()
    choices.give(Kind.SETUP, *PROTECTED_WITHOUT_FOREIGN_COINS)
    with without_logs():
        begun = World(choices)
        begun.begin()
        yield begun
        begun.close()


def go_on(world: World, ms: int) -> None:
    end = world.now + ms
    while world.now < end:
        world.settle()
        world.pass_time()
    world.settle()


def doubted_for(world: World) -> int:
    row = world.actor(PORTFOLIO, PortfolioActor).books.balances[BTC]
    return 0 if row.suspected_at is None else world.now - row.suspected_at


def alarms(world: World) -> int:
    assert world.judges is not None
    return world.judges.alarms.get(AlarmKind.SHORTAGE, 0)


def test_a_take_profit_that_filled_unheard_is_found_and_raises_no_alarm(world: World) -> None:
    assert isinstance(world.choices, Scripted)
    # The fill's report, and the lists that the difference makes the reconciler ask for.
    world.choices.give(Kind.EVENT, *[EventFate.LOST] * 14)
    world.move(104.0)
    longest = 0
    for _ in range(100):
        go_on(world, 1_000)
        longest = max(longest, doubted_for(world))
    assert longest > 5 * LOOK_AGAIN_MS, "it was unheard for long"
    assert world.positions[P1].state is State.CLOSED
    assert alarms(world) == 0


def test_a_difference_makes_the_lists_be_looked_at_soon(world: World) -> None:
    assert isinstance(world.choices, Scripted)
    world.choices.give(Kind.EVENT, EventFate.LOST)
    world.move(104.0)
    go_on(world, 3 * LOOK_AGAIN_MS)
    assert world.positions[P1].state is State.CLOSED
    assert alarms(world) == 0


def test_coins_that_are_gone_are_told_after_two_looks(world: World) -> None:
    go_on(world, 4 * LOOK_AGAIN_MS)
    assert alarms(world) == 0
    balance = world.venue.book.balances[BTC]
    world.venue.book.apply(replace(balance, total=balance.total - 1))
    go_on(world, 3 * LOOK_AGAIN_MS)
    assert alarms(world) == 1
