"""How an explorer chooses: each strategy looks for races in a way of its own.

Owns the portfolio of strategies. Each is a source of choices with a seed: the same seed, the same
schedule. None beats the others everywhere, so the explorer takes them in turn.
"""

from bisect import bisect
from collections.abc import Sequence
from itertools import accumulate
from random import Random
from typing import ClassVar

from messages.base import Address
from verification.simulation.choices import Choices, Kind
from verification.simulation.faults import CancelFate, EventFate, LookUpFate, SubmitFate
from verification.simulation.journals import JOURNALS
from verification.simulation.plans import PUNCTUAL, VENUES
from verification.simulation.stimuli import ACTS

_DELIVERIES_WEIGHT = 80
"""Of all deliveries out of turn together, beside the acts' own weights."""
_ACTS_UP_TO = tuple(accumulate(weight for _, _, weight in ACTS))

_CRASHES = [place for place, (name, _, _) in enumerate(ACTS) if "killed" in name]
_JUMPS = [place for place, (name, _, _) in enumerate(ACTS) if name[:4] in {"5 s ", "16 s"}]
_STIRS = [
    place
    for place, (name, _, _) in enumerate(ACTS)
    if name.startswith(("close by", "the price", "switch", "nearer", "open", "half", "all but"))
]
_EXITS = [
    place
    for place, (name, _, _) in enumerate(ACTS)
    if name.startswith(("close by", "the price is 97.9", "the price is 98.5", "switch", "nearer"))
]
_ENDS = [
    *(_JUMPS + _CRASHES),
    *(
        place
        for place, (name, _, _) in enumerate(ACTS)
        if name.startswith(("the disk is full", "the venue's clock"))
    ),
]
_CACHES = [
    place
    for place, (name, _, _) in enumerate(ACTS)
    if name.startswith(("a look", "the account's stream"))
]
_STALE_STEPS = 4
"""Times as many steps, where what is looked for happens seconds after the first act."""
_CACHED_SHARE = 0.9
"""Of the parts of a look, that come from a cache where a strategy wants them to."""
_CRASH_SHARE = 0.03
"""Of the steps of a crashing one, that are a crash."""

_WALLET_SETUP, _PROTECTED_SETUP, _JOURNAL_SETUP = 3, 4, 5
"""The setup's choices, from 1, of a wallet, of whether all begins protected, of a journal."""
_SETUP_SHARE = 0.85
"""How often the setup is not the plain one."""


class Exploring(Choices):
    """A strategy: so many steps, then the fair tail."""

    def __init__(self, seed: int, steps: int) -> None:
        super().__init__()
        # S311: schedules are no secrets.
        self.random = Random(f"{type(self).__name__}/{seed}")  # noqa: S311
        self.steps = self.random.randint(steps // 3, steps)

    def step(self, waiting: Sequence[Address], count: int) -> int:
        self.steps -= 1
        return super().step(waiting, count)

    @property
    def is_over(self) -> bool:
        return self.steps <= 0

    def _next(self, kind: Kind, count: int) -> int:
        if kind is Kind.SETUP:
            return self._with(_SETUP_SHARE, kind, count)
        return self._choose(kind, count)

    def _choose(self, kind: Kind, count: int) -> int:
        raise NotImplementedError

    def _with(self, share: float, kind: Kind, count: int) -> int:
        """Return a choice that is plain, or with the odds of ``share`` another."""
        return self._other(kind, count) if self.random.random() < share else 0

    def _other(self, kind: Kind, count: int) -> int:
        if kind is not Kind.STEP:
            return self.random.randrange(count)
        deliveries = count - len(ACTS)
        place = bisect(_ACTS_UP_TO, self.random.randrange(_ACTS_UP_TO[-1] + _DELIVERIES_WEIGHT))
        if place == len(ACTS):
            return self.random.randrange(deliveries)
        return deliveries + place


class RandomWalk(Exploring):
    """Deviates now and then, each kind of choice with odds of its own."""

    def __init__(self, seed: int, steps: int) -> None:
        super().__init__(seed, steps)
        self._odds = [self.random.choice((0.1, 0.3, 0.6)) for _ in Kind]

    def _choose(self, kind: Kind, count: int) -> int:
        return self._with(self._odds[kind], kind, count)


class Uniform(Exploring):
    """Takes any choice with equal odds: all goes wrong all the time."""

    def _choose(self, kind: Kind, count: int) -> int:
        return self._other(kind, count)


class DelayBounded(Exploring):
    """Deviates a few times only, anywhere: most bugs need no more."""

    def __init__(self, seed: int, steps: int) -> None:
        super().__init__(seed, steps)
        deviations = self.random.randint(1, 6)
        self._at = {self.random.randrange(2 * self.steps + 4) for _ in range(deviations)}
        self._taken = 0

    def _choose(self, kind: Kind, count: int) -> int:
        self._taken += 1
        return self._other(kind, count) if self._taken in self._at else 0


class Pct(Exploring):
    """Probabilistic concurrency testing: each mailbox has a priority, and a few times it drops.

    Burckhardt and others, 2010: a bug that needs d orderings is found with odds of at least
    1 / (n × k^(d-1)) of n mailboxes and k steps. What comes from outside deviates now and then.
    """

    def __init__(self, seed: int, steps: int) -> None:
        super().__init__(seed, steps)
        self._priorities: dict[Address, float] = {}
        self._drops = {
            self.random.randrange(self.steps + 1) for _ in range(self.random.randint(1, 4))
        }
        self._outside = self.random.choice((0.05, 0.15, 0.3))

    def step(self, waiting: Sequence[Address], count: int) -> int:
        self._preferred = self._place(waiting)
        return super().step(waiting, count)

    def _place(self, waiting: Sequence[Address]) -> int:
        for address in waiting:
            self._priorities.setdefault(address, self.random.random())
        if not waiting:
            return 0
        first = max(range(len(waiting)), key=lambda i: self._priorities[waiting[i]])
        if self.steps in self._drops:
            self._priorities[waiting[first]] = -self.random.random()
        return first

    def _choose(self, kind: Kind, count: int) -> int:
        if kind is Kind.STEP:
            return self._with(self._outside, kind, count) or self._preferred
        return self._with(self._outside, kind, count)


class Crashing(RandomWalk):
    """A random walk whose journal is on a disk: the process dies, the disk fills."""

    def _next(self, kind: Kind, count: int) -> int:
        if kind is Kind.SETUP and count == len(JOURNALS):
            return self.random.randint(1, 3)
        return super()._next(kind, count)

    def _choose(self, kind: Kind, count: int) -> int:
        if kind is Kind.STEP and self.random.random() < _CRASH_SHARE:
            return count - len(ACTS) + self.random.choice(_CRASHES)
        return super()._choose(kind, count)


class Spell(RandomWalk):
    """For a while all requests of a kind fare alike: a venue in trouble is so for more than one.

    It begins with something that makes a position act.
    """

    def __init__(self, seed: int, steps: int) -> None:
        super().__init__(seed, steps)
        self._begins = self.random.randrange(self.steps // 3, self.steps)
        self._spell = range(self._begins - self.random.randint(5, 60), self._begins + 1)
        self._fates = {
            len(fates): self.random.choice((0, self.random.randrange(len(fates))))
            for fates in (SubmitFate, CancelFate, LookUpFate)
        }
        self._jumps = self.random.choice((0.0, 0.1, 0.4))

    def _choose(self, kind: Kind, count: int) -> int:
        if self.steps not in self._spell:
            return super()._choose(kind, count)
        if kind is Kind.REQUEST:
            return self._fates[count]
        if kind is Kind.STEP and self.steps == self._begins:
            return count - len(ACTS) + self.random.choice(_STIRS)
        if kind is Kind.STEP and self.random.random() < self._jumps:
            return count - len(ACTS) + self.random.choice(_JUMPS)
        return super()._choose(kind, count)


class Belated(Exploring):
    """Sales that come at the last moment, and questions that caches answer, at a punctual venue."""

    _FATES: ClassVar[dict[int, tuple[tuple[int, int], ...]]] = {
        len(SubmitFate): (
            (SubmitFate.ARRIVES, 8),
            (SubmitFate.HELD_AND_UNKNOWN, 8),
            (SubmitFate.HELD_BEHIND_THE_DOOR, 1),
            (SubmitFate.LATE, 2),
            (SubmitFate.SILENT, 2),
            (SubmitFate.NEVER_ARRIVED, 1),
            (SubmitFate.TOO_LATE, 1),
        ),
        len(CancelFate): (
            (CancelFate.ARRIVES, 6),
            (CancelFate.NEVER_ARRIVED, 2),
            (CancelFate.SILENT, 1),
            (CancelFate.REFUSED, 1),
        ),
        len(LookUpFate): (
            (LookUpFate.ANSWERED, 4),
            (LookUpFate.CACHED, 5),
            (LookUpFate.ERRS, 2),
        ),
    }
    _STIR_SHARE = 0.1
    _setups = 0

    def __init__(self, seed: int, steps: int) -> None:
        super().__init__(seed, steps)
        self._lost = self.random.choice((0.0, 0.1, 0.25))
        """The share of events and answers that is lost."""
        self._soon = self.random.choice((0.0, 0.2))
        """The share that comes late, within the stream's lag."""

    def _next(self, kind: Kind, count: int) -> int:
        if kind is not Kind.SETUP:
            return self._choose(kind, count)
        self._setups += 1
        match self._setups:
            case 2:
                return len(VENUES) - 1 - self.random.randrange(len(PUNCTUAL))
            case 3:  # _WALLET_SETUP: with and without coins of others
                return self.random.choice((0, 1))
            case _:
                return self.random.randrange(count)

    def _choose(self, kind: Kind, count: int) -> int:
        if kind is Kind.REQUEST:
            fates, weights = zip(*self._FATES[count], strict=True)
            return int(self.random.choices(fates, weights)[0])
        if kind is Kind.EVENT:
            fates = (EventFate.LOST, EventFate.SOON, EventFate.ARRIVES)
            shares = (self._lost, self._soon, 1 - self._lost - self._soon)
            return int(self.random.choices(fates, shares)[0])
        if kind is Kind.STEP and self.random.random() < self._STIR_SHARE:
            return count - len(ACTS) + self.random.choice((*_STIRS, *_STIRS, *_ENDS, *_CACHES))
        return 0


class Stale(Belated):
    """Belated, at a venue all of whose caches lag: what a look does not see may be there."""

    _FATES: ClassVar[dict[int, tuple[tuple[int, int], ...]]] = {
        len(SubmitFate): (
            (SubmitFate.ARRIVES, 4),
            (SubmitFate.LOST_ACK, 10),
            (SubmitFate.HELD_AND_UNKNOWN, 14),
            (SubmitFate.NEVER_ARRIVED, 1),
        ),
        len(CancelFate): ((CancelFate.ARRIVES, 6), (CancelFate.REFUSED, 1)),
        len(LookUpFate): ((LookUpFate.CACHED, 20), (LookUpFate.ANSWERED, 1), (LookUpFate.ERRS, 3)),
    }

    _STIR_SHARE = 0.03

    def __init__(self, seed: int, steps: int) -> None:
        super().__init__(seed, _STALE_STEPS * steps)
        self._lost, self._soon = self.random.choice(((0.0, 0.0), (0.2, 0.0), (0.0, 0.5)))
        self._begins = self.steps - self.random.randrange(5, 25)
        """Until then all is plain, but for the caches."""
        self._first = [
            place
            for place in _CACHES
            if not ACTS[place][0].endswith(("a gap", "as it is"))
            and self.random.random() < _CACHED_SHARE
        ]
        """Chosen before all else."""

    def _next(self, kind: Kind, count: int) -> int:
        choice = super()._next(kind, count)
        # Beside coins of others: without them the venue refuses what is sold twice. In memory: a
        # disk that is full for as long as these schedules last leaves a position without cover.
        if kind is Kind.SETUP and self._setups in {_WALLET_SETUP, _JOURNAL_SETUP}:
            return 0
        return 1 if kind is Kind.SETUP and self._setups == _PROTECTED_SETUP else choice

    def _choose(self, kind: Kind, count: int) -> int:
        if kind is Kind.STEP and self._first:
            return count - len(ACTS) + self._first.pop()
        if self.steps > self._begins:
            return 0
        if self.steps == self._begins and kind is Kind.STEP:
            return count - len(ACTS) + self.random.choice(_EXITS)
        return super()._choose(kind, count)


STRATEGIES: tuple[type[Exploring], ...] = (RandomWalk, Pct, DelayBounded, Uniform)
STEPS = (40, 60, 60, 120)
"""How many steps at most, in turn: most races need few, some a long life."""


AT_DEADLINES: tuple[type[Exploring], ...] = (Belated, Stale)
"""For what comes at the last moment, and for what caches do not show."""


def strategy(number: int, seed: int, kinds: Sequence[type[Exploring]] = STRATEGIES) -> Exploring:
    """Return the source of choices of the ``number``-th schedule under ``seed``."""
    kind = kinds[number % len(kinds)]
    steps = STEPS[number // len(kinds) % len(STEPS)]
    return kind(seed * 1_000_003 + number, steps)
