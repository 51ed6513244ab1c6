"""The whole tree on a virtual clock, and a market that a test moves.

A *bystander* (p1, ETH/USDT) has a live order all the time; the *hero* (p2, BTC/USDT) goes through
its life beside it. Where no bystander is opened, the hero is p1.
"""

from collections.abc import Iterable
from typing import TypeVar, cast

import supervisor
from actors.observers.actor import Observers
from actors.position.position import Position
from actors.position.states import State
from actors.positions.actor import PositionsActor
from actors.runtime.actor import Actor
from actors.runtime.clock import VirtualClock
from actors.runtime.simulated import SimulatedDispatcher
from config.settings import Settings
from exchange.fault_plan import Fault
from exchange.port import Sink
from messages.addresses import (
    GATEWAY,
    MARKET_DATA,
    OBSERVERS,
    POSITIONS,
    SUPERVISOR,
)
from messages.base import Address, Message, Milliseconds, PositionId, Symbol, Timestamp
from messages.gateway import MarketMoved
from messages.market import Candle, Capabilities, Quote
from messages.market_data import CandleReceived
from messages.observers import Alarm, AlarmKind
from messages.orders import OrderRequest, Side
from messages.plan import Plan
from messages.positions import OpenPosition
from messages.supervisor import ResourceLost
from session.wiring import Wiring
from verification.poison.injection import BYSTANDER, HERO, Cue, Poison, PoisonedSystem
from verification.poison.ledgers import wrongs_at
from verification.poison.market import (
    ALL_ABLE,
    BTC_USDT,
    BUDGET,
    ETH_USDT,
    PLAN,
    SETTINGS,
    SYMBOLS,
    EnterOnce,
    Venue,
)

ActorT = TypeVar("ActorT", bound=Actor)

START = Timestamp(1_000_000)
TICK_MS = 1_000
TAIL_MS = 900_000
RECOVERY_SECONDS = 10
LIVELOCK = 5_000
"""Deliveries at one moment after which the actors are taken to be busy for ever."""


class Theatre:
    """One run of one script."""

    def __init__(
        self,
        plan: Plan = PLAN,
        *,
        faults: tuple[Fault, ...] = (),
        capabilities: Capabilities = ALL_ABLE,
        settings: Settings = SETTINGS,
        poison: Poison | None = None,
        schedule: Iterable[int] | None = None,
    ) -> None:
        self.plan = plan
        self.clock = VirtualClock(START)
        self.system = PoisonedSystem(self.clock, poison, schedule)
        self.dispatcher = cast("SimulatedDispatcher", self.system.dispatcher)
        self.prices: dict[Symbol, float] = dict.fromkeys(SYMBOLS, 100.0)
        self.hero_id = BYSTANDER
        self.wrongs: list[str] = []
        """What must never have been at the venue, looked at after each handling of the gateway."""
        self.cues: list[Cue] = []
        """Of the script, without its tail."""
        self.was_covered = False
        """Whether all that lived at the end of the script was protected."""

        def connect(emit: Sink) -> Venue:
            self.venue = Venue(emit, faults, capabilities)
            return self.venue

        wiring = Wiring(
            settings=settings,
            symbols=SYMBOLS,
            connect=connect,
            strategy=EnterOnce,
            calls_strategy_directly=False,
        )
        supervisor.start(self.system, wiring)
        self.system.after_gateway = self._look_at_venue
        self.observers = self.actor(OBSERVERS, Observers)
        self.settle()
        self.wait(100)
        self.tick()

    def _look_at_venue(self) -> None:
        self.wrongs += wrongs_at(self.venue)

    # What the script does.

    def settle(self) -> None:
        self.dispatcher.run_until_idle(limit=LIVELOCK)

    def tell(self, to: Address, message: Message) -> None:
        self.system.tell(to, message)
        self.settle()

    def wait(self, ms: int) -> None:
        """Time passes, and the market stands still."""
        self.clock.advance_to(Timestamp(self.clock.now() + ms), self.settle)

    def tick(self, *, quantity: float | None = None, **prices: float) -> None:
        """Tell the market's prices (``BTC=99.0``), those that did not move too; a second passes.

        With ``quantity`` only so much base trades at each.
        """
        for currency, price in prices.items():
            self.prices[Symbol(f"{currency}/USDT")] = price
        for symbol, price in self.prices.items():
            moved = MarketMoved(
                symbol=symbol,
                at=self.clock.now(),
                bid=price,
                ask=price,
                last=price,
                quantity=quantity,
            )
            self.tell(GATEWAY, moved)
        self.wait(TICK_MS)

    def ticks(self, *prices: float, quantity: float | None = None) -> None:
        for price in prices:
            self.tick(BTC=price, quantity=quantity)

    def quiet(self, seconds: int) -> None:
        """Time passes with a tick each second, and the prices stand still."""
        for _ in range(seconds):
            self.tick()

    def open(self, symbol: Symbol = BTC_USDT, plan: Plan | None = None) -> None:
        price = self.prices[symbol]
        quote = Quote(symbol=symbol, at=self.clock.now(), bid=price, ask=price, last=price)
        message = OpenPosition(
            symbol=symbol, budget=BUDGET, plan=plan or self.plan, quote=quote, decision="a test"
        )
        self.tell(POSITIONS, message)

    def open_bystander(self) -> None:
        """Let p1 live, protected by a take profit that rests, and watch from then on."""
        self.hero_id = HERO
        self.open(ETH_USDT, PLAN)
        self.ticks(100.0)
        assert self.system.positions[BYSTANDER].state is State.PROTECTING
        assert self.working(), "the bystander has a live order"
        self.system.is_watching = True

    def close_candle(self) -> None:
        """A candle of the hero's market closes."""
        price = self.prices[BTC_USDT]
        candle = Candle(
            start=Timestamp(self.clock.now() - 60_000),
            interval_ms=Milliseconds(60_000),
            open=price,
            high=price,
            low=price,
            close=price,
            volume=100.0,
        )
        self.tell(MARKET_DATA, CandleReceived(symbol=BTC_USDT, candle=candle))

    def lose(self, name: Address) -> None:
        """Say that a child lost what it leans on."""
        self.tell(SUPERVISOR, ResourceLost(name=name, error="a test"))

    def end_of_script(self) -> None:
        """Let a fair time pass; then what is held should be protected again."""
        self.cues = self.system.cues.copy()
        self.quiet(RECOVERY_SECONDS)
        living = [p for p in self.system.positions.values() if p.position_id in self.roster]
        self.was_covered = all(p.state is State.PROTECTING for p in living)

    def fall_through_the_stops(self) -> None:
        """The fair tail: the market falls far, stays there, and time passes until all is over."""
        prices = {"BTC": 90.0, "ETH": 90.0}
        end = self.clock.now() + TAIL_MS
        while self.clock.now() < end:
            self.tick(**prices)
            if not self.roster and not self.working():
                break
            if self.clock.now() > START + TAIL_MS // 3:
                self.wait(4 * TICK_MS)
        self.wait(60_000)

    # What can be seen.

    def actor(self, address: Address, kind: type[ActorT]) -> ActorT:
        actor = self.system.mailboxes[address].actor
        assert isinstance(actor, kind)
        return actor

    @property
    def hero(self) -> Position:
        return self.system.positions[self.hero_id]

    @property
    def roster(self) -> tuple[PositionId, ...]:
        return tuple(self.actor(POSITIONS, PositionsActor).roster.living)

    def alarms(self, kind: AlarmKind) -> list[str]:
        heard = self.observers.last
        return [m.text for m in heard if isinstance(m, Alarm) and m.kind is kind]

    def working(self) -> list[str]:
        """Return what works at the venue."""
        return [i for i, o in self.venue.book.orders.items() if not o.facts.is_terminal]

    def requests(self, letter: str, position_id: PositionId | None = None) -> list[OrderRequest]:
        """Return the orders that the venue was asked for: ``b`` entries, ``x`` exits."""
        prefix = f"he1{position_id or self.hero_id}{letter}"
        return [r for r in self.venue.placed if r.client_order_id.startswith(prefix)]

    @property
    def entries(self) -> int:
        """Count the entry orders that the venue was asked for, of all positions."""
        return sum(request.side is Side.BUY for request in self.venue.placed)
