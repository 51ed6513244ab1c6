"""What is called covered could be sold now; what protects is looked for before it is canceled."""

from actors.journal.port import Record
from actors.order_router.order import RoutedOrder
from actors.position.exit_slot import SlotState
from actors.position.position import Position
from actors.position.states import State
from messages.addresses import GATEWAY, ORDER_ROUTER
from messages.gateway import CancelAtVenue
from messages.orders import Purpose
from verification.invariants.rule import Rule

_PROTECTS = frozenset({Purpose.TAKE_PROFIT, Purpose.STOP_LOSS})


class Cover(Rule):
    """Looks at each step of a position and of the router."""

    def recorded(self, record: Record) -> None:
        """Look at the positions and orders that a step changed."""
        for change in record.changes:
            if type(change) is Position:
                self._check_cover(change)
            elif type(change) is RoutedOrder and record.actor == ORDER_ROUTER:
                self._check_cancel(record, change)

    def _check_cover(self, position: Position) -> None:
        if position.state is not State.PROTECTING:
            return
        slot = position.slot
        assert slot.state is not SlotState.UNKNOWN, (
            f"{position.position_id} is called covered, and what became of {slot.order_id} is not "
            "known: nothing else of it could be sold"
        )

    def _check_cancel(self, record: Record, order: RoutedOrder) -> None:
        request = order.request
        if request.purpose not in _PROTECTS or order.cancel is not None:
            return
        is_canceled = any(
            send.to == GATEWAY
            and type(send.message) is CancelAtVenue
            and send.message.client_order_id == request.client_order_id
            for send in record.outbox
        )
        assert not is_canceled, (
            f"{request.client_order_id} protects {request.position_id}, which did not want it to "
            "be over, and is canceled before a look"
        )
