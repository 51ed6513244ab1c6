"""File systems under a running session: mounted over its folder, unmounted, made read-only."""

import os
import shutil
import subprocess
from pathlib import Path

from tests.system.attacks.arena import Arena
from tests.system.attacks.attack import Figures, attack
from tests.system.attacks.folders import (
    MORE,
    NOTICED,
    SOLD,
    buys,
    output,
    refused,
    wait_for_words,
)


def _cannot_mount() -> str | None:
    return None if os.geteuid() == 0 and shutil.which("mount") else "only root may mount"


def _run(*command: str | Path) -> None:
    subprocess.run([*map(str, command)], check=True, capture_output=True)  # noqa: S603 - our own


@attack("another file system covers the account's folder", in_tests=False, needs=_cannot_mount)
def covered(arena: Arena) -> Figures:
    program = arena.start()
    arena.wait_until_protected()
    folder = arena.account_folder
    _run("mount", "-t", "tmpfs", "none", folder)
    arena.opened.callback(subprocess.run, ["umount", str(folder)], check=False)
    noticed = wait_for_words(program, output(arena), f"{folder} is covered: something was mounted")
    sold = arena.fall()
    _run("umount", folder)
    wait_for_words(program, output(arena), "the journal is whole again")
    program.stop()
    return {NOTICED: noticed, SOLD: sold}


@attack("the state folder's file system is unmounted in use", in_tests=False, needs=_cannot_mount)
def unmounted(arena: Arena) -> Figures:
    state = arena.account_folder.parent
    state.mkdir()
    _run("mount", "-t", "tmpfs", "none", state)
    program = arena.start(*MORE)
    arena.wait_until_protected()
    _run("umount", "-l", state)
    folder = arena.account_folder
    noticed = wait_for_words(program, output(arena), f"{folder} was removed; it can't come back")
    bought = buys(arena.server.read())
    sold = arena.fall()
    assert buys(arena.server.read()) == bought, "it took new risk"
    program.stop(codes=(1,))
    assert "was taken away under its last session" in refused(arena)
    return {NOTICED: noticed, SOLD: sold}


_MARKS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "chmod": (("chmod", "a-w"), ("chmod", "u+w")),
    "chattr": (("chattr", "+i"), ("chattr", "-i")),
}


@attack(
    "the account's folder is made read-only",
    cases=("chmod", "chattr", "mount"),
    in_tests=False,
    needs=_cannot_mount,
)
def read_only(arena: Arena, case: str) -> Figures:
    program = arena.start()
    arena.wait_until_protected()
    folder = arena.account_folder
    if case == "mount":
        _run("mount", "--bind", folder, folder)
        arena.opened.callback(subprocess.run, ["umount", str(folder)], check=False)
        _run("mount", "-o", "remount,ro,bind", folder)
    else:
        _run(*_MARKS[case][0], folder)
        arena.opened.callback(subprocess.run, [*_MARKS[case][1], str(folder)], check=False)
    noticed = wait_for_words(program, output(arena), f"{folder} was made read-only")
    sold = arena.fall()
    _run("umount", folder) if case == "mount" else _run(*_MARKS[case][1], folder)
    wait_for_words(program, output(arena), "the journal is whole again")
    program.stop()
    return {NOTICED: noticed, SOLD: sold}
