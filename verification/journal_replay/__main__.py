"""Fly a session again: ``python -m verification.journal_replay SESSION``.

Exits with 1 where it differs.

SESSION is a session's folder, an account's, or a ``.flight`` file that this wrote. Its journal is
replayed message for message through the actors of production, and every effect compared; then, with
``--perturb``, the order of deliveries is changed here and there, to look for near misses.
"""

import argparse
import sys
from functools import partial
from pathlib import Path

import msgspec
from rich.console import Console

from actors.journal.codec import UnreadableError, decode, decode_snapshot, encode, encode_snapshot
from verification.journal_replay.near_misses import fly, orders_to_try
from verification.journal_replay.recordings import (
    SessionError,
    Stretch,
    find_journal,
    read,
    settings_of,
)
from verification.journal_replay.replay import Differs, Flight, Recording
from verification.simulation.runs import rule_of, without_logs
from verification.simulation.schedules import in_a_name
from verification.simulation.shrinking import shrink

SUFFIX = ".flight"
WINDOW = 120
"""Records around a chosen moment: what a perturbed flight begins and ends with."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A flight as a file: a stretch of a journal, and in which order it is delivered."""

    settings: bytes
    epoch: int
    opening: bytes
    records: tuple[bytes, ...]
    order: tuple[int, ...] = ()
    """0 is as recorded; n the n-th after it of what else could come."""
    broke: str = ""
    """The rule that broke; empty: none."""


def keep(recording: Recording, path: Path, order: tuple[int, ...] = (), broke: str = "") -> Path:
    """Write a flight's file. Raises ``SessionError``."""
    kept = Kept(
        settings=msgspec.json.encode(recording.settings),
        epoch=recording.epoch,
        opening=encode_snapshot(recording.opening),
        records=tuple(encode(record) for record in recording.records),
        order=order,
        broke=broke,
    )
    try:
        path.write_bytes(msgspec.msgpack.encode(kept))
    except OSError as error:
        raise SessionError(f"{path} can't be written: {error.strerror}") from None
    return path


def load(path: Path) -> tuple[Recording, Kept]:
    """Read a flight's file. Raises ``SessionError``."""
    try:
        kept = msgspec.msgpack.decode(path.read_bytes(), type=Kept)
        recording = Recording(
            settings=settings_of(kept.settings),
            epoch=kept.epoch,
            opening=decode_snapshot(kept.opening),
            records=tuple(decode(one) for one in kept.records),
        )
    except FileNotFoundError:
        raise SessionError(f"{path} is not there") from None
    except (OSError, msgspec.DecodeError, UnreadableError) as error:
        raise SessionError(f"{path} is no flight: {error}") from None
    return recording, kept


def recordings(options: argparse.Namespace, console: Console) -> list[Recording]:
    """Return what is to be flown, one for each process that wrote it. Raises ``SessionError``."""
    journal = find_journal(options.session, options.state_dir)
    stretches = list(read(journal.folder))
    begin = max(options.first or journal.first, stretches[0].first)
    end = min(options.last or journal.last or sys.maxsize, stretches[-1].last)
    epoch = None if options.first or options.last else journal.epoch
    chosen = [
        one
        for one in stretches
        if one.first <= end and one.last >= begin and epoch in {None, one.epoch}
    ]
    if begin > end or not chosen:
        raise SessionError(
            f"there is nothing from {begin} to {end}: {journal.folder} holds records "
            f"{stretches[0].first} to {stretches[-1].last}"
        )
    for one in chosen:
        if one.is_other_code:
            console.print(f"records {one.first} to {one.last} were written by other code")
    return [_cut(one, begin, end) for one in chosen]


def _cut(stretch: Stretch, begin: int, end: int) -> Recording:
    return stretch.recording(max(begin, stretch.first), min(end, stretch.last))


def replay(recording: Recording, console: Console) -> bool:
    """Fly as recorded; say what differs first. Return whether nothing does."""
    flight = Flight(recording)
    count = 0
    try:
        for _ in flight.fly():
            count += 1
    except Differs as difference:
        console.print(f"DIFFERS after {count} records: {difference}", markup=False)
        return False
    finally:
        flight.close()
    records = recording.records
    console.print(f"records {records[0].sequence} to {records[-1].sequence}: every effect the same")
    return True


def perturb(recording: Recording, options: argparse.Namespace, console: Console) -> int:
    """Fly out of order, so many times; tell each near miss once. Return how many there are."""
    flight, error = fly(recording, ())
    if error is not None:
        console.print(f"as recorded it breaks a rule: {error}", markup=False)
        return 1
    found: dict[str, tuple[int, ...]] = {}
    tries = orders_to_try(len(flight.taken), options.perturb, options.seed)
    traces = set()
    for order in tries:
        flown, error = fly(recording, order)
        traces.add(hash(tuple(flown.lines)))
        if error is not None:
            found.setdefault(rule_of(error), order)
    first, last = recording.records[0].sequence, recording.records[-1].sequence
    console.print(
        f"records {first} to {last}, seed {options.seed}: {len(tries)} orders tried, "
        f"{len(traces)} distinct, {len(found)} near misses"
    )
    for rule, order in found.items():
        _tell(recording, rule, order, console)
    return len(found)


def _tell(recording: Recording, rule: str, order: tuple[int, ...], console: Console) -> None:
    shortest = shrink(order, partial(_breaks, recording, rule), 300)
    flight, error = fly(recording, shortest)
    assert error is not None, "a shrunk order breaks the same rule"
    path = Path(f"near-miss-{recording.records[0].sequence}-{in_a_name(error)}{SUFFIX}")
    keep(recording, path, shortest, error)
    moved = ", ".join(f"{n} at delivery {place}" for place, n in enumerate(shortest) if n)
    console.print(f"\n{error}\norder: as recorded, but {moved}; kept as {path}", markup=False)
    console.print(f"again: python -m verification.journal_replay {path}", markup=False)
    console.print(flight.diagram(error), markup=False)


def _breaks(recording: Recording, rule: str, order: tuple[int, ...]) -> bool:
    error = fly(recording, order)[1]
    return error is not None and rule_of(error) == rule


def windows(recording: Recording) -> list[Recording]:
    """Cut a long stretch into windows of which each begins with the cut before it."""
    records = recording.records
    if len(records) <= WINDOW:
        return [recording]
    whole = _stretch(recording)
    return [whole.recording(one.sequence, one.sequence + WINDOW - 1) for one in records[::WINDOW]]


def _stretch(recording: Recording) -> Stretch:
    encoded = tuple(encode(record) for record in recording.records)
    return Stretch(recording.opening, recording.epoch, recording.settings, False, encoded)  # noqa: FBT003 - same code


def _kept_flights(options: argparse.Namespace, recording: Recording) -> list[Recording]:
    """Return what is to be flown of a flight's file."""
    whole = _stretch(recording)
    begin, end = options.first or whole.first, options.last or whole.last
    if begin > whole.last or end < whole.first:
        raise SessionError(
            f"there is nothing from {begin} to {end}: {options.session} holds records "
            f"{whole.first} to {whole.last}"
        )
    return [_cut(whole, begin, end)]


def _again(recording: Recording, kept: Kept, console: Console) -> int:
    """Fly a near miss again."""
    flight, error = fly(recording, kept.order)
    console.print(f"it broke {kept.broke}\nnow: {error or 'every rule holds'}", markup=False)
    if error is not None:
        console.print(flight.diagram(error), markup=False)
    return 0 if error is None else 1


def run(options: argparse.Namespace, console: Console) -> int:
    """Do what the command line says. Raises ``SessionError``."""
    if options.session.suffix == SUFFIX:
        recording, kept = load(options.session)
        if kept.order:
            return _again(recording, kept, console)
        flights = _kept_flights(options, recording)
    else:
        flights = recordings(options, console)
    if options.out is not None:
        if len(flights) > 1:
            raise SessionError("--out holds what one process wrote: choose with --from and --to")
        console.print(f"kept as {keep(flights[0], options.out)}")
    different = [one for one in flights if not replay(one, console)]
    if different:
        return 1
    if not options.perturb:
        return 0
    return (
        1 if sum(perturb(part, options, console) for one in flights for part in windows(one)) else 0
    )


def _parsed(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m verification.journal_replay", description="Fly a session again."
    )
    parser.add_argument(
        "session", type=Path, help=f"a session's or an account's folder, or a {SUFFIX} file"
    )
    parser.add_argument("--from", dest="first", type=int, metavar="SEQ", help="first record")
    parser.add_argument("--to", dest="last", type=int, metavar="SEQ", help="last record")
    parser.add_argument(
        "--perturb", type=int, metavar="N", help=f"N other orders of each {WINDOW} records"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the orders (default 1)")
    parser.add_argument("--state-dir", type=Path, help="where the accounts are; default state")
    parser.add_argument("--out", type=Path, help=f"write the schedule to this {SUFFIX} file")
    options = parser.parse_args(arguments)
    for name, number in (
        ("from", options.first),
        ("to", options.last),
        ("perturb", options.perturb),
    ):
        if number is not None and number < 1:
            parser.error(f"argument --{name}: {number} is less than 1")
    if options.first and options.last and options.first > options.last:
        parser.error(f"--from {options.first} is behind --to {options.last}")
    if options.out is not None and options.out.suffix != SUFFIX:
        parser.error(f"argument --out: {options.out} does not end in {SUFFIX}")
    return options


def main(arguments: list[str] | None = None) -> int:
    """Fly a session again; return the process's exit code."""
    options = _parsed(arguments)
    console = Console(soft_wrap=True, highlight=False)
    try:
        with without_logs():
            return run(options, console)
    except SessionError as error:
        console.print(f"error: {error}", markup=False)
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
