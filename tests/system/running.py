"""Run the program as a person does: a process of its own, watched from outside."""

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from verification.sources import ROOT

TIMEOUT_SECONDS = 120.0
"""Far more than any run here takes; one that hangs fails its test by ``TimeoutExpired``."""


class Finished(NamedTuple):
    """How a process ended, and what it said."""

    exit_code: int
    stdout: str
    stderr: str


def run_supervisor(
    *arguments: str | Path,
    hash_seed: int = 0,
    cwd: Path | None = None,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> Finished:
    """Run ``python supervisor.py`` with ``arguments``, in ``cwd`` (default: the checkout)."""
    return run_python(
        ROOT / "supervisor.py",
        *arguments,
        hash_seed=hash_seed,
        cwd=cwd,
        timeout_seconds=timeout_seconds,
    )


def run_python(
    *arguments: str | Path,
    hash_seed: int = 0,
    cwd: Path | None = None,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> Finished:
    """Run this Python with ``arguments``; its output is plain and 100 columns wide."""
    plain = {"PYTHONHASHSEED": str(hash_seed), "NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "100"}
    done = subprocess.run(  # noqa: S603 - our own Python, with arguments that a test wrote
        [sys.executable, *map(str, arguments)],
        cwd=cwd or ROOT,
        env={**os.environ, **plain},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=timeout_seconds,
        check=False,
    )
    return Finished(done.returncode, done.stdout, done.stderr)
