"""The world of one schedule: the supervisor's whole tree, a venue behind a bad line, and time.

Owns what a choice means: which mailbox delivers next, when time passes, what comes from outside.
All actors and shells are those of production; the venue is the real matching engine behind
``venue.Edge``. A run is: the setup, the schedule, then a *fair tail*: nothing goes wrong any more,
the price falls through every stop, and everything must end.

Where the setup puts the journal on a disk, the process may die at any moment; a plain step then
starts another, as production does, on what the disk holds (``crashes``). The venue lives on.
"""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

from actors.journal.codec import Snapshot
from actors.journal.identity import identity_of
from actors.journal.port import Record
from actors.order_router.actor import OrderRouter
from actors.portfolio.actor import PortfolioActor
from actors.position.position import Charter, Position
from actors.position.states import State
from actors.positions.actor import PositionsActor
from actors.runtime.mailbox import Mailbox
from actors.strategy.port import Enter, MarketView
from exchange.port import Sink
from messages.addresses import ORDER_ROUTER, PORTFOLIO, POSITIONS
from messages.base import Address, Message, PositionId, Timestamp
from messages.envelope import Envelope
from messages.gateway import MarketMoved
from messages.guardian import EnterReducing, Halt, Resume
from messages.ids import Identity, epoch_of
from messages.market import MarketPhase, Quote
from messages.money import Money
from messages.portfolio import ClearConflict
from messages.position import Begin
from messages.positions import OpenPosition
from session.wiring import Wiring
from verification.invariants.quiescence import come_to_rest
from verification.invariants.safety import Judges
from verification.simulation.choices import Choices, Kind
from verification.simulation.crashes import ACCOUNT, Crashes
from verification.simulation.journals import JOURNALS, ProcessDiedError, Store
from verification.simulation.memory import Memory
from verification.simulation.plans import (
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
from verification.simulation.stimuli import ACTS
from verification.simulation.tree import START, DurableJournals, Tree
from verification.simulation.venue import Edge

IN_MEMORY = Identity(account=ACCOUNT, epochs=(epoch_of(1),))
"""Of a process that no other one follows."""
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


class World(Tree):
    """One run of one schedule."""

    def __init__(self, choices: Choices | Iterable[int] = ()) -> None:
        super().__init__(self._delivered, self._note)
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
        self.on_death: Callable[[], None] = _nothing
        """Called while what a process had can still be looked at."""
        self.on_recovery: Callable[[], None] = _nothing
        take = self.choices.take
        self.plan = PLANS[take(Kind.SETUP, len(PLANS))]
        kind = VENUES[take(Kind.SETUP, len(VENUES))]
        self.loss_limit: Decimal | None
        self.foreign, self._policy, self.loss_limit = WALLETS[take(Kind.SETUP, len(WALLETS))]
        self._begins_protected = bool(take(Kind.SETUP, 2))
        self.kept = JOURNALS[take(Kind.SETUP, len(JOURNALS))]
        wallet = [Money(USDT, CAPITAL), Money(BTC, self.foreign)]
        able = capabilities(kind.oco_remainder)
        self.venue = Edge(_nothing, rules(kind.fee_currency), wallet, able, self.choices)
        self.venue.begin_market()
        self.venue.begin_terms(kind)
        self.venue.begin_looks()
        self.judges: Judges | None = None
        self.identity: Identity | None = None
        """Whose orders are ours; None: of a journal of before there were epochs."""
        self.memory = Memory()
        self.crashes = Crashes(self) if self.kept.store is not Store.MEMORY else None
        self._begin_process(None)
        self.dispatcher.run_until_idle(LIVELOCK)
        self._next_tick = START
        self._stands_since = 0
        """How often in a row something was due at once."""
        self._tick()
        self.dispatcher.run_until_idle(LIVELOCK)
        self.judges = Judges(self)

    def _begin_process(self, recovered: Snapshot | None) -> None:
        """Start the tree, as a process does; from a cut, where one died before."""
        crashes = self.crashes
        opening = None if crashes is None else crashes.begin(recovered)
        if self.kept.draws_epochs:
            self.identity = IN_MEMORY if opening is None else identity_of(opening, ACCOUNT, "")
        journal = None if crashes is None else crashes.disk.journal(self.now)
        begun_at = 0 if recovered is None else recovered.sequence
        is_recorded = recovered is None or self.memory.says_recorded(begun_at)
        self.memory.begin(begun_at, is_recorded=is_recorded)

        def connect(emit: Sink) -> Edge:
            self.venue.connect(emit, self.now)
            return self.venue

        wiring = Wiring(
            settings=SETTINGS[self._policy, self.kept.failure, self.loss_limit],
            symbols=(SYMBOL,),
            connect=connect,
            strategy=EnterOnCandle,
            calls_strategy_directly=True,
            journal=journal,
            recovered=None if recovered is None else opening,
            identity=self.identity,
            mark=self.memory,
            exits_recorded=is_recorded,
        )
        self.grow(wiring, journal)

    @property
    def is_dead(self) -> bool:
        """Whether the process was killed, and none has been started since."""
        return self.crashes is not None and self.crashes.is_dead

    def kill(self) -> None:
        """Let the process die, where one lives and may."""
        if self.crashes is not None and self.crashes.may_die:
            self.crashes.die()

    def start_again(self) -> None:
        """Start another process on what the dead one left on the disk."""
        crashes = self.crashes
        assert crashes is not None, "nothing is left of a journal in memory"
        assert self.judges is not None
        self.on_act("the process is started again")
        recovered = crashes.recover()
        self._begin_process(recovered)
        self.judges.go_on()
        self.judges.conduct.restarted()
        crashes.check()
        self.on_recovery()

    def rewind(self, records: Iterable[Record]) -> None:
        """Take back what died with the process: these records are left."""
        assert self.judges is not None
        self.positions.clear()
        self.judges.forget_adoptions()
        for record in records:
            self._note_changes(record)

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

    # One step.

    def step(self) -> None:
        """Let the next thing happen."""
        waiting = [] if self.is_dead else self.dispatcher.waiting()
        choice = self.choices.step([mailbox.address for mailbox in waiting], STEP_CHOICES)
        if choice >= DELIVERY_CHOICES:
            name, act, _ = ACTS[choice - DELIVERY_CHOICES]
            self.on_act(name)
            act(self)
            assert self.judges is not None
            self.judges.look()
        elif self.is_dead:
            self.start_again()
        elif waiting:
            self._deliver(waiting[choice % len(waiting)])
        else:
            self.pass_time()

    def _deliver(self, mailbox: Mailbox) -> None:
        try:
            self.dispatcher.deliver(mailbox)
        except ProcessDiedError:
            self.kill()

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
        if self.venue.is_fair:
            self.clear_conflicts()
        if self.now >= self._next_tick:
            self._tick()

    def jump(self, ms: int) -> None:
        """Let time pass in which nothing is delivered, and the market says nothing.

        What is on its way arrives when it is due: the venue does not sleep with the process.
        """
        end = Timestamp(self.now + ms)
        while (due := self.venue.way.next_due()) is not None and due <= end:
            self.clock.advance_to(max(due, self.now))
            self.venue.way.let_in_due(self.now)
        self.clock.advance_to(end)

    def settle(self) -> None:
        """Deliver what waits, the oldest first."""
        self.dispatcher.run_until_idle(LIVELOCK)

    def tail(self) -> None:
        """Nothing goes wrong any more; the market falls, and all ends. See ``Judges.over``."""
        assert self.judges is not None
        venue = self.venue
        venue.is_fair, venue.tells_quotes = True, True
        self.dispatcher.is_poisoned = False
        self.on_act("the fair tail: the market falls")
        if self.is_dead:
            self.start_again()
        if self.crashes is not None:
            self.crashes.disk.is_full = False
        venue.demand("first", self.now)
        venue.set_phase(MarketPhase.OPEN, self.now)
        venue.set_stream(self.now, up=True)
        come_to_rest(self)
        end, falls_at = self.now + TAIL_MS, self.now
        while not self.is_over():
            assert self.now < end, self.judges.unended()
            if self.now >= falls_at:
                self.move(round(self.price * TAIL_FALL, 2))
                falls_at = Timestamp(self.now + TAIL_FALL_MS)
            self.settle()
            self.pass_time()
            self.settle()
        self.judges.conduct.over()
        self.judges.over()

    def is_over(self) -> bool:
        """Whether nobody lives, all is durable, nothing on its way, no order followed or behind."""
        if self.roster or self.venue.way.held or self.dispatcher.waiting():
            return False
        if isinstance(self.journal, DurableJournals) and self.journal.pending:
            return False
        orders = self.actor(ORDER_ROUTER, OrderRouter).orders.by_id
        if not all(o.facts.is_terminal and o.facts.is_complete for o in orders.values()):
            return False
        at_venue = self.venue.book.orders
        if any(not at_venue[order_id].facts.is_terminal for order_id in self.venue.denied):
            return False
        return not any(
            order_id in orders and orders[order_id].facts.filled < at_venue[order_id].facts.filled
            for order_id in self.venue.surprises
        )

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
        self.tell(POSITIONS, wish)

    def tell(self, to: Address, message: Message) -> None:
        """Say something from outside; no dead process hears it."""
        if self.is_dead:
            return
        if isinstance(message, Halt | EnterReducing | Resume):
            self.operator = message
        self.system.tell(to, message)

    def clear_conflicts(self) -> None:
        """Let a person look at the orders of others that have ids of ours."""
        if self.is_dead:
            return
        orders = self.actor(ORDER_ROUTER, OrderRouter).orders.by_id.values()
        known = self.actor(PORTFOLIO, PortfolioActor).books.conflicts
        if known or any(order.conflict for order in orders):  # its alarm is heard in any case
            self.tell(PORTFOLIO, ClearConflict(symbol=SYMBOL, reason="it is not ours"))

    def poison(self) -> None:
        """Let the next handling raise."""
        if self.poisons < POISONS:
            self.poisons += 1
            self.dispatcher.is_poisoned = True

    # What can be seen.

    @property
    def roster(self) -> Sequence[PositionId]:
        return tuple(self.actor(POSITIONS, PositionsActor).roster.living)

    def living(self) -> list[Position]:
        """Return the positions that are not over, the oldest first."""
        return [p for p in self.positions.values() if p.state is not State.CLOSED]

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
        if self.crashes is not None:
            self.crashes.records.append(record)
        if self.judges is not None:
            self.judges.conduct.recorded(record)
        self._note_changes(record)

    def _note_changes(self, record: Record) -> None:
        for change in record.changes:
            if type(change) is Position:
                self.positions[change.position_id] = change
            elif type(change) is Charter and change.adopted and type(record.message) is Begin:
                assert self.judges is not None
                self.judges.adopted(change, change.adopted)


def _nothing(*_: object) -> None:
    """Look at nothing."""
