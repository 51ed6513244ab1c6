"""What every run of the program may be told: which settings, for how long, where its files go."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from actors.strategy.actor import strategy_of
from actors.strategy.port import Strategy, StrategyError
from commands.errors import UsageError
from config.loading import ConfigError, load
from config.settings import Settings
from messages.plan import ProtectionMode


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


def read_settings(options: Options) -> tuple[Settings, Callable[[], Strategy]]:
    """Return the settings, and what makes the strategy they name.

    A strategy's module is looked for beside the config, then in the current folder.

    Raises:
        UsageError: a setting or the strategy can't be used; all mistakes in the settings at once.

    """
    here = Path.cwd()
    folders = (here,) if options.config is None else (options.config.resolve().parent, here)
    try:
        settings = load(options.config, options.sets)
        return settings, strategy_of(settings, folders)
    except (ConfigError, StrategyError) as error:
        raise UsageError(str(error)) from None


def check_oco(settings: Settings) -> None:
    """Check that the embedded market has the OCO that the plan names. Raises ``UsageError``."""
    is_oco = settings.plan.protection_mode is ProtectionMode.OCO
    if is_oco and not settings.paper.capabilities.oco:
        raise UsageError(
            'plan.protection_mode = "oco": the embedded market has no OCO, as most exchanges; '
            "add --set paper.capabilities.oco=true"
        )
