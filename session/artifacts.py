"""The files of a running session: trades and equity as they happen, the rest at both ends.

Owns session.json, summary.json, the tables and the dumps of stacks. Each file has a spool of its
own: a disk that is slow, full or hung costs lines of these files, never a step of trading. What
could not be written is named at the end.
"""

import csv
import io
import os
import platform
import sys
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from actors.observers.equity import EquityPoint
from actors.observers.trades import Trade
from config.packages import version
from config.settings import Settings
from session.folders import SESSION_NAME
from session.log_file import Document, LineFile
from session.summary import (
    EQUITY_COLUMNS,
    TRADE_COLUMNS,
    Summary,
    encode_json,
    equity_row,
    trade_row,
)
from terminal.errors import UsageError
from terminal.header import SessionHeader
from terminal.spool import Place, Spool

STACKS_NAME = "stacks.txt"
"""Where all threads stood when a message took long, or SIGUSR1 asked."""
_TABLE_BYTES_MAX = 4_000_000
_BEGIN_SECONDS = 2.0
"""How long a start waits for the files; a folder that hangs does not keep it from trading."""
_END_SECONDS = 2.0
"""How long an end waits for a disk that takes nothing."""


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
    beginning: tuple[str, ...] = ()
    """What the screen said at the start of the account that it goes on with."""
    settings: Settings
    """All of them, as they were in force."""


class SessionFiles:
    """What a session writes into its folder, beside the log."""

    def __init__(self, header: SessionHeader, settings: Settings) -> None:
        """Begin the tables and say in session.json what this is.

        Raises:
            UsageError: a file can't be written.
        """
        folder = header.session_dir
        self.unwritten: tuple[str, ...] = ()
        """What is not on the disk though the session is over, and why; for people."""
        self._trades = _spool(LineFile(folder / "trades.csv"), "trades.csv")
        self._equity = _spool(LineFile(folder / "equity.csv"), "equity.csv")
        self._session = _spool(Document(folder / SESSION_NAME), SESSION_NAME)
        self._summary = _spool(Document(folder / "summary.json"), "summary.json")
        self._stacks = _spool(LineFile(folder / STACKS_NAME, is_lazy=True), STACKS_NAME)
        self._spools = (self._trades, self._equity, self._session, self._summary, self._stacks)
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
        self._trades.put(_row(TRADE_COLUMNS))
        self._equity.put(_row(EQUITY_COLUMNS))
        self._session.put(encode_json(self._record))
        self._check_begun(folder)

    def note_beginning(self, lines: Sequence[str]) -> None:
        """Keep what the start says of the account."""
        self._change(beginning=tuple(line.strip() for line in lines))

    def add_trade(self, trade: Trade) -> None:
        """Write a line of trades.csv."""
        self._trades.put(_row(trade_row(trade)))

    def add_point(self, point: EquityPoint) -> None:
        """Write a line of equity.csv."""
        self._equity.put(_row(equity_row(point)))

    def add_stacks(self, text: str) -> None:
        """Write where all threads stand."""
        self._stacks.put(text.encode(errors="replace"))

    def begin(self, first_sequence: int, journal: Path, epoch: int) -> None:
        """Say where the journal is, and with which of its records this run begins."""
        self._change(first_sequence=first_sequence, journal=str(journal.resolve()), epoch=epoch)
        self._session.drain(_BEGIN_SECONDS)

    def end(self, summary: Summary, ended_by: str) -> None:
        """Write the summary, and why the session ended."""
        self._summary.put(encode_json([summary]))
        self._change(ended_at=_now(), ended_by=ended_by, last_sequence=summary.steps)

    def __enter__(self) -> Self:
        """Leave them open."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the files; of what is not written then, say so in ``unwritten``."""
        until = time.monotonic() + _END_SECONDS
        for spool in self._spools:
            if not spool.close(max(0.0, until - time.monotonic())) or spool.lost:
                why = spool.problem.strerror if spool.problem else "its place takes nothing"
                self.unwritten += (f"{spool.name}: {why}",)

    def _change(self, **said: Any) -> None:  # noqa: ANN401 - fields of the record
        self._record = msgspec.structs.replace(self._record, **said)
        self._session.put(encode_json(self._record))

    def _check_begun(self, folder: Path) -> None:
        until = time.monotonic() + _BEGIN_SECONDS
        for spool in self._spools:
            spool.drain(max(0.0, until - time.monotonic()))
        problem = next((one.problem for one in self._spools if one.problem is not None), None)
        if problem is not None:
            for spool in self._spools:
                spool.close(0.0)
            text = f"--session-dir {folder} can't be written: {problem.strerror}"
            raise UsageError(f"{text}; name a folder of yours")


def _spool(place: Place, name: str) -> Spool:
    return Spool(name, place, bytes_max=_TABLE_BYTES_MAX)


def _row(values: Iterable[object]) -> bytes:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(values)
    return line.getvalue().encode()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
