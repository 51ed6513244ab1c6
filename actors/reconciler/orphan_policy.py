"""Orders of ours that the venue lists and that nobody here has: believed after two equal looks.

Owns how often a stray must be seen before anything is done for it, and what of its fills nobody
can have booked. What is done for it is the positions actor's.
"""

from msgspec.structs import replace

from actors.reconciler import epochs
from actors.reconciler.state import Looks, Stray
from config.settings import Settings
from messages.addresses import POSITIONS
from messages.base import CLOCKS_DIFFER_MS, Milliseconds, Timestamp
from messages.envelope import NOTHING, Removed, Send, Step
from messages.money import ZERO
from messages.positions import StrayFound
from messages.reconciler import ListedOrder, OrdersUnknown, StraySettled, Trade

REMEMBERED_MS = Milliseconds(5 * 3_600_000)
"""After it was listed last: less than the portfolio remembers a row that is closed, so that a
later fill is never told together with one that was booked and forgotten."""


def unknown(looks: Looks, settings: Settings, message: OrdersUnknown, now: Timestamp) -> Step:
    """Take in strays; tell of those that were seen so before."""
    rows = [
        row
        for listed in message.orders
        if (row := _seen(looks, settings, message, listed, now)) is not None
    ]
    told = [row for row in rows if _is_believed(row, settings)]
    again = Timestamp(now + settings.reconciler.again_ms)
    is_doubted = any(row not in told and not row.is_settled for row in rows)
    is_late = is_doubted and not looks.next.is_by(again)
    soon = (replace(looks.next, at=again, is_regular=False),) if is_late else ()
    return Step((*rows, *soon), tuple(_found(row) for row in told))


def look_again(looks: Looks, settings: Settings, now: Timestamp) -> Step:
    """Tell again of what nobody has settled; forget what was not listed for long."""
    old = [row for row in looks.strays.values() if now - row.seen_at > REMEMBERED_MS]
    waiting = [row for row in looks.strays.values() if _is_believed(row, settings)]
    return Step(
        tuple(Removed(kind=Stray.__name__, key=row.client_order_id) for row in old),
        tuple(_found(row) for row in waiting if row not in old),
    )


def settled(looks: Looks, message: StraySettled, now: Timestamp) -> Step:
    """Take note that a stray needs no more, until the venue lists more of it."""
    row = looks.strays.get(message.client_order_id)
    if row is None or row.is_settled:
        return NOTHING
    done = replace(row, is_told=True, is_settled=True)
    if not message.is_lacking or looks.identity is None:
        return Step((done,))
    behind = epochs.seen(looks, looks.identity, row.symbol, (_listed(row),), now)
    return Step((done, *behind.changes), behind.outbox)


def _seen(
    looks: Looks, settings: Settings, message: OrdersUnknown, listed: ListedOrder, now: Timestamp
) -> Stray | None:
    """Return the stray's row after it was listed; None: all that was listed may be booked."""
    trades = _unbooked(listed, settings, now)
    known = looks.strays.get(listed.client_order_id)
    if known is None:
        if not listed.is_working and not trades:
            return None
        return Stray(
            client_order_id=listed.client_order_id,
            symbol=message.symbol,
            exchange_order_id=listed.exchange_order_id,
            is_working=listed.is_working,
            filled=listed.filled if listed.is_working else ZERO,
            trades=trades,
            placed_at=listed.placed_at,
            since=now,
            seen_at=now,
        )
    return _seen_again(known, listed, trades, now)


def _seen_again(
    known: Stray, listed: ListedOrder, trades: tuple[Trade, ...], now: Timestamp
) -> Stray:
    all_trades = {trade.trade_id: trade for trade in (*known.trades, *trades)}
    after = replace(
        known,
        exchange_order_id=known.exchange_order_id or listed.exchange_order_id,
        placed_at=known.placed_at or listed.placed_at,
        is_working=listed.is_working or known.is_working,
        filled=max(known.filled, listed.filled) if listed.is_working else known.filled,
        trades=tuple(all_trades.values()),
    )
    if after != known:  # it moved between the looks
        return replace(after, since=now, seen_at=now, is_settled=False)
    # What works is to be canceled, however often it takes.
    return replace(after, seen_at=now, is_settled=known.is_settled and not listed.is_working)


def _unbooked(listed: ListedOrder, settings: Settings, now: Timestamp) -> tuple[Trade, ...]:
    """Return the fills that nobody can have booked.

    The router remembers an order for its TTL after the last fill that it heard of: where it has no
    such order, it never heard of a fill that is younger.
    """
    heard_until = now - settings.router.terminal_ttl_ms + CLOCKS_DIFFER_MS
    return tuple(trade for trade in listed.trades if trade.at > heard_until)


def _is_believed(row: Stray, settings: Settings) -> bool:
    return not row.is_settled and row.seen_at - row.since >= settings.reconciler.again_ms


def _found(row: Stray) -> Send:
    found = StrayFound(symbol=row.symbol, order=_listed(row), is_told=row.is_told)
    return Send(POSITIONS, found)


def _listed(row: Stray) -> ListedOrder:
    return ListedOrder(
        client_order_id=row.client_order_id,
        exchange_order_id=row.exchange_order_id,
        is_working=row.is_working,
        filled=sum((trade.quantity for trade in row.trades), ZERO),
        trades=row.trades,
        placed_at=row.placed_at,
    )
