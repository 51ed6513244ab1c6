"""One process at a time writes into an account's folder."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from actors.journal.lease import AccountInUseError, EpochLostError, Lease, is_held, read_holder
from tests.actors.journal.history import holder
from verification.simulation.disk import SimulatedDisk
from verification.sources import ROOT

FOLDER = Path("/account")
HOLD = """
import sys, pathlib
from actors.journal.holder import Holder
from actors.journal.lease import Lease
lease = Lease(pathlib.Path(sys.argv[1]), Holder(pid=77, since=1700000000000, session="sessions/x"))
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def program(code: str, *arguments: str | Path) -> Iterator[tuple[subprocess.Popen[bytes], bytes]]:
    """Run a program of ours; yield its process and its first line."""
    with subprocess.Popen(  # noqa: S603 - our own Python
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        yield process, process.stdout.readline()


def test_a_second_process_is_refused_and_told_by_whom(tmp_path: Path) -> None:
    with program(HOLD, tmp_path) as (process, said):
        assert said == b"held\n"
        assert is_held(tmp_path)
        with pytest.raises(
            AccountInUseError, match=r"process 77 .*sessions/x.*2023-11-14T22:13:20"
        ):
            Lease(tmp_path, holder())
        os.kill(process.pid, signal.SIGSTOP)  # a stopped process goes on holding it
        assert is_held(tmp_path)
        process.kill()
        process.wait()
        assert not is_held(tmp_path)
        Lease(tmp_path, holder()).close()


def test_a_refusal_leaves_holder_and_epoch_as_they_are(tmp_path: Path) -> None:
    first = Lease(tmp_path, holder())
    with pytest.raises(AccountInUseError):
        Lease(tmp_path, holder("sessions/two"))
    assert read_holder(tmp_path) == holder()
    first.close()
    assert Lease(tmp_path, holder()).epoch == first.epoch + 1


def test_every_start_has_an_epoch_of_its_own(tmp_path: Path) -> None:
    epochs = []
    for _ in range(3):
        lease = Lease(tmp_path, holder())
        epochs.append(lease.epoch)
        lease.close()
    assert epochs == [1, 2, 3]


def test_nobody_holds_what_is_not_there(tmp_path: Path) -> None:
    assert not is_held(tmp_path / "nothing")
    assert read_holder(tmp_path / "nothing") is None
    assert not (tmp_path / "nothing").exists()


def epochs_file(count: int) -> tuple[SimulatedDisk, bytes]:
    disk = SimulatedDisk()
    for _ in range(count):
        Lease(FOLDER, holder(), disk).close()
    return disk, disk.read(FOLDER / "epoch")


def test_any_flipped_or_cut_byte_of_the_epoch_is_told_and_no_epoch_used_again() -> None:
    disk, whole = epochs_file(117)
    for place in range(len(whole)):
        flips = [
            whole[:place] + bytes([whole[place] ^ 1 << bit]) + whole[place + 1 :]
            for bit in range(8)
        ]
        for damaged in (whole[:place], *flips):
            again = disk.crashed(0)
            again.damage(FOLDER / "epoch", damaged)
            lease = Lease(FOLDER, holder(), again)
            assert lease.epoch == 118
            assert "not as it was written" in lease.losses[0]


def test_an_epoch_that_is_gone_is_known_from_the_lock() -> None:
    disk, _ = epochs_file(3)
    disk.remove(FOLDER / "epoch")
    lease = Lease(FOLDER, holder(), disk)
    assert lease.epoch == 4
    assert "gone" in lease.losses[0]


def test_an_older_programs_epoch_goes_on() -> None:
    disk, _ = epochs_file(1)
    disk.damage(FOLDER / "epoch", b"41")
    lease = Lease(FOLDER, holder(), disk)
    assert (lease.epoch, lease.losses) == (42, ())


def test_an_epoch_that_nobody_knows_is_no_new_beginning() -> None:
    disk, whole = epochs_file(3)
    disk.damage(FOLDER / "epoch", whole[:-1])
    disk.damage(FOLDER / "lock", b"")
    with pytest.raises(EpochLostError, match="larger than any epoch"):
        Lease(FOLDER, holder(), disk)


FORK = """
import ctypes, os, pathlib, subprocess, sys, time
from actors.journal.holder import Holder
from actors.journal.lease import Lease
lease = Lease(pathlib.Path(sys.argv[1]), Holder(pid=os.getpid(), since=0, session="sessions/x"))
how = sys.argv[2]
if how == "fork":
    child = os.fork()
elif how == "fork in C":  # Python's own hooks do not run
    child = ctypes.CDLL(None).fork()
else:
    for name in os.listdir("/proc/self/fd"):
        try:
            os.set_inheritable(int(name), True)
        except OSError:
            pass
    sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
    child = subprocess.Popen(sleep, close_fds=False, stdout=subprocess.DEVNULL).pid
if child == 0:
    os.close(1)
    time.sleep(600)
os.write(1, f"{child}\\n".encode())
sys.stdin.read()
"""


@pytest.mark.parametrize("how", ["fork", "fork in C", "inherited"])
def test_a_child_that_outlives_its_parent_does_not_keep_the_lease(tmp_path: Path, how: str) -> None:
    with program(FORK, tmp_path, how) as (process, said):
        child = int(said)
        try:
            with pytest.raises(AccountInUseError):
                Lease(tmp_path, holder())
            process.kill()
            process.wait()
            os.kill(child, 0)  # it lives
            assert not is_held(tmp_path)
            second = Lease(tmp_path, holder())
            with pytest.raises(AccountInUseError):
                Lease(tmp_path, holder())
            second.close()
        finally:
            os.kill(child, signal.SIGKILL)


def test_a_lock_whose_file_is_removed_lets_no_second_process_in(tmp_path: Path) -> None:
    first = Lease(tmp_path, holder())
    (tmp_path / "lock").unlink()
    assert is_held(tmp_path)
    with pytest.raises(AccountInUseError, match="another process"):
        Lease(tmp_path, holder())
    first.close()
    Lease(tmp_path, holder()).close()


def test_an_older_lock_that_names_a_dead_process_lets_no_second_process_in(tmp_path: Path) -> None:
    with program(HOLD, tmp_path) as (process, said):
        assert said == b"held\n"
        process.kill()
    older = (tmp_path / "lock").read_bytes()
    first = Lease(tmp_path, holder())
    (tmp_path / "lock").unlink()
    (tmp_path / "lock").write_bytes(older)
    with pytest.raises(AccountInUseError):
        Lease(tmp_path, holder())
    assert (tmp_path / "lock").read_bytes() == older
    first.close()


@pytest.mark.parametrize("link", [os.symlink, os.link])
@pytest.mark.parametrize("name", ["lock", "lock.new", "epoch.new", "epoch"])
def test_no_link_in_the_folder_leads_a_write_out_of_it(
    tmp_path: Path, name: str, link: Callable[[Path, Path], None]
) -> None:
    victim, folder = tmp_path / "victim", tmp_path / "account"
    victim.write_bytes(b"41")
    folder.mkdir()
    link(victim, folder / name)
    lease = Lease(folder, holder())
    assert victim.read_bytes() == b"41"
    assert not (folder / name).is_symlink()
    assert (folder / "lock").stat().st_nlink == 1
    lease.close()
