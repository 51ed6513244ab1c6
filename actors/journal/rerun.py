"""Re-runs records through the pure cores: the same state and message must give the same step.

Owns the states that the cores read, without an actor around them. What a venue did is a fact: its
records are taken as they are.
"""

from collections.abc import Callable
from typing import cast

import msgspec

from actors.guardian import core as guardian
from actors.guardian.core import Guard
from actors.journal.codec import Snapshot, encode
from actors.journal.port import HungError, Record
from actors.operator import core as operator
from actors.operator.core import Operator
from actors.order_router import core as router
from actors.order_router.order_store import Orders
from actors.portfolio import core as portfolio
from actors.portfolio.store import Books
from actors.position import forced_close
from actors.position.core import step as step_position
from actors.position.forced_close import Salvage
from actors.position.inputs import PositionMessage
from actors.position.position import Charter, Life, Position, life_after
from actors.positions.core import PositionsMessage
from actors.positions.core import step as step_positions
from actors.positions.roster import Numbering, Roster
from actors.reconciler import core as reconciler
from actors.reconciler.state import Looks
from config.settings import Settings
from messages.addresses import (
    GUARDIAN,
    OPERATOR,
    ORDER_ROUTER,
    PORTFOLIO,
    POSITIONS,
    RECONCILER,
)
from messages.base import Address, Message, Timestamp
from messages.envelope import Step
from messages.position import SalvagePosition

StepIt = Callable[[Message, Timestamp], Step]
Apply = Callable[[msgspec.Struct], None]


class _Position:
    """What the shell of a position keeps."""

    def __init__(self) -> None:
        self._charter: Charter | None = None
        self._life: Life | None = None
        self._salvage: Salvage | None = None

    def step(self, message: Message, now: Timestamp) -> Step:
        if self._salvage is not None or isinstance(message, SalvagePosition):
            return forced_close.step(self._life, self._salvage, message, now)
        return step_position(self._life, cast("PositionMessage", message), now)

    def apply(self, change: msgspec.Struct) -> None:
        if isinstance(change, Charter):
            self._charter = change
        elif isinstance(change, Position) and self._charter is not None:
            self._life = life_after(self._life, self._charter, change)
        elif isinstance(change, Salvage):
            self._salvage = change


class _Guardian:
    """What the shell of the guardian keeps."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings.guardian
        self._guard = Guard()

    def step(self, message: Message, now: Timestamp) -> Step:
        return guardian.step(self._guard, self._settings, message, now)

    def apply(self, change: msgspec.Struct) -> None:
        if isinstance(change, Guard):
            self._guard = change


class _Operator:
    """What the shell of the operator keeps."""

    def __init__(self) -> None:
        self._operator = Operator()

    def step(self, message: Message, now: Timestamp) -> Step:
        return operator.step(self._operator, message, now)

    def apply(self, change: msgspec.Struct) -> None:
        if isinstance(change, Operator):
            self._operator = change


class Rerun:
    """The cores from a segment's opening on."""

    def __init__(self, settings: Settings, epoch: int, snapshot: Snapshot) -> None:
        """Begin with the cut; ``epoch`` is what a new journal's order ids carry."""
        self.reproduced = 0
        """Steps that came out the same, byte by byte."""
        self.raised = 0
        """Steps that raised, and raised the same again."""
        self.taken = 0
        """Records of the venue."""
        self._cores = _cores(settings, epoch)
        for one in snapshot.actors:
            core = self._core(one.actor)
            if core is not None:
                for entity in one.entities:
                    core[1](entity)

    def difference(self, record: Record) -> str | None:
        """Re-run one record and take it in; return how it differs, None if it does not."""
        core = self._core(record.actor)
        if core is None:
            self.taken += 1
            return None
        step_it, apply = core
        if record.error is not None and record.error.startswith(HungError.__name__):
            self.raised += 1  # it would hang again
            return None
        try:
            step = step_it(record.message, record.now)
        except Exception as error:  # noqa: BLE001 - it may have raised then, too
            return self._raised(record, f"{type(error).__name__}: {error}")
        if record.error is not None:
            return f"it raised {record.error}, and does not now"
        again = msgspec.structs.replace(record, changes=step.changes, outbox=step.outbox)
        if encode(again) != encode(record):
            return _how(record, step)
        for change in record.changes:
            apply(change)
        self.reproduced += 1
        return None

    def _raised(self, record: Record, error: str) -> str | None:
        if record.error == error:
            self.raised += 1
            return None
        return f"it raises {error} now; then: {record.error or 'nothing'}"

    def _core(self, actor: Address) -> tuple[StepIt, Apply] | None:
        core = self._cores.get(actor)
        if core is None and actor.startswith("position/"):
            position = _Position()
            core = self._cores[actor] = position.step, position.apply
        return core


def _cores(settings: Settings, epoch: int) -> dict[Address, tuple[StepIt, Apply]]:
    roster = Roster(Numbering(account_tag=settings.account.tag, journal_epoch=epoch))
    orders, books, guard = Orders(), Books(), _Guardian(settings)
    by_hand, looks = _Operator(), Looks()
    ttl_ms = settings.router.terminal_ttl_ms
    return {
        POSITIONS: (
            lambda message, now: step_positions(
                roster, cast("PositionsMessage", message), now, ttl_ms
            ),
            roster.apply,
        ),
        ORDER_ROUTER: (
            lambda message, now: router.step(orders, settings.router, message, now),
            orders.apply,
        ),
        PORTFOLIO: (lambda message, now: portfolio.step(books, message, now), books.apply),
        RECONCILER: (
            lambda message, now: reconciler.step(looks, settings, message, now),
            looks.apply,
        ),
        GUARDIAN: (guard.step, guard.apply),
        OPERATOR: (by_hand.step, by_hand.apply),
    }


def _how(record: Record, step: Step) -> str:
    for what, then, now in (
        ("change", record.changes, step.changes),
        ("message", record.outbox, step.outbox),
    ):
        if len(then) != len(now):
            return f"it had {len(then)} {what}s then and has {len(now)} now"
        for place, (before, after) in enumerate(zip(then, now, strict=True), 1):
            if before != after:
                return f"{what} {place}, {_where(type(before).__name__, before, after)}"
    return "the same values are written otherwise"


def _where(name: str, before: object, after: object) -> str:
    """Return the first place where two values differ, and what was there."""
    if type(before) is type(after) and isinstance(before, msgspec.Struct):
        for field in before.__struct_fields__:
            then, now = getattr(before, field), getattr(after, field)
            if then != now:
                return _where(f"{name}.{field}", then, now)
    if isinstance(before, tuple) and isinstance(after, tuple) and len(before) == len(after):
        for place, (then, now) in enumerate(zip(before, after, strict=True), 1):
            if then != now:
                return _where(f"{name}[{place}]", then, now)
    return f"{name}: it was {before!r} and is {after!r} now"
