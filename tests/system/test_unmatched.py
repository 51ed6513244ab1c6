"""Late fills on the whole system: what a canceled order bought after all is nobody's for long."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from loguru import logger
from msgspec.structs import replace

from actors.portfolio.actor import PortfolioActor
from actors.portfolio.store import Books
from actors.position.states import State
from actors.positions.actor import PositionsActor
from config.settings import PortfolioSettings
from exchange.fault_plan import Fault, FaultKind, On
from messages.addresses import PORTFOLIO, POSITIONS
from messages.base import Milliseconds, PositionId
from messages.money import ZERO
from messages.observers import AlarmKind
from messages.orders import Purpose, Side
from messages.plan import Plan, ProtectionMode
from messages.portfolio import UnmatchedPolicy
from messages.position import CloseCause
from tests.actors.portfolio.ledger import assert_exact
from tests.faults.scene import RESTS_BELOW
from verification.poison.harness import Theatre
from verification.poison.ledgers import check_over
from verification.poison.market import BTC, PLAN, SETTINGS

P2, P3 = PositionId("p2"), PositionId("p3")
ENTRY = replace(PLAN, entry_ladder=(RESTS_BELOW,), entry_deadline_ms=Milliseconds(2_000))
"""It rests under the market, and is canceled after two seconds."""
LATER = Fault(
    on=On.CANCEL,
    kind=FaultKind.FILLS_LATER,
    purpose=Purpose.ENTRY,
    delay_ms=Milliseconds(5_000),
)


@pytest.fixture(autouse=True)
def _no_logs() -> Iterator[None]:
    logger.disable("actors")
    yield
    logger.enable("actors")


class Late(Theatre):
    """A position that bought nothing and is over; the books are checked after every message."""

    def __init__(
        self,
        *faults: Fault,
        plan: Plan = ENTRY,
        policy: UnmatchedPolicy = UnmatchedPolicy.ADOPT,
        schedule: list[int] | None = None,
    ) -> None:
        settings = replace(SETTINGS, portfolio=PortfolioSettings(unmatched_policy=policy))
        super().__init__(plan, faults=faults, settings=settings, schedule=schedule)
        self.dispatcher.on_delivered = lambda _address, _envelope: assert_exact(self.books)
        self.open()
        self.quiet(6)
        assert self.hero.close_cause is CloseCause.ENTRY_FAILED
        assert self.roster == ()

    @property
    def books(self) -> Books:
        return self.actor(PORTFOLIO, PortfolioActor).books

    def fills_late(self, quantity: str) -> None:
        """The venue fills more of the entry that it said was canceled."""
        (entry,) = self.requests("b")
        self.venue.force_fill(entry.client_order_id, Decimal(quantity), self.clock.now())
        self.quiet(2)

    def over(self) -> None:
        self.fall_through_the_stops()
        check_over(self)
        assert all(booking.closed for booking in self.books.bookings.values())
        assert self.books.account(BTC).at_venue < Decimal("0.02"), "dust, and no more"


@pytest.mark.parametrize("mode", [m for m in ProtectionMode if m is not ProtectionMode.SWITCHING])
def test_an_adopted_fill_is_protected_by_the_original_plan(mode: ProtectionMode) -> None:
    late = Late(LATER, plan=replace(ENTRY, protection_mode=mode))
    late.quiet(4)
    adopted = late.system.positions[P2]
    assert adopted.state is State.PROTECTING
    assert adopted.booked.bought == late.requests("b")[0].quantity
    booking = late.books.bookings[P2]
    assert booking.invested == adopted.booked.bought_cost > ZERO
    assert booking.held == late.books.account(BTC).held
    assert len(late.alarms(AlarmKind.UNMATCHED_FILL)) == 1
    late.ticks(97.0, 97.0)
    assert late.system.positions[P2].close_cause is CloseCause.STOP_LOSS
    late.over()


def test_by_policy_a_late_fill_is_sold_at_once() -> None:
    late = Late(LATER, policy=UnmatchedPolicy.SELL)
    late.quiet(4)
    sold = late.system.positions[P2]
    assert (sold.state, sold.close_cause) == (State.CLOSED, CloseCause.ADOPTED_SALE)
    assert [request.side for request in late.requests("x", P2)] == [Side.SELL]
    late.over()


def test_each_further_late_fill_is_adopted_by_itself() -> None:
    late = Late()
    late.fills_late("3")
    late.fills_late("2")
    late.fills_late("0.01")  # too little to be sold: dust
    held = {key: late.system.positions[key].booked.bought for key in (P2, P3)}
    assert held == {P2: Decimal(3), P3: Decimal(2)}
    assert late.roster == (P2, P3)
    assert late.system.positions[PositionId("p4")].state is State.CLOSED
    late.over()


def test_a_late_fill_is_adopted_as_long_as_the_router_remembers_the_order() -> None:
    late = Late()
    late.wait(7_000_000)
    late.fills_late("3")
    assert late.system.positions[P2].state is State.PROTECTING
    late.over()


def test_ended_positions_are_forgotten_with_their_orders() -> None:
    late = Late()
    roster = late.actor(POSITIONS, PositionsActor).roster
    assert list(roster.retired) == ["p1"]
    late.wait(7_200_000 + 120_000)
    assert roster.retired == {}


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("policy", UnmatchedPolicy)
def test_in_any_order_of_delivery_nothing_is_lost_or_doubled(
    policy: UnmatchedPolicy, seed: int
) -> None:
    schedule = [(seed * 7 + place * (seed + 3)) % 4 for place in range(300)]
    late = Late(LATER, policy=policy, schedule=schedule)
    late.fills_late("1")
    late.quiet(8)
    late.over()
