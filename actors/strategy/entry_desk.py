"""From a market seen to a position asked for: the strategy's advice, the guards, and failures.

Owns what waits to be shown to the strategy, which call is under way and its deadline, which symbols
are busy, and the last verdict per symbol. The strategy's code runs elsewhere: ``consult`` asks it
and returns the answer, or None where it comes later as ``Advised``.

One call is under way at a time; meanwhile the newest market of each symbol waits. A strategy that
fails is alarmed and left alone for a while that doubles with each failure; one that hangs is given
up for a new one, a few times.
"""

from collections import deque
from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

import msgspec

from actors.strategy.guards import GuardVerdict, Setting, expected_slippage, judge
from actors.strategy.port import StrategyError, plan_of
from config.settings import GuardSettings
from messages.addresses import OBSERVERS, POSITIONS
from messages.base import Address, Message, Symbol, Timestamp
from messages.envelope import Wake
from messages.market import Candle, Capabilities
from messages.money import from_float
from messages.observers import Alarm, AlarmKind, EntryRefused
from messages.plan import Plan
from messages.positions import OpenPosition
from messages.strategy import (
    Advised,
    Consult,
    Enter,
    EntryEnded,
    MarketSeen,
    MarketView,
    ReadVerdict,
    StrategyLost,
    StrategyStarted,
    SymbolBusy,
    Verdict,
)

DEADLINE = "deadline"
"""The key of the one timer."""

_FILLS_KEPT = 20
_RATIO_STEP = Decimal("0.000001")

SendMessage = Callable[[Address, Message], None]
SetTimer = Callable[[str, Timestamp | None], None]


class Orders(NamedTuple):
    """What a strategy's wishes are filled up with."""

    name: str
    """Of the strategy, for people."""
    plan: Plan
    budget: Decimal
    guards: GuardSettings
    venue: Capabilities
    """What the exchange can do: a plan that needs more is refused."""


class Ways(NamedTuple):
    """The ways out of the desk."""

    send: SendMessage
    set_timer: SetTimer
    consult: Callable[[Consult], Advised | None]
    give_up: Callable[[], None]
    """Put a new strategy in the place of one that hangs."""
    is_hosted: bool = False
    """It has a process of its own, which can be ended; then ``StrategyStarted`` tells of the new
    one. A thread can't be ended: a new one is there at once, but not any number of times."""


class _Call(NamedTuple):
    number: int
    view: MarketView
    deadline: Timestamp


class _SymbolState:
    """What is remembered of one symbol."""

    __slots__ = ("candle", "ended_at", "fills", "is_busy", "verdict")

    def __init__(self) -> None:
        self.is_busy = False
        self.ended_at: Timestamp | None = None
        self.candle: Candle | None = None
        self.fills: deque[float] = deque(maxlen=_FILLS_KEPT)
        self.verdict: Verdict | None = None

    @property
    def fill_rate(self) -> float | None:
        return sum(self.fills) / len(self.fills) if self.fills else None


class Desk:
    """Shows markets to the strategy and makes positions of its wishes."""

    def __init__(self, orders: Orders, ways: Ways) -> None:
        """Begin with nothing under way."""
        self._orders = orders
        self._ways = ways
        self._symbols: dict[Symbol, _SymbolState] = {}
        self._waiting: dict[Symbol, MarketSeen] = {}
        self._call: _Call | None = None
        self._calls = 0
        self._failures = 0
        """In a row."""
        self._hangs = 0
        self._paused_until = Timestamp(0)
        self._is_up = True
        self._is_lost = False
        """For good, unless a person starts it again."""

    def handle(self, message: Message, now: Timestamp) -> object:
        """Handle any message; the return value answers an ask. Raises ``TypeError``."""
        match message:
            case MarketSeen():
                self._see(message, now)
            case SymbolBusy():
                self._mark(message, now)
            case EntryEnded():
                self._symbol(message.symbol).fills.append(message.filled_ratio)
            case Advised():
                self._hear(message, now)
            case StrategyLost():
                self._lose(message, now)
            case StrategyStarted():
                self._is_up, self._is_lost = True, False
            case Wake():
                self._look_at_deadline(now)
            case ReadVerdict():
                return self._symbol(message.symbol).verdict
            case _:
                raise TypeError(f"the strategy does not handle {type(message).__name__}")
        return None

    def _symbol(self, symbol: Symbol) -> _SymbolState:
        state = self._symbols.get(symbol)
        if state is None:
            state = self._symbols[symbol] = _SymbolState()
        return state

    def _see(self, seen: MarketSeen, now: Timestamp) -> None:
        symbol = seen.quote.symbol
        if seen.candle is not None:
            self._symbol(symbol).candle = seen.candle
        if self._is_off or not self._is_up or now < self._paused_until:
            return
        waiting = self._waiting.get(symbol)
        if waiting is not None and seen.candle is None:
            # A candle that closed is not to be missed for a quote that came after it.
            seen = msgspec.structs.replace(seen, candle=waiting.candle)
        self._waiting[symbol] = seen
        self._consult_next(now)

    def _mark(self, message: SymbolBusy, now: Timestamp) -> None:
        state = self._symbol(message.symbol)
        if state.is_busy and not message.busy:
            state.ended_at = now
        state.is_busy = message.busy

    def _consult_next(self, now: Timestamp) -> None:
        """Show the strategy what waits, the longest waiting first, until a call is under way."""
        while self._waiting and self._call is None:
            symbol = next(iter(self._waiting))
            view = self._view(self._waiting.pop(symbol), now)
            self._calls += 1
            advised = self._ways.consult(Consult(number=self._calls, view=view))
            if advised is None:
                deadline = Timestamp(now + self._orders.guards.deadline_ms)
                self._call = _Call(self._calls, view, deadline)
                self._ways.set_timer(DEADLINE, deadline)
            else:
                self._judge(view, advised, now)

    def _view(self, seen: MarketSeen, now: Timestamp) -> MarketView:
        state = self._symbol(seen.quote.symbol)
        return MarketView(
            now=now,
            quote=seen.quote,
            candle=seen.candle,
            atr=seen.atr,
            is_busy=state.is_busy,
            ended_at=state.ended_at,
        )

    def _hear(self, advised: Advised, now: Timestamp) -> None:
        call = self._call
        if call is None or call.number != advised.number:
            return  # given up meanwhile
        self._call = None
        self._ways.set_timer(DEADLINE, None)
        self._judge(call.view, advised, now)
        self._consult_next(now)

    def _look_at_deadline(self, now: Timestamp) -> None:
        if self._call is None or now < self._call.deadline:
            return
        symbol, self._call = self._call.view.symbol, None
        if self._ways.is_hosted:
            self._is_up = False
        else:
            self._hangs += 1
        self._fail(symbol, f"no answer within {self._orders.guards.deadline_ms / 1000:g} s", now)
        if not self._is_off:
            self._ways.give_up()

    def _lose(self, message: StrategyLost, now: Timestamp) -> None:
        """Let go of the call under way: its process has ended."""
        call, self._call = self._call, None
        self._ways.set_timer(DEADLINE, None)
        self._is_up, self._is_lost = False, message.is_final
        self._waiting.clear()
        if message.error is not None:
            self._fail(None if call is None else call.view.symbol, message.error, now)

    @property
    def _is_off(self) -> bool:
        return self._is_lost or self._hangs >= self._orders.guards.hangs_max

    def _judge(self, view: MarketView, advised: Advised, now: Timestamp) -> None:
        """Make a position of the advice, if that is what it is and the guards let it pass."""
        error, enter, plan = advised.error, advised.enter, self._orders.plan
        deadline_ms = self._orders.guards.deadline_ms
        if error is None and advised.took_ms > deadline_ms:
            error = f"took {advised.took_ms / 1000:.3g} s of {deadline_ms / 1000:g} s"
        if error is None and enter is not None:
            try:
                plan = plan_of(enter, plan, self._orders.venue)
            except StrategyError as failure:
                error = str(failure)
        if error is not None:
            self._fail(view.symbol, error, now)
            return
        self._failures = 0
        if enter is not None:
            self._enter(view, enter, plan, now)

    def _enter(self, view: MarketView, enter: Enter, plan: Plan, now: Timestamp) -> None:
        state = self._symbol(view.symbol)
        budget = self._orders.budget if enter.budget is None else enter.budget
        setting = Setting(view.quote, state.candle, view.atr, float(budget), state.fill_rate)
        verdict = judge(self._orders.guards, setting)
        state.verdict = Verdict(
            symbol=view.symbol,
            at=now,
            passed=verdict.passed,
            guard=verdict.guard,
            text=f"{enter.reason}; {verdict.text}",
        )
        if verdict.passed:
            self._open(view, budget, _with_slippage(plan, setting), state.verdict.text)
        else:
            self._refuse(view, verdict)

    def _open(self, view: MarketView, budget: Decimal, plan: Plan, decision: str) -> None:
        self._ways.send(
            POSITIONS,
            OpenPosition(
                symbol=view.symbol,
                budget=budget,
                plan=plan,
                quote=view.quote,
                atr=view.atr,
                decision=decision,
            ),
        )

    def _refuse(self, view: MarketView, verdict: GuardVerdict) -> None:
        self._ways.send(
            OBSERVERS,
            EntryRefused(
                symbol=view.symbol, guard=verdict.guard, text=verdict.text, quote=view.quote
            ),
        )

    def _fail(self, symbol: Symbol | None, error: str, now: Timestamp) -> None:
        """Alarm, and leave the strategy alone for a while. None: it was not being asked."""
        self._failures += 1
        guards = self._orders.guards
        pause_ms = guards.failure_pause_ms * 2 ** min(self._failures - 1, 20)
        pause_ms = min(pause_ms, guards.failure_pause_max_ms)
        self._paused_until = Timestamp(now + pause_ms)
        self._waiting.clear()
        asked = "" if symbol is None else f" on {symbol}"
        then = "it is not asked again" if self._is_off else f"retrying in {pause_ms / 1000:g} s"
        text = f"strategy {self._orders.name}{asked}: {error}; {then};"
        text = f"{text} open positions are not affected"
        alarm = Alarm(kind=AlarmKind.STRATEGY_FAILED, text=text, symbol=symbol)
        self._ways.send(OBSERVERS, alarm)


def _with_slippage(plan: Plan, setting: Setting) -> Plan:
    """Return the plan with the expected slippage kept aside, where that is more than planned."""
    expected = from_float(expected_slippage(setting.quote, setting.budget), _RATIO_STEP)
    if expected <= plan.slippage_ratio:
        return plan
    return msgspec.structs.replace(plan, slippage_ratio=expected)
