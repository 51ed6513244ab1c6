"""The files of a running session: trades and equity as they happen, the rest at both ends.

Owns session.json and the open tables. Every line is on its way to the disk when it is written, so a
session that ends at once loses none.
"""

import csv
import os
import platform
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

import msgspec

from actors.observers.report import EquityPoint
from actors.observers.trades import Trade
from actors.plain_files import new_file
from commands.folders import SESSION_NAME
from commands.header import SessionHeader
from commands.summary import (
    EQUITY_COLUMNS,
    TRADE_COLUMNS,
    Summary,
    equity_row,
    trade_row,
    write_json,
)
from config.packages import version
from config.settings import Settings


class SessionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What session.json says of one run."""

    version: str
    python: str
    pid: int
    command: tuple[str, ...]
    """As it was typed."""
    mode: str
    market: str
    seed: int
    speed: float
    account: str
    """The account's tag."""
    started_at: str
    """Real time, UTC."""
    ended_at: str | None = None
    """None: it runs, or it ended at once."""
    ended_by: str | None = None
    journal: str = ""
    """The account's folder; empty: the journal lies beside this file, or nowhere."""
    epoch: int = 0
    """Of the account's, under which this run wrote."""
    first_sequence: int = 1
    """Of the journal's records that this run wrote."""
    last_sequence: int | None = None
    settings: Settings
    """All of them, as they were in force."""


class SessionFiles:
    """What a session writes into its folder, beside the log."""

    def __init__(self, header: SessionHeader, settings: Settings) -> None:
        """Open the tables and say in session.json what this is."""
        self._folder = header.session_dir
        self._trades = _open_table(self._folder / "trades.csv", TRADE_COLUMNS)
        self._equity = _open_table(self._folder / "equity.csv", EQUITY_COLUMNS)
        self._record = SessionRecord(
            version=version(),
            python=platform.python_version(),
            pid=os.getpid(),
            command=tuple(sys.argv),
            mode=header.mode,
            market=header.market,
            seed=header.seed,
            speed=header.speed,
            account=settings.account.tag,
            started_at=_now(),
            settings=settings,
        )
        self._write_record()

    def add_trade(self, trade: Trade) -> None:
        """Write a line of trades.csv."""
        _add(self._trades, trade_row(trade))

    def add_point(self, point: EquityPoint) -> None:
        """Write a line of equity.csv."""
        _add(self._equity, equity_row(point))

    def begin(self, first_sequence: int, journal: Path, epoch: int) -> None:
        """Say where the journal is, and with which of its records this run begins."""
        self._record = msgspec.structs.replace(
            self._record, first_sequence=first_sequence, journal=str(journal.resolve()), epoch=epoch
        )
        self._write_record()

    def end(self, summary: Summary, ended_by: str) -> None:
        """Write the summary, and why the session ended."""
        write_json(self._folder / "summary.json", [summary])
        self._record = msgspec.structs.replace(
            self._record, ended_at=_now(), ended_by=ended_by, last_sequence=summary.steps
        )
        self._write_record()

    def __enter__(self) -> Self:
        """Leave them open."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the tables."""
        self._trades.close()
        self._equity.close()

    def _write_record(self) -> None:
        write_json(self._folder / SESSION_NAME, self._record)


def _open_table(path: Path, columns: tuple[str, ...]) -> TextIO:
    file = os.fdopen(new_file(path), "w", newline="", encoding="utf-8", buffering=1)
    _add(file, columns)
    return file


def _add(file: TextIO, row: Iterable[object]) -> None:
    csv.writer(file, lineterminator="\n").writerow(row)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
