"""OKX spot: plain orders with ``tdMode=cash``, client ids of letters and digits only.

Its stops are algo orders: another endpoint, another id (``algoClOrdId``), and a second order once
they trigger. ccxt files them under ``cross`` margin unless told otherwise. They are not used.
Codes: https://www.okx.com/docs-v5/en/#error-code
"""

from exchange.profiles.order_ids import IdForm
from exchange.profiles.profile import ErrorRule, OpenPages, PageBy, Profile
from exchange.profiles.promises import CheckedAt, Deadline, DeadlineForm, Reads
from exchange.profiles.quote_sizes import QuoteSizes, UnitSign
from exchange.profiles.request_terms import SIMPLE
from messages.base import DAY_MS, Milliseconds
from messages.market import Capabilities, FeeCurrency
from messages.order_router import FailureKind
from messages.orders import RejectReason

PROFILE = Profile(
    id="okx",
    name="OKX",
    capabilities=Capabilities(post_only=True),
    ids=IdForm(max_length=32),
    trades_page=100,
    # https://www.okx.com/docs-v5/en/#order-book-trading-trade-get-order-list
    open_pages=OpenPages(rows=100, by=PageBy.LOWEST_ID, param="after"),
    keeps_markets=True,
    fee_currency=FeeCurrency.RECEIVED,
    order_params=frozenset({"clientOrderId", "timeInForce", "postOnly", "tdMode"}),
    fixed_params=(("tdMode", "cash"),),
    # https://www.okx.com/docs-v5/en/#order-book-trading-trade-post-place-order (tgtCcy)
    quote_sizes=QuoteSizes(
        signs=(
            UnitSign(field="tgtCcy", value="base_ccy", is_base=True),
            UnitSign(field="tgtCcy", value="quote_ccy"),
        ),
        filled=("accFillSz",),
    ),
    errors=(
        ErrorRule(code="51008", reason=RejectReason.INSUFFICIENT_FUNDS),
        ErrorRule(code="51131", reason=RejectReason.INSUFFICIENT_FUNDS),
        ErrorRule(code="51020", reason=RejectReason.BELOW_MINIMUM),
        ErrorRule(code="51121", reason=RejectReason.PRECISION),
        ErrorRule(code="51006", reason=RejectReason.PRICE_OUT_OF_RANGE),
        ErrorRule(code="51137", reason=RejectReason.PRICE_OUT_OF_RANGE),
        ErrorRule(code="51138", reason=RejectReason.PRICE_OUT_OF_RANGE),
        ErrorRule(code="51016", reason=RejectReason.DUPLICATE_ID),
        ErrorRule(code="51001", reason=RejectReason.UNKNOWN_SYMBOL),
        ErrorRule(code="51021", reason=RejectReason.MARKET_HALTED),
        ErrorRule(code="51022", reason=RejectReason.MARKET_HALTED),
        ErrorRule(code="51027", reason=RejectReason.MARKET_HALTED),
        ErrorRule(code="50111", reason=RejectReason.AUTHENTICATION),
        ErrorRule(code="50113", reason=RejectReason.AUTHENTICATION),
        ErrorRule(code="50105", reason=RejectReason.AUTHENTICATION),
        ErrorRule(code="50110", reason=RejectReason.AUTHENTICATION),
        ErrorRule(code="50119", reason=RejectReason.AUTHENTICATION),
        ErrorRule(code="50120", reason=RejectReason.AUTHENTICATION),
        ErrorRule(code="50102", kind=FailureKind.RETRYABLE),
        ErrorRule(code="50011", kind=FailureKind.RETRYABLE),
    ),
    request_life_ms=Milliseconds(30_000),
    deadline=Deadline(
        name="expTime",
        form=DeadlineForm.HEADER,
        window_ms=Milliseconds(5_000),
        exit_window_ms=Milliseconds(5_000),
        window_max_ms=Milliseconds(10_000),
        checked=CheckedAt.UNKNOWN,
        bounds="opt-in, on placing and amending; no document says where it is checked",
        source="https://www.okx.com/docs-v5/en/#overview-rest-authentication",
    ),
    reads=Reads(
        ended_kept_ms=Milliseconds(7 * DAY_MS),
        unfilled_kept_ms=Milliseconds(7_200_000),
        source="https://www.okx.com/docs-v5/en/#order-book-trading-trade-get-order-details",
    ),
    locking=SIMPLE,
    locking_source="https://www.okx.com/help/borrow-in-spot-mode (frozenBal), December 2024",
    may_borrow=True,
    credentials=("apiKey", "secret", "password"),
    why_not_native="a stop there is an algo order with an id of its own; triggered, it is a second",
)
