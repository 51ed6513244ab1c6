"""Seconds that cost money: after a kill, after faults on the wire, and what a quiet minute weighs.

    python -m benchmarks.seconds [--freqtrade PYTHON] [--rounds 10] [--jobs 6] [--only KEY,KEY]

Each program trades live at an exchange server of its own (Binance's dialect, TLS, loopback), under
the same market and the same faults. Every figure comes from the venue's ledger. ``--quick``: one
round of three situations. ``--folder`` keeps ledgers, logs and results.
"""

import argparse
import signal
import sys
import tempfile
import threading
from collections.abc import Sequence as Sequenced
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from statistics import median
from typing import NoReturn

from benchmarks.measure import machine
from benchmarks.seconds.freqtrade import Freqtrade, version_of
from benchmarks.seconds.programs import BUDGET, STOP, SWITCHING, Holdfast, Place
from benchmarks.seconds.rig import PACE_SECONDS, SYMBOLS, MakeProgram
from benchmarks.seconds.round import LOOP_SECONDS
from benchmarks.seconds.sequence import Sequence, play
from benchmarks.seconds.situations import SITUATIONS
from benchmarks.seconds.table import Result, table
from exchange.server.wire import Reach

SWITCHED_ON = "live mode, TLS, signatures, the journal on the disk, the defaults of [live]"
ROUNDS = 10
JOBS = 6
PROGRAMS = (Holdfast.name, Freqtrade.name)
_NOWHERE = Reach(hosts=(), port=0, authority_pem="", api_key="", secret="")
QUICK = ("protection_answered_502", "killed_while_holding", "exit_timed_out")


def main(arguments: Sequenced[str]) -> dict[str, list[Result]]:
    """Measure, print, and return the results by program and situation."""
    options = _options(arguments)
    sequences = _sequences(options)
    print(f"{machine()}. Switched on: {SWITCHED_ON}.")
    print(_settings(options.freqtrade))
    with tempfile.TemporaryDirectory(prefix="holdfast-seconds-") as temporary:
        folder = Path(temporary) if options.folder is None else options.folder
        played = _played(sequences, folder, options.jobs)
    _show(sequences, played)
    print(f"At its end: {machine()}, {options.jobs} rounds beside each other.")
    return played


def _options(arguments: Sequenced[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.seconds", description=__doc__.partition("\n")[0]
    )
    known = [one.key for one in SITUATIONS]
    parser.add_argument("--freqtrade", metavar="PYTHON", help="of an environment that has it")
    parser.add_argument(
        "--program", choices=PROGRAMS, action="append", help="measure this one only; repeatable"
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--jobs", type=int, default=JOBS, help="rounds beside each other")
    parser.add_argument("--only", metavar="KEY,KEY", help=f"some of: {', '.join(known)}")
    parser.add_argument("--folder", type=Path, help="keeps ledgers, logs and results")
    parser.add_argument("--quick", action="store_true", help="one round of a few situations")
    options = parser.parse_args(arguments)
    if options.rounds < 1 or options.jobs < 1:
        parser.error("--rounds and --jobs count from 1")
    if options.quick:
        options.rounds = 1
    keys = options.only.split(",") if options.only else (QUICK if options.quick else known)
    if unknown := sorted(set(keys) - set(known)):
        parser.error(f"no situation {', '.join(unknown)}; there are: {', '.join(known)}")
    if options.program == [Freqtrade.name] and options.freqtrade is None:
        parser.error("--program freqtrade needs --freqtrade PYTHON")
    options.situations = [one for one in SITUATIONS if one.key in keys]
    if options.freqtrade is not None and version_of(options.freqtrade) is None:
        parser.error(f"--freqtrade: {options.freqtrade} is no Python that has freqtrade")
    if options.folder is not None:
        try:
            options.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            parser.error(f"--folder: {error}")
        options.folder = options.folder.resolve()
        if any(options.folder.iterdir()):
            parser.error(f"--folder: {options.folder} is not empty")
    return options


def _sequences(options: argparse.Namespace) -> list[Sequence]:
    sequences = []
    for one in options.situations:
        make: MakeProgram = partial(Holdfast, mode=one.holdfast)
        sequences.append(Sequence(one, Holdfast.name, one.holdfast, make, options.rounds))
        if one.freqtrade is not None and options.freqtrade is not None:
            make = partial(Freqtrade, mode=one.freqtrade, python=options.freqtrade)
            sequences.append(Sequence(one, Freqtrade.name, one.freqtrade, make, options.rounds))
    wanted = options.program or PROGRAMS
    return [one for one in sequences if one.program in wanted]


def _played(sequences: list[Sequence], folder: Path, jobs: int) -> dict[str, list[Result]]:
    """Play the sequences beside each other, those with the longest rounds first."""
    ending = threading.Event()
    longest_first = sorted(sequences, key=lambda one: -one.round_seconds)
    with ThreadPoolExecutor(jobs) as pool:
        begun = {one.key: pool.submit(play, one, folder, ending) for one in longest_first}
        try:
            return {one.key: begun[one.key].result() for one in sequences}
        except BaseException:
            ending.set()
            pool.shutdown(cancel_futures=True)
            raise


def _settings(freqtrade: str | None) -> str:
    place = Place(Path("FOLDER"), _NOWHERE, SYMBOLS[:1], 1, 0)
    sets = " ".join(Holdfast(place, "MODE").sets)
    switching = " ".join(SWITCHING)
    peer = (
        "skipped, no --freqtrade PYTHON was given."
        if freqtrade is None
        else f"{version_of(freqtrade)}: stoploss and minimal_roi {STOP}, market orders (at the"
        f" exchange a stop-limit), process_throttle_secs {LOOP_SECONDS:g}, price_side other,"
        " enable_ws false; the rest are its defaults."
    )
    return (
        f"The market moves every {PACE_SECONDS:g} s. Both programs: {BUDGET} USDT a position, stop"
        f" and target {STOP} from the entry, market entry and exit, no pause between positions.\n"
        f"Holdfast: {sets}; in switching also {switching}\nfreqtrade {peer}"
    )


def _show(sequences: list[Sequence], played: dict[str, list[Result]]) -> None:
    results = {(one.program, one.situation.key): played[one.key] for one in sequences}
    situations = list(dict.fromkeys(one.situation for one in sequences))
    programs = [name for name in PROGRAMS if any(one.program == name for one in sequences)]
    print("Seconds, median / worst; weights are a minute's.")
    print(table(situations, programs, results, Holdfast.name))
    for one in sequences:
        found = [result for result in played[one.key] if result.troubles]
        load = median(result.load for result in played[one.key])
        wrong = f"{len(found)} of {one.rounds} went wrong"
        print(f"{one.key} ({one.mode}): {wrong}; median load {load:.1f}")
        for result in found:
            print(f"  round {result.number + 1}: {'; '.join(result.troubles)}")
    for situation in situations:
        if situation.freqtrade is None:
            print(f"freqtrade takes no part in {situation.key}: {situation.without_freqtrade}.")


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM):  # also where a shell let it ignore them
        signal.signal(number, _interrupt)
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit("interrupted; finished rounds are in results.jsonl of --folder")
