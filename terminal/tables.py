"""What is not a position: capital, watched markets, mailboxes, and what was counted."""

from decimal import Decimal
from math import inf

from rich.segment import Segment
from rich.style import Style

from messages.base import Timestamp, quote_currency
from messages.money import ZERO, currency_digits
from messages.session import ActorRow, CapitalRow, SessionPicture, TradeRow, WatchRow
from terminal.table import (
    ALARM,
    BAD,
    BOLD,
    DIM,
    GOOD,
    WARNING,
    Cell,
    Column,
    Line,
    cut,
    lay_out,
    note,
)
from terminal.words import count, duration, percent, price, time_of_day


def capital_lines(picture: SessionPicture, width: int, rows: int) -> list[Line]:
    """Return what each currency is worth: the account since it began, and this session's part."""
    columns = [
        Column("capital", 7, 8),
        Column("allotted", 10, 16, right=True, rank=3),
        Column("equity", 10, 16, right=True),
        Column("account", 9, 14, right=True),
        Column("", 8, 10, right=True, rank=1),
        Column("session", 9, 14, right=True),
        Column("today", 9, 14, right=True),
        Column("realised", 9, 14, right=True, rank=2),
        Column("open PnL", 9, 14, right=True, rank=2),
    ]
    shown, more = cut(picture.capital, rows)
    return lay_out(columns, [_capital_cells(row) for row in shown], width, 2) + more


def _capital_cells(row: CapitalRow) -> list[Cell]:
    change = row.equity - row.capital
    decimals = currency_digits(row.currency)
    style, session_style = _style_of(change), _style_of(row.session_change)
    ratio = float(change) / float(row.capital) if row.capital else None
    return [
        Segment(row.currency, BOLD),
        Segment(f"{float(row.capital):,.{decimals}f}"),
        Segment(f"{float(row.equity):,.{decimals}f}", BOLD),
        Segment(f"{float(change):+,.{decimals}f}", style),
        Segment(percent(ratio, signed=True), style),
        Segment(f"{float(row.session_change):+,.{decimals}f}", session_style),
        Segment(f"{float(row.today):+,.{decimals}f}", _style_of(row.today)),
        Segment(f"{float(row.realised):+,.{decimals}f}"),
        Segment(f"{float(row.unrealised):+,.{decimals}f}"),
    ]


def _style_of(change: Decimal) -> Style | None:
    return None if not change else GOOD if change > ZERO else BAD


def watch_lines(picture: SessionPicture, width: int, rows: int) -> list[Line]:
    """Return the watched markets: the reference, then the one that fell most."""
    reference, others = picture.watchlist[:1], picture.watchlist[1:]
    ordered = (*reference, *sorted(others, key=_fall, reverse=True))
    columns = [
        Column("watchlist", 9, 12),
        Column("last", 8, 14, right=True),
        Column("anchor", 8, 14, right=True, rank=1),
        Column("drop", 7, 9, right=True),
        Column("spread", 6, 8, right=True, rank=3),
        Column("age", 4, 5, right=True, rank=2),
        Column("", 5, 5),
    ]
    gone = sum(row.is_gone for row in ordered)
    shown, more = cut([row for row in ordered if not row.is_gone], rows - bool(gone))
    if gone:
        more = [*more, note(f"{count(gone, 'market')} without quotes")]
    cells = [_watch_cells(row, picture.at, is_reference=row in reference) for row in shown]
    lines = lay_out(columns, cells, width, 1)
    return lines + (more if ordered else [note("no quote yet")])


def _watch_cells(row: WatchRow, now: Timestamp, *, is_reference: bool) -> list[Cell]:
    return [
        Segment(row.symbol, BOLD),
        Segment(price(row.last)),
        Segment(price(row.anchor)),
        Segment(percent(row.drop_ratio)),
        Segment(percent(row.spread_ratio)),
        Segment(duration(now - row.at)),
        Segment("STALE", ALARM) if row.is_stale else Segment("ref" * is_reference, DIM),
    ]


def _fall(row: WatchRow) -> float:
    return -inf if row.drop_ratio is None else row.drop_ratio


def closed_lines(picture: SessionPicture, width: int, rows: int) -> list[Line]:
    """Return the positions that this session closed, the newest first."""
    columns = [
        Column("closed", 8, 8),
        Column("", 14, 18),
        Column("by", 11, 14, rank=1),
        Column("PnL", 6, 12, right=True),
        Column("return", 8, 9, right=True, rank=2),
    ]
    closed, room = picture.closed[::-1], rows
    if len(closed) > rows or picture.trades > len(closed):
        room = max(0, rows - 1)
    shown = closed[:room]
    hidden = picture.trades - len(shown)
    more = [note(f"… and {hidden:,} more")] if hidden > 0 else []
    lines = lay_out(columns, [_closed_cells(row) for row in shown], width, 1)
    return lines + (more if closed else [note("none yet")])


def _closed_cells(row: TradeRow) -> list[Cell]:
    style = GOOD if row.pnl > ZERO else BAD
    decimals = currency_digits(quote_currency(row.symbol))
    return [
        Segment(time_of_day(row.closed_at)),
        Segment(f"{row.position_id} {row.symbol}", BOLD),
        Segment(row.cause.replace("_", " ")),
        Segment(f"{float(row.pnl):+,.{decimals}f}", style),
        Segment(percent(row.return_ratio, signed=True), style),
    ]


def mailbox_lines(picture: SessionPicture, width: int, rows: int) -> list[Line]:
    """Return how much waits in each mailbox, and who was restarted."""
    columns = [
        Column("mailbox", 12, 18),
        Column("depth", 5, 9, right=True),
        Column("done", 9, 12, right=True, rank=2),
        Column("skipped", 7, 9, right=True, rank=1),
        Column("restarts", 8, 9, right=True),
    ]
    shown, more = cut(picture.actors, rows, lambda row: row.restarts + row.skipped + row.depth)
    return lay_out(columns, [_mailbox_cells(row) for row in shown], width, 1) + more


def _mailbox_cells(row: ActorRow) -> list[Cell]:
    return [
        Segment(row.address),
        Segment(f"{row.depth:,}", BOLD if row.depth else DIM),
        Segment(f"{row.processed:,}"),
        Segment(f"{row.skipped:,}", WARNING if row.skipped else DIM),
        Segment(f"{row.restarts:,}", WARNING if row.restarts else DIM),
    ]


def count_lines(picture: SessionPicture, width: int, rows: int) -> list[Line]:
    """Return alarms (open, over), errors and refusals by kind, each the most frequent first."""
    columns = [Column("counted", 24, 34), Column("times", 6, 9, right=True)]
    counted: list[list[Cell]] = []
    over = {kind: n for kind, n in picture.alarms.items() if kind not in picture.open_alarms}
    for label, times, style in (
        ("ALARM", {k: n for k, n in picture.alarms.items() if k not in over}, ALARM),
        ("ERROR in", picture.errors, ALARM),
        ("over:", over, DIM),
        ("refused:", picture.refusals, None),
    ):
        for kind in sorted(times, key=lambda kind: (-times[kind], kind)):
            what = f"{label} {kind.replace('_', ' ')}"
            counted.append([Segment(what, style), Segment(f"{times[kind]:,}")])
    shown, more = cut(counted, rows)
    lines = lay_out(columns, list(shown), width, 1)
    return lines + (more if counted else [note("no alarm, error or refusal")])
