"""An order's legs and fills, whatever order they are heard in: one sum, exact, never less."""

from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.live.fields import exact
from exchange.live.order import LiveOrder, facts_of, hear, terms_of
from exchange.live.parsing import read_balances, read_leg, read_trade
from messages.base import ClientOrderId, Currency, Symbol, Timestamp
from messages.money import Money, amount_in
from messages.orders import (
    OrderFacts,
    OrderStatus,
    OrderTerms,
    OrderType,
    RejectReason,
    Side,
    StopStatus,
)
from tests.exchange.venue import BTC, RULES, SYMBOL, USDT, a_request

NAME = ClientOrderId("he1p1x1")


def raw_order(number: str = "7", **words: Any) -> dict[str, Any]:  # noqa: ANN401 - as ccxt's are
    return {
        "id": number,
        "clientOrderId": NAME,
        "symbol": SYMBOL,
        "status": "open",
        "amount": 2.0,
        "filled": 0.0,
        "cost": 0.0,
        "timestamp": 1_700_000_000_000,
        "info": {},
        **words,
    }


def raw_trade(number: str, quantity: float, **words: Any) -> dict[str, Any]:  # noqa: ANN401 - as above
    return {
        "id": number,
        "order": "7",
        "symbol": SYMBOL,
        "side": "buy",
        "price": 100.1,
        "amount": quantity,
        "fee": {"currency": "BTC", "cost": 0.0003},
        "timestamp": 1_700_000_000_000,
        "info": {},
        **words,
    }


def an_order(order_type: OrderType = OrderType.LIMIT, **words: Any) -> LiveOrder:  # noqa: ANN401 - fields
    request = a_request(NAME, Side.SELL, order_type, "2", **words)
    return LiveOrder(client_order_id=NAME, symbol=Symbol(SYMBOL), request=request)


def test_a_float_becomes_the_venues_own_string_where_it_is_there() -> None:
    assert exact(0.0003998377369698171, {"fee": "0.00039983773696981712"}) == Decimal(
        "0.00039983773696981712"
    )
    assert exact(0.1) == Decimal("0.1")
    assert exact(None) is None
    assert exact("1.50") == Decimal("1.50")


def test_fills_heard_twice_are_booked_once_and_what_is_left_of_the_base_is_exact() -> None:
    trades = [read_trade(raw_trade(one, 0.7), NAME) for one in ("t1", "t2", "t1")]
    facts = facts_of(hear(an_order(), trades=trades))
    assert facts.filled == Decimal("1.4")
    assert facts.cost == Decimal("140.14")
    assert facts.filled - amount_in(facts.fees, BTC) == Decimal("1.3994")


def test_the_same_trade_id_of_another_leg_is_another_fill() -> None:
    trades = [read_trade(raw_trade("t1", 0.7, order=leg), NAME) for leg in ("7", "8")]
    assert facts_of(hear(an_order(), trades=trades)).filled == Decimal("1.4")


@pytest.mark.parametrize(
    ("fee", "expected"),
    [
        ({"currency": "BTC", "cost": 0.001}, {BTC: Decimal("0.001")}),
        ({"currency": "USDT", "cost": 0.07}, {USDT: Decimal("0.07")}),
        ({"currency": "BNB", "cost": 0.00012}, {Currency("BNB"): Decimal("0.00012")}),
        ({"currency": "USDT", "cost": -0.01}, {USDT: Decimal("-0.01")}),
        (None, {}),
    ],
)
def test_fees_are_kept_in_the_currency_they_were_taken_in(
    fee: dict[str, Any] | None, expected: dict[Currency, Decimal]
) -> None:
    facts = facts_of(hear(an_order(), trades=[read_trade(raw_trade("t1", 1.0, fee=fee), NAME)]))
    assert {money.currency: money.amount for money in facts.fees} == expected


HISTORY: list[dict[str, Any]] = [
    {"legs": [read_leg(raw_order())]},
    {"legs": [read_leg(raw_order(status="open", filled=0.5, cost=50.05))]},
    {"trades": [read_trade(raw_trade("t1", 0.5), NAME)]},
    {"trades": [read_trade(raw_trade("t2", 1.5), NAME)]},
    {"legs": [read_leg(raw_order(status="closed", filled=2.0, cost=200.2))]},
]


@pytest.mark.parametrize("order", list(permutations(range(len(HISTORY)))))
def test_in_any_order_the_history_of_an_order_comes_to_the_same(order: tuple[int, ...]) -> None:
    heard = an_order()
    before = facts_of(heard)
    for place in order:
        heard = hear(heard, **HISTORY[place])
        facts = facts_of(heard)
        assert facts.filled >= before.filled
        before = facts
    assert (before.status, before.filled, before.cost) == (
        OrderStatus.FILLED,
        Decimal(2),
        Decimal("200.2"),
    )
    assert amount_in(before.fees, BTC) == Decimal("0.0006")


@settings(deadline=None, max_examples=100)
@given(st.lists(st.sampled_from(HISTORY), max_size=12))
def test_hearing_anything_again_lowers_nothing(history: list[dict[str, Any]]) -> None:
    heard = an_order()
    seen: OrderFacts = facts_of(heard)
    for event in [*history, *history]:
        heard = hear(heard, **event)
        facts = facts_of(heard)
        assert facts.filled >= seen.filled
        assert seen.status is not OrderStatus.FILLED or facts.status is OrderStatus.FILLED
        seen = facts


def test_a_fill_inside_an_order_has_the_orders_side_and_symbol() -> None:
    fill = {"id": "t1", "price": 100.1, "amount": 2.0, "side": None, "symbol": None, "info": {}}
    raw = raw_order(status="closed", filled=2.0, cost=200.2, side="sell", trades=[fill])
    heard = hear(an_order(), [read_leg(raw)])
    assert not heard.lacks_trades
    assert [trade.side for trade in heard.trades] == [Side.SELL]


def test_a_fill_without_its_trades_is_known_to_lack_them() -> None:
    heard = hear(an_order(), [read_leg(raw_order(status="closed", filled=2.0, cost=200.2))])
    assert heard.lacks_trades
    assert facts_of(heard).cost == Decimal("200.2")
    assert not hear(heard, trades=[read_trade(raw_trade("t", 2.0), NAME)]).lacks_trades


def a_leg(number: str, **words: Any) -> Any:  # noqa: ANN401 - a leg, of ccxt's words
    return read_leg(raw_order(number, info={"orderListId": "3"}, **words))


def an_oco(*legs: Any) -> OrderFacts:  # noqa: ANN401 - as above
    return facts_of(hear(an_order(OrderType.OCO, price=105, trigger_price=95), legs))


def test_a_pair_is_one_order_whose_stop_works_while_both_legs_do() -> None:
    facts = an_oco(a_leg("1"), a_leg("2", triggerPrice=95.0))
    assert (facts.status, facts.stop) == (OrderStatus.OPEN, StopStatus.WORKING)


def test_a_pair_whose_limit_leg_filled_has_lost_its_stop() -> None:
    facts = an_oco(
        a_leg("1", status="closed", filled=2.0, cost=210.0),
        a_leg("2", triggerPrice=95.0, status="expired"),
    )
    assert (facts.status, facts.filled) == (OrderStatus.FILLED, Decimal(2))
    assert facts.stop is StopStatus.GONE


def test_a_pair_whose_stop_leg_filled_was_triggered() -> None:
    facts = an_oco(
        a_leg("1", status="expired"),
        a_leg("2", triggerPrice=95.0, status="closed", filled=2.0, cost=190.0),
    )
    assert (facts.status, facts.stop) == (OrderStatus.FILLED, StopStatus.TRIGGERED)


def test_a_pair_that_was_canceled_after_a_part_of_it_filled_is_canceled() -> None:
    facts = an_oco(
        a_leg("1", status="canceled", filled=0.5, cost=52.5),
        a_leg("2", triggerPrice=95.0, status="expired"),
    )
    assert (facts.status, facts.filled) == (OrderStatus.CANCELED, Decimal("0.5"))


def test_what_is_over_and_not_full_is_canceled_whatever_the_venue_calls_it() -> None:
    facts = facts_of(hear(an_order(), [read_leg(raw_order(status="closed", filled=1.0))]))
    assert facts.status is OrderStatus.CANCELED


def test_an_order_at_the_market_that_expired_found_an_empty_book() -> None:
    facts = facts_of(hear(an_order(OrderType.MARKET), [read_leg(raw_order(status="expired"))]))
    assert facts.reason is RejectReason.NO_LIQUIDITY


def test_what_the_venue_says_that_an_order_is_goes_with_a_look_up() -> None:
    assert terms_of(hear(an_order(), [read_leg(raw_order())])) is None
    told = terms_of(hear(an_order(), [read_leg(raw_order(side="sell"))]))
    assert told == OrderTerms(
        symbol=SYMBOL,
        side=Side.SELL,
        quantity=Decimal("2.0"),
        placed_at=Timestamp(1_700_000_000_000),
    )


def test_a_look_up_names_price_and_trigger_of_the_legs_that_have_them() -> None:
    limit = a_leg("1", side="sell", amount=2.0, price=110.0)
    stop = a_leg("2", side="sell", amount=2.0, price=94.0, triggerPrice=95.0)
    for legs in ((limit, stop), (stop, limit)):
        told = terms_of(hear(an_order(OrderType.OCO), legs), RULES)
        assert told is not None
        assert (told.price, told.trigger_price) == (Decimal("110.0"), Decimal("95.0"))
        assert (told.step_size, told.tick_size) == (RULES.step_size, RULES.tick_size)
    alone = terms_of(hear(an_order(OrderType.STOP_LIMIT), [stop]))
    assert alone is not None
    assert (alone.price, alone.trigger_price) == (None, Decimal("95.0"))


def test_balances_are_exact_and_leave_zeros_out() -> None:
    read = read_balances({"total": {"BTC": 0.1, "USDT": 0.0}, "free": {"BTC": 0.05, "USDT": None}})
    assert read.total == (Money(BTC, Decimal("0.1")),)
    assert read.free == (Money(BTC, Decimal("0.05")),)
    assert read.unknown == ()
