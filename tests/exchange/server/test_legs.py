"""What the streams tell of orders adds up to what the venue's books say."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.server.legs import LegReport, OcoNames, reports, rows
from exchange.server.venue import Happened, OrderRefusedError, Venue
from messages.base import Symbol, Timestamp
from messages.gateway import MarketMoved
from messages.market import Capabilities
from messages.money import ZERO
from messages.orders import OrderType, Side, StopStatus
from tests.exchange.venue import RULES, a_request, holding

NAMES = OcoNames("above", "below")
ABLE = Capabilities(native_stop=True, native_stop_limit=True, oco=True, post_only=True)
PLACED = {
    "limit": (OrderType.LIMIT, {"price": "101"}),
    "market": (OrderType.MARKET, {}),
    "stop": (OrderType.STOP, {"trigger_price": "99"}),
    "stop_limit": (OrderType.STOP_LIMIT, {"price": "98.5", "trigger_price": "99"}),
    "oco": (OrderType.OCO, {"price": "101", "trigger_price": "99"}),
}
MOVES = st.tuples(
    st.sampled_from([98.0, 99.0, 100.0, 101.0, 102.0]), st.sampled_from([None, 0.1, 0.5])
)


def a_venue(told: list[LegReport]) -> Venue:
    venue = Venue([RULES], holding(), capabilities=ABLE, clock=lambda: Timestamp(1_000))

    def hear(happened: Happened) -> None:
        for step in happened.orders:
            told.extend(reports(step, NAMES))

    venue.heard = hear
    return venue


def move(venue: Venue, price: float, quantity: float | None) -> None:
    venue.move(
        MarketMoved(
            symbol=Symbol("BTC/USDT"),
            at=Timestamp(1_000),
            bid=price,
            ask=price,
            last=price,
            quantity=quantity,
        )
    )


@settings(deadline=None, max_examples=150)
@given(
    kind=st.sampled_from(sorted(PLACED)),
    moves=st.lists(MOVES, max_size=8),
    is_canceled=st.booleans(),
)
def test_the_last_report_of_each_leg_is_how_it_stands(
    kind: str, moves: list[tuple[float, float | None]], *, is_canceled: bool
) -> None:
    told: list[LegReport] = []
    venue = a_venue(told)
    move(venue, 100.0, 0.5)
    order_type, words = PLACED[kind]
    try:
        venue.submit(a_request("a", Side.SELL, order_type, "1", **words))
    except OrderRefusedError:
        assert told == []
        return
    for price, quantity in moves:
        move(venue, price, quantity)
    if is_canceled:
        venue.cancel(venue.book.orders[a_request("a", Side.SELL, order_type, "1").client_order_id])
    (order,) = venue.orders(None, only_open=False)
    for row in rows(order, NAMES):
        own = [report for report in told if report.row.leg is row.leg]
        assert own[0].kind == "NEW"
        was_triggered = row.stop_price > 0 and order.facts.stop is StopStatus.TRIGGERED
        assert [report.kind for report in own].count("NEW") == 1 + was_triggered
        assert own[-1].row.status is row.status
        fills = [report.trade for report in own if report.trade is not None]
        assert sum((fill.quantity for fill in fills), ZERO) == own[-1].row.filled == row.filled
        assert sum((fill.quantity * fill.price for fill in fills), ZERO) == row.cost
    bought = sum((trade.quantity for trade in venue.trades(Symbol("BTC/USDT"))), Decimal(0))
    assert bought == order.facts.filled
