"""What must hold of the market before a wish to enter becomes a position.

Owns volume, spread, depth and slippage, and how much of spread and slippage is borne now. Pure.
What the books allow (budget, cooldowns, positions per symbol) is the portfolio's.
"""

from collections.abc import Callable
from typing import NamedTuple

from config.settings import GuardSettings
from messages.market import Candle, Quote


class Setting(NamedTuple):
    """Everything the guards look at."""

    quote: Quote
    candle: Candle | None
    """The last one closed; None: none is known."""
    atr: float | None
    budget: float
    """Quote currency."""
    fill_rate: float | None
    """Share of the last entries that was bought, 0 to 1; None: none ended yet."""


class ExecutionLimits(NamedTuple):
    """How bad a price may be to be borne now. At most what is configured."""

    max_spread_ratio: float
    max_slippage_ratio: float


class GuardVerdict(NamedTuple):
    """Whether an entry may go on, which guard said so, and the numbers."""

    passed: bool
    guard: str
    text: str


def execution_limits(settings: GuardSettings, market: Setting) -> ExecutionLimits:
    """Narrow the configured limits to what volatility, depth and recent fills make reasonable.

    A spread or a slippage as large as the range of a candle (ATR) is borne only where candles are
    that large, and a thin book is not chased. Where entries were left unfilled, the narrowing is
    taken back by as much: up to the configured limits, never beyond.
    """
    depth = depth_of(market.quote)
    thinness = 1.0 if depth is None else min(1.0, depth / market.budget)
    left_over = 0.0 if market.fill_rate is None else 1.0 - market.fill_rate

    def narrowed(limit: float) -> float:
        if limit <= 0:
            return limit
        calm = 1.0 if market.atr is None else market.atr / market.quote.mid / limit
        share = max(settings.narrowest_share, min(1.0, calm, thinness))
        return limit * (share + (1.0 - share) * left_over)

    return ExecutionLimits(
        narrowed(settings.max_spread_ratio), narrowed(settings.max_slippage_ratio)
    )


def judge(settings: GuardSettings, market: Setting) -> GuardVerdict:
    """Ask each guard in turn; return the first refusal, or the last guard's consent."""
    limits = execution_limits(settings, market)
    verdict = GuardVerdict(passed=True, guard="none", text="")
    for guard in GUARDS:
        verdict = guard(settings, market, limits)
        if not verdict.passed:
            return verdict
    return verdict


def spread_ratio(quote: Quote) -> float:
    """Return (ask - bid) over mid."""
    return (quote.ask - quote.bid) / quote.mid


def depth_of(quote: Quote) -> float | None:
    """Return the quote currency at the best ask; None where it isn't known."""
    return quote.ask * quote.ask_quantity if quote.ask_quantity > 0 else None


def expected_slippage(quote: Quote, budget: float) -> float:
    """Return the expected price of a market entry over the best ask, less one.

    Only the best level is known: the ones behind it are taken to be as deep, one spread apart.
    """
    depth = depth_of(quote)
    if depth is None or budget <= depth:
        return 0.0
    return spread_ratio(quote) * (budget / depth - 1) / 2


def _volume(settings: GuardSettings, market: Setting, _: ExecutionLimits) -> GuardVerdict:
    candle = market.candle
    traded = 0.0 if candle is None else candle.volume * candle.close
    text = f"{traded:.8g} traded in the last candle, at least {settings.min_volume:.8g} asked"
    return GuardVerdict(traded >= settings.min_volume, "volume", text)


def _spread(_: GuardSettings, market: Setting, limits: ExecutionLimits) -> GuardVerdict:
    ratio = spread_ratio(market.quote)
    text = f"spread {ratio:.4%}, at most {limits.max_spread_ratio:.4%} borne now"
    return GuardVerdict(ratio <= limits.max_spread_ratio, "spread", text)


def _depth(settings: GuardSettings, market: Setting, _: ExecutionLimits) -> GuardVerdict:
    depth = depth_of(market.quote)
    if depth is None:
        return GuardVerdict(passed=True, guard="depth", text="depth not known")
    text = f"{depth:.8g} at the best ask, at least {settings.min_depth:.8g} asked"
    return GuardVerdict(depth >= settings.min_depth, "depth", text)


def _slippage(_: GuardSettings, market: Setting, limits: ExecutionLimits) -> GuardVerdict:
    expected = expected_slippage(market.quote, market.budget)
    text = (
        f"expected slippage {expected:.4%} for {market.budget:.8g},"
        f" at most {limits.max_slippage_ratio:.4%} borne now"
    )
    return GuardVerdict(expected <= limits.max_slippage_ratio, "slippage", text)


Guard = Callable[[GuardSettings, Setting, ExecutionLimits], GuardVerdict]

GUARDS: tuple[Guard, ...] = (_volume, _spread, _depth, _slippage)
"""In the order they are asked."""
