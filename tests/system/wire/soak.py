"""The long version: recordings traded through a failing wire, and kills at random instants.

python -m tests.system.wire.soak KILLS MINUTES RECORDING... [--seed N]

Each recording (of BTC/USDT) is traded for MINUTES in every scene with every fault there is; then
every kill of the suite and the rest of them, then KILLS at random moments of a session that trades
the first recording. Raises where anything is lost, doubled, left over or not reproduced.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path

from loguru import logger

from exchange.server.remote import ServerProcess
from tests.system.wire.program import Program, check_account, dust_most, trading
from tests.system.wire.scenes import BALANCES, LIVELY, SCENES, SYMBOL, Scene, faults, prices
from tests.system.wire.test_kills import KILLS, killed_and_resumed
from tests.system.wire.test_trading import trade

LONGEST_SECONDS = 0.1
"""Between two prices of a session that is killed."""
PRICES_A_LIFE = 40


def main(arguments: argparse.Namespace) -> None:
    logger.remove()  # what the sessions in this process say
    for recording in arguments.recordings:
        for scene in SCENES:
            with folder() as place:
                walk = prices(recording, LIVELY, arguments.minutes)
                traded = trade(scene, faults(scene.dialect), walk, place)
            requests, missed = len(traded.requests), len(traded.to_come)
            say(f"{recording.name}, {scene}: {len(traded.trades)} trades, {requests} requests,")
            say(f"  {len(faults(scene.dialect)) - missed} faults, the ledger is exact")
    for kill in KILLS:
        with folder() as place, server(kill.scene, place) as process:
            killed_and_resumed(kill, process, place)
        say(f"killed: {kill}, resumed, flat, verified")
    chance = random.Random(arguments.seed)  # noqa: S311 - to be repeated
    for scene in SCENES:
        walk = cycle(tuple(prices(arguments.recordings[0], LIVELY, 600)))
        with folder() as place, server(scene, place) as process:
            killed_at_random(scene, process, place, chance, walk, arguments.kills // len(SCENES))


def killed_at_random(
    scene: Scene,
    process: ServerProcess,
    place: Path,
    chance: random.Random,
    walk: Iterator[float],
    kills: int,
) -> None:
    price = next(walk)
    process.move(SYMBOL, price)
    begin = process.read()
    for _ in range(kills):
        with Program(process, place, *trading(scene, place, "Always", "--yes")) as program:
            program.read_until("markets")
            process.wait_for(lambda picture: any("ookTicker" in one for one in picture.topics))
            for _ in range(chance.randrange(PRICES_A_LIFE)):
                price = next(walk)
                process.move(SYMBOL, price)
                time.sleep(chance.uniform(0, LONGEST_SECONDS))
            program.kill()
    with Program(process, place, *trading(scene, place, "Never", "--yes")) as program:
        program.read_until("markets")
        process.wait_for(lambda picture: any("ookTicker" in one for one in picture.topics))
        process.move(SYMBOL, price * 1.01)
        process.wait_for(lambda picture: picture.total("BTC") < dust_most(scene, picture))
        # What filled is told by the stream, or found by the next look; then the books are whole.
        process.wait_for(lambda picture: all(one.is_terminal for one in picture.orders))
        assert program.interrupt() == 0, program.said
    end = process.read()
    check_account(scene, place, begin, end)
    say(f"{scene}: {kills} kills at random, {len(end.orders)} orders, each once; verified")


@contextmanager
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="holdfast-wire-") as place:
        yield Path(place)


def server(scene: Scene, place: Path) -> ServerProcess:
    return ServerProcess(scene.dialect, [scene.rules], BALANCES, place)


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a command


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("kills", type=int)
    parser.add_argument("minutes", type=int)
    parser.add_argument("recordings", type=Path, nargs="+")
    parser.add_argument("--seed", type=int, default=1)
    main(parser.parse_args())
