"""A life of a position, told by ccxt's structures: readers, book of fills, router and position.

The test says what becomes of each structure on its way in. The venue behind it does what was asked,
exactly; its books are what the position's must come to.
"""

from collections import deque
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from actors.order_router.core import step as route
from actors.order_router.order import RoutedOrder, wake_at
from actors.order_router.order_store import Orders
from actors.position.core import step as move
from actors.position.inputs import PositionMessage
from actors.position.position import Charter, Life, Position
from actors.position.states import State
from config.settings import RouterSettings
from exchange.live.order import LiveOrder, facts_of, hear
from exchange.live.parsing import read_leg, read_trade
from messages.addresses import GATEWAY, MARKET_DATA, OBSERVERS, ORDER_ROUTER, PORTFOLIO
from messages.base import ClientOrderId, Message, Timestamp
from messages.border import BadValueError
from messages.envelope import Send, Step, Wake
from messages.gateway import CancelAtVenue, LookUpOrder, SubmitOrder
from messages.market import FeeCurrency
from messages.market_data import ArmTriggers, RequestQuote
from messages.money import ZERO
from messages.observers import Alarm
from messages.order_router import LookUpFailed, OrderReported
from messages.orders import FillSource, OrderRequest, OrderType, Side
from messages.portfolio import BookPosition, RequestBalance, ReserveBudget
from messages.position import (
    BalanceAnswered,
    Begin,
    BudgetGranted,
    CloseCause,
    ClosePosition,
    OrderUpdated,
    QuoteAnswered,
    TriggersArmed,
)
from tests.actors.position.stage import ALL_ABLE, P1, PLAN, RULES, SYMBOL, quote

START = Timestamp(1_700_000_000_000)
FEE = Decimal("0.001")
PRICE = Decimal(100)
Raw = dict[str, Any]
Mangle = Callable[[str, Raw], Any]
"""What becomes of a structure, by its kind (``order``, ``fill``), on its way in."""


def as_it_is(_: str, raw: Raw) -> Raw:
    return raw


class VenueOrder:
    """One order as the venue has it: a market order fills at once, another works."""

    def __init__(self, request: OrderRequest, number: int) -> None:
        self.request = request
        self.number = number
        self.is_canceled = False
        self.filled = request.quantity if request.type is OrderType.MARKET else ZERO

    def raw(self) -> Raw:
        """Return it as ccxt's unified structure has it, with every field."""
        request, filled = self.request, self.filled
        is_over = self.is_canceled or filled == request.quantity
        status = ("canceled" if self.is_canceled else "closed") if is_over else "open"
        return {
            "id": str(self.number), "clientOrderId": request.client_order_id, "symbol": SYMBOL,
            "timestamp": START + self.number, "datetime": None, "lastTradeTimestamp": None,
            "lastUpdateTimestamp": START + self.number, "type": str(request.type),
            "timeInForce": "GTC", "postOnly": False, "reduceOnly": None, "side": str(request.side),
            "price": 100.0, "triggerPrice": None, "stopPrice": None, "takeProfitPrice": None,
            "stopLossPrice": None, "amount": float(request.quantity), "filled": float(filled),
            "remaining": float(request.quantity - filled), "cost": float(filled * PRICE),
            "average": 100.0 if filled else None, "status": status, "fee": None, "fees": [],
            "trades": [], "info": {},
        }  # fmt: skip

    def fills(self) -> list[Raw]:
        """Return its fills as ccxt's unified structure has them."""
        if not self.filled:
            return []
        request = self.request
        is_buy = request.side is Side.BUY
        cost = self.filled * FEE * (1 if is_buy else PRICE)
        fee = {"currency": "BTC" if is_buy else "USDT", "cost": float(cost), "rate": None}
        return [{
            "id": f"t{self.number}", "order": str(self.number), "symbol": SYMBOL,
            "timestamp": START + self.number, "datetime": None, "type": str(request.type),
            "side": str(request.side), "takerOrMaker": "taker", "price": 100.0,
            "amount": float(self.filled), "cost": float(self.filled * PRICE), "fee": fee,
            "fees": [fee], "info": {},
        }]  # fmt: skip


class LifeOfStructures:
    """One position, its router and its venue; ``mangle`` is what comes between."""

    def __init__(self, mangle: Mangle = as_it_is) -> None:
        self.mangle = mangle
        self.refused: list[BadValueError] = []
        self.alarms: list[Alarm] = []
        self.booked: list[BookPosition] = []
        self.bought: list[OrderRequest] = []
        """Every buy that was ever placed."""
        self.venue: dict[ClientOrderId, VenueOrder] = {}
        self.now = START
        self.is_endless = False
        """It asked more than 2,000 times in a row: a venue may say that each order filled a crumb.
        """
        self._known: dict[ClientOrderId, LiveOrder] = {}
        self._orders = Orders()
        self._settings = RouterSettings()
        self._life: Life | None = None
        self._mail: deque[Send] = deque()
        rules = replace(RULES, fee_currency=FeeCurrency.RECEIVED)
        begin = Begin(
            position_id=P1, symbol=SYMBOL, budget=Decimal(1000), plan=PLAN, rules=rules,
            capabilities=ALL_ABLE, quote=quote(100.0, START), order_prefix="h0e1p1",
            decision="a test",
        )  # fmt: skip
        self._to_position(begin)
        self.settle()

    @property
    def position(self) -> Position:
        assert self._life is not None
        return self._life.position

    @property
    def held(self) -> Decimal:
        assert self._life is not None
        return self._life.held

    def close(self) -> None:
        """A person closes it."""
        self._to_position(ClosePosition(cause=CloseCause.BY_HAND, reason="a test"))
        self.settle()

    def stream(self) -> None:
        """Let the streams tell of every order, and of every fill."""
        for order_id, order in list(self.venue.items()):
            self._report(order_id, self._heard(order, FillSource.STREAM))
        self.settle()

    def wait(self, milliseconds: int) -> None:
        """Let time pass; each deadline on the way is kept."""
        end = self.now + milliseconds
        for _ in range(2_000):
            due = self._next()
            if due is None or due[0] > end:
                break
            self.now = max(self.now, due[0])
            if due[1] is None:
                self._to_position(Wake())
            else:
                self._route(Wake(key=due[1]))
            self.settle()
        else:
            self.is_endless = True
        self.now = Timestamp(end)

    def settle(self) -> None:
        """Deliver everything that was sent."""
        for _ in range(2_000):
            if not self._mail:
                return
            sent = self._mail.popleft()
            self._deliver(sent.to, sent.message)
        self.is_endless = True
        self._mail.clear()

    # The parts.

    def _next(self) -> tuple[Timestamp, ClientOrderId | None] | None:
        due: list[tuple[Timestamp, ClientOrderId | None]] = [
            (at, order_id)
            for order_id, order in self._orders.by_id.items()
            if (at := wake_at(order)) is not None
        ]
        if self.position.wakes_at is not None:
            due.append((self.position.wakes_at, None))
        return min(due, key=lambda one: one[0], default=None)

    def _deliver(self, to: str, message: Message) -> None:  # noqa: C901 - one case an address
        if to == ORDER_ROUTER:
            self._route(message)
        elif to == GATEWAY:
            self._ask(message)
        elif to == OBSERVERS and isinstance(message, Alarm):
            self.alarms.append(message)
        elif to == MARKET_DATA and isinstance(message, ArmTriggers):
            self._to_position(TriggersArmed(generation=message.generation, fresh=True))
        elif to == MARKET_DATA and isinstance(message, RequestQuote):
            self._to_position(QuoteAnswered(quote=quote(100.0, self.now)))
        elif to == PORTFOLIO and isinstance(message, ReserveBudget):
            self._to_position(BudgetGranted(budget=message.budget))
        elif to == PORTFOLIO and isinstance(message, RequestBalance):
            self._to_position(BalanceAnswered(currency=message.currency, free=self._free()))
        elif to == PORTFOLIO and isinstance(message, BookPosition):
            self.booked.append(message)
        elif to.startswith("position/"):
            assert isinstance(message, OrderUpdated) or self.position.state is State.CLOSED
            if isinstance(message, OrderUpdated):
                self._to_position(message)

    def _free(self) -> Decimal:
        free = ZERO
        for order in self.venue.values():
            is_buy = order.request.side is Side.BUY
            free += order.filled * (1 - FEE) if is_buy else -order.filled
        return free

    def _to_position(self, message: PositionMessage) -> None:
        done = move(self._life, message, self.now)
        charter = next((c for c in done.changes if isinstance(c, Charter)), None)
        position = next((c for c in done.changes if isinstance(c, Position)), None)
        if position is not None:
            was = self._life
            self._life = Life(charter or was.charter, position)  # type: ignore[union-attr]
        self._mail += done.outbox

    def _route(self, message: Message) -> None:
        done: Step = route(self._orders, self._settings, message, self.now)
        for change in done.changes:
            if isinstance(change, RoutedOrder):
                assert change.facts.cost.is_finite()
                assert change.facts.filled.is_finite()
            self._orders.apply(change)
        self._mail += done.outbox

    def _ask(self, message: Message) -> None:
        match message:
            case SubmitOrder():
                request = message.request
                order_id = request.client_order_id
                if request.side is Side.BUY:
                    self.bought.append(request)
                self.venue[order_id] = VenueOrder(request, len(self.venue) + 1)
                self._known[order_id] = LiveOrder(
                    client_order_id=order_id, symbol=SYMBOL, request=request
                )
            case CancelAtVenue():
                order = self.venue[message.client_order_id]
                order.is_canceled = order.is_canceled or order.filled < order.request.quantity
                order_id = message.client_order_id
            case LookUpOrder():
                order_id = message.client_order_id
            case _:
                raise AssertionError(f"nobody asks {message} here")
        known = self._heard(self.venue[order_id], FillSource.LIST)
        if known is None and isinstance(message, LookUpOrder):
            self._route(LookUpFailed(client_order_id=order_id, text="not understood"))
        else:
            self._report(order_id, known or self._known[order_id])

    def _heard(self, order: VenueOrder, source: FillSource) -> LiveOrder | None:
        """Take in what the venue says of an order; None: it can't be understood."""
        order_id = order.request.client_order_id
        legs, fills = [], []
        try:
            legs = [read_leg(self.mangle("order", order.raw()), self.refused.append)]
        except BadValueError as error:
            self.refused.append(error)
        for raw in order.fills():
            try:
                trade = self.mangle("fill", raw)
                fills.append(read_trade(trade, order_id, self.refused.append, source))
            except BadValueError as error:
                self.refused.append(error)
        if not legs and not fills:
            return None
        self._known[order_id] = hear(self._known[order_id], legs, fills)
        return self._known[order_id]

    def _report(self, order_id: ClientOrderId, known: LiveOrder | None) -> None:
        if known is not None and (known.legs or known.trades):
            self._route(OrderReported(facts=facts_of(known)))
        del order_id
