"""Where log lines go: JSON lines into the session's folder, what a person must see to the terminal.

Owns the sinks. What is logged, and at which level, is said where it happens: ``CRITICAL`` is an
alarm, ``ERROR`` a fault of ours, ``WARNING`` and below are for the file.
"""

from pathlib import Path

from loguru import logger

from commands.errors import UsageError

LOG_NAME = "log.jsonl"


def log_to(folder: Path) -> Path:
    """Write every line from now on to ``folder``; return the file.

    Lines are written as they are logged, by the thread that logs them: none waits in a queue.

    Raises:
        UsageError: the file can't be written.

    """
    path = folder / LOG_NAME
    logger.remove()
    try:
        logger.add(path, serialize=True, level="DEBUG", mode="w", backtrace=False, diagnose=False)
    except OSError as error:
        problem = f"the log {path} can't be written: {error.strerror}"
        raise UsageError(f"{problem}; name a folder of yours") from None
    return path
