"""The plans, the venues and the settings that a simulation begins with, by number: 0 is plain."""

from decimal import Decimal
from typing import NamedTuple

from msgspec.structs import replace

from config.settings import JournalFailure, JournalSettings, PortfolioSettings, Settings
from messages.base import Currency, Milliseconds, Symbol
from messages.market import (
    Capabilities,
    FeeCurrency,
    MarketRules,
    OcoRemainder,
    RequestTerms,
)
from messages.orders import OrderType, TimeInForce
from messages.plan import OnStop, Plan, ProtectionMode, Rung, ScaleOut, Switching, Trailing
from messages.portfolio import UnmatchedPolicy

BTC, USDT = Currency("BTC"), Currency("USDT")
SYMBOL = Symbol("BTC/USDT")
CAPITAL = Decimal(10_000)
BUDGET = Decimal(1_000)
FOREIGN = Decimal(50)
"""Coins in the wallet that are not ours: with them the venue refuses no oversale."""

ratio = Decimal
_SWITCHING = Switching(
    to_stop_loss_ratio=ratio("-0.01"),
    to_take_profit_ratio=ratio("0.005"),
    minimum_interval_ms=Milliseconds(3_000),
)


def _plan(mode: ProtectionMode, **more: object) -> Plan:
    given: dict[str, object] = {
        "protection_mode": mode,
        "take_profit_ratio": ratio("0.03"),
        "stop_loss_ratio": ratio("0.02"),
        "switching": _SWITCHING if mode is ProtectionMode.SWITCHING else None,
        "exit_attempts": 4,
        "stuck_retry_ms": Milliseconds(20_000),
        "unknown_exit_ms": Milliseconds(30_000),
        "entry_deadline_ms": Milliseconds(20_000),
    }
    return Plan(**(given | more))  # type: ignore[arg-type]  # fields by name


_ENTRY = (
    Rung(type=OrderType.LIMIT, time_in_force=TimeInForce.IOC, offset_ratio=ratio("-0.001")),
    Rung(type=OrderType.LIMIT, offset_ratio=ratio("-0.004"), wait_ms=Milliseconds(3_000)),
    Rung(type=OrderType.MARKET),
)
_EXIT = (
    Rung(type=OrderType.LIMIT, offset_ratio=ratio("-0.001"), wait_ms=Milliseconds(2_000)),
    Rung(type=OrderType.LIMIT, time_in_force=TimeInForce.IOC, offset_ratio=ratio("0.002")),
    Rung(type=OrderType.MARKET),
)

PLANS = (
    _plan(ProtectionMode.SYNTHETIC),
    _plan(ProtectionMode.SWITCHING),
    _plan(ProtectionMode.STOP_RESTS),
    _plan(ProtectionMode.OCO),
    _plan(ProtectionMode.TRIGGERS, time_limit_ms=Milliseconds(60_000)),
    _plan(ProtectionMode.SYNTHETIC, entry_ladder=_ENTRY, exit_ladder=_EXIT, stop_rung=1),
    _plan(ProtectionMode.SWITCHING, entry_ladder=_ENTRY, exit_ladder=_EXIT, stop_rung=2),
    _plan(ProtectionMode.STOP_RESTS, stop_limit_offset_ratio=ratio("0.001"), exit_ladder=_EXIT),
    _plan(ProtectionMode.OCO, entry_ladder=_ENTRY, stop_limit_offset_ratio=ratio("0.001")),
    _plan(
        ProtectionMode.SYNTHETIC,
        scale_out=(ScaleOut(take_profit_ratio=ratio("0.01"), part_ratio=ratio("0.5")),),
        break_even_at_ratio=ratio("0.01"),
    ),
    _plan(
        ProtectionMode.SWITCHING,
        trailing=Trailing(
            activation_ratio=ratio("0.01"),
            distance_ratio=ratio("0.01"),
            step_ratio=ratio("0.005"),
        ),
    ),
    _plan(ProtectionMode.SWITCHING, switching=None),  # its lines follow from stop and target
    _plan(ProtectionMode.SYNTHETIC, on_stop=OnStop.CLOSE),
    _plan(ProtectionMode.SYNTHETIC, exit_ladder=_EXIT[:2], stop_rung=1),  # no market orders
)


class VenueKind(NamedTuple):
    """What one venue does."""

    fee_currency: FeeCurrency
    oco_remainder: OcoRemainder
    terms: RequestTerms | None = None
    """Until when it takes a request, and how old its answers may be; None: it never says."""
    stops_lock: bool = True
    """Whether a stop keeps its coins while it waits for its trigger."""


TERMS = RequestTerms(
    window_ms=Milliseconds(5_000),
    exit_window_ms=Milliseconds(3_000),
    window_max_ms=Milliseconds(12_000),
    settle_ms=Milliseconds(2_000),
    read_lag_ms=Milliseconds(8_000),
    stream_lag_ms=Milliseconds(1_200),
    locking=tuple(OrderType),
)
LOOSE_TERMS = replace(TERMS, locking=(OrderType.MARKET, OrderType.LIMIT, OrderType.OCO))
PUNCTUAL = (
    VenueKind(FeeCurrency.QUOTE, OcoRemainder.CANCELED, TERMS),
    VenueKind(FeeCurrency.RECEIVED, OcoRemainder.CANCELED, LOOSE_TERMS, stops_lock=False),
)
"""They refuse what comes too late, and answer questions from caches."""
VENUES = (
    VenueKind(FeeCurrency.QUOTE, OcoRemainder.CANCELED),
    VenueKind(FeeCurrency.RECEIVED, OcoRemainder.CANCELED),
    VenueKind(FeeCurrency.QUOTE, OcoRemainder.REDUCED),
    *PUNCTUAL,
)
LOSS_LIMIT = Decimal(10)
"""Quote: less than one stop loses."""
WALLETS = (
    (FOREIGN, UnmatchedPolicy.ADOPT, None),
    (Decimal(0), UnmatchedPolicy.ADOPT, None),
    (FOREIGN, UnmatchedPolicy.SELL, None),
    (FOREIGN, UnmatchedPolicy.ADOPT, LOSS_LIMIT),
)
"""Coins that are not ours, what becomes of late fills, and what a day may lose."""


def rules(fee_currency: FeeCurrency) -> MarketRules:
    return MarketRules(
        symbol=SYMBOL,
        tick_size=Decimal("0.01"),
        step_size=Decimal("0.001"),
        min_quantity=Decimal("0.001"),
        min_notional=Decimal(5),
        maker_fee_ratio=Decimal("0.001"),
        taker_fee_ratio=Decimal("0.001"),
        fee_currency=fee_currency,
    )


COARSE = {"step_size": Decimal("0.01"), "min_quantity": Decimal("0.01")}
"""Rules that change: what is left under such a step is dust by the first ones too."""
DEAR = {"min_notional": Decimal(5_000)}
"""More than any position here is worth."""
SPLIT = {"max_market_quantity": Decimal(4), "max_quantity": Decimal(6)}
"""Less than a position sells."""
SHUT = {"min_notional": Decimal(400), "max_notional": Decimal(90)}
"""The largest order is smaller than the smallest one: none is taken."""


def capabilities(remainder: OcoRemainder) -> Capabilities:
    return Capabilities(
        native_stop=True,
        native_stop_limit=True,
        oco=True,
        oco_remainder=remainder,
        post_only=True,
    )


def _settings(
    policy: UnmatchedPolicy, failure: JournalFailure, loss_limit: Decimal | None
) -> Settings:
    portfolio = PortfolioSettings(
        max_positions=3,
        positions_per_symbol=3,
        cooldown_ms=Milliseconds(0),
        compare_balances_ms=None,
        unmatched_policy=policy,
        daily_loss_limit=loss_limit,
    )
    journal = JournalSettings(failure=failure)
    return Settings(capital={USDT: CAPITAL}, plan=PLANS[0], portfolio=portfolio, journal=journal)


SETTINGS = {
    (policy, failure, loss_limit): _settings(policy, failure, loss_limit)
    for policy in UnmatchedPolicy
    for failure in JournalFailure
    for loss_limit in (None, LOSS_LIMIT)
}
