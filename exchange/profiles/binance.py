"""Binance spot: native stops, and OCO as an order list.

The order list's stop leg is canceled at the first fill of its limit leg. A stop keeps its order id
and its client order id when it triggers. Codes:
https://developers.binance.com/docs/binance-spot-api-docs/errors
"""

from exchange.profiles.order_ids import IdForm
from exchange.profiles.profile import EndRule, ErrorRule, NativeTrigger, Profile
from exchange.profiles.promises import CheckedAt, Deadline, DeadlineForm, ReadFrom, Reads
from messages.base import DAY_MS, Milliseconds
from messages.market import Capabilities, FeeCurrency, OcoRemainder
from messages.order_router import FailureKind
from messages.orders import OrderType, RejectReason

PROFILE = Profile(
    id="binance",
    name="Binance",
    capabilities=Capabilities(
        native_stop=True,
        native_stop_limit=True,
        oco=True,
        oco_remainder=OcoRemainder.CANCELED,
        post_only=True,
    ),
    ids=IdForm(max_length=34),  # 36 less the letter that tells an order list's legs apart
    trades_page=1000,
    trades_window_days=1,
    lists_whole_account=True,  # GET /api/v3/openOrders without a symbol, weight 80
    burst_ms=Milliseconds(2_000),  # the limit is on a minute: 6,000 weight, so this is 200 of it
    keeps_markets=True,
    fee_currency=FeeCurrency.RECEIVED,
    max_stops=5,
    trigger_source=NativeTrigger.LAST,
    order_params=frozenset({"clientOrderId", "timeInForce", "postOnly", "stopLossPrice"}),
    order_lists=True,
    tells_balances=True,  # outboundAccountPosition, balanceUpdate, externalLockUpdate
    errors=(
        ErrorRule(code="-1007", kind=FailureKind.UNKNOWN),
        ErrorRule(code="-1006", kind=FailureKind.UNKNOWN),
        ErrorRule(code="-1021", kind=FailureKind.RETRYABLE),
        ErrorRule(code="-1003", kind=FailureKind.RETRYABLE),
        ErrorRule(code="-1015", kind=FailureKind.RETRYABLE),
        ErrorRule(code="-2010", text="insufficient", reason=RejectReason.INSUFFICIENT_FUNDS),
        ErrorRule(code="-2010", text="duplicate order", reason=RejectReason.DUPLICATE_ID),
        ErrorRule(
            code="-2010", text="trigger immediately", reason=RejectReason.WOULD_TRIGGER_AT_ONCE
        ),
        ErrorRule(code="-2010", text="match and take", reason=RejectReason.WOULD_TAKE),
        ErrorRule(code="-2010", text="ALGO_ORDERS", reason=RejectReason.TOO_MANY_STOPS),
        ErrorRule(code="-2010", text="relationship", reason=RejectReason.PRICE_OUT_OF_RANGE),
        ErrorRule(code="-2010", text="market is closed", reason=RejectReason.MARKET_HALTED),
        ErrorRule(code="-2010", text="not supported", reason=RejectReason.NOT_SUPPORTED),
        ErrorRule(code="-1013", text="ALGO_ORDERS", reason=RejectReason.TOO_MANY_STOPS),
        ErrorRule(code="-1013", text="MARKET_LOT_SIZE", reason=RejectReason.ABOVE_MAXIMUM),
        ErrorRule(code="-1013", text="NOTIONAL", reason=RejectReason.BELOW_MINIMUM),
        ErrorRule(code="-1013", text="PERCENT_PRICE", reason=RejectReason.PRICE_OUT_OF_RANGE),
        ErrorRule(code="-1013", text="REFERENCE_PRICE", reason=RejectReason.PRICE_OUT_OF_RANGE),
        ErrorRule(code="-1013", text="market is closed", reason=RejectReason.MARKET_HALTED),
        ErrorRule(code="-1013", text="CANCEL_ONLY", reason=RejectReason.MARKET_HALTED),
        ErrorRule(code="-1013", reason=RejectReason.PRECISION),
        ErrorRule(code="-1111", reason=RejectReason.PRECISION),
        ErrorRule(code="-1121", reason=RejectReason.UNKNOWN_SYMBOL),
        ErrorRule(code="-1022", reason=RejectReason.AUTHENTICATION),
        ErrorRule(code="-2014", reason=RejectReason.AUTHENTICATION),
        ErrorRule(code="-2015", reason=RejectReason.AUTHENTICATION),
    ),
    ends=(
        # https://developers.binance.com/docs/binance-spot-api-docs/enums
        EndRule(fields=("status", "X"), value="EXPIRED_IN_MATCH", reason=RejectReason.SELF_TRADE),
        EndRule(
            fields=("expiryReason", "eR"),
            value="EXECUTION_RULE_PRICE_RANGE_EXCEEDED",
            reason=RejectReason.PRICE_RANGE,
        ),
        EndRule(
            fields=("expiryReason", "eR"),
            value="INSUFFICIENT_LIQUIDITY",
            reason=RejectReason.NO_LIQUIDITY,
        ),
    ),
    request_life_ms=Milliseconds(5_000),
    deadline=Deadline(
        name="recvWindow",
        form=DeadlineForm.WINDOW,
        window_ms=Milliseconds(5_000),
        exit_window_ms=Milliseconds(3_000),
        window_max_ms=Milliseconds(10_000),
        least_ms=Milliseconds(1),
        most_ms=Milliseconds(60_000),
        unasked_ms=Milliseconds(5_000),
        checked=CheckedAt.ENGINE,
        settle_ms=Milliseconds(2_200),
        bounds="three checks, the last one just before the matching engine",
        source="binance-spot-api-docs, rest-api.md (Timing security) and CHANGELOG 2025-08-12",
    ),
    reads=Reads(
        look_up=ReadFrom.CACHE,
        open_orders=ReadFrom.CACHE,
        fills=ReadFrom.CACHE,
        balance=ReadFrom.CACHE,
        lag_ms=Milliseconds(10_000),
        lag_source="users saw -2013 ten seconds after an order was taken: ccxt#6615, "
        "binance-trade-bot#297",
        unfilled_kept_ms=Milliseconds(90 * DAY_MS),
        source="binance-spot-api-docs, rest-api.md (Data Source), errors.md (-2026)",
    ),
    # Our choice: no document bounds it. The other parts of a look stand beside it.
    stream_lag_ms=Milliseconds(500),
    # By rest-api.md (Data Source) only placing and canceling are answered by the engine. -2011 also
    # says that a cancel restriction was not met: errors.md.
    unknown_order=ErrorRule(code="-2011", text="unknown order"),
    locking=tuple(OrderType),
    stop_locks_coins=True,
    stop_locks_source="https://dev.binance.vision/t/35604; a user's stop held its coins: "
    "freqtrade#2862",
    options=(("recvWindow", 5_000),),
    uid_field="uid",  # of GET /api/v3/account
    sandbox=True,
)
