"""An order in the venue's own ledger: what really became of it, whoever heard of it."""

from dataclasses import dataclass
from decimal import Decimal

from messages.base import Timestamp
from messages.money import ZERO, Money
from messages.orders import (
    LIVE_STATUSES,
    OrderFacts,
    OrderRequest,
    OrderStatus,
    RejectReason,
    StopStatus,
)


@dataclass
class VenueOrder:
    """One order in the venue's ledger; ``told`` is what the position heard last."""

    request: OrderRequest
    sent_at: int
    status: OrderStatus = OrderStatus.SUBMITTED
    filled: Decimal = ZERO
    cost: Decimal = ZERO
    fees: tuple[Money, ...] = ()
    stop: StopStatus = StopStatus.NONE
    reason: RejectReason | None = None
    told: OrderFacts | None = None
    cancel_asked: bool = False

    @property
    def is_over(self) -> bool:
        return self.facts(0).is_terminal

    @property
    def is_live(self) -> bool:
        return self.status in LIVE_STATUSES

    @property
    def remaining(self) -> Decimal:
        return self.request.quantity - self.filled

    def facts(self, now: int) -> OrderFacts:
        return OrderFacts(
            client_order_id=self.request.client_order_id,
            status=self.status,
            filled=self.filled,
            cost=self.cost,
            fees=self.fees,
            stop=self.stop,
            reason=self.reason,
            at=Timestamp(now),
        )
