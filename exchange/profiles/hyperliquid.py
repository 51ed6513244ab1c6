"""Hyperliquid spot: plain orders; a client order id is 128 bits in hex.

A market order is an IOC limit 5 % through the price it is told. Before the first order ccxt signs a
builder's fee and a referrer in the account's name: ``initialize_client`` must not run. Errors:
https://hyperliquid.gitbook.io/hyperliquid-docs/for-developers/api/error-responses
"""

from exchange.profiles.order_ids import IdForm, Packing
from exchange.profiles.profile import ErrorRule, Profile
from exchange.profiles.promises import CheckedAt, Deadline, DeadlineForm
from messages.base import Milliseconds
from messages.market import Capabilities, FeeCurrency
from messages.orders import RejectReason

PROFILE = Profile(
    id="hyperliquid",
    name="Hyperliquid",
    capabilities=Capabilities(post_only=True),
    ids=IdForm(max_length=0, packing=Packing.HEX),
    lists_whole_account=True,  # whether a symbol is named or not: ccxt leaves the others out
    trades_of_all=True,
    fee_currency=FeeCurrency.RECEIVED,
    order_params=frozenset({"clientOrderId", "timeInForce", "postOnly"}),
    market_needs_price=True,
    stream_fees=False,  # ccxt gives the stream's fees as USDC; the list names the coin (feeToken)
    errors=(
        ErrorRule(text="Insufficient spot balance", reason=RejectReason.INSUFFICIENT_FUNDS),
        ErrorRule(text="minimum value", reason=RejectReason.BELOW_MINIMUM),
        ErrorRule(text="divisible by tick size", reason=RejectReason.PRECISION),
        ErrorRule(text="invalid size", reason=RejectReason.PRECISION),
        ErrorRule(text="Post only order would have", reason=RejectReason.WOULD_TAKE),
        ErrorRule(text="could not immediately match", reason=RejectReason.NO_LIQUIDITY),
        ErrorRule(text="No liquidity available", reason=RejectReason.NO_LIQUIDITY),
        ErrorRule(text="away from the reference price", reason=RejectReason.PRICE_OUT_OF_RANGE),
        ErrorRule(text="too far from oracle", reason=RejectReason.PRICE_OUT_OF_RANGE),
        ErrorRule(text="Trading is halted", reason=RejectReason.MARKET_HALTED),
        ErrorRule(text="does not exist", reason=RejectReason.AUTHENTICATION),
    ),
    request_life_ms=None,
    deadline=Deadline(
        name="expiresAfter",
        form=DeadlineForm.SIGNED,
        window_ms=Milliseconds(5_000),
        exit_window_ms=Milliseconds(5_000),
        window_max_ms=Milliseconds(10_000),
        checked=CheckedAt.UNKNOWN,
        bounds="opt-in; no document says by which clock; a late one costs five requests",
        source="https://hyperliquid.gitbook.io/hyperliquid-docs/for-developers/api/exchange-endpoint",
    ),
    credentials=("walletAddress", "privateKey"),
    skipped_calls=("initialize_client",),
    sandbox=True,
    why_not_native="its spot triggers were not seen to keep the order's id",
)
