"""KuCoin spot on a classic account: plain orders.

Its stops live at another endpoint and become a second order once they trigger; they are not used.
Codes: https://www.kucoin.com/docs-new/error-code
"""

from exchange.profiles.order_ids import IdForm
from exchange.profiles.profile import (
    ErrorRule,
    OpenPages,
    PageBy,
    Profile,
)
from exchange.profiles.quote_sizes import QuoteSizes, UnitSign
from exchange.profiles.request_terms import SIMPLE
from messages.base import Milliseconds
from messages.market import Capabilities, FeeCurrency
from messages.order_router import FailureKind
from messages.orders import RejectReason

PROFILE = Profile(
    id="kucoin",
    name="KuCoin",
    capabilities=Capabilities(post_only=True),
    ids=IdForm(max_length=32),
    trades_page=100,
    trades_window_days=7,
    until_param="endAt",
    # https://www.kucoin.com/docs-new/rest/spot-trading/orders/get-orders-list-old
    open_pages=OpenPages(rows=500, by=PageBy.NUMBER, param="currentPage"),
    keeps_markets=True,
    fee_currency=FeeCurrency.QUOTE,
    order_params=frozenset({"clientOrderId", "timeInForce", "postOnly"}),
    # https://www.kucoin.com/docs-new/rest/spot-trading/orders/add-order (funds)
    quote_sizes=QuoteSizes(
        signs=(UnitSign(field="funds"), UnitSign(field="originFunds")),
        all_buys=False,
        filled=("dealSize", "filledSize"),
        cost=("dealFunds",),
    ),
    errors=(
        ErrorRule(code="200004", reason=RejectReason.INSUFFICIENT_FUNDS),
        ErrorRule(text="minimum order size", reason=RejectReason.BELOW_MINIMUM),
        ErrorRule(text="minimum funds", reason=RejectReason.BELOW_MINIMUM),
        ErrorRule(text="increment", reason=RejectReason.PRECISION),
        ErrorRule(code="900001", reason=RejectReason.UNKNOWN_SYMBOL),
        ErrorRule(code="200001", reason=RejectReason.MARKET_HALTED),
        ErrorRule(code="200002", reason=RejectReason.MARKET_HALTED),
        ErrorRule(code="400600", reason=RejectReason.MARKET_HALTED),
        ErrorRule(code="600203", reason=RejectReason.MARKET_HALTED),
        # "Network timeout": a refusal to ccxt, and nobody knows whether it was placed.
        ErrorRule(code="408000", kind=FailureKind.UNKNOWN),
        ErrorRule(code="400001", reason=RejectReason.AUTHENTICATION),
        ErrorRule(code="400003", reason=RejectReason.AUTHENTICATION),
        ErrorRule(code="400004", reason=RejectReason.AUTHENTICATION),
        ErrorRule(code="400005", reason=RejectReason.AUTHENTICATION),
        ErrorRule(code="400006", reason=RejectReason.AUTHENTICATION),
        ErrorRule(code="400007", reason=RejectReason.AUTHENTICATION),
        ErrorRule(code="400002", kind=FailureKind.RETRYABLE),
        ErrorRule(code="429000", kind=FailureKind.RETRYABLE),
    ),
    request_life_ms=Milliseconds(5_000),
    no_deadline="no parameter was found in its documents",
    locking=SIMPLE,
    credentials=("apiKey", "secret", "password"),
    options=(("uta", False),),
    why_not_native="a stop there is an order at another endpoint; triggered, it is a second",
)
