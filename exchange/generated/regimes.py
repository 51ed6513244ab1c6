"""The moods of the embedded market, and what the whole market does in a second. Pure.

Owns regimes, panics and the volatility that clusters. A symbol's own moves, its quotes and its
candles are ``exchange.generated.symbol``'s.

        calm ⇄ trend up, trend down          when its time is over
        any  → panic → recovery → calm       when a panic is due

Panics are on a clock and far more frequent than in life: docs/embedded_market.md says why.
"""

from enum import StrEnum
from math import sqrt

import msgspec

from exchange.chance import Chance, normal

FIRST_PANIC_MINUTES = (8, 40)
"""Between the start and the first panic."""
NEXT_PANIC_MINUTES = (120, 360)
"""Between the end of one panic and the next."""

_SECONDS = 60
_ROOT_OF_SECONDS = sqrt(_SECONDS)

# GARCH(1, 1) over minutes: the variance remembers 0.75 of itself and 0.15 of the last surprise.
_LONG_RUN, _SURPRISE, _MEMORY = 0.10, 0.15, 0.75

_JUMP_ODDS = 4
"""In 65,536 seconds."""
_JUMP_RATIOS = (0.0025, 0.006)

_HOME_PULL = 1.5
"""How much likelier a trend back is, per ratio that the market has moved from where it began."""
_LEAST_LIKELY = 0.15


class Regime(StrEnum):
    """A mood of the whole market."""

    CALM = "calm"
    TREND_UP = "trend_up"
    TREND_DOWN = "trend_down"
    PANIC = "panic"
    RECOVERY = "recovery"


class Mood(msgspec.Struct, frozen=True, kw_only=True):
    """What a regime does; a pair is drawn from anew each time it begins."""

    minutes: tuple[int, int]
    drift_ratio: tuple[float, float]
    """Of the reference, per minute."""
    volatility_ratio: float
    """Deviation of the reference's return over a minute."""
    spread_factor: float
    depth_factor: float
    turnover_factor: float


MOODS = {
    Regime.CALM: Mood(
        minutes=(10, 40),
        drift_ratio=(-0.00002, 0.00002),
        volatility_ratio=0.00052,
        spread_factor=1.0,
        depth_factor=1.0,
        turnover_factor=1.0,
    ),
    Regime.TREND_UP: Mood(
        minutes=(15, 45),
        drift_ratio=(0.0001, 0.0003),
        volatility_ratio=0.00065,
        spread_factor=1.1,
        depth_factor=0.9,
        turnover_factor=1.6,
    ),
    Regime.TREND_DOWN: Mood(
        minutes=(15, 45),
        drift_ratio=(-0.0003, -0.0001),
        volatility_ratio=0.00070,
        spread_factor=1.2,
        depth_factor=0.8,
        turnover_factor=1.6,
    ),
    Regime.PANIC: Mood(
        minutes=(5, 7),
        drift_ratio=(-0.0038, -0.0026),
        volatility_ratio=0.0016,
        spread_factor=4.0,
        depth_factor=0.25,
        turnover_factor=6.0,
    ),
    Regime.RECOVERY: Mood(
        minutes=(15, 30),
        drift_ratio=(0.0006, 0.0011),
        volatility_ratio=0.0010,
        spread_factor=1.8,
        depth_factor=0.6,
        turnover_factor=3.0,
    ),
}


class ClimateState(msgspec.Struct, frozen=True, kw_only=True):
    """Where the whole market stands between two seconds."""

    second: int
    """How many are over."""
    regime: Regime
    drift_ratio: float
    """Per minute."""
    regime_ends: int
    """Minutes after the start."""
    panic_begins: int
    """Minutes after the start; the next one, also during one."""
    variance: float
    """Over the regime's own; 1 in the long run."""
    surprise: float
    """Sum of this minute's normal numbers."""
    level: float
    """Of the whole market; 1 at the start."""


def opening_climate(chance: Chance) -> ClimateState:
    """Return a calm market whose first panic is on its way."""
    return ClimateState(
        second=0,
        regime=Regime.CALM,
        drift_ratio=0.0,
        regime_ends=chance.whole(*MOODS[Regime.CALM].minutes),
        panic_begins=chance.whole(*FIRST_PANIC_MINUTES),
        variance=1.0,
        surprise=0.0,
        level=1.0,
    )


class Climate:
    """What all symbols share: the regime, its volatility, and the common return."""

    def __init__(self, chance: Chance, state: ClimateState) -> None:
        """Go on from ``state``, drawing on ``chance``."""
        self._chance = chance
        self._second = state.second
        self._drift = state.drift_ratio
        self._regime_ends = state.regime_ends
        self._panic_begins = state.panic_begins
        self._variance = state.variance
        self._surprise = state.surprise
        self._level = state.level
        self._regime = state.regime
        self._set_scales()

    @property
    def state(self) -> ClimateState:
        """Where it stands."""
        return ClimateState(
            second=self._second,
            regime=self._regime,
            drift_ratio=self._drift,
            regime_ends=self._regime_ends,
            panic_begins=self._panic_begins,
            variance=self._variance,
            surprise=self._surprise,
            level=self._level,
        )

    def next_second(self) -> float:
        """Return what a second does to the whole market: its return as a ratio."""
        if self._second % _SECONDS == 0:
            self._next_minute(self._second // _SECONDS)
        self._second += 1
        bits = self._chance.bits()
        number = normal(bits)
        self._surprise += number
        moved = self._drift / _SECONDS + self.volatility * number
        if bits >> 48 < _JUMP_ODDS:
            moved += jump(self._chance, *_JUMP_RATIOS)
        self._level *= 1.0 + moved
        return moved

    def _next_minute(self, minute: int) -> None:
        if minute:
            surprise = self._surprise / _ROOT_OF_SECONDS
            self._variance *= _MEMORY + _SURPRISE * surprise * surprise
            self._variance += _LONG_RUN
            self._surprise = 0.0
        if minute >= self._panic_begins:
            self._enter(Regime.PANIC, minute)
            self._panic_begins = self._regime_ends + self._chance.whole(*NEXT_PANIC_MINUTES)
        elif minute >= self._regime_ends:
            self._enter(self._next_regime(), minute)
        self._set_scales()

    def _enter(self, regime: Regime, minute: int) -> None:
        mood = MOODS[regime]
        self._regime = regime
        self._drift = self._chance.between(*mood.drift_ratio)
        self._regime_ends = minute + self._chance.whole(*mood.minutes)

    def _next_regime(self) -> Regime:
        match self._regime:
            case Regime.PANIC:
                return Regime.RECOVERY
            case Regime.CALM:
                return self._trend()
            case Regime.TREND_UP | Regime.TREND_DOWN | Regime.RECOVERY:
                return Regime.CALM

    def _trend(self) -> Regime:
        """Choose a trend; one that leads back to where the market began is likelier."""
        up = 0.5 + _HOME_PULL * (1.0 - self._level)
        up = min(max(up, _LEAST_LIKELY), 1.0 - _LEAST_LIKELY)
        return Regime.TREND_UP if self._chance.between(0.0, 1.0) < up else Regime.TREND_DOWN

    def _set_scales(self) -> None:
        mood = MOODS[self._regime]
        excitement = sqrt(self._variance)
        self.volatility = mood.volatility_ratio * excitement / _ROOT_OF_SECONDS
        """Deviation of the common return over this second."""
        self.spread_factor = mood.spread_factor * excitement
        self.depth_factor = mood.depth_factor / excitement
        self.turnover_factor = mood.turnover_factor * excitement


def jump(chance: Chance, least: float, most: float) -> float:
    """Return a jump between the two ratios, as often down as up."""
    size = chance.between(least, most)
    return size if chance.bits() & 1 else -size
