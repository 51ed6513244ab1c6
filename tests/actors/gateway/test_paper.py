"""The paper gateway drives a market by its own timer, and lets the others have their turn."""

import pytest

from actors.gateway.paper import LONGEST_STEP_MS, Drive, PaperGateway
from actors.journal.memory import MemoryJournal
from actors.runtime.clock import VirtualClock
from actors.runtime.simulated import SimulatedDispatcher
from actors.runtime.system import System
from exchange.generated.market import GeneratedMarket
from exchange.paper import PaperExchange
from messages.addresses import GATEWAY, MARKET_DATA, OBSERVERS
from messages.base import Address, Message, Milliseconds, Timestamp
from messages.gateway import FollowSymbols, MarketMoved
from messages.market_data import CandleReceived, QuoteReceived
from tests.actors.listener import Listener

BEGIN = Timestamp(1_800_000_000_000)
SECOND = 1_000


class Calls(GeneratedMarket):
    """Counts how often it was asked, and for how long a time."""

    def __init__(self) -> None:
        super().__init__(7, start=BEGIN)
        self.spans: list[int] = []

    def advance(self, now: Timestamp) -> tuple[MarketMoved | CandleReceived, ...]:
        self.spans.append(now - self.next_at)
        return super().advance(now)


class Stage:
    """A gateway with a market, and ears where its events go."""

    def __init__(self, pace_ms: int, *, is_driven: bool = True) -> None:
        self.clock = VirtualClock(BEGIN)
        self.dispatcher = SimulatedDispatcher()
        self.system = System(self.dispatcher, self.clock, MemoryJournal())
        self.market = Calls()
        for address in (OBSERVERS, MARKET_DATA):
            self.system.spawn(Listener, address)
        drive = Drive(self.market, Milliseconds(pace_ms)) if is_driven else None
        self.system.spawn(
            PaperGateway, GATEWAY, lambda emit: PaperExchange(emit, self.market.rules, []), drive
        )
        self.system.tell(GATEWAY, FollowSymbols(symbols=self.market.symbols))
        self.dispatcher.run_until_idle()

    def play(self, seconds: float) -> "Stage":
        end = Timestamp(self.clock.now() + int(seconds * SECOND))
        self.clock.advance_to(end, self.dispatcher.run_until_idle)
        return self

    def heard_by(self, address: Address) -> list[Message]:
        ear = self.system.mailboxes[address].actor
        assert isinstance(ear, Listener)
        return [m for m in ear.heard if isinstance(m, QuoteReceived | CandleReceived)]


@pytest.fixture(params=[0, 250, 1_000])
def stage(request: pytest.FixtureRequest) -> Stage:
    return Stage(request.param)


def test_all_that_happens_is_told_in_order_whatever_the_pace(stage: Stage) -> None:
    stage.play(125)
    told = stage.heard_by(MARKET_DATA)
    reference = GeneratedMarket(7, start=BEGIN)
    expected = reference.advance(Timestamp(BEGIN + 123 * SECOND))
    assert len(told) >= len(expected) > 1_200
    for one, other in zip(told, expected, strict=False):
        if isinstance(other, MarketMoved):
            assert isinstance(one, QuoteReceived)
            assert (one.quote.symbol, one.quote.at, one.quote.bid, one.quote.ask) == (
                other.symbol,
                other.at,
                other.bid,
                other.ask,
            )
        else:
            assert one == other


def test_who_watches_hears_the_same(stage: Stage) -> None:
    stage.play(65)
    assert stage.heard_by(OBSERVERS) == stage.heard_by(MARKET_DATA)


def test_a_slower_pace_asks_the_market_less_often() -> None:
    assert len(Stage(1_000).play(30).market.spans) < len(Stage(0).play(30).market.spans) / 5


def test_a_market_far_behind_catches_up_in_short_steps() -> None:
    stage = Stage(0)
    stage.clock.advance_to(Timestamp(BEGIN + 60 * SECOND))  # the process was stopped for a while
    stage.dispatcher.run_until_idle()
    stage.play(1)
    assert max(stage.market.spans) <= LONGEST_STEP_MS
    assert stage.market.next_at > BEGIN + 60 * SECOND
    quotes = [m for m in stage.heard_by(MARKET_DATA) if isinstance(m, QuoteReceived)]
    assert len(quotes) >= 600


def test_without_a_drive_the_market_waits_for_a_recording() -> None:
    stage = Stage(0, is_driven=False).play(10)
    assert stage.market.spans == []
    assert stage.heard_by(MARKET_DATA) == []
    symbol = stage.market.symbols[0]
    stage.system.tell(GATEWAY, MarketMoved(symbol=symbol, at=BEGIN, bid=1.0, ask=1.1, last=1.0))
    stage.dispatcher.run_until_idle()
    assert len(stage.heard_by(MARKET_DATA)) == 1
    assert stage.heard_by(OBSERVERS) == []
