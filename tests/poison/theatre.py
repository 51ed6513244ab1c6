"""The whole tree on a virtual clock, a market that a test moves, and one message that raises.

A *bystander* (p1, ETH/USDT) has a live order all the time; the *hero* (p2, BTC/USDT) goes through
its life beside it. Which handling raises is named by actor, message, the hero's state and a number,
so that it is the same one in every run.
"""

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar, cast

import supervisor
from actors.gateway.paper import PaperGateway
from actors.journal.memory import MemoryJournal
from actors.journal.port import Record
from actors.market_data.actor import MarketDataActor
from actors.observers.actor import Observers
from actors.order_router.actor import OrderRouter
from actors.portfolio.actor import PortfolioActor
from actors.position.position import Position
from actors.position.states import State
from actors.positions.actor import PositionsActor
from actors.runtime.actor import Actor, CoreActor
from actors.runtime.clock import VirtualClock
from actors.runtime.hooks import LaneActor
from actors.runtime.simulated import SimulatedDispatcher
from actors.runtime.system import System
from commands.tree import Wiring
from config.settings import Settings
from exchange.fault_plan import Fault, FaultPlan
from exchange.faults import FaultyExchange
from exchange.port import Sink
from messages.addresses import (
    GATEWAY,
    MARKET_DATA,
    OBSERVERS,
    ORDER_ROUTER,
    PORTFOLIO,
    POSITIONS,
    position_address,
)
from messages.base import Address, Currency, Message, Milliseconds, PositionId, Symbol, Timestamp
from messages.gateway import MarketMoved, SubmitOrder
from messages.market import Candle, Capabilities, FeeCurrency, MarketRules, Quote
from messages.market_data import CandleReceived
from messages.money import ZERO, Money
from messages.observers import Alarm, AlarmKind
from messages.orders import OrderRequest, Side
from messages.plan import Plan
from messages.positions import OpenPosition
from messages.strategy import Enter, MarketView
from messages.supervisor import ResourceLost

ActorT = TypeVar("ActorT", bound=Actor)

BTC, ETH, USDT = Currency("BTC"), Currency("ETH"), Currency("USDT")
HERO, BYSTANDER = PositionId("p2"), PositionId("p1")
BTC_USDT, ETH_USDT = Symbol("BTC/USDT"), Symbol("ETH/USDT")
SYMBOLS = (BTC_USDT, ETH_USDT)
START = Timestamp(1_000_000)
CAPITAL = Decimal(10_000)
BUDGET = Decimal(1_000)
LATENCY_MS = Milliseconds(20)
TICK_MS = 1_000
TAIL_MS = 900_000
RECOVERY_SECONDS = 10
LIVELOCK = 5_000
"""Deliveries at one moment after which the actors are taken to be busy for ever."""

ALL_ABLE = Capabilities(native_stop=True, native_stop_limit=True, oco=True, post_only=True)
PLAN = Plan(take_profit_ratio=Decimal("0.03"), stop_loss_ratio=Decimal("0.02"))
SETTINGS = Settings(capital={USDT: CAPITAL}, plan=PLAN)


def rules(symbol: Symbol, fee_currency: FeeCurrency) -> MarketRules:
    return MarketRules(
        symbol=symbol,
        tick_size=Decimal("0.01"),
        step_size=Decimal("0.001"),
        min_quantity=Decimal("0.001"),
        min_notional=Decimal(5),
        maker_fee_ratio=Decimal("0.001"),
        taker_fee_ratio=Decimal("0.001"),
        fee_currency=fee_currency,
    )


MARKETS = (rules(BTC_USDT, FeeCurrency.RECEIVED), rules(ETH_USDT, FeeCurrency.QUOTE))


class Cue(NamedTuple):
    """One handling of one message, the same in every run up to it."""

    actor: str
    """An address; ``position`` for the hero's."""
    message: str
    state: str
    """The hero's as the message is handled; ``none`` before it began."""
    nth: int
    """From 1, among those with the same three words."""

    def __str__(self) -> str:
        return f"{self.actor}-{self.message}-{self.state}-{self.nth}"


class PoisonError(Exception):
    """What the poisoned handling raises."""


class Poison(NamedTuple):
    """What goes wrong with one cue."""

    cue: Cue
    error: BaseException
    is_late: bool = False
    """After the handling, not before it: of edges, whose handling leaves traces."""
    times: int = 1
    """How many handlings in a row, of this message by this actor, whatever the state."""


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
    """A venue that remembers what it was asked to place."""

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

    def submit(self, order: SubmitOrder, now: Timestamp) -> None:
        self.placed.append(order.request)
        super().submit(order, now)


class PoisonedSystem(System):
    """A system in which one handling raises; it notes each on its way."""

    def __init__(self, clock: VirtualClock, poison: Poison | None) -> None:
        super().__init__(SimulatedDispatcher(), clock, MemoryJournal(keep=False))
        self.poison = poison
        self.cues: list[Cue] = []
        self.is_watching = False
        self.hits = 0
        self.positions: dict[PositionId, Position] = {}
        self.after_gateway: Callable[[], None] = lambda: None
        self._counts: Counter[tuple[str, str, str]] = Counter()
        self.observe(self._note)

    def open(self, actor: LaneActor) -> None:
        name = "step" if isinstance(actor, CoreActor) else "handle"
        plain: Callable[..., object] = getattr(actor, name)

        def watched(message: Message, *rest: object) -> object:
            is_hit = self._is_hit(actor.address, message)
            if is_hit and not cast("Poison", self.poison).is_late:
                raise cast("Poison", self.poison).error
            result = plain(message, *rest)
            if actor.address == GATEWAY:
                self.after_gateway()
            if is_hit:
                raise cast("Poison", self.poison).error
            return result

        setattr(actor, name, watched)
        super().open(actor)

    def _is_hit(self, address: Address, message: Message) -> bool:
        if not self.is_watching:
            return False
        actor = "position" if address == position_address(HERO) else str(address)
        hero = self.positions.get(HERO)
        words = (actor, type(message).__name__, "none" if hero is None else hero.state.value)
        self._counts[words] += 1
        cue = Cue(*words, self._counts[words])
        self.cues.append(cue)
        if self.poison is None or self.hits == self.poison.times:
            return False
        is_next = self.hits > 0 and cue[:2] == self.poison.cue[:2]
        is_hit = is_next or cue == self.poison.cue
        self.hits += is_hit
        return is_hit

    def _note(self, record: Record) -> None:
        for change in record.changes:
            if isinstance(change, Position):
                self.positions[change.position_id] = change


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
    ) -> None:
        self.plan = plan
        self.clock = VirtualClock(START)
        self.system = PoisonedSystem(self.clock, poison)
        self.dispatcher = cast("SimulatedDispatcher", self.system.dispatcher)
        self.prices: dict[Symbol, float] = dict.fromkeys(SYMBOLS, 100.0)
        self.venue: Venue | None = None
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
            make_strategy=EnterOnce,
            calls_strategy_directly=False,
        )
        supervisor.start(self.system, wiring)
        self.system.after_gateway = self.check_venue
        self.observers = self.actor(OBSERVERS, Observers)
        self.settle()
        self.wait(100)
        self.tick()

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
        self.tell(Address("supervisor"), ResourceLost(name=name, error="a test"))

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
        return self.system.positions[HERO]

    @property
    def roster(self) -> tuple[PositionId, ...]:
        return tuple(self.actor(POSITIONS, PositionsActor).roster.living)

    def alarms(self, kind: AlarmKind) -> list[str]:
        heard = self.observers.last
        return [m.text for m in heard if isinstance(m, Alarm) and m.kind is kind]

    def working(self) -> list[str]:
        """Return what works at the venue."""
        assert self.venue is not None
        return [i for i, o in self.venue.book.orders.items() if not o.facts.is_terminal]

    def requests(self, letter: str, position_id: PositionId = HERO) -> list[OrderRequest]:
        """Return the orders that the venue was asked for: ``b`` entries, ``x`` exits."""
        assert self.venue is not None
        prefix = f"he1{position_id}{letter}"
        return [r for r in self.venue.placed if r.client_order_id.startswith(prefix)]

    @property
    def entries(self) -> int:
        """Count the entry orders that the venue was asked for, of all positions."""
        assert self.venue is not None
        return sum(request.side is Side.BUY for request in self.venue.placed)

    # What must always hold.

    def check_venue(self) -> None:
        """No position sells more than it bought, or has two exits that work."""
        assert self.venue is not None
        held: dict[PositionId, Decimal] = {}
        exits: Counter[PositionId] = Counter()
        for order in self.venue.book.orders.values():
            position_id, is_buy = order.request.position_id, order.request.side is Side.BUY
            filled = order.facts.filled if is_buy else -order.facts.filled
            held[position_id] = held.get(position_id, ZERO) + filled
            exits[position_id] += not is_buy and not order.facts.is_terminal
        assert all(quantity >= ZERO for quantity in held.values()), f"oversold: {held}"
        assert all(count <= 1 for count in exits.values()), f"two exits work: {exits}"

    def check_over(self) -> None:
        """Everybody closed, booked and gone; the books are the venue's."""
        assert self.venue is not None
        assert self.working() == []
        assert self.roster == ()
        assert [a for a in self.system.mailboxes if a.startswith("position/")] == []
        for position in self.system.positions.values():
            assert position.state is State.CLOSED
            assert position.is_released
        ids = [request.client_order_id for request in self.venue.placed]
        assert len(ids) == len(set(ids)), f"placed twice: {ids}"
        self._check_books(self.venue)
        self._check_nothing_is_left()

    def _check_books(self, venue: Venue) -> None:
        books = self.actor(PORTFOLIO, PortfolioActor).books
        unmatched = [b for b in books.bookings.values() if not b.is_position]
        assert all(b.closed for b in books.bookings.values() if b.is_position)
        at_venue = {balance.currency: balance for balance in venue.ledger().balances}
        for currency in (BTC, ETH, USDT):
            account, total = books.account(currency), ZERO
            assert account.free + account.reserved + account.invested == account.total
            assert account.reserved == ZERO
            assert account.invested == sum((b.invested for b in unmatched), ZERO) * (
                currency == USDT
            )
            if currency in at_venue:
                total = at_venue[currency].total
                assert at_venue[currency].locked == ZERO
            assert account.at_venue == total, f"{currency}: {account.at_venue} != {total}"

    def _check_nothing_is_left(self) -> None:
        market_data = cast("Any", self.actor(MARKET_DATA, MarketDataActor))._core
        for market in market_data._markets.values():
            assert not market.holders
            assert len(market.triggers) == 0
        orders = self.actor(ORDER_ROUTER, OrderRouter).orders.by_id.values()
        assert all(o.facts.is_terminal and o.booked is not None for o in orders)
        assert self.actor(GATEWAY, PaperGateway).port is self.venue
