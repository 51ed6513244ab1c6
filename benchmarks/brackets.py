"""N long positions between a take profit and a stop loss, and a price that walks by single steps.

Owns the workload of a bracket benchmark: prices are counted in steps, rank r's prices lie
``DISTANCE_STEPS`` × r away from the middle, and a position that ended is opened again at its rank's
distance, so that N stays. Measures nothing.
"""

import random
from collections.abc import Iterable
from decimal import Decimal

from actors.journal.actor import DurableJournal
from actors.journal.port import Record
from actors.runtime.dispatcher import Dispatcher
from actors.strategy.actor import StrategySource
from benchmarks.stage import Connect, NoStrategy, Stage, paper_exchange
from config.settings import MarketDataSettings
from messages.addresses import POSITIONS
from messages.base import Milliseconds, PositionId, Symbol, Timestamp
from messages.gateway import MarketMoved
from messages.market import MarketRules, Quote
from messages.money import divide_down
from messages.plan import Plan, ProtectionMode
from messages.positions import OpenPosition, PositionEnded

SYMBOL = Symbol("BTC/USDT")
STEP = Decimal("0.1")
START_STEPS = 600_000
"""60,000.0 USDT."""
FAR_START_STEPS = 10 * START_STEPS
"""Where so many positions stand that the lowest stop would lie under zero."""
DISTANCE_STEPS = 18
SEED = 7
TICK_MS = 1
STALE_TICKS = 10_000
"""After so many without a quote, the last one covers nothing any more."""
QUANTITY = Decimal("0.001")
RULES = MarketRules(
    symbol=SYMBOL,
    tick_size=STEP,
    step_size=QUANTITY,
    min_quantity=QUANTITY,
    min_notional=Decimal(5),
    maker_fee_ratio=Decimal("0.0002"),
    taker_fee_ratio=Decimal("0.0005"),
)
_SMALL_RATIO = Decimal("1e-15")
_RESERVE = Decimal("1.01")
"""More than fee and slippage, less than another step of quantity."""


class Brackets:
    """Keeps ``count`` positions protected on a stage of their own."""

    def __init__(
        self,
        count: int,
        *,
        mode: ProtectionMode = ProtectionMode.TRIGGERS,
        connect: Connect = paper_exchange,
        dispatcher: Dispatcher | None = None,
        durable: DurableJournal | None = None,
        tick_ms: int = TICK_MS,
        make_strategy: StrategySource = NoStrategy,
    ) -> None:
        """Open them all, the nearest first. ``tick_ms`` is the time between two ticks."""
        self.count = count
        self.exits = 0
        self.stage = Stage(
            RULES,
            connect=connect,
            dispatcher=dispatcher,
            durable=durable,
            make_strategy=make_strategy,
            market_data=MarketDataSettings(stale_ms=Milliseconds(STALE_TICKS * tick_ms)),
        )
        self._tick_ms = tick_ms
        self._mode = mode
        is_near = DISTANCE_STEPS * count < START_STEPS
        start = START_STEPS if is_near else FAR_START_STEPS
        self._moved = _moved_to(start, Timestamp(self.stage.clock.now() + tick_ms))
        self._opened = 0
        self._ranks: dict[PositionId, int] = {}
        self._random = random.Random(SEED)  # noqa: S311 - a walk that can be repeated
        self.stage.system.observe(self._reopen)
        self.play(self._moved)
        for rank in range(1, count + 1):
            self._open(rank)
            self.stage.settle()

    def walk(self, ticks: int) -> list[MarketMoved]:
        """Return the next ticks, each a step up or down."""
        middle, at = _middle_of(self._moved), self._moved.at
        moves = []
        for _ in range(ticks):
            middle += self._random.choice((1, -1))
            at = Timestamp(at + self._tick_ms)
            moves.append(_moved_to(middle, at))
        return moves

    def rocking(self, ticks: int) -> list[MarketMoved]:
        """Return ticks a step up and back in turn: after the first two they touch nothing."""
        middle, at = _middle_of(self._moved), self._moved.at
        return [
            _moved_to(middle + n % 2, Timestamp(at + n * self._tick_ms))
            for n in range(1, ticks + 1)
        ]

    def jumps(self, ticks: int) -> list[MarketMoved]:
        """Return ticks up and down in turn, each far enough to end the nearest position."""
        middle, at = _middle_of(self._moved), self._moved.at
        far = DISTANCE_STEPS + 2
        places = (middle + far, middle)
        return [
            _moved_to(places[n % 2], Timestamp(at + (n + 1) * self._tick_ms)) for n in range(ticks)
        ]

    def play(self, moved: MarketMoved) -> None:
        """Let a tick happen, and all that comes of it."""
        self._moved = moved
        self.stage.play(moved)

    def play_all(self, moves: Iterable[MarketMoved]) -> None:
        """Let ticks happen, one after the other."""
        for moved in moves:
            self.play(moved)

    def check(self) -> None:
        """Raise ``AssertionError`` unless as many are open as there should be."""
        described = self.stage.accounts()
        if described.open_positions != self.count or described.trades != self.exits:
            raise AssertionError(f"{described}: not {self.count} open after {self.exits} exits")

    def _open(self, rank: int) -> None:
        moved, entry = self._moved, (_middle_of(self._moved) + 1) * STEP
        distance = rank * DISTANCE_STEPS
        self._opened += 1
        self._ranks[PositionId(f"p{self._opened}")] = rank
        opened = OpenPosition(
            symbol=SYMBOL,
            budget=entry * QUANTITY * _RESERVE,
            plan=self._plan(entry, above=distance - 1, below=distance + 1),
            quote=Quote(symbol=SYMBOL, at=moved.at, bid=moved.bid, ask=moved.ask, last=moved.last),
            decision="the next bracket",
        )
        self.stage.system.tell(POSITIONS, opened)

    def _plan(self, entry: Decimal, *, above: int, below: int) -> Plan:
        """Return a plan whose prices, rounded to the step, lie so many steps from the entry."""
        return Plan(
            protection_mode=self._mode,
            take_profit_ratio=divide_down(above * STEP, entry, _SMALL_RATIO),
            stop_loss_ratio=divide_down(below * STEP, entry, _SMALL_RATIO),
        )

    def _reopen(self, record: Record) -> None:
        message = record.message
        if isinstance(message, PositionEnded):
            self.exits += 1
            self._open(self._ranks.pop(message.position_id))


def _moved_to(middle: int, at: Timestamp) -> MarketMoved:
    bid, ask = (middle - 1) / 10, (middle + 1) / 10
    return MarketMoved(symbol=SYMBOL, at=at, bid=bid, ask=ask, last=middle / 10)


def _middle_of(moved: MarketMoved) -> int:
    return round(moved.last * 10)
