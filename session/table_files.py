"""Tables as files: CSV, JSON lines, Parquet.

Owns which columns there are, also of a table without a row. Money is text in each of them, exact:
no decimal type of Parquet holds every product of a price, a quantity and a fee's ratio.
"""

import csv
import os
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import msgspec

from actors.plain_files import new_file, write_whole
from config.packages import missing_package
from messages.base import Timestamp
from messages.money import Money, plain
from terminal.errors import UsageError

_MS, _UTC = "_ms", "_utc"

Row = dict[str, str | int | bool | None]

_TIMES = frozenset(
    {"at_ms", "filled_at_ms", "placed_at_ms", "began_at_ms", "entered_at_ms", "closed_at_ms"}
)
_WHOLE_NUMBERS = _TIMES | {"sequence"}

_COLUMNS: dict[str, tuple[str, ...]] = {
    "orders": (
        "client_order_id",
        "position_id",
        "symbol",
        "side",
        "type",
        "purpose",
        "quantity",
        "price",
        "status",
        "filled",
        "cost",
        "fees",
        "placed_at_ms",
        "at_ms",
    ),
    "fills": (
        "sequence",
        "at_ms",
        "client_order_id",
        "position_id",
        "symbol",
        "side",
        "fill_quantity",
        "fill_cost",
        "fees",
        "filled_at_ms",
        "exchange_order_id",
        "trade_id",
    ),
    "transitions": ("sequence", "at_ms", "position_id", "from", "to", "message"),
    "pnl": (
        "sequence",
        "position_id",
        "symbol",
        "entered_at_ms",
        "closed_at_ms",
        "quantity",
        "cost",
        "proceeds",
        "fees",
        "pnl",
        "cause",
    ),
}

TABLES = tuple(_COLUMNS)

_COLUMNS |= {
    "tax_fills": (
        *("time_utc", "at_ms", "sequence", "kind", "symbol", "side", "position_id"),
        *("client_order_id", "exchange_order_id", "trade_id"),
        *("received", "received_currency", "sent", "sent_currency", "price"),
        *("fee", "fee_currency", "fee_value", "fee_value_currency", "fee_value_by"),
    ),
    "tax_lots": (
        *("method", "symbol", "acquired_utc", "acquired_by", "quantity", "cost", "currency"),
        *("disposed_utc", "disposed_by", "proceeds", "gain"),
    ),
    "tax_transfers": (
        *("time_utc", "at_ms", "kind", "currency", "amount", "cost", "cost_currency"),
        *("reference", "note"),
    ),
    "tax_reconciliation": ("what", "currency", "from_fills", "by_ledger", "difference"),
}


class Format(StrEnum):
    """How a table is written."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


def check_format(kind: str) -> Format:
    """Return the format; with what it needs.

    Raises:
        UsageError: there is none of this name, or what it needs is not installed.
    """
    if kind not in set(Format):
        raise UsageError(f"--format {kind}: csv, jsonl or parquet")
    if kind == Format.PARQUET:
        try:
            import pyarrow.parquet  # noqa: F401, PLC0415 - optional: only who writes it needs it
        except ModuleNotFoundError as error:
            raise UsageError(
                f"--format parquet: {missing_package(error)}; csv and jsonl need nothing more"
            ) from None
    return Format(kind)


def write_table(folder: Path, table: str, rows: list[Row], kind: Format) -> Path:
    """Write one table; return its file. Raises ``OSError``."""
    path = folder / f"{table}.{kind.value}"
    columns = _COLUMNS[table]
    if "time_utc" not in columns:
        columns, rows = with_utc(columns), [_row_with_utc(row) for row in rows]
    _WRITERS[kind](path, columns, rows)
    return path


def utc(at: Timestamp) -> str:
    """Return a time as ISO 8601, UTC, to the millisecond."""
    moment = datetime.fromtimestamp(at // 1000, UTC).replace(microsecond=at % 1000 * 1000)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def monies(amounts: Iterable[Money]) -> str:
    """Return amounts as one field of a table, exact: ``0.1 BTC 2 USDT``."""
    return " ".join(f"{plain(money.amount)} {money.currency}" for money in amounts)


def with_utc(columns: Iterable[str]) -> tuple[str, ...]:
    """Return the columns, and beside each time in milliseconds one for people: ``at_utc``."""
    return tuple(
        name
        for column in columns
        for name in ((column, _utc_name(column)) if column in _TIMES else (column,))
    )


def _row_with_utc(row: Row) -> Row:
    told: Row = {}
    for name, value in row.items():
        told[name] = value
        if name in _TIMES:
            told[_utc_name(name)] = utc(Timestamp(value)) if isinstance(value, int) else None
    return told


def _utc_name(column: str) -> str:
    return column.removesuffix(_MS) + _UTC


def _write_csv(path: Path, columns: tuple[str, ...], rows: list[Row]) -> None:
    with os.fdopen(new_file(path), "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)


def _write_jsonl(path: Path, _columns: tuple[str, ...], rows: list[Row]) -> None:
    write_whole(path, (msgspec.json.encode(row) + b"\n" for row in rows))


def _write_parquet(path: Path, columns: tuple[str, ...], rows: list[Row]) -> None:
    import pyarrow as pa  # noqa: PLC0415 - optional: only who writes it needs it
    from pyarrow import parquet  # noqa: PLC0415 - as above

    types = [(name, pa.int64() if name in _WHOLE_NUMBERS else pa.string()) for name in columns]
    with os.fdopen(new_file(path), "wb") as file:
        parquet.write_table(pa.Table.from_pylist(rows, schema=pa.schema(types)), file)


_WRITERS: dict[Format, Callable[[Path, tuple[str, ...], list[Row]], None]] = {
    Format.CSV: _write_csv,
    Format.JSONL: _write_jsonl,
    Format.PARQUET: _write_parquet,
}
