"""Make the recorded session that ships: ``python -m tests.data.record_session``.

A replay of ETH-USDT-1m.csv whose journal is kept, without what is different each time.
"""

import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from tests.system.running import run_supervisor
from verification.sources import ROOT

FOLDER = ROOT / "tests" / "data" / "session"
ARGUMENTS = (
    "replay",
    "tests/data/ETH-USDT-1m.csv",
    "--journal",
    "--headless",
    "--set",
    "drop.drop_ratio=3%",
    "--set",
    "paper.latency_seconds=0.2",
    "--set",
    "plan.protection_mode=synthetic",
)
KEPT = ("session.json", "trades.csv", "anchor", "segment-000001.sqlite")
SAID = "2024-01-01T00:00:00+00:00"


def record(folder: Path) -> None:
    """Write the session into ``folder``, in the place of what is there."""
    with TemporaryDirectory() as beside:
        made = Path(beside) / "session"
        finished = run_supervisor(*ARGUMENTS, "--session-dir", made)
        if finished.exit_code:
            sys.exit(finished.stderr)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name in KEPT:
            shutil.copyfile(made / name, folder / name)
    path = folder / "session.json"
    facts = msgspec.json.decode(path.read_bytes())
    facts |= {"pid": 0, "python": "3", "started_at": SAID, "ended_at": SAID}
    facts["command"] = ["supervisor.py", *ARGUMENTS]
    path.write_bytes(msgspec.json.format(msgspec.json.encode(facts), indent=2) + b"\n")


if __name__ == "__main__":
    record(FOLDER)
