"""A user's strategy that hangs, dies, floods or forks: the stop sells all the same."""

import time
from pathlib import Path

from tests.system.attacks.arena import PRICE, SOON_SECONDS, Arena, Victim
from tests.system.attacks.attack import Figures, attack
from tests.system.attacks.outputs import ENDED, SOLD
from tests.system.attacks.troubles import TROUBLES
from tests.system.wire.scenes import SYMBOL

_PROC = Path("/proc")
_LOOK_SECONDS = 0.02
_CLASS = "tests.system.attacks.troubles:Troubled"
IN_TESTS = ("regex", "forks", "flood")
LONG = tuple(name for name in TROUBLES if name not in IN_TESTS)
"""All others; each is one of a kind with one that the tests run."""


@attack("a strategy in trouble", cases=IN_TESTS)
def strategy_trouble(arena: Arena, trouble: str) -> Figures:
    return _in_trouble(arena, trouble)


@attack("a strategy in trouble", cases=LONG, in_tests=False)
def strategy_in_trouble(arena: Arena, trouble: str) -> Figures:
    return _in_trouble(arena, trouble)


def _start(arena: Arena, trouble: str) -> tuple[Victim, Path]:
    """Start the program; return it, and the file that says that the trouble has begun."""
    file = arena.folder / "trouble"
    variables = {"TROUBLE": trouble, "TROUBLE_FILE": str(file)}
    names = ", ".join(f'"{name}"' for name in variables)
    program = arena.start(
        *("--strategy", _CLASS, "--set", f"strategy.environment=[{names}]"),
        *("--set", "strategy.memory_bytes=300000000"),
        env=variables,
    )
    return program, file


def _in_trouble(arena: Arena, trouble: str) -> Figures:
    program, file = _start(arena, trouble)
    arena.wait_until_protected()
    _wait_for(arena, file)
    sold = arena.fall()
    ended = program.stop()
    assert left_behind(str(file)) == [], "processes of the strategy outlive the program"
    shown = "".join(one.read_text(errors="replace") for one in arena.folder.glob("output-*.txt"))
    assert "\x1b]0;" not in shown, "what it printed reached the screen"
    return {SOLD: sold, ENDED: ended}


@attack("the program is killed while its strategy has forked", in_tests=False)
def killed_with_forks(arena: Arena) -> Figures:
    program, file = _start(arena, "forks")
    arena.wait_until_protected()
    _wait_for(arena, file)
    program.kill()
    begun = time.monotonic()
    while left_behind(str(file)):
        assert time.monotonic() < begun + SOON_SECONDS, "the strategy outlives the program"
        time.sleep(_LOOK_SECONDS)
    gone = time.monotonic() - begun
    program = arena.start("--strategy", "tests.system.wire.strategy:Never")
    return {"gone after s": gone, SOLD: arena.fall(), ENDED: program.stop()}


def _wait_for(arena: Arena, file: Path) -> None:
    """Move the market by little, until the strategy has begun its trouble."""
    deadline = time.monotonic() + SOON_SECONDS
    step = 0
    while not file.exists():
        assert time.monotonic() < deadline, "the strategy was never asked while it held coins"
        step += 1
        arena.server.move(SYMBOL, PRICE + step % 2)
        time.sleep(_LOOK_SECONDS)


def left_behind(mark: str, but: int | None = None) -> list[int]:
    """Return the processes that have ``mark`` in their environment, ``but`` one."""
    found = []
    for entry in _PROC.iterdir():
        if entry.name.isdigit() and int(entry.name) != but:
            try:
                if mark.encode() in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
    return found
