"""``orders``, ``book`` and ``ledger``: what works at the venue, who holds what, the accounts."""

from rich.text import Text

from actors.order_router.order import RoutedOrder
from actors.portfolio.accounts import Account, Booking, SymbolRow, Totals
from actors.position.coverage import is_covered
from actors.position.position import Life
from actors.position.price_levels import stop, target
from inspection.arguments import Typed, id_of, is_position, nearest
from inspection.command import Command, Context
from inspection.position import ids
from inspection.view import (
    ALARM,
    DIM,
    Cell,
    View,
    builtins,
    fields,
    number,
    right,
    stack,
    table,
    title,
)
from messages.addresses import ORDER_ROUTER, PORTFOLIO
from messages.base import Timestamp
from messages.orders import OrderType
from terminal.words import count, duration

_SHOWN = 200
_AMOUNTS = ("free", "reserved", "invested", "total", "realised")
_WHICH = ("open", "all")


def orders(context: Context, words: list[str]) -> View:
    """Show the router's orders: those that are not over, or all."""
    typed = Typed(ORDERS.usage, words, ("--limit",))
    limit = typed.number("--limit", _SHOWN)
    which = typed.word_or("open")
    typed.end()
    kept = context.source.entities(actors=(ORDER_ROUTER,), kinds=("RoutedOrder",))
    known = list(kept.every(RoutedOrder))
    if which not in _WHICH and not is_position(which):
        raise typed.wrong(f"orders {which} is not known{nearest(which, _WHICH)}")
    if which == "open":
        found = [one for one in known if not one.facts.is_terminal]
    elif which == "all":
        found = known
    else:
        found = [one for one in known if one.request.position_id == id_of(which)]
    shown = found[-limit:]
    columns = ("order", "symbol", "purpose", "side", "type", right("quantity"), right("price"),
               right("filled"), "status", "under way")  # fmt: skip
    rows = [_order_row(one, kept.at) for one in shown]
    head = f"{count(len(found), 'order')} of {len(known):,} that the router remembers"
    view = stack(Text(head, style=DIM), table(columns, rows, "none"))
    return View(view, [builtins(one) for one in shown])


def book(context: Context, words: list[str]) -> View:
    """Show the living positions: what each holds, and what covers it."""
    typed = Typed(BOOK.usage, words, ("--limit",))
    limit = typed.number("--limit", _SHOWN)
    typed.end()
    kept = context.source.entities(actors=("position/*",), kinds=("Charter", "Position"))
    lives = list(kept.lives())
    shown = lives[-limit:]
    columns = ("position", "symbol", "state", "covered", right("held"), right("stop"),
               right("target"), "age", right("cost"))  # fmt: skip
    rows = [_life_row(life, kept.at) for life in shown]
    head = count(len(lives), "position") + (f", the last {limit}" if len(lives) > limit else "")
    view = stack(Text(head, style=DIM), table(columns, rows, "no position lives"))
    data = [
        {"charter": builtins(life.charter), "position": builtins(life.position)} for life in shown
    ]
    return View(view, data)


def ledger(context: Context, words: list[str]) -> View:
    """Show the portfolio's accounts, and what is committed on each symbol."""
    Typed(LEDGER.usage, words).end()
    kinds = ("Account", "SymbolRow", "Totals", "Booking")
    kept = context.source.entities(actors=(PORTFOLIO,), kinds=kinds)
    accounts = sorted(kept.every(Account), key=lambda account: account.currency)
    symbols = [row for row in kept.every(SymbolRow) if row.open_positions]
    unmatched = [one for one in kept.every(Booking) if not one.is_position and one.held]
    totals = next(kept.every(Totals), Totals())
    capital = [
        (a.currency, *map(number, (a.free, a.reserved, a.invested, a.total, a.realised)))
        for a in accounts
        if any((a.free, a.reserved, a.invested, a.total, a.realised))
    ]
    coins = [(a.currency, number(a.held), number(a.dust)) for a in accounts if a.held or a.dust]
    symbol_rows = [(s.symbol, str(s.open_positions), number(s.committed)) for s in symbols]
    trades = f"{count(totals.trades, 'trade')}, {count(totals.wins, 'win')}"
    parts = [
        Text(f"{count(totals.open_positions, 'open position')}; {trades}", style=DIM),
        table(("currency", *map(right, _AMOUNTS)), capital, "no capital is allotted"),
        Text("free + reserved + invested = total, in each currency", style=DIM),
        title("coins"),
        table(("currency", right("held"), right("dust")), coins, "none"),
        title("by symbol"),
        table(("symbol", right("positions"), right("committed")), symbol_rows, "nothing"),
    ]
    if unmatched:
        rows_left = [(b.key, b.symbol, Text(number(b.held), style=ALARM)) for b in unmatched]
        parts += [title("fills that no position expects"),
                  table(("order", "symbol", right("held")), rows_left, "")]  # fmt: skip
    data = {
        "accounts": [{**fields(a), "total": str(a.total)} for a in accounts],
        "symbols": [builtins(s) for s in symbols],
        "unmatched": [builtins(b) for b in unmatched],
        "totals": builtins(totals),
    }
    return View(stack(*parts), data)


def _order_row(one: RoutedOrder, now: Timestamp) -> tuple[Cell, ...]:
    request, facts, errand = one.request, one.facts, one.errand
    prices = [number(p) for p in (request.price, request.trigger_price) if p is not None]
    between = " or stop " if request.type is OrderType.OCO else " / "
    under_way = ""
    if errand is not None:
        sent = "sent" if errand.is_sent else f"in {duration(errand.at - now)}"
        under_way = f"{errand.request.value} {sent}"
    status: Cell = facts.status.value
    if facts.status.value == "unknown":
        status = Text("unknown", style=ALARM)
    return (
        request.client_order_id,
        request.symbol,
        request.purpose.value,
        request.side.value,
        request.type.value,
        number(request.quantity),
        between.join(prices) or "market",
        number(facts.filled),
        status,
        under_way,
    )


def _life_row(life: Life, now: Timestamp) -> tuple[Cell, ...]:
    stop_now = stop(life)
    covered: Cell = "yes" if is_covered(life) else Text("NO", style=ALARM if life.held else DIM)
    return (
        life.position.position_id,
        life.charter.symbol,
        life.position.state.value,
        covered,
        number(life.held),
        number(None if stop_now is None else stop_now[0]),
        number(target(life, now)),
        duration(now - life.position.began_at),
        number(life.position.booked.bought_cost),
    )


ORDERS = Command(
    name="orders",
    usage="orders [open|all|POSITION] [--limit N]",
    help="The router's orders: those that are not over, all that it remembers, or a position's.",
    examples=("orders", "orders all", "orders p3"),
    run=orders,
    complete=lambda context, words: () if words else (*_WHICH, *ids(context.source)),
)
BOOK = Command(
    name="book",
    usage="book [--limit N]",
    help="The living positions: what each holds, its stop and target, and whether it is covered.",
    examples=("book",),
    run=book,
)
LEDGER = Command(
    name="ledger",
    usage="ledger",
    help="The portfolio's accounts: free, reserved, invested, exact; committed by symbol.",
    examples=("ledger", "ledger --json"),
    run=ledger,
)
COMMANDS = (ORDERS, BOOK, LEDGER)
