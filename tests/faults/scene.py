"""The theatre as the tests of faults use it: one hero, and a few words for what people suffered."""

from decimal import Decimal

from msgspec.structs import replace

from actors.order_router.actor import OrderRouter
from actors.portfolio.actor import PortfolioActor
from actors.position.position import OwnOrder
from actors.position.states import State
from exchange.fault_plan import Fault
from messages.addresses import GATEWAY, ORDER_ROUTER, PORTFOLIO, position_address
from messages.base import Milliseconds
from messages.gateway import CancelAtVenue, MarketMoved
from messages.orders import OrderRequest, OrderType, Priority, Purpose, TimeInForce
from messages.plan import Plan, ProtectionMode, Rung, Switching
from messages.position import CloseCause, ClosePosition
from verification.poison.harness import Theatre
from verification.poison.ledgers import check_over
from verification.poison.market import BTC_USDT, PLAN

STOP_RESTS = replace(PLAN, protection_mode=ProtectionMode.STOP_RESTS)
OCO = replace(PLAN, protection_mode=ProtectionMode.OCO)
SWITCHING = replace(
    PLAN,
    protection_mode=ProtectionMode.SWITCHING,
    switching=Switching(
        to_stop_loss_ratio=Decimal("-0.01"),
        to_take_profit_ratio=Decimal("0.005"),
        minimum_interval_ms=Milliseconds(500),
    ),
)
RESTS_BELOW = Rung(
    type=OrderType.LIMIT, offset_ratio=Decimal("-0.005"), wait_ms=Milliseconds(60_000)
)
"""An entry that rests 0.5 % under the market, at 99.5."""
LIMIT_EXIT = Rung(type=OrderType.LIMIT, time_in_force=TimeInForce.GTC, wait_ms=Milliseconds(2_000))
MARKET = Rung(type=OrderType.MARKET)
BY_HAND = ClosePosition(cause=CloseCause.BY_HAND, reason="a test")


class Scene(Theatre):
    """One hero, p1."""

    def __init__(
        self, plan: Plan = PLAN, *faults: Fault, schedule: list[int] | None = None
    ) -> None:
        super().__init__(plan, faults=faults, schedule=schedule)

    def protected(self) -> "Scene":
        """Bought at 100, and covered."""
        self.open()
        self.ticks(100.0)
        assert self.hero.state is State.PROTECTING
        return self

    def close_by_hand(self) -> None:
        self.tell(position_address(self.hero_id), BY_HAND)

    def cancel_by_another(self, order: OrderRequest) -> None:
        """A person cancels an order at the venue."""
        cancel = CancelAtVenue(
            client_order_id=order.client_order_id,
            exchange_order_id=None,
            symbol=order.symbol,
            priority=Priority.EXIT,
        )
        self.tell(GATEWAY, cancel)
        self.wait(50)

    def gap_to(self, price: float, quantity: float | None = None, wait_ms: int = 1_000) -> None:
        """The hero's market opens elsewhere: nothing trades between."""
        self.prices[BTC_USDT] = price
        moved = MarketMoved(
            symbol=BTC_USDT,
            at=self.clock.now(),
            bid=price,
            ask=price,
            last=price,
            quantity=quantity,
            gap=True,
        )
        self.tell(GATEWAY, moved)
        self.wait(wait_ms)

    def over(self) -> None:
        """The fair tail; then all is closed and booked, and the ledgers agree."""
        self.fall_through_the_stops()
        check_over(self)

    def state(self) -> State:
        return self.hero.state

    @property
    def held(self) -> Decimal:
        booked = self.hero.booked
        return booked.bought - booked.sold

    def order(self, order_id: str) -> OwnOrder:
        return next(o for o in self.hero.orders if o.facts.client_order_id == order_id)

    def purposes(self) -> list[Purpose]:
        """Return what each exit that the venue was asked for was for, in order."""
        return [request.purpose for request in self.requests("x")]

    @property
    def router(self) -> OrderRouter:
        return self.actor(ORDER_ROUTER, OrderRouter)

    def check_copies(self) -> None:
        """Position, portfolio, router and venue count the hero's coins alike."""
        orders = self.router.orders.of_position(self.hero_id)
        buys = sum(o.facts.filled for o in orders if o.request.side == "buy")
        sells = sum(o.facts.filled for o in orders if o.request.side == "sell")
        booked = self.hero.booked
        booking = self.actor(PORTFOLIO, PortfolioActor).books.bookings[self.hero_id]
        at_venue = [o for o in self.venue.book.orders.values() if o.request.symbol == BTC_USDT]
        assert (booked.bought, booked.sold) == (buys, sells)
        assert (booking.booked.bought, booking.booked.sold) == (buys, sells)
        assert sum(o.facts.filled for o in at_venue) == buys + sells
