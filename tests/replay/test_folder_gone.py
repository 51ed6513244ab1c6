"""A replay whose folder is removed while it plays ends with a clear line, and not with 0."""

import shutil
from pathlib import Path

import pytest

import supervisor
from actors.runtime.supervision import Children
from actors.runtime.system import System
from commands.replay import Request, replay
from session.options import Options
from session.wiring import Wiring
from terminal.errors import RunFailedError
from verification.sources import ROOT

BTC = ROOT / "tests" / "data" / "BTC-USDT-1m.csv"


@pytest.mark.parametrize("keeps_journal", [True, False])
def test_a_replay_whose_folder_is_removed_says_so(tmp_path: Path, *, keeps_journal: bool) -> None:
    folder = tmp_path / "session"

    def start(system: System, wiring: Wiring) -> Children:
        shutil.rmtree(folder)
        return supervisor.start(system, wiring)

    options = Options(session_dir=folder, headless=True, duration_seconds=0.2)
    request = Request(
        recordings=(BTC,), options=options, keeps_journal=keeps_journal, speed=1_000.0
    )
    with pytest.raises(RunFailedError, match=r"was removed|can't be written"):
        replay(start, request)
