"""What a recording tells of its market: its length, its holes, and the rules orders must keep.

Owns the guess of tick size, step size and minimums, and the telling of where each value came from.
The file is read once, whole, before anything trades: so a broken line is found before the first
order, and every recorded price is a multiple of the tick in use.

- ``tick_size``: the coarsest of 1, 2 or 5 times a power of ten that divides every price; below
  ``_FEW`` prices, the last decimal that occurs.
- ``step_size``: the same of the quantities, if they are in base and have at most 8 decimals; else
  the coarsest power of ten worth at most a tenth of the minimum notional at the first price.
- ``min_quantity``: one step. All else: from ``[market_defaults]``.
"""

from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

import msgspec

from config.settings import MarketDefaults, MarketSettings, VolumeIn
from exchange.recordings import Recording, RecordingError, RecordingKind
from exchange.survey import Survey
from messages.base import quote_currency
from messages.market import MarketRules
from messages.money import ONE, ZERO

_FINEST_STEP = Decimal("1e-8")

T = TypeVar("T")


class Source(StrEnum):
    """Where a value came from."""

    CONFIG = "config"
    INFERRED = "inferred"
    DEFAULT = "default"


class Origin(msgspec.Struct, frozen=True):
    """One value of a market, for people."""

    name: str
    value: str
    source: Source


class Market(msgspec.Struct, frozen=True, kw_only=True):
    """The market a recording is traded on."""

    rules: MarketRules
    spread_ratio: Decimal
    """(Ask - bid) over the recorded price."""
    depth_quantity: Decimal | None
    """Base at the best price; None: without limit."""
    volume_in: VolumeIn
    origins: tuple[Origin, ...]
    """Each value above, and where it came from."""


def infer_market(
    recording: Recording, found: Survey, settings: MarketSettings, defaults: MarketDefaults
) -> Market:
    """Choose each rule: as set, else as found, else the default.

    Raises ``RecordingError`` if the prices are not multiples of the tick size that was set.
    """
    chosen = _Choices()
    _check_tick(recording, found, settings)
    tick = chosen.infer("tick_size", settings.tick_size, found.price_step)
    quote_minimum = defaults.min_notional.get(quote_currency(recording.symbol), ZERO)
    min_notional = chosen.default("min_notional", settings.min_notional, quote_minimum)
    inferred_step = _step(recording, found, settings.volume_in, min_notional)
    step = chosen.infer("step_size", settings.step_size, inferred_step)
    maker = chosen.default("maker_fee_ratio", settings.maker_fee_ratio, defaults.maker_fee_ratio)
    taker = chosen.default("taker_fee_ratio", settings.taker_fee_ratio, defaults.taker_fee_ratio)
    rules = MarketRules(
        symbol=recording.symbol,
        tick_size=tick,
        step_size=step,
        min_quantity=chosen.infer("min_quantity", settings.min_quantity, step),
        min_notional=min_notional,
        maker_fee_ratio=maker,
        taker_fee_ratio=taker,
        fee_currency=chosen.default("fee_currency", settings.fee_currency, defaults.fee_currency),
        fee_third_currency=settings.fee_third_currency,
        fee_third_rate=settings.fee_third_rate,
    )
    return Market(
        rules=rules,
        spread_ratio=chosen.default("spread_ratio", settings.spread_ratio, defaults.spread_ratio),
        depth_quantity=settings.depth_quantity,
        volume_in=settings.volume_in,
        origins=tuple(chosen.origins),
    )


class _Choices:
    """Takes values and notes where each came from."""

    def __init__(self) -> None:
        self.origins: list[Origin] = []

    def infer(self, name: str, set_value: T | None, inferred: T) -> T:
        return self._choose(name, set_value, inferred, Source.INFERRED)

    def default(self, name: str, set_value: T | None, default: T) -> T:
        return self._choose(name, set_value, default, Source.DEFAULT)

    def _choose(self, name: str, set_value: T | None, other: T, source: Source) -> T:
        value, source = (other, source) if set_value is None else (set_value, Source.CONFIG)
        text = plain(value) if isinstance(value, Decimal) else str(value)
        self.origins.append(Origin(name, text, source))
        return value


def plain(value: Decimal) -> str:
    """Return a decimal as people write it: no exponent, no trailing zeros."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _check_tick(recording: Recording, found: Survey, settings: MarketSettings) -> None:
    tick = settings.tick_size
    if tick is None or found.price_step % tick == 0:
        return
    problem = (
        f"prices are multiples of {plain(found.price_step)}, not of {plain(tick)}: set a "
        f'[market."{recording.symbol}"] tick_size that divides {plain(found.price_step)}, or none'
    )
    raise RecordingError(recording.path, None, problem)


def _step(
    recording: Recording, found: Survey, volume_in: VolumeIn, min_notional: Decimal
) -> Decimal:
    is_base = recording.kind is RecordingKind.TRADES or volume_in is VolumeIn.BASE
    if is_base and found.quantity_step is not None:
        return found.quantity_step
    step = ONE
    while step > _FINEST_STEP and step * found.first_price * 10 > min_notional:
        step = step.scaleb(-1)
    return step
