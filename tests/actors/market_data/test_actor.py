"""Market data as an actor: its way in, its timers, and quotes that wait as one."""

from collections.abc import Iterator

import pytest

from actors.journal.memory import MemoryJournal
from actors.market_data.actor import MarketDataActor
from actors.market_data.quotes import conflate, conflation_key
from actors.runtime.clock import VirtualClock
from actors.runtime.mailbox import ConflatingQueue
from actors.runtime.simulated import SimulatedDispatcher
from actors.runtime.system import System
from config.settings import MarketDataSettings
from messages.addresses import MARKET_DATA
from messages.base import Address, Message, Milliseconds, PositionId, Symbol, Timestamp
from messages.market import Quote
from messages.market_data import ArmTriggers, HoldSymbol, Level, QuoteReceived, ReadMarket
from messages.plan import TriggerSource
from messages.position import LevelName, MarketFreshness, TriggerFired, TriggersArmed
from tests.actors.listener import Listener

SYMBOL = Symbol("BTC/USDT")
P1 = PositionId("p1")


class Stage:
    def __init__(self) -> None:
        self.heard: list[Message] = []
        self.clock = VirtualClock()
        self.dispatcher = SimulatedDispatcher()
        self.system = System(self.dispatcher, self.clock, MemoryJournal())
        self.system.spawn(Listener, Address("position/p1"), self.heard)
        settings = MarketDataSettings(stale_ms=Milliseconds(10_000))
        queue = ConflatingQueue(conflation_key, conflate)
        self.system.spawn(MarketDataActor, MARKET_DATA, settings, (SYMBOL,), queue=queue)

    def quote(self, price: float) -> None:
        seen = Quote(symbol=SYMBOL, at=Timestamp(0), bid=price, ask=price, last=price)
        self.system.tell(MARKET_DATA, QuoteReceived(quote=seen))

    def arm(self, price: float) -> None:
        message = ArmTriggers(
            position_id=P1,
            symbol=SYMBOL,
            generation=1,
            source=TriggerSource.LAST,
            levels=(Level(LevelName.STOP_LOSS, price, is_above=False),),
        )
        self.system.tell(MARKET_DATA, message)


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage()
    yield stage
    stage.system.shutdown(1.0)


def test_a_dip_between_two_quotes_that_waited_as_one_fires_the_stop(stage: Stage) -> None:
    stage.quote(100)
    stage.arm(95)
    stage.dispatcher.run_until_idle()
    stage.quote(94)
    stage.quote(101)
    stage.dispatcher.run_until_idle()
    armed, fired = stage.heard
    assert armed == TriggersArmed(generation=1, fresh=True)
    assert isinstance(fired, TriggerFired)
    assert (fired.quote.last, fired.quote.low) == (101, 94)


def test_holders_hear_of_staleness_from_the_clock(stage: Stage) -> None:
    stage.quote(100)
    stage.system.tell(MARKET_DATA, HoldSymbol(position_id=P1, symbol=SYMBOL))
    stage.dispatcher.run_until_idle()
    stage.clock.advance_to(Timestamp(10_000), stage.dispatcher.run_until_idle)
    assert stage.heard == [MarketFreshness(fresh=False)]


def test_an_ask_is_answered(stage: Stage) -> None:
    row = stage.system.ask(MARKET_DATA, ReadMarket(symbol=SYMBOL))
    assert (row.symbol, row.quote, row.poll_interval_ms) == (SYMBOL, None, 5_000)
