"""``--mode``: what is refused, what is shown, and who must agree before real money is traded."""

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from config.loading import load
from config.settings import DropSettings, PortfolioSettings, Settings
from exchange.profiles.registry import PROFILES
from messages.base import Symbol
from session.trading_modes import (
    Mode,
    Venue,
    ask_consent,
    check_venue,
    entry_problem,
    venue_of,
    wait_problem,
)
from terminal.errors import UsageError

SYMBOLS = DropSettings(symbols=(Symbol("BTC/USDT"),))
LIMITED = Settings(
    drop=SYMBOLS,
    portfolio=PortfolioSettings(max_budget=Decimal(100), daily_loss_limit=Decimal(50)),
)


def venue(mode: Mode, exchange_id: str = "binance", *, is_sure: bool = False) -> Venue:
    return Venue(mode=mode, exchange_id=exchange_id, is_sure=is_sure)


@pytest.mark.parametrize(
    ("mode", "exchange", "complaint"),
    [
        ("real", "mexc", "--mode real: one of paper, dry-run, sandbox, live"),
        ("live", None, "--mode live needs --exchange: mexc, binance"),
        ("live", "", "--mode live needs --exchange"),
        ("paper", "mexc", "--exchange goes with --mode dry-run, sandbox or live"),
    ],
)
def test_a_mode_that_makes_no_sense_is_refused(
    mode: str, exchange: str | None, complaint: str
) -> None:
    with pytest.raises(UsageError, match=complaint):
        venue_of(mode, exchange, None, is_sure=False)


def test_a_mode_is_taken_as_typed(tmp_path: Path) -> None:
    typed = venue_of("dry-run", "mexc", tmp_path, is_sure=True)
    assert typed == Venue(mode=Mode.DRY_RUN, exchange_id="mexc", keys_file=tmp_path, is_sure=True)


@pytest.mark.parametrize("mode", [Mode.DRY_RUN, Mode.SANDBOX, Mode.LIVE])
def test_no_market_is_assumed_on_a_real_exchange(mode: Mode) -> None:
    with pytest.raises(UsageError, match=r"drop\.symbols names no market"):
        check_venue(venue(mode), Settings())


@pytest.mark.parametrize("missing", ["max_budget", "daily_loss_limit"])
def test_real_money_is_not_traded_without_limits(missing: str) -> None:
    limits = msgspec.structs.replace(LIMITED.portfolio, **{missing: None})
    settings = msgspec.structs.replace(LIMITED, portfolio=limits)
    with pytest.raises(UsageError, match=f"needs a limit: portfolio.{missing}$"):
        check_venue(venue(Mode.LIVE), settings)


@pytest.mark.parametrize("mode", [Mode.DRY_RUN, Mode.SANDBOX])
def test_other_money_needs_no_limits(mode: Mode) -> None:
    assert check_venue(venue(mode), Settings(drop=SYMBOLS)) is PROFILES["binance"]


def test_real_money_with_limits_may_be_traded() -> None:
    assert check_venue(venue(Mode.LIVE, "mexc"), LIMITED) is PROFILES["mexc"]


@pytest.mark.parametrize("name", ["mexc", "kraken", "coinbase", "kucoin", "okx", "bitget", "none"])
def test_a_sandbox_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="use --mode dry-run"):
        check_venue(venue(Mode.SANDBOX, name), LIMITED)


def asked(typed: str, *, is_terminal: bool = True, is_sure: bool = False) -> list[str]:
    said: list[str] = []
    live = venue(Mode.LIVE, is_sure=is_sure)
    ask_consent(live, said.append, is_terminal=is_terminal, read=lambda: typed)
    return said


def test_a_person_agrees_by_typing_the_word() -> None:
    assert asked("live ") == ["This trades real money. Type live to go on:"]


@pytest.mark.parametrize("typed", ["", "y", "yes", "LIVE!", "no"])
def test_anything_else_trades_nothing(typed: str) -> None:
    with pytest.raises(UsageError, match="nothing was traded"):
        asked(typed)


def test_the_end_of_input_is_no_consent() -> None:
    def read() -> str:
        raise EOFError

    with pytest.raises(UsageError, match="nothing was traded"):
        ask_consent(venue(Mode.LIVE), lambda _: None, is_terminal=True, read=read)


def test_without_a_terminal_somebody_must_have_said_yes() -> None:
    with pytest.raises(UsageError, match="add --yes"):
        asked("live", is_terminal=False)
    assert asked("", is_terminal=False, is_sure=True) == []


@pytest.mark.parametrize("mode", [Mode.DRY_RUN, Mode.SANDBOX])
def test_nobody_is_asked_where_no_real_money_is(mode: Mode) -> None:
    said: list[str] = []
    ask_consent(venue(mode), said.append, is_terminal=False)
    assert said == []


NO_MARKET_BUYS = ("coinbase", "gate", "bitget")


@pytest.mark.parametrize("name", NO_MARKET_BUYS)
def test_a_plan_that_can_never_enter_is_refused_with_one_that_can(name: str) -> None:
    with pytest.raises(UsageError, match="takes no market buy of a quantity: write it as"):
        check_venue(venue(Mode.LIVE, name), LIMITED)
    advised = 'plan.entry_ladder=[{ type = "limit", time_in_force = "ioc", offset_ratio = 0.001 }]'
    plan = load(None, (advised, "plan.unknown_exit_seconds=130")).plan
    settings = msgspec.structs.replace(LIMITED, plan=plan)
    assert check_venue(venue(Mode.LIVE, name), settings) is PROFILES[name]


@pytest.mark.parametrize("name", sorted(PROFILES.keys() - set(NO_MARKET_BUYS)))
def test_elsewhere_the_default_plan_enters(name: str) -> None:
    assert entry_problem(PROFILES[name], Settings().plan) is None


def test_paper_fills_take_any_entry() -> None:
    assert check_venue(venue(Mode.DRY_RUN, "gate"), LIMITED) is PROFILES["gate"]


def test_a_plan_that_sells_again_while_the_first_request_may_still_arrive_is_refused() -> None:
    late = load(None, ("plan.unknown_exit_seconds=120",)).plan
    problem = wait_problem(PROFILES["coinbase"], late)
    assert problem is not None
    assert "120 is too short: at Coinbase a request may arrive 120 s late; write 125" in problem
    assert (
        wait_problem(PROFILES["coinbase"], load(None, ("plan.unknown_exit_seconds=125",)).plan)
        is None
    )
    assert wait_problem(PROFILES["kraken"], late) is None
    sooner = wait_problem(PROFILES["kraken"], load(None, ("plan.unknown_exit_seconds=59",)).plan)
    assert sooner is not None
    assert "Kraken does not say how long a request lives; write 60 or more" in sooner
    short = load(None, ("plan.unknown_exit_seconds=5",)).plan
    with pytest.raises(UsageError, match=r"plan\.unknown_exit_seconds: 5 is too short: at Binance"):
        check_venue(venue(Mode.LIVE), msgspec.structs.replace(LIMITED, plan=short))
