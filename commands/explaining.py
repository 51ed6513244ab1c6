"""How a command ends: its exit code, and one clear line where it went wrong, never a traceback."""

import errno
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from config.packages import missing_package
from messages.border import one_line, printable
from session.logs import write_fault
from session.process import end_now
from terminal.errors import ConnectFailedError, RunFailedError, StopAtOnceError, UsageError

EXIT_OK = 0
EXIT_FAILED = 1
"""The run itself went wrong."""
EXIT_USAGE = 2
"""What was typed, or a file that it names, can't be used."""
EXIT_INTERRUPTED = 130
_NAME_SHOWN = 100
"""Characters of a name that is too long."""
_FULL = {errno.ENOSPC, errno.EDQUOT}


@contextmanager
def explaining() -> Iterator[None]:
    """Turn whatever goes wrong into one clear line and an exit code."""
    try:
        yield
    except UsageError as error:
        _fail(f"error: {error}", EXIT_USAGE)
    except ConnectFailedError as error:
        _fail(f"error: {error}", error.exit_code)
    except RunFailedError as error:
        _fail(f"error: {error}", EXIT_FAILED)
    except KeyboardInterrupt:
        _fail("\ninterrupted", EXIT_INTERRUPTED)
    except StopAtOnceError as stop:
        typer.echo("stopped at once; what was logged and traded is in the files", err=True)
        sys.stdout.flush()
        end_now(stop.exit_code)  # without waiting for threads, whatever they do
    except Exception as error:  # noqa: BLE001 - of the program's own faults people get one line
        missing = missing_package(error) if isinstance(error, ModuleNotFoundError) else None
        if missing is not None:
            _fail(f"error: {missing}", EXIT_USAGE)
        if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
            name = one_line(error.filename or "", _NAME_SHOWN)
            _fail(f"error: {name}: the name is too long for a file or folder", EXIT_USAGE)
        if isinstance(error, OSError) and error.errno in _FULL:
            what = error.filename or "a file that was being written"
            _fail(f"error: {error.strerror}: {what}; make room and run it again", EXIT_FAILED)
        log = write_fault(error)
        what = f"{type(error).__name__}: {error}"
        _fail(f"error: a fault of Holdfast's ({what}); {log} has it", EXIT_FAILED)


def _fail(text: str, exit_code: int) -> None:
    typer.echo(printable(text), err=True)
    raise typer.Exit(exit_code) from None
