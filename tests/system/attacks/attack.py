"""Attacks on the running program: a process, its surroundings, and a venue that keeps the books.

The program runs as a person runs it, against an exchange server in a process of its own. An attack
disturbs what surrounds the program (its output, its disk, its folders, its strategy, its network,
its processor time) and then looks at **the venue's own ledger**: what was bought is sold at its
stop within the usual time, once, and nothing else happened. What the program says of itself is no
evidence.

    python -m tests.system.attacks                  every attack, three rounds each; a table
    python -m tests.system.attacks --rounds 20 blocked_pipe stopped_terminal
    python -m tests.system.attacks --list           the names, and which of them the tests run

**To add an attack**, write a function into a module of this folder that is named after its subject
(``outputs``, ``hangs``, …) and name the module in ``catalog.MODULES``:

    @attack("full pipe on stdout, never read")
    def blocked_pipe(arena: Arena) -> Figures:
        program = arena.start(stdout=arena.blocked_pipe())
        arena.wait_until_protected()
        seconds = arena.fall()              # asserts that the venue's ledger has the sale
        program.stop()                      # SIGTERM; asserts the exit code and a deadline
        return {"sold after s": seconds}

- The function's name is the attack's name. It asserts what must hold, and returns what was measured
  in seconds or counts; the command prints the medians beside those of ``undisturbed``.
- ``in_tests=False``: only the command runs it; ``in_tests=("a case",)``: the tests run that one.
  All that the tests run take less than a minute of a quiet core together.
- ``needs`` returns why it can't run on this machine (no root, no tmpfs), or None; then the test is
  skipped with that line.
- Wait for events with a deadline (``arena.wait_for``), never for a time. Every process and
  descriptor that the arena opens is closed by it; use ``arena.opened`` for others.
- A fault of a kind is one attack with the cases in a loop or ``cases=(…)``: each case is a test.
"""

from collections.abc import Callable
from typing import NamedTuple

from tests.system.attacks.arena import Arena

Figures = dict[str, float]
"""What an attack measured: seconds or counts by a short name."""
Run = Callable[..., Figures]


class Attack(NamedTuple):
    """One attack; with a case it is one of a kind."""

    name: str
    title: str
    run: Callable[[Arena], Figures]
    in_tests: bool
    why_not: Callable[[], str | None]
    """Why it can't run on this machine; None: it can."""

    def __str__(self) -> str:
        return self.name


ATTACKS: list[Attack] = []
"""All that are known once ``catalog`` is imported."""


def _nothing() -> None:
    return None


def attack(
    title: str,
    *,
    cases: tuple[str, ...] = (),
    in_tests: bool | tuple[str, ...] = True,
    needs: Callable[[], str | None] = _nothing,
) -> Callable[[Run], Run]:
    """Make a function an attack; with ``cases`` it is called with the arena and a case.

    ``in_tests``: whether the tests run it, or which of its cases.
    """

    def known(run: Run) -> Run:
        name = run.__name__
        if not cases:
            ATTACKS.append(Attack(name, title, run, bool(in_tests), needs))
        for case in cases:
            one = _with_case(run, case)
            is_tested = case in in_tests if isinstance(in_tests, tuple) else in_tests
            ATTACKS.append(Attack(f"{name}[{case}]", f"{title}: {case}", one, is_tested, needs))
        return run

    return known


def _with_case(run: Run, case: str) -> Callable[[Arena], Figures]:
    return lambda arena: run(arena, case)
