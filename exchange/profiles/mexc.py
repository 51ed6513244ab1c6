"""MEXC spot: plain orders only. Its API has no stop; ccxt would send one as the plain order.

Codes: https://www.mexc.com/api-docs/spot-v3/error-code
"""

from exchange.profiles.order_ids import IdForm
from exchange.profiles.profile import ErrorRule, Profile
from exchange.profiles.promises import Deadline, DeadlineForm
from exchange.profiles.quote_sizes import QuoteSizes, UnitSign
from exchange.profiles.request_terms import SIMPLE
from messages.base import Milliseconds
from messages.market import Capabilities, FeeCurrency
from messages.order_router import FailureKind
from messages.orders import RejectReason

PROFILE = Profile(
    id="mexc",
    name="MEXC",
    capabilities=Capabilities(post_only=True),
    ids=IdForm(max_length=32),
    trades_page=100,
    keeps_markets=True,
    fee_currency=FeeCurrency.QUOTE,
    # ccxt takes ``amount``, the quote amount of the whole order, for what is filled of it cost:
    # https://www.mexc.com/api-docs/spot-v3/websocket-user-data-streams
    wrong_in_events=("cost",),
    order_params=frozenset({"clientOrderId", "timeInForce", "postOnly"}),
    # https://www.mexc.com/api-docs/spot-v3/spot-account-trade (quoteOrderQty)
    quote_sizes=QuoteSizes(
        signs=(UnitSign(field="origQuoteOrderQty"), UnitSign(field="origQty", is_base=True)),
        filled=("executedQty", "cumulativeQuantity"),
        cost=("cummulativeQuoteQty",),
    ),
    errors=(
        # "Oversold" or not: the coins may be locked by another order. Look, don't guess.
        ErrorRule(code="30005", reason=RejectReason.INSUFFICIENT_FUNDS),
        ErrorRule(code="30004", reason=RejectReason.INSUFFICIENT_FUNDS),
        ErrorRule(code="10101", reason=RejectReason.INSUFFICIENT_FUNDS),
        ErrorRule(code="30002", reason=RejectReason.BELOW_MINIMUM),
        ErrorRule(code="30010", reason=RejectReason.PRICE_OUT_OF_RANGE),
        ErrorRule(code="30000", reason=RejectReason.MARKET_HALTED),
        ErrorRule(code="30001", reason=RejectReason.MARKET_HALTED),
        ErrorRule(code="30016", reason=RejectReason.MARKET_HALTED),
        ErrorRule(code="30018", reason=RejectReason.NOT_SUPPORTED),
        ErrorRule(code="30019", reason=RejectReason.NOT_SUPPORTED),
        ErrorRule(code="10007", reason=RejectReason.UNKNOWN_SYMBOL),
        ErrorRule(code="30014", reason=RejectReason.UNKNOWN_SYMBOL),
        ErrorRule(code="-1121", reason=RejectReason.UNKNOWN_SYMBOL),
        ErrorRule(code="10072", reason=RejectReason.AUTHENTICATION),
        ErrorRule(code="700002", reason=RejectReason.AUTHENTICATION),
        ErrorRule(code="700006", reason=RejectReason.AUTHENTICATION),
        ErrorRule(code="700007", reason=RejectReason.AUTHENTICATION),
        ErrorRule(code="700003", kind=FailureKind.RETRYABLE),
        ErrorRule(code="-2013", kind=FailureKind.UNKNOWN),
    ),
    request_life_ms=Milliseconds(5_000),
    deadline=Deadline(
        name="recvWindow",
        form=DeadlineForm.WINDOW,
        window_ms=Milliseconds(5_000),
        exit_window_ms=Milliseconds(5_000),
        window_max_ms=Milliseconds(5_000),
        most_ms=Milliseconds(60_000),
        unasked_ms=Milliseconds(5_000),
        bounds="no document says where it is checked",
        source="https://www.mexc.com/api-docs/spot-v3/general-info",
    ),
    locking=SIMPLE,
    options=(("recvWindow", 5_000),),
    why_not_native="its API has no stop order; a stop parameter rides along in a plain order",
)
