"""A handler of the main process that hangs or crashes, and a process that is only stopped."""

import os
import signal
import time
from pathlib import Path

from tests.system.attacks.arena import FALLEN, Arena, Victim
from tests.system.attacks.attack import Figures, attack
from tests.system.running import run_supervisor
from tests.system.wire.scenes import SYMBOL

EXIT_STUCK = 75
KILLED, CRASHED = -signal.SIGKILL, -signal.SIGSEGV
HARD_SECONDS = 1.0
_LIMITS = (
    *("--set", "runtime.soft_limit_seconds=0.4"),
    *("--set", f"runtime.hard_limit_seconds={HARD_SECONDS:g}"),
)
_ENOUGH_SECONDS = 180.0
"""Time without a processor does not count towards the limit, and a noisy machine has much of it."""


@attack(
    "handler that hangs over an exit order",
    cases=("regex", "sleep", "wait"),
    in_tests=("sleep", "wait"),
)
def hung_handler(arena: Arena, case: str) -> Figures:
    """The exit's order is never sent; the next start skips the message, and the position sells."""
    program = _poisoned(arena, f"{case}:order_router:PlaceOrder:3")
    begun = time.monotonic()
    arena.server.move(SYMBOL, FALLEN)
    code = program.wait(_ENOUGH_SECONDS)
    ended = time.monotonic() - begun
    assert code == (EXIT_STUCK if case == "wait" else KILLED), program.log()[-2000:]
    program.wait_until_logged("PlaceOrder in order_router (id (")
    second = arena.start(*_LIMITS)
    begun = time.monotonic()
    arena.wait_until_sold()
    sold = time.monotonic() - begun
    second.stop(codes=(1,))  # a message was skipped
    said = (arena.folder / "output-1.txt").read_text()
    assert "never came back from PlaceOrder in order_router: it is skipped" in said, said
    stacks = (program.folder / "stacks.txt").read_text(errors="replace")
    assert "poisoned.py" in stacks, stacks
    verified = run_supervisor("verify", "--state-dir", arena.folder / "state")
    assert verified.exit_code == 0, verified
    return {"ended after s": ended, "sold after the next start s": sold}


@attack("crash in C over the stop that fires", in_tests=False)
def crashed_handler(arena: Arena) -> Figures:
    program = _poisoned(arena, "crash:position:TriggerFired:1")
    arena.server.move(SYMBOL, FALLEN)
    assert program.wait(_ENOUGH_SECONDS) == CRASHED
    program.wait_until_logged("the process crashed; it had TriggerFired in position/p1")
    assert "Fatal Python error" in (program.folder / "stacks.txt").read_text(errors="replace")
    arena.start(*_LIMITS)
    arena.wait_until_sold()
    return {}


@attack("SIGSTOP for longer than the hard limit, then SIGCONT")
def stopped_process(arena: Arena) -> Figures:
    program = arena.start(*_LIMITS)
    arena.wait_until_protected()
    program.process.send_signal(signal.SIGSTOP)
    time.sleep(3 * HARD_SECONDS)
    program.process.send_signal(signal.SIGCONT)
    sold = arena.fall()
    assert "was in hand for" not in program.log()
    return {"sold after s": sold, "ended after s": program.stop()}


@attack("the sentinel is killed: another one is started", in_tests=False)
def killed_sentinel(arena: Arena) -> Figures:
    program = arena.start(*_LIMITS)
    arena.wait_until_protected()
    (child,) = _children(program.process.pid)
    os.kill(child, signal.SIGKILL)
    deadline = time.monotonic() + _ENOUGH_SECONDS
    while _children(program.process.pid) in ([], [child]):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    sold = arena.fall()
    return {"sold after s": sold, "ended after s": program.stop()}


def _poisoned(arena: Arena, what: str) -> Victim:
    program = arena.start(
        *_LIMITS,
        program=("-m", "tests.system.attacks.poisoned"),
        env={"HOLDFAST_POISON": f"{what}:{arena.folder / 'poisoned'}"},
    )
    arena.wait_until_protected()
    return program


def _children(pid: int) -> list[int]:
    """Return what its threads started."""
    threads = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(one) for thread in threads for one in thread.read_text().split()]
