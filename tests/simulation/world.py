"""The world of one schedule: the supervisor's whole tree, a venue behind a bad line, and time.

Owns what a choice means: which mailbox delivers next, when time passes, what comes from outside.
All actors and shells are those of production; the venue is the real matching engine behind
``venue.Edge``. A run is: the setup, the schedule, then a *fair tail*: nothing goes wrong any more,
the price falls through every stop, and everything must end.

The journal is the one in memory. Crashes and disks belong to ``recovery`` beside this module, once
the durable journal can be simulated.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar, cast

import supervisor
from actors.journal.memory import MemoryJournal
from actors.journal.port import Record
from actors.order_router.actor import OrderRouter
from actors.position.position import Charter, Position
from actors.position.states import State
from actors.positions.actor import PositionsActor
from actors.runtime.actor import Actor
from actors.runtime.clock import VirtualClock
from actors.runtime.system import System
from actors.strategy.port import Enter, MarketView
from commands.tree import Wiring
from exchange.port import Sink
from messages.addresses import GUARDIAN, ORDER_ROUTER, POSITIONS
from messages.base import Address, Message, PositionId, Timestamp
from messages.envelope import Envelope
from messages.gateway import MarketMoved
from messages.market import Quote
from messages.money import Money
from messages.position import Begin
from messages.positions import OpenPosition
from tests.simulation.acts import ACTS
from tests.simulation.choices import Choices, Kind
from tests.simulation.dispatcher import Poisonable
from tests.simulation.judges import Judges
from tests.simulation.plans import (
    BTC,
    BUDGET,
    CAPITAL,
    PLANS,
    SETTINGS,
    SYMBOL,
    USDT,
    VENUES,
    WALLETS,
    capabilities,
    rules,
)
from tests.simulation.venue import Edge

ActorT = TypeVar("ActorT", bound=Actor)

START = Timestamp(1_000_000)
TICK_MS = 2_000
TAIL_MS = 900_000
"""Within so much fair time everything is over."""
TAIL_FALL, TAIL_FALL_MS = 0.95, 20_000
"""The fair tail's market falls to this share of its price, so often: through every stop."""
LIVELOCK = 1_000
DELIVERY_CHOICES = 8
"""Of a step: 0 the oldest message, or time; up to here the mailbox with so many before it."""
STEP_CHOICES = DELIVERY_CHOICES + len(ACTS)
POISONS = 2
"""Handlings that raise, at most, in one run."""


class EnterOnCandle:
    """The strategy: it wishes for a position whenever a candle closes."""

    def on_market(self, market: MarketView) -> Enter | None:
        return None if market.is_busy else Enter(reason="a candle closed", budget=BUDGET)


class World:
    """One run of one schedule."""

    def __init__(self, choices: Choices | Iterable[int] = ()) -> None:
        self.choices = choices if isinstance(choices, Choices) else Choices(choices)
        self.deliveries = 0
        self.poisons = 0
        self.price = 100.0
        self.quantity: float | None = None
        """Base that trades at each price; None: without limit."""
        self.operator: Message | None = None
        """What an operator said last about what may be done."""
        self.positions: dict[PositionId, Position] = {}
        """As each stood last, closed ones too."""
        self.listeners: list[Callable[[Address, Envelope], None]] = []
        """Told of every delivery, before it is judged."""
        self.on_act: Callable[[str], None] = _nothing
        self.clock = VirtualClock(START)
        self.dispatcher = Poisonable(self._delivered)
        self.journal = MemoryJournal(keep=False)
        self.system = System(self.dispatcher, self.clock, self.journal)
        self.system.observe(self._note)
        take = self.choices.take
        self.plan = PLANS[take(Kind.SETUP, len(PLANS))]
        fee_currency, remainder = VENUES[take(Kind.SETUP, len(VENUES))]
        self.foreign, policy = WALLETS[take(Kind.SETUP, len(WALLETS))]

        def connect(emit: Sink) -> Edge:
            wallet = [Money(USDT, CAPITAL), Money(BTC, self.foreign)]
            able = capabilities(remainder)
            self.venue = Edge(emit, rules(fee_currency), wallet, able, self.choices)
            return self.venue

        self._begins_protected = bool(take(Kind.SETUP, 2))
        self.judges: Judges | None = None
        wiring = Wiring(
            settings=SETTINGS[policy],
            symbols=(SYMBOL,),
            connect=connect,
            make_strategy=EnterOnCandle,
            calls_strategy_directly=True,
        )
        supervisor.start(self.system, wiring)
        self.dispatcher.run_until_idle(LIVELOCK)
        self._next_tick = START
        self._stands_since = 0
        """How often in a row something was due at once."""
        self._tick()
        self.dispatcher.run_until_idle(LIVELOCK)
        self.judges = Judges(self)

    def run(self) -> "World":
        """Play the schedule, then the fair tail. Raises ``AssertionError`` where a rule breaks."""
        self.begin()
        while not self.choices.is_over:
            self.step()
        self.tail()
        return self

    def begin(self) -> None:
        """Open the first position; where the setup says so, let it be protected in peace."""
        self.open()
        if self._begins_protected:
            self._enter()

    def _enter(self) -> None:
        """Let the first position buy and be protected without trouble: the races are elsewhere."""
        self.venue.is_fair = True
        while not any(p.state is State.PROTECTING for p in self.positions.values()):
            self.settle()
            self.pass_time()
            assert self.now < START + TAIL_MS, "it does not enter in fair time"
        self.settle()
        self.venue.is_fair = False

    @property
    def now(self) -> Timestamp:
        return self.clock.now()

    # One step.

    def step(self) -> None:
        """Let the next thing happen."""
        waiting = self.dispatcher.waiting()
        choice = self.choices.step([mailbox.address for mailbox in waiting], STEP_CHOICES)
        if choice >= DELIVERY_CHOICES:
            name, act, _ = ACTS[choice - DELIVERY_CHOICES]
            self.on_act(name)
            act(self)
            assert self.judges is not None
            self.judges.look()
        elif waiting:
            self.dispatcher.deliver(waiting[choice % len(waiting)])
        else:
            self.pass_time()

    def pass_time(self, at_most: int = TICK_MS) -> None:
        """Go to the next thing that is due: a deadline, something on its way, a tick."""
        times = [self._next_tick, Timestamp(self.now + at_most)]
        times += [Timestamp(held.due) for held in self.venue.way.held]
        deadline = self.clock.next_deadline()
        if deadline is not None:
            times.append(deadline)
        ms = max(min(times) - self.now, 0)
        self._stands_since = 0 if ms else self._stands_since + 1
        assert self._stands_since < LIVELOCK, "a deadline of the past is never acted on"
        self.jump(ms)
        if self.now >= self._next_tick:
            self._tick()

    def jump(self, ms: int) -> None:
        """Let time pass in which nothing is delivered, and the market says nothing."""
        self.clock.advance_to(Timestamp(self.now + ms))
        self.venue.way.let_in_due(self.now)

    def settle(self) -> None:
        """Deliver what waits, the oldest first."""
        self.dispatcher.run_until_idle(LIVELOCK)

    def tail(self) -> None:
        """Nothing goes wrong any more; the market falls, and all ends. See ``Judges.over``."""
        assert self.judges is not None
        self.judges.begin_tail()
        venue = self.venue
        venue.is_fair, venue.tells_quotes = True, True
        self.dispatcher.is_poisoned = False
        venue.set_stream(self.now, up=True)
        self.on_act("the fair tail: the market falls")
        end, falls_at = self.now + TAIL_MS, self.now
        while not self.is_over():
            assert self.now < end, self.judges.unended()
            if self.now >= falls_at:
                self.move(round(self.price * TAIL_FALL, 2))
                falls_at = Timestamp(self.now + TAIL_FALL_MS)
            self.settle()
            self.pass_time()
            self.settle()
        self.judges.over()

    def is_over(self) -> bool:
        """Whether nobody lives, nothing is on its way, and the router follows no order."""
        if self.roster or self.venue.way.held or self.dispatcher.waiting():
            return False
        orders = self.actor(ORDER_ROUTER, OrderRouter).orders.by_id.values()
        return all(order.facts.is_terminal for order in orders)

    # What comes from outside.

    def move(self, price: float, quantity: float | None = None) -> None:
        """Let the market trade at a price."""
        self.price = price
        self.quantity = quantity
        self._tick()

    def open(self) -> None:
        """Wish for a position, as an operator does."""
        price = self.price
        quote = Quote(symbol=SYMBOL, at=self.now, bid=price, ask=price, last=price)
        wish = OpenPosition(
            symbol=SYMBOL, budget=BUDGET, plan=self.plan, quote=quote, decision="a wish"
        )
        self.system.tell(POSITIONS, wish)

    def tell(self, to: Address, message: Message) -> None:
        """Say something from outside."""
        if to == GUARDIAN:
            self.operator = message
        self.system.tell(to, message)

    def poison(self) -> None:
        """Let the next handling raise."""
        if self.poisons < POISONS:
            self.poisons += 1
            self.dispatcher.is_poisoned = True

    # What can be seen.

    @property
    def roster(self) -> Sequence[PositionId]:
        return tuple(self.actor(POSITIONS, PositionsActor).roster.living)

    def actor(self, address: Address, kind: type[ActorT]) -> ActorT:
        actor = self.system.mailboxes[address].actor
        assert isinstance(actor, kind)
        return actor

    def living(self) -> list[Position]:
        """Return the positions that are not over, the oldest first."""
        return [p for p in self.positions.values() if p.state is not State.CLOSED]

    def close(self) -> None:
        """Let go of all actors: pykka's registry is the whole process's."""
        for mailbox in reversed(tuple(self.system.mailboxes.values())):
            actor = cast("Any", mailbox.actor)
            if actor is not None:
                actor._stop()

    def _tick(self) -> None:
        now, price = self.now, self.price
        self._next_tick = Timestamp(now + TICK_MS)
        moved = MarketMoved(
            symbol=SYMBOL, at=now, bid=price, ask=price, last=price, quantity=self.quantity
        )
        self.venue.market_moved(moved, now)

    def _delivered(self, address: Address, envelope: Envelope) -> None:
        self.deliveries += 1
        for listener in self.listeners:
            listener(address, envelope)
        if self.judges is not None:
            self.judges.delivered(address, envelope)

    def _note(self, record: Record) -> None:
        for change in record.changes:
            if type(change) is Position:
                self.positions[change.position_id] = change
            elif type(change) is Charter and change.adopted and type(record.message) is Begin:
                assert self.judges is not None
                self.judges.adopted(change, change.adopted)


def _nothing(*_: object) -> None:
    """Look at nothing."""
