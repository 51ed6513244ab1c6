"""``doctor``: would a session on this exchange work? Asks, changes nothing, places no order.

Owns the questions and what a good answer is. Each finding is a line; one that fails decides the
exit code.
"""

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import msgspec

from actors.position.prices import possible_mode
from commands.connecting import Say, Way, connect, keys_if_any
from commands.modes import budget_problem, entry_problem, wait_problem
from commands.stops import protection_words, survival_words
from config.settings import Settings
from exchange.keys import Keys, variable_names
from exchange.live.connection import Connection, Listing
from exchange.port import UnknownSymbolError
from exchange.profiles.profile import Profile
from exchange.profiles.registry import profile_of
from messages.base import Symbol, quote_currency
from messages.market import Capabilities
from messages.money import ZERO, amount_in, plain
from messages.orders import Priority
from messages.plan import Plan, ProtectionMode

EXIT_OK = 0
EXIT_FAILED = 1
"""Something would keep a session from trading."""

_DRIFT_WORTH_A_WORD_MS = 500


class Grade(StrEnum):
    """How a finding is."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "FAILED"


class Finding(msgspec.Struct, frozen=True):
    """One answer."""

    grade: Grade
    text: str

    def line(self) -> str:
        """Return it as people read it."""
        return f"{self.grade.value:<8} {self.text}"


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be examined."""

    exchange_id: str
    symbols: tuple[Symbol, ...] = ()
    """Empty: those of ``drop.symbols``."""
    keys_file: Path | None = None


def examine(question: Question, settings: Settings, way: Way, say: Say) -> int:
    """Examine an exchange; say each finding, return the exit code.

    Raises:
        UsageError: the exchange's name or the keys can't be used.
        ConnectFailedError: it can't be reached, is in maintenance, or refuses the key.

    """
    profile = profile_of(question.exchange_id)
    keys = keys_if_any(profile, way, question.keys_file)
    say(_about(profile).line())
    connection = connect(profile, keys, way, say, settings.live)
    try:
        symbols = question.symbols or tuple(settings.drop.symbols)
        findings = [*_account(connection, keys, settings), *_markets(connection, symbols, settings)]
    finally:
        connection.close()
    for finding in findings:
        say(finding.line())
    failed = any(finding.grade is Grade.FAILED for finding in findings)
    return EXIT_FAILED if failed else EXIT_OK


def _about(profile: Profile) -> Finding:
    if not profile.is_proven:
        return Finding(
            Grade.WARNING,
            f"{profile.id} has no profile here: plain orders and synthetic protection only",
        )
    native = [word for word, can in _abilities(profile.capabilities) if can]
    says = ", ".join(native) or f"none; {profile.why_not_native}"
    return Finding(Grade.OK, f"{profile.name}: native protection {says}")


def _abilities(can: Capabilities) -> tuple[tuple[str, bool], ...]:
    return (
        ("stop", can.native_stop),
        ("stop-limit", can.native_stop_limit),
        ("OCO", can.oco),
    )


def _account(connection: Connection, keys: Keys, settings: Settings) -> Iterator[Finding]:
    profile, opened = connection.profile, connection.opened
    yield Finding(Grade.OK, f"connected; {len(opened.listings)} spot markets")
    yield _clock(connection.clock_offset_ms, profile)
    if not keys.are_given:
        names = ", ".join(variable_names(profile).values())
        yield Finding(Grade.WARNING, f"no keys given ({names}): public data only")
        return
    yield Finding(Grade.OK, "the key is taken")
    yield _withdrawal(_can_withdraw(connection))
    for currency, capital in sorted(settings.capital.items()):
        free = amount_in(opened.free, currency)
        if capital > ZERO:
            grade = Grade.OK if free >= capital else Grade.WARNING
            text = f"{plain(free)} {currency} free, capital allots {plain(capital)}"
            yield Finding(grade, text)


def _clock(offset_ms: int, profile: Profile) -> Finding:
    drift = abs(offset_ms)
    text = f"this clock is {drift} ms {'behind' if offset_ms > 0 else 'ahead'} the exchange's"
    life = profile.request_life_ms
    if life is not None and drift >= life:
        return Finding(
            Grade.WARNING,
            f"{text}, more than a request's life of {life} ms: it is corrected for, but set it",
        )
    if drift >= _DRIFT_WORTH_A_WORD_MS:
        return Finding(Grade.WARNING, f"{text}: it is corrected for")
    return Finding(Grade.OK, text)


def _can_withdraw(connection: Connection) -> bool | None:
    """Return whether the key may take money out, where the exchange tells, else the account."""
    profile = connection.profile
    if not profile.permissions_call:
        return connection.opened.can_withdraw

    async def ask() -> object:
        answer = await connection.call(profile.permissions_call, urgency=Priority.QUERY)
        return answer.get(profile.withdrawal_field)

    try:
        told = connection.thread.run(ask())
    except Exception as error:  # noqa: BLE001 - not told is an answer too
        connection.note(f"what the key may do is not told: {connection.text_of(error)}")
        return None
    return told if isinstance(told, bool) else None


def _withdrawal(can_withdraw: bool | None) -> Finding:  # noqa: FBT001 - an answer, three-valued
    match can_withdraw:
        case True:
            text = "money can be withdrawn with this key or account: take that right from the key"
            return Finding(Grade.WARNING, text)
        case False:
            return Finding(Grade.OK, "no withdrawal right")
        case _:
            text = "the exchange does not say whether the key may withdraw: look there"
            return Finding(Grade.WARNING, text)


def _markets(
    connection: Connection, symbols: tuple[Symbol, ...], settings: Settings
) -> Iterator[Finding]:
    for problem_of in (entry_problem, wait_problem):
        problem = problem_of(connection.profile, settings.plan)
        if problem is not None:
            yield Finding(Grade.FAILED, problem)
    if not symbols:
        yield Finding(Grade.WARNING, "no symbols to look at: name them with --symbol")
    for symbol in symbols:
        try:
            listing = connection.listing(symbol)
        except UnknownSymbolError as error:
            yield Finding(Grade.FAILED, str(error))
            continue
        yield from _symbol(symbol, listing, settings)


def _symbol(symbol: Symbol, listing: Listing, settings: Settings) -> Iterator[Finding]:
    if not listing.facts.is_active:
        yield Finding(Grade.FAILED, f"{symbol} is listed, and not traded now: halted or delisted")
        return
    rules, quote = listing.rules, quote_currency(symbol)
    yield Finding(
        Grade.OK,
        f"{symbol}: at least {plain(rules.min_quantity)} {rules.base} and "
        f"{plain(rules.min_notional)} {quote}, step {plain(rules.step_size)}, "
        f"tick {plain(rules.tick_size)}, taker fee {plain(rules.taker_fee_ratio * 100)} %",
    )
    problem = budget_problem(symbol, settings, rules)
    if problem is not None:
        yield Finding(Grade.FAILED, problem)
    yield _protection(symbol, settings.plan, listing)


def _protection(symbol: Symbol, plan: Plan, listing: Listing) -> Finding:
    can = listing.facts.capabilities
    text = (
        f"{symbol}: {protection_words(plan, can)}; after the end of the process: "
        f"{survival_words(plan, can)}"
    )
    is_as_wanted = plan.protection_mode in (ProtectionMode.AUTO, possible_mode(plan, can))
    return Finding(Grade.OK if is_as_wanted else Grade.WARNING, text)
