"""``--mode``: whose money is at stake, and what must be true before it is.

Owns the refusals and the question. Nothing here connects or trades.
"""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

import msgspec

from config.settings import Settings
from exchange.live.connection import Connection
from exchange.profiles.profile import Profile
from exchange.profiles.registry import PROFILES
from exchange.profiles.request_terms import UNKNOWN_LIFE_MS
from messages.base import Symbol, quote_currency
from messages.market import MarketRules
from messages.money import ZERO, Money, money_text, plain
from messages.orders import OrderType
from messages.plan import Plan
from session.connection import Say, profile_named
from terminal.errors import UsageError
from terminal.person import is_anyone_there, read_line, typed_by

CONSENT = "live"
"""What a person types to let it trade."""


class Mode(StrEnum):
    """Where orders go."""

    PAPER = "paper"
    """The embedded market, paper money."""
    DRY_RUN = "dry-run"
    """A real exchange's prices, paper money: no key is used."""
    SANDBOX = "sandbox"
    """A real exchange's test exchange."""
    LIVE = "live"
    """Real money."""


class Venue(msgspec.Struct, frozen=True, kw_only=True):
    """What was typed about where to trade."""

    mode: Mode
    exchange_id: str
    keys_file: Path | None = None
    is_sure: bool = False
    """``--yes``: don't ask."""


def venue_of(mode: str, exchange: str | None, keys_file: Path | None, *, is_sure: bool) -> Venue:
    """Return where to trade, if not on the embedded market. Raises ``UsageError``."""
    if mode not in set(Mode):
        raise UsageError(f"--mode {mode}: one of {', '.join(Mode)}")
    if mode == Mode.PAPER:
        raise UsageError("--exchange goes with --mode dry-run, sandbox or live")
    if not exchange:
        known = ", ".join(PROFILES)
        raise UsageError(f"--mode {mode} needs --exchange: {known}, or another one ccxt knows")
    return Venue(mode=Mode(mode), exchange_id=exchange, keys_file=keys_file, is_sure=is_sure)


def probe_venue(mode: str, exchange: str, keys_file: Path | None) -> Venue:
    """Return where to probe: it is always asked for. Raises ``UsageError``."""
    if mode not in (Mode.SANDBOX, Mode.LIVE):
        raise UsageError("probe needs --mode sandbox (test money) or --mode live (real money)")
    venue = Venue(mode=Mode(mode), exchange_id=exchange, keys_file=keys_file)
    _check_sandbox(venue, profile_named(exchange), Mode.LIVE)
    return venue


def _check_sandbox(venue: Venue, profile: Profile, instead: str = Mode.DRY_RUN) -> None:
    if venue.mode is Mode.SANDBOX and not profile.sandbox:
        raise UsageError(
            f"{profile.name} has no test exchange with addresses of its own: use --mode {instead}"
        )


def check_venue(venue: Venue, settings: Settings) -> Profile:
    """Return the exchange's profile, where the settings are fit for it. Raises ``UsageError``."""
    profile = profile_named(venue.exchange_id)
    if not settings.drop.symbols:
        raise UsageError("drop.symbols names no market: on a real exchange none is assumed")
    _check_sandbox(venue, profile)
    problem = entry_problem(profile, settings.plan) or wait_problem(profile, settings.plan)
    if problem is not None and venue.mode is not Mode.DRY_RUN:
        raise UsageError(problem)
    if venue.mode is Mode.LIVE:
        _check_limits(settings)
    return profile


def entry_problem(profile: Profile, plan: Plan) -> str | None:
    """Return why no entry of the plan could ever be placed there; None: one can."""
    if profile.market_buy or any(rung.type is not OrderType.MARKET for rung in plan.entry_ladder):
        return None
    return (
        f"plan.entry_ladder buys at the market, and {profile.name} takes no market buy of a "
        'quantity: write it as [{ type = "limit", time_in_force = "ioc", offset_ratio = 0.001 }]'
    )


def wait_problem(profile: Profile, plan: Plan) -> str | None:
    """Return why the plan would sell again while the first request may still arrive; None: no.

    Of an exchange that does not say how long a request lives, the default wait is the least.
    """
    life_ms = profile.request_life_ms
    least_ms = UNKNOWN_LIFE_MS if life_ms is None else life_ms + 1
    if plan.unknown_exit_ms >= least_ms:
        return None
    problem = f"plan.unknown_exit_seconds: {plan.unknown_exit_ms / 1000:g} is too short"
    if life_ms is None:
        return (
            f"{problem}: {profile.name} does not say how long a request lives; write "
            f"{UNKNOWN_LIFE_MS / 1000:g} or more"
        )
    return (
        f"{problem}: at {profile.name} a request may arrive {life_ms / 1000:g} s late; write "
        f"{life_ms / 1000 + 5:g} or more"
    )


def budget_problem(symbol: Symbol, settings: Settings, rules: MarketRules) -> str | None:
    """Return why no entry on the symbol could ever be large enough; None: one can."""
    budget = settings.drop.budget
    if budget >= rules.min_notional:
        return None
    return (
        f"{symbol}: drop.budget {plain(budget)} is under the exchange's minimum of "
        f"{plain(rules.min_notional)} {quote_currency(symbol)}"
    )


def _check_limits(settings: Settings) -> None:
    limits = {
        "portfolio.max_budget": settings.portfolio.max_budget,
        "portfolio.daily_loss_limit": settings.portfolio.daily_loss_limit,
    }
    missing = [name for name, limit in limits.items() if limit is None]
    if missing:
        raise UsageError(f"--mode live trades real money and needs a limit: {', '.join(missing)}")


def account_lines(connection: Connection, venue: Venue, settings: Settings) -> list[str]:
    """Return whose account it is, what it holds, and what may be done with it."""
    profile, opened = connection.profile, connection.opened
    limits, capital = settings.portfolio, settings.capital
    allotted = [Money(currency, capital[currency]) for currency in sorted(capital)]
    lines = [
        f"{venue.mode.value} on {profile.name}, account {settings.account.tag or 'main'}",
        f"  free      {_monies(opened.free)}",
        f"  capital   {_monies(allotted)}, of which a position takes {settings.drop.budget:f}",
        f"  limits    a position {_limit(limits.max_budget)}, positions {limits.max_positions}",
        f"  loss      {_limit(limits.daily_loss_limit)} a day",
        f"  markets   {', '.join(settings.drop.symbols)}",
    ]
    if not profile.is_proven:
        lines.append("  WARNING   no profile for this exchange: synthetic protection only")
    life_ms, settle_ms = profile.request_life_ms, settings.router.unknown_settle_ms
    if life_ms is not None and settle_ms < life_ms:
        lines.append(
            f"  WARNING   router.unknown_settle_seconds is {settle_ms / 1000:g}: a request may "
            f"arrive {life_ms / 1000:g} s late, after its order was placed a second time"
        )
    return lines


def ask_consent(
    venue: Venue, say: Say, *, is_terminal: bool | None = None, read: Callable[[], str] = read_line
) -> None:
    """Ask whether real money may be traded. Raises ``UsageError`` where the answer is not yes."""
    if venue.mode is not Mode.LIVE or venue.is_sure:
        return
    if not is_anyone_there(is_terminal=is_terminal):
        raise UsageError("--mode live asks first, and there is nobody to ask: add --yes")
    say(f"This trades real money. Type {CONSENT} to go on:")
    if typed_by(read) != CONSENT:
        raise UsageError("not confirmed: nothing was traded")


def _monies(monies: list[Money] | tuple[Money, ...]) -> str:
    held = [money_text(one.amount, one.currency) for one in monies if one.amount > ZERO]
    return ", ".join(held) or "nothing"


def _limit(limit: object) -> str:
    return "no limit" if limit is None else f"at most {limit:f}"
