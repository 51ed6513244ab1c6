"""What a profile says of orders, symbols and errors, apart from ccxt."""

from decimal import Decimal

import msgspec
import pytest

from exchange.profiles.calls import OrderCall, cancel_call, leg_names, look_up_calls, order_call
from exchange.profiles.profile import Profile
from exchange.profiles.registry import PROFILES, profile_of
from exchange.profiles.symbols import symbol_facts
from exchange.profiles.verdicts import verdict
from exchange.rules import Refusal
from messages.base import ClientOrderId
from messages.order_router import FailureKind
from messages.orders import OrderType, RejectReason
from tests.exchange.profiles.capture import (
    BINANCE_INFO,
    ORDER_ID,
    ORDER_TYPES,
    ORDERS,
    RULES,
    SYMBOL,
    facts,
    market,
    order,
)

BINANCE = PROFILES["binance"]
UNKNOWN = profile_of("an_exchange_nobody_wrote_a_table_for")


def refusal(profile: Profile, name: str, market_price: Decimal | None = None) -> Refusal:
    answer = order_call(profile, ORDERS[name], RULES, facts(profile), market_price=market_price)
    assert isinstance(answer, Refusal)
    return answer


def test_an_exchange_without_a_profile_gets_no_stop_and_says_so() -> None:
    can = UNKNOWN.capabilities
    assert not any((can.native_stop, can.native_stop_limit, can.oco, can.post_only))
    assert not UNKNOWN.is_proven
    assert "synthetic protection only" in UNKNOWN.why_not_native


@pytest.mark.parametrize("name", ["stop", "stop-limit", "OCO", "take profit, post-only"])
def test_an_exchange_without_a_profile_is_sent_nothing_but_plain_orders(name: str) -> None:
    assert refusal(UNKNOWN, name).reason is RejectReason.NOT_SUPPORTED


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_a_profile_without_a_native_stop_says_why(profile: Profile) -> None:
    can = profile.capabilities
    has_stop = can.native_stop or can.native_stop_limit
    assert has_stop == (not profile.why_not_native)
    assert has_stop == ("stopLossPrice" in profile.order_params)
    assert has_stop == (profile.max_stops > 0)


def test_a_halted_symbol_is_refused_before_ccxt_sees_it() -> None:
    halted = msgspec.structs.replace(facts(BINANCE), is_active=False)
    answer = order_call(BINANCE, ORDERS["entry"], RULES, halted)
    assert isinstance(answer, Refusal)
    assert answer.reason is RejectReason.MARKET_HALTED


def test_an_amount_under_the_minimum_is_refused_before_ccxt_sees_it() -> None:
    small = order(OrderType.LIMIT, price=Decimal(1))
    answer = order_call(BINANCE, small, RULES, facts(BINANCE))
    assert isinstance(answer, Refusal)
    assert answer.reason is RejectReason.BELOW_MINIMUM


def test_a_stop_that_is_passed_already_is_refused() -> None:
    answer = refusal(BINANCE, "stop", market_price=Decimal(90))
    assert answer.reason is RejectReason.WOULD_TRIGGER_AT_ONCE


def test_an_oco_whose_limit_is_not_over_the_market_is_refused() -> None:
    answer = refusal(BINANCE, "OCO", market_price=Decimal(100))
    assert answer.reason is RejectReason.PRICE_OUT_OF_RANGE


def test_an_order_whose_id_has_no_form_there_is_refused() -> None:
    request = msgspec.structs.replace(
        ORDERS["entry"], client_order_id=ClientOrderId("h0e1p" + "1" * 30)
    )
    answer = order_call(PROFILES["gate"], request, RULES, facts(PROFILES["gate"]))
    assert isinstance(answer, Refusal)
    assert answer.reason is RejectReason.NOT_SUPPORTED


def test_hyperliquid_is_sent_no_market_order_without_a_known_price() -> None:
    answer = refusal(PROFILES["hyperliquid"], "market exit")
    assert answer.reason is RejectReason.NOT_SUPPORTED


def test_coinbase_can_cancel_only_what_was_looked_up() -> None:
    answer = cancel_call(PROFILES["coinbase"], SYMBOL, ORDER_ID, None)
    assert isinstance(answer, Refusal)
    assert "look the order up first" in answer.text


def test_the_legs_of_an_oco_have_names_of_their_own() -> None:
    limit, stop = leg_names(BINANCE, ORDER_ID)
    assert len({limit, stop, str(ORDER_ID)}) == 3


def test_a_look_up_asks_as_often_as_the_exchange_has_lists() -> None:
    calls = {name: len(look_up_calls(p, SYMBOL, ORDER_ID)) for name, p in PROFILES.items()}
    assert {name for name, number in calls.items() if number == 2} == {"kraken", "bybit"}


@pytest.mark.parametrize(
    ("removed", "lost"),
    [
        ("STOP_LOSS", "native_stop"),
        ("STOP_LOSS_LIMIT", "native_stop_limit"),
        ("LIMIT_MAKER", "post_only"),
        ("MARKET", "market"),
    ],
)
def test_a_symbol_can_do_less_than_its_exchange(removed: str, lost: str) -> None:
    types = [name for name in ORDER_TYPES if name != removed]
    listed = {**market(BINANCE), "info": {**BINANCE_INFO, "orderTypes": types}}
    can = symbol_facts(BINANCE, listed).capabilities
    assert not getattr(can, lost)
    assert can == msgspec.structs.replace(BINANCE.capabilities, **{lost: False})


def test_a_symbol_without_oco_gets_none() -> None:
    listed = {**market(BINANCE), "info": {**BINANCE_INFO, "ocoAllowed": False}}
    assert not symbol_facts(BINANCE, listed).capabilities.oco


def test_a_symbol_says_itself_how_many_stops_it_may_have() -> None:
    filters = [{"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": 9}]
    listed = {**market(BINANCE), "info": {**BINANCE_INFO, "filters": filters}}
    assert symbol_facts(BINANCE, listed).max_stops == 9


def test_a_symbol_never_gets_more_than_its_exchange() -> None:
    mexc = PROFILES["mexc"]
    listed = {**market(mexc), "info": {"orderTypes": ["STOP_LOSS"], "ocoAllowed": True}}
    can = symbol_facts(mexc, listed).capabilities
    assert not any((can.native_stop, can.native_stop_limit, can.oco))


@pytest.mark.parametrize(
    ("name", "message", "kind", "reason"),
    [
        (
            "binance",
            'binance {"code":-2010,"msg":"Account has insufficient balance for requested action."}',
            FailureKind.REJECTED,
            RejectReason.INSUFFICIENT_FUNDS,
        ),
        (
            "binance",
            'binance {"code":-2010,"msg":"Stop price would trigger immediately."}',
            FailureKind.REJECTED,
            RejectReason.WOULD_TRIGGER_AT_ONCE,
        ),
        (
            "binance",
            'binance {"code":-2010,"msg":"Filter failure: MAX_NUM_ALGO_ORDERS"}',
            FailureKind.REJECTED,
            RejectReason.TOO_MANY_STOPS,
        ),
        ("binance", 'binance {"code":-1007,"msg":"Timeout"}', FailureKind.UNKNOWN, None),
        ("binance", 'binance {"code":-1021,"msg":"Timestamp"}', FailureKind.RETRYABLE, None),
        (
            "mexc",
            'mexc {"code":30005,"msg":"Oversold"}',
            FailureKind.REJECTED,
            RejectReason.INSUFFICIENT_FUNDS,
        ),
        (
            "mexc",
            'mexc {"msg":"any other text","code":30005}',
            FailureKind.REJECTED,
            RejectReason.INSUFFICIENT_FUNDS,
        ),
        ("mexc", 'mexc {"code":-2013,"msg":"Order does not exist."}', FailureKind.UNKNOWN, None),
        (
            "kraken",
            'kraken {"error":["EOrder:Insufficient funds"]}',
            FailureKind.REJECTED,
            RejectReason.INSUFFICIENT_FUNDS,
        ),
        (
            "okx",
            'okx {"code":"1","data":[{"sCode":"51008","sMsg":"Insufficient USDT"}]}',
            FailureKind.REJECTED,
            RejectReason.INSUFFICIENT_FUNDS,
        ),
        (
            "gate",
            'gate {"label":"POC_FILL_IMMEDIATELY","message":"..."}',
            FailureKind.REJECTED,
            RejectReason.WOULD_TAKE,
        ),
    ],
)
def test_an_exchanges_own_code_says_what_a_refusal_means(
    name: str, message: str, kind: FailureKind, reason: RejectReason | None
) -> None:
    rule = verdict(PROFILES[name], message)
    assert rule is not None
    assert rule.kind is kind
    assert reason is None or rule.reason is reason


@pytest.mark.parametrize(
    "message",
    [
        'binance {"code":-9999,"msg":"new in this world"}',
        'binance {"code":-20100,"msg":"insufficient"}',  # -2010 and one digit more
        "binance POST https://api.binance.com/api/v3/order -2010",
        "",
    ],
)
def test_an_error_no_rule_names_is_left_to_its_class(message: str) -> None:
    assert verdict(BINANCE, message) is None


def test_no_call_of_ours_names_a_credential() -> None:
    for profile in PROFILES.values():
        for request in ORDERS.values():
            call = order_call(profile, request, RULES, facts(profile), market_price=Decimal(95))
            if isinstance(call, OrderCall):
                assert not call.params.keys() & set(profile.credentials)
