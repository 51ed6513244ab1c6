"""Whatever is asked in whatever order: the venue's books stay exact after every command."""

from decimal import Decimal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from exchange.matching.engine import ForceFill, step
from exchange.matching.state import Depth, VenueOrder
from messages.base import ClientOrderId
from messages.market import Capabilities, FeeCurrency, OcoRemainder
from messages.money import ZERO, Money
from messages.orders import OrderType, Side, StopStatus, TimeInForce
from tests.exchange.venue import BNB, BTC, RULES, USDT, Venue, changed_rules, facts_are_sound

SIDES = st.sampled_from(Side)
PRICES = st.integers(980, 1020).map(lambda ticks: ticks / 10)
QUANTITIES = st.sampled_from(["0.06", "0.10", "0.77", "1", "2.50", "6"])
BALANCES = {BTC: Decimal(8), USDT: Decimal(900), BNB: Decimal("0.003")}


def cash_lock(order: VenueOrder, fee_currency: FeeCurrency) -> Decimal:
    request = order.request
    prices = (request.price, request.trigger_price, request.stop_limit_price)
    dearest = max(price for price in prices if price is not None)
    fee = RULES.taker_fee_ratio if fee_currency is FeeCurrency.QUOTE else ZERO
    return order.remaining * dearest * (1 + fee)


class AnyCommands(RuleBasedStateMachine):
    """One account on one market, and everything that can be asked of it."""

    @initialize(
        fee_currency=st.sampled_from(FeeCurrency),
        remainder=st.sampled_from(OcoRemainder),
        latency_ms=st.sampled_from([0, 30]),
    )
    def open_the_venue(
        self, fee_currency: FeeCurrency, remainder: OcoRemainder, latency_ms: int
    ) -> None:
        self.fee_currency = fee_currency
        rules = changed_rules(
            fee_currency=fee_currency, fee_third_currency=BNB, fee_third_rate=Decimal(400)
        )
        self.venue = Venue(
            markets=[rules],
            balances=tuple(Money(currency, BALANCES[currency]) for currency in BALANCES),
            capabilities=Capabilities(
                native_stop=True,
                native_stop_limit=True,
                oco=True,
                oco_remainder=remainder,
                post_only=True,
            ),
            latency_ms=latency_ms,
            depth=Depth(levels=2),
        )
        self.venue.move(100.0)
        self.count = 0
        self.forced = False

    @rule(side=SIDES, quantity=QUANTITIES)
    def market(self, side: Side, quantity: str) -> None:
        self._submit(side, OrderType.MARKET, quantity)

    @rule(
        side=SIDES,
        quantity=QUANTITIES,
        price=PRICES,
        time_in_force=st.sampled_from(TimeInForce),
        post_only=st.booleans(),
    )
    def limit(
        self,
        side: Side,
        quantity: str,
        price: float,
        time_in_force: TimeInForce,
        post_only: bool,  # noqa: FBT001 - hypothesis gives it by name
    ) -> None:
        words = {"price": price, "time_in_force": time_in_force, "post_only": post_only}
        self._submit(side, OrderType.LIMIT, quantity, **words)

    @rule(side=SIDES, quantity=QUANTITIES, ticks=st.integers(0, 2))
    def limit_that_may_rest(self, side: Side, quantity: str, ticks: int) -> None:
        moved = self.venue.exchange.book.markets[RULES.symbol].moved
        assert moved is not None
        price = moved.bid - ticks / 10 if side is Side.BUY else moved.ask + ticks / 10
        self._submit(side, OrderType.LIMIT, quantity, price=round(price, 1))

    @rule(side=SIDES, quantity=QUANTITIES, trigger=PRICES, price=st.none() | PRICES)
    def stop(self, side: Side, quantity: str, trigger: float, price: float | None) -> None:
        kind = OrderType.STOP if price is None else OrderType.STOP_LIMIT
        self._submit(side, kind, quantity, trigger_price=trigger, price=price)

    @rule(
        side=SIDES,
        quantity=QUANTITIES,
        trigger=PRICES,
        price=PRICES,
        stop_limit=st.none() | PRICES,
    )
    def oco(
        self, side: Side, quantity: str, trigger: float, price: float, stop_limit: float | None
    ) -> None:
        words = {"price": price, "trigger_price": trigger, "stop_limit_price": stop_limit}
        self._submit(side, OrderType.OCO, quantity, **words)

    @rule(back=st.integers(0, 9))
    def cancel(self, back: int) -> None:
        self.venue.cancel(f"o{self.count - back}")

    @rule(back=st.integers(0, 9), quantity=QUANTITIES)
    def force_fill(self, back: int, quantity: str) -> None:
        self.forced = True
        order_id = ClientOrderId(f"o{self.count - back}")
        self.venue.exchange.force_fill(order_id, Decimal(quantity), self.venue.now)

    @rule(
        bid=PRICES,
        spread=st.integers(0, 3),
        quantity=st.none() | st.sampled_from([0.0, 0.5, 2.0]),
        gap=st.booleans(),
    )
    def move(self, bid: float, spread: int, quantity: float | None, gap: bool) -> None:  # noqa: FBT001 - hypothesis gives it by name
        self.venue.move(bid, round(bid + spread / 10, 1), quantity=quantity, gap=gap)

    @rule(ticks=st.integers(-2, 2), quantity=st.none() | st.sampled_from([0.5, 2.0]))
    def tick(self, ticks: int, quantity: float | None) -> None:
        moved = self.venue.exchange.book.markets[RULES.symbol].moved
        assert moved is not None
        self.venue.move(round(moved.bid + ticks / 10, 1), quantity=quantity)

    @rule(milliseconds=st.integers(1, 100))
    def wait(self, milliseconds: int) -> None:
        self.venue.wait(milliseconds)

    def _submit(self, side: Side, kind: OrderType, quantity: str, **words: object) -> None:
        self.count += 1
        self.venue.submit(f"o{self.count}", side, kind, quantity, **words)

    @invariant()
    def no_balance_is_negative(self) -> None:
        for balance in self.venue.exchange.ledger().balances:
            assert balance.total >= ZERO, balance
            assert balance.locked >= ZERO, balance
            assert balance.free >= ZERO, balance

    @invariant()
    def totals_change_by_fills_and_fees_alone(self) -> None:
        totals = dict(BALANCES)
        for fill in self.venue.exchange.ledger().fills:
            sign = 1 if fill.side is Side.BUY else -1
            totals[BTC] += sign * fill.quantity
            totals[USDT] -= sign * fill.quantity * fill.price
            totals[fill.fee.currency] -= fill.fee.amount
        assert {currency: self.venue.total(currency) for currency in totals} == totals

    @invariant()
    def what_is_locked_is_what_working_orders_need(self) -> None:
        working = [
            order
            for order in self.venue.exchange.book.orders.values()
            if not order.facts.is_terminal
        ]
        sells = [order.remaining for order in working if order.request.side is Side.SELL]
        buys = [
            cash_lock(order, self.fee_currency)
            for order in working
            if order.request.side is Side.BUY
        ]
        assert self.venue.locked(BTC) == sum(sells, ZERO)
        assert self.venue.locked(USDT) == sum(buys, ZERO)

    @invariant()
    def an_order_s_facts_are_its_fills(self) -> None:
        fills = self.venue.exchange.ledger().fills
        for order_id, order in self.venue.exchange.book.orders.items():
            own = [fill for fill in fills if fill.client_order_id == order_id]
            assert order.facts.filled == sum((fill.quantity for fill in own), ZERO)
            assert order.facts.cost == sum((fill.quantity * fill.price for fill in own), ZERO)
            assert self.forced or facts_are_sound(order.facts, order.request.quantity)

    @invariant()
    def a_leg_is_in_the_book_exactly_while_it_works(self) -> None:
        book = self.venue.exchange.book
        for order in book.orders.values():
            is_waiting = order.facts.stop is StopStatus.WORKING
            assert (order.trigger is not None) == is_waiting
            is_working = not order.facts.is_terminal
            assert (order.limit is not None or order.trigger is not None) == is_working
        market = book.markets[RULES.symbol]
        legs = [leg for order in book.orders.values() for leg in (order.limit, order.trigger)]
        indexed = len(market.sells) + len(market.buys) + market.stops()
        assert indexed == len([leg for leg in legs if leg is not None])
        assert market.stops() <= RULES.max_stops

    @invariant()
    def among_equal_prices_an_earlier_order_fills_first(self) -> None:
        fills = self.venue.exchange.ledger().fills
        orders = self.venue.exchange.book.orders
        resting = [order for order in orders.values() if order.limit is not None]
        for fill in fills:
            later = orders[fill.client_order_id]
            if not fill.is_maker:
                continue
            for order in resting:
                is_before = order.sequence < later.sequence and _rested_alike(order, later)
                assert not is_before, (order, later)

    @invariant()
    def a_step_only_reads(self) -> None:
        book = self.venue.exchange.book
        command = ForceFill(client_order_id=ClientOrderId(f"o{self.count}"), quantity=Decimal(1))
        assert step(book, command, self.venue.now) == step(book, command, self.venue.now)


def _rested_alike(order: VenueOrder, later: VenueOrder) -> bool:
    """Whether both came as limits at the same price, so that only time stands between them."""
    kinds = {order.request.type, later.request.type}
    return (
        kinds == {OrderType.LIMIT}
        and order.request.side is later.request.side
        and order.request.price == later.request.price
    )


AnyCommands.TestCase.settings = settings(
    deadline=None,
    max_examples=40,
    stateful_step_count=30,
)
TestAnyCommands = AnyCommands.TestCase
