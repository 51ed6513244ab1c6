"""One round on a rig: the steps that situations are made of, and what the ledger says of it."""

import random
import time
from collections.abc import Callable

from benchmarks.seconds import books as ledger
from benchmarks.seconds.rig import Rig
from exchange.server.control import Release
from exchange.server.ledger import Entry, Filled
from exchange.server.wire import Call
from exchange.server.wire_faults import WireFault
from messages.orders import Side

SOON_SECONDS = 45.0
"""For what a program does by itself; after it a person is needed."""
_STOP_AT_VENUE = {"stop_rests", "oco", "on_exchange"}
_NOTHING_RESTS = {"off_exchange", "triggers"}

LOOP_SECONDS = 5.0
"""freqtrade's default ``process_throttle_secs``: between two looks at the market."""
LOST_BY = 0.985
"""Of the first price: under the stop."""
WON_BY = 1.015
"""Of the first price: over the target."""


class Round:
    """One round: what is done to the program, then what came of it."""

    def __init__(self, rig: Rig, number: int, *, is_first: bool) -> None:
        """Begin where the round before ended; ``is_first``: there was none on this rig."""
        self.rig, self.is_first = rig, is_first
        self.chance = random.Random(number)  # noqa: S311 - a script, not a secret
        """The same for every program."""
        self.begun_at = rig.place_now()
        self.troubles: list[str] = []
        self.killed: int | None = None
        self.crossed: int | None = None

    @property
    def entries(self) -> list[Entry]:
        """The ledger's lines of this round."""
        return self.rig.entries[self.begun_at :]

    @property
    def first_answer(self) -> int | None:
        """When the venue first answered the process that was started after the kill."""
        return None if self.killed is None else ledger.first_answer(self.entries, self.killed)

    @property
    def flat_at(self) -> int | None:
        """When nothing was held any more: after the price crossed, or the program was killed."""
        since = max(self.crossed or 0, self.killed or 0)
        return ledger.first_when(self.entries, lambda books: books.is_sold, since)

    # What is done

    def enter(self) -> None:
        """Let the program buy at the first price, then no more."""
        self.rig.move(1.0)
        self.rig.open_gate()
        wanted = len(self.rig.program.place.symbols) * self.rig.program.place.positions
        seconds = SOON_SECONDS * (2 if self.is_first else 1)  # the program only just started
        if not self.rig.wait(lambda: self._bought() >= wanted, seconds):
            self.troubles.append("it did not enter")
        self.rig.close_gate()

    def settle(self, seconds: float = 3.0, spread: float = LOOP_SECONDS) -> None:
        """Wait until what its mode lets rest rests, then for ``seconds`` and a part of ``spread``.

        The part differs from round to round: no moment of a program's own loop is preferred.
        """
        mode, books = self.rig.program.mode, self.rig.books
        if mode in _STOP_AT_VENUE:
            self._expect(lambda: books.is_covered, "no stop covers the coins")
        elif mode not in _NOTHING_RESTS:
            self._expect(lambda: books.is_offered, "nothing rests")
        else:
            self.rig.pause(LOOP_SECONDS)
        self.rig.pause(seconds + self.chance.uniform(0, spread))

    def plan(self, *faults: WireFault) -> None:
        """Let this go wrong from now on, and nothing else."""
        self.rig.server.plan(*faults)

    def cross(self, level: float) -> None:
        """Let the price jump; the first jump is what times run from."""
        at = self.rig.cross(level)
        self.crossed = at if self.crossed is None else self.crossed

    def kill(self) -> None:
        """End the program by SIGKILL, and let the wire heal."""
        self.rig.program.kill()
        self.killed = int(time.time() * 1000)
        self.plan()

    def start(self) -> None:
        """Start the program again."""
        self.rig.program.start()

    def wait_for_request(self, call: Call, since: int, containing: str = "") -> None:
        """Wait for a request that came after the ledger's first ``since`` lines."""
        if not self.rig.wait_for_request(call, since, SOON_SECONDS, containing):
            self.troubles.append(f"no {call} {containing}")

    def wait_until_covered(self) -> None:
        """Wait until stops at the venue cover all coins."""
        self._expect(lambda: self.rig.books.is_covered, "no stop covers the coins")

    def wait_until_flat(self) -> None:
        """Wait until nothing is held."""
        self._expect(lambda: self.rig.books.is_flat, "not sold")

    def leave(self) -> None:
        """Let the price fall through the stop, as the end of a round that went well."""
        if not self.troubles:
            self.rig.cross(LOST_BY)
            self.wait_until_flat()

    def finish(self) -> None:
        """Heal the wire; note where coins or orders are left that the program does not end."""
        rig = self.rig
        rig.close_gate()
        self.plan()
        rig.server.send(Release())
        if not rig.wait(lambda: rig.books.is_flat and not rig.books.working, 20.0):
            self.troubles.append(f"left: {rig.books.held}, {len(rig.books.working)} orders")
        elif not rig.wait(lambda: not rig.program.believes_to_hold, 20.0):
            self.troubles.append("all is sold, but its own books have an open position")
        self.judge()

    def judge(self) -> None:
        """Note what was bought or sold twice, and a process that ended."""
        self.rig.read()
        if not self.rig.program.is_alive:
            self.troubles.append("its process ended")
        count = ledger.doubled(self.entries)
        if count and self.rig.program.place.positions == 1:
            self.troubles.append(f"bought again while it held: {count}")
        if ledger.oversold(self.entries):
            self.troubles.append("sold more than it had")

    def _bought(self) -> int:
        fills = (one for one in self.entries if isinstance(one, Filled))
        return len({one.client_order_id for one in fills if one.side is Side.BUY})

    def _expect(self, condition: Callable[[], bool], trouble: str) -> None:
        if not self.rig.wait(condition, SOON_SECONDS):
            self.troubles.append(trouble)
