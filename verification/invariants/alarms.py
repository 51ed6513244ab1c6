"""Who is left aside was told of: a stuck exit and a lost one have their alarm, and it arrives."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from actors.journal.port import Record
from actors.position.position import Position
from messages.addresses import OBSERVERS
from messages.base import Address, ClientOrderId, PositionId
from messages.envelope import Envelope
from messages.observers import Alarm, AlarmKind
from messages.orders import LIVE_STATUSES, OrderStatus
from verification.invariants.rule import POSITION, Rule

if TYPE_CHECKING:
    from verification.simulation.world import World

_KINDS = frozenset({AlarmKind.EXIT_STUCK, AlarmKind.EXIT_LOST})
Trouble = tuple[PositionId | None, AlarmKind, ClientOrderId | None]
"""What an alarm is about: of a lost exit also which."""


class Told(Rule):
    """Looks at what people hear of exits that are stuck or lost."""

    def __init__(self, world: "World") -> None:
        super().__init__(world)
        self._said: set[Alarm] = set()
        self._heard: set[Alarm] = set()
        self._owed: set[Trouble] = set()
        """Said by a process that died before people heard it, and still so at the next start."""

    def recorded(self, record: Record) -> None:
        """Look that whoever becomes stuck, or loses an exit, says so in the same step."""
        if not record.actor.startswith(POSITION):
            return
        alarms = [s.message for s in record.outbox if s.to == OBSERVERS]
        said = [a for a in alarms if type(a) is Alarm and a.kind in _KINDS]
        self._said.update(said)
        kinds = {(alarm.position_id, alarm.kind) for alarm in said}
        for change in record.changes:
            if type(change) is Position:
                before = self.world.positions.get(change.position_id)
                for kind in _newly(before, change):
                    assert (change.position_id, kind) in kinds, (
                        f"{change.position_id} has an {kind}, and nobody is told"
                    )

    def delivered(self, address: Address, envelope: Envelope) -> None:
        """Take note of what people hear."""
        message = envelope.message
        if type(message) is Alarm and address == OBSERVERS and message.kind in _KINDS:
            self._heard.add(message)
            self._owed.discard(_trouble(message))

    def rewound(self, records: Sequence[Record]) -> None:
        """Forget what was never said."""
        sent = (send.message for record in records for send in record.outbox)
        self._said &= {message for message in sent if type(message) is Alarm}

    def restarted(self) -> None:
        """Take note of what the next process must say again: what is still so."""
        unheard = self._said - self._heard
        self._said -= unheard
        self._owed |= {_trouble(alarm) for alarm in unheard}
        self._owed = {trouble for trouble in self._owed if self._is_still_so(trouble)}

    def _is_still_so(self, trouble: Trouble) -> bool:
        position_id, kind, order_id = trouble
        position = self.world.positions.get(position_id or PositionId(""))
        if position is None:
            return False
        if kind is AlarmKind.EXIT_LOST:
            return _lost(position).get(order_id or ClientOrderId("")) not in {None, *LIVE_STATUSES}
        return position.closing is not None and position.closing.is_stuck

    def over(self) -> None:
        """Look that people heard all that was said."""
        unheard = sorted(alarm.text for alarm in self._said - self._heard)
        assert not unheard, f"nobody heard of it: {unheard}"
        assert not self._owed, f"nobody heard of it after a restart: {sorted(self._owed)}"


def _trouble(alarm: Alarm) -> Trouble:
    words = alarm.text.split()
    order_id = ClientOrderId(words[1]) if alarm.kind is AlarmKind.EXIT_LOST else None
    return alarm.position_id, alarm.kind, order_id


def _newly(before: Position | None, after: Position) -> list[AlarmKind]:
    was_stuck = before is not None and before.closing is not None and before.closing.is_stuck
    is_stuck = after.closing is not None and after.closing.is_stuck
    kinds = [AlarmKind.EXIT_STUCK] if is_stuck and not was_stuck else []
    known = _lost(before)
    # One that is live is back from the dead, and canceled: nobody wonders where it is.
    if any(i not in known and status not in LIVE_STATUSES for i, status in _lost(after).items()):
        kinds.append(AlarmKind.EXIT_LOST)
    return kinds


def _lost(position: Position | None) -> dict[ClientOrderId, OrderStatus]:
    orders = () if position is None else position.orders
    return {order.facts.client_order_id: order.facts.status for order in orders if order.is_lost}
