"""Kill a real paper session at random instants and resume it each time; then verify and compare.

python -m tests.system.kill_soak 100 [SEED]
"""

import argparse
import random
import signal
import tempfile
import time
from pathlib import Path

from commands.verify import Verdict, verify
from tests.system.test_resume import check_books, cut_of, started, trade

LONGEST_SECONDS = 1.5
"""From the first screen to the kill."""


def main(kills: int, seed: int) -> None:
    """Raise ``AssertionError`` where anything is lost, doubled or not reproduced."""
    chance = random.Random(seed)  # noqa: S311 - to be repeated
    with tempfile.TemporaryDirectory(prefix="holdfast-kills-") as place:
        folder = Path(place)
        for kill in range(1, kills + 1):
            with started(folder) as process:
                time.sleep(chance.uniform(0, LONGEST_SECONDS))
                process.send_signal(signal.SIGKILL)
            cut = cut_of(folder)
            print(f"{kill}: killed, whole up to record {cut.sequence}", flush=True)  # noqa: T201
        ended = trade(folder, "--duration", "3")
        assert ended.exit_code == 0, ended.stderr
        check_books(cut_of(folder))
        assert verify(folder / "state", None) is Verdict.REPRODUCED


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kills", type=int)
    parser.add_argument("seed", type=int, nargs="?", default=1)
    given = parser.parse_args()
    main(given.kills, given.seed)
