"""Kraken spot: native stops, told by ``stopLossPrice``; ``triggerPrice`` would send a market order.

The flag ``fciq`` takes the fee in quote currency on both sides, so what is bought is what is held.
A client order id is at most 18 characters or 32 hex digits, and unique among open orders only:
https://docs.kraken.com/api/docs/guides/spot-clordid. An order can't be fetched by it, only listed.
That a triggered stop keeps it is not checked. Errors:
https://docs.kraken.com/api/docs/guides/spot-errors
"""

from exchange.profiles.order_ids import IdForm, Packing
from exchange.profiles.profile import ErrorRule, NativeTrigger, Profile
from exchange.profiles.promises import CheckedAt, Deadline, DeadlineForm, ReadFrom, Reads
from exchange.profiles.quote_sizes import QuoteSizes, UnitSign
from exchange.profiles.request_terms import SIMPLE
from messages.base import Milliseconds
from messages.market import Capabilities, FeeCurrency
from messages.order_router import FailureKind
from messages.orders import RejectReason

PROFILE = Profile(
    id="kraken",
    name="Kraken",
    capabilities=Capabilities(native_stop=True, native_stop_limit=True, post_only=True),
    ids=IdForm(max_length=18, packing=Packing.UUID_IF_LONG),
    lists=("fetch_open_orders", "fetch_closed_orders"),
    lists_whole_account=True,  # whether a symbol is named or not: ccxt leaves the others out
    trades_of_all=True,
    fee_currency=FeeCurrency.QUOTE,
    max_stops=60,
    trigger_source=NativeTrigger.LAST,
    order_params=frozenset({"clientOrderId", "timeInForce", "postOnly", "stopLossPrice", "oflags"}),
    fixed_params=(("oflags", "fciq"),),
    # ``amount`` is what filled where an event leaves out what was asked for.
    wrong_in_events=("amount",),
    event_fields=(("amount", "order_qty"), ("filled", "cum_qty")),
    # https://docs.kraken.com/api/docs/rest-api/add-order (oflags: viqc)
    quote_sizes=QuoteSizes(
        signs=(UnitSign(field="oflags", value="viqc"), UnitSign(field="cash_order_qty")),
        all_buys=False,
        filled=("vol_exec", "cum_qty"),
        cost=("cost", "cum_cost"),
    ),
    errors=(
        ErrorRule(text="EOrder:Insufficient funds", reason=RejectReason.INSUFFICIENT_FUNDS),
        ErrorRule(text="EOrder:Order minimum not met", reason=RejectReason.BELOW_MINIMUM),
        ErrorRule(text="EOrder:Cost minimum not met", reason=RejectReason.BELOW_MINIMUM),
        ErrorRule(text="volume minimum not met", reason=RejectReason.BELOW_MINIMUM),
        ErrorRule(text="EOrder:Tick size check failed", reason=RejectReason.PRECISION),
        ErrorRule(text="EOrder:Invalid price", reason=RejectReason.PRICE_OUT_OF_RANGE),
        ErrorRule(text="EOrder:Post only order", reason=RejectReason.WOULD_TAKE),
        ErrorRule(text="Duplicate client order", reason=RejectReason.DUPLICATE_ID),
        ErrorRule(text="EOrder:Orders limit exceeded", reason=RejectReason.TOO_MANY_STOPS),
        ErrorRule(text="EQuery:Unknown asset pair", reason=RejectReason.UNKNOWN_SYMBOL),
        ErrorRule(text="EService:Market in", reason=RejectReason.MARKET_HALTED),
        ErrorRule(text="EAPI:Invalid key", reason=RejectReason.AUTHENTICATION),
        ErrorRule(text="EAPI:Invalid signature", reason=RejectReason.AUTHENTICATION),
        ErrorRule(text="EGeneral:Permission denied", reason=RejectReason.AUTHENTICATION),
        ErrorRule(text="EAPI:Invalid nonce", kind=FailureKind.RETRYABLE),
        ErrorRule(text="EService:Deadline elapsed", kind=FailureKind.RETRYABLE, is_late=True),
        ErrorRule(text="EAPI:Rate limit exceeded", kind=FailureKind.RETRYABLE),
        ErrorRule(text="EOrder:Rate limit exceeded", kind=FailureKind.RETRYABLE),
    ),
    request_life_ms=None,
    deadline=Deadline(
        name="deadline",
        form=DeadlineForm.FIELD,
        window_ms=Milliseconds(5_000),
        exit_window_ms=Milliseconds(5_000),
        window_max_ms=Milliseconds(10_000),
        least_ms=Milliseconds(2_000),
        most_ms=Milliseconds(60_000),
        checked=CheckedAt.ENGINE,
        settle_ms=Milliseconds(2_200),  # the moment is rounded up by up to a second
        bounds="the engine refuses the order after it",
        source="https://docs.kraken.com/api/docs/rest-api/add-order",
    ),
    reads=Reads(
        balance=ReadFrom.CACHE,
        source="users saw the balance late: hummingbot#7068",
    ),
    locking=SIMPLE,
)
