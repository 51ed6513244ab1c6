"""``verify`` says what holds, names the first thing that does not, and changes nothing."""

from collections.abc import Iterable
from pathlib import Path
from shutil import copytree

import msgspec
import pytest

from actors.journal.code_hash import code_version
from actors.journal.identity import beginning
from actors.journal.inspection import ANCHOR, find
from actors.journal.lease import Lease
from actors.journal.port import Record
from actors.journal.retention import Retention
from actors.journal.segment import remove_segment, segment_numbers, segment_path
from actors.journal.store import FileJournal, JournalLimits, Origin
from commands.verify import Verdict, verify
from config.loading import load
from messages.addresses import ORDER_ROUTER
from replay.stage import replay_identity
from session.account import Account
from terminal.errors import UsageError
from tests.actors.journal.history import NOW, holder, records

NAME = "paper-embedded-main"
CONFIG = msgspec.json.encode(load(None, [])).decode()
LIMITS = JournalLimits(segment_bytes=150_000, reserve_bytes=4_096)


def write(state: Path, some: Iterable[Record], code: str = "", keep_bytes: int = 10**9) -> Path:
    folder = state / NAME
    lease = Lease(folder, holder())
    origin = Origin(code=code or code_version(), config=CONFIG, seed=1)
    retention = Retention(size_bytes=keep_bytes, floor_bytes=1)
    limits = msgspec.structs.replace(LIMITS, retention=retention)
    found = find(folder) or beginning(replay_identity(load(None, [])), NOW, 7)
    journal = FileJournal(lease, origin, limits, found, NOW)
    for record in some:
        journal.append(record)
        if record.sequence % 10 == 0:
            journal.commit()
            if journal.wants_segment:
                journal.begin_segment((), record.now)
    journal.commit()
    journal.close()
    lease.close()
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_whole_journal_is_reproduced_and_left_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write(tmp_path, records())
    assert len(segment_numbers(folder)) > 1
    before = contents(folder)
    assert verify(tmp_path, None) is Verdict.REPRODUCED
    assert contents(folder) == before
    said = capsys.readouterr().out
    assert f"{len(records())} steps reproduced" in said
    assert "whole and reproduced" in said


def test_the_log_of_a_killed_process_is_read_and_left_as_it_is(tmp_path: Path) -> None:
    lease = Lease(tmp_path / "alive" / NAME, holder())
    origin = Origin(code=code_version(), config=CONFIG, seed=1)
    found = beginning(replay_identity(load(None, [])), NOW, 7)
    journal = FileJournal(lease, origin, LIMITS, found, NOW)
    for record in records()[:40]:
        journal.append(record)
    journal.commit()
    copytree(lease.folder, tmp_path / "killed" / NAME)
    journal.close()
    lease.close()
    before = contents(tmp_path / "killed" / NAME)
    assert before["segment-000001.sqlite-wal"]
    assert verify(tmp_path / "killed", None) is Verdict.REPRODUCED
    assert contents(tmp_path / "killed" / NAME) == before


def test_a_flipped_byte_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write(tmp_path, records()[:100])
    path = segment_path(folder, 1)
    data = bytearray(path.read_bytes())
    data[data.rindex(b"OrderUpdated")] ^= 1
    path.write_bytes(data)
    assert verify(tmp_path, NAME) is Verdict.NOT_WHOLE
    assert "NOT WHOLE: segment 1: records" in capsys.readouterr().out


def test_a_lost_suffix_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write(tmp_path / "long", records()[:100])
    short = write(tmp_path / "short", records()[:60])
    (short / ANCHOR).write_bytes((folder / ANCHOR).read_bytes())
    assert verify(tmp_path / "short", None) is Verdict.NOT_WHOLE
    assert "records 61 to 100 were durable and are lost" in capsys.readouterr().out


def test_a_journal_of_which_only_the_anchor_is_left_is_lost_not_absent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write(tmp_path, records()[:20])
    remove_segment(folder, 1)
    assert verify(tmp_path, None) is Verdict.NOT_WHOLE
    assert "records 1 to 20 were durable and are lost" in capsys.readouterr().out


def test_of_a_loss_that_a_start_went_on_from_only_the_loss_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write(tmp_path, records()[:40])
    (folder / ANCHOR).unlink()
    with Account(folder, tmp_path / "session", NOW, is_fresh=False) as account:
        account.open_journal(load(None, []), NOW)
    capsys.readouterr()
    assert verify(tmp_path, None) is Verdict.NOT_WHOLE
    problems = [line for line in capsys.readouterr().out.splitlines() if "NOT WHOLE" in line]
    assert len(problems) == 1
    assert "there is no anchor" in problems[0]


def test_records_that_are_removed_are_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write(tmp_path, records(), keep_bytes=1)
    found = find(folder)
    assert found is not None
    assert verify(tmp_path, None) is Verdict.REPRODUCED
    said = capsys.readouterr().out
    older = int(said.split(" older records are removed")[0].split()[-1])
    assert older > 0
    assert f"{found.snapshot.sequence - older} records in 1 segment\n" in said


def test_the_first_step_that_comes_out_otherwise_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = list(records()[:100])
    place = next(n for n, one in enumerate(changed) if one.actor == ORDER_ROUTER and n > 30)
    changed[place] = msgspec.structs.replace(changed[place], outbox=())
    write(tmp_path, changed)
    assert verify(tmp_path, None) is Verdict.NOT_WHOLE
    said = capsys.readouterr().out
    assert f"record {place + 1}, order_router on" in said
    assert "messages then and has" in said


def test_what_other_code_wrote_is_counted_and_not_re_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, records()[:100], code="older")
    assert verify(tmp_path, None) is Verdict.NOT_RERUN
    assert "100 not re-run" in capsys.readouterr().out


def test_a_step_that_raised_then_and_does_not_now_is_a_difference(tmp_path: Path) -> None:
    changed = list(records()[:50])
    changed[20] = msgspec.structs.replace(changed[20], error="ValueError: then")
    write(tmp_path, changed)
    assert verify(tmp_path, None) is Verdict.NOT_WHOLE


@pytest.mark.parametrize("account", [None, "another"])
def test_an_account_that_is_not_there_is_named(tmp_path: Path, account: str | None) -> None:
    with pytest.raises(UsageError, match="no journal"):
        verify(tmp_path, account)


def test_a_journal_in_use_is_left_alone(tmp_path: Path) -> None:
    folder = write(tmp_path, records()[:10])
    lease = Lease(folder, holder())
    with pytest.raises(UsageError, match="in use by process 4711"):
        verify(tmp_path, None)
    lease.close()
