"""Rounds of one situation for one program, one after the other."""

import os
import threading
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import NamedTuple

import msgspec

from benchmarks.seconds.figures import window_seconds
from benchmarks.seconds.programs import Holdfast, Place, Program
from benchmarks.seconds.rig import ProgramEndedError, Rig
from benchmarks.seconds.round import Round
from benchmarks.seconds.situations import Situation
from benchmarks.seconds.table import Result

_SLOWER_SECONDS = 20.0
"""freqtrade looks at the market every 5 s, so a round with it takes longer."""


class Sequence(NamedTuple):
    """What is to be played."""

    situation: Situation
    program: str
    mode: str
    """Of the program: how it protects."""
    make: Callable[[Place], Program]
    rounds: int

    @property
    def key(self) -> str:
        """What its folder is called."""
        return f"{self.program}-{self.situation.key}"

    @property
    def round_seconds(self) -> float:
        """About how long a round takes."""
        return self.situation.round_seconds + _SLOWER_SECONDS * (self.program != Holdfast.name)


def play(sequence: Sequence, folder: Path, ending: threading.Event) -> list[Result]:
    """Play the rounds; after one that went wrong, on a new server. Keep results in ``folder``."""
    results: list[Result] = []
    for life in count():
        if len(results) == sequence.rounds:
            return results
        place = folder / f"{sequence.key}-{life}"
        with _rig(sequence, place, ending) as rig:
            rig.program.start()
            begun = len(results)
            for number in range(begun, sequence.rounds):
                results.append(_played(sequence, rig, number, is_first=number == begun))
                with (folder / "results.jsonl").open("ab") as file:
                    file.write(msgspec.json.encode(results[-1]) + b"\n")
                if results[-1].troubles:
                    (place / "trouble.txt").write_text(rig.program.log_tail())
                    break
    raise AssertionError("it counts for ever")


def _rig(sequence: Sequence, folder: Path, ending: threading.Event) -> Rig:
    situation = sequence.situation
    return Rig(
        folder,
        sequence.make,
        ending,
        situation.symbols,
        situation.positions,
        has_own_coins=situation.has_own_coins,
    )


def _played(sequence: Sequence, rig: Rig, number: int, *, is_first: bool) -> Result:
    one, situation = Round(rig, number, is_first=is_first), sequence.situation
    try:
        situation.play(one)
        one.judge() if situation.is_steady else one.finish()
    except (OSError, LookupError, ValueError, ProgramEndedError) as error:
        one.troubles.append(f"the round broke off: {error!r}")
    figures = tuple(figure.of(one) for figure in situation.figures)
    return Result(
        program=sequence.program,
        situation=situation.key,
        number=number,
        figures=figures,
        window_seconds=window_seconds(one),
        load=os.getloadavg()[0],
        troubles=tuple(one.troubles),
    )
