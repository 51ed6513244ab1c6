"""Each contradiction, by the options that make it and the key that it names."""

import pytest

from config.loading import ConfigError, load

SWITCHING = (
    "plan.protection_mode=switching",
    "plan.switching.to_stop_loss_ratio=-0.01",
    "plan.switching.to_take_profit_ratio=0.005",
    "plan.switching.minimum_interval_seconds=10",
)


def problems_of(*overrides: str) -> list[tuple[str, str]]:
    with pytest.raises(ConfigError) as raised:
        load(None, overrides)
    return [(problem.key, problem.text) for problem in raised.value.problems]


@pytest.mark.parametrize(
    ("overrides", "key", "told"),
    [
        (["account.tag=TOOLONG"], "account.tag", "up to 4 characters"),
        (["strategy.use=mine"], "strategy.use", "neither drop nor a class"),
        (["capital.USDT=0"], "capital", "allots nothing"),
        (["drop.budget=20000"], "drop.budget", "over the capital of 10000"),
        (["drop.symbols=['ETH/BTC']"], "drop.budget", "over the capital of 0 BTC"),
        (["portfolio.max_budget=100"], "drop.budget", "every entry would be denied"),
        (["portfolio.symbol_cap=100"], "drop.budget", "every entry would be denied"),
        (["portfolio.positions_per_symbol=11"], "portfolio.positions_per_symbol", "at most"),
        (["market_data.poll_seconds=1"], "market_data.held_poll_seconds", "at most"),
        (["market_data.stale_seconds=1"], "market_data.held_poll_seconds", "at most"),
        (["router.retry_backoff_seconds=11"], "router.retry_backoff_seconds", "at most"),
        (["router.answer_timeout_seconds=4"], "router.unknown_settle_seconds", "at most"),
        (["runtime.hard_limit_seconds=0.5"], "runtime.soft_limit_seconds", "at most"),
        (["runtime.pinned_limit_seconds=0.5"], "guards.deadline_seconds", "at most"),
        (["guardian.escalation_state=active"], "guardian.escalation_state", "not active"),
        (
            ["market.BTC/USDT.fee_currency=third", "market.BTC/USDT.fee_third_rate=300"],
            'market."BTC/USDT".fee_third_currency',
            "is missing",
        ),
        (
            ["market.BTC/USDT.step_size=0.01", "market.BTC/USDT.min_quantity=0.015"],
            'market."BTC/USDT".min_quantity',
            "no multiple of step_size 0.01",
        ),
        (["plan.protection_mode=switching"], "plan.switching", "needs this table"),
        ([*SWITCHING, "plan.stop_loss_ratio=none"], "plan.stop_loss_ratio", "needs a stop"),
        ([*SWITCHING, "plan.take_profit_ratio=none"], "plan.take_profit_ratio", "needs a target"),
        (
            [*SWITCHING, "plan.switching.to_stop_loss_ratio=0.006"],
            "plan.switching.to_stop_loss_ratio",
            "must be below to_take_profit_ratio",
        ),
        (
            [*SWITCHING, "plan.switching.to_stop_loss_ratio=-0.02"],
            "plan.switching.to_stop_loss_ratio",
            "must be above the stop",
        ),
        (
            [*SWITCHING, "plan.switching.to_take_profit_ratio=0.03"],
            "plan.switching.to_take_profit_ratio",
            "must be below take_profit_ratio",
        ),
        (
            ["plan.protection_mode=oco", "paper.capabilities.oco=false"],
            "plan.protection_mode",
            "paper.capabilities.oco is false",
        ),
        (
            ["plan.protection_mode=stop_rests", "paper.capabilities.native_stop=false"],
            "plan.protection_mode",
            "paper.capabilities.native_stop is false",
        ),
        (
            [
                "plan.protection_mode=stop_rests",
                "plan.stop_limit_offset_ratio=0.01",
                "paper.capabilities.native_stop_limit=false",
            ],
            "plan.protection_mode",
            "paper.capabilities.native_stop_limit is false",
        ),
        (
            [
                (
                    "plan.scale_out=[{take_profit_ratio=0.02, part_ratio=0.7},"
                    "{take_profit_ratio=0.025, part_ratio=0.4}]"
                )
            ],
            "plan.scale_out",
            "add up to 1.1",
        ),
        (
            [
                (
                    "plan.scale_out=[{take_profit_ratio=0.02, part_ratio=0.1},"
                    "{take_profit_ratio=0.01, part_ratio=0.1}]"
                )
            ],
            "plan.scale_out",
            "must ascend",
        ),
        (
            ["plan.scale_out=[{take_profit_ratio=0.03, part_ratio=0.5}]"],
            "plan.take_profit_ratio",
            "must be above every part",
        ),
        (
            [
                (
                    "plan.take_profit_by_age=[{after_seconds=60, take_profit_ratio=0.02},"
                    "{after_seconds=60, take_profit_ratio=0.01}]"
                )
            ],
            "plan.take_profit_by_age",
            "must ascend",
        ),
        (["plan.break_even_at_ratio=0.03"], "plan.break_even_at_ratio", "must be below"),
        (
            [
                "plan.trailing.activation_ratio=0.01",
                "plan.trailing.distance_ratio=0.01",
                "plan.trailing.step_ratio=0.01",
            ],
            "plan.trailing.step_ratio",
            "must be below",
        ),
        (["plan.entry_ladder=[]"], "plan.entry_ladder", "is empty"),
        (["plan.exit_ladder=[]"], "plan.exit_ladder", "is empty"),
        (["plan.exit_ladder=[{type='stop'}]"], "plan.exit_ladder", "must be market or limit"),
        (
            ["plan.exit_ladder=[{type='limit'}, {type='market'}]"],
            "plan.exit_ladder",
            "plan.exit_ladder[0] needs wait_seconds",
        ),
        (
            ["plan.entry_ladder=[{type='market', wait_seconds=1}]"],
            "plan.entry_ladder",
            "wait_seconds is for a limit of gtc",
        ),
        (
            ["plan.entry_ladder=[{type='market', offset_ratio=0.1}]"],
            "plan.entry_ladder",
            "offset_ratio is for limit orders",
        ),
        (["plan.stop_rung=1"], "plan.stop_rung", "must be below 1"),
        (["plan.exit_retry_seconds=61"], "plan.exit_retry_seconds", "at most"),
    ],
)
def test_keys_that_do_not_fit_together_are_told(overrides: list[str], key: str, told: str) -> None:
    ((named, text),) = problems_of(*overrides)
    assert named == key
    assert told in text


def test_a_contradiction_names_the_option_that_made_it() -> None:
    with pytest.raises(ConfigError) as raised:
        load(None, ["plan.protection_mode=switching", "plan.stop_rung=0"])
    assert [p.source for p in raised.value.problems] == ["--set plan.protection_mode=switching"]


def test_contradictions_are_told_beside_other_mistakes_but_not_of_a_wrong_key() -> None:
    keys = [key for key, _ in problems_of("drop.budget=x", "capital.USDT=0", "plan.stop_rung=4")]
    assert keys == ["drop.budget", "capital", "plan.stop_rung"]
    assert [key for key, _ in problems_of("plan.stop_rung=x", "plan.exit_ladder=5")] == [
        "plan.exit_ladder",
        "plan.stop_rung",
    ]


def test_plans_that_make_sense_are_accepted() -> None:
    load(None, SWITCHING)
    load(None, ["plan.protection_mode=oco"])
    load(None, ["plan.stop_loss_ratio=none", "plan.take_profit_ratio=none"])
    load(None, ["plan.stop_loss_ratio=none", "plan.stop_loss_atr=2", "plan.protection_mode=oco"])
    load(None, ["plan.scale_out=[{take_profit_ratio=0.05, part_ratio=1}]"])
