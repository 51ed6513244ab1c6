"""Persist, then act: no request reaches the venue before the step that asked for it is durable.

Exits may be let out unpersisted where the setup says so; there this rule looks at entries only.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from actors.journal.port import Record
from config.settings import JournalFailure
from messages.addresses import GATEWAY, ORDER_ROUTER
from messages.base import ClientOrderId, Timestamp
from messages.envelope import Send
from messages.gateway import CancelAtVenue, SubmitOrder
from messages.orders import Side
from verification.invariants.rule import Rule

if TYPE_CHECKING:
    from verification.simulation.world import World

_Key = tuple[type[SubmitOrder] | type[CancelAtVenue], ClientOrderId]


class Leaving(Rule):
    """Looks at each request as it leaves, whatever becomes of it on its way."""

    def __init__(self, world: "World") -> None:
        super().__init__(world)
        self._asked: dict[_Key, int] = {}
        """The first record that asked for it."""
        self._broken = ""
        self._let_out = world.kept.failure is JournalFailure.EXIT_UNJOURNALED
        submit, cancel = world.venue.submit, world.venue.cancel

        def watched_submit(order: SubmitOrder, now: Timestamp) -> None:
            if not self._let_out or order.request.side is Side.BUY:
                self._leaves((SubmitOrder, order.request.client_order_id))
            submit(order, now)

        def watched_cancel(order: CancelAtVenue, now: Timestamp) -> None:
            if not self._let_out:
                self._leaves((CancelAtVenue, order.client_order_id))
            cancel(order, now)

        # To look, not to change.
        world.venue.submit = watched_submit  # type: ignore[method-assign]
        world.venue.cancel = watched_cancel  # type: ignore[method-assign]

    def recorded(self, record: Record) -> None:
        """Take note of who asked first; raise what has left too early."""
        if record.actor == ORDER_ROUTER:
            self._note(record.sequence, record.outbox)

    def delivered(self, *_: object) -> None:
        """Raise what has left too early."""
        assert not self._broken, self._broken

    def rewound(self, records: Sequence[Record]) -> None:
        """Forget what was asked for by records that died."""
        self._asked.clear()
        for record in records:
            if record.actor == ORDER_ROUTER:
                self._note(record.sequence, record.outbox)

    def _note(self, sequence: int, outbox: tuple[Send, ...]) -> None:
        for send in outbox:
            message = send.message
            if send.to != GATEWAY:
                continue
            if isinstance(message, CancelAtVenue):
                self._asked.setdefault((CancelAtVenue, message.client_order_id), sequence)
            elif isinstance(message, SubmitOrder):
                self._asked.setdefault((SubmitOrder, message.request.client_order_id), sequence)

    def _leaves(self, key: _Key) -> None:
        """Look whether what asked for it survives a crash; what raises here would be skipped."""
        sequence, durable = self._asked.get(key), self.world.system.journal.durable
        if not self._broken and (sequence is None or sequence > durable):
            kind, order_id = key
            self._broken = (
                f"{kind.__name__} of {order_id} leaves: record {sequence} asked for it, and "
                f"{durable} is the last that is durable"
            )
