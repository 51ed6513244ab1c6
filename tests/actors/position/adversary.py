"""What may happen next in a position's world: the worst included.

The venue answers late, in any order, twice or not at all; fills in parts; fills what is being
canceled; cancels what nobody asked to; leaves outcomes unknown.
"""

from collections.abc import Callable
from decimal import Decimal

from actors.position.inputs import PositionMessage
from actors.position.states import State
from messages.base import Timestamp
from messages.envelope import Wake
from messages.market import Quote
from messages.market_data import ArmTriggers, RequestQuote
from messages.orders import (
    OrderStatus,
    OrderType,
    RejectReason,
    Side,
    StopStatus,
)
from messages.portfolio import RequestBalance
from messages.position import (
    ChangeProtection,
    CloseCause,
    ClosePosition,
    LevelName,
    MarketFreshness,
    StopEntering,
    SwitchProtection,
    TriggerFired,
    VenueReachability,
)
from tests.actors.position.ledger import VenueOrder
from tests.actors.position.stage import SYMBOL
from tests.actors.position.world import World

PRICES = (100.0, 96.0, 97.9, 98.8, 99.5, 100.6, 101.3, 102.2, 103.1, 106.0)
PAUSES = (1, 500, 1_000, 5_000, 20_000, 61_000)
REFUSALS = (
    RejectReason.OTHER,
    RejectReason.INSUFFICIENT_FUNDS,
    RejectReason.NO_LIQUIDITY,
    RejectReason.WOULD_TRIGGER_AT_ONCE,
    RejectReason.BELOW_MINIMUM,
    RejectReason.PRICE_OUT_OF_RANGE,
)


def acts(world: World, choice: int) -> list[Callable[[], None]]:
    """Everything that may happen now; ``choice`` fills in the details."""
    some = world.price, choice
    found: list[Callable[[], None]] = []
    for message in world.asked:
        found.append(lambda m=message: world.answer(m))  # type: ignore[misc]
        if isinstance(message, RequestQuote | RequestBalance | ArmTriggers):
            found.append(lambda m=message: world.answer(m, empty=True))  # type: ignore[misc]
    for order in world.orders.values():
        found += _acts_on(world, order, choice)
    found.append(lambda: world.move(PRICES[some[1] % len(PRICES)]))
    found.append(lambda: world.pass_time(PAUSES[choice % len(PAUSES)]))
    if world.position.state is not State.NEW:
        found.append(lambda: world.tell(_whim(choice)))
    return found


def _acts_on(world: World, order: VenueOrder, choice: int) -> list[Callable[[], None]]:
    found: list[Callable[[], None]] = []
    if order.told is None or not order.told.is_terminal:
        found.append(lambda: world.report(order))
        found.append(lambda: world.lose(order))
    elif choice % 7 == 0:
        found.append(lambda: world.report(order))
    part = order.request.quantity * (1 + choice % 9) * Decimal("0.1")
    if order.status is OrderStatus.SUBMITTED:
        found.append(lambda: world.accept(order))
        reason = REFUSALS[choice % len(REFUSALS)]
        if choice % 4 == 0:
            found.append(lambda: world.end(order, OrderStatus.REJECTED, reason))
    if order.is_live:
        if order.request.type is not OrderType.STOP or order.stop is StopStatus.TRIGGERED:
            found.append(lambda: world.fill(order, part))
            found.append(lambda: world.fill(order, order.remaining))
        if order.stop is StopStatus.WORKING:
            found.append(lambda: world.trigger(order))
        if order.cancel_asked or choice % 3 == 0:
            found.append(lambda: world.end(order, OrderStatus.CANCELED, None))
    is_late = order.is_over and order.remaining and order.request.side is Side.BUY
    if is_late and order.status is not OrderStatus.REJECTED and choice % 5 == 0:
        found.append(lambda: _fill_late(world, order, part))
    return found


def _fill_late(world: World, order: VenueOrder, part: Decimal) -> None:
    """A canceled entry filled after all; the router tells it as soon as it is known."""
    if world.position.state is not State.CLOSED:
        world.fill(order, part)
        world.report(order)


def _whim(choice: int) -> PositionMessage:
    """What operators and the market's state may say at any time."""
    whims: tuple[PositionMessage, ...] = (
        Wake(),
        MarketFreshness(fresh=False),
        MarketFreshness(fresh=True),
        VenueReachability(reachable=False),
        VenueReachability(reachable=True),
        StopEntering(),
        ClosePosition(cause=CloseCause.BY_HAND, reason="a whim"),
        SwitchProtection(to_stop_loss=choice % 2 == 0, reason="a whim"),
        ChangeProtection(stop_loss_ratio=Decimal("0.015"), reason="a whim"),
        ChangeProtection(take_profit_ratio=Decimal("0.04"), reason="a whim"),
        TriggerFired(
            generation=choice % 3,
            levels=(LevelName.STOP_LOSS,),
            quote=Quote(symbol=SYMBOL, at=Timestamp(0), bid=97.0, ask=97.0, last=97.0),
        ),
    )
    return whims[choice % len(whims)]
