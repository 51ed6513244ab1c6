"""The strategy as actors: called directly, and on a thread of its own."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from actors.journal.memory import MemoryJournal
from actors.runtime.clock import VirtualClock
from actors.runtime.dispatcher import Dispatcher, ProductionDispatcher
from actors.runtime.simulated import SimulatedDispatcher
from actors.runtime.supervision import RestartPolicy
from actors.runtime.system import System
from actors.strategy.actor import spawn_runner, spawn_strategy, strategy_of
from actors.strategy.drop import DropStrategy
from actors.strategy.port import Strategy, StrategyError
from config.settings import Settings, StrategySettings
from messages.addresses import OBSERVERS, POSITIONS, STRATEGY, STRATEGY_RUNNER
from messages.base import Message, Timestamp
from messages.gateway import FetchBalances
from messages.market import Capabilities
from messages.observers import Alarm, MessageSkipped
from messages.positions import OpenPosition
from messages.strategy import Enter, MarketView, ReadVerdict, Verdict
from tests.actors.listener import Listener
from tests.actors.strategy.markets import SYMBOL, seen

SECONDS = 10.0


class Stage:
    """A system with a strategy, and ears where its messages go."""

    def __init__(
        self, dispatcher: Dispatcher, make: Callable[[], Strategy], *, direct: bool
    ) -> None:
        self.heard: list[Message] = []
        self.clock = VirtualClock()
        self.system = System(dispatcher, self.clock, MemoryJournal())
        for address in (OBSERVERS, POSITIONS):
            self.system.spawn(Listener, address, self.heard)
        if not direct:
            spawn_runner(self.system, make, RestartPolicy())
        spawn_strategy(self.system, Settings(), make, Capabilities(), direct=direct)

    def show(self, number: int, close: float = 100.0) -> None:
        self.system.tell(STRATEGY, seen(number, close))

    def rest(self) -> list[Message]:
        assert self.system.dispatcher.wait_idle(SECONDS)
        return self.heard


@pytest.fixture(params=["direct", "simulated", "threads"])
def staged(request: pytest.FixtureRequest) -> Iterator[Callable[[Callable[[], Strategy]], Stage]]:
    stages: list[Stage] = []

    def stage(make: Callable[[], Strategy]) -> Stage:
        threads = request.param == "threads"
        dispatcher = ProductionDispatcher() if threads else SimulatedDispatcher()
        stages.append(Stage(dispatcher, make, direct=request.param == "direct"))
        return stages[-1]

    yield stage
    for each in stages:
        each.system.shutdown(SECONDS)


Staged = Callable[[Callable[[], Strategy]], Stage]


class Eager:
    """Enters whatever it sees."""

    def on_market(self, market: MarketView) -> Enter | None:
        return Enter(reason=f"{market.symbol} at {market.quote.last:g}")


class Raises:
    """Raises what it is given, then enters."""

    def __init__(self, error: BaseException) -> None:
        self.error: BaseException | None = error

    def on_market(self, market: MarketView) -> Enter | None:
        error, self.error = self.error, None
        if error is not None:
            raise error
        return Eager().on_market(market)


def test_a_wish_reaches_the_positions(staged: Staged) -> None:
    stage = staged(Eager)
    stage.show(1, close=98)
    (opened,) = stage.rest()
    assert isinstance(opened, OpenPosition)
    assert opened.decision.startswith("BTC/USDT at 98;")
    verdict = stage.system.ask(STRATEGY, ReadVerdict(symbol=SYMBOL))
    assert isinstance(verdict, Verdict)
    assert verdict.passed


@pytest.mark.parametrize("error", [ValueError("odd"), SystemExit(3), GeneratorExit()])
def test_whatever_a_strategy_raises_is_alarmed_and_it_is_asked_again_later(
    staged: Staged, error: BaseException
) -> None:
    strategy = Raises(error)
    stage = staged(lambda: strategy)
    stage.show(1)
    (alarm,) = stage.rest()
    assert isinstance(alarm, Alarm)
    assert f"raised {type(error).__name__}" in alarm.text
    stage.clock.advance_to(Timestamp(1_000))
    stage.show(2)
    assert isinstance(stage.rest()[-1], OpenPosition)


def test_a_strategy_whose_constructor_raises_is_alarmed(staged: Staged) -> None:
    def make() -> Strategy:
        raise FileNotFoundError("levels.csv")

    stage = staged(make)
    stage.show(1)
    (alarm,) = stage.rest()
    assert isinstance(alarm, Alarm)
    assert "raised FileNotFoundError: levels.csv" in alarm.text


def test_nonsense_is_alarmed(staged: Staged) -> None:
    class Nonsense:
        def on_market(self, market: MarketView) -> Enter | None:
            return market  # type: ignore[return-value]  # nonsense

    stage = staged(Nonsense)
    stage.show(1)
    (alarm,) = stage.rest()
    assert isinstance(alarm, Alarm)
    assert "on_market returned of type MarketView" in alarm.text


def test_a_strategy_that_hangs_is_replaced_while_everything_else_goes_on() -> None:
    hangs, released = threading.Event(), threading.Event()
    made: list[Strategy] = []

    class Hangs:
        def on_market(self, market: MarketView) -> Enter | None:
            hangs.set()
            released.wait(SECONDS)
            return Enter(reason=f"too late for {market.symbol}")

    def make() -> Strategy:
        made.append(Eager() if made else Hangs())
        return made[-1]

    stage = Stage(ProductionDispatcher(), make, direct=False)
    stage.show(1)
    assert hangs.wait(SECONDS)
    # The desk still answers.
    assert stage.system.ask(STRATEGY, ReadVerdict(symbol=SYMBOL)) is None
    stage.clock.advance_to(Timestamp(1_000))
    (alarm,) = [heard for heard in stage.rest() if isinstance(heard, Alarm)]
    assert "no answer within 1 s" in alarm.text
    released.set()
    stage.clock.advance_to(Timestamp(2_000))
    stage.show(2)
    (opened,) = [heard for heard in stage.rest() if isinstance(heard, OpenPosition)]
    assert opened.decision.startswith("BTC/USDT at 100;")
    assert len(made) == 2
    assert stage.system.shutdown(SECONDS)


def test_a_strategys_thread_takes_nothing_but_calls() -> None:
    stage = Stage(SimulatedDispatcher(), Eager, direct=False)
    stage.system.tell(STRATEGY_RUNNER, FetchBalances())
    (skipped,) = stage.rest()
    assert isinstance(skipped, MessageSkipped)
    assert "FetchBalances" in skipped.error


def test_the_settings_say_which_strategy_is_used() -> None:
    assert isinstance(strategy_of(Settings())(), DropStrategy)
    own = msgspec.structs.replace(
        Settings(), strategy=StrategySettings(use="buy_the_break:BuyTheBreak")
    )
    examples = Path(__file__).parents[3] / "docs" / "examples"
    assert type(strategy_of(own, (examples,))()).__name__ == "BuyTheBreak"
    nowhere = msgspec.structs.replace(Settings(), strategy=StrategySettings(use="nowhere_:Rules"))
    with pytest.raises(StrategyError, match="nowhere_"):
        strategy_of(nowhere)
