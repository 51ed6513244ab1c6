"""The venue's books against the portfolio's, to the last digit: the venue is the judge."""

from exchange.server.control import VenuePicture
from messages.base import base_currency, quote_currency
from messages.money import ZERO, add_money
from messages.orders import OrderStatus, Side
from tests.system.wire.ids import ours_of
from tests.system.wire.session import WireSession


def check_ledger(session: WireSession, begin: VenuePicture) -> None:
    """Everything is sold, and both sides tell the same of every order, fee and balance."""
    end = session.server.read()
    assert all(facts.is_terminal for facts in end.orders), end.orders
    assert all(balance.locked == 0 for balance in end.balances), end.balances
    _check_orders(session, end)
    _check_balances(session, begin, end)


def _check_orders(session: WireSession, end: VenuePicture) -> None:
    """One order at the venue for each that was placed, and its fills are known."""
    told = {ours_of(facts.client_order_id): facts for facts in end.orders}
    assert len(told) == len(end.orders)
    assert not [name for name in told if "~" in name], "a client order id was used twice"
    assert set(told) <= set(session.orders)
    for order_id, order in session.orders.items():
        if order_id not in told:
            assert order.facts.filled == ZERO
            assert order.facts.status is OrderStatus.REJECTED, order
            continue
        facts = told[order_id]
        assert order.facts.status is facts.status
        assert (order.facts.filled, order.facts.cost) == (facts.filled, facts.cost)
        assert add_money((), order.facts.fees) == add_money((), facts.fees)
    for position in {order.request.position_id for order in session.orders.values()}:
        own = [one for one in session.orders.values() if one.request.position_id == position]
        bought, sold = (
            sum((o.facts.filled for o in own if o.request.side is side), ZERO) for side in Side
        )
        assert sold <= bought, f"{position} sold more than it bought"


def _check_balances(session: WireSession, begin: VenuePicture, end: VenuePicture) -> None:
    """What the account gained or lost is what the books say, in each currency."""
    for balance in end.balances:
        currency = balance.currency
        gained = balance.total - begin.total(currency)
        books = session.books.get(currency)
        booked = ZERO if books is None else books.at_venue - books.capital
        assert gained == booked, f"{currency}: {gained} at the venue, {booked} in the books"
        if books is not None:
            assert books.free + books.reserved + books.invested == books.total
            assert books.reserved == ZERO
    step = session.connection.listing(end.trades[0].symbol).rules.step_size
    base = base_currency(end.trades[0].symbol)
    for trade in session.trades.values():
        assert trade.dust < step
    assert end.total(base) - begin.total(base) == sum(
        (t.dust for t in session.trades.values()), ZERO
    )
    quote = quote_currency(end.trades[0].symbol)
    earned = sum((trade.pnl for trade in session.trades.values()), ZERO)
    assert end.total(quote) - begin.total(quote) == earned
