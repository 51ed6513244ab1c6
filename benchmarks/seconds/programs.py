"""The programs that are measured, each as its user starts it: a process at one exchange server."""

import json
import os
import signal
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from benchmarks.seconds.holdfast_gate import GATE, JOINS
from exchange.server.wire import Reach

ROOT = Path(__file__).parent.parent.parent
BUDGET = 1_000
STOP = "1%"
"""Under the entry; the target lies as far over it."""
SWITCHING = (
    "plan.switching.to_stop_loss_ratio=-0.5%",
    "plan.switching.to_take_profit_ratio=0.25%",
    "plan.switching.minimum_interval_seconds=30",
)
_END_SECONDS = 40.0


class Place(NamedTuple):
    """Where a program trades, and the files it is given."""

    folder: Path
    reach: Reach
    symbols: Sequence[str]
    positions: int
    """On each symbol at most."""
    begun: int
    """ms; before its first start."""

    @property
    def gate(self) -> Path:
        """While this file is there the strategy enters."""
        return self.folder / "gate"


class Program(ABC):
    """One program, started again and again on the same files."""

    name: str

    def __init__(self, place: Place, mode: str) -> None:
        """Prepare its files."""
        self.place, self.mode = place, mode
        self._process: subprocess.Popen[bytes] | None = None
        self._starts = 0
        self.is_wanted = False
        """Whether it was started, and not ended from here since."""

    @property
    @abstractmethod
    def command(self) -> list[str]:
        """What is typed to start it."""

    @property
    @abstractmethod
    def environment(self) -> Mapping[str, str]:
        """Variables beside those of this process."""

    @property
    def home(self) -> Path:
        """Where its process starts."""
        return self.place.folder

    @property
    def is_alive(self) -> bool:
        """Whether its process runs."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start its process."""
        self._starts += 1
        self.is_wanted = True
        with (self.place.folder / "program.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                self.command,
                cwd=self.home,
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self) -> None:
        """End it by SIGKILL; return when it is gone."""
        self.is_wanted = False
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """Let it end by Ctrl-C, or kill it."""
        self.is_wanted = False
        if self._process is None or not self.is_alive:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    @property
    def believes_to_hold(self) -> bool:
        """Whether its own books have an open position; asked when the venue's have none."""
        return False  # Holdfast's next entry shows it: it holds one position a symbol

    def log_tail(self) -> str:
        """Return the end of its output, for a round that went wrong."""
        return (self.place.folder / "program.log").read_text(errors="replace")[-2_000:]


class Holdfast(Program):
    """This checkout's ``supervisor.py``."""

    name = "Holdfast"

    @property
    def sets(self) -> list[str]:
        """The settings that differ from the defaults."""
        place = self.place
        sets = [
            f"drop.symbols={json.dumps(list(place.symbols))}",
            f"drop.budget={budget_of(place)}",
            f"plan.protection_mode={self.mode}",
            f"plan.take_profit_ratio={STOP}",
            f"plan.stop_loss_ratio={STOP}",
            "portfolio.cooldown_seconds=0",
            "portfolio.max_budget=1100",
            "portfolio.daily_loss_limit=9000",
            f"strategy.environment={json.dumps([GATE, JOINS])}",
        ]
        if place.positions > 1:
            sets.append(f"portfolio.positions_per_symbol={place.positions}")
        if self.mode == "switching":
            sets += SWITCHING
        return sets

    @property
    def home(self) -> Path:
        """Where its process starts: modules are imported from there."""
        return ROOT

    @property
    def command(self) -> list[str]:
        """What is typed to start it."""
        folder = self.place.folder
        reach = folder / "reach.json"
        reach.write_bytes(msgspec.json.encode(self.place.reach))
        return [
            *(sys.executable, "-m", "benchmarks.seconds.holdfast_process"),
            *(str(reach), str(self.place.begun)),
            *("--mode", "live", "--exchange", "binance", "--headless", "--yes"),
            *("--strategy", "benchmarks.seconds.holdfast_gate:Gate"),
            *("--state-dir", str(folder / "state")),
            *("--session-dir", str(folder / f"session-{self._starts}")),
            *(word for one in self.sets for word in ("--set", one)),
        ]

    @property
    def environment(self) -> Mapping[str, str]:
        """The keys, and the gate."""
        reach, place = self.place.reach, self.place
        keys = {"BINANCE_APIKEY": reach.api_key, "BINANCE_SECRET": reach.secret}
        joins = {JOINS: "1"} if place.positions > 1 else {}
        return {GATE: str(place.gate), "NO_COLOR": "1", **keys, **joins}


def budget_of(place: Place) -> int:
    """Return the quote currency of one position."""
    many = place.positions * len(place.symbols) > 1
    return BUDGET // 2 if many else BUDGET
