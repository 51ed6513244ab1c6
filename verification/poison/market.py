"""The markets, the venue and the strategy that scripts are played with."""

from decimal import Decimal

from msgspec.structs import replace

from config.settings import ReconcilerSettings, Settings
from exchange.fault_plan import Fault, FaultPlan
from exchange.faults import FaultyExchange
from exchange.port import Sink
from messages.base import Currency, Milliseconds, Symbol, Timestamp
from messages.gateway import CancelAtVenue, SubmitOrder
from messages.market import Capabilities, FeeCurrency
from messages.money import Money
from messages.orders import OrderRequest
from messages.plan import Plan
from messages.strategy import Enter, MarketView
from verification.simulation.plans import SYMBOL, rules

BTC, ETH, USDT = Currency("BTC"), Currency("ETH"), Currency("USDT")
BTC_USDT, ETH_USDT = SYMBOL, Symbol("ETH/USDT")
SYMBOLS = (BTC_USDT, ETH_USDT)
CAPITAL = Decimal(10_000)
BUDGET = Decimal(1_000)
LATENCY_MS = Milliseconds(20)

ALL_ABLE = Capabilities(native_stop=True, native_stop_limit=True, oco=True, post_only=True)
PLAN = Plan(take_profit_ratio=Decimal("0.03"), stop_loss_ratio=Decimal("0.02"))
LOOKS = ReconcilerSettings(look_ms=Milliseconds(8_000))
"""Some in each script."""
SETTINGS = Settings(capital={USDT: CAPITAL}, plan=PLAN, reconciler=LOOKS)
MARKETS = (
    rules(FeeCurrency.RECEIVED),
    replace(rules(FeeCurrency.QUOTE), symbol=ETH_USDT),
)


class EnterOnce:
    """A strategy that wishes for one position, on the first closed candle of the hero's market."""

    def __init__(self) -> None:
        self.has_entered = False

    def on_market(self, market: MarketView) -> Enter | None:
        if self.has_entered or market.symbol != BTC_USDT:
            return None
        self.has_entered = True
        return Enter(reason="the first candle", budget=BUDGET)


class Venue(FaultyExchange):
    """A venue that remembers what it was asked."""

    def __init__(self, emit: Sink, faults: tuple[Fault, ...], capabilities: Capabilities) -> None:
        super().__init__(
            emit,
            MARKETS,
            [Money(USDT, CAPITAL)],
            FaultPlan(faults),
            capabilities=capabilities,
            latency_ms=LATENCY_MS,
        )
        self.placed: list[OrderRequest] = []
        self.cancels = 0

    def submit(self, order: SubmitOrder, now: Timestamp) -> None:
        self.placed.append(order.request)
        super().submit(order, now)

    def cancel(self, order: CancelAtVenue, now: Timestamp) -> None:
        self.cancels += 1
        super().cancel(order, now)
