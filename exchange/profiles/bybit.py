"""Bybit spot on a unified account: plain orders, found and canceled by ``orderLinkId``.

Its conditional orders are not used: what they become when triggered was not seen, a ``StopOrder``
of the spot market locks no coins before it triggers (a ``tpslOrder`` does), and
``trailingPercent`` would send a plain market order. Codes: https://bybit-exchange.github.io/docs/v5/error
"""

from exchange.profiles.order_ids import IdForm
from exchange.profiles.profile import EndRule, ErrorRule, OpenPages, PageBy, Profile
from exchange.profiles.promises import CheckedAt, Deadline, DeadlineForm, ReadFrom, Reads
from exchange.profiles.quote_sizes import QuoteSizes, UnitSign
from exchange.profiles.request_terms import SIMPLE
from messages.base import DAY_MS, Milliseconds
from messages.market import Capabilities, FeeCurrency
from messages.order_router import FailureKind
from messages.orders import RejectReason

PROFILE = Profile(
    id="bybit",
    name="Bybit",
    capabilities=Capabilities(post_only=True),
    ids=IdForm(max_length=32),
    lists=("fetch_open_orders", "fetch_canceled_and_closed_orders"),
    look_up_param="orderLinkId",
    cancel_param="orderLinkId",
    trades_page=100,
    trades_window_days=7,
    # https://bybit-exchange.github.io/docs/v5/order/open-order
    open_pages=OpenPages(rows=50, by=PageBy.CURSOR, param="cursor", cursor_field="nextPageCursor"),
    keeps_markets=True,
    fee_currency=FeeCurrency.RECEIVED,
    order_params=frozenset({"clientOrderId", "timeInForce", "postOnly"}),
    # https://bybit-exchange.github.io/docs/v5/order/create-order (marketUnit)
    quote_sizes=QuoteSizes(
        signs=(
            UnitSign(field="marketUnit", value="baseCoin", is_base=True),
            UnitSign(field="marketUnit", value="quoteCoin"),
        ),
        filled=("cumExecQty",),
        cost=("cumExecValue",),
    ),
    errors=(
        ErrorRule(code="170131", reason=RejectReason.INSUFFICIENT_FUNDS),
        ErrorRule(code="170033", reason=RejectReason.INSUFFICIENT_FUNDS),
        ErrorRule(code="170136", reason=RejectReason.BELOW_MINIMUM),
        ErrorRule(code="170140", reason=RejectReason.BELOW_MINIMUM),
        ErrorRule(code="170134", reason=RejectReason.PRECISION),
        ErrorRule(code="170137", reason=RejectReason.PRECISION),
        ErrorRule(code="170148", reason=RejectReason.PRECISION),
        ErrorRule(code="170132", reason=RejectReason.PRICE_OUT_OF_RANGE),
        ErrorRule(code="170133", reason=RejectReason.PRICE_OUT_OF_RANGE),
        ErrorRule(code="170192", reason=RejectReason.PRICE_OUT_OF_RANGE),
        ErrorRule(code="170193", reason=RejectReason.PRICE_OUT_OF_RANGE),
        ErrorRule(code="170194", reason=RejectReason.PRICE_OUT_OF_RANGE),
        ErrorRule(code="170218", reason=RejectReason.WOULD_TAKE),
        ErrorRule(code="170141", reason=RejectReason.DUPLICATE_ID),
        ErrorRule(code="170121", reason=RejectReason.UNKNOWN_SYMBOL),
        ErrorRule(code="170151", reason=RejectReason.MARKET_HALTED),
        ErrorRule(code="170217", reason=RejectReason.NOT_SUPPORTED),
        # "Order creation timeout": a refusal to ccxt, and nobody knows whether it was placed.
        ErrorRule(code="170146", kind=FailureKind.UNKNOWN),
        ErrorRule(code="10003", reason=RejectReason.AUTHENTICATION),
        ErrorRule(code="10004", reason=RejectReason.AUTHENTICATION),
        ErrorRule(code="10005", reason=RejectReason.AUTHENTICATION),
        ErrorRule(code="10010", reason=RejectReason.AUTHENTICATION),
        ErrorRule(code="10002", kind=FailureKind.RETRYABLE),
        ErrorRule(code="10006", kind=FailureKind.RETRYABLE),
    ),
    ends=(
        # https://bybit-exchange.github.io/docs/v5/enum#canceltype
        EndRule(fields=("cancelType",), value="CancelBySmp", reason=RejectReason.SELF_TRADE),
        EndRule(fields=("cancelType",), value="CancelByDCP", reason=RejectReason.DEAD_MANS_SWITCH),
    ),
    request_life_ms=Milliseconds(5_000),
    deadline=Deadline(
        name="X-BAPI-RECV-WINDOW",
        form=DeadlineForm.WINDOW,
        window_ms=Milliseconds(5_000),
        exit_window_ms=Milliseconds(5_000),
        window_max_ms=Milliseconds(10_000),
        unasked_ms=Milliseconds(5_000),
        checked=CheckedAt.RECEIPT,
        bounds="checked on receipt; an order is created later, asynchronously",
        source="https://bybit-exchange.github.io/docs/v5/guide",
    ),
    reads=Reads(
        look_up=ReadFrom.CACHE,
        open_orders=ReadFrom.CACHE,
        unfilled_kept_ms=Milliseconds(DAY_MS),
        source="https://bybit-exchange.github.io/docs/v5/order/open-order",
    ),
    locking=SIMPLE,
    locking_source="https://bybit-exchange.github.io/docs/v5/account/wallet-balance (locked)",
    may_borrow=True,
    options=(("recvWindow", 5_000), ("enableUnifiedMargin", False), ("enableUnifiedAccount", True)),
    sandbox=True,
    stop_locks_coins=False,
    stop_locks_source="https://bybit-exchange.github.io/docs/v5/order/create-order, July 2026",
    why_not_native="what a triggered conditional order becomes was not seen",
)
