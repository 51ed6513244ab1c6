"""What ccxt would send for each exchange: captured from ccxt, never sent."""

from decimal import Decimal

import msgspec
import pytest

from exchange.profiles.calls import OrderCall
from exchange.profiles.profile import Profile
from exchange.profiles.registry import PROFILES
from exchange.rules import Refusal
from messages.market import Capabilities
from messages.orders import OrderRequest, OrderType, RejectReason, Side
from tests.exchange.profiles.capture import (
    FOLDER,
    ORDER_ID,
    ORDERS,
    Sent,
    captured,
    lines,
    order,
    write_call,
)

profiles = pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)

STOPS = {name: request for name, request in ORDERS.items() if request.trigger_price is not None}
PLAIN = {name: request for name, request in ORDERS.items() if request.trigger_price is None}

ALL = Capabilities(native_stop=True, native_stop_limit=True, oco=True, post_only=True)


@profiles
def test_ccxt_sends_what_the_file_of_the_exchange_says(profile: Profile) -> None:
    expected = (FOLDER / f"{profile.id}.txt").read_text(encoding="utf-8")
    assert "\n".join(lines(profile)) + "\n" == expected


def is_a_stop_at_90(profile: Profile, type_: OrderType, sent: Sent) -> bool:
    """Tell whether a request is surely a stop of that kind, by the exchange's own words."""
    fields = sent.fields
    limit = None if type_ is OrderType.STOP else "89"
    match profile.id:
        case "binance" if type_ is OrderType.OCO:
            kind = "STOP_LOSS" if fields.get("belowPrice") is None else "STOP_LOSS_LIMIT"
            return (fields["belowType"], fields["belowStopPrice"]) == (kind, "90")
        case "binance":
            kind = "STOP_LOSS_LIMIT" if limit else "STOP_LOSS"
            found = (fields["type"], fields["stopPrice"], fields.get("price"))
            return found == (kind, "90", limit)
        case "kraken":
            kind = "stop-loss-limit" if limit else "stop-loss"
            return (fields["ordertype"], fields["price"], fields.get("price2")) == (
                kind,
                "90",
                limit,
            )
        case "coinbase":
            (stop,) = fields["order_configuration"].items()
            return bool(stop == ("stop_limit_stop_limit_gtc", COINBASE_STOP))
        case _:
            return False


COINBASE_STOP = {
    "base_size": "0.5",
    "limit_price": "89",
    "stop_price": "90",
    "stop_direction": "STOP_DIRECTION_STOP_DOWN",
}


@profiles
@pytest.mark.parametrize("request_", STOPS.values(), ids=STOPS)
def test_a_stop_leaves_as_a_stop_or_not_at_all(profile: Profile, request_: OrderRequest) -> None:
    call = write_call(profile, request_)
    if isinstance(call, Refusal):
        assert call.reason is RejectReason.NOT_SUPPORTED
    else:
        assert is_a_stop_at_90(profile, request_.type, captured(profile, call))


@pytest.mark.parametrize("id_", sorted(PROFILES.keys() - {"binance", "kraken", "coinbase"}))
@pytest.mark.parametrize("request_", STOPS.values(), ids=STOPS)
def test_a_table_that_claims_too_much_still_sends_no_stop(id_: str, request_: OrderRequest) -> None:
    boasting = msgspec.structs.replace(PROFILES[id_], capabilities=ALL)
    call = write_call(boasting, request_)
    assert isinstance(call, Refusal)
    assert call.reason is RejectReason.NOT_SUPPORTED


@profiles
@pytest.mark.parametrize("request_", PLAIN.values(), ids=PLAIN)
def test_no_plain_order_carries_a_trigger(profile: Profile, request_: OrderRequest) -> None:
    call = write_call(profile, request_)
    if isinstance(call, OrderCall):
        line = captured(profile, call).line().lower()
        assert "stop" not in line
        assert "trigger" not in line


@profiles
def test_a_market_sell_names_no_price_unless_the_exchange_needs_one(profile: Profile) -> None:
    call = write_call(profile, ORDERS["market exit"])
    assert isinstance(call, OrderCall)
    assert (call.args[4] is not None) == profile.market_needs_price


@profiles
def test_every_order_carries_our_id_in_the_form_of_the_exchange(profile: Profile) -> None:
    call = write_call(profile, ORDERS["take profit"])
    assert isinstance(call, OrderCall)
    name = "0x0ef80000000002000020000000230003" if profile.id == "hyperliquid" else ORDER_ID
    assert name in captured(profile, call).line()


@profiles
def test_an_order_carries_only_parameters_on_the_list(profile: Profile) -> None:
    for request in ORDERS.values():
        call = write_call(profile, request)
        if isinstance(call, OrderCall) and call.method == "create_order":
            assert call.params.keys() <= profile.order_params


@profiles
@pytest.mark.parametrize("type_", [OrderType.STOP, OrderType.STOP_LIMIT])
def test_no_stop_buys(profile: Profile, type_: OrderType) -> None:
    price = Decimal(89) if type_ is OrderType.STOP_LIMIT else None
    call = write_call(profile, order(type_, Side.BUY, price=price, trigger_price=Decimal(90)))
    assert isinstance(call, Refusal)
    assert call.reason is RejectReason.NOT_SUPPORTED
