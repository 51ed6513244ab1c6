"""The console script ``holdfast``. It names a clash of modules before it imports the program.

The program's packages have plain names (``config``, ``messages``, …): in an environment of its own
they are ours, and anywhere else another package, or a file on PYTHONPATH, may take their place.
"""

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

NAMES = (
    "actors",
    "commands",
    "config",
    "exchange",
    "inspection",
    "messages",
    "replay",
    "session",
    "supervisor",
    "terminal",
)
"""The modules and packages at the program's top level."""
EXIT_USAGE = 2


def clash(folder: Path, names: tuple[str, ...] = NAMES) -> str | None:
    """Return which name is not the program's own, which is in ``folder``; None: all are."""
    for name in names:
        spec = find_spec(name)
        if spec is None:
            return f"Holdfast's module {name!r} is missing in {folder}: install Holdfast again"
        found = Path(spec.origin or next(iter(spec.submodule_search_locations or ()), "")).resolve()
        if folder not in found.parents:
            return (
                f"the module {name!r} comes from {found}, not from Holdfast ({folder}): install "
                "Holdfast in an environment of its own (pipx install, uv tool install or a venv), "
                "and unset PYTHONPATH"
            )
    return None


def main() -> NoReturn:
    """Run the program as ``python supervisor.py`` does."""
    problem = clash(Path(__file__).resolve().parent)
    if problem is not None:
        sys.stderr.write(f"error: {problem}\n")
        raise SystemExit(EXIT_USAGE)
    from supervisor import main as run  # noqa: PLC0415 - only where it is the program's own

    run()
