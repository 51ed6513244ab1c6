"""What the actors do must have a reason, a wish must be obeyed, and what rests must be as planned.

Rules that the venue's ledger alone can't show: money is there and covered, but was sold for no
reason; a sibling lost its stop for a moment; a person asked for a close and nothing came of it.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from actors.guardian.states import Cause
from actors.journal.port import Record
from actors.market_data.triggers import TOLERANCE_RATIO
from actors.order_router.actor import OrderRouter
from actors.order_router.order import RoutedOrder
from actors.portfolio.actor import PortfolioActor
from actors.position.actor import PositionActor
from actors.position.position import Life, Position
from actors.position.price_levels import stop, target
from actors.position.states import AT_REST, State
from messages.addresses import (
    GATEWAY,
    GUARDIAN,
    ORDER_ROUTER,
    PORTFOLIO,
    POSITIONS,
    position_address,
)
from messages.base import Address, ClientOrderId, Message, PositionId
from messages.envelope import Envelope, Send
from messages.gateway import CancelAtVenue
from messages.guardian import RecoveryDone, Resume
from messages.ids import position_of
from messages.money import ZERO
from messages.order_router import CancelOrder, PlaceOrder, ReleaseOrders
from messages.orders import OrderRequest, OrderStatus, Purpose, RejectReason, Side
from messages.plan import OnStop
from messages.portfolio import TradingState
from messages.position import (
    BalanceAnswered,
    CloseCause,
    ClosePosition,
    OrderUpdated,
    TriggerFired,
)
from messages.positions import PositionRestored
from messages.prices import extremes
from verification.invariants.accounting import Totals
from verification.invariants.alarms import Told
from verification.invariants.coverage import Cover
from verification.invariants.deadlines import Deadlines
from verification.invariants.durability import Leaving
from verification.invariants.halts import Holds
from verification.invariants.identity import Ownership
from verification.invariants.ledger import Account
from verification.invariants.markets import Markets
from verification.invariants.price_levels import Promises
from verification.invariants.rule import POSITION, Rule, budget_granted
from verification.invariants.rules_of_earlier_runs import KeptRules
from verification.invariants.unseen_sales import UnseenSales
from verification.simulation.plans import BUDGET

if TYPE_CHECKING:
    from verification.simulation.world import World

SPENT_AT_MOST = BUDGET * Decimal("1.15")
"""Quote: the budget, and what the market moves between a decision and its fill."""
_STOPS = frozenset({CloseCause.STOP_LOSS, CloseCause.BREAK_EVEN, CloseCause.TRAILING_STOP})
_OBEYS = frozenset({State.CLOSING, State.STRANDED, State.CLOSED})


class Conduct:
    """Looks at what is recorded and delivered. Raises ``AssertionError`` naming the position."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self._problem: AssertionError | None = None
        """Of a record; raised at the next delivery, as what looks at records may not raise."""
        self._may_cancel: set[ClientOrderId] = set()
        """Orders that their own position wants to be over, or of which not all is known."""
        self._over: set[ClientOrderId] = set()
        """Orders that the router has called over, rightly or not."""
        self._unrestored: set[PositionId] = set()
        """Who lived at the last restart, and has not said that it is restored."""
        self._may_enter = False
        """The recovery's hold need not hold: lifted by an operator, or one who keeps it raised."""
        self._refused: set[PositionId] = set()
        """Whose exit the venue refused for lack of coins, and who has not looked since."""
        self._skipped: tuple[int, int] | None = None
        self.promises, self.totals = Promises(world), Totals(world)
        more = Told(world), Leaving(world), Holds(world), Markets(world)
        more_rules = Deadlines(world), Cover(world), UnseenSales(world), KeptRules(world)
        ownership = Ownership(world)
        self._rules: tuple[Rule, ...] = (
            self.promises,
            self.totals,
            *more,
            *more_rules,
            ownership,
        )

    def rewound(self, records: Sequence[Record]) -> None:
        """Take back what died with the process: these records are left."""
        for rule in self._rules:
            rule.rewound(records)

    def over(self) -> None:
        """Look at how all ended."""
        for rule in self._rules:
            rule.over()

    def restarted(self) -> None:
        """Take note of who is to be restored first; what died with the process is forgotten."""
        self._refused.clear()
        self._unrestored = set(self.world.roster)
        self._may_enter = False
        self._skipped = None  # ids of what comes from outside begin anew
        for rule in self._rules:
            rule.restarted()

    def recorded(self, record: Record) -> None:
        """Look at a step; ``world.positions`` are still as they were before it."""
        try:
            self._look_at(record)
            for rule in self._rules:
                rule.recorded(record)
        except AssertionError as problem:
            self._problem = self._problem or problem

    def _look_at(self, record: Record) -> None:
        if record.error is not None:
            self._skipped = record.id
            self._may_enter = self._may_enter or record.actor in {GUARDIAN, PORTFOLIO}
        if record.actor == ORDER_ROUTER:
            self._check_cancels(record)
            self._check_release(record)
        elif record.actor == PORTFOLIO:
            self._check_grant(record)
        elif record.actor == POSITIONS:
            self._check_recovery(record.outbox)
        elif record.actor == GUARDIAN and type(record.message) is Resume:
            self._may_enter = True
        else:
            self._look_at_position(record)

    def delivered(self, address: Address, envelope: Envelope) -> None:
        """Look whether a person's wish was obeyed; raise what a record has shown."""
        if self._problem is not None:
            raise self._problem
        if envelope.id != self._skipped:
            for rule in self._rules:
                rule.delivered(address, envelope)
        if type(envelope.message) is not ClosePosition or envelope.id == self._skipped:
            return
        for position in self.world.positions.values():
            if position_address(position.position_id) == address:
                assert position.state in _OBEYS, (
                    f"{position.position_id} was told to close, and is {position.state}"
                )

    def check_bought(self, position_id: PositionId, account: Account) -> None:
        """Look that no more than the budget is spent, surprises of the venue aside."""
        surprises = self.world.venue.surprises
        bought = (o for i, o in account.orders.items() if i not in surprises)
        spent = sum((o.facts.cost for o in bought if o.request.side is Side.BUY), ZERO)
        assert spent <= SPENT_AT_MOST, f"{position_id} spent {spent} of {BUDGET}"

    # Orders.

    def _check_cancels(self, record: Record) -> None:
        """Only what its own position wants to be over is canceled, or what is in doubt."""
        message = record.message
        if type(message) is CancelOrder:
            owner = position_of(message.client_order_id)
            is_own = owner is not None and record.sender == position_address(owner)
            if is_own or record.sender == ORDER_ROUTER:
                self._may_cancel.add(message.client_order_id)
        for change in record.changes:
            if type(change) is RoutedOrder and _is_in_doubt(change):
                self._may_cancel.add(change.request.client_order_id)
        for send in record.outbox:
            if send.to == GATEWAY and type(send.message) is CancelAtVenue:
                order_id = send.message.client_order_id
                assert order_id in self._may_cancel, (
                    f"{order_id} is canceled, and {position_of(order_id)} did not ask for it"
                )

    def _check_release(self, record: Record) -> None:
        """A position lets go of an order only after it heard that it is over."""
        for change in record.changes:
            if type(change) is not RoutedOrder:
                continue
            order_id = change.request.client_order_id
            if change.facts.is_terminal:
                self._over.add(order_id)
            assert type(record.message) is not ReleaseOrders or order_id in self._over, (
                f"{change.request.position_id} lets go of {order_id}, which was never over"
            )

    def _check_grant(self, record: Record) -> None:
        asked = budget_granted(record)
        if asked is None:
            return
        trading = self.world.actor(PORTFOLIO, PortfolioActor).books.trading
        assert trading.state is TradingState.ACTIVE, (
            f"{asked.position_id} may enter, and trading is {trading.state}"
        )
        left = () if self._may_enter else self._left()
        assert not left, f"{asked.position_id} may enter before these are restored: {left}"

    # Recovery.

    def _check_recovery(self, outbox: tuple[Send, ...]) -> None:
        if not any(type(send.message) is RecoveryDone for send in outbox):
            return
        left = self._left()
        assert not left, f"{Cause.RECOVERY} is over before these are restored: {left}"

    def _left(self) -> list[PositionId]:
        """Return who lived at the last restart with something to restore, and is not restored."""
        positions = self.world.positions
        return sorted(
            p for p in self._unrestored if p in positions and positions[p].state not in AT_REST
        )

    def _check_found(self, position_id: PositionId) -> None:
        """Who is restored knows of all that the venue got, also without a record."""
        known = self.world.actor(ORDER_ROUTER, OrderRouter).orders.by_id
        at_venue = self.world.venue.book.orders
        unknown = [i for i in at_venue if position_of(i) == position_id and i not in known]
        assert not unknown, f"{position_id} is restored, and these were not looked for: {unknown}"

    # Exits.

    def _look_at_position(self, record: Record) -> None:
        for change in record.changes:
            if type(change) is Position:
                self._check_exit(record, change)
                _check_patience(change)
        position_id = PositionId(record.actor.removeprefix(POSITION))
        self._note_look(position_id, record.message)
        for send in record.outbox:
            if type(send.message) is PositionRestored:
                self._unrestored.discard(send.message.position_id)
                self._check_found(send.message.position_id)
            elif type(send.message) is PlaceOrder:
                self._check_looked(position_id, send.message.request)

    def _note_look(self, position_id: PositionId, message: Message) -> None:
        if type(message) is BalanceAnswered and message.free is not None:
            self._refused.discard(position_id)
        elif (
            type(message) is OrderUpdated
            and message.facts.reason is RejectReason.INSUFFICIENT_FUNDS
            and position_id in self.world.positions
            and _is_closing_with(self.world.positions[position_id], message.facts.client_order_id)
        ):
            self._refused.add(position_id)

    def _check_looked(self, position_id: PositionId, request: OrderRequest) -> None:
        """What the venue would not let us sell is not tried again without a look at it."""
        if request.purpose is Purpose.CLOSE:
            assert position_id not in self._refused, (
                f"{position_id} sells again, and has not looked what the venue has"
            )

    def _check_exit(self, record: Record, after: Position) -> None:
        """An exit begins for a reason that is true."""
        before = self.world.positions.get(after.position_id)
        if before is None or before.closing is not None or after.closing is None:
            return
        cause, message = after.closing.cause, record.message
        assert cause is not CloseCause.WITHDRAWN or before.state is State.NEW, (
            f"{after.position_id} ({before.state}) is sold, and withdrawn is why"
        )
        known = self.world.actor(record.actor, PositionActor).life
        is_wanted = known is not None and known.charter.plan.on_stop is OnStop.CLOSE
        assert cause is not CloseCause.SESSION_END or is_wanted, (
            f"{after.position_id} is sold as the session ends, and its plan does not say so"
        )
        if type(message) is not TriggerFired or known is None:
            return
        life = Life(known.charter, before)
        lowest, highest = extremes(message.quote, known.charter.plan.trigger_source)
        stop_now, goal = stop(life), target(life, record.now)
        is_stop = stop_now is not None and lowest <= float(stop_now[0]) * (1 + TOLERANCE_RATIO)
        is_goal = goal is not None and highest >= float(goal) * (1 - TOLERANCE_RATIO)
        assert is_stop or cause not in _STOPS, (
            f"{after.position_id} is sold by its stop {stop_now} at a price of {lowest}"
        )
        assert is_goal or cause is not CloseCause.TAKE_PROFIT, (
            f"{after.position_id} is sold at its target {goal} at a price of {highest}"
        )


def _check_patience(position: Position) -> None:
    """An answer may be lost: an exit that waits for one has a deadline."""
    closing = position.closing
    if closing is None or position.state is State.CLOSED:
        return
    is_awaiting = closing.waits_for_quote or closing.waits_for_balance
    assert not is_awaiting or closing.retry_at is not None, (
        f"{position.position_id} waits for an answer without a deadline"
    )


def _is_closing_with(position: Position, order_id: ClientOrderId) -> bool:
    """Whether the order is the exit that works now."""
    return position.slot.order_id == order_id and position.slot.purpose is Purpose.CLOSE


def _is_in_doubt(order: RoutedOrder) -> bool:
    """Whether the router may cancel it of its own accord."""
    return (
        order.facts.status is OrderStatus.UNKNOWN
        or order.facts.is_terminal
        or order.booked is not None
        or order.request.wait_ms is not None
        or order.is_probe
    )
