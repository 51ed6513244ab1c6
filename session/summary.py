"""The summary of a session or a replay, as data and as files.

Owns the columns of trades.csv and equity.csv, and the keys of summary.json; docs/replay.md tells
them.
All three are made from the report alone: the same report, the same bytes.
"""

import csv
import os
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from actors.observers.equity import EquityPoint
from actors.observers.report import Report
from actors.observers.trades import Trade
from actors.plain_files import new_file, write_whole
from messages.base import Timestamp
from messages.money import ZERO, Money, divide_even, plain
from session.table_files import monies, utc, with_utc

TRADE_COLUMNS = with_utc(
    (
        "position_id",
        "symbol",
        "began_at_ms",
        "entered_at_ms",
        "closed_at_ms",
        "quantity",
        "entry_price",
        "exit_price",
        "cost",
        "proceeds",
        "fees",
        "pnl",
        "return_ratio",
        "cause",
        "switches",
        "exit_orders",
        "dust",
        "unprotected_ms",
        "reason",
    )
)
EQUITY_COLUMNS = with_utc(
    (
        "at_ms",
        "currency",
        "equity",
        "realised",
        "unrealised",
        "open_positions",
        "session_realised",
        "session_change",
        "drawdown",
    )
)
HUNDREDTH_OF_PERCENT = Decimal("0.0001")


class CurrencySummary(msgspec.Struct, frozen=True, kw_only=True):
    """What one currency of the ledger did: the account's totals, then this session's part."""

    capital: Decimal
    """Allotted by the config."""
    equity: Decimal
    """Of the account at the end: capital + realised + unrealised."""
    realised: Decimal
    """Of the account: profit, loss and fees since its journal began, as the ledger has them."""
    unrealised: Decimal
    """Of the account at the end: open positions at last prices, exit fees aside."""
    session_realised: Decimal
    """The part of ``realised`` that this session booked."""
    session_change: Decimal
    """Equity at the end less equity at this session's beginning, allotments aside."""
    pnl: Decimal
    """Of the positions that closed in this session, over their whole life."""
    pnl_ratio: Decimal
    """``pnl`` per capital, rounded to 0.0001, half even."""
    max_drawdown: Decimal
    """Largest fall of equity from its highest point before, in this session."""
    max_drawdown_ratio: Decimal
    """The largest fall beside the peak that it fell from, rounded to 0.0001, half even."""


class Summary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a session, or a replay along one candle path, ended."""

    candle_path: str | None = None
    """Of a replay."""
    cut_at: Timestamp | None = None
    """Of a replay that was stopped before its recordings were over: when, in recorded time."""
    trades: int
    """Positions that closed in this session after they had bought."""
    wins: int
    """Trades with a profit."""
    win_ratio: Decimal | None
    """Rounded to 0.0001, half even; None without a trade."""
    account_trades: int
    """Of the whole account, by its ledger."""
    account_wins: int
    currencies: dict[str, CurrencySummary]
    fees: tuple[Money, ...]
    """Of closed positions, per currency."""
    exits: dict[str, int]
    """Trades by why they left."""
    unprotected_ms: dict[str, int]
    """How long something was held and not covered, by cause: of trades and open positions."""
    orders: dict[str, int] = {}
    """Of a session: orders asked for twice and sent once (``order.repeated``), told of after they
    were let go of (``order.returned``), and forgotten (``order.forgotten``)."""
    refusals: dict[str, int]
    """Entries refused, by guard or the portfolio's rule."""
    alarms: dict[str, int]
    skipped_messages: int
    errors: dict[str, int]
    """Messages that made an actor raise, by actor."""
    open_positions: int
    """Left open at the end."""
    steps: int
    """Recorded."""
    journal_hash: str
    """Head of the chain over all records: the same inputs give the same."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a session ended with, beside its report."""

    at: Timestamp
    """When it ended, the market's time."""
    candle_path: str | None = None
    is_cut: bool = False
    """Whether a replay was stopped before its recordings were over."""
    counted: Counter[str] = Counter()
    """Events of orders, by name."""
    refusals: Counter[str]
    alarms: Counter[str]
    skipped: Counter[str]
    """By actor."""
    steps: int
    journal_hash: str


def summarise(report: Report, outcome: Outcome) -> Summary:
    """Return the summary of a session or a finished replay."""
    tally = report.tally
    return Summary(
        candle_path=outcome.candle_path,
        cut_at=outcome.at if outcome.is_cut else None,
        trades=tally.trades,
        wins=tally.wins,
        win_ratio=_ratio(Decimal(tally.wins), Decimal(tally.trades)) if tally.trades else None,
        account_trades=report.totals.trades,
        account_wins=report.totals.wins,
        currencies=_currencies(report),
        fees=tally.fees,
        exits=_sorted(tally.exits),
        unprotected_ms=_sorted(report.unprotected_ms(outcome.at)),
        orders=_sorted(outcome.counted),
        refusals=_sorted(outcome.refusals),
        alarms=_sorted(outcome.alarms),
        skipped_messages=outcome.skipped.total(),
        errors=_sorted(outcome.skipped),
        open_positions=len(report.open_positions()),
        steps=outcome.steps,
        journal_hash=outcome.journal_hash,
    )


def write_trades(path: Path, trades: Iterable[Trade]) -> None:
    """Write trades.csv, one line per closed position, in order of closing."""
    _write(path, TRADE_COLUMNS, (trade_row(trade) for trade in trades))


def write_equity(path: Path, points: Iterable[EquityPoint]) -> None:
    """Write equity.csv, one line per moment and quote currency."""
    _write(path, EQUITY_COLUMNS, (equity_row(point) for point in points))


def write_json(path: Path, document: Any) -> None:  # noqa: ANN401 - anything msgspec encodes
    """Write summary.json: decimals as strings, keys in order."""
    write_whole(path, [encode_json(document)])


def encode_json(document: Any) -> bytes:  # noqa: ANN401 - as above
    """Return the document as a person reads it: decimals as strings, keys in order."""
    encoded = msgspec.json.format(msgspec.json.encode(document, order="deterministic"), indent=2)
    return encoded + b"\n"


def equity_row(point: EquityPoint) -> tuple[object, ...]:
    """Return a line of equity.csv."""
    return (
        point.at,
        utc(point.at),
        point.currency,
        plain(point.equity),
        plain(point.realised),
        plain(point.unrealised),
        point.open_positions,
        plain(point.session_realised),
        plain(point.session_change),
        plain(point.drawdown),
    )


def trade_row(trade: Trade) -> tuple[object, ...]:
    """Return a line of trades.csv."""
    unprotected = " ".join(f"{cause}={ms}" for cause, ms in sorted(trade.unprotected.items()))
    return (
        trade.position_id,
        trade.symbol,
        trade.began_at,
        utc(trade.began_at),
        trade.entered_at,
        utc(trade.entered_at),
        trade.closed_at,
        utc(trade.closed_at),
        plain(trade.quantity),
        plain(trade.entry_price),
        "" if trade.exit_price is None else plain(trade.exit_price),
        plain(trade.cost),
        plain(trade.proceeds),
        monies(trade.fees),
        plain(trade.pnl),
        plain(trade.return_ratio),
        trade.cause.value,
        trade.switches,
        trade.exit_orders,
        plain(trade.dust),
        unprotected,
        trade.reason,
    )


def _currencies(report: Report) -> dict[str, CurrencySummary]:
    summaries: dict[str, CurrencySummary] = {}
    for currency, point in sorted(report.latest.items()):
        pnl = report.tally.pnl.get(currency, ZERO)
        drawdown = report.drawdown(currency)
        summaries[currency] = CurrencySummary(
            capital=point.capital,
            equity=point.equity,
            realised=point.realised,
            unrealised=point.unrealised,
            session_realised=point.session_realised,
            session_change=point.session_change,
            pnl=pnl,
            pnl_ratio=_ratio(pnl, point.capital),
            max_drawdown=drawdown.amount,
            max_drawdown_ratio=_ratio(*drawdown.ratio_of_peak),
        )
    return summaries


def _ratio(part: Decimal, whole: Decimal) -> Decimal:
    return divide_even(part, whole, HUNDREDTH_OF_PERCENT) if whole else ZERO


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return {key: counts[key] for key in sorted(counts)}


def _write(path: Path, columns: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    with os.fdopen(new_file(path), "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
