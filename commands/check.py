"""``check``: is this config right? And a starter config to begin with."""

from rich.console import Console

from commands.options import Options, read_settings
from commands.session import check_market
from config.loading import default_text


def print_default() -> None:
    """Print the defaults' file, comments and all: a config to begin with."""
    print(default_text(), end="")  # noqa: T201 - a file, to be redirected into one


def check(options: Options) -> None:
    """Read the settings as a session does, its strategy too, and say that they can be used.

    Raises:
        UsageError: they can't; every mistake at once.

    """
    settings, _ = read_settings(options)
    check_market(settings)
    plan = settings.plan
    says = [
        f"strategy {settings.strategy.use}",
        f"budget {settings.drop.budget:f}",
        f"protection {plan.protection_mode.value}",
        f"at most {settings.portfolio.max_positions} positions",
    ]
    Console(highlight=False, markup=False).print(f"the config is right: {', '.join(says)}")
