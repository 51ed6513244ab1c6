"""The graph of a search: who follows whom, and what no schedule may do for ever.

Owns liveness. A schedule is *fair* if mail that waits is delivered in the end, channel by channel,
and if time goes on wherever it can. What the market, a person or the line does is never owed.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence

TIME = "time"
OUTSIDE = "outside"


class Graph:
    """States by number, in order of their finding; edges with what took them.

    States are looked at in that order too, so the edges of each lie side by side.
    """

    def __init__(self) -> None:
        """Begin with no state."""
        self.parents = array("i")
        self.texts: list[str] = []
        """What led from its parent to each state; equal texts are one."""
        self.depths = array("I")
        self.ends: list[int] = []
        """States in which all is over."""
        self.uncovered = array("B")
        """Who is open and uncovered, one bit a position."""
        self._owed = array("Q")
        """What waits in each state, one bit a channel, and time."""
        self._first = array("Q")
        """Where the edges of each state begin that was looked at."""
        self._to, self._by = array("I"), array("B")
        self._bits: dict[str, int] = {}
        self._said: dict[str, str] = {}

    def __len__(self) -> int:
        """Count the states."""
        return len(self.parents)

    @property
    def steps(self) -> int:
        """Count the edges."""
        return len(self._to)

    def add(self, parent: int, text: str) -> int:
        """Add a state; return its number."""
        self.parents.append(parent)
        self.texts.append(self._said.setdefault(text, text))
        self.depths.append(self.depths[parent] + 1 if parent >= 0 else 0)
        return len(self.parents) - 1

    def look_at(self, *, uncovered: int, owed: Iterable[str]) -> None:
        """Go to the next state that was not looked at yet, and note what is so in it."""
        self._first.append(len(self._to))
        self.uncovered.append(uncovered)
        self._owed.append(sum(1 << self._bit(one) for one in set(owed)))

    def follow(self, after: int, by: str) -> None:
        """Note what follows the state looked at, by one of what is owed, or by OUTSIDE."""
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
        reaching = bytearray(len(self))
        for number in self.ends:
            reaching[number] = 1
        is_growing = True
        while is_growing:  # most edges lead to later states: few rounds from the back are enough
            is_growing = False
            for number in range(len(self) - 1, -1, -1):
                if not reaching[number] and any(reaching[to] for to in self._after(number)):
                    reaching[number] = 1
                    is_growing = True
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
        after: dict[int, list[int]] = {}
        for number, bits in enumerate(self.uncovered):
            if bits & bit:
                after[number] = [to for to in self._after(number) if self.uncovered[to] & bit]
        for circle in components(after):
            number = next(iter(circle))
            if len(circle) > 1 or number in after[number]:
                yield circle

    def _is_fair(self, circle: set[int]) -> bool:
        """Whether nothing that is owed in each of its states is put off for ever."""
        always = ~0
        for number in circle:
            always &= self._owed[number]
            for edge in self._edges(number):
                if self._by[edge] != 255 and self._to[edge] in circle:
                    always &= ~(1 << self._by[edge])
        return not always

    def _edges(self, number: int) -> range:
        is_last = number + 1 == len(self._first)
        return range(self._first[number], len(self._to) if is_last else self._first[number + 1])

    def _after(self, number: int) -> Sequence[int]:
        edges = self._edges(number)
        return self._to[edges.start : edges.stop]

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
                work.append((following, iter(after[following])))
            elif following in on_stack:
                low[number] = min(low[number], index[following])


def _taken_off(stack: list[int], on_stack: set[int], last: int) -> set[int]:
    taken = set()
    while last not in taken:
        taken.add(stack.pop())
    on_stack -= taken
    return taken
