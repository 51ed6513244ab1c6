"""The graph of a search: who follows whom, and what no schedule may do for ever.

Owns liveness. A schedule is *fair* if mail that waits is delivered in the end, channel by channel,
and if time goes on wherever it can. What the market, a person or the line does is never owed.
"""

from array import array
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator

TIME = "time"
OUTSIDE = "outside"


class Graph:
    """States by number, in order of their finding; edges with what took them."""

    def __init__(self) -> None:
        self.parents = array("q")
        self.texts: list[str] = []
        """What led from its parent to each state; equal texts are one."""
        self.depths = array("I")
        self.ends: list[int] = []
        """States in which all is over."""
        self.uncovered = array("B")
        """Who is open and uncovered, one bit a position."""
        self._owed = array("Q")
        """What waits in each state, one bit a channel, and time."""
        self._from, self._to, self._by = array("I"), array("I"), array("B")
        self._bits: dict[str, int] = {}
        self._said: dict[str, str] = {}

    def __len__(self) -> int:
        """Count the states."""
        return len(self.parents)

    @property
    def steps(self) -> int:
        """Count the edges."""
        return len(self._from)

    def add(self, parent: int, text: str) -> int:
        """Add a state; return its number."""
        self.parents.append(parent)
        self.texts.append(self._said.setdefault(text, text))
        self.depths.append(self.depths[parent] + 1 if parent >= 0 else 0)
        return len(self.parents) - 1

    def look_at(self, *, uncovered: int, owed: Iterable[str]) -> None:
        """Note what is so in the next state that was not looked at yet."""
        self.uncovered.append(uncovered)
        self._owed.append(sum(1 << self._bit(one) for one in set(owed)))

    def follow(self, before: int, after: int, by: str) -> None:
        """Note that ``before`` is followed by ``after``: one of what is owed, or OUTSIDE."""
        self._from.append(before)
        self._to.append(after)
        self._by.append(255 if by == OUTSIDE else self._bit(by))

    def way(self, number: int) -> tuple[str, ...]:
        """Return the shortest way to a state."""
        texts = []
        while self.parents[number] >= 0:
            texts.append(self.texts[number])
            number = self.parents[number]
        return tuple(reversed(texts))

    def never_ending(self) -> int | None:
        """Return the nearest state from which no end is reachable; None: there is none."""
        before: dict[int, list[int]] = defaultdict(list)
        for source, target in zip(self._from, self._to, strict=True):
            before[target].append(source)
        reaching, queue = bytearray(len(self)), deque(self.ends)
        for number in self.ends:
            reaching[number] = 1
        while queue:
            for number in before[queue.popleft()]:
                if not reaching[number]:
                    reaching[number] = 1
                    queue.append(number)
        place = reaching.find(0)
        return None if place < 0 else place

    def uncovered_for_ever(self) -> int | None:
        """Return the nearest state of a fair circle in which one position is never covered.

        None: on every fair schedule what is held is covered in the end, or sold.
        """
        everybody = 0
        for bits in self.uncovered:
            everybody |= bits
        found: list[int] = []
        for place in range(everybody.bit_length()):
            found += [min(c) for c in self._circles(1 << place) if self._is_fair(c)]
        return min(found, default=None)

    def _circles(self, bit: int) -> Iterator[set[int]]:
        """Yield the sets of uncovered states each of which can reach all of its set."""
        after: dict[int, list[int]] = defaultdict(list)
        for source, target in zip(self._from, self._to, strict=True):
            if self.uncovered[source] & self.uncovered[target] & bit:
                after[source].append(target)
        for circle in components(after):
            number = next(iter(circle))
            if len(circle) > 1 or number in after.get(number, ()):
                yield circle

    def _is_fair(self, circle: set[int]) -> bool:
        """Whether nothing that is owed in each of its states is put off for ever."""
        always = ~0
        for number in circle:
            always &= self._owed[number]
        for source, target, by in zip(self._from, self._to, self._by, strict=True):
            if source in circle and target in circle and by != 255:
                always &= ~(1 << by)
        return not always

    def _bit(self, name: str) -> int:
        return self._bits.setdefault(name, len(self._bits))


def components(after: dict[int, list[int]]) -> Iterator[set[int]]:
    """Yield the strongly connected components (Tarjan, without recursion)."""
    index: dict[int, int] = {}
    low: dict[int, int] = {}
    stack: list[int] = []
    on_stack: set[int] = set()
    for root, following_root in after.items():
        if root in index:
            continue
        work = [(root, iter(following_root))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        while work:
            number, rest = work[-1]
            following = next(rest, None)
            if following is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[number])
                if low[number] == index[number]:
                    yield _taken_off(stack, on_stack, number)
            elif following not in index:
                index[following] = low[following] = len(index)
                stack.append(following)
                on_stack.add(following)
                work.append((following, iter(after.get(following, ()))))
            elif following in on_stack:
                low[number] = min(low[number], index[following])


def _taken_off(stack: list[int], on_stack: set[int], last: int) -> set[int]:
    taken = set()
    while last not in taken:
        taken.add(stack.pop())
    on_stack -= taken
    return taken
