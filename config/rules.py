"""What must fit together: the contradictions between keys that are each fine alone. Pure.

Owns one function per section, each yielding the keys that contradict and what would be right. A
key's own type and range are the business of ``reading`` and ``limits``.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from config.settings import MarketSettings, Settings
from messages.base import quote_currency
from messages.market import FeeCurrency
from messages.money import ZERO
from messages.portfolio import TradingState

_TAG = re.compile(r"[0-9a-z]{0,4}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_KEY = re.compile(r"API_?KEY|SECRET|PASSW|TOKEN|PRIVATE|CREDENTIAL", re.IGNORECASE)
_USER_CLASS = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")


class Contradiction(NamedTuple):
    """Keys that do not fit together; the first is the one to name."""

    keys: tuple[str, ...]
    text: str


def contradictions(settings: Settings) -> Iterator[Contradiction]:
    """Yield every contradiction of ``settings`` outside of the plan (see ``plan_rules``)."""
    yield from _names(settings)
    yield from _budget(settings)
    yield from _intervals(settings)
    yield from _guardian(settings)
    yield from _retention(settings)
    for symbol, market in settings.market.items():
        yield from _market(f'market."{symbol}"', market)


def _names(settings: Settings) -> Iterator[Contradiction]:
    if not _TAG.fullmatch(settings.account.tag):
        text = f'"{settings.account.tag}" is not up to 4 characters of 0-9 and a-z'
        yield Contradiction(("account.tag",), text)
    use = settings.strategy.use
    if use != "drop" and not _USER_CLASS.fullmatch(use):
        yield Contradiction(("strategy.use",), f'"{use}" is neither drop nor a class module:Class')
    for name in settings.strategy.environment:
        if not _VARIABLE.fullmatch(name):
            text = f'"{name[:60]}" is no name of an environment variable'
            yield Contradiction(("strategy.environment",), text)
        elif _KEY.search(name):
            text = f"{name} looks like a key: a strategy's process gets none"
            yield Contradiction(("strategy.environment",), text)


def _budget(settings: Settings) -> Iterator[Contradiction]:
    budget, capital = settings.drop.budget, settings.capital
    if not any(capital.values()):
        yield Contradiction(("capital",), "allots nothing: give one currency more than 0")
        return
    for symbol in settings.drop.symbols:
        quote = quote_currency(symbol)
        allotted = capital.get(quote, ZERO)
        if budget > allotted:
            text = f"{budget} {quote} for {symbol} is over the capital of {allotted} {quote}"
            yield Contradiction(("drop.budget", "drop.symbols", f"capital.{quote}"), text)
    most = max(capital.values())
    if not settings.drop.symbols and budget > most:
        yield Contradiction(("drop.budget", "capital"), f"{budget} is over the capital of {most}")
    portfolio = settings.portfolio
    for name, limit in (
        ("portfolio.max_budget", portfolio.max_budget),
        ("portfolio.symbol_cap", portfolio.symbol_cap),
    ):
        if limit is not None and budget > limit:
            text = f"{budget} is over {name} {limit}: every entry would be denied"
            yield Contradiction(("drop.budget", name), text)
    if portfolio.positions_per_symbol > portfolio.max_positions:
        text = f"must be at most portfolio.max_positions, {portfolio.max_positions}"
        keys = ("portfolio.positions_per_symbol", "portfolio.max_positions")
        yield Contradiction(keys, text)


def _intervals(settings: Settings) -> Iterator[Contradiction]:
    market, router = settings.market_data, settings.router
    yield from _ordered(
        "market_data.held_poll_seconds",
        market.held_poll_ms,
        "market_data.poll_seconds",
        market.poll_ms,
    )
    yield from _ordered(
        "market_data.held_poll_seconds",
        market.held_poll_ms,
        "market_data.stale_seconds",
        market.stale_ms,
    )
    yield from _ordered(
        "router.retry_backoff_seconds",
        router.retry_backoff_ms,
        "router.retry_backoff_max_seconds",
        router.retry_backoff_max_ms,
    )
    yield from _ordered(
        "router.unknown_settle_seconds",
        router.unknown_settle_ms,
        "router.answer_timeout_seconds",
        router.answer_timeout_ms,
    )
    yield from _ordered(
        "runtime.soft_limit_seconds",
        settings.runtime.soft_limit_ms,
        "runtime.hard_limit_seconds",
        settings.runtime.hard_limit_ms,
    )
    # A strategy that is late is first given up by who asked it.
    yield from _ordered(
        "guards.deadline_seconds",
        settings.guards.deadline_ms,
        "runtime.pinned_limit_seconds",
        settings.runtime.pinned_limit_ms,
    )


def _retention(settings: Settings) -> Iterator[Contradiction]:
    journal = settings.journal
    if journal.keep_floor_bytes > journal.keep_bytes:
        keys = ("journal.keep_floor_bytes", "journal.keep_bytes")
        yield Contradiction(keys, f"must be at most journal.keep_bytes, {journal.keep_bytes}")


def _ordered(name: str, small_ms: int, other: str, large_ms: int) -> Iterator[Contradiction]:
    if small_ms > large_ms:
        large = Decimal(large_ms).scaleb(-3)
        yield Contradiction((name, other), f"must be at most {other}, {large}")


def _guardian(settings: Settings) -> Iterator[Contradiction]:
    guardian = settings.guardian
    for name, state in (
        ("daily_loss_state", guardian.daily_loss_state),
        ("escalation_state", guardian.escalation_state),
        ("journal_failure_state", guardian.journal_failure_state),
    ):
        if state is TradingState.ACTIVE:
            yield Contradiction((f"guardian.{name}",), "must be reducing or halted, not active")


def _market(key: str, market: MarketSettings) -> Iterator[Contradiction]:
    if market.fee_currency is FeeCurrency.THIRD:
        for name, value in (
            ("fee_third_currency", market.fee_third_currency),
            ("fee_third_rate", market.fee_third_rate),
        ):
            if value is None:
                text = f'is missing: fee_currency "third" needs {name}'
                yield Contradiction((f"{key}.{name}", f"{key}.fee_currency"), text)
    step, minimum = market.step_size, market.min_quantity
    if step is not None and minimum is not None and minimum % step:
        text = f"{minimum} is no multiple of step_size {step}"
        yield Contradiction((f"{key}.min_quantity", f"{key}.step_size"), text)
