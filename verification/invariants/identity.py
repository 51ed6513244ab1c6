"""Whose an order is: ids are of the process that lives, and another's order is never ours.

An order under our id that contradicts our record is a conflict until a person has looked: its id
counts as used, its exit keeps the slot, its symbol takes no entries, and nothing of it is canceled
or booked.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from actors.journal.port import Record
from actors.order_router.order import RoutedOrder
from actors.position.position import OwnOrder, Position, find_order
from messages.addresses import GATEWAY, ORDER_ROUTER, PORTFOLIO
from messages.base import ClientOrderId, Timestamp
from messages.gateway import CancelAtVenue, SubmitOrder
from messages.ids import parse
from messages.orders import OrderStatus, RejectReason
from messages.portfolio import ClearConflict, SymbolConflict
from verification.invariants.rule import POSITION, Rule, budget_granted

if TYPE_CHECKING:
    from verification.simulation.world import World


class Ownership(Rule):
    """Looks at ids as they leave, and at what is done about those that another order has."""

    def __init__(self, world: "World") -> None:
        super().__init__(world)
        self._blocked: set[ClientOrderId] = set()
        """Those in conflict, as the portfolio was told."""
        self._conflicts: dict[ClientOrderId, str] = {}
        """As the router knows them; empty: it is over."""
        self._broken = ""
        submit = world.venue.submit

        def watched(order: SubmitOrder, now: Timestamp) -> None:
            self._leaves(order.request.client_order_id)
            submit(order, now)

        world.venue.submit = watched  # type: ignore[method-assign]  # to look, not to change

    def recorded(self, record: Record) -> None:
        """Look at a step of the router, the portfolio or a position."""
        if record.error is not None:
            return
        if record.actor == ORDER_ROUTER:
            self._check_router(record)
        elif record.actor == PORTFOLIO:
            self._check_entries(record)
        elif record.actor.startswith(POSITION):
            self._check_slot(record)

    def delivered(self, *_: object) -> None:
        """Raise what has left under a wrong id."""
        assert not self._broken, self._broken

    def rewound(self, records: Sequence[Record]) -> None:
        """Forget what died with a process."""
        self._blocked.clear()
        self._conflicts.clear()
        for record in records:
            if record.actor == PORTFOLIO and record.error is None:
                self._note_blocked(record)
            for change in record.changes:
                if type(change) is RoutedOrder:
                    self._conflicts[change.request.client_order_id] = change.conflict

    def _leaves(self, order_id: ClientOrderId) -> None:
        """Look that no id of another process leaves, and none that another order has."""
        parts, identity = parse(order_id), self.world.identity
        epoch = None if identity is None else identity.epoch
        if epoch is not None and (parts is None or parts.epoch != epoch):
            self._broken = self._broken or f"{order_id} leaves, and this process's epoch is {epoch}"
        elif self._conflicts.get(order_id):
            self._broken = self._broken or f"{order_id} leaves again, and another order has that id"

    def _check_router(self, record: Record) -> None:
        others = self.world.venue.others
        known = {one for one, why in self._conflicts.items() if why}
        for change in record.changes:
            if type(change) is not RoutedOrder:
                continue
            order_id = change.request.client_order_id
            self._conflicts[order_id] = change.conflict
            if order_id not in others:
                continue
            facts = change.facts
            assert not facts.filled, f"{facts.filled} of another's order {order_id} is called ours"
            assert not facts.is_terminal or change.is_cleared, (
                f"another order has the id {order_id}, and ours is called {facts.status}"
            )
        for send in record.outbox:
            if send.to == GATEWAY and type(send.message) is CancelAtVenue:
                order_id = send.message.client_order_id
                is_known = order_id in known and bool(self._conflicts[order_id])
                assert not is_known, f"{order_id} is canceled, and it is another's order"

    def _check_entries(self, record: Record) -> None:
        asked = budget_granted(record)
        if asked is not None:
            assert not self._blocked, (
                f"{asked.position_id} may enter, and {sorted(self._blocked)} are in conflict"
            )
        if record.error is None:
            self._note_blocked(record)

    def _note_blocked(self, record: Record) -> None:
        message = record.message
        if type(message) is ClearConflict:
            self._blocked.clear()
        elif type(message) is SymbolConflict and message.text:
            self._blocked.add(message.client_order_id)
        elif type(message) is SymbolConflict:
            self._blocked.discard(message.client_order_id)

    def _check_slot(self, record: Record) -> None:
        for change in record.changes:
            if type(change) is not Position:
                continue
            before = self.world.positions.get(change.position_id)
            if before is None:
                continue
            order_id = before.slot.order_id
            order = find_order(change, order_id)
            is_taken = order is not None and _is_in_conflict(order)
            assert not is_taken or change.slot.order_id == order_id, (
                f"{change.position_id} sells beside {order_id}, and another order has that id"
            )


def _is_in_conflict(order: OwnOrder) -> bool:
    """Return whether the router told that another order has this one's id."""
    facts = order.facts
    return facts.status is OrderStatus.UNKNOWN and facts.reason is RejectReason.DUPLICATE_ID
