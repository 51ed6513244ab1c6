"""The world of one schedule with several processes of one account.

Owns the folders, their backups, who is alive, and what a choice means. All actors are those of
production. A folder may be copied at any moment; a copy may be started beside its original, or put
back in its place; another folder may be empty. So two processes may live at once, and a journal may
be behind its venue. A request of a dead process still arrives within its life.
"""

from collections.abc import Callable, Iterable
from copy import deepcopy
from decimal import Decimal
from typing import Any, cast

from msgspec.structs import replace

from config.settings import Settings
from messages.addresses import POSITIONS, RECONCILER, position_address
from messages.base import Milliseconds, PositionId, Timestamp
from messages.gateway import MarketMoved
from messages.market import Quote
from messages.money import Money
from messages.position import CloseCause, OwnershipChanged
from messages.positions import CloseAllPositions, OpenPosition
from messages.reconciler import AdoptEpoch
from verification.forks.process import Process
from verification.forks.rules import Rules
from verification.forks.venue import SharedVenue, market
from verification.simulation.choices import Choices, Kind
from verification.simulation.faults import DiskFate
from verification.simulation.journals import SimulatedDisk
from verification.simulation.plans import (
    BTC,
    BUDGET,
    CAPITAL,
    FOREIGN,
    PLANS,
    SETTINGS,
    SYMBOL,
    USDT,
)
from verification.simulation.tree import START

TICK_MS = 2_000
LIVELOCK = 3_000
PROCESSES = 6
"""Starts in one world, at most."""
TAIL_MS = 70_000
"""Of fair time, at most: more than two looks at the venue."""
PIECE_MS = 10_000
FOREIGN_COINS = FOREIGN
REMEMBERED_MS = Milliseconds(150_000)
"""Of an order that is over: a world is long enough for the router to forget it."""
_PLANS = PLANS[:5]
_WALLETS = (FOREIGN_COINS, Decimal(0))


def settings() -> Settings:
    """Return what every process trades by: the balances are looked at, too."""
    plain = next(iter(SETTINGS.values()))
    portfolio = replace(plain.portfolio, compare_balances_ms=Milliseconds(10_000))
    reconciler = replace(plain.reconciler, look_ms=Milliseconds(20_000))
    router = replace(plain.router, terminal_ttl_ms=REMEMBERED_MS)
    drop = replace(plain.drop, symbols=(SYMBOL,))
    return replace(plain, portfolio=portfolio, reconciler=reconciler, router=router, drop=drop)


class ForkWorld:
    """One run of one schedule."""

    def __init__(self, choices: Choices | Iterable[int] = ()) -> None:
        self.choices = choices if isinstance(choices, Choices) else Choices(choices)
        take = self.choices.take
        self.plan = _PLANS[take(Kind.SETUP, len(_PLANS))]
        self.foreign = _WALLETS[take(Kind.SETUP, len(_WALLETS))]
        self.settings = settings()
        self.now = START
        self.price = 100.0
        self.quoted_at = START
        self.is_fair = False
        self.is_forked = False
        """Whether a copy, or another folder, was ever started."""
        self.rules = Rules(self)
        wallet = [Money(USDT, CAPITAL * 3), Money(BTC, self.foreign)]
        self.venue = SharedVenue(self, *market(), wallet)
        self.processes: list[Process] = []
        self.backups: list[SimulatedDisk] = []
        self.deliveries = 0
        self.on_act: Callable[[str], None] = _nothing
        self._start(self._disk())
        self._tick()
        self.settle()

    # What a choice means.

    def run(self) -> "ForkWorld":
        """Play the schedule, then the fair tail. Raises ``AssertionError`` where a rule breaks."""
        self.open(self.processes[0])
        while not self.choices.is_over:
            self.step()
        self.tail()
        return self

    def step(self) -> None:
        """Let the next thing happen."""
        acts = self._acts()
        choice = self.choices.take(Kind.STEP, len(acts) + 4)
        if choice < 4:
            self._deliver_or_wait(choice)
        else:
            name, act = acts[choice - 4]
            self.on_act(name)
            act()
        self.rules.look()

    def _deliver_or_wait(self, place: int) -> None:
        """Deliver one message of one process; where none waits, let time pass."""
        waiting = [(p, m) for p in self.alive for m in cast("Any", p.dispatcher).waiting()]
        if not waiting:
            self.pass_time(TICK_MS)
            return
        process, mailbox = waiting[place % len(waiting)]
        process.dispatcher.deliver(mailbox)
        self.deliveries += 1

    def _acts(self) -> list[tuple[str, Callable[[], None]]]:
        newest, oldest = -1, 0
        return [
            ("the price is 97.9", lambda: self.move(97.9)),
            ("the price is 98.8", lambda: self.move(98.8)),
            ("the price is 101.5", lambda: self.move(101.5)),
            ("the price is 103.5", lambda: self.move(103.5)),
            ("1 s passes", lambda: self.pass_time(1_000)),
            ("6 s pass", lambda: self.pass_time(6_000)),
            ("30 s pass", lambda: self.pass_time(30_000)),
            ("all that waits is delivered", self.settle),
            ("the oldest process opens", lambda: self._open_at(oldest)),
            ("the newest process opens", lambda: self._open_at(newest)),
            ("the newest process closes all", lambda: self._close_at(newest)),
            ("the oldest process closes all", lambda: self._close_at(oldest)),
            ("the oldest folder is copied", lambda: self._copy(oldest)),
            ("the newest folder is copied", lambda: self._copy(newest)),
            ("a copy is started beside it", self._start_copy),
            ("another folder is started", lambda: self._start_other(self._disk())),
            ("the oldest process is killed", lambda: self._kill(oldest)),
            ("the newest process is killed", lambda: self._kill(newest)),
            ("the last one that died is started again", self._restart),
            ("the newest is killed, a backup is put back", self._put_back),
            ("epochs of the dead are adopted", self.adopt),
            ("2 minutes pass", lambda: self.pass_time(120_000)),
            ("the last one that died starts, its exits on record", self._restart_on_record),
        ]

    # Processes and folders.

    @property
    def alive(self) -> list[Process]:
        return [one for one in self.processes if one.is_alive]

    def _disk(self) -> SimulatedDisk:
        return SimulatedDisk(self.now, lambda: DiskFate.WRITTEN)

    def _start(self, disk: SimulatedDisk, *, exits_recorded: bool = False) -> None:
        if len(self.processes) < PROCESSES and len(self.alive) < 2:
            number = len(self.processes)
            self.processes.append(Process(self, number, disk, exits_recorded=exits_recorded))

    def _copy(self, place: int) -> None:
        if self.alive:
            self.backups.append(_copied(self.alive[place].disk))

    def _start_copy(self) -> None:
        if self.backups:
            self._start_other(_copied(self.backups[-1]))

    def _start_other(self, disk: SimulatedDisk) -> None:
        self.is_forked = True
        self._start(disk)

    def _kill(self, place: int) -> None:
        if self.alive:
            self.alive[place].die()

    def _restart(self, *, exits_recorded: bool = False) -> None:
        dead = [one for one in self.processes if not one.is_alive]
        in_use = [one.disk for one in self.alive]
        if dead and dead[-1].disk not in in_use:
            self._start(dead[-1].disk, exits_recorded=exits_recorded)

    def _restart_on_record(self) -> None:
        """Start the last one again; memory that outlived it says that all exits are on record.

        It is true: every disk of this world writes what it is given before an exit leaves.
        """
        self._restart(exits_recorded=True)

    def _put_back(self) -> None:
        if self.backups and len(self.processes) < PROCESSES:
            self._kill(-1)
            self._start_copy()

    def adopt(self) -> None:
        """Let a person say, truly, that the processes of some epochs are dead."""
        living = {one.identity.epoch for one in self.alive}
        for process in self.alive:
            for number in range(len(self.processes)):
                epoch = self.processes[number].identity.epoch
                if epoch not in living:
                    process.system.tell(RECONCILER, AdoptEpoch(epoch=epoch, reason="it is dead"))

    # Time and the market.

    def pass_time(self, ms: int) -> None:
        """Let so much time pass; every process is done with what it had before."""
        end = self.now + ms
        while self.now < end:
            self.settle()
            due = [held.due for held in self.venue.way.held]
            deadlines = [at for p in self.alive if (at := p.clock.next_deadline()) is not None]
            then = min([end, self.quoted_at + TICK_MS, *due, *deadlines])
            self.now = Timestamp(max(then, self.now + 1))
            for process in self.alive:
                process.clock.advance_to(self.now)
            self.venue.way.let_in_due(self.now)
            if self.now >= self.quoted_at + TICK_MS:
                self._tick()
        self.rules.look()

    def settle(self) -> None:
        """Deliver all that waits, process by process in turn."""
        dispatchers = [process.dispatcher for process in self.alive]
        for _ in range(LIVELOCK):
            delivered = sum(dispatcher.deliver_oldest() for dispatcher in dispatchers)
            if not delivered:
                return
            self.deliveries += delivered
        raise AssertionError("still busy")

    def move(self, price: float) -> None:
        self.price = price
        self._tick()

    def _tick(self) -> None:
        price, self.quoted_at = self.price, self.now
        moved = MarketMoved(symbol=SYMBOL, at=self.now, bid=price, ask=price, last=price)
        self.venue.market_moved(moved, self.now)

    def open(self, process: Process) -> None:
        """Wish for a position, as an operator does."""
        price = self.price
        quote = Quote(symbol=SYMBOL, at=self.now, bid=price, ask=price, last=price)
        wish = OpenPosition(
            symbol=SYMBOL, budget=BUDGET, plan=self.plan, quote=quote, decision="a wish"
        )
        process.system.tell(POSITIONS, wish)

    def _open_at(self, place: int) -> None:
        if self.alive:
            self.open(self.alive[place])

    def _close_at(self, place: int) -> None:
        close = CloseAllPositions(cause=CloseCause.BY_HAND, reason="a whim")
        if self.alive:
            self.alive[place].system.tell(POSITIONS, close)

    # The end.

    def tail(self) -> None:
        """Nothing goes wrong any more: whoever lives must know how it stands with the account."""
        self.is_fair = True
        self.on_act("the fair tail")
        if not self.alive:
            self.processes.append(Process(self, len(self.processes), self.processes[-1].disk))
        self.pass_time(TAIL_MS)  # with two processes, where there are two
        assert not (wrong := self.rules.unnoticed()), wrong
        while len(self.alive) > 1:
            self._kill(-1)
        for _ in range(2):  # an epoch that is seen only now is named in the next word
            self.adopt()
            self._until(self.rules.unadopted, TAIL_MS)
        for price in (99.0, 96.0):
            self.move(price)
            self.pass_time(PIECE_MS)
        self.move(93.0)
        self._until(lambda: "" if self._contested() else self.rules.unsold(), TAIL_MS)
        self._own()
        self._until(self.rules.unsold, TAIL_MS)
        self.pass_time(PIECE_MS)
        self.rules.over()

    def _contested(self) -> list[PositionId]:
        """Return the positions whose owner only a person can name: no epoch is left to adopt."""
        (process,) = self.alive
        lives = self.rules.lives(process)
        return [one.charter.position_id for one in lives if one.position.contested]

    def _own(self) -> None:
        """Let a person say that what is still contested is the last process's: it lives alone."""
        (process,) = self.alive
        for position_id in self._contested():
            self.rules.met.add("a person names the owner of a contested position")
            word = OwnershipChanged(is_contested=False, reason="the others are dead")
            process.system.tell(position_address(position_id), word)

    def _until(self, wrong: Callable[[], str], most_ms: int) -> None:
        """Let time pass until nothing is wrong any more: by then, at the latest."""
        for _ in range(most_ms // PIECE_MS):
            self.pass_time(PIECE_MS)
            if not wrong():
                return
        raise AssertionError(wrong())

    def close(self) -> None:
        """Let go of all processes."""
        for process in self.alive:
            process.die()


def _copied(disk: SimulatedDisk) -> SimulatedDisk:
    """Return a folder's copy: what is durable now."""
    choose, disk.choose_fate = disk.choose_fate, _written
    copy = deepcopy(disk)
    disk.choose_fate = choose
    return copy


def _written() -> DiskFate:
    return DiskFate.WRITTEN


def _nothing(*_: object) -> None:
    """Look at nothing."""
