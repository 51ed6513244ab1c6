"""What a venue does not say is not known yet: never zero, never an end; the best source decides."""

from decimal import Decimal
from itertools import permutations
from typing import Any

import ccxt.pro  # type: ignore[import-untyped]
import pytest

from exchange.live.order import LiveOrder, facts_of, hear
from exchange.live.parsing import Leg, read_balances, read_leg, read_trade
from exchange.profiles.registry import PROFILES
from messages.base import ClientOrderId, Currency, Symbol
from messages.border import BadValueError, shown
from messages.money import Money
from messages.orders import FillSource, OrderFacts, OrderStatus, OrderType, Side, StopStatus
from messages.reconciler import Trade
from tests.exchange.venue import BTC, SYMBOL, USDT, a_request

NAME = ClientOrderId("he1p1b1")
AT = 1_700_000_000_000
FILLED: dict[str, Any] = {
    "id": "7",
    "clientOrderId": NAME,
    "symbol": SYMBOL,
    "status": "closed",
    "type": "market",
    "side": "buy",
    "amount": 1.0,
    "filled": 1.0,
    "remaining": 0.0,
    "cost": 100.0,
    "average": 100.0,
    "price": 100.0,
    "timestamp": AT,
    "info": {},
}
FILL: dict[str, Any] = {
    "id": "t1",
    "order": "7",
    "symbol": SYMBOL,
    "side": "buy",
    "price": 100.0,
    "amount": 1.0,
    "cost": 100.0,
    "fee": {"currency": "BTC", "cost": 0.001},
    "timestamp": AT,
    "info": {},
}


def told(*orders: dict[str, Any], fills: tuple[Trade, ...] = ()) -> OrderFacts:
    known = LiveOrder(client_order_id=NAME, symbol=Symbol(SYMBOL))
    return facts_of(hear(known, [read_leg(order) for order in orders], fills))


def fill(source: FillSource = FillSource.LIST, **words: Any) -> Trade:  # noqa: ANN401 - as ccxt's
    return read_trade({**FILL, **words}, NAME, source=source)


def test_a_cost_that_is_not_told_is_not_zero() -> None:
    facts = told({**FILLED, "cost": None, "average": None})
    assert facts.status is OrderStatus.FILLED
    assert facts.filled == facts.unpriced == 1
    assert facts.average_price() is None
    assert not facts.is_complete


@pytest.mark.parametrize("cost", [0, 0.0, "0"])
def test_coins_for_nothing_are_coins_whose_cost_was_not_told(cost: object) -> None:
    assert told({**FILLED, "cost": cost}).unpriced == 1


def test_an_order_that_is_over_is_not_told_so_before_it_is_known_how_much_it_filled() -> None:
    silent = {**FILLED, "filled": None, "remaining": None, "cost": None}
    assert told(silent).status is OrderStatus.OPEN
    assert told({**silent, "status": "canceled"}).status is OrderStatus.OPEN
    assert told({**silent, "remaining": 0.25}).filled == Decimal("0.75")
    facts = told(silent, fills=(fill(),))  # its fills add up to what it asked for
    assert facts.status is OrderStatus.FILLED
    assert [facts.filled, facts.cost] == [1, 100]
    facts = told(silent, {**FILLED, "filled": 0.5, "cost": 50.0, "status": "closed"})
    assert (facts.status, facts.filled) == (OrderStatus.CANCELED, Decimal("0.5"))


def test_a_part_whose_cost_is_known_keeps_it() -> None:
    half = {**FILLED, "status": "open", "filled": 0.5, "remaining": 0.5, "cost": 50.0}
    for orders in permutations([half, {**FILLED, "cost": None}]):
        facts = told(*orders)
        assert [facts.filled, facts.cost, facts.unpriced] == [1, 50, Decimal("0.5")]


def test_what_a_limit_order_would_have_cost_at_its_limit_is_no_cost() -> None:
    """ccxt fills it in where the venue says nothing; the fills may have been better."""
    assert told({**FILLED, "type": "limit", "price": 100.0, "cost": 100.0}).unpriced == 1
    facts = told({**FILLED, "type": "limit", "price": 101.0, "cost": 100.0})
    assert [facts.cost, facts.unpriced] == [100, 0]
    facts = told({**FILLED, "type": "limit", "price": 100.0}, fills=(fill(price=99.5),))
    assert [facts.cost, facts.unpriced] == [Decimal("99.5"), 0]


def test_an_order_event_of_mexc_names_the_cost_of_the_whole_order() -> None:
    assert PROFILES["mexc"].wrong_in_events == ("cost",)


def test_an_order_event_of_bitget_names_what_one_update_filled() -> None:
    client = ccxt.pro.bitget()
    client.set_markets([client.safe_market_structure({
        "id": "BTCUSDT", "symbol": "BTC/USDT", "base": "BTC", "quote": "USDT",
        "baseId": "BTC", "quoteId": "USDT", "type": "spot", "spot": True, "active": True,
        "precision": {"amount": 1e-6, "price": 1e-2}, "limits": {},
    })])  # fmt: skip
    raw = {
        "instId": "BTCUSDT", "orderId": "7", "clientOid": NAME, "newSize": "1", "size": "1",
        "orderType": "limit", "force": "gtc", "side": "buy", "price": "100", "fillPrice": "100",
        "baseVolume": "0.25", "accBaseVolume": "1", "priceAvg": "100", "status": "filled",
        "cTime": str(AT), "uTime": str(AT), "instType": "SPOT",
    }  # fmt: skip
    event = client.parse_ws_order(raw, client.market("BTC/USDT"))
    assert [event["filled"], event["status"]] == [0.25, "closed"]  # of an order that filled whole
    assert told(event).status is OrderStatus.CANCELED  # as it would be taken
    read = {**event, **dict.fromkeys(PROFILES["bitget"].wrong_in_events)}
    assert told(read).status is OrderStatus.OPEN  # over when it is known how much it filled
    whole = told(read, fills=(fill(),))
    assert whole.status is OrderStatus.FILLED
    assert whole.filled == 1


@pytest.mark.parametrize("event", ["match", "filled"])
def test_an_order_event_of_kucoin_has_no_cost(event: str) -> None:
    client = ccxt.pro.kucoin()
    client.set_markets([client.safe_market_structure({
        "id": "BTC-USDT", "symbol": "BTC/USDT", "base": "BTC", "quote": "USDT",
        "baseId": "BTC", "quoteId": "USDT", "type": "spot", "spot": True, "active": True,
        "precision": {"amount": 1e-6, "price": 1e-2}, "limits": {},
    })])  # fmt: skip
    raw = {
        "symbol": "BTC-USDT", "orderType": "market", "side": "buy", "orderId": "o1",
        "type": event, "orderTime": AT, "size": "1", "filledSize": "1", "clientOid": NAME,
        "remainSize": "0", "status": "match" if event == "match" else "done", "ts": AT * 1_000_000,
    }  # fmt: skip
    facts = told(client.parse_ws_order(raw, client.market("BTC/USDT")))
    assert facts.filled == facts.unpriced == 1


# Fees.


def test_a_fee_that_a_source_does_not_name_is_not_a_fee_of_zero() -> None:
    nothing: tuple[dict[str, Any], ...] = (
        {"fee": None},
        {"fee": {}},
        {"fee": {"currency": "BTC", "cost": None}},
    )
    for silent in nothing:
        facts = told(FILLED, fills=(fill(**silent),))
        assert facts.fees == ()
        assert facts.fees_missing == 1
    named = told(FILLED, fills=(fill(fee={"currency": "BTC", "cost": 0}),))
    assert named.fees_missing == 0


def test_two_fee_currencies_are_both_kept() -> None:
    fees = [{"currency": "BTC", "cost": 0.001}, {"currency": "BNB", "cost": 0.02}]
    facts = told(FILLED, fills=(fill(fee=None, fees=fees),))
    expected = (Money(Currency("BNB"), Decimal("0.02")), Money(BTC, Decimal("0.001")))
    assert facts.fees == expected


FOUR: dict[FillSource, dict[str, Any]] = {
    FillSource.ORDER_EVENT: {"fee": {"currency": "USDT", "cost": 0.09999999999}},
    FillSource.STREAM: {"fee": {"currency": "USDT", "cost": 0.1}},
    FillSource.ANSWER: {"fee": None},
    FillSource.LIST: {"fee": {"currency": "BTC", "cost": 0.001}},
}


@pytest.mark.parametrize("order", list(permutations(FOUR)))
def test_of_four_sources_of_one_fill_the_best_that_names_a_fee_wins(
    order: tuple[FillSource, ...],
) -> None:
    known = LiveOrder(client_order_id=NAME, symbol=Symbol(SYMBOL))
    for source in order:
        known = hear(known, trades=(fill(source, **FOUR[source]),))
    facts = facts_of(known)
    assert facts.fees == (Money(BTC, Decimal("0.001")),)
    assert not facts.fees_missing
    assert facts.fee_source is FillSource.LIST
    assert facts.filled == 1


@pytest.mark.parametrize("left_out", list(FOUR))
def test_of_three_sources_the_best_of_these_wins(left_out: FillSource) -> None:
    known = LiveOrder(client_order_id=NAME, symbol=Symbol(SYMBOL))
    for source in [one for one in FOUR if one is not left_out]:
        known = hear(known, trades=(fill(source, **FOUR[source]),))
    facts = facts_of(known)
    is_listed = left_out is not FillSource.LIST
    assert [fee.currency for fee in facts.fees] == [BTC if is_listed else USDT]


def test_the_stream_of_hyperliquid_names_no_fee_that_is_believed() -> None:
    profile = PROFILES["hyperliquid"]
    assert not profile.stream_fees
    client = ccxt.pro.hyperliquid()
    raw = {"coin": "PURR/USDC", "px": "0.9641", "sz": "49.0", "side": "B", "time": AT, "oid": 7,
           "fee": "0.0343", "feeToken": "PURR", "tid": 5}  # fmt: skip
    read = client.parse_ws_trade(raw)
    assert read["fee"]["currency"] == "USDC"  # if ccxt mends this, the stream may be believed
    trade = read_trade({**FILL, "fee": read["fee"]}, NAME, has_fees=profile.stream_fees)
    assert not trade.is_fee_known
    assert trade.fees == ()


# Stops.


@pytest.mark.parametrize(
    ("order_type", "words"),
    [
        (OrderType.STOP, {"trigger_price": "90"}),
        (OrderType.STOP_LIMIT, {"trigger_price": "90", "price": "89"}),
    ],
)
def test_a_stop_counts_as_what_was_asked_for_until_the_venue_says_otherwise(
    order_type: OrderType, words: dict[str, Any]
) -> None:
    request = a_request(NAME, Side.SELL, order_type, "1", **words)
    known = LiveOrder(client_order_id=NAME, symbol=Symbol(SYMBOL), request=request)
    # What ccxt makes of Coinbase's acknowledgement: an id, and nothing of what was placed.
    ack = {**dict.fromkeys(FILLED), "id": "7", "clientOrderId": NAME, "info": {"success": True}}
    placed = hear(known, [read_leg(ack)])
    assert facts_of(placed).stop is StopStatus.WORKING
    over = {"status": "canceled", "filled": 0.0, "remaining": 1.0, "cost": 0.0}
    assert facts_of(hear(placed, [read_leg({**FILLED, **over})])).stop is StopStatus.GONE
    part = {"status": "open", "filled": 0.5, "remaining": 0.5, "cost": 45.0}
    assert facts_of(hear(placed, [read_leg({**FILLED, **part})])).stop is StopStatus.TRIGGERED
    plain = a_request(NAME, Side.SELL, OrderType.LIMIT, "1", price="110")
    as_plain = LiveOrder(client_order_id=NAME, symbol=Symbol(SYMBOL), request=plain)
    assert facts_of(hear(as_plain, [read_leg(ack)])).stop is StopStatus.NONE


# Values that can't be.


IMPOSSIBLE: tuple[object, ...] = (
    float("nan"), float("inf"), -1, "x", True, [], {}, 1e308, 1e-300, "٣", "1" * 300, 2**400,
)  # fmt: skip


@pytest.mark.parametrize("field", ["filled", "cost", "amount", "remaining", "timestamp"])
@pytest.mark.parametrize("value", IMPOSSIBLE, ids=shown)
def test_an_impossible_field_of_an_order_is_refused_by_its_name(field: str, value: object) -> None:
    refused: list[BadValueError] = []
    leg = read_leg({**FILLED, field: value}, refused.append)
    assert [error.field for error in refused] == [f"order.{field}"]
    whole = read_leg(FILLED)
    for name in ("filled", "cost", "quantity", "placed_at"):
        assert getattr(leg, name) in {None, getattr(whole, name)}


def test_binances_working_time_of_a_stop_that_waits_is_no_time() -> None:
    """ccxt takes it for the time of an answer to a placement or a cancel."""
    refused: list[BadValueError] = []
    info = {"workingTime": -1, "transactTime": AT + 5}
    stop = {**FILLED, "status": "open", "timestamp": -1, "info": info}
    assert read_leg(stop, refused.append).placed_at == AT + 5
    assert read_leg({**stop, "info": {"workingTime": -1}}, refused.append).placed_at is None
    assert refused == []
    assert read_leg({**stop, "info": {}}, refused.append).placed_at is None
    assert [error.field for error in refused] == ["order.timestamp"]


@pytest.mark.parametrize("field", ["id", "order", "symbol", "side", "price", "amount"])
@pytest.mark.parametrize("value", [None, float("nan"), True, [], {}, "٣", "", 2**400], ids=shown)
def test_a_fill_without_what_makes_it_one_is_refused(field: str, value: object) -> None:
    with pytest.raises(BadValueError, match=rf"^fill\.{field} is "):
        read_trade({**FILL, field: value}, NAME)


@pytest.mark.parametrize("value", [None, *IMPOSSIBLE], ids=shown)
def test_a_currency_without_an_amount_is_not_known(value: object) -> None:
    refused: list[BadValueError] = []
    amounts = {"BTC": value, "USDT": 5.0}
    read = read_balances({"total": amounts, "free": {"BTC": 0, "USDT": 5.0}}, refused.append)
    assert read.unknown == (BTC,)
    assert read.total == (Money(USDT, Decimal("5.0")),)
    assert len(refused) == (value is not None)


def test_a_structure_that_is_none_is_refused() -> None:
    nothing: tuple[Any, ...] = (None, 1, "x", [], True)
    for raw in nothing:
        for read in (read_leg, read_balances, lambda one: read_trade(one, NAME)):
            with pytest.raises(BadValueError):
                read(raw)


def test_a_leg_says_of_itself_whether_it_is_over() -> None:
    leg: Leg = read_leg(FILLED)
    assert leg.is_over
    assert not read_leg({**FILLED, "filled": None, "remaining": None}).is_over
