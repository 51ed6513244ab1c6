"""A market that changes: what is believed of it, what is sent to it, and what is left of coins."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from actors.journal.port import Record
from actors.position.actor import PositionActor
from actors.position.exit_form import NAMED_RULES
from actors.position.position import Charter, Life, Position
from actors.position.states import State
from actors.positions.roster import ListedMarket
from exchange.rules import are_stricter, is_tradable, most_in_one_order
from messages.addresses import OBSERVERS, POSITIONS
from messages.base import PositionId
from messages.market import MarketPhase, MarketRules
from messages.money import ZERO
from messages.observers import Alarm, AlarmKind
from messages.order_router import PlaceOrder
from messages.orders import OrderFacts, OrderRequest, OrderStatus, OrderType, Purpose, RejectReason
from messages.position import LedgerRead, MarketReported, OrderUpdated
from verification.invariants.rule import POSITION, Rule

if TYPE_CHECKING:
    from verification.simulation.world import World

Form = tuple[object, ...]
"""An order without its id: purpose, type, quantity and prices."""


class Markets(Rule):
    """Looks at what positions and their roster do when rules change, or the market closes."""

    def __init__(self, world: "World") -> None:
        super().__init__(world)
        self._asked: dict[str, OrderRequest] = {}
        self._refused: dict[PositionId, set[Form]] = {}
        self._known: MarketRules | None = None

    def restarted(self) -> None:
        """Forget forms that only the dead process had heard to be refused."""
        self._asked.clear()
        self._refused.clear()

    def rewound(self, records: Sequence[Record]) -> None:
        """Take the roster's market anew from what is left."""
        self._known = None
        for record in records:
            for change in record.changes:
                if type(change) is ListedMarket:
                    self._known = change.rules

    def recorded(self, record: Record) -> None:
        """Look at a step of the roster, or of a position."""
        if record.actor == POSITIONS:
            self._check_belief(record)
        elif record.actor.startswith(POSITION) and record.error is None:
            self._look_at_position(record)

    def _check_belief(self, record: Record) -> None:
        """Stricter rules count when they were read twice; so does that a market is gone."""
        reads = self.world.venue.reads
        for change in record.changes:
            if type(change) is not ListedMarket:
                continue
            known, self._known = self._known, change.rules
            if change.phase is MarketPhase.GONE:
                assert reads.count(None) > 1, "one read was enough to call the market gone"
            if known is not None and are_stricter(change.rules, known):
                assert reads.count(change.rules) > 1, f"one read was enough for {change.rules}"

    def _look_at_position(self, record: Record) -> None:
        position_id = PositionId(record.actor.removeprefix(POSITION))
        if type(record.message) is MarketReported:
            self._refused.pop(position_id, None)
        if type(record.message) is OrderUpdated:
            self._note_refusal(position_id, record.message.facts)
        is_by_core = type(record.message) is not LedgerRead  # else its core is not asked any more
        before = self.world.positions.get(position_id)
        charter = next((c for c in record.changes if type(c) is Charter), None)
        for change in record.changes:
            if type(change) is Position and is_by_core:
                self._check_stranded(record, before, change)
                self._check_shut(record, change, charter)
                self._check_rest(record, before, change, charter)
                for send in record.outbox:
                    if type(send.message) is PlaceOrder:
                        self._check_order(change, send.message.request)
                        self._check_size(record, charter, send.message.request)

    def _note_refusal(self, position_id: PositionId, facts: OrderFacts) -> None:
        asked = self._asked.get(facts.client_order_id)
        is_relative = (
            asked is not None
            and asked.type is OrderType.OCO
            and facts.reason is RejectReason.PRICE_OUT_OF_RANGE
        )
        if asked is None or is_relative or facts.reason not in NAMED_RULES:
            return
        position = self.world.positions.get(position_id)
        is_in_slot = position is not None and position.slot.order_id == facts.client_order_id
        if facts.status is OrderStatus.REJECTED and is_in_slot:
            self._refused.setdefault(position_id, set()).add(_form(asked))

    def _check_order(self, position: Position, request: OrderRequest) -> None:
        self._asked[request.client_order_id] = request
        if request.purpose is Purpose.ENTRY:
            return
        name = position.position_id
        assert _form(request) not in self._refused.get(name, ()), (
            f"{name} sends again what a rule refused: {_form(request)}"
        )
        assert position.phase is MarketPhase.OPEN, (
            f"{name} sells on a market that is {position.phase}"
        )

    def _check_size(self, record: Record, charter: Charter | None, request: OrderRequest) -> None:
        """No order is larger than the rules that its position knows let it be."""
        life = self.world.actor(record.actor, PositionActor).life
        charter = charter or (None if life is None else life.charter)
        if charter is None:
            return
        sells_at_market = request.type is OrderType.OCO and request.stop_limit_price is None
        price = request.price or request.trigger_price
        most = most_in_one_order(
            charter.rules, request.type, price, sells_at_market=sells_at_market
        )
        assert most is None or request.quantity <= most, (
            f"{request.client_order_id} asks for {request.quantity}, and the most is {most}"
        )

    def _check_stranded(self, record: Record, before: Position | None, after: Position) -> None:
        """Who can't be sold any more says so."""
        was = None if before is None else before.stranded
        if after.stranded is None or was is not None:
            return
        told = [s.message for s in record.outbox if s.to == OBSERVERS]
        assert any(type(m) is Alarm and m.kind is AlarmKind.UNSELLABLE for m in told), (
            f"{after.position_id} can't be sold, and nobody is told"
        )

    def _check_shut(self, record: Record, position: Position, charter: Charter | None) -> None:
        """Who leaves a market that takes no order at all is stranded, and does not wait."""
        life = self.world.actor(record.actor, PositionActor).life
        charter = charter or (None if life is None else life.charter)
        if position.state is not State.CLOSING or charter is None or not position.entry.is_over:
            return
        most, rules = charter.rules.max_notional, charter.rules
        is_shut = most is not None and most < rules.min_notional
        left = Life(charter, position)
        is_dust = left.is_dust(left.average_entry or ZERO) or position.closing is None
        assert not is_shut or is_dust or _is_called_dust(left), (
            f"{position.position_id} waits to be sold on a market that takes no order"
        )

    def _check_rest(
        self,
        record: Record,
        before: Position | None,
        after: Position,
        charter: Charter | None,
    ) -> None:
        """What is closed over coins has sold all that could be sold, or never could sell them."""
        if after.state is not State.CLOSED or before is None or before.state is State.CLOSED:
            return
        life = self.world.actor(record.actor, PositionActor).life
        charter = charter or (None if life is None else life.charter)
        if charter is None or charter.begun_with is None:
            return
        closed = Life(charter, after)
        price = closed.average_entry or ZERO
        if not is_tradable(closed.held, price, charter.begun_with):
            return
        is_too_small = after.closing is not None and closed.sellable <= after.closing.dust_up_to
        assert is_too_small or not closed.sellable, (
            f"{after.position_id} is closed over {closed.held}, which the old rules sold"
        )


def _is_called_dust(life: Life) -> bool:
    """Return whether the venue called what is left too little, and was believed."""
    closing = life.position.closing
    return closing is not None and life.sellable <= closing.dust_up_to


def _form(request: OrderRequest) -> Form:
    return (
        request.purpose is Purpose.CLOSE,
        request.type,
        request.quantity,
        request.price,
        request.trigger_price,
    )
