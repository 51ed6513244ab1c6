"""What only the venue's lists can tell: fills of which no report was heard, orders nobody has."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from actors.position.states import State
from config.settings import JournalFailure
from messages.base import ClientOrderId, Milliseconds, PositionId
from messages.ids import ENTRY_LEG, client_order_id
from messages.observers import AlarmKind
from messages.orders import OrderStatus, OrderType, Side
from verification.simulation import plans
from verification.simulation.journals import JOURNALS, Kept, Store
from verification.simulation.runs import without_logs
from verification.simulation.world import IN_MEMORY, World

ON_DISK = (0, 0, 0, 1, JOURNALS.index(Kept(Store.DISK, JournalFailure.HOLD, draws_epochs=True)))
"""The setup: the first position is protected in peace, the journal on a disk."""
PREFIX = IN_MEMORY.prefix_of(PositionId("p1"))
"""Of the first process's ids."""
ENTRY = client_order_id(PREFIX, ENTRY_LEG, 1)


def closed() -> World:
    """Return a world whose first position was bought, protected, sold and booked."""
    world = World(ON_DISK)
    world.begin()
    world.venue.is_fair = True
    world.move(97.0)
    while world.roster:
        world.settle()
        world.pass_time()
    world.settle()
    assert world.positions[PositionId("p1")].state is State.CLOSED
    return world


def fill_late(world: World) -> None:
    """Let the venue fill more of an order that it had called over."""
    world.venue.force_fill(ENTRY, plans.ratio("0.5"), world.now)


def unheard(world: World) -> None:
    """The one report of the late fill dies with the process."""
    fill_late(world)
    world.kill()


def while_dead(world: World) -> None:
    """The late fill comes while no process lives."""
    world.kill()
    fill_late(world)


def cut_off(world: World) -> None:
    """The late fill comes while the line is cut."""
    world.venue.set_stream(world.now, up=False)
    world.settle()
    fill_late(world)


HAPPENS = (unheard, while_dead, cut_off)


@pytest.fixture(autouse=True)
def _quiet() -> object:
    with without_logs():
        yield


@pytest.mark.parametrize("happens", HAPPENS)
def test_a_late_fill_of_which_no_report_was_heard_is_found_and_sold(
    happens: Callable[[World], None],
) -> None:
    world = closed()
    happens(world)
    world.tail()
    assert world.judges is not None
    assert world.judges.alarms[AlarmKind.UNMATCHED_FILL] >= 1
    adopter = world.positions[PositionId("p2")]
    assert adopter.state is State.CLOSED
    assert adopter.booked.bought == plans.ratio("0.5")
    world.close()


@pytest.mark.parametrize("happens", HAPPENS)
def test_without_the_reconciler_nobody_ever_books_it(
    happens: Callable[[World], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    for key, settings in plans.SETTINGS.items():
        blind = replace(settings, reconciler=replace(settings.reconciler, look_ms=None))
        monkeypatch.setitem(plans.SETTINGS, key, blind)
    world = closed()
    happens(world)
    with pytest.raises(AssertionError, match="not over in fair time"):
        world.tail()
    world.close()


@pytest.mark.parametrize(("order_id", "is_left"), [(f"{PREFIX}x9", False), ("by hand", True)])
def test_of_orders_that_nobody_has_only_ours_is_canceled(order_id: str, *, is_left: bool) -> None:
    world = closed()
    book = world.venue.book
    entry = book.orders[ENTRY]
    request = replace(
        entry.request,
        client_order_id=ClientOrderId(order_id),
        side=Side.SELL,
        type=OrderType.LIMIT,
        price=plans.ratio(1_000),
    )
    facts = replace(
        entry.facts,
        client_order_id=request.client_order_id,
        status=OrderStatus.OPEN,
        filled=plans.ratio(0),
        cost=plans.ratio(0),
        fees=(),
    )
    book.apply(replace(entry, request=request, facts=facts, sequence=entry.sequence + 100))
    world.judges = None  # they know of no order that nobody placed
    for _ in range(250):
        world.jump(Milliseconds(2_000))
        world.settle()
    status = book.orders[request.client_order_id].facts.status
    assert status is (OrderStatus.OPEN if is_left else OrderStatus.CANCELED)
    world.close()
