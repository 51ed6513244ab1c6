from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from config.loading import ConfigError, load
from config.settings import MarketSettings, Settings, VolumeIn
from messages.base import Milliseconds
from messages.market import FeeCurrency
from messages.orders import OrderType, TimeInForce
from messages.plan import AgedTarget, ProtectionMode, Rung, ScaleOut, Switching, Trailing


def problems_of(*overrides: str) -> list[str]:
    """Every problem as ``key: text``."""
    with pytest.raises(ConfigError) as raised:
        load(None, overrides)
    return [f"{problem.key}: {problem.text}" for problem in raised.value.problems]


def write(folder: Path, text: str) -> Path:
    path = folder / "bot.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_goes_over_the_defaults_and_options_over_both(tmp_path: Path) -> None:
    path = write(tmp_path, "[drop]\nbudget = 50\ndrop_ratio = 0.04\n[portfolio]\nmax_budget = 90")
    settings = load(path, ["drop.budget=60", "drop.budget=70"])
    assert settings.drop == msgspec.structs.replace(
        Settings().drop, budget=Decimal(70), drop_ratio=0.04
    )
    assert settings.portfolio.max_budget == 90
    assert settings.router == Settings().router


def test_ratios_are_exact_and_may_be_percentages() -> None:
    settings = load(None, ["plan.take_profit_ratio=0.1", "plan.stop_loss_ratio=2.5%"])
    assert settings.plan.take_profit_ratio == Decimal("0.1")
    assert settings.plan.stop_loss_ratio == Decimal("0.025")
    assert load(None, ['drop.drop_ratio="3 %"']).drop.drop_ratio == 0.03


def test_seconds_become_milliseconds() -> None:
    settings = load(None, ["market_data.held_poll_seconds=0.25", "replay.candle_seconds=300"])
    assert settings.market_data.held_poll_ms == 250
    assert settings.replay.candle_ms == 300_000


def test_a_bare_word_is_text_and_none_takes_a_value_away() -> None:
    settings = load(None, ["plan.take_profit_ratio=none", "plan.trigger_source=mid"])
    assert settings.plan.take_profit_ratio is None
    assert settings.plan.trigger_source == "mid"


def test_the_rules_of_a_symbol_are_set_with_or_without_quotes(tmp_path: Path) -> None:
    text = '[market."BTC/USDT"]\ntick_size = 0.01\nvolume_in = "quote"\nfee_currency = "received"'
    overrides = ["market.BTC/USDT.step_size=1e-5", 'market."ETH/BTC".tick_size=1e-8']
    settings = load(write(tmp_path, text), overrides)
    assert settings.market == {
        "BTC/USDT": MarketSettings(
            tick_size=Decimal("0.01"),
            step_size=Decimal("0.00001"),
            volume_in=VolumeIn.QUOTE,
            fee_currency=FeeCurrency.RECEIVED,
        ),
        "ETH/BTC": MarketSettings(tick_size=Decimal("1e-8")),
    }


def test_capital_of_another_currency_is_added() -> None:
    assert load(None, ["capital.BTC=0.5"]).capital == {
        "USDT": Decimal(10_000),
        "BTC": Decimal("0.5"),
    }


def test_a_whole_plan_is_read(tmp_path: Path) -> None:
    text = """
        [plan]
        protection_mode = "switching"
        take_profit_by_age = [{ after_seconds = 3600, take_profit_ratio = "1%" }]
        scale_out = [{ take_profit_ratio = 0.015, part_ratio = 0.5 }]
        time_limit_seconds = 86_400
        exit_ladder = [
            { type = "limit", wait_seconds = 2.5, attempts = 3 },
            { type = "limit", time_in_force = "ioc", offset_ratio = 0.001 },
            { type = "market" },
        ]
        stop_rung = 2
        [plan.trailing]
        activation_ratio = 0.015
        distance_ratio = 0.01
        step_ratio = 0.001
        [plan.switching]
        to_stop_loss_ratio = -0.01
        to_take_profit_ratio = 0.005
        minimum_interval_seconds = 30
    """
    plan = load(write(tmp_path, text)).plan
    assert plan.protection_mode is ProtectionMode.SWITCHING
    assert plan.take_profit_by_age == (
        AgedTarget(after_ms=Milliseconds(3_600_000), take_profit_ratio=D("0.01")),
    )
    assert plan.scale_out == (ScaleOut(take_profit_ratio=D("0.015"), part_ratio=D("0.5")),)
    assert plan.time_limit_ms == 86_400_000
    assert plan.exit_ladder == (
        Rung(type=OrderType.LIMIT, wait_ms=Milliseconds(2_500), attempts=3),
        Rung(type=OrderType.LIMIT, time_in_force=TimeInForce.IOC, offset_ratio=D("0.001")),
        Rung(type=OrderType.MARKET),
    )
    assert plan.trailing == Trailing(
        activation_ratio=D("0.015"), distance_ratio=D("0.01"), step_ratio=D("0.001")
    )
    assert plan.switching == Switching(
        to_stop_loss_ratio=D("-0.01"),
        to_take_profit_ratio=D("0.005"),
        minimum_interval_ms=Milliseconds(30_000),
    )


def test_all_mistakes_are_told_at_once_with_where_they_are(tmp_path: Path) -> None:
    path = write(tmp_path, "[drop]\nbudgt = 5\n[plan]\ntake_profit_ratio = -1\n[nonsense]\n")
    with pytest.raises(ConfigError) as raised:
        load(path, ["guards.min_depth=many", "what"])
    known = ", ".join(field.name for field in msgspec.structs.fields(Settings))
    assert str(raised.value).splitlines() == [
        "the config can't be used:",
        "  --set what: is not key=value, such as plan.take_profit_ratio=0.03",
        f"  {path}: nonsense: there is no such key; known here: {known}",
        f"  {path}: drop.budgt: there is no such key; did you mean budget?",
        '  --set guards.min_depth=many: guards.min_depth: must be a number, not "many"',
        f"  {path}: plan.take_profit_ratio: must be above 0 and at most 1, not -1",
    ]


@pytest.mark.parametrize(
    ("override", "problem"),
    [
        ("drop.lookback_ms=5", "drop.lookback_ms: there is no such key; did you mean lookback_sec"),
        ("plan.stop_loss_ratio=2", "plan.stop_loss_ratio: must be above 0 and below 1, not 2; 2 %"),
        ("plan.stop_loss_ratio=nan", "plan.stop_loss_ratio: must be a finite number, not NaN"),
        ("drop.budget=-1", "drop.budget: must be above 0, not -1"),
        ("drop.budget=5%", 'drop.budget: must be a number, not "5%"'),
        ("drop.budget=true", "drop.budget: must be a number, not true"),
        ("drop.budget=none", 'drop.budget: must be a number, not "none"'),
        ("drop.symbols=BTC/USDT", "drop.symbols: must be a list in []"),
        ('drop.symbols=["BTC"]', "drop.symbols[0]: must be a symbol such as BTC/USDT"),
        ("drop=5", "drop: must be a table, not 5"),
        ("capital.usdt=5", "capital.usdt: must be a currency such as USDT"),
        ("market.BTCUSDT.tick_size=1", "market.BTCUSDT: must be a symbol such as BTC/USDT"),
        ("account.tag=1", "account.tag: must be text in quotes, not 1"),
        ("plan.protection_mode=both", "plan.protection_mode: must be one of auto, synthetic,"),
        ("paper.capabilities.oco=yes", "paper.capabilities.oco: must be true or false"),
        ("portfolio.max_positions=1.5", "portfolio.max_positions: must be a whole number, not 1.5"),
        ("router.terminal_ttl_seconds=0.0001", "router.terminal_ttl_seconds: must be whole milli"),
        ("plan.trailing.step_ratio=0.1", "plan.trailing.activation_ratio: is missing"),
        ("plan.exit_ladder=[{}]", "plan.exit_ladder[0].type: is missing"),
        ("plan.exit_ladder=[{type='market', wait=1}]", "plan.exit_ladder[0].wait: there is no"),
    ],
)
def test_a_mistake_names_its_key_and_what_would_be_right(override: str, problem: str) -> None:
    assert problems_of(override)[0].startswith(problem)


@pytest.mark.parametrize(
    "override", ["", "=", "drop.budget", "drop.budget=", "=5", "drop..budget=5"]
)
def test_an_option_that_is_not_key_and_value_is_told(override: str) -> None:
    assert problems_of(override) == [": is not key=value, such as plan.take_profit_ratio=0.03"]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml: can't be read: No such file"):
        load(tmp_path / "nowhere.toml")
    with pytest.raises(ConfigError, match=r"bot\.toml: is not TOML: .*line 2"):
        load(write(tmp_path, "[drop]\nbudget = =\n"))
    (tmp_path / "bot.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=r"bot\.toml: is not text in UTF-8"):
        load(tmp_path / "bot.toml")


def D(text: str) -> Decimal:  # noqa: N802 - a number's short form
    return Decimal(text)
