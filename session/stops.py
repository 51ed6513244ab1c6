"""Where each symbol's stop lives, what survives the end of the process, and what must be chosen."""

from collections.abc import Callable, Mapping

from msgspec.structs import replace

from actors.position.price_levels import has_stop, possible_mode
from config.settings import Settings
from messages.base import Symbol
from messages.market import Capabilities
from messages.plan import OnStop, Plan, ProtectionMode
from session.connection import Say
from terminal.errors import UsageError
from terminal.person import is_anyone_there, read_line, typed_by

_IN_PROCESS = frozenset({ProtectionMode.SYNTHETIC, ProtectionMode.TRIGGERS})
_WHILE_IT_RUNS = {
    ProtectionMode.SYNTHETIC: "the take profit rests at the exchange, the stop is in this process",
    ProtectionMode.SWITCHING: "one order rests at the exchange: the stop, or the take profit",
    ProtectionMode.STOP_RESTS: "the stop rests at the exchange, the take profit is in this process",
    ProtectionMode.OCO: "stop and take profit both rest at the exchange",
    ProtectionMode.TRIGGERS: "nothing rests at the exchange, both are in this process",
}
_CHOICES = (OnStop.LEAVE, OnStop.CLOSE)


def protection_words(plan: Plan, can: Capabilities) -> str:
    """Return which protection a symbol gets while the session runs."""
    mode = possible_mode(plan, can)
    text = f"{mode.value}: {_WHILE_IT_RUNS[mode]}"
    wanted = plan.protection_mode
    if wanted is ProtectionMode.AUTO and mode in _IN_PROCESS and has_stop(plan):
        return f"{text} ({_why_not_native(can)})"
    if wanted not in (ProtectionMode.AUTO, mode):
        return f"{text} ({wanted.value} is not possible here)"
    return text


def _why_not_native(can: Capabilities) -> str:
    if not can.has_native_stop:
        return "auto: the exchange takes no native stop"
    return "auto: it is not proven what becomes of a native stop here once it triggers"


def survival_words(plan: Plan, can: Capabilities) -> str:
    """Return what protects a position on the symbol once the process has ended."""
    if not has_stop(plan):
        return "the plan has no stop"
    mode = possible_mode(plan, can)
    if mode in (ProtectionMode.OCO, ProtectionMode.STOP_RESTS):
        return "the stop stays at the exchange"
    after_a_kill = "its stop is NOT active until the next start"
    if mode is ProtectionMode.SWITCHING:
        after_a_kill = "its stop stays at the exchange, unless the take profit rests there"
    match plan.on_stop or (OnStop.NATIVE_STOP if can.has_native_stop else OnStop.LEAVE):
        case OnStop.CLOSE:
            return f"a graceful stop sells it; after a kill {after_a_kill}"
        case OnStop.NATIVE_STOP if can.has_native_stop:
            return f"a graceful stop leaves a stop at the exchange; after a kill {after_a_kill}"
        case _:
            return after_a_kill


def symbol_lines(plan: Plan, capabilities: Mapping[Symbol, Capabilities]) -> list[str]:
    """Return two lines a symbol: its protection now, and what survives the end of the process."""
    lines = []
    for symbol, can in capabilities.items():
        lines.append(f"  {symbol:<9} {protection_words(plan, can)}")
        lines.append(f"  {'':<9} after the end: {survival_words(plan, can)}")
    return lines


def check_stops(
    settings: Settings, capabilities: Mapping[Symbol, Capabilities], *, is_real_money: bool
) -> None:
    """Refuse real money on a symbol that only this process can protect, unless it is allowed.

    Raises ``UsageError``.
    """
    if not is_real_money or settings.live.allow_process_stop:
        return
    without = [symbol for symbol, can in capabilities.items() if not can.has_native_stop]
    if without and has_stop(settings.plan):
        raise UsageError(
            f"{', '.join(without)}: the exchange takes no native stop, so a stop is active only "
            "while Holdfast runs; to trade there all the same: --set live.allow_process_stop=true"
        )


def choose_on_stop(
    settings: Settings,
    capabilities: Mapping[Symbol, Capabilities],
    say: Say,
    *,
    may_ask: bool,
    is_terminal: bool | None = None,
    read: Callable[[], str] = read_line,
) -> Settings:
    """Return the settings with ``plan.on_stop``, typed by a person where nothing else says it.

    Only where the exchange takes no native stop is there a choice to make. Raises ``UsageError``
    where no one can be asked, the answer is none of the choices, or ``native_stop`` is set there.
    """
    plan = settings.plan
    without = [symbol for symbol, can in capabilities.items() if not can.has_native_stop]
    is_chosen = plan.on_stop in _CHOICES
    if is_chosen or not without or not has_stop(plan):
        return settings
    words = " or ".join(_CHOICES)
    if plan.on_stop is OnStop.NATIVE_STOP:
        raise UsageError(
            f"{', '.join(without)}: the exchange takes no native stop, so plan.on_stop can't be "
            f"{plan.on_stop}: {words}"
        )
    about = f"{', '.join(without)}: at the end of the session the stop in this process ends too"
    if not may_ask or not is_anyone_there(is_terminal=is_terminal):
        raise UsageError(f"{about}; choose with --set plan.on_stop={' or '.join(_CHOICES)}")
    say(f"{about}. Type {words}: leave keeps the position without a stop, close sells it:")
    answer = typed_by(read)
    if answer not in _CHOICES:
        raise UsageError(f"{answer!r} is neither of {words}: nothing was traded")
    return replace(settings, plan=replace(plan, on_stop=OnStop(answer)))
