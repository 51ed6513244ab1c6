"""How an order ended that nobody canceled, over the wire: the reason has a name."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from msgspec.structs import replace

from exchange.matching.state import ExecutionRules, SelfTrade
from exchange.profiles.ends import end_reason
from exchange.profiles.registry import PROFILES
from exchange.server.control import SetExecution, SetRules, SetStatus
from exchange.server.thread import ServerThread
from exchange.server.venue import MarketStatus
from messages.orders import OrderStatus, RejectReason
from tests.exchange.live.wire import WireVenue
from tests.exchange.venue import RULES, SYMBOL, holding


@pytest.fixture
def venue() -> Iterator[WireVenue]:
    with ServerThread("binance", [RULES], holding()) as server:
        one = WireVenue(server, "binance")
        try:
            one.exchange.subscribe(SYMBOL, one.now)
            one.move(100.0)
            yield one
        finally:
            one.close()
            one.connection.close()


def test_self_trade_prevention_has_a_name(venue: WireVenue) -> None:
    venue.move(100.0, 100.1)
    venue.buy("resting", "1", 100.0)
    venue.wait(0)
    rules = ExecutionRules(self_trade=SelfTrade.EXPIRE_TAKER)
    venue.server.send(SetExecution(SYMBOL, rules))
    venue.sell("a", "1")
    venue.wait(0)
    facts = venue.facts("a")
    assert (facts.status, facts.reason) == (OrderStatus.EXPIRED, RejectReason.SELF_TRADE)


def test_an_order_that_expired_at_the_price_range_has_a_name_and_its_fills(
    venue: WireVenue,
) -> None:
    venue.move(100.0, quantity=1.0)
    rules = ExecutionRules(reference_price=Decimal(100), range_ratio=Decimal("0.001"))
    venue.server.send(SetExecution(SYMBOL, rules))
    venue.sell("a", "5")
    venue.wait(0)
    facts = venue.facts("a")
    assert (facts.status, facts.reason) == (OrderStatus.EXPIRED, RejectReason.PRICE_RANGE)
    assert facts.filled == Decimal(2)


def test_a_market_order_over_its_most_is_refused_by_a_reason_of_its_own(venue: WireVenue) -> None:
    venue.server.send(SetRules(replace(RULES, max_market_quantity=Decimal(2))))
    venue.sell("a", "3")
    venue.wait(0)
    assert venue.refusal("a").reason is RejectReason.ABOVE_MAXIMUM
    assert "MARKET_LOT_SIZE" in venue.refusal("a").text


def test_a_market_that_only_cancels_refuses_as_a_halted_one(venue: WireVenue) -> None:
    venue.sell("resting", "1", 105.0)
    venue.wait(0)
    venue.server.send(SetStatus(SYMBOL, MarketStatus.CANCEL_ONLY))
    venue.sell("a", "1")
    venue.wait(0)
    assert venue.refusal("a").reason is RejectReason.MARKET_HALTED
    venue.cancel("resting")
    venue.wait(0)
    assert venue.facts("resting").status is OrderStatus.CANCELED


@pytest.mark.parametrize(
    ("name", "info", "reason"),
    [
        ("binance", {"status": "EXPIRED_IN_MATCH"}, RejectReason.SELF_TRADE),
        ("binance", {"X": "EXPIRED_IN_MATCH"}, RejectReason.SELF_TRADE),
        (
            "binance",
            {"status": "EXPIRED", "expiryReason": "EXECUTION_RULE_PRICE_RANGE_EXCEEDED"},
            RejectReason.PRICE_RANGE,
        ),
        ("binance", {"eR": "EXECUTION_RULE_PRICE_RANGE_EXCEEDED"}, RejectReason.PRICE_RANGE),
        ("binance", {"eR": "INSUFFICIENT_LIQUIDITY"}, RejectReason.NO_LIQUIDITY),
        ("binance", {"status": "EXPIRED", "expiryReason": "NONE"}, None),
        ("bybit", {"cancelType": "CancelBySmp"}, RejectReason.SELF_TRADE),
        ("bybit", {"cancelType": "CancelByDCP"}, RejectReason.DEAD_MANS_SWITCH),
        ("bybit", {"cancelType": "CancelByUser"}, None),
        ("gate", {"finish_as": "stp"}, RejectReason.SELF_TRADE),
        ("gate", {"finish_as": "price_protect_cancelled"}, RejectReason.PRICE_RANGE),
        ("gate", {"finish_as": "cancelled"}, None),
        ("kraken", {"status": "EXPIRED_IN_MATCH"}, None),
        ("binance", None, None),
        ("binance", [], None),
    ],
)
def test_the_reason_is_read_of_the_exchanges_own_words(
    name: str, info: object, reason: RejectReason | None
) -> None:
    assert end_reason(PROFILES[name], info) is reason


def test_no_profile_lets_an_order_arm_a_dead_mans_switch() -> None:
    names = {"cancelAllAfter", "cancelAllOrdersAfter", "countdownCancelAll", "dcp", "timeout"}
    for profile in PROFILES.values():
        assert not names & profile.order_params
        assert not names & {name for name, _ in profile.options}
