"""``doctor``: would a session on this exchange work? Asks, changes nothing, places no order.

Owns the questions and what a good answer is. Each finding is a line; one that fails decides the
exit code.
"""

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import msgspec

from actors.position.price_levels import possible_mode
from config.settings import Settings
from exchange.keys import Keys, variable_names
from exchange.live.borrow_watch import borrow_words, read_borrow_mode
from exchange.live.clock_sync import ClockSync, clock_sync
from exchange.live.connection import Connection
from exchange.live.key_watch import read_rights, told, too_much
from exchange.live.market_list import Listing
from exchange.port import UnknownSymbolError
from exchange.profiles.borrow_modes import BORROW_CALLS
from exchange.profiles.key_rights import KeyRights
from exchange.profiles.profile import Profile
from exchange.profiles.request_terms import bound_ms, early_proof_ms, proof_ms, terms_of
from messages.base import Symbol, quote_currency
from messages.market import Capabilities
from messages.money import ZERO, amount_in, amount_text, money_text, plain
from messages.plan import Plan, ProtectionMode
from session.account import STATE
from session.connection import Say, Way, connect, keys_if_any, probed, profile_named
from session.stops import protection_words, survival_words
from session.trading_modes import budget_problem, entry_problem, wait_problem

EXIT_OK = 0
EXIT_FAILED = 1
"""Something would keep a session from trading."""

_DRIFT_WORTH_A_WORD_MS = 500
_LOOKS_MS = 1_000
"""For the two looks that prove an absence, and their way."""
_ASKED = "asked below, and again while it trades"


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
    state: Path = STATE
    """Where ``probe`` keeps what it saw."""


def examine(question: Question, settings: Settings, way: Way, say: Say) -> int:
    """Examine an exchange; say each finding, return the exit code.

    Raises:
        UsageError: the exchange's name or the keys can't be used.
        ConnectFailedError: it can't be reached, is in maintenance, or refuses the key.

    """
    profile = probed(profile_named(question.exchange_id), question.state, say)
    keys = keys_if_any(profile, way, question.keys_file)
    for finding in (_about(profile), *_stops(profile), *_lives(profile)):
        say(finding.line())
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


def _stops(profile: Profile) -> Iterator[Finding]:
    """Yield what is known of native stops: what becomes of one, and whether it locks its coins."""
    can = profile.capabilities
    if can.has_native_stop:
        what = "what becomes of a native stop once it triggers"
        if profile.stop_evidence:
            yield Finding(Grade.OK, f"{what}: {profile.stop_evidence}")
        else:
            yield Finding(
                Grade.WARNING, f'{what} is not proven: mode "auto" uses none; see the command probe'
            )
    if profile.stop_locks_coins is not None:
        locks = "locks its coins" if profile.stop_locks_coins else "locks NO coins"
        source = profile.stop_locks_source
        yield Finding(Grade.OK, f"a stop there that waits for its trigger {locks} ({source})")


def _lives(profile: Profile) -> Iterator[Finding]:
    """Yield what ends the doubt about an order without an answer, and how soon."""
    what, bound, proof = (
        "an exit without an answer that never arrived",
        bound_ms(profile),
        proof_ms(profile),
    )
    slow = "so it takes the slow proof: not found several times, over router.unknown_settle_seconds"
    if bound is None:
        name = profile.name
        yield Finding(
            Grade.WARNING, f"{what}: no document bounds how late {name} takes a request, {slow}"
        )
    elif proof is None:
        yield Finding(
            Grade.WARNING,
            f"{what}: {profile.name} takes it for {bound / 1000:g} s, and no document says by how "
            f"much its reads are behind, {slow}",
        )
    else:
        yield Finding(
            Grade.OK,
            f"{what} is proven absent at most {(proof + _LOOKS_MS) / 1000:g} s after its signing: "
            f"{bound / 1000:g} s in which it is taken, {(proof - bound) / 1000:g} s by which reads "
            f"are behind, {_LOOKS_MS / 1000:g} s for two looks{_without_a_gap(profile)}",
        )
    terms = terms_of(profile, may_borrow=False)
    if terms is not None and terms.locking:
        where = f"the account can't borrow ({_ASKED}) and " if profile.may_borrow else ""
        yield Finding(
            Grade.OK,
            f"it is sent again at once where {where}the account holds "
            "no more of the coin than the position: give each bot an account or sub-account of "
            "its own, without other coins",
        )
    else:
        yield Finding(
            Grade.WARNING,
            f"it is not sent again before that: that {profile.name} refuses a second sale of the "
            "same coins is not known",
        )


def _without_a_gap(profile: Profile) -> str:
    early = early_proof_ms(profile)
    if early is None:
        return ""
    return f"; {(early + _LOOKS_MS) / 1000:g} s where the account's stream had no gap"


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
    yield _clock_sync(clock_sync())
    if not keys.are_given:
        names = ", ".join(variable_names(profile).values())
        yield Finding(Grade.WARNING, f"no keys given ({names}): public data only")
        return
    yield Finding(Grade.OK, "the key is taken")
    yield from _key(connection.thread.run(read_rights(connection)))
    yield from _borrowing(connection)
    for currency, capital in sorted(settings.capital.items()):
        free = amount_in(opened.free, currency)
        if capital > ZERO:
            grade = Grade.OK if free >= capital else Grade.WARNING
            allots = amount_text(capital, currency)
            yield Finding(grade, f"{money_text(free, currency)} free, capital allots {allots}")


def _borrowing(connection: Connection) -> Iterator[Finding]:
    """Yield whether the account may borrow, where the exchange has such accounts."""
    call = BORROW_CALLS.get(connection.profile.id)
    if call is None:
        return
    may = connection.thread.run(read_borrow_mode(connection))
    text = f"this account {borrow_words(may=may)}"
    yield Finding(Grade.WARNING, f"{text}; {call.advice}") if may else Finding(Grade.OK, text)


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


def _key(rights: KeyRights) -> Iterator[Finding]:
    can, is_told = too_much(rights), rights.can_withdraw is not None
    grades = (
        Grade.FAILED if can is not None else Grade.OK if is_told else Grade.WARNING,
        Grade.OK if rights.is_bound else Grade.WARNING,
        Grade.OK,
    )
    for grade, text in zip(grades, told(rights), strict=True):
        yield Finding(grade, text)


def _clock_sync(sync: ClockSync) -> Finding:
    if sync.is_kept is None:
        return Finding(Grade.WARNING, "whether a time service (NTP) keeps this clock is not known")
    if not sync.is_kept:
        return Finding(Grade.WARNING, "no time service (NTP) keeps this machine's clock: start one")
    return Finding(Grade.OK, f"this clock is kept by a time service, within {sync.error_ms} ms")


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
