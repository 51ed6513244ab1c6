"""What a kill and a restart leave to be looked into: a person's commands, and a recovery."""

import json
import signal
from pathlib import Path

from tests.system.running import Finished, run_supervisor
from tests.system.test_inspect_past import look
from tests.system.test_resume import started, trade

REASON = "a news item"


def operate(session: Path, command: str) -> Finished:
    return run_supervisor(
        "inspect", "--session", session, "--operate", "--reason", REASON, "--yes", "-c", command
    )


def test_after_a_kill_a_persons_halt_holds_and_why_tells_of_the_restart(tmp_path: Path) -> None:
    first = tmp_path / "session-0"
    synthetic = ("--set", "plan.protection_mode=synthetic")  # its stop ends with the process
    with started(tmp_path, *synthetic) as process:
        try:
            assert process.stdout is not None
            for line in process.stdout:
                if "protecting" in line:
                    break
            halted = operate(first, "halt")
        finally:
            process.send_signal(signal.SIGKILL)
    assert halted.exit_code == 0, halted.stderr
    second = tmp_path / f"session-{len(list(tmp_path.iterdir()))}"
    resumed = trade(tmp_path, "--duration", "4")
    assert resumed.exit_code == 0, resumed.stderr
    assert f'"reason":"{REASON}"' in look(first, "log operator --json").stdout
    kept = json.loads(look(second, "state operator --json").stdout)
    assert len(kept["entities"][0]["command_ids"]) == 1
    assert "operator" in look(second, "state guardian").stdout
    lived = json.loads(look(first, "book --json").stdout)
    position = lived[0]["position"]["position_id"]
    told = json.loads(look(second, f"why {position} --json").stdout)
    sentences = [one["text"] for one in told["lines"]]
    restart = next(i for i, one in enumerate(sentences) if one.startswith("the process was down"))
    assert sentences[0].startswith("the strategy asked for it"), "the run before is told too"
    assert "nothing covered it from here on" in sentences[restart:]
    assert any("are accounted for" in one for one in sentences[restart:])
    assert any(one.startswith("it is restored") for one in sentences[restart:])
    assert any("process down" in one for one in told["ends"])
