"""Where a stop lives, what survives the process, and what real money is refused or asked for."""

import re
from decimal import Decimal

import pytest
from msgspec.structs import replace

from config.settings import Settings
from messages.base import Symbol
from messages.market import Capabilities
from messages.plan import OnStop, Plan, ProtectionMode
from session.stops import (
    check_stops,
    choose_on_stop,
    protection_words,
    survival_words,
    symbol_lines,
)
from terminal.errors import UsageError

BTC, ETH = Symbol("BTC/USDT"), Symbol("ETH/USDT")
NONE = Capabilities()
STOPS = Capabilities(native_stop=True, stop_is_proven=True)
UNPROVEN = Capabilities(native_stop=True)
OCO = Capabilities(native_stop=True, oco=True, stop_is_proven=True)
AUTO = Plan(take_profit_ratio=Decimal("0.03"), stop_loss_ratio=Decimal("0.02"))
SETTINGS = Settings(plan=AUTO)


@pytest.mark.parametrize(
    ("can", "mode", "now", "after"),
    [
        (OCO, "auto", "oco: stop and take profit both rest", "the stop stays at the exchange"),
        (STOPS, "auto", "switching: one order rests", "after a kill its stop stays"),
        (UNPROVEN, "auto", "it is not proven what becomes of a native stop", "leaves a stop"),
        (NONE, "auto", "the exchange takes no native stop", "NOT active until the next start"),
        (NONE, "oco", "synthetic: .* \\(oco is not possible here\\)", "NOT active"),
        (STOPS, "stop_rests", "stop_rests: the stop rests", "the stop stays at the exchange"),
        (STOPS, "synthetic", "synthetic: the take profit rests", "after a kill its stop is NOT"),
    ],
)
def test_each_symbol_says_where_its_stop_lives(
    can: Capabilities, mode: str, now: str, after: str
) -> None:
    plan = replace(AUTO, protection_mode=ProtectionMode(mode))
    assert re.search(now, protection_words(plan, can))
    assert after in survival_words(plan, can)


@pytest.mark.parametrize(
    ("on_stop", "can", "after"),
    [
        (OnStop.LEAVE, UNPROVEN, "its stop is NOT active until the next start"),
        (OnStop.CLOSE, UNPROVEN, "a graceful stop sells it; after a kill its stop is NOT active"),
        (OnStop.NATIVE_STOP, UNPROVEN, "a graceful stop leaves a stop at the exchange"),
        (OnStop.NATIVE_STOP, NONE, "its stop is NOT active until the next start"),
    ],
)
def test_on_stop_decides_what_survives(on_stop: OnStop, can: Capabilities, after: str) -> None:
    assert survival_words(replace(AUTO, on_stop=on_stop), can).startswith(after)


def test_a_plan_without_a_stop_says_so() -> None:
    assert survival_words(replace(AUTO, stop_loss_ratio=None), OCO) == "the plan has no stop"
    lines = symbol_lines(AUTO, {BTC: OCO, ETH: NONE})
    assert len(lines) == 4
    assert "ETH/USDT" in lines[2]


def test_real_money_is_refused_where_only_the_process_protects() -> None:
    with pytest.raises(UsageError, match=r"^ETH/USDT: .*live\.allow_process_stop=true"):
        check_stops(SETTINGS, {BTC: UNPROVEN, ETH: NONE}, is_real_money=True)
    check_stops(SETTINGS, {BTC: UNPROVEN}, is_real_money=True)
    check_stops(SETTINGS, {ETH: NONE}, is_real_money=False)
    allowed = replace(SETTINGS, live=replace(SETTINGS.live, allow_process_stop=True))
    check_stops(allowed, {ETH: NONE}, is_real_money=True)


@pytest.mark.parametrize("answer", OnStop)
def test_a_person_types_what_the_end_of_the_session_does(answer: OnStop) -> None:
    said: list[str] = []

    def choose() -> Settings:
        return choose_on_stop(
            SETTINGS,
            {ETH: NONE},
            said.append,
            may_ask=True,
            is_terminal=True,
            read=lambda: f" {answer.value}\n",
        )

    if answer is OnStop.NATIVE_STOP:
        with pytest.raises(UsageError, match="'native_stop' is neither of leave or close"):
            choose()
    else:
        assert choose().plan.on_stop is answer
    assert "ETH/USDT" in said[0]


@pytest.mark.parametrize(("may_ask", "is_terminal"), [(False, True), (True, False)])
def test_where_no_one_can_be_asked_it_does_not_start(*, may_ask: bool, is_terminal: bool) -> None:
    with pytest.raises(UsageError, match=r"ETH/USDT.*choose with --set plan\.on_stop=leave or "):
        choose_on_stop(
            SETTINGS, {ETH: NONE}, print, may_ask=may_ask, is_terminal=is_terminal, read=_never
        )


def test_a_native_stop_can_t_be_chosen_where_the_exchange_takes_none() -> None:
    settings = replace(SETTINGS, plan=replace(AUTO, on_stop=OnStop.NATIVE_STOP))
    with pytest.raises(UsageError, match=r"^ETH/USDT: .*can't be native_stop: leave or close"):
        choose_on_stop(settings, {BTC: UNPROVEN, ETH: NONE}, print, may_ask=True, read=_never)
    assert choose_on_stop(settings, {BTC: UNPROVEN}, print, may_ask=True, read=_never) == settings


def test_an_input_that_ends_is_no_choice() -> None:
    def ended() -> str:
        raise EOFError

    with pytest.raises(UsageError, match="nothing was traded"):
        choose_on_stop(SETTINGS, {ETH: NONE}, print, may_ask=True, is_terminal=True, read=ended)


@pytest.mark.parametrize(
    ("settings", "can"),
    [
        (replace(SETTINGS, plan=replace(AUTO, on_stop=OnStop.LEAVE)), NONE),
        (SETTINGS, UNPROVEN),
        (replace(SETTINGS, plan=replace(AUTO, stop_loss_ratio=None)), NONE),
    ],
)
def test_where_it_is_said_already_nothing_is_asked(settings: Settings, can: Capabilities) -> None:
    assert choose_on_stop(settings, {BTC: can}, print, may_ask=False, read=_never) == settings


def _never() -> str:
    raise AssertionError("nothing is to be asked")
