"""A recorded session is flown again, message for message, and out of order."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from actors.position.actor import PositionActor
from messages.base import Message, Timestamp
from messages.envelope import Step
from tests.system.running import run_supervisor
from verification.journal_replay import __main__ as replay_race
from verification.journal_replay.__main__ import keep, load
from verification.journal_replay.near_misses import fly, orders_to_try
from verification.journal_replay.recordings import find_journal, read
from verification.journal_replay.replay import Differs, Flight, Recording
from verification.simulation.runs import without_logs

SEED, SPEED, SECONDS = 7, 1_000, 3


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a paper session that has ended."""
    folder = tmp_path_factory.mktemp("flown")
    options = ["--seed", SEED, "--speed", SPEED, "--duration", SECONDS, "--session-dir", "here"]
    done = run_supervisor("run", "--headless", *map(str, options), cwd=folder)
    assert done.exit_code == 0, done.stderr
    return folder / "here"


@pytest.fixture
def recording(session: Path) -> Recording:
    """All of it."""
    (stretch,) = read(find_journal(session, session.parent / "state")[0])
    return stretch.recording(1, stretch.last)


def flown(*arguments: str | Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    exit_code = replay_race.main([str(argument) for argument in arguments])
    return exit_code, capsys.readouterr().out


def test_a_session_comes_out_as_it_was_recorded(
    session: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = session.parent / "state"
    exit_code, said = flown(session, "--state-dir", state, "--perturb", "2", capsys=capsys)
    assert "every effect the same" in said
    assert "0 near misses" in said
    assert exit_code == 0


def test_the_journal_of_a_replay_flies_too(capsys: pytest.CaptureFixture[str]) -> None:
    shipped = Path(__file__).parents[1] / "data" / "session"
    exit_code, said = flown(shipped, "--perturb", "20", capsys=capsys)
    assert "every effect the same" in said
    assert "0 near misses" in said
    assert exit_code == 0


def test_a_killed_session_is_found_by_what_it_wrote_down(
    session: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    facts = msgspec.json.decode((session / "session.json").read_bytes())
    facts["last_sequence"] = None  # nobody was left to write it
    killed = tmp_path / "sessions" / "killed"
    killed.mkdir(parents=True)
    (killed / "session.json").write_bytes(msgspec.json.encode(facts))
    assert flown(killed, "--to", "20", capsys=capsys) == (
        0,
        "records 1 to 20: every effect the same\n",
    )
    facts["epoch"] = 7
    (killed / "session.json").write_bytes(msgspec.json.encode(facts))
    exit_code, said = flown(killed, capsys=capsys)
    assert exit_code == 2
    assert "there is nothing from 1" in said


def test_a_stretch_in_a_file_is_flown_out_of_order_too(
    session: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.flight"
    flown(session, "--to", "40", "--out", file, capsys=capsys)
    exit_code, said = flown(file, "--from", "10", "--perturb", "2", capsys=capsys)
    assert "records 10 to 40: every effect the same" in said
    assert "records 10 to 40, seed 1: 2 orders tried" in said
    assert exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--from", "0"), "--from: 0 is less than 1"),
        (("--from", "9", "--to", "3"), "--from 9 is behind --to 3"),
        (("--perturb", "-1"), "--perturb: -1 is less than 1"),
        (("--out", "a.txt"), "a.txt does not end in .flight"),
    ],
)
def test_an_argument_that_makes_no_sense_is_refused(
    arguments: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        replay_race.main(["here", *arguments])
    assert says in capsys.readouterr().err


def test_a_stretch_begins_with_the_cut_before_it(recording: Recording, session: Path) -> None:
    (stretch,) = read(session.parent / "state" / "paper-embedded-main")
    middle = len(recording.records) // 2
    flight = Flight(stretch.recording(middle, stretch.last))
    assert next(flight.fly()).sequence == middle
    flight.close()


def test_a_step_that_comes_out_otherwise_is_named(recording: Recording) -> None:
    changed = next(r for r in recording.records if r.actor.startswith("position/") and r.outbox)
    other = msgspec.structs.replace(changed, outbox=changed.outbox[1:])
    records = tuple(other if r is changed else r for r in recording.records)
    flight = Flight(msgspec.structs.replace(recording, records=records))
    with pytest.raises(Differs, match=rf"record {changed.sequence}, {changed.actor} on .*: outbox"):
        list(flight.fly())
    flight.close()


def test_what_breaks_only_out_of_order_is_a_near_miss(
    session: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (stretch,) = read(find_journal(session, session.parent / "state")[0])
    records = stretch.recording(1, stretch.last).records
    begun = next(one.sequence for one in records if one.actor.startswith("position/"))
    first = stretch.recording(begun, begun + 60)
    seen: set[tuple[str, ...]] = set()
    before: list[str] = [""]
    step = PositionActor.step

    def pair(actor: PositionActor, message: Message) -> tuple[str, ...]:
        """Return what positions heard last, and now."""
        before.append(f"{actor.address} {type(message).__name__}")
        return before[-2], before[-1]

    def looking(actor: PositionActor, message: Message, now: Timestamp) -> Step:
        seen.add(pair(actor, message))
        return step(actor, message, now)

    def breaking(actor: PositionActor, message: Message, now: Timestamp) -> Step:
        if pair(actor, message) not in seen:
            raise RuntimeError("never heard so")
        return step(actor, message, now)

    monkeypatch.setattr(PositionActor, "step", looking)
    flight, error = fly(first, ())
    assert error is None
    monkeypatch.setattr(PositionActor, "step", breaking)
    with without_logs():
        orders = orders_to_try(len(flight.taken), 60, seed=1)
        errors = {fly(first, order)[1] for order in orders}
    assert any("never heard so" in (error or "") for error in errors)


def test_a_flight_is_kept_and_read_again(recording: Recording, tmp_path: Path) -> None:
    path = keep(recording, tmp_path / "one.flight", (0, 2), "a rule")
    again, kept = load(path)
    assert again == recording
    assert (kept.order, kept.broke) == ((0, 2), "a rule")


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda folder: folder / "nowhere", "is no folder"),
        (lambda folder: folder, "holds neither session.json nor"),
        (lambda folder: _written(folder / "summary.json", "{}"), "was a replay"),
        (lambda folder: _written(folder / "session.json", "{"), "can't be read"),
        (lambda folder: _written(folder / "session.json", "{}"), "name its folder of accounts"),
        (lambda folder: _written(folder / "a.flight", "x") / "a.flight", "is no flight"),
    ],
)
def test_a_session_that_is_none_is_told_plainly(
    make: Callable[[Path], Path], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exit_code, said = flown(make(tmp_path), capsys=capsys)
    assert exit_code == 2
    assert says in said


def test_records_that_there_are_not_are_told(
    session: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = session.parent / "state"
    exit_code, said = flown(session, "--state-dir", state, "--from", "999999", capsys=capsys)
    assert exit_code == 2
    assert "there is nothing from 999999" in said


def _written(file: Path, text: str) -> Path:
    file.write_text(text)
    return file.parent
