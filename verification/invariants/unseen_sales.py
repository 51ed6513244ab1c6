"""While the outcome of a sale is unknown, nothing of ours takes up its coin: it would be sold."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from actors.journal.port import Record
from actors.order_router.order import RoutedOrder
from messages.addresses import GATEWAY, ORDER_ROUTER, PORTFOLIO, POSITIONS
from messages.base import ClientOrderId
from messages.envelope import Send
from messages.gateway import SubmitOrder
from messages.orders import OrderStatus, Side
from messages.portfolio import UnmatchedFill
from messages.positions import AdoptFill
from verification.invariants.rule import Rule

if TYPE_CHECKING:
    from verification.simulation.world import World


class UnseenSales(Rule):
    """Keeps the sales of unknown outcome, by the router's records; one coin is traded here."""

    def __init__(self, world: "World") -> None:
        super().__init__(world)
        self._unseen: set[ClientOrderId] = set()

    def rewound(self, records: Sequence[Record]) -> None:
        """Begin anew with what is left."""
        self._unseen.clear()
        for record in records:
            self._note(record)

    def recorded(self, record: Record) -> None:
        """Look at what a step buys, books late and offers."""
        known = frozenset(self._unseen)
        self._note(record)
        for send in record.outbox:
            if record.actor == ORDER_ROUTER:
                _check_buy(send, known)
                self._check_late(send)
            elif record.actor == PORTFOLIO and send.to == POSITIONS:
                _check_offer(record, send)

    def _note(self, record: Record) -> None:
        if record.actor != ORDER_ROUTER:
            return
        for change in record.changes:
            if type(change) is not RoutedOrder or change.request.side is not Side.SELL:
                continue
            is_unknown = change.facts.status is OrderStatus.UNKNOWN and not change.is_seen
            (self._unseen.add if is_unknown else self._unseen.discard)(
                change.request.client_order_id
            )

    def _check_late(self, send: Send) -> None:
        message = send.message
        if type(message) is not UnmatchedFill or message.side is not Side.BUY:
            return
        assert self._unseen <= set(message.waits_for), (
            f"a late fill of {message.client_order_id} does not wait for {sorted(self._unseen)}"
        )


def _check_buy(send: Send, unseen: frozenset[ClientOrderId]) -> None:
    message = send.message
    if send.to != GATEWAY or type(message) is not SubmitOrder:
        return
    request = message.request
    assert request.side is Side.SELL or not unseen, (
        f"{request.client_order_id} buys, and the outcome of {sorted(unseen)} is unknown"
    )


def _check_offer(record: Record, send: Send) -> None:
    message = record.message
    if type(send.message) is AdoptFill and type(message) is UnmatchedFill:
        assert not message.waits_for, (
            f"{message.client_order_id} is offered, and waits for {message.waits_for}"
        )
