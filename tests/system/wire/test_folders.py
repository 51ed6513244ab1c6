"""The program beside an exchange server when its folder is lost, put back, copied or unlocked.

Nothing is bought or sold twice, no id is used twice, and one sentence says how it stands.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from exchange.server.control import SetClock, VenuePicture
from exchange.server.remote import ServerProcess
from messages.base import Currency
from messages.ids import EXIT_LEG
from messages.money import ZERO, Money
from tests.system.running import run_supervisor
from tests.system.wire.ids import parts_of
from tests.system.wire.program import Program, trading
from tests.system.wire.scenes import BALANCES, SCENES, SYMBOL, Scene

ENTRY, LOSS = 40_000.0, 38_800.0
DIALECTS = (SCENES[0], SCENES[3])
BEHIND = "the journal is behind its exchange"
REMOVED = "lock was removed; stop this session and start again"
SOON = ("--set", "reconciler.look_seconds=2", "--set", "router.unknown_settle_seconds=2")
"""Looks and waits of a start, short."""


@pytest.fixture(params=DIALECTS, ids=str)
def scene(request: pytest.FixtureRequest) -> Scene:
    found: Scene = request.param
    return found


@pytest.fixture
def server(scene: Scene, tmp_path: Path) -> Iterator[ServerProcess]:
    with ServerProcess(scene.dialect, [scene.rules], BALANCES, tmp_path) as process:
        process.move(SYMBOL, ENTRY)
        yield process


def rests(picture: VenuePicture) -> bool:
    return any(not one.is_terminal for one in picture.orders)


@contextmanager
def begun(server: ServerProcess, scene: Scene, folder: Path) -> Iterator[Program]:
    """Start a session that buys, and let its protection rest."""
    with Program(server, folder, *trading(scene, folder, "Always", "--yes")) as program:
        server.wait_for(lambda picture: any("ookTicker" in topic for topic in picture.topics))
        server.move(SYMBOL, ENTRY + 1)
        server.wait_for(rests)
        program.read_some(1.0)
        yield program


def check(picture: VenuePicture) -> None:
    """No id was used twice, and no more was sold than was bought."""
    assert not [one for one in picture.orders if "~" in one.client_order_id]
    bought = sold = ZERO
    for one in picture.orders:
        if parts_of(one.client_order_id).leg == EXIT_LEG:
            sold += one.filled
        else:
            bought += one.filled
    assert sold <= bought, f"{sold} were sold, and {bought} bought"


def test_with_its_folder_lost_it_says_so_and_leaves_all_alone(
    server: ServerProcess, scene: Scene, tmp_path: Path
) -> None:
    with begun(server, scene, tmp_path) as first:
        first.kill()
    before = server.read()
    (tmp_path / "state").rename(tmp_path / "gone")
    with Program(server, tmp_path, *trading(scene, tmp_path, "Always", "--yes")) as second:
        second.read_until(BEHIND)
        server.move(SYMBOL, ENTRY + 20)
        second.read_until("denied, nothing was bought")
        assert BEHIND in asked(tmp_path / "session-1", f"why {SYMBOL}")
        after = server.read()
        assert second.interrupt() == 0, second.said
    assert len(after.orders) == len(before.orders)
    assert rests(after), "the protection was taken away"
    assert BEHIND in (tmp_path / "session-1" / "log.jsonl").read_text(encoding="utf-8")
    check(after)


def test_with_a_backup_put_back_no_coin_is_sold_twice(
    server: ServerProcess, scene: Scene, tmp_path: Path
) -> None:
    with begun(server, scene, tmp_path) as first:
        shutil.copytree(tmp_path / "state", tmp_path / "backup")
        first.kill()
    with Program(server, tmp_path, *trading(scene, tmp_path, "Never", "--yes")) as second:
        second.read_until("resuming, ")
        server.wait_for(lambda picture: any("ookTicker" in topic for topic in picture.topics))
        server.move(SYMBOL, LOSS)
        second.read_until("→ closed: ")
        second.kill()
    shutil.rmtree(tmp_path / "state")
    shutil.move(tmp_path / "backup", tmp_path / "state")
    server.move(SYMBOL, ENTRY)
    before = server.read()
    with Program(server, tmp_path, *trading(scene, tmp_path, "Always", "--yes")) as third:
        third.read_until("resuming, ")
        server.wait_for(lambda picture: any("ookTicker" in topic for topic in picture.topics))
        if before.orders[-1].is_terminal and len(before.orders) > 2:
            third.read_until(BEHIND)
            assert BEHIND in asked(tmp_path / "session-2", f"why {SYMBOL}")
        server.move(SYMBOL, LOSS)
        third.read_some(8.0)
        after = server.read()
        third.interrupt()
    check(after)


def test_two_processes_with_copies_of_one_folder_know_of_each_other(
    server: ServerProcess, scene: Scene, tmp_path: Path
) -> None:
    with begun(server, scene, tmp_path) as first:
        other = tmp_path / "other"
        shutil.copytree(tmp_path / "state", other / "state")
        with Program(server, other, *trading(scene, other, "Never", "--yes")) as second:
            second.read_until("resuming, ")
            for step in range(6):
                server.move(SYMBOL, LOSS + step)
                second.read_some(1.0)
                first.read_some(1.0)
            second.read_until("another process")
            check(server.read())
            assert "another process" in asked(other / "session-0", f"why {SYMBOL}")
            second.interrupt()
        first.interrupt()
    check(server.read())


def test_a_copy_that_starts_again_sells_nothing_that_its_original_sold_meanwhile(
    scene: Scene, tmp_path: Path
) -> None:
    """There are other coins in the account: a second sale would be executed."""
    other = tmp_path / "other"
    balances = (*BALANCES, Money(Currency("BTC"), Decimal(1)))
    with ServerProcess(scene.dialect, [scene.rules], balances, tmp_path) as server:
        server.move(SYMBOL, ENTRY)
        with begun(server, scene, tmp_path) as first:
            shutil.copytree(tmp_path / "state", other / "state")
            with Program(server, other, *trading(scene, other, "Never", "--yes")) as copy:
                copy.read_until("resuming, ")
                copy.read_some(3.0)
                copy.kill()  # nothing has left, and memory says so
            server.move(SYMBOL, LOSS)
            server.wait_for(lambda picture: not rests(picture) and picture.orders[-1].filled > 0)
            first.kill()
        with Program(server, other, *trading(scene, other, "Never", "--yes")) as again:
            again.read_until("resuming, ")
            server.move(SYMBOL, LOSS - 1)
            knows = ("→ closed: ", "another process", BEHIND)  # by when which id was looked for
            for _ in range(60):
                if any(words in again.said for words in knows):
                    break
                again.read_some(1.0)
            assert any(words in again.said for words in knows), again.said
            again.read_some(3.0)
            after = server.read()
            again.interrupt()
        check(after)


def test_another_account_tag_leaves_the_orders_of_the_first_alone(
    server: ServerProcess, scene: Scene, tmp_path: Path
) -> None:
    with begun(server, scene, tmp_path) as first:
        first.kill()
    before = [(one.client_order_id, one.status) for one in server.read().orders]
    tag = ("--set", "account.tag=b")
    with Program(server, tmp_path, *trading(scene, tmp_path, "Never", "--yes", *tag)) as second:
        second.read_until("a new account in ")
        second.read_until("this account.tag is new: ")
        server.move(SYMBOL, ENTRY + 20)
        second.read_some(3.0)
        assert "this account.tag is new: " in asked(tmp_path / "session-1", f"why {SYMBOL}")
        assert second.interrupt() == 0, second.said
    log = (tmp_path / "session-1" / "log.jsonl").read_text(encoding="utf-8")
    assert "this account.tag is new: " in log
    after = server.read()
    assert [(one.client_order_id, one.status) for one in after.orders][: len(before)] == before
    check(after)


def test_a_jump_of_the_exchanges_clock_begins_a_new_epoch_before_another_order_leaves(
    server: ServerProcess, scene: Scene, tmp_path: Path
) -> None:
    with begun(server, scene, tmp_path) as program:
        before = {one.client_order_id for one in server.read().orders}
        (epoch,) = {parts_of(one).epoch for one in before}
        server.send(SetClock(3_600_000))
        server.move(SYMBOL, LOSS)
        for step in range(120):  # as long as the proof takes that nothing was placed
            server.move(SYMBOL, ENTRY + step)
            program.read_some(1.0)
            if {one.client_order_id for one in server.read().orders} - before:
                break
        program.read_until("clock jumped ahead by 3")
        program.interrupt()
    after = server.read()
    later = {parts_of(one.client_order_id).epoch for one in after.orders} - {epoch}
    assert len(later) == 1, "no order left under an id of the new epoch"
    sent = [one.client_order_id for one in after.orders if one.client_order_id not in before]
    assert {parts_of(one).epoch for one in sent} == later
    check(after)


def started(
    server: ServerProcess, scene: Scene, folder: Path, strategy: str, *more: str
) -> Program:
    """Start a session that goes on from what is in the folder, and let it hear a price."""
    program = Program(server, folder, *trading(scene, folder, strategy, "--yes", *SOON, *more))
    server.wait_for(lambda picture: any("ookTicker" in topic for topic in picture.topics))
    return program


@pytest.mark.parametrize("becomes", ["lost", "put back", "copied", "another tag's"])
def test_without_a_position_a_folder_that_is_lost_put_back_copied_or_anothers_is_no_event(
    server: ServerProcess, scene: Scene, tmp_path: Path, becomes: str
) -> None:
    other = tmp_path / "other"
    with started(server, scene, tmp_path, "Never") as first:
        first.read_until("a new account in ")
        shutil.copytree(tmp_path / "state", other / "state")
        if becomes != "copied":
            first.kill()
        if becomes in {"lost", "put back"}:
            shutil.rmtree(tmp_path / "state")
        if becomes == "put back":
            shutil.move(other / "state", tmp_path / "state")
        place = other if becomes == "copied" else tmp_path
        is_tagged = becomes == "another tag's"
        tag = ("--set", "account.tag=b") if is_tagged else ()
        begins = "this account.tag is new: " if is_tagged else "resuming, "
        begins = "a new account in " if becomes == "lost" else begins
        with started(server, scene, place, "Never", *tag) as second:
            second.read_until(begins)
            server.move(SYMBOL, ENTRY + 20)
            second.read_some(2.0)
            session = place / ("session-0" if becomes == "copied" else "session-1")
            assert f"the session began: {begins}" in asked(session, f"why {SYMBOL}")
            assert begins in (session / "log.jsonl").read_text(encoding="utf-8")
            assert second.interrupt() == 0, second.said
        assert BEHIND not in second.said
        assert "another process" not in second.said
    assert server.read().orders == ()


@pytest.mark.parametrize("is_open", [False, True], ids=["flat", "open"])
def test_without_its_lock_file_a_running_session_keeps_its_account_and_says_so(
    server: ServerProcess, scene: Scene, tmp_path: Path, *, is_open: bool
) -> None:
    start = begun(server, scene, tmp_path) if is_open else started(server, scene, tmp_path, "Never")
    with start as first:
        first.read_until("a new account in ")
        before = server.read().orders
        (lock,) = (tmp_path / "state").rglob("lock")
        lock.unlink()
        first.read_until(REMOVED)
        session = tmp_path / "session-0"
        assert REMOVED in asked(session, f"why {SYMBOL}")
        with Program(server, tmp_path, *trading(scene, tmp_path, "Always", "--yes")) as second:
            assert second.end() != 0, second.said
        assert "in use" in second.said
        assert REMOVED in (session / "log.jsonl").read_text(encoding="utf-8")
        assert server.read().orders == before, "the second start touched them"
        first.interrupt()
    check(server.read())


def test_adopt_says_that_a_lost_folders_process_is_dead_and_trading_goes_on(
    server: ServerProcess, scene: Scene, tmp_path: Path
) -> None:
    with begun(server, scene, tmp_path) as first:
        first.kill()
    before = {one.client_order_id for one in server.read().orders}
    (epoch,) = {parts_of(one).epoch for one in before}
    (tmp_path / "state").rename(tmp_path / "gone")
    with started(server, scene, tmp_path, "Never") as second:
        second.read_until(f"adopt --epoch {epoch}")
        session = tmp_path / "session-1"
        words = ("--epoch", epoch, "--reason", "it is off", "--session", session, "--yes")
        done = run_supervisor("adopt", *words)
        assert done.exit_code == 0, done.stdout + done.stderr
        second.read_until("trading is active")
        second.interrupt()
    after = server.read()
    assert {one.client_order_id for one in after.orders} == before
    assert rests(after), "the protection was taken away"
    check(after)


def test_own_says_while_a_session_runs_that_a_contested_position_is_its_own(
    server: ServerProcess, scene: Scene, tmp_path: Path
) -> None:
    with begun(server, scene, tmp_path) as first:
        other = tmp_path / "other"
        shutil.copytree(tmp_path / "state", other / "state")
        with started(server, scene, other, "Never") as second:
            second.read_until("resuming, ")
            by_hand = ("--operate", "--yes", "--reason", "a test", "-c", "close all")
            done = run_supervisor("inspect", "--session", other / "session-0", *by_hand)
            assert done.exit_code == 0, done.stdout + done.stderr
            first.read_until("another process may hold p")
            second.kill()
        position_id = first.said.partition("another process may hold ")[2].split()[0]
        session = tmp_path / "session-0"
        contested = f"another process may hold {position_id} too"
        assert contested in asked(session, f"why {SYMBOL}")
        assert contested in asked(session, f"why {position_id}")
        words = ("--position", position_id, "--reason", "the copy is off", "--session", session)
        done = run_supervisor("own", *words, "--yes")
        assert done.exit_code == 0, done.stdout + done.stderr
        owned = "called it this process's alone (the copy is off)"
        for _ in range(100):
            if owned in asked(session, f"why {position_id}"):
                break
        assert owned in asked(session, f"why {position_id}")
        assert contested not in asked(session, f"why {SYMBOL}")
        first.interrupt()
    check(server.read())


def asked(session: Path, question: str) -> str:
    """Return what a session that runs answers, as one line."""
    return " ".join(run_supervisor("inspect", "--session", session, "-c", question).stdout.split())
