"""A real session is looked into once it is over: each run by its own records, also after a kill."""

import json
import signal
from pathlib import Path

from tests.system.running import Finished, run_supervisor
from tests.system.test_resume import started, trade


def look(session: Path, *commands: str) -> Finished:
    return run_supervisor(
        "inspect", "--session", session, *(w for c in commands for w in ("-c", c))
    )


def last_of(session: Path) -> int:
    told = json.loads(look(session, "tree --json").stdout)
    assert isinstance(told["sequence"], int)
    return told["sequence"]


def test_each_run_of_an_account_ends_at_its_own_last_record(tmp_path: Path) -> None:
    folders = []
    for more in ((), (), ("--fresh",)):
        folders.append(tmp_path / f"session-{len(list(tmp_path.iterdir()))}")
        assert trade(tmp_path, "--duration", "2", *more).exit_code == 0
    facts = [json.loads((one / "session.json").read_text()) for one in folders]
    assert [last_of(one) for one in folders] == [one["last_sequence"] for one in facts]
    seen = look(folders[0], "why p1", "history p1 -n 3", "why btc", "at 5", "tree")
    assert seen.exit_code == 0, seen.stderr
    assert "how it came" in seen.stdout


def test_a_killed_session_is_read_to_its_last_durable_record(tmp_path: Path) -> None:
    session = tmp_path / f"session-{len(list(tmp_path.iterdir()))}"
    with started(tmp_path) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "protecting" in line:
                break
        process.send_signal(signal.SIGKILL)
    seen = look(session, "why p1", "book")
    assert seen.exit_code == 0, seen.stderr
    assert "the strategy asked for it" in seen.stdout
    refused = look(session, "tap")
    assert refused.exit_code == 1
    assert "needs a running session; this one is over" in refused.stderr
