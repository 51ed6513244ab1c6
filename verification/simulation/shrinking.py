"""Makes a failing schedule as short and as plain as it gets, while it breaks the same rule."""

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations

Fails = Callable[[Sequence[int]], bool]
_RUNS = 3_000


def shrink(schedule: Sequence[int], fails: Fails, runs: int = _RUNS) -> tuple[int, ...]:
    """Return a schedule that still fails: none of its parts can go, none can be plainer.

    At most ``runs`` tries; then the best so far.
    """
    best = tuple(schedule)
    tries = 0
    is_better = True
    while is_better:
        is_better = False
        for candidate in _simpler(best):
            tries += 1
            if tries > runs:
                return best
            if fails(candidate):
                best, is_better = candidate, True
                break
    return best


def _simpler(schedule: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Yield simpler schedules, the boldest first."""
    size = len(schedule)
    chunk = size
    while chunk:
        for start in range(0, size, chunk):
            yield schedule[:start] + schedule[start + chunk :]
        chunk //= 2
    chunk = size
    while chunk:
        for start in range(0, size, chunk):
            part = schedule[start : start + chunk]
            if any(part):
                yield (*schedule[:start], *(0 for _ in part), *schedule[start + chunk :])
        chunk //= 2
    for place, choice in enumerate(schedule):
        for lower in {choice // 2, choice - 1} - {choice, -1}:
            yield (*schedule[:place], lower, *schedule[place + 1 :])
    yield from _without_pairs(schedule)


def _without_pairs(schedule: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Yield it without two choices that are nothing without each other, or with both plain."""
    for first, second in combinations(range(len(schedule)), 2):
        between, after = schedule[first + 1 : second], schedule[second + 1 :]
        yield (*schedule[:first], *between, *after)
        if schedule[first] and schedule[second]:
            yield (*schedule[:first], 0, *between, 0, *after)
