"""Files and folders that a session stands on, taken away while it trades.

Judged by the venue's ledger: what is held is sold at its stop, once, and nothing more is bought.
The process says what happened within seconds and does not end with 0; the next start trades on only
where the journal is.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from commands.verify import Verdict, verify
from exchange.server.control import VenuePicture
from messages.ids import ENTRY_LEG
from tests.system.attacks.arena import FALLEN, SOON_SECONDS, Arena, Victim, coins
from tests.system.attacks.attack import Figures, attack
from tests.system.running import run_supervisor
from tests.system.wire.ids import parts_of
from tests.system.wire.scenes import SYMBOL
from verification.sources import ROOT

NOTICED, SOLD = "noticed after s", "sold after s"
NOTICED_SECONDS = 15.0
"""It looks each second; a busy machine may take longer."""
MORE = ("--set", "portfolio.positions_per_symbol=9", "--set", "portfolio.max_positions=9")
"""Every quote would be bought at, if nothing held it back."""


def removed(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def moved(path: Path) -> None:
    path.rename(aside(path))


def copied(path: Path) -> None:
    """Put a copy in its place, as from a backup."""
    copy = path.with_name(path.name + ".copy")
    _copy(path, copy)
    path.rename(aside(path))
    copy.rename(path)


def older(path: Path) -> None:
    """Put a copy in its place that was made when the session began."""
    path.rename(aside(path))
    begun(path).rename(path)


def linked(path: Path) -> None:
    """Leave a link that leads to where it is now."""
    path.rename(aside(path))
    path.symlink_to(aside(path))


def emptied(path: Path) -> None:
    """Put one in its place that holds nothing."""
    is_folder = path.is_dir()
    path.rename(aside(path))
    path.mkdir() if is_folder else path.touch()


def begun(path: Path) -> Path:
    return path.with_name(path.name + ".begun")


def copy_as_begun(path: Path) -> None:
    _copy(path, begun(path))


def _copy(path: Path, to: Path) -> None:
    if path.is_dir():
        shutil.copytree(path, to, ignore=shutil.ignore_patterns("*.sock", "*.new"))
    else:
        shutil.copy2(path, to)


def aside(path: Path) -> Path:
    return path.with_name(path.name + ".aside")


WAYS: dict[str, Callable[[Path], None]] = {
    one.__name__: one for one in (removed, moved, copied, older, linked, emptied)
}
_CALLED = {
    "lock": "the lock",
    "folder": "the account's folder",
    "segment": "the journal's file",
    "session": "the session's folder",
}
_ALL = tuple(f"{what} {way}" for what in _CALLED for way in WAYS)
_LIVE_IN_TESTS = ("folder older", "segment removed")
_PAPER_IN_TESTS = ("folder removed",)


def _without(cases: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(one for one in _ALL if one not in cases)


@attack("taken away from a live session", cases=_LIVE_IN_TESTS)
def live(arena: Arena, case: str) -> Figures:
    return _attack_live(arena, case)


@attack("taken away from a live session", cases=_without(_LIVE_IN_TESTS), in_tests=False)
def live_others(arena: Arena, case: str) -> Figures:
    return _attack_live(arena, case)


@attack("taken away from a paper session", cases=_PAPER_IN_TESTS)
def paper(arena: Arena, case: str) -> Figures:
    return _attack_paper(arena, case)


@attack("taken away from a paper session", cases=_without(_PAPER_IN_TESTS), in_tests=False)
def paper_others(arena: Arena, case: str) -> Figures:
    return _attack_paper(arena, case)


@attack("the account's folder is moved away, and back")
def moved_back(arena: Arena) -> Figures:
    program = arena.start()
    arena.wait_until_protected()
    folder = arena.account_folder
    moved(folder)
    noticed = wait_for_words(program, output(arena), f"was moved to {aside(folder)}")
    begun = time.monotonic()
    aside(folder).rename(folder)
    wait_for_words(program, output(arena), "the journal is whole again")
    healed = time.monotonic() - begun
    sold = arena.fall()
    program.stop()
    return {NOTICED: noticed, "healed after s": healed, SOLD: sold}


@attack("the account's folder is moved, its stop is hit, it is put back for the next start")
def restarted(arena: Arena) -> Figures:
    """What left without a record is found by the next session, and nothing is sold twice."""
    program = arena.start()
    arena.wait_until_protected()
    moved(arena.account_folder)
    noticed = wait_for_words(program, output(arena), "was moved to")
    assert refused(arena).startswith("error: the journal of "), "a second one trades beside it"
    sold = arena.fall()
    program.stop(codes=(1,))
    assert refused(arena).startswith("error: the journal of ")
    aside(arena.account_folder).rename(arena.account_folder)
    before = arena.server.read()
    second = arena.start(strategy="Never")
    wait_for_words(second, output(arena, -1), "resuming")
    arena.wait_until_sold()
    second.stop()
    assert len(arena.server.read().orders) == len(before.orders)
    return {NOTICED: noticed, SOLD: sold}


@attack("a busy paper session is backed up again and again")
def backed_up(arena: Arena) -> Figures:
    return _back_up(arena, 2)


@attack("a busy paper session is backed up again and again", in_tests=False)
def backed_up_often(arena: Arena) -> Figures:
    return _back_up(arena, 40)


@attack("a backup is restored that is older than what happened at the exchange")
def restored_behind(arena: Arena) -> Figures:
    """It sells nothing twice, buys nothing, and names the state until a person resumes."""
    program = arena.start()
    arena.wait_until_protected()
    backup, state = arena.folder / "backup", arena.folder / "state"
    done = run_supervisor("backup", backup, "--state-dir", state)
    assert done.exit_code == 0, done.stderr
    sold = arena.fall()
    program.kill()
    before = arena.server.read()
    done = run_supervisor("restore", backup, "--state-dir", state, "--replace")
    assert done.exit_code == 0, done.stderr
    second = arena.start(*MORE)
    file = output(arena, -1)
    named = wait_for_words(second, file, "the journal is behind its exchange: it was restored")
    wait_for_words(second, file, "→ closed")
    arena.server.move(SYMBOL, FALLEN * 1.001)
    arena.server.move(SYMBOL, FALLEN)
    second.stop()
    after = arena.server.read()
    assert buys(after) == buys(before)
    assert coins(after) == coins(before)
    return {SOLD: sold, "named after s": named}


def _back_up(arena: Arena, times: int) -> Figures:
    """Each backup is whole and re-runs; a session goes on from each, and that re-runs too."""
    file = arena.folder / "output-paper.txt"
    small = ("--set", "journal.segment_bytes=100000")
    program = start_paper(arena, arena.folder / "state", arena.folder / "session", file, *small)
    wait_for_words(program, file, "→ protecting")
    took = 0.0
    for number in range(times):
        backup = arena.folder / f"backup-{number}"
        begun_at = time.monotonic()
        done = run_supervisor("backup", backup, "--state-dir", arena.folder / "state")
        took = max(took, time.monotonic() - begun_at)
        assert done.exit_code == 0, done.stderr
        assert verify(backup, None) is Verdict.REPRODUCED
    program.stop(signal.SIGINT)
    for number in range(0, times, 3):
        state = arena.folder / f"state-{number}"
        done = run_supervisor("restore", arena.folder / f"backup-{number}", "--state-dir", state)
        assert done.exit_code == 0, done.stderr
        done = run_supervisor("--headless", "--duration", "1", "--state-dir", state, *small)
        assert done.exit_code == 0, done.stderr
        assert "RESTORED: from a backup of" in done.stdout
        assert verify(state, None) is Verdict.REPRODUCED
    return {"a backup takes s": took}


def _attack_live(arena: Arena, case: str) -> Figures:
    what, way = case.split()
    program = arena.start(*MORE)
    wait_for_words(program, output(arena), "a new account in")
    wait_until(lambda: bool(list(arena.account_folder.glob("segment-*.sqlite-wal"))))
    target = target_of(what, arena.account_folder, program.folder)
    copy_as_begun(target)
    arena.wait_until_protected()
    WAYS[way](target)
    noticed = wait_for_words(program, output(arena), f"{_CALLED[what]} {target} was")
    bought = buys(arena.server.read())
    sold = arena.fall()
    assert buys(arena.server.read()) == bought, "it took new risk"
    program.stop(codes=(1,))
    said = output(arena).read_text()
    assert "Traceback" not in said
    if what != "session":
        assert "the journal ends at record" in said
    if is_lost(what, way):
        assert "was taken away under its last session" in refused(arena)
    return {NOTICED: noticed, SOLD: sold}


def _attack_paper(arena: Arena, case: str) -> Figures:
    what, way = case.split()
    state, session = arena.folder / "state", arena.folder / "session-0"
    file = arena.folder / "output-paper.txt"
    program = start_paper(arena, state, session, file)
    account = state / "paper-embedded-main"
    wait_until(lambda: bool(list(account.glob("segment-*.sqlite-wal"))))
    target = target_of(what, account, session)
    copy_as_begun(target)
    wait_for_words(program, file, "→ protecting")
    WAYS[way](target)
    noticed = wait_for_words(program, file, f"{_CALLED[what]} {target} was")
    program.stop(signal.SIGINT, codes=(1,))
    assert "Traceback" not in file.read_text()
    if is_lost(what, way):
        second = start_paper(arena, state, arena.folder / "session-1", file)
        assert second.wait(SOON_SECONDS) == 2, "it began a new account, or went on with a copy"
        assert "was taken away under its last session" in file.read_text()
    return {NOTICED: noticed}


def start_paper(arena: Arena, state: Path, session: Path, file: Path, *more: str) -> Victim:
    """Start a session on the embedded market that trades often."""
    output = arena.opened.enter_context(file.open("ab"))
    process = subprocess.Popen(  # noqa: S603 - our own Python
        [
            *(sys.executable, str(ROOT / "supervisor.py"), "--headless", "--speed", "600"),
            *("--state-dir", str(state), "--session-dir", str(session)),
            *("--set", "drop.drop_ratio=0.2%", "--set", "portfolio.cooldown_seconds=0"),
            *more,
        ],
        cwd=arena.folder,
        env={**os.environ, "TERM": "dumb", "NO_COLOR": "1", "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
    )
    victim = Victim(process, session)
    arena.opened.callback(victim.kill)
    return victim


def target_of(what: str, account: Path, session: Path) -> Path:
    match what:
        case "folder":
            return account
        case "session":
            return session
        case "segment":
            return max(account.glob("segment-*.sqlite"))
        case _:
            return account / what


def is_lost(what: str, way: str) -> bool:
    """Whether the next start must refuse: what it finds lacks records that were durable.

    A copy that is made now has them all, and so has what a link leads to. A segment's own file
    holds only what it began with: the rest is in the log beside it.
    """
    whole = ("copied", "linked") if what == "folder" else ("copied", "linked", "older")
    return what in ("folder", "segment") and way not in whole


def refused(arena: Arena) -> str:
    """Start it again, which it must refuse; return what it said last."""
    second = arena.start(strategy="Never")
    assert second.wait(SOON_SECONDS) == 2, output(arena, -1).read_text()
    return output(arena, -1).read_text().strip().splitlines()[-1]


def output(arena: Arena, number: int = 0) -> Path:
    """Return what a session wrote to its terminal: the first one's, or -1, the last one's."""
    return sorted(arena.folder.glob("output-*"))[number]


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SOON_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def wait_for_words(program: Victim, file: Path, words: str) -> float:
    """Return the seconds until ``words`` are in the file."""
    begun = time.monotonic()
    while words not in (said := file.read_text(errors="replace")):
        assert program.process.poll() is None, f"it ended:\n{said[-3000:]}"
        assert time.monotonic() - begun < NOTICED_SECONDS, f"no {words!r} in\n{said[-3000:]}"
        time.sleep(0.02)
    return time.monotonic() - begun


def buys(picture: VenuePicture) -> int:
    return sum(1 for one in picture.orders if parts_of(one.client_order_id).leg == ENTRY_LEG)
