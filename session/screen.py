"""What more than one command shows on the terminal: how far a long work is, and a summary."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from messages.money import ZERO, amount_text, money_text
from session.summary import CurrencySummary, Summary
from terminal.words import date_and_time, percent

_ADVANCE_EVERY = 500
NOTHING_DONE = CurrencySummary(**dict.fromkeys(CurrencySummary.__struct_fields__, ZERO))
"""Of a currency in which only the other candle path booked something."""


def progress_bar(
    console: Console, what: str, total: int
) -> AbstractContextManager[Callable[[], None]]:
    """Show how far a long work is; yields what is to be called after each part of it."""
    percentage = TextColumn("{task.percentage:>3.0f}%")
    return _counted(console, what, total, BarColumn(), percentage, TimeRemainingColumn())


def row_counter(console: Console, what: str) -> AbstractContextManager[Callable[[], None]]:
    """Show how many rows were read so far; yields what is to be called after each."""
    return _counted(console, what, None, TextColumn("{task.completed:,} rows"))


@contextmanager
def _counted(
    console: Console, what: str, total: int | None, *columns: ProgressColumn
) -> Iterator[Callable[[], None]]:
    done = 0
    with Progress(
        TextColumn("{task.description}"), *columns, console=console, transient=True
    ) as progress:
        task = progress.add_task(what, total=total)

        def advance() -> None:
            nonlocal done
            done += 1
            if done % _ADVANCE_EVERY == 0:
                progress.update(task, completed=done)

        yield advance


def summary_table(summaries: list[Summary]) -> Table:
    """Return the summaries side by side."""
    table = Table(title="What came of it", title_justify="left", show_edge=False)
    table.add_column("")
    for summary in summaries:
        table.add_column(summary.candle_path or "this session", justify="right")
    for label, values in _rows(summaries):
        table.add_row(label, *values)
    return table


def _rows(summaries: list[Summary]) -> list[tuple[str, list[str]]]:
    rows = [
        ("trades", [str(s.trades) for s in summaries]),
        ("won", [percent(s.win_ratio) for s in summaries]),
    ]
    is_session = summaries[0].candle_path is None
    for currency in sorted({currency for s in summaries for currency in s.currencies}):
        of = [s.currencies.get(currency, NOTHING_DONE) for s in summaries]
        rows.append((f"PnL {currency}", [_pnl(one, currency) for one in of]))
        rows.append((f"max drawdown {currency}", [_drawdown(one, currency) for one in of]))
        if is_session:
            rows += _account_rows(currency, of)
    if is_session:
        rows.append(("account: trades", [str(s.account_trades) for s in summaries]))
    rows.append(("fees", [_fees(s) for s in summaries]))
    rows += _counts("exit", [s.exits for s in summaries], str)
    rows += _counts("unprotected", [s.unprotected_ms for s in summaries], _seconds)
    rows += _counts("refused", [s.refusals for s in summaries], str)
    orders = [{name.replace("order.", ""): n for name, n in s.orders.items()} for s in summaries]
    rows += _counts("order", orders, str)
    rows += _counts("ALARM", [s.alarms for s in summaries], str)
    rows += _counts("error in", [s.errors for s in summaries], str)
    rows.append(("open at the end", [str(s.open_positions) for s in summaries]))
    rows.append(("steps", [str(s.steps) for s in summaries]))
    rows.append(("journal", [s.journal_hash[:12] for s in summaries]))
    if any(s.cut_at is not None for s in summaries):
        rows.append(("cut short at", [_cut_at(s) for s in summaries]))
    return rows


def _account_rows(currency: str, of: list[CurrencySummary]) -> list[tuple[str, list[str]]]:
    """Return the account's totals and this session's part of them, both labelled."""
    rows = [
        ("this session: change", [one.session_change for one in of]),
        ("this session: realised", [one.session_realised for one in of]),
        ("account: equity", [one.equity for one in of]),
        ("account: realised", [one.realised for one in of]),
    ]
    return [
        (f"{label} {currency}", [amount_text(amount, currency) for amount in amounts])
        for label, amounts in rows
    ]


def _cut_at(summary: Summary) -> str:
    return "–" if summary.cut_at is None else date_and_time(summary.cut_at)


def _counts(
    what: str, counts: list[dict[str, int]], tell: Callable[[int], str]
) -> list[tuple[str, list[str]]]:
    keys = sorted({key for one in counts for key in one})
    return [(f"{what}: {key}", [tell(one.get(key, 0)) for one in counts]) for key in keys]


def _pnl(summary: CurrencySummary, currency: str) -> str:
    return f"{amount_text(summary.pnl, currency)} ({percent(summary.pnl_ratio)})"


def _drawdown(summary: CurrencySummary, currency: str) -> str:
    return f"{amount_text(summary.max_drawdown, currency)} ({percent(summary.max_drawdown_ratio)})"


def _fees(summary: Summary) -> str:
    return ", ".join(money_text(fee.amount, fee.currency) for fee in summary.fees) or "0"


def _seconds(ms: int) -> str:
    return f"{ms / 1000:.1f} s"
