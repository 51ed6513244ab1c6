"""``export`` writes what happened, once each, and its sums are the books'."""

import csv
import json
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from actors.journal.inspection import ANCHOR
from actors.portfolio.accounts import Account
from commands.export import export
from session.table_files import TABLES, Format, Row, check_format
from terminal.errors import RunFailedError, UsageError
from tests.actors.journal.history import records
from tests.commands.test_verify import write


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def texts(row: Row) -> dict[str, str]:
    return {name: "" if value is None else str(value) for name, value in row.items()}


def test_fills_orders_and_pnl_agree_with_the_books(tmp_path: Path) -> None:
    write(tmp_path / "state", records())
    export(tmp_path / "state", None, tmp_path / "out", Format.CSV)
    orders, fills, transitions, pnl = (
        read(tmp_path / "out" / f"{name}.csv") for name in ("orders", "fills", "transitions", "pnl")
    )
    for order in orders:
        own = [f for f in fills if f["client_order_id"] == order["client_order_id"]]
        assert sum(Decimal(f["fill_quantity"]) for f in own) == Decimal(order["filled"])
        assert sum(Decimal(f["fill_cost"]) for f in own) == Decimal(order["cost"])
    closed = [t["position_id"] for t in transitions if t["to"] == "closed"]
    assert len(closed) == len(set(closed)) > 5
    assert {row["position_id"] for row in pnl} <= set(closed)
    accounts = [
        change for record in records() for change in record.changes if isinstance(change, Account)
    ]
    realised = next(a.realised for a in reversed(accounts) if a.currency == "USDT")
    assert sum(Decimal(row["pnl"]) for row in pnl) == realised


def test_json_lines_hold_the_same(tmp_path: Path) -> None:
    write(tmp_path / "state", records())
    for kind in (Format.CSV, Format.JSONL):
        export(tmp_path / "state", None, tmp_path / kind.value, kind)
    for name in TABLES:
        lines = (tmp_path / "jsonl" / f"{name}.jsonl").read_bytes().splitlines()
        assert [texts(msgspec.json.decode(line)) for line in lines] == read(
            tmp_path / "csv" / f"{name}.csv"
        )
        assert lines


def test_an_end_that_is_lost_is_told(tmp_path: Path) -> None:
    long = write(tmp_path / "long", records()[:100])
    short = write(tmp_path / "short", records()[:60])
    (short / ANCHOR).write_bytes((long / ANCHOR).read_bytes())
    with pytest.raises(RunFailedError, match="records 61 to 100 were durable and are lost"):
        export(tmp_path / "short", None, tmp_path / "out", Format.CSV)
    assert read(tmp_path / "out" / "orders.csv"), "what is whole was written"


def test_records_that_are_removed_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "state", records(), keep_bytes=1)
    export(tmp_path / "state", None, tmp_path / "out", Format.CSV)
    assert "oldest records, which are removed" in capsys.readouterr().out


def test_a_folder_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    write(tmp_path / "state", records()[:20])
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UsageError, match="can't be written"):
        export(tmp_path / "state", None, tmp_path / "file", Format.CSV)


def test_parquet_holds_the_same_exactly(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    write(tmp_path / "state", records())
    for kind in (Format.CSV, Format.PARQUET):
        export(tmp_path / "state", None, tmp_path / kind.value, kind)
    for name in TABLES:
        rows = read(tmp_path / "csv" / f"{name}.csv")
        found = parquet.read_table(tmp_path / "parquet" / f"{name}.parquet").to_pylist()
        assert [texts(one) for one in found] == rows
        assert rows


@pytest.mark.parametrize("kind", [Format.CSV, Format.JSONL])
def test_beside_each_time_in_milliseconds_is_one_for_people(tmp_path: Path, kind: Format) -> None:
    write(tmp_path / "state", records())
    export(tmp_path / "state", None, tmp_path / "out", kind)
    times = 0
    for name in TABLES:
        path = tmp_path / "out" / f"{name}.{kind.value}"
        rows = read(path) if kind is Format.CSV else map(json.loads, path.read_text().splitlines())
        for row in rows:
            for column in [one for one in row if one.endswith("at_ms")]:
                at, told = row[column], row[column.removesuffix("_ms") + "_utc"]
                assert bool(at) == bool(told)
                if told:
                    moment = datetime.fromisoformat(told)
                    assert moment == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(
                        milliseconds=int(at)
                    )
                    times += 1
    assert times > len(TABLES)


def test_a_table_without_a_row_has_its_columns(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    write(tmp_path / "state", records()[:2])
    for kind in (Format.CSV, Format.PARQUET):
        export(tmp_path / "state", None, tmp_path / kind.value, kind)
    header = (tmp_path / "csv" / "pnl.csv").read_text(encoding="utf-8").strip().split(",")
    assert parquet.read_table(tmp_path / "parquet" / "pnl.parquet").column_names == header


def test_parquet_without_its_library_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(UsageError, match=r'pip install -e "\.\[parquet\]"; csv'):
        check_format("parquet")


def test_another_format_is_refused_by_name() -> None:
    with pytest.raises(UsageError, match="--format xls: csv, jsonl or parquet"):
        check_format("xls")
