"""What is known of one position: its charter, its facts, and what follows from them by arithmetic.

Owns the entities ``Charter`` (what it was told at its opening) and ``Position`` (what happened
since), and the sums over its orders. Decides nothing.
"""

from decimal import Decimal
from functools import cached_property

import msgspec

from actors.position.exit_slot import EMPTY_SLOT, ExitSlot
from actors.position.progress import (
    Closing,
    EarlierPrefix,
    Entry,
    Faulted,
    Protection,
    Stranded,
    Unprotected,
    UnseenExit,
)
from actors.position.states import State
from exchange.price_grid import nearest_price
from exchange.rules import is_tradable
from messages.base import ClientOrderId, PositionId, Symbol, Timestamp
from messages.ids import ENTRY_LEG, EXIT_LEG
from messages.market import Capabilities, FeeCurrency, MarketPhase, MarketRules, Quote
from messages.money import (
    ZERO,
    Money,
    add_money,
    amount_in,
    divide_down,
    floor_to_step,
)
from messages.orders import OrderFacts, OrderType, Purpose, RejectReason, Side
from messages.plan import Plan
from messages.portfolio import AdoptedFill
from messages.position import CloseCause


class Charter(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """What the position was told at its opening; replaced only by a recorded command."""

    position_id: PositionId
    symbol: Symbol
    budget: Decimal
    """Quote currency, fees included."""
    plan: Plan
    rules: MarketRules
    capabilities: Capabilities
    quote: Quote
    """The quote the decision was made on."""
    atr: Decimal | None
    """Average true range at the decision, quote per base."""
    order_prefix: str
    """What the ids of its next orders begin with; another one after each start."""
    decision: str
    begun_with: MarketRules | None = None
    """The rules at its opening, where they have changed since: what they call dust is dust."""
    adopted: AdoptedFill | None = None
    """The late fill that its coins come from; None: it bought them."""


class OwnOrder(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One order of the position: what it asked for, and how it stands."""

    side: Side
    purpose: Purpose
    quantity: Decimal
    facts: OrderFacts
    cancel_asked: bool = False
    cancel_is_urgent: bool = False
    """An exit waits for the cancel, and the router was told so."""
    is_lost: bool = False
    """Unknown for so long that it was written off; it may be live."""
    is_harmless: bool = False
    """Of one that is lost: should it sell, another sale of the position is refused."""
    reference_price: Decimal | None = None
    """Its limit, or the best price when it was placed: stands for the price of what is filled until
    the venue says what it cost. None: the best price when the entry was decided."""

    @property
    def remaining(self) -> Decimal:
        """What may still fill, base."""
        return self.quantity - self.facts.filled


class RefusedOrder(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An order as the venue refused it by a rule: never sent again unchanged."""

    reason: RejectReason
    type: OrderType
    quantity: Decimal
    price: Decimal | None = None
    trigger_price: Decimal | None = None
    is_exit: bool = True
    """Of the exit ladder; else it was to rest."""
    round: int = 0
    """See ``Position.exit_rounds``."""


class Booked(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The sums over all orders; what the portfolio is told.

    A fill is booked with its cost, or not yet: until then it is held, or gone, but not booked.
    """

    bought: Decimal = ZERO
    bought_cost: Decimal = ZERO
    sold: Decimal = ZERO
    sold_proceeds: Decimal = ZERO
    fees: tuple[Money, ...] = ()
    unpriced_bought: Decimal = ZERO
    """Base, beside ``bought``: what it cost is not known yet."""
    unpriced_estimate: Decimal = ZERO
    """Quote: about what that cost. For price levels only, never for books."""
    unpriced_sold: Decimal = ZERO
    """Base, beside ``sold``: what it brought is not known yet."""
    bought_without_fees: Decimal = ZERO
    """Base, of all that was bought, whose fees are not known yet."""
    sold_without_fees: Decimal = ZERO
    """Base, of all that was sold, whose fees are not known yet."""

    @property
    def is_priced(self) -> bool:
        """Whether what was bought and sold is known with its cost."""
        return not self.unpriced_bought and not self.unpriced_sold

    @property
    def fees_missing(self) -> Decimal:
        """Base, of all fills, whose fees are not known yet."""
        return self.bought_without_fees + self.sold_without_fees

    @property
    def all_bought(self) -> Decimal:
        """Base, with or without its cost."""
        return self.bought + self.unpriced_bought

    @property
    def all_sold(self) -> Decimal:
        """Base, with or without its proceeds."""
        return self.sold + self.unpriced_sold


class Position(msgspec.Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True, gc=False):
    """Everything that happened to one position, as far as it heard."""

    position_id: PositionId
    state: State = State.NEW
    began_at: Timestamp
    changed_at: Timestamp
    """When ``state`` was entered."""
    entered_at: Timestamp | None = None
    """When the entry was over; ages count from here."""
    closed_at: Timestamp | None = None
    close_cause: CloseCause | None = None
    close_reason: str = ""
    orders: tuple[OwnOrder, ...] = ()
    """Every order that filled or may still fill, and the last one."""
    entry_attempts: int = 0
    exit_attempts: int = 0
    """Orders ever placed, per leg."""
    entries_before: int = 0
    exits_before: int = 0
    """Of these, the ones whose ids begin with another prefix: ids are numbered per prefix."""
    earlier_prefixes: tuple[EarlierPrefix, ...] = ()
    """Oldest first. See ``looks_back``."""
    slot: ExitSlot = EMPTY_SLOT
    entry: Entry = Entry()
    closing: Closing | None = None
    protection: Protection = Protection()
    market_is_fresh: bool = True
    venue_is_reachable: bool = True
    unprotected: tuple[Unprotected, ...] = ()
    measured_at: Timestamp
    """Until when ``unprotected`` is summed."""
    booked: Booked = Booked()
    reserve: Decimal = ZERO
    """What the portfolio was last told that it may still spend, quote."""
    faulted: Faulted | None = None
    """None: what it was told last it could take."""
    looks_back: Timestamp | None = None
    """After a restart, until its orders are looked up, those without a record too: the time of
    the last record. It places none meanwhile."""
    exits_recorded: bool = False
    """While it looks back: no exit of this journal's processes left without a record."""
    lists_until: Timestamp | None = None
    """After a restart: the exchange's lists are awaited until then. None: they are compared."""
    contested: str = ""
    """Why another process may hold it too; empty: none does."""
    shared_prefixes: tuple[str, ...] = ()
    """While it is contested: of ids of ours under which another process places orders."""
    is_restoring: bool = False
    """After a restart: not covered yet, nor on its way out."""
    recovery: int = 0
    """The last restart that it heard of."""
    fees_until: Timestamp | None = None
    """It is flat, and waits so long for fees that the venue has not told; None: it does not."""
    phase: MarketPhase = MarketPhase.OPEN
    """Of its market, as last reported."""
    market_text: str = ""
    """Why it is not OPEN, for people."""
    stranded: Stranded | None = None
    """None: what it holds can be sold."""
    refused: tuple[RefusedOrder, ...] = ()
    """Orders that the rules in force refused; at most ``REFUSED_MOST``, the newest last."""
    exit_rounds: int = 0
    """How often every form of the exit was refused: each round offers a step less."""
    bid: Decimal | None = None
    """The last price that was told while it was stranded or on its way out; quote per base."""
    sold_before: Decimal = ZERO
    """Base that was sold before the market's rules changed last."""
    is_released: bool = False
    """The router has let go of its orders: nothing more will come."""
    unseen: UnseenExit | None = None
    """An offer to sell beside the order in the slot; None: there is none."""
    wakes_at: Timestamp | None = None
    """The next deadline that it has not acted on yet."""

    @property
    def is_looking_back(self) -> bool:
        """Whether something may have been sold that is not on record here: it places nothing.

        From a start on, also before its first message: one that was under way may come before.
        """
        return (self.lists_until, self.looks_back, self.earlier_prefixes) != (None, None, ())


class Holding(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is ours now, as it follows from what was booked."""

    held: Decimal
    """Base: bought, less sold, less the fees that were taken in it; and less the most that fees
    may have taken that are not known yet, so it is never too much."""
    sellable: Decimal
    """What is held, in whole steps of the market."""
    average_entry: Decimal | None
    """Quote per base bought, fees aside; None before the first fill. About so much until the venue
    says what all of it cost."""


class Life(msgspec.Struct, frozen=True, dict=True):
    """A position with its charter: what the core works on."""

    charter: Charter
    position: Position

    @cached_property
    def holding(self) -> Holding:
        """What is ours now."""
        return _holding(self.position.booked, self.charter.rules)

    @property
    def held(self) -> Decimal:
        """Base that is ours now: bought, less sold, less the fees that were taken in it."""
        return self.holding.held

    @property
    def sellable(self) -> Decimal:
        """What is held, in whole steps of the market."""
        return self.holding.sellable

    @property
    def acquired(self) -> Decimal:
        """Base that the entry brought in, less the fees taken in it."""
        return self.holding.held + self.position.booked.all_sold

    @property
    def average_entry(self) -> Decimal | None:
        """Quote per base bought, fees aside; None before the first fill."""
        return self.holding.average_entry

    @property
    def least_quantity(self) -> Decimal:
        """The least that the market takes in one order, base."""
        return max(self.charter.rules.min_quantity, self.charter.rules.step_size)

    def is_dust(self, price: Decimal) -> bool:
        """Whether what is held was always too little to be sold at ``price``.

        By the rules at its opening; or less than a step is left after a sale under those in force.
        """
        charter, held = self.charter, max(self.holding.held, ZERO)
        if charter.begun_with is None or self.is_sellable(price):
            return not self.is_sellable(price)
        has_sold = self.position.booked.all_sold > self.position.sold_before
        if has_sold and not self.holding.sellable:
            return True
        then = charter.begun_with
        return not is_tradable(floor_to_step(held, then.step_size), price, then)

    def is_sellable(self, price: Decimal) -> bool:
        """Whether the market's rules take all that is held at ``price``, in whole steps."""
        return is_tradable(self.holding.sellable, price, self.charter.rules)


def life_after(before: Life | None, charter: Charter, position: Position) -> Life:
    """Return the position with its charter as they are now; while nothing is booked, so it holds.

    What follows from the sums is carried over, not computed again.
    """
    life = Life(charter, position)
    is_same = before is not None and before.position.booked is position.booked
    if before is not None and is_same and before.charter.rules is charter.rules:
        life.__dict__["holding"] = before.holding
    return life


def _holding(booked: Booked, rules: MarketRules) -> Holding:
    bought = booked.all_bought
    held = bought - booked.all_sold - amount_in(booked.fees, rules.base)
    if booked.bought_without_fees and rules.fee_currency is FeeCurrency.RECEIVED:
        held -= booked.bought_without_fees * max(rules.taker_fee_ratio, rules.maker_fee_ratio)
    cost = booked.bought_cost + booked.unpriced_estimate
    return Holding(
        held=held,
        sellable=floor_to_step(max(held, ZERO), rules.step_size),
        average_entry=divide_down(cost, bought) if bought else None,
    )


REFUSED_MOST = 64
"""Refused orders that are remembered: more than an exit has forms."""


def leg_of(side: Side) -> str:
    """Return the letter of a client order id for the side it trades on."""
    return ENTRY_LEG if side is Side.BUY else EXIT_LEG


def sums(orders: tuple[OwnOrder, ...], charter: Charter) -> Booked:
    """Return what all orders together did, exactly; what is not known yet stands beside it."""
    bought = bought_cost = sold = sold_proceeds = ZERO
    unpriced_bought = unpriced_estimate = unpriced_sold = ZERO
    without_fees = {Side.BUY: ZERO, Side.SELL: ZERO}
    fees: tuple[Money, ...] = ()
    for order in orders:
        facts = order.facts
        if not facts.filled:
            continue
        if order.side is Side.BUY:
            bought += facts.filled - facts.unpriced
            bought_cost += facts.cost
            if facts.unpriced:
                unpriced_bought += facts.unpriced
                unpriced_estimate += facts.unpriced * _price_of(order, charter)
        else:
            sold += facts.filled - facts.unpriced
            sold_proceeds += facts.cost
            if facts.unpriced:
                unpriced_sold += facts.unpriced
        fees = add_money(fees, facts.fees)
        if facts.fees_missing:
            without_fees[order.side] += facts.fees_missing
    return Booked(
        bought=bought,
        bought_cost=bought_cost,
        sold=sold,
        sold_proceeds=sold_proceeds,
        fees=fees,
        unpriced_bought=unpriced_bought,
        unpriced_estimate=unpriced_estimate,
        unpriced_sold=unpriced_sold,
        bought_without_fees=without_fees[Side.BUY],
        sold_without_fees=without_fees[Side.SELL],
    )


def _price_of(order: OwnOrder, charter: Charter) -> Decimal:
    """Return about what one base cost: as in the fills whose cost is known, or as expected."""
    priced = order.facts.filled - order.facts.unpriced
    if priced:
        return divide_down(order.facts.cost, priced)
    return order.reference_price or ask_of(charter)


def ask_of(charter: Charter) -> Decimal:
    """Return the best price to buy at when the decision was made."""
    return nearest_price(charter.quote.ask, charter.rules)


def find_order(position: Position, order_id: ClientOrderId | None) -> OwnOrder | None:
    """Return the position's order with this id, if it still knows it."""
    for order in position.orders:
        if order.facts.client_order_id == order_id:
            return order
    return None


def with_order(orders: tuple[OwnOrder, ...], order: OwnOrder) -> tuple[OwnOrder, ...]:
    """Return ``orders`` with this one added or replaced, and without those that say nothing more.

    An order that ended without a fill adds nothing to any sum. Should it fill after all, its facts
    are cumulative and it comes back whole.
    """
    order_id = order.facts.client_order_id
    others = (o for o in orders if o.facts.client_order_id != order_id)
    return (*(o for o in others if o.facts.filled or not o.facts.is_terminal), order)
