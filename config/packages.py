"""The packages Holdfast runs on: its own version, and how to install one that is missing."""

import sys
from importlib import metadata
from pathlib import Path

DISTRIBUTION = "holdfast-trading"
"""As pyproject.toml names it; "holdfast" is another package on the index."""

_EXTRAS = {"pyarrow": "parquet", "trustme": "server"}
"""Package: the optional extra that brings it. Every other package is a base dependency."""


CHECKOUT = "python supervisor.py"
"""How the program is started in a checkout."""
SCRIPT = "holdfast"
"""The console script of an installed one."""


def program() -> str:
    """Return what a person types to start the program, as it was typed this time."""
    return SCRIPT if Path(sys.argv[0]).stem == SCRIPT else CHECKOUT


def version() -> str:
    """Return Holdfast's version; "unknown" where it is not installed."""
    try:
        return metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return "unknown"


def missing_package(error: ImportError) -> str | None:
    """Return what to install for a failed import, as one line; None where a module of ours failed.

    The command installs from the checkout, so it can't name another package on the index.
    """
    package = (error.name or "").partition(".")[0]
    if not package or package in _OURS or package in sys.stdlib_module_names:
        return None
    extra = _EXTRAS.get(package)
    target = "." if extra is None else f'".[{extra}]"'
    return (
        f"the package {package} is not installed; in the checkout's folder run: "
        f"{sys.executable} -m pip install -e {target}"
    )


_OURS = frozenset(
    {
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
    }
)
