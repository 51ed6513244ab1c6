"""``--fresh``: what an account held is put aside, in a folder of its own inside the account's.

Nothing is thrown away, but what is open there is managed by nothing any more. Owns the name of that
folder, the list of what is open, and the question that real money makes necessary.
"""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import msgspec

from actors.journal.codec import Snapshot
from actors.journal.inspection import ANCHOR, JournalLostError, find
from actors.journal.notes import RESTORED_NOTE, outer_taken_path, taken_path
from actors.journal.segment import segment_numbers, segment_path
from actors.observers.rows import resting
from actors.order_router.order import RoutedOrder
from actors.position.position import Charter, Life, Position
from actors.position.states import State
from actors.runtime.watchdog import STUCK_NOTE
from messages.addresses import ORDER_ROUTER
from messages.money import ZERO, plain
from terminal.errors import UsageError
from terminal.person import is_anyone_there, read_line, typed_by


class LeftOpen(msgspec.Struct, frozen=True, kw_only=True):
    """What a journal leaves open that is put aside, a line each; for people."""

    aside: Path
    """Where the journal goes."""
    positions: tuple[str, ...] = ()
    orders: tuple[str, ...] = ()
    problem: str = ""
    """Why it is not known what is open; empty: it is."""

    @property
    def is_anything(self) -> bool:
        """Whether something is open, or may be."""
        return bool(self.positions or self.orders or self.problem)

    @property
    def counts(self) -> str:
        """How much is open, in a few words."""
        if self.problem:
            return "what it leaves open is not known"
        return f"{_count(self.positions, 'open position')}, {_count(self.orders, 'order')}"

    @property
    def lines(self) -> tuple[str, ...]:
        """Each position and order."""
        unknown = (f"what is open is not known: {self.problem}",) if self.problem else ()
        return (*unknown, *self.positions, *self.orders)


GiveUp = Callable[[LeftOpen], None]
"""Is shown what is left open before it is put aside; raises ``UsageError`` to keep it."""


def left_open(folder: Path, aside: Path) -> LeftOpen:
    """Return what the journal in ``folder`` leaves open. Raises ``OSError``."""
    try:
        found = find(folder)
    except JournalLostError as error:
        return LeftOpen(aside=aside, problem=str(error))
    if found is None:
        is_taken = taken_path(folder).exists() or outer_taken_path(folder).exists()
        return LeftOpen(aside=aside, problem="its journal was taken away" if is_taken else "")
    snapshot = found.snapshot
    return LeftOpen(
        aside=aside,
        positions=tuple(_positions(snapshot)),
        orders=tuple(_orders(snapshot)),
        problem="; ".join(found.losses),
    )


def ask_to_give_up(
    left: LeftOpen,
    *,
    account: str,
    given: str | None,
    say: Callable[[str], None],
    is_terminal: bool | None = None,
    read: Callable[[], str] = read_line,
) -> None:
    """List what is open; go on only where the account's name confirms that it is given up.

    ``given`` is the name as an option named it. Raises ``UsageError``.
    """
    if not left.is_anything:
        return
    say(f"--fresh would begin anew; the journal of {account} leaves open:")
    for line in left.lines:
        say(f"  {line}")
    say(
        "No session of Holdfast will manage this any more: resting orders stay at the exchange, "
        f"and a stop that Holdfast watches ends. The journal goes to {left.aside}."
    )
    say("Better: start without --fresh and close it there (inspect --operate), or at the exchange.")
    if given is None and is_anyone_there(is_terminal=is_terminal):
        say(f"To give it up all the same, type the account's name, {account}:")
        given = typed_by(read)
    if given != account:
        raise UsageError(
            f"--fresh: {left.counts} would be given up; nothing was changed. End them first, or "
            f"confirm with --abandon {account}"
        )


def put_aside(folder: Path, aside: Path) -> bool:
    """Move the journal into ``aside``; False: there was none. Raises ``OSError``."""
    paths = [segment_path(folder, number) for number in segment_numbers(folder)]
    files = [folder / name for name in (ANCHOR, STUCK_NOTE, RESTORED_NOTE)]
    for path in paths:
        files += [path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))]
    there = [file for file in files if file.exists()]
    if there:
        aside.mkdir()
    for file in there:
        file.replace(aside / file.name)
    return bool(there)


def new_aside(folder: Path, epoch: int) -> Path:
    """Return where a journal is put aside: a folder that is not there yet."""
    names = (folder / f"before-{number}" for number in count(epoch))
    return next(path for path in names if not path.exists() and not path.is_symlink())


def _positions(snapshot: Snapshot) -> Iterator[str]:
    for one in snapshot.actors:
        charter = next((e for e in one.entities if isinstance(e, Charter)), None)
        position = next((e for e in one.entities if isinstance(e, Position)), None)
        if charter is None or position is None or position.state is State.CLOSED:
            continue
        life = Life(charter, position)
        held = f"{plain(life.held)} held" if life.held > ZERO else "nothing is held yet"
        at_venue = resting(life) or "nothing"
        yield f"{position.position_id} {charter.symbol}: {held}; rests at the venue: {at_venue}"


def _orders(snapshot: Snapshot) -> Iterator[str]:
    for one in snapshot.actors:
        if one.actor != ORDER_ROUTER:
            continue
        for entity in one.entities:
            if not isinstance(entity, RoutedOrder) or entity.is_probe or entity.facts.is_terminal:
                continue
            request = entity.request
            prices = [p for p in (request.price, request.trigger_price) if p is not None]
            at = " / ".join(map(plain, prices)) or "the market"
            yield (
                f"order {request.client_order_id} {request.symbol}: {request.side.value} "
                f"{plain(request.quantity)} at {at}, {entity.facts.status.value}"
            )


def _count(lines: tuple[str, ...], what: str) -> str:
    return f"{len(lines)} {what}{'' if len(lines) == 1 else 's'}"
