"""Breadth first through a model: every reachable state is safe, and none is a dead end."""

import gc
import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from actors.position.states import State as Stage
from verification.model.graph import TIME, Graph
from verification.model.model import Model
from verification.model.rules import broken, uncovered
from verification.model.states import States

_TELL_EVERY = 1_000


class Found(NamedTuple):
    """What a search showed."""

    states: int
    steps: int
    depth: int
    seconds: float
    cpu_seconds: float
    error: str | None
    way: tuple[str, ...]
    """To the state that breaks the rule."""
    is_whole: bool
    """Every reachable state was seen."""


class Reached(NamedTuple):
    """How far a search is."""

    states: int
    left: int
    """Of those found so far, how many are still to be looked at."""
    depth: int
    seconds: float


def search(
    model: Model,
    limit: int,
    seconds: float,
    tell: Callable[[Reached], None] = lambda _: None,
) -> Found:
    """Visit every reachable state, the nearest first, up to ``limit`` of them.

    What is found is kept as a name and a number; only states that wait to be looked at are whole.
    """
    gc.disable()  # a state is a tree of values: there are no circles to look for, among millions
    try:
        return _search(model, limit, seconds, tell)
    finally:
        gc.enable()


def _search(model: Model, limit: int, seconds: float, tell: Callable[[Reached], None]) -> Found:
    started, taken, cpu = time.monotonic(), 0.0, time.process_time()
    graph, states = Graph(), States()
    first = model.first()
    numbers = {states.name(first): graph.add(-1, "")}
    queue = deque([(0, first)])

    def found(error: str | None, number: int, *, is_whole: bool) -> Found:
        way = () if error is None else tuple(t.replace("position/", "") for t in graph.way(number))
        return Found(
            len(graph),
            graph.steps,
            graph.depths[-1],
            time.monotonic() - started,
            time.process_time() - cpu,
            error,
            way,
            is_whole,
        )

    while queue:
        number, world = queue.popleft()
        if number % _TELL_EVERY == 0:
            taken = time.monotonic() - started
            tell(Reached(len(graph), len(queue), graph.depths[number], taken))
        if len(graph) > limit or taken > seconds:
            return found(None, number, is_whole=False)
        error = broken(world)
        if error is not None:
            return found(error, number, is_whole=False)
        try:
            followers = list(model.following(world))
        except Exception as problem:  # noqa: BLE001 - what a core raises is the finding
            return found(f"a core raised {problem!r}", number, is_whole=False)
        if all(life.position.state is Stage.CLOSED for life in world.lives):
            graph.ends.append(number)
        owed = {f"{mail.sender}>{mail.to}" for mail in world.mail}
        owed |= {by for _, _, by in followers if by == TIME}
        graph.look_at(uncovered=uncovered(world), owed=owed)
        for text, after, by in followers:
            name = states.name(after)
            known = numbers.get(name)
            if known is None:
                known = numbers[name] = graph.add(number, text)
                queue.append((known, after))
            graph.follow(known, by)
    numbers.clear()
    return found(*_never_well(graph), is_whole=True)


def _never_well(graph: Graph) -> tuple[str | None, int]:
    """Return what never becomes of a whole graph that should, and the nearest state of it."""
    stuck = graph.never_ending()
    if stuck is not None:
        return "CLOSED can't be reached any more", stuck
    naked = graph.uncovered_for_ever()
    if naked is not None:
        return "fair, and what is held is never covered and never sold", naked
    return None, 0
