"""Bitget spot on a classic account: plain orders.

ccxt refuses ``stopLossPrice`` on spot; ``triggerPrice`` makes a plan order that watches the mark
price and becomes a second order; ``trailingPercent`` would send a plain one. None is used.
Codes: https://www.bitget.com/api-doc/spot/error-code/restapi
"""

from exchange.profiles.order_ids import IdForm
from exchange.profiles.profile import (
    ErrorRule,
    OpenPages,
    PageBy,
    Profile,
)
from exchange.profiles.quote_sizes import QuoteSizes
from exchange.profiles.request_terms import SIMPLE
from messages.base import Milliseconds
from messages.market import Capabilities, FeeCurrency
from messages.order_router import FailureKind
from messages.orders import RejectReason

PROFILE = Profile(
    id="bitget",
    name="Bitget",
    capabilities=Capabilities(post_only=True),
    ids=IdForm(max_length=32),
    # ``baseVolume`` is what this one update filled, not all of it, and ``newSize`` of a market
    # order is what was asked for: https://www.bitget.com/api-doc/spot/websocket/private/Order-Channel
    wrong_in_events=("filled", "remaining", "cost", "average"),
    trades_page=100,
    trades_window_days=90,
    # https://www.bitget.com/api-doc/spot/trade/Get-Unfilled-Orders
    open_pages=OpenPages(rows=100, by=PageBy.LOWEST_ID, param="idLessThan"),
    keeps_markets=True,
    fee_currency=FeeCurrency.RECEIVED,
    order_params=frozenset({"clientOrderId", "timeInForce", "postOnly"}),
    market_buy=False,
    # https://www.bitget.com/api-doc/spot/trade/Get-Order-Info (size: of a market buy in quote)
    quote_sizes=QuoteSizes(filled=("baseVolume",), cost=("quoteVolume",)),
    errors=(
        ErrorRule(code="43012", reason=RejectReason.INSUFFICIENT_FUNDS),
        ErrorRule(code="45110", reason=RejectReason.BELOW_MINIMUM),
        ErrorRule(code="45111", reason=RejectReason.BELOW_MINIMUM),
        ErrorRule(code="45035", reason=RejectReason.PRECISION),
        ErrorRule(code="45115", reason=RejectReason.PRECISION),
        ErrorRule(code="40808", reason=RejectReason.PRECISION),
        ErrorRule(code="43008", reason=RejectReason.PRICE_OUT_OF_RANGE),
        ErrorRule(code="43009", reason=RejectReason.PRICE_OUT_OF_RANGE),
        ErrorRule(code="40786", reason=RejectReason.DUPLICATE_ID),
        ErrorRule(code="45034", reason=RejectReason.DUPLICATE_ID),
        ErrorRule(code="40034", reason=RejectReason.UNKNOWN_SYMBOL),
        ErrorRule(code="40309", reason=RejectReason.UNKNOWN_SYMBOL),
        ErrorRule(code="40006", reason=RejectReason.AUTHENTICATION),
        ErrorRule(code="40009", reason=RejectReason.AUTHENTICATION),
        ErrorRule(code="40012", reason=RejectReason.AUTHENTICATION),
        ErrorRule(code="40014", reason=RejectReason.AUTHENTICATION),
        ErrorRule(code="40018", reason=RejectReason.AUTHENTICATION),
        ErrorRule(code="40005", kind=FailureKind.RETRYABLE),
        ErrorRule(code="40008", kind=FailureKind.RETRYABLE),
        ErrorRule(code="429", kind=FailureKind.RETRYABLE),
    ),
    request_life_ms=Milliseconds(30_000),
    no_deadline="no parameter was found in its documents",
    locking=SIMPLE,
    credentials=("apiKey", "secret", "password"),
    options=(("uta", False),),
    why_not_native="a stop there is a plan order on the mark price; triggered, a second order",
)
