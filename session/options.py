"""What every run of the program may be told: which settings, for how long, where its files go."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from actors.strategy.actor import DROP, StrategySource, strategy_of
from actors.strategy.host import OwnProcess
from actors.strategy.port import Strategy, StrategyError
from config.loading import ConfigError, load
from config.settings import Settings
from messages.plan import ProtectionMode
from session.logs import write_text
from terminal.errors import UsageError


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """As the person typed them."""

    config: Path | None = None
    sets: tuple[str, ...] = ()
    """``key=value``, in order; the last one wins."""
    duration_seconds: float | None = None
    """Of real time; None: no end is set."""
    session_dir: Path | None = None
    """None: a new folder in sessions/."""
    headless: bool = False
    state_dir: Path | None = None
    """Where accounts are kept; None: state/."""
    fresh: bool = False
    """Put the account's journal aside and begin anew."""
    abandon: str | None = None
    """The account whose open positions ``fresh`` may give up, with real money."""
    debug: bool = False
    """Run a user's strategy in this process."""


def read_config(options: Options) -> Settings:
    """Return the settings; what they name is not looked for. Raises ``UsageError``."""
    try:
        return load(options.config, options.sets)
    except ConfigError as error:
        raise UsageError(str(error)) from None


def read_settings(options: Options) -> tuple[Settings, Callable[[], Strategy]]:
    """Return the settings, and what makes the strategy they name, in this process.

    Raises:
        UsageError: a setting or the strategy can't be used; all mistakes in the settings at once.

    """
    settings = read_config(options)
    try:
        return settings, strategy_of(settings, _folders(options))
    except StrategyError as error:
        raise _unusable(error) from None


def check_oco(settings: Settings) -> None:
    """Check that the embedded market has the OCO that the plan names. Raises ``UsageError``."""
    is_oco = settings.plan.protection_mode is ProtectionMode.OCO
    if is_oco and not settings.paper.capabilities.oco:
        raise UsageError(
            'plan.protection_mode = "oco": the embedded market has no OCO, as most exchanges; '
            "add --set paper.capabilities.oco=true"
        )


@contextmanager
def session_strategy(options: Options, settings: Settings) -> Iterator[StrategySource]:
    """Have the strategy of a session: a user's in a process of its own, which has made it.

    The process is ended at the end. With ``--debug`` it is made in this process.

    Raises:
        UsageError: the strategy can't be used.

    """
    folders = _folders(options)
    try:
        if options.debug or settings.strategy.use == DROP:
            yield strategy_of(settings, folders)
            return
        processes = OwnProcess(settings, folders)
        try:
            processes.start_first()
            yield processes
        finally:
            processes.close()
    except StrategyError as error:
        raise _unusable(error) from None


def _folders(options: Options) -> tuple[Path, ...]:
    """Return where a strategy's module is looked for: beside the config, in the current folder.

    Raises ``UsageError`` where the current folder was removed: nothing could be written there.
    """
    try:
        here = Path.cwd()
    except FileNotFoundError:
        raise UsageError("the current folder was removed: change to one that is there") from None
    return (here,) if options.config is None else (options.config.resolve().parent, here)


def _unusable(error: StrategyError) -> UsageError:
    """Return the error in short; the traceback of the user's code is in a file."""
    if not error.details:
        return UsageError(str(error))
    return UsageError(f"{error}; its traceback is in {write_text(error.details)}")
