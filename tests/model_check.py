"""Search a small model whole: ``python -m tests.model_check``. Exits with 1 where a rule breaks.

Breadth first over the real pure cores, see ``tests.simulation.model``: every reachable state is
safe, and from every one CLOSED stays reachable. The bounds are printed with the result. The first
state that breaks a rule is told with the shortest way to it, as a sequence diagram.
"""

import argparse
import sys
import time
from collections import deque
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec
from rich.console import Console

from actors.portfolio.accounts import Account
from actors.position.position import find_order
from actors.position.states import State as Stage
from messages.orders import Side
from messages.position import LevelName
from tests.simulation.model import Model
from tests.simulation.model_world import PRICES, Bounds, World, held
from tests.simulation.plans import PLANS

_TIMES = frozenset(
    {
        "at",
        "began_at",
        "deadline",
        "entered_at",
        "look_at",
        "not_found_since",
        "retry_at",
        "since",
        "stop_order_until",
        "switched_at",
        "wait_ends_at",
        "wakes_at",
    }
)
_NO_MATTER = frozenset(
    {
        "changed_at",
        "closed_at",
        "close_reason",
        "forget_at",
        "measured_at",
        "now",
        "reason",
        "suspected_at",
        "text",
        "unprotected",
    }
)
"""Told to people, or counted for them; the stream is always up, and nothing is forgotten here."""
_LONG_AGO = -120_000
"""Milliseconds: longer than any deadline of the plans looks back."""


class Found(NamedTuple):
    """What a search showed."""

    states: int
    steps: int
    depth: int
    seconds: float
    error: str | None
    way: tuple[str, ...]
    """To the state that breaks the rule."""
    is_whole: bool
    """Every reachable state was seen."""


def canonical(world: World) -> bytes:
    """Return the state without what makes no difference.

    Times count from now; mail keeps its order in its own channel only.
    """
    mail = tuple(sorted(world.mail, key=lambda mail: (mail.sender, mail.to)))
    plain = _plain(msgspec.to_builtins(msgspec.structs.replace(world, mail=mail)), world.now)
    return blake2b(msgspec.msgpack.encode(plain), digest_size=16).digest()


def _plain(value: Any, now: int) -> Any:  # noqa: ANN401 - any builtin
    if isinstance(value, dict):
        idle = _idle_times(value)
        return {
            name: _since(part, now) if name in _TIMES else _plain(part, now)
            for name, part in value.items()
            if name not in _NO_MATTER and name not in idle
        }
    if isinstance(value, (list, tuple)):
        return [_plain(part, now) for part in value]
    return value


def _idle_times(fields: dict[str, Any]) -> tuple[str, ...]:
    """Return the times of an entity that no core looks at in the state that it is in."""
    if "filled" in fields:  # facts of an order: when the venue said so is for people
        return ("at",)
    if "waits_for_balance" in fields or "up" in fields or fields.get("type") == "LookDue":
        return ("since", "at")
    if "order_id" in fields and fields.get("state") != "unknown":  # the exit slot
        return ("since",)
    if "began_at" in fields and fields.get("state") != "new":
        return ("began_at",)
    return ()


def _since(at: int | None, now: int) -> int | None:
    return None if at is None else max(at - now, _LONG_AGO)


def broken(world: World) -> str | None:  # noqa: PLR0911 - one a rule
    """Return the rule that a state breaks, by the venue's ledger; None: all hold."""
    for life in world.lives:
        position = life.position
        position_id = position.position_id
        own = held(world.venue, position_id)
        if own < 0:
            return f"{position_id} sold {-own} more than it held"
        sells = [
            order
            for order in world.venue
            if order.request.position_id == position_id
            and order.request.side is Side.SELL
            and not order.facts.is_terminal
        ]
        known = [find_order(position, o.facts.client_order_id) for o in sells]
        live = [o for o, k in zip(sells, known, strict=True) if k is None or not k.is_lost]
        if len(live) > 1:
            return f"{position_id} has two exits that work"
        if sum(o.request.quantity - o.facts.filled for o in live) > own:
            return f"{position_id} holds {own}, and more works to be sold"
        if position.state is Stage.CLOSED and (own or sells):
            return f"{position_id} is CLOSED, holds {own}, and {len(sells)} exits work"
        if _is_naked(world, life.position.position_id, own, position.state):
            return f"{position_id} ({position.state}) holds {own}; nobody covers it, nothing comes"
    for entity in world.books:
        if isinstance(entity, Account):
            parts = entity.free + entity.reserved + entity.invested
            if parts != entity.total:
                return f"the books of {entity.currency} do not add up: {entity}"
    return None


def _is_naked(world: World, position_id: str, own: Any, state: Stage) -> bool:  # noqa: ANN401 - a Decimal
    """Whether all is quiet, no deadline is set, and what is held is neither covered nor sold."""
    is_quiet = not world.mail and not any(life.position.wakes_at for life in world.lives)
    if not is_quiet or not own or any(getattr(o, "errand", None) for o in world.orders):
        return False
    armed = (a for a in world.armed if a.position_id == position_id)
    has_trigger = any(level.name is LevelName.STOP_LOSS for a in armed for level in a.levels)
    works = any(
        o.request.position_id == position_id and not o.facts.is_terminal for o in world.venue
    )
    return not has_trigger and not (state is Stage.CLOSING and works)


def search(model: Model, limit: int, seconds: float) -> Found:
    """Visit every reachable state, the nearest first, up to ``limit`` of them."""
    started = time.monotonic()
    first = model.first()
    numbers = {canonical(first): 0}
    came: list[tuple[int, str]] = [(-1, "")]
    before: list[list[int]] = [[]]
    ends: list[int] = []
    depths = [0]
    queue = deque([(0, first)])
    steps = 0
    while queue:
        number, world = queue.popleft()
        error = broken(world)
        is_late = time.monotonic() - started > seconds
        if error is not None or len(numbers) > limit or is_late:
            way = _way(came, number) if error is not None else ()
            taken = time.monotonic() - started
            return Found(len(numbers), steps, depths[number], taken, error, way, is_whole=False)
        if all(life.position.state is Stage.CLOSED for life in world.lives):
            ends.append(number)
        for text, after in model.following(world):
            steps += 1
            key = canonical(after)
            known = numbers.get(key)
            if known is None:
                known = numbers[key] = len(came)
                came.append((number, text))
                before.append([])
                depths.append(depths[number] + 1)
                queue.append((known, after))
            before[known].append(number)
    stuck = _never_closing(before, ends)
    error = None if stuck is None else "CLOSED can't be reached any more"
    way = () if stuck is None else _way(came, stuck)
    taken = time.monotonic() - started
    return Found(len(numbers), steps, max(depths), taken, error, way, is_whole=True)


def _never_closing(before: list[list[int]], ends: list[int]) -> int | None:
    """Return the nearest state from which no end is reachable; None: there is none."""
    reaching, queue = set(ends), deque(ends)
    while queue:
        for number in before[queue.popleft()]:
            if number not in reaching:
                reaching.add(number)
                queue.append(number)
    return next((number for number in range(len(before)) if number not in reaching), None)


def _way(came: list[tuple[int, str]], number: int) -> tuple[str, ...]:
    texts = []
    while number > 0:
        number, text = came[number]
        texts.append(text.replace("position/", ""))
    return tuple(reversed(texts))


def diagram(found: Found) -> str:
    """Return the shortest way to the broken rule as a Mermaid sequence diagram."""
    return "\n    ".join(("sequenceDiagram", *found.way, f"Note over venue: {found.error}"))


def main() -> int:
    """Search as the command line says; return the process's exit code."""
    parser = argparse.ArgumentParser(description="Search a small model whole.")
    parser.add_argument("--faults", type=int, default=1)
    parser.add_argument("--moves", type=int, default=1)
    parser.add_argument("--lates", type=int, default=0)
    parser.add_argument("--states", type=int, default=2_000_000, help="at most")
    parser.add_argument("--seconds", type=float, default=600.0, help="for each search, at most")
    parser.add_argument("--modes", type=int, default=5, help="how many of the plans")
    options = parser.parse_args()
    console = Console(width=100)
    one = Bounds(faults=options.faults, moves=options.moves, lates=options.lates)
    runs = [(number, one) for number in range(options.modes)]
    runs.append((0, Bounds(faults=0, moves=0, closes=1, positions=2, units=1)))
    failed = 0
    for number, bounds in runs:
        plan = PLANS[number]
        console.print(f"{plan.protection_mode}: {bounds}, prices {PRICES}")
        found = search(Model(plan, bounds), options.states, options.seconds)
        whole = "all of them" if found.is_whole else "STOPPED before all were seen"
        console.print(
            f"  {found.states:,} states ({whole}), {found.steps:,} steps, depth {found.depth}, "
            f"{found.seconds:.1f} s; {found.error or 'every rule holds'}"
        )
        if found.error is not None:
            failed += 1
            console.print(diagram(found), markup=False)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
