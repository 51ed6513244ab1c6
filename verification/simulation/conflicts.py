"""Ids of ours that another order has at the venue: what a look-up says of them then.

Such an order is nobody's whom this world knows: it moves no balance and is in no list. Of it no
look-up lies.
"""

from msgspec.structs import replace

from messages.base import DAY_MS, ClientOrderId, ExchangeOrderId, Symbol, Timestamp
from messages.gateway import SubmitOrder
from messages.money import ZERO
from messages.order_router import FailureKind, OrderReported
from messages.orders import (
    OrderFacts,
    OrderRequest,
    OrderStatus,
    OrderTerms,
    RejectReason,
    Side,
)
from verification.simulation.faults import SubmitFate, submit_failed
from verification.simulation.plans import VenueKind
from verification.simulation.whole_looks import LookedAtVenue

TAKEN = frozenset({SubmitFate.TAKEN, SubmitFate.TAKEN_AND_SHOWN})
_DIFFERENCES = 4
_STATUSES = (OrderStatus.OPEN, OrderStatus.FILLED)
_TEXT = "-2010: Duplicate order sent."


class TakenIds(LookedAtVenue):
    """A venue at which another order may have an id of ours."""

    def begin_terms(self, kind: VenueKind) -> None:
        """Begin with no id taken."""
        super().begin_terms(kind)
        self.others: dict[ClientOrderId, OrderReported] = {}

    def _take_id(self, order: SubmitOrder, fate: SubmitFate, now: Timestamp) -> None:
        """Let another order have the id: ours is refused, or no answer comes."""
        request = order.request
        order_id = request.client_order_id
        number = len(self.book.orders) + len(self.others)
        differs = _difference(request, number % _DIFFERENCES, now)
        said: dict[str, object] = {
            "symbol": request.symbol,
            "side": request.side,
            "quantity": request.quantity,
        }
        status = _STATUSES[number // _DIFFERENCES % len(_STATUSES)]
        terms = OrderTerms(**(said | differs))  # type: ignore[arg-type]  # fields by name
        filled = terms.quantity if status is OrderStatus.FILLED else ZERO
        facts = OrderFacts(
            client_order_id=order_id,
            status=status,
            filled=filled,
            cost=filled * 100,
            exchange_order_id=ExchangeOrderId(f"another's {order_id}"),
            at=now,
        )
        report = OrderReported(facts=facts, terms=terms)
        self.others[order_id] = report
        self.disturbed_at = now
        self.on_fate(f"another order has the id {order_id}: {terms}, {status}")
        if fate is SubmitFate.TAKEN:
            self._refuse_id(order_id)
        else:
            self._answer(report)
            self._answer(submit_failed(order_id, FailureKind.UNKNOWN))

    def _refuse_id(self, order_id: ClientOrderId) -> None:
        reason = RejectReason.DUPLICATE_ID
        self._answer(submit_failed(order_id, FailureKind.REJECTED, reason, _TEXT))

    def _cancel_other(self, order_id: ClientOrderId) -> None:
        """Cancel the order that has the id, as a venue does that is asked for it by the id."""
        report = self.others[order_id]
        if not report.facts.is_terminal:
            facts = replace(report.facts, status=OrderStatus.CANCELED)
            self.others[order_id] = report = replace(report, facts=facts)
        self._answer(report)


def _difference(request: OrderRequest, number: int, now: Timestamp) -> dict[str, object]:
    """Return in what an order is not the one that was asked for."""
    other_side = Side.SELL if request.side is Side.BUY else Side.BUY
    differences: tuple[dict[str, object], ...] = (
        {"side": other_side},
        {"quantity": request.quantity * 2},
        {"symbol": Symbol("ETH/USDT")},
        {"placed_at": Timestamp(now - DAY_MS)},
    )
    return differences[number]
