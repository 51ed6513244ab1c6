"""The range of every number a person may set, in the unit it is typed in.

Owns one number's range; what must fit together is the business of ``rules``. A test holds the
table complete: each number of each section has its range here.
"""

from decimal import Decimal

import msgspec

from config.live import LiveSettings
from config.settings import (
    DropSettings,
    GuardSettings,
    InspectorSettings,
    JournalSettings,
    LogSettings,
    MarketDataSettings,
    MarketDefaults,
    MarketSettings,
    PaperSettings,
    PortfolioSettings,
    ReconcilerSettings,
    ReplaySettings,
    RouterSettings,
    RuntimeSettings,
    SessionSettings,
    Settings,
    StrategySettings,
)
from messages.plan import AgedTarget, Plan, Rung, ScaleOut, Switching, Trailing


class Limits(msgspec.Struct, frozen=True):
    """A range; a bound that is None does not bind."""

    at_least: Decimal | None = None
    above: Decimal | None = None
    at_most: Decimal | None = None
    below: Decimal | None = None

    def hold(self, number: Decimal) -> bool:
        """Tell whether ``number`` is in the range."""
        return (
            (self.at_least is None or number >= self.at_least)
            and (self.above is None or number > self.above)
            and (self.at_most is None or number <= self.at_most)
            and (self.below is None or number < self.below)
        )

    def __str__(self) -> str:
        """Return the range as words: ``above 0 and below 1``."""
        bounds = {
            "at least": self.at_least,
            "above": self.above,
            "at most": self.at_most,
            "below": self.below,
        }
        return " and ".join(
            f"{word} {bound}" for word, bound in bounds.items() if bound is not None
        )


def _limits(
    *,
    at_least: str | None = None,
    above: str | None = None,
    at_most: str | None = None,
    below: str | None = None,
) -> Limits:
    bounds = (at_least, above, at_most, below)
    return Limits(*(None if bound is None else Decimal(bound) for bound in bounds))


_POSITIVE = _limits(above="0")
_NOT_NEGATIVE = _limits(at_least="0")
_COUNT = _limits(at_least="1", at_most="1000000")
_SEED = _limits(at_least="0", at_most="9223372036854775807")
_SHARE = _limits(above="0", below="1")
"""Of a price that can't fall by the whole of it."""
_SMALL_SHARE = _limits(at_least="0", below="1")
_GAIN = _limits(above="0", at_most="1")
"""At most 100 %: more is nearly always a percentage without its sign."""
_FEE = _limits(at_least="-0.01", at_most="0.1")
_DAY = 86_400
_DURATION = _limits(above="0", at_most=str(365 * _DAY))
_PAUSE = _limits(at_least="0.001", at_most=str(_DAY))
_EXIT_PAUSE = _limits(at_least="0.001", at_most="600")
"""Between two tries of an exit that is under way."""
_WAIT = _limits(at_least="0", at_most=str(365 * _DAY))
_ATR = _limits(above="0", at_most="100")

LIMITS: dict[type[msgspec.Struct], dict[str, Limits]] = {
    Settings: {"capital": _NOT_NEGATIVE},
    StrategySettings: {
        "start_ms": _limits(at_least="1", at_most="600"),
        "memory_bytes": _limits(at_least="100000000", at_most="1000000000000"),
        "processes": _limits(at_least="1", at_most="10000"),
        "output_bytes": _limits(at_least="10000", at_most="10000000000"),
    },
    DropSettings: {"drop_ratio": _SHARE, "lookback_ms": _DURATION, "budget": _POSITIVE},
    GuardSettings: {
        "min_volume": _NOT_NEGATIVE,
        "max_spread_ratio": _GAIN,
        "min_depth": _NOT_NEGATIVE,
        "max_slippage_ratio": _GAIN,
        "narrowest_share": _GAIN,
        "deadline_ms": _PAUSE,
        "failure_pause_ms": _PAUSE,
        "failure_pause_max_ms": _PAUSE,
        "hangs_max": _COUNT,
    },
    PortfolioSettings: {
        "max_positions": _COUNT,
        "positions_per_symbol": _COUNT,
        "symbol_cap": _POSITIVE,
        "cooldown_ms": _WAIT,
        "max_budget": _POSITIVE,
        "daily_loss_limit": _POSITIVE,
        "compare_balances_ms": _PAUSE,
    },
    MarketDataSettings: {
        "stale_ms": _PAUSE,
        "held_poll_ms": _PAUSE,
        "poll_ms": _PAUSE,
        "jump_ratio": _GAIN,
        "atr_candles": _limits(at_least="1", at_most="1000"),
        "rate_ms": _PAUSE,
    },
    RouterSettings: {
        "retry_backoff_ms": _PAUSE,
        "retry_backoff_max_ms": _PAUSE,
        "retry_attempts": _limits(at_least="1", at_most="100"),
        "unknown_lookup_interval_ms": _PAUSE,
        "unknown_not_found_needed": _limits(at_least="1", at_most="100"),
        "unknown_settle_ms": _PAUSE,
        "answer_timeout_ms": _PAUSE,
        "terminal_ttl_ms": _DURATION,
        "jitter_seed": _SEED,
    },
    ReconcilerSettings: {"look_ms": _PAUSE, "again_ms": _PAUSE, "overlap_ms": _PAUSE},
    RuntimeSettings: {
        "soft_limit_ms": _PAUSE,
        "hard_limit_ms": _PAUSE,
        "pinned_limit_ms": _PAUSE,
        "restarts_max": _COUNT,
        "restart_window_ms": _PAUSE,
        "restart_backoff_ms": _PAUSE,
        "restart_backoff_max_ms": _PAUSE,
    },
    ReplaySettings: {
        "candle_ms": _limits(at_least="1", at_most=str(_DAY)),
        "equity_ms": _limits(at_least="0", at_most=str(365 * _DAY)),
    },
    SessionSettings: {
        "view_ms": _limits(at_least="0.25", at_most="60"),
        "equity_ms": _limits(at_least="1", at_most=str(365 * _DAY)),
        "stop_ms": _limits(at_least="1", at_most="600"),
        "keep": _COUNT,
    },
    LogSettings: {
        "rotate_bytes": _limits(at_least="100000", at_most="10000000000"),
        "keep": _limits(at_least="0", at_most="1000"),
        "pending_bytes": _limits(at_least="100000", at_most="10000000000"),
    },
    InspectorSettings: {
        "clients": _limits(at_least="1", at_most="100"),
        "taps": _limits(at_least="1", at_most="100"),
        "answer_ms": _limits(at_least="0.1", at_most="10"),
        "suspend_max_ms": _limits(at_least="1", at_most="3600"),
    },
    JournalSettings: {
        "linger_ms": _limits(at_least="0", at_most="0.005"),
        "exit_after_ms": _limits(at_least="0", at_most="3600"),
        "slow_ms": _PAUSE,
        "segment_bytes": _limits(at_least="10000", at_most="10000000000"),
        "keep_ms": _limits(at_least=str(_DAY), at_most=str(36_500 * _DAY)),
        "keep_bytes": _limits(at_least="1000000", at_most="100000000000000"),
        "keep_floor_bytes": _limits(at_least="1000000", at_most="100000000000000"),
        "pending_bytes": _limits(at_least="100000", at_most="10000000000"),
        "reserve_bytes": _limits(at_least="0", at_most="10000000000"),
    },
    LiveSettings: {
        "rate_ratio": _limits(above="0", at_most="1"),
        "request_timeout_ms": _PAUSE,
        "call_timeout_ms": _limits(at_least="1", at_most="3600"),
        "queue_timeout_ms": _PAUSE,
        "exit_probe_ms": _limits(at_least="1", at_most=str(_DAY)),
        "keep_alive_ms": _PAUSE,
        "watchdog_ms": _PAUSE,
        "quiet_ms": _PAUSE,
        "reconnect_ms": _PAUSE,
        "reconnect_most_ms": _PAUSE,
        "reconcile_ms": _PAUSE,
        "reconcile_again_ms": _PAUSE,
        "rules_ms": _PAUSE,
        "clock_ms": _PAUSE,
        "poll_ms": _PAUSE,
        "read_attempts": _limits(at_least="1", at_most="100"),
        "read_pause_ms": _PAUSE,
        "candle_delay_ms": _WAIT,
        "first_candles": _limits(at_least="0", at_most="500"),
    },
    PaperSettings: {
        "latency_ms": _limits(at_least="0", at_most="60"),
        "seed": _SEED,
        "speed": _limits(at_least="0.1", at_most="1000"),
    },
    MarketSettings: {
        "tick_size": _POSITIVE,
        "step_size": _POSITIVE,
        "min_quantity": _NOT_NEGATIVE,
        "min_notional": _NOT_NEGATIVE,
        "maker_fee_ratio": _FEE,
        "taker_fee_ratio": _FEE,
        "fee_third_rate": _POSITIVE,
        "spread_ratio": _SMALL_SHARE,
        "depth_quantity": _POSITIVE,
    },
    MarketDefaults: {
        "maker_fee_ratio": _FEE,
        "taker_fee_ratio": _FEE,
        "spread_ratio": _SMALL_SHARE,
        "min_notional": _NOT_NEGATIVE,
    },
    Plan: {
        "take_profit_ratio": _GAIN,
        "stop_loss_ratio": _SHARE,
        "break_even_at_ratio": _GAIN,
        "time_limit_ms": _DURATION,
        "take_profit_atr": _ATR,
        "stop_loss_atr": _ATR,
        "stop_rung": _limits(at_least="0", at_most="100"),
        "stop_limit_offset_ratio": _SMALL_SHARE,
        "stop_fill_ms": _EXIT_PAUSE,
        "budget_deadline_ms": _PAUSE,
        "entry_deadline_ms": _DURATION,
        "slippage_ratio": _SMALL_SHARE,
        "minimum_margin_ratio": _limits(at_least="0", at_most="1"),
        "exit_retry_ms": _EXIT_PAUSE,
        "exit_attempts": _limits(at_least="1", at_most="1000"),
        "stuck_retry_ms": _limits(at_least="0.001", at_most="3600"),
        "placement_attempts": _limits(at_least="1", at_most="1000"),
        "unknown_exit_ms": _PAUSE,
    },
    Rung: {
        "offset_ratio": _limits(above="-1", below="1"),
        "wait_ms": _DURATION,
        "attempts": _limits(at_least="1", at_most="100"),
    },
    AgedTarget: {
        "after_ms": _DURATION,
        "take_profit_ratio": _limits(above="-1", at_most="1"),
    },
    ScaleOut: {"take_profit_ratio": _GAIN, "part_ratio": _limits(above="0", at_most="1")},
    Trailing: {
        "activation_ratio": _limits(at_least="0", at_most="1"),
        "distance_ratio": _SHARE,
        "step_ratio": _SMALL_SHARE,
    },
    Switching: {
        "to_stop_loss_ratio": _limits(above="-1", below="1"),
        "to_take_profit_ratio": _limits(above="-1", below="1"),
        "minimum_interval_ms": _WAIT,
    },
}
