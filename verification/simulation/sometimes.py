"""What must happen sometimes, or the exploring looked in the wrong places. By name, counted.

Each is a race or a fault that the project says it survives; a search that never meets it has shown
nothing about it.
"""

from collections import Counter, deque
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING

from actors.order_router.actor import OrderRouter
from actors.order_router.timing import has_deadline
from actors.position.exit_slot import SlotState
from actors.position.position import Position
from actors.position.states import State
from exchange.matching.queries import balances
from messages.addresses import (
    GATEWAY,
    JOURNAL,
    OBSERVERS,
    ORDER_ROUTER,
    PORTFOLIO,
    POSITIONS,
)
from messages.base import Address, Message, PositionId
from messages.envelope import Envelope
from messages.gateway import LookUpOrder, SubmitOrder
from messages.guardian import JournalHealed
from messages.journal import Persisted, PersistFailed
from messages.money import ZERO
from messages.observers import Alarm, AlarmKind, EntryRefused, MessageSkipped
from messages.order_router import (
    CancelFailed,
    FailureKind,
    RequestTimingMeasured,
    SubmitFailed,
)
from messages.orders import OrderFacts, OrderStatus, Purpose, RejectReason, Side, StopStatus
from messages.portfolio import BalancesReported, UnmatchedFill
from messages.position import (
    Begin,
    BudgetDenied,
    ClosePosition,
    OrderUpdated,
    StopEntering,
    TriggerFired,
    VenueReachability,
)
from messages.positions import MarketRulesReported
from verification.simulation.tree import DurableJournals

if TYPE_CHECKING:
    from verification.simulation.world import World

_ALARMS = {
    AlarmKind.EXIT_LOST: "an exit was lost",
    AlarmKind.EXIT_STUCK: "an exit was stuck",
    AlarmKind.OVERFILL: "an order was over-filled",
    AlarmKind.SHORTAGE: "coins were short at the venue",
    AlarmKind.PLACEMENT_FAILED: "a protection could not be placed",
    AlarmKind.MARKET_STALE: "the market went stale under a position",
}
_ACTORS = (
    "gateway",
    "guardian",
    "journal",
    "market_data",
    "order_router",
    "portfolio",
    "position",
    "positions",
    "reconciler",
)
_OTHERS = (
    "a switch raced a fill: the cancel was refused, the order had filled",
    "a cancel was refused though the order worked",
    "an entry filled after its position was CLOSED",
    "a fill of which no report was heard was found in a list",
    "a late fill was adopted",
    "a late fill was sold by policy",
    "an order was concluded never to have been placed",
    "an order came back from the dead",
    "a submit failed after the stream had shown its order",
    "an order was there that surely had not arrived",
    "a native stop was touched",
    "an OCO's stop was gone with a part left to sell",
    "a halt met an entry under way",
    "closed by hand while a protection was being canceled",
    "closed by hand while the entry was under way",
    "closed by hand with an exit unknown",
    "a stop fired while the entry was under way",
    "a stop fired while the slot was being switched",
    "a budget was denied",
    "a grant came too late",
    "the venue became reachable with an exit unknown",
    "a position held coins of a part-filled entry",
    "two positions lived on one symbol",
    "a process died between cancel and place",
    "a process died between persist and send",
    "a process died in the middle of recovery",
    "steps that were not durable died with the process",
    "an order filled while no process lived",
    "an exit left unpersisted",
    "a process died with an exit out that no record knows",
    "a commit failed, and a later one wrote it all",
    "balances were told that were behind the orders",
    "an entry filled and its cost was not told",
    "an exit filled and its cost was not told",
    "fees were told later than their fills",
    "the venue's clock moved with the outcome of an order unknown",
    "a start went on by rules that are over",
)
EXPECTED = frozenset({*_ALARMS.values(), *_OTHERS, *(f"{actor} raised" for actor in _ACTORS)})


def _is_between(position: Position) -> bool:
    """Whether a protection was given up for another, or for an exit, that is not placed yet."""
    slot = position.slot.state
    is_empty = slot is SlotState.EMPTY and position.state in (State.CLOSING, State.OPEN)
    return slot is SlotState.CANCELING or is_empty


class Sometimes:
    """Looks on at one run."""

    def __init__(self, world: "World", seen: Counter[str]) -> None:
        self._world = world
        self._seen = seen
        self._over: set[str] = set()
        """Orders that a position was told are over."""
        self._at_death = ZERO
        self._by_address: dict[Address, Callable[[Message], None]] = {
            ORDER_ROUTER: self._hear_router,
            PORTFOLIO: self._hear_books,
            OBSERVERS: self._hear_told,
            POSITIONS: self._hear_roster,
        }
        world.listeners.append(self._hear)
        world.on_death, world.on_recovery = self._see_death, self._see_recovery

    def _hear(self, address: Address, envelope: Envelope) -> None:
        message = envelope.message
        hear = self._by_address.get(address)
        if address.startswith("position/"):
            self._hear_position(PositionId(address[9:]), message)
        elif hear is not None:
            hear(message)
        elif address == GATEWAY and type(message) is LookUpOrder:
            self._hear_look_up(message)
        elif address == GATEWAY and type(message) is PersistFailed:
            if message.exits_may_leave and self._is_unknown_out():
                self._note("an exit left unpersisted")
        elif type(message) is JournalHealed and envelope.sender == JOURNAL:
            self._note("a commit failed, and a later one wrote it all")

    def _hear_roster(self, message: Message) -> None:
        if type(message) is not MarketRulesReported or not message.is_kept:
            return
        if message.rules != self._world.venue.book.markets[message.rules.symbol].rules:
            self._note("a start went on by rules that are over")

    def _hear_router(self, message: Message) -> None:
        if type(message) is CancelFailed:
            self._hear_refused(message)
        elif type(message) is SubmitFailed:
            self._hear_failed(message)
        elif type(message) is RequestTimingMeasured:
            self._hear_clock()

    def _hear_books(self, message: Message) -> None:
        if type(message) is UnmatchedFill and message.side is Side.BUY:
            self._note("an entry filled after its position was CLOSED")
        elif type(message) is BalancesReported and message != balances(self._world.venue.book):
            self._note("balances were told that were behind the orders")

    def _hear_told(self, message: Message) -> None:
        if type(message) is Alarm and message.kind in _ALARMS:
            self._note(_ALARMS[message.kind])
        elif type(message) is MessageSkipped and message.error.startswith("Poison"):
            self._note(f"{message.actor.partition('/')[0]} raised")
        elif type(message) is EntryRefused and message.guard == "late_grant":
            self._note("a grant came too late")

    def _note(self, what: str) -> None:
        self._seen[what] += 1

    def _see_death(self) -> None:
        world, journal = self._world, self._world.journal
        if any(_is_between(position) for position in world.living()):
            self._note("a process died between cancel and place")
        mailbox = world.system.mailboxes[GATEWAY]
        waiting = mailbox.queue if isinstance(mailbox.queue, deque) else ()
        if any(isinstance(one.message, Persisted) for one in waiting):
            self._note("a process died between persist and send")
        if isinstance(journal, DurableJournals):
            if journal.begun_at and journal.durable == journal.begun_at:
                self._note("a process died in the middle of recovery")
            if journal.pending:
                self._note("steps that were not durable died with the process")
        if self._is_unknown_out():
            self._note("a process died with an exit out that no record knows")
        self._at_death = self._filled()

    def _see_recovery(self) -> None:
        if self._filled() != self._at_death:
            self._note("an order filled while no process lived")

    def _filled(self) -> Decimal:
        orders = self._world.venue.book.orders.values()
        return sum((order.facts.filled for order in orders), ZERO)

    def _is_unknown_out(self) -> bool:
        """Whether an exit left whose record is not durable."""
        crashes, durable = self._world.crashes, self._world.journal.durable
        sent = self._world.venue.asked_for
        return crashes is not None and any(
            type(send.message) is SubmitOrder and send.message.request.client_order_id in sent
            for record in reversed(crashes.records)
            if record.sequence > durable
            for send in record.outbox
        )

    def _hear_refused(self, message: CancelFailed) -> None:
        order = self._world.venue.book.orders.get(message.client_order_id)
        if order is None or message.kind is not FailureKind.REJECTED:
            return
        if not order.facts.is_terminal:
            self._note("a cancel was refused though the order worked")
        resting = {Purpose.TAKE_PROFIT, Purpose.STOP_LOSS}
        if order.facts.status is OrderStatus.FILLED and order.request.purpose in resting:
            self._note("a switch raced a fill: the cancel was refused, the order had filled")

    def _hear_failed(self, message: SubmitFailed) -> None:
        order_id = message.client_order_id
        known = self._world.actor(ORDER_ROUTER, OrderRouter).orders.by_id.get(order_id)
        if message.kind is FailureKind.UNKNOWN and known is not None and known.is_seen:
            self._note("a submit failed after the stream had shown its order")
        if message.kind is FailureKind.RETRYABLE and order_id in self._world.venue.denied:
            self._note("an order was there that surely had not arrived")

    def _hear_clock(self) -> None:
        orders = self._world.actor(ORDER_ROUTER, OrderRouter).orders.by_id.values()
        if any(one.clock_moved_at is not None and has_deadline(one) for one in orders):
            self._note("the venue's clock moved with the outcome of an order unknown")

    def _hear_look_up(self, message: LookUpOrder) -> None:
        """Look at one of an order that is over: the reconciler's, or about its money."""
        order_id = message.client_order_id
        known = self._world.actor(ORDER_ROUTER, OrderRouter).orders.by_id.get(order_id)
        at_venue = self._world.venue.book.orders.get(order_id)
        if known is None or at_venue is None or not known.facts.is_terminal:
            return
        if known.facts.filled < at_venue.facts.filled:
            self._note("a fill of which no report was heard was found in a list")

    def _hear_position(self, position_id: PositionId, message: Message) -> None:
        position = self._world.positions.get(position_id)
        if position is None:
            return
        # The record is observed before its delivery is: this is the position after it.
        state, slot = position.state, position.slot.state
        match message:
            case OrderUpdated():
                self._hear_order(message.facts, state)
            case Begin():
                self._hear_begin(message)
            case StopEntering() if not position.entry.is_over and position.entry.is_stopping:
                self._note("a halt met an entry under way")
            case ClosePosition() if state is State.CLOSING:
                self._hear_close(slot, entering=not position.entry.is_over)
            case TriggerFired() if state is State.CLOSING and not position.entry.is_over:
                self._note("a stop fired while the entry was under way")
            case TriggerFired() if slot is SlotState.CANCELING:
                self._note("a stop fired while the slot was being switched")
            case BudgetDenied():
                self._note("a budget was denied")
            case VenueReachability(reachable=True) if slot is SlotState.UNKNOWN:
                self._note("the venue became reachable with an exit unknown")
            case _:
                pass

    def _hear_begin(self, message: Begin) -> None:
        if len(self._world.living()) > 1:
            self._note("two positions lived on one symbol")
        if message.adopted is not None:
            policy = message.adopted.policy
            self._note("a late fill was " + ("adopted" if policy == "adopt" else "sold by policy"))

    def _hear_close(self, slot: SlotState, *, entering: bool) -> None:
        if slot is SlotState.CANCELING:
            self._note("closed by hand while a protection was being canceled")
        if slot is SlotState.UNKNOWN:
            self._note("closed by hand with an exit unknown")
        if entering:
            self._note("closed by hand while the entry was under way")

    def _hear_order(self, facts: OrderFacts, state: State) -> None:
        if facts.is_terminal:
            self._over.add(facts.client_order_id)
        elif facts.client_order_id in self._over:
            self._note("an order came back from the dead")
        if facts.reason is RejectReason.NEVER_PLACED:
            self._note("an order was concluded never to have been placed")
        if facts.unpriced:
            is_entry = "b" in facts.client_order_id.removeprefix("h")
            self._note(f"an {'entry' if is_entry else 'exit'} filled and its cost was not told")
        elif facts.fees_missing:
            self._note("fees were told later than their fills")
        if facts.stop is StopStatus.TRIGGERED:
            self._note("a native stop was touched")
        if facts.stop is StopStatus.GONE and not facts.is_terminal:
            self._note("an OCO's stop was gone with a part left to sell")
        if state is State.OPENING and facts.status is OrderStatus.PARTIALLY_FILLED:
            self._note("a position held coins of a part-filled entry")
