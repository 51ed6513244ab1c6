"""Coinbase Advanced: stop-limit orders only, told by ``stopLossPrice``, never ``triggerPrice``.

ccxt drops ``clientOrderId``: the exchange's own ``client_order_id`` carries ours. No request takes
it back: orders are scanned, and a cancel needs the exchange's id. Not checked: that a client id
sent twice brings the first order, and that a triggered stop keeps its id. Orders:
https://docs.cdp.coinbase.com/api-reference/advanced-trade-api/rest-api/orders/create-order
"""

from exchange.profiles.order_ids import IdForm
from exchange.profiles.profile import (
    CancelBy,
    ErrorRule,
    NativeTrigger,
    OpenPages,
    PageBy,
    Profile,
)
from exchange.profiles.quote_sizes import QuoteSizes, UnitSign
from exchange.profiles.request_terms import SIMPLE
from messages.base import Milliseconds
from messages.market import Capabilities, FeeCurrency
from messages.orders import RejectReason

PROFILE = Profile(
    id="coinbase",
    name="Coinbase",
    capabilities=Capabilities(native_stop_limit=True, post_only=True),
    ids=IdForm(max_length=36),
    id_param="client_order_id",
    lists=("fetch_orders",),
    look_up_param="",
    cancel_by=CancelBy.EXCHANGE_ID,
    trades_page=100,
    # https://docs.cdp.coinbase.com/api-reference/advanced-trade-api/rest-api/orders/list-orders
    open_pages=OpenPages(rows=100, by=PageBy.CURSOR, param="cursor", cursor_field="cursor"),
    keeps_markets=True,
    fee_currency=FeeCurrency.QUOTE,
    max_stops=50,
    trigger_source=NativeTrigger.LAST,
    order_params=frozenset({"client_order_id", "timeInForce", "postOnly", "stopLossPrice"}),
    market_buy=False,
    # ccxt gives what filled so far for what was asked for.
    wrong_in_events=("amount",),
    quote_sizes=QuoteSizes(
        signs=(
            UnitSign(field="size_in_quote", value="False", is_base=True),
            UnitSign(field="size_in_quote", value="True"),
        ),
        filled=("filled_size", "cumulative_quantity"),
        cost=("filled_value",),
    ),
    # The wallets of v2 are cut off after 250, and name nothing that is on hold.
    options=(("fetchBalance", "v3PrivateGetBrokerageAccounts"),),
    errors=(
        ErrorRule(text="INSUFFICIENT_FUND", reason=RejectReason.INSUFFICIENT_FUNDS),
        ErrorRule(text="SIZE_TOO_SMALL", reason=RejectReason.BELOW_MINIMUM),
        ErrorRule(text="INVALID_PRICE_PRECISION", reason=RejectReason.PRECISION),
        ErrorRule(text="INVALID_SIZE_PRECISION", reason=RejectReason.PRECISION),
        ErrorRule(text="LIMIT_PRICE_POST_ONLY", reason=RejectReason.WOULD_TAKE),
        ErrorRule(text="STOP_PRICE_ABOVE_LAST", reason=RejectReason.WOULD_TRIGGER_AT_ONCE),
        ErrorRule(text="INVALID_LIMIT_PRICE", reason=RejectReason.PRICE_OUT_OF_RANGE),
        ErrorRule(text="INVALID_PRODUCT_ID", reason=RejectReason.UNKNOWN_SYMBOL),
        ErrorRule(text="TRADING_DISABLED", reason=RejectReason.MARKET_HALTED),
        ErrorRule(text="ORDER_ENTRY_DISABLED", reason=RejectReason.MARKET_HALTED),
        ErrorRule(text="Unauthorized", reason=RejectReason.AUTHENTICATION),
    ),
    request_life_ms=Milliseconds(120_000),
    no_deadline="no parameter was found in its documents; the token of a request lives 120 s",
    locking=SIMPLE,
)
