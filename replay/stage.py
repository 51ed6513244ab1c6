"""The stage of a replay: recordings that were looked at, their markets, their points in time."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from decimal import Decimal
from math import inf
from pathlib import Path

import msgspec

from actors.position.distances import distance_problem
from actors.strategy.actor import DROP
from config.settings import CandlePath, MarketSettings, Settings
from exchange.recordings.inference import Market, Survey, infer_market, survey
from exchange.recordings.reader import (
    Recording,
    RecordingKind,
    open_recording,
    read_candles,
    read_trades,
)
from messages.base import Currency, Milliseconds, Symbol, Timestamp
from messages.ids import Identity
from messages.money import ZERO, divide_even
from replay.feed import Surroundings
from replay.items import FeedItem, IsQuiet, candle_items, trade_items
from session.account_name import AccountName
from terminal.errors import UsageError

RATE_MS = Milliseconds(86_400_000)
"""In a replay equity is valued at the recorded prices: the portfolio's own need not be fresh."""

STALE_INTERVALS = 2
"""In a replay a quote is stale only after so many intervals of its recording without a candle."""


class Scene(msgspec.Struct, frozen=True):
    """One recording: what it holds and which market it is traded on."""

    recording: Recording
    survey: Survey
    market: Market

    @property
    def symbol(self) -> Symbol:
        """The market's symbol."""
        return self.recording.symbol

    @property
    def rows(self) -> int:
        """How many candles or trades the recording holds."""
        return self.survey.rows

    @property
    def surroundings(self) -> Surroundings:
        """What the recording does not tell of its market, as set."""
        depth = self.market.depth_quantity
        return Surroundings(
            spread_ratio=float(self.market.spread_ratio),
            depth=None if depth is None else float(depth),
        )

    def return_at(self, price: float) -> Decimal:
        """The return of buying at the first price and holding to ``price``, fees aside."""
        first = self.survey.first_price
        return divide_even(Decimal(str(price)) - first, first)


class Stage(msgspec.Struct, frozen=True):
    """All recordings of one replay."""

    scenes: tuple[Scene, ...]
    settings: Settings

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """The markets, in the order of the recordings."""
        return tuple(scene.symbol for scene in self.scenes)

    @property
    def has_candles(self) -> bool:
        """Whether the order of a candle's prices can matter."""
        return any(s.recording.kind is RecordingKind.CANDLES for s in self.scenes)

    @property
    def rows(self) -> int:
        """How many candles and trades are played in all."""
        return sum(scene.rows for scene in self.scenes)

    @property
    def begin(self) -> Timestamp:
        """The first moment of all recordings."""
        return min(scene.survey.first for scene in self.scenes)

    def streams(self, path: CandlePath, is_quiet: IsQuiet) -> list[Iterator[FeedItem]]:
        """Return each recording's items; of a quiet candle its end alone."""
        return [self._items_of(scene, path, is_quiet) for scene in self.scenes]

    def _items_of(self, scene: Scene, path: CandlePath, is_quiet: IsQuiet) -> Iterator[FeedItem]:
        recording, symbol = scene.recording, scene.symbol
        if recording.kind is RecordingKind.TRADES:
            return trade_items(symbol, read_trades(recording), self.settings.replay.candle_ms)
        candles = read_candles(recording, scene.market.volume_in)
        return candle_items(symbol, candles, path, is_quiet)


def replay_identity(settings: Settings) -> Identity:
    """Return what a replay's client order ids are made of: the same in each run of one seed."""
    name = AccountName(exchange="replay", tag=settings.account.tag, seed=settings.paper.seed)
    return Identity(account=name.account, tag=name.tag, epochs=(name.epoch(1, None),))


Reading = Callable[[Path], AbstractContextManager[Callable[[], None]]]
"""Shows that a file is being read; what it yields is called for each row."""


def _unseen(_path: Path) -> AbstractContextManager[Callable[[], None]]:
    return nullcontext(lambda: None)


def look_at(
    paths: tuple[Path, ...], symbol: str | None, settings: Settings, reading: Reading = _unseen
) -> Stage:
    """Read every recording once, whole, before anything trades.

    Raises:
        RecordingError: a file is missing or broken: which, in which line, and how.
        UsageError: two recordings of one symbol, no capital in a recording's quote currency, a
            drop strategy that is to trade none of them, or a plan whose levels no tick allows.

    """
    if symbol is not None and len(paths) > 1:
        raise UsageError("--symbol names one market: play one recording with it")
    scenes: list[Scene] = []
    for path in paths:
        recording = open_recording(path, symbol)
        if recording.symbol in {scene.symbol for scene in scenes}:
            raise UsageError(
                f"{path}: {recording.symbol} is played already; one recording a symbol"
            )
        with reading(path) as on_row:
            found = survey(recording, on_row)
        market_settings = settings.market.get(recording.symbol, MarketSettings())
        market = infer_market(recording, found, market_settings, settings.market_defaults)
        scenes.append(Scene(recording, found, market))
    _check_capital(scenes, settings)
    _check_symbols(scenes, settings)
    _check_distances(scenes, settings)
    return Stage(tuple(scenes), _slower_to_doubt(settings, scenes))


def _check_capital(scenes: list[Scene], settings: Settings) -> None:
    for scene in scenes:
        quote = scene.market.rules.quote
        if settings.capital.get(Currency(quote), ZERO) <= ZERO:
            has = ", ".join(sorted(settings.capital)) or "none"
            raise UsageError(
                f"{scene.symbol} is paid in {quote}, and capital is allotted in {has} only: "
                f"add --set capital.{quote}=… (and --set drop.budget=… in {quote})"
            )


def _check_distances(scenes: list[Scene], settings: Settings) -> None:
    """Refuse a plan whose levels the ticks of every market that is traded move far away.

    A plan of a user's strategy is looked at when it asks for a position.
    """
    wanted = settings.drop.symbols
    traded = [scene for scene in scenes if not wanted or scene.symbol in wanted]
    if settings.strategy.use != DROP or not traded:
        return
    problems = [
        distance_problem(
            settings.plan,
            scene.market.rules,
            max(scene.survey.first_price, scene.survey.last_price),
        )
        for scene in traded
    ]
    if all(problem is not None for problem in problems):
        raise UsageError(str(problems[0]))


def _check_symbols(scenes: list[Scene], settings: Settings) -> None:
    """Refuse a replay in which nothing could be traded: a symbol was mistyped, or its file."""
    wanted, played = settings.drop.symbols, [scene.symbol for scene in scenes]
    if settings.strategy.use == DROP and wanted and not set(wanted) & set(played):
        raise UsageError(
            f"drop.symbols: nothing of {', '.join(wanted)} is played, only {', '.join(played)}"
        )


def _slower_to_doubt(settings: Settings, scenes: list[Scene]) -> Settings:
    """Return settings that believe a recording: it tells a price once an interval, however far.

    A hole in it still makes the market stale; a jump in it is what happened. The venue is embedded:
    its balances are looked at when in doubt only.
    """
    of_trades = settings.replay.candle_ms
    longest = max(scene.recording.interval_ms or of_trades for scene in scenes)
    stale_ms = Milliseconds(max(settings.market_data.stale_ms, STALE_INTERVALS * longest))
    market_data = msgspec.structs.replace(
        settings.market_data, stale_ms=stale_ms, jump_ratio=inf, rate_ms=RATE_MS
    )
    portfolio = msgspec.structs.replace(settings.portfolio, compare_balances_ms=None)
    reconciler = msgspec.structs.replace(settings.reconciler, look_ms=None)
    return msgspec.structs.replace(
        settings, market_data=market_data, portfolio=portfolio, reconciler=reconciler
    )
