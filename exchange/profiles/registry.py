"""Which exchange has which profile.

An exchange without one is given the least: limit and market orders, a client order id, no stop of
its own. Positions there are protected by triggers alone, and everything that shows it says so.
"""

from exchange.profiles import (
    binance,
    bitget,
    bybit,
    coinbase,
    gate,
    hyperliquid,
    kraken,
    kucoin,
    mexc,
    okx,
)
from exchange.profiles.order_ids import IdForm
from exchange.profiles.profile import Profile
from exchange.profiles.quote_sizes import UNKNOWN_SIZES
from messages.market import Capabilities, FeeCurrency

PROFILES: dict[str, Profile] = {
    module.PROFILE.id: module.PROFILE
    for module in (mexc, binance, kraken, bybit, okx, coinbase, kucoin, gate, bitget, hyperliquid)
}


def profile_of(exchange_id: str) -> Profile:
    """Return an exchange's profile, by ccxt's name for it; the least, where none was written."""
    return PROFILES.get(exchange_id) or Profile(
        id=exchange_id,
        name=exchange_id,
        capabilities=Capabilities(),
        ids=IdForm(max_length=32),
        fee_currency=FeeCurrency.RECEIVED,
        order_params=frozenset({"clientOrderId", "timeInForce"}),
        market_buy=False,
        quote_sizes=UNKNOWN_SIZES,
        request_life_ms=None,
        why_not_native="no profile was written for it: synthetic protection only",
        is_proven=False,
    )
