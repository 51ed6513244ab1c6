"""``check``: is this config right? And a starter config to begin with."""

from actors.position.price_levels import possible_mode, switch_ratios
from config.loading import default_text
from config.settings import Settings
from messages.plan import ProtectionMode
from session.options import Options, read_config, session_strategy
from session.paper import check_market
from terminal.console import new_console


def print_default() -> None:
    """Print the defaults' file, comments and all: a config to begin with."""
    print(default_text(), end="")  # noqa: T201 - a file, to be redirected into one


def _protection(settings: Settings) -> str:
    """Return the mode, and in mode auto what it comes to on the embedded market."""
    plan, can = settings.plan, settings.paper.capabilities
    mode = possible_mode(plan, can)
    text = f"protection {plan.protection_mode.value}"
    if plan.protection_mode is ProtectionMode.AUTO:
        text += f" ({mode.value} on the embedded market)"
    lines = switch_ratios(plan)
    if mode is ProtectionMode.SWITCHING and lines is not None:
        to_stop, to_target = (f"{ratio * 100:.2f} %" for ratio in lines)
        text += (
            f": the stop rests; the take profit over {to_target}, the stop again under {to_stop}"
        )
    return text


def check(options: Options) -> None:
    """Read the settings as a session does, its strategy too, and say that they can be used.

    Raises:
        UsageError: they can't; every mistake at once.

    """
    settings = read_config(options)
    check_market(settings)
    with session_strategy(options, settings):
        pass  # it was made
    says = [
        f"strategy {settings.strategy.use}",
        f"budget {settings.drop.budget:f}",
        _protection(settings),
        f"at most {settings.portfolio.max_positions} positions",
    ]
    new_console().print(f"the config is right: {', '.join(says)}")
