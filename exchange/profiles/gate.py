"""Gate spot on a classic account: plain orders, named ``t-`` and at most 28 characters.

ccxt puts the ``t-`` before an id on create and look-up, not on cancel. Its stops end by themselves
after 86,400 s and carry no client id; they are not used.
Labels: https://www.gate.com/docs/developers/apiv4/#label-list
"""

from exchange.profiles.order_ids import IdForm
from exchange.profiles.profile import CancelBy, EndRule, ErrorRule, OpenPages, PageBy, Profile
from exchange.profiles.promises import CheckedAt, Deadline, DeadlineForm, Reads
from exchange.profiles.quote_sizes import QuoteSizes
from exchange.profiles.request_terms import SIMPLE
from messages.base import Milliseconds
from messages.market import Capabilities, FeeCurrency
from messages.order_router import FailureKind
from messages.orders import RejectReason

PROFILE = Profile(
    id="gate",
    name="Gate",
    capabilities=Capabilities(post_only=True),
    ids=IdForm(max_length=28, prefix="t-"),
    cancel_by=CancelBy.CLIENT_ID_AS_ID,
    trades_page=1000,
    trades_window_days=30,
    # https://www.gate.com/docs/developers/apiv4/#list-all-open-orders
    open_pages=OpenPages(rows=100, by=PageBy.NUMBER, param="page"),
    keeps_markets=True,
    fee_currency=FeeCurrency.RECEIVED,
    order_params=frozenset({"clientOrderId", "timeInForce", "postOnly"}),
    market_buy=False,
    # A market buy's ``amount`` and ``left`` are quote currency:
    # https://www.gate.com/docs/developers/apiv4/#create-an-order
    quote_sizes=QuoteSizes(filled=("filled_amount",), cost=("filled_total",)),
    errors=(
        ErrorRule(text="BALANCE_NOT_ENOUGH", reason=RejectReason.INSUFFICIENT_FUNDS),
        ErrorRule(text="AMOUNT_TOO_LITTLE", reason=RejectReason.BELOW_MINIMUM),
        ErrorRule(text="too small", reason=RejectReason.BELOW_MINIMUM),
        ErrorRule(text="INVALID_PRECISION", reason=RejectReason.PRECISION),
        ErrorRule(text="PRICE_TOO_DEVIATED", reason=RejectReason.PRICE_OUT_OF_RANGE),
        ErrorRule(text="POC_FILL_IMMEDIATELY", reason=RejectReason.WOULD_TAKE),
        ErrorRule(text="INVALID_CURRENCY_PAIR", reason=RejectReason.UNKNOWN_SYMBOL),
        ErrorRule(text="TRADE_RESTRICTED", reason=RejectReason.MARKET_HALTED),
        ErrorRule(text="INVALID_KEY", reason=RejectReason.AUTHENTICATION),
        ErrorRule(text="INVALID_SIGNATURE", reason=RejectReason.AUTHENTICATION),
        ErrorRule(text="FORBIDDEN", reason=RejectReason.AUTHENTICATION),
        ErrorRule(text="READ_ONLY", reason=RejectReason.AUTHENTICATION),
        ErrorRule(text="REQUEST_EXPIRED", kind=FailureKind.RETRYABLE),
        ErrorRule(text="TOO_FAST", kind=FailureKind.RETRYABLE),
    ),
    ends=(
        # https://www.gate.com/docs/developers/apiv4/ (finish_as)
        EndRule(fields=("finish_as",), value="stp", reason=RejectReason.SELF_TRADE),
        EndRule(
            fields=("finish_as",), value="price_protect_cancelled", reason=RejectReason.PRICE_RANGE
        ),
        EndRule(fields=("finish_as",), value="depth_not_enough", reason=RejectReason.NO_LIQUIDITY),
        EndRule(fields=("finish_as",), value="trader_not_enough", reason=RejectReason.NO_LIQUIDITY),
    ),
    request_life_ms=Milliseconds(60_000),
    deadline=Deadline(
        name="x-gate-exptime",
        form=DeadlineForm.HEADER,
        window_ms=Milliseconds(5_000),
        exit_window_ms=Milliseconds(5_000),
        window_max_ms=Milliseconds(10_000),
        checked=CheckedAt.RECEIPT,
        bounds="opt-in, checked on receipt",
        source="https://www.gate.com/docs/developers/apiv4/",
    ),
    reads=Reads(
        ended_kept_ms=Milliseconds(3_600_000),
        unfilled_kept_ms=Milliseconds(3_600_000),
        source="https://www.gate.com/docs/developers/apiv4/ (an order by its text)",
    ),
    locking=SIMPLE,
    options=(("unifiedAccount", False),),
    sandbox=True,
    default_expiry_seconds=86_400,
    why_not_native="a stop there ends by itself after a day and carries no client order id",
)
