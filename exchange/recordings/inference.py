"""What a recording tells of its market: its length, its holes, and the rules orders must keep.

Owns the guess of tick size, step size and minimums, and the telling of where each value came from.
The file is read once, whole, before anything trades: so a broken line is found before the first
order, and every recorded price is a multiple of the tick in use.

- ``tick_size``: the coarsest of 1, 2 or 5 times a power of ten that divides every price (of fewer
  than 100 prices, the last decimal that occurs).
- ``step_size``: the same of the amounts of trades. A candle's volume tells nothing of it (it may be
  rounded, or summed with floats): of candles, the coarsest power of ten, at most 1, that is worth
  at most a tenth of the minimum notional at the first price.
- ``min_quantity``: one step. All else: from ``[market_defaults]``.
"""

from collections.abc import Callable, Iterator
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

import msgspec

from config.settings import MarketDefaults, MarketSettings, VolumeIn
from exchange.recordings.grid import Grid
from exchange.recordings.reader import (
    Recording,
    RecordingError,
    RecordingKind,
    read_candles,
    read_rows,
    read_trades,
)
from messages.base import Milliseconds, Timestamp, quote_currency
from messages.market import MarketRules
from messages.money import ONE, ZERO, plain

_FINEST_STEP = Decimal("1e-8")

T = TypeVar("T")


class Survey(msgspec.Struct, frozen=True, kw_only=True):
    """What one reading of a whole recording found."""

    rows: int
    first: Timestamp
    last: Timestamp
    """Of the last candle's start, or the last trade."""
    first_price: Decimal
    """The first candle's open, or the first trade's price."""
    last_price: Decimal
    """The last candle's close, or the last trade's price."""
    holes: int
    """Stretches of missing candles; 0 for trades, which have none."""
    missing: int
    """Candles that are not there, in all holes together."""
    missing_ms: Milliseconds
    """Their length."""
    price_step: Decimal
    """What divides every price."""
    quantity_step: Decimal | None
    """What divides every amount of a trade; None for candles."""


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


def _nothing() -> None:
    """Do nothing."""


def survey(recording: Recording, on_row: Callable[[], None] = _nothing) -> Survey:
    """Read a recording from end to end; ``on_row`` is called after each row.

    Raises ``RecordingError`` at the first broken line.
    """
    prices, quantities = Grid(), Grid()
    rows = holes = missing = first = last = 0
    interval_ms = recording.interval_ms or 0
    first_text = last_text = ""
    is_candles = recording.kind is RecordingKind.CANDLES
    # The second reading gives the text of the line that the first has found to be sound.
    for at, (_, fields) in zip(_moments(recording), read_rows(recording), strict=True):
        price_texts = fields[1:5] if is_candles else fields[3:4]
        if rows == 0:
            first, first_text = at, price_texts[0]
        elif is_candles and at > last + interval_ms:
            holes += 1
            missing += (at - last) // interval_ms - 1
        rows, last, last_text = rows + 1, at, price_texts[-1]
        for text in price_texts:
            prices.add(text)
        if not is_candles:
            quantities.add(fields[4])
        on_row()
    return Survey(
        rows=rows,
        first=Timestamp(first),
        last=Timestamp(last),
        first_price=Decimal(first_text),
        last_price=Decimal(last_text),
        holes=holes,
        missing=missing,
        missing_ms=Milliseconds(missing * interval_ms),
        price_step=prices.step,
        quantity_step=None if is_candles else quantities.step,
    )


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
    step = chosen.infer("step_size", settings.step_size, _step(found, min_notional))
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


def _moments(recording: Recording) -> Iterator[Timestamp]:
    if recording.kind is RecordingKind.CANDLES:
        return (candle.start for candle in read_candles(recording, VolumeIn.BASE))
    return (trade.at for trade in read_trades(recording))


def _check_tick(recording: Recording, found: Survey, settings: MarketSettings) -> None:
    tick = settings.tick_size
    if tick is None or found.price_step % tick == 0:
        return
    problem = (
        f"prices are multiples of {plain(found.price_step)}, not of {plain(tick)}: set a "
        f'[market."{recording.symbol}"] tick_size that divides {plain(found.price_step)}, or none'
    )
    raise RecordingError(recording.path, None, problem)


def _step(found: Survey, min_notional: Decimal) -> Decimal:
    if found.quantity_step is not None:
        return found.quantity_step
    step = ONE
    while step > _FINEST_STEP and step * found.first_price * 10 > min_notional:
        step = step.scaleb(-1)
    return step
