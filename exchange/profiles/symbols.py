"""What one symbol allows, from the market as ccxt loaded it.

An exchange's profile is the most a symbol can do; the market itself may allow less (Binance lists
its order types) or not be traded at all. Less is believed, more never.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from exchange.profiles.profile import Profile
from messages.market import Capabilities


class SymbolFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One symbol at one exchange."""

    market_id: str
    """As the exchange writes it: ``BTCUSDT``."""
    is_active: bool
    """False: delisted, halted or not open yet."""
    capabilities: Capabilities
    max_stops: int


def symbol_facts(
    profile: Profile, market: Mapping[str, Any], *, is_sandbox: bool = False
) -> SymbolFacts:
    """Return what ``market`` (ccxt's struct, with the exchange's own ``info``) allows.

    ``is_sandbox``: with test money a native stop needs no proof of what becomes of it.
    """
    info: Mapping[str, Any] = market.get("info") or {}
    can = msgspec.structs.replace(
        _capabilities(profile.capabilities, info),
        stop_is_proven=is_sandbox or bool(profile.stop_evidence),
    )
    return SymbolFacts(
        market_id=str(market["id"]),
        is_active=market.get("active") is not False,
        capabilities=can,
        max_stops=_max_stops(profile, info),
    )


def _capabilities(can: Capabilities, info: Mapping[str, Any]) -> Capabilities:
    types = info.get("orderTypes")
    if not isinstance(types, list):
        return can
    listed = {str(name).upper() for name in types}
    return msgspec.structs.replace(
        can,
        native_stop=can.native_stop and "STOP_LOSS" in listed,
        native_stop_limit=can.native_stop_limit and "STOP_LOSS_LIMIT" in listed,
        oco=can.oco and info.get("ocoAllowed") is True,
        post_only=can.post_only and "LIMIT_MAKER" in listed,
        market=can.market and "MARKET" in listed,
    )


def _max_stops(profile: Profile, info: Mapping[str, Any]) -> int:
    for rule in info.get("filters") or ():
        if rule.get("filterType") == "MAX_NUM_ALGO_ORDERS":
            return int(rule["maxNumAlgoOrders"])
    return profile.max_stops
