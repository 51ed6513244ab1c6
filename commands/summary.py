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

from actors.observers.report import EquityPoint, Report
from actors.observers.trades import Trade
from actors.plain_files import new_file, write_whole
from messages.money import ZERO, Money, divide_down, plain

TRADE_COLUMNS = (
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
EQUITY_COLUMNS = (
    "at_ms",
    "currency",
    "equity",
    "realised",
    "unrealised",
    "open_positions",
)
HUNDREDTH_OF_PERCENT = Decimal("0.0001")


class CurrencySummary(msgspec.Struct, frozen=True, kw_only=True):
    """What one quote currency's capital did."""

    capital: Decimal
    equity: Decimal
    """At the end, open positions at last prices."""
    pnl: Decimal
    """Of closed positions."""
    pnl_ratio: Decimal
    """``pnl`` per capital, rounded down to 0.0001."""
    max_drawdown: Decimal
    """Largest fall of equity from its highest point before."""
    max_drawdown_ratio: Decimal
    """Per capital, rounded down to 0.0001."""


class Summary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a session, or a replay along one candle path, ended."""

    candle_path: str | None = None
    """Of a replay."""
    trades: int
    wins: int
    """Trades with a profit."""
    win_ratio: Decimal | None
    """Rounded down to 0.0001; None without a trade."""
    currencies: dict[str, CurrencySummary]
    fees: tuple[Money, ...]
    """Of closed positions, per currency."""
    exits: dict[str, int]
    """Trades by why they left."""
    unprotected_ms: dict[str, int]
    """How long something was held and not covered, by cause, over all trades."""
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

    candle_path: str | None = None
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
        trades=tally.trades,
        wins=tally.wins,
        win_ratio=_ratio(Decimal(tally.wins), Decimal(tally.trades)) if tally.trades else None,
        currencies=_currencies(report),
        fees=tally.fees,
        exits=_sorted(tally.exits),
        unprotected_ms=_sorted(tally.unprotected_ms),
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
        point.currency,
        plain(point.equity),
        plain(point.realised),
        plain(point.unrealised),
        point.open_positions,
    )


def trade_row(trade: Trade) -> tuple[object, ...]:
    """Return a line of trades.csv."""
    fees = " ".join(f"{plain(fee.amount)} {fee.currency}" for fee in trade.fees)
    unprotected = " ".join(f"{cause}={ms}" for cause, ms in sorted(trade.unprotected.items()))
    return (
        trade.position_id,
        trade.symbol,
        trade.began_at,
        trade.entered_at,
        trade.closed_at,
        plain(trade.quantity),
        plain(trade.entry_price),
        "" if trade.exit_price is None else plain(trade.exit_price),
        plain(trade.cost),
        plain(trade.proceeds),
        fees,
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
    for currency, capital in sorted(report.capital.items()):
        point = report.latest.get(currency)
        pnl = report.tally.pnl.get(currency, ZERO)
        drawdown = report.max_drawdown.get(currency, ZERO)
        summaries[currency] = CurrencySummary(
            capital=capital,
            equity=capital if point is None else point.equity,
            pnl=pnl,
            pnl_ratio=_ratio(pnl, capital),
            max_drawdown=drawdown,
            max_drawdown_ratio=_ratio(drawdown, capital),
        )
    return summaries


def _ratio(part: Decimal, whole: Decimal) -> Decimal:
    return divide_down(part, whole, HUNDREDTH_OF_PERCENT) if whole else ZERO


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return {key: counts[key] for key in sorted(counts)}


def _write(path: Path, columns: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    with os.fdopen(new_file(path), "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
