"""What is traded over the wire, under which plan, and what goes wrong meanwhile."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

from config.loading import load
from config.settings import Settings, VolumeIn
from exchange.recordings.reader import open_recording, read_candles
from exchange.server.wire import Call
from exchange.server.wire_faults import WireFault, WireFaultKind
from messages.base import Currency, Symbol
from messages.market import FeeCurrency, MarketRules
from messages.money import Money
from verification.sources import ROOT

SYMBOL = Symbol("BTC/USDT")
RECORDING = ROOT / "tests" / "data" / "BTC-USDT-1m.csv"
LIVELY = 1284
"""From this minute on it goes up and down again and again."""
BALANCES = (Money(Currency("USDT"), Decimal(10_000)), Money(Currency("BNB"), Decimal(10)))
"""No coin that is not bought: what is sold twice is refused, or missing in the end."""
OFTEN = (
    "drop.budget=1000",
    "portfolio.cooldown_seconds=0",
    "portfolio.compare_balances_seconds=none",
    "plan.take_profit_ratio=0.2%",
    "plan.stop_loss_ratio=0.2%",
    "plan.exit_retry_seconds=0.1",
    "plan.unknown_exit_seconds=30",
    "router.retry_backoff_seconds=0.05",
    "router.unknown_lookup_interval_seconds=0.1",
    "router.unknown_settle_seconds=0.3",
    "router.answer_timeout_seconds=2",
    "market_data.held_poll_seconds=0.4",
    "market_data.poll_seconds=0.4",
)
"""Many trades from few minutes, and no waits that only slow networks need."""
SWITCHING = (
    "plan.protection_mode=switching",
    "plan.switching.to_stop_loss_ratio=-0.06%",
    "plan.switching.to_take_profit_ratio=-0.02%",
    "plan.switching.minimum_interval_seconds=0",
)
SYNTHETIC = (
    "plan.protection_mode=synthetic",
    "plan.on_stop=leave",
    "live.allow_process_stop=true",
)
"""Where the exchange takes no native stop, real money asks for both."""


class Scene(NamedTuple):
    """One way to trade."""

    name: str
    dialect: str
    fee_currency: FeeCurrency
    plan: tuple[str, ...]
    depth: float | None = None
    """Base at each level of the book; None: without limit."""

    def __str__(self) -> str:
        return f"{self.dialect} {self.name}"

    @property
    def is_crowd(self) -> bool:
        """Whether positions live beside each other, in a book too thin for one price."""
        return self.depth is not None

    @property
    def overrides(self) -> tuple[str, ...]:
        return (f'drop.symbols=["{SYMBOL}"]', *OFTEN, *self.plan)

    @property
    def settings(self) -> Settings:
        return load(None, list(self.overrides))

    @property
    def rules(self) -> MarketRules:
        return MarketRules(
            symbol=SYMBOL,
            tick_size=Decimal("0.01"),
            step_size=Decimal("0.00001"),
            min_quantity=Decimal("0.00001"),
            min_notional=Decimal(5),
            maker_fee_ratio=Decimal("0.001"),
            taker_fee_ratio=Decimal("0.002"),
            fee_currency=self.fee_currency,
            fee_third_currency=Currency("BNB"),
            fee_third_rate=Decimal(300),
        )


CROWD = ("plan.protection_mode=oco", "portfolio.positions_per_symbol=3")
SCENES = (
    Scene("oco", "binance", FeeCurrency.RECEIVED, ("plan.protection_mode=oco",)),
    Scene("stop_rests", "binance", FeeCurrency.THIRD, ("plan.protection_mode=stop_rests",)),
    Scene("switching", "binance", FeeCurrency.RECEIVED, SWITCHING),
    Scene("synthetic", "mexc", FeeCurrency.QUOTE, SYNTHETIC),
    Scene("crowd in a thin book", "binance", FeeCurrency.RECEIVED, CROWD, depth=0.02),
)


def prices(recording: Path, skip: int, minutes: int) -> Iterator[float]:
    """Yield what a recording walks through: open, low, high, close; each price once in a row."""
    candles = islice(read_candles(open_recording(recording), VolumeIn.BASE), skip, skip + minutes)
    before = None
    for price in chain.from_iterable((c.open, c.low, c.high, c.close) for c in candles):
        if price != before:
            yield price
        before = price


def faults(dialect: str) -> tuple[WireFault, ...]:
    """Return a plan in which everything that the wire can do wrong happens."""
    kind = WireFaultKind
    unsure = (kind.STALL, kind.RESET, kind.TRUNCATED, kind.BAD_GATEWAY, kind.UNKNOWN_OUTCOME)
    of_requests = [
        *((one, acted) for one in unsure for acted in (True, False)),
        (kind.TOO_MANY_REQUESTS, False),
        (kind.UNAVAILABLE, False),
    ]
    of_events = (kind.LOST, kind.DUPLICATED, kind.REORDERED, kind.DROPPED, kind.HALF_OPEN)
    plan = [
        WireFault(on=Call.SUBMIT, kind=one, acted=acted, nth=2 + 2 * place)
        for place, (one, acted) in enumerate(of_requests)
    ]
    for call, apart in ((Call.CANCEL, 1), (Call.LOOK_UP, 2)):
        plan += [
            WireFault(on=call, kind=one, acted=acted, nth=1 + apart * place)
            for place, (one, acted) in enumerate(of_requests)
        ]
    events = (Call.ORDER_EVENT,) if dialect == "binance" else (Call.ORDER_EVENT, Call.TRADE_EVENT)
    for call in (*events, Call.QUOTE_EVENT):
        plan += [
            WireFault(on=call, kind=one, nth=3 + 4 * place) for place, one in enumerate(of_events)
        ]
    return tuple(plan)
