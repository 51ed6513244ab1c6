"""What all benchmarks share: repeated runs, medians, memory, a table."""

import gc
import os
import platform
import statistics
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def medians(runs: int, *measures: Callable[[], float]) -> tuple[float, ...]:
    """Return the median of each measure over ``runs`` rounds, taken in turn: one sitting."""
    rounds = [[_measured(measure) for measure in measures] for _ in range(runs)]
    return tuple(statistics.median(column) for column in zip(*rounds, strict=True))


def resident_bytes() -> int:
    """Return what the process occupies in memory now (Linux)."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_BYTES


def machine() -> str:
    """Name what ran the benchmark, and what else kept it busy."""
    return (
        f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()},"
        f" load average {os.getloadavg()[0]:.1f}"
    )


def show(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table: the first column is text, the others are numbers."""
    table = Table(title=title, title_justify="left")
    for place, column in enumerate(columns):
        table.add_column(column, justify="right" if place else "left")
    for row in rows:
        table.add_row(*row)
    Console().print(table)


def _measured(measure: Callable[[], float]) -> float:
    gc.collect()
    return measure()
