"""What must hold of a theatre, whatever was played: at each moment, and when all is over."""

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from actors.gateway.paper import PaperGateway
from actors.market_data.actor import MarketDataActor
from actors.order_router.actor import OrderRouter
from actors.portfolio.actor import PortfolioActor
from actors.position.states import State
from messages.addresses import GATEWAY, MARKET_DATA, ORDER_ROUTER, PORTFOLIO
from messages.base import PositionId, Symbol
from messages.money import ZERO
from messages.orders import Side
from verification.poison.market import BTC, ETH, USDT, Venue

if TYPE_CHECKING:
    from verification.poison.harness import Theatre


def wrongs_at(venue: Venue) -> list[str]:
    """Return what must never be: more sold on a symbol than bought; two exits of one position."""
    held: dict[Symbol, Decimal] = {}
    exits: Counter[PositionId] = Counter()
    for order in venue.book.orders.values():
        symbol, is_buy = order.request.symbol, order.request.side is Side.BUY
        filled = order.facts.filled if is_buy else -order.facts.filled
        held[symbol] = held.get(symbol, ZERO) + filled
        exits[order.request.position_id] += not is_buy and not order.facts.is_terminal
    oversold = [f"oversold: {held}"] if min(held.values(), default=ZERO) < ZERO else []
    return oversold + [f"exits of {who} that work: {n}" for who, n in exits.items() if n > 1]


def check_over(theatre: "Theatre") -> None:
    """Everybody closed, booked and gone; the books are the venue's."""
    assert theatre.wrongs == []
    assert theatre.working() == []
    assert theatre.roster == ()
    assert [a for a in theatre.system.mailboxes if a.startswith("position/")] == []
    for position in theatre.system.positions.values():
        assert position.state is State.CLOSED
        assert position.is_released
    ids = [request.client_order_id for request in theatre.venue.placed]
    assert len(ids) == len(set(ids)), f"placed twice: {ids}"
    _check_books(theatre)
    _check_nothing_is_left(theatre)


def _check_books(theatre: "Theatre") -> None:
    books = theatre.actor(PORTFOLIO, PortfolioActor).books
    unmatched = [b for b in books.bookings.values() if not b.is_position]
    assert all(b.closed for b in books.bookings.values() if b.is_position)
    at_venue = {balance.currency: balance for balance in theatre.venue.ledger().balances}
    for currency in (BTC, ETH, USDT):
        account, total = books.account(currency), ZERO
        assert account.free + account.reserved + account.invested == account.total
        assert account.reserved == ZERO
        assert account.invested == sum((b.invested for b in unmatched), ZERO) * (currency == USDT)
        if currency in at_venue:
            total = at_venue[currency].total
            assert at_venue[currency].locked == ZERO
        assert account.at_venue == total, f"{currency}: {account.at_venue} != {total}"


def _check_nothing_is_left(theatre: "Theatre") -> None:
    market_data = cast("Any", theatre.actor(MARKET_DATA, MarketDataActor))._core
    for market in market_data._markets.values():
        assert not market.holders
        assert len(market.triggers) == 0
    orders = theatre.actor(ORDER_ROUTER, OrderRouter).orders.by_id.values()
    assert all(o.facts.is_terminal and o.booked is not None for o in orders)
    assert theatre.actor(GATEWAY, PaperGateway).port is theatre.venue
