"""One exchange server with a market that moves, one program that trades there, and its ledger."""

import random
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import Self

from benchmarks.seconds.books import Books
from benchmarks.seconds.programs import Place, Program
from exchange.server.control import LoadCandles
from exchange.server.ledger import Asked, Entry, LedgerReader, Moved
from exchange.server.remote import ServerProcess
from exchange.server.wire import Call
from messages.base import Currency, Milliseconds, Symbol, Timestamp
from messages.market import Candle, FeeCurrency, MarketRules
from messages.money import Money

PRICE = 50_000.0
PACE_SECONDS = 0.5
"""Between two moves of the market."""
SPREAD = 0.01
_NOISE_RATIO = 0.00008
"""Standard deviation of a move; the price returns to its level."""
_LOOK_SECONDS = 0.02
_SEED = 11
_CANDLES = 1_500
_MINUTE_MS = 60_000
SYMBOLS = tuple(
    f"{coin}/USDT"
    for coin in ("BTC", "ETH", "SOL", "XRP", "ADA", "LTC", "DOT", "LINK", "AVAX", "ATOM")
)
WALLET = Money(Currency("USDT"), Decimal(10_000))
OWN_COIN = Money(Currency("BTC"), Decimal(1))

MakeProgram = Callable[[Place], Program]


class Interrupted(Exception):  # noqa: N818 - no error: a person pressed Ctrl-C
    """The rounds are to end now."""


class ProgramEndedError(Exception):
    """The program's process ended by itself; the text is the end of its output."""


class Rig:
    """``with Rig(folder, make_program) as rig: ...``; what it started ends with it."""

    def __init__(
        self,
        folder: Path,
        make_program: MakeProgram,
        ending: threading.Event,
        symbols: int = 1,
        positions: int = 1,
        *,
        has_own_coins: bool = False,
    ) -> None:
        """Start nothing yet; once ``ending`` is set, every wait raises ``Interrupted``."""
        self._wallet = [WALLET, OWN_COIN] if has_own_coins else [WALLET]
        self.folder = folder
        self._ending = ending
        self._make_program = make_program
        self._symbols = SYMBOLS[:symbols]
        self._positions = positions
        self.entries: list[Entry] = []
        self.books = Books()
        self._level, self._noise = 1.0, 0.0
        self._random = random.Random(_SEED)  # noqa: S311 - a market, not a secret
        self._moving = threading.Lock()
        self._over = threading.Event()
        self._opened = ExitStack()
        self.program: Program
        self._server: ServerProcess

    def __enter__(self) -> Self:
        """Start the server and its market; the program not yet."""
        self.folder.mkdir(parents=True)
        ledger = self.folder / "ledger.jsonl"
        self._reader = LedgerReader(ledger)
        rules = [_rules(symbol) for symbol in self._symbols]
        with ExitStack() as opening:
            started = ServerProcess("binance", rules, self._wallet, self.folder, ledger=ledger)
            self._server = opening.enter_context(started)
            begun = int(time.time() * 1000)
            for symbol in self._symbols:
                self._server.send(LoadCandles(symbol=Symbol(symbol), minutes=_candles(begun)))
            self.move()
            walker = threading.Thread(target=self._walk, daemon=True)
            walker.start()
            opening.callback(walker.join)
            opening.callback(self._over.set)
            reach = self._server.reach
            place = Place(self.folder, reach, self._symbols, self._positions, begun)
            self.program = self._make_program(place)
            opening.callback(self.program.stop)
            self._opened = opening.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """End the program, then the server."""
        self._opened.close()

    @property
    def server(self) -> ServerProcess:
        """The exchange server."""
        return self._server

    def move(self, level: float | None = None) -> None:
        """Let every market trade; at another ``level`` of the first price from now on."""
        with self._moving:
            self._level = self._level if level is None else level
            bid = round(PRICE * self._level * (1 + self._noise), 2)
            for symbol in self._symbols:
                self._server.move(symbol, bid, round(bid + SPREAD, 2), bid, quantity=50.0)

    def cross(self, level: float) -> Timestamp:
        """Let every market trade at another level at once; return when the first did."""
        place = self.place_now()
        self.move(level)
        self.read()
        bound = PRICE * abs(level - 1) / 2
        moves = (one for one in self.entries[place:] if isinstance(one, Moved))
        return next(one.at for one in moves if abs(one.bid - PRICE * level) < bound)

    def open_gate(self) -> None:
        """Let the strategy enter."""
        self.program.place.gate.touch()

    def close_gate(self) -> None:
        """Let it enter no more."""
        self.program.place.gate.unlink(missing_ok=True)

    def place_now(self) -> int:
        """Return how many lines the ledger has now."""
        self.read()
        return len(self.entries)

    def read(self) -> None:
        """Take in the ledger's new lines."""
        for entry in self._reader.read():
            self.entries.append(entry)
            self.books.take(entry)

    def wait(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait until the ledger is so; False: it is not after so long.

        Raises:
            ProgramEndedError: the program ended by itself.
            Interrupted: a person pressed Ctrl-C.

        """
        deadline = time.monotonic() + seconds
        while True:
            self.read()
            if condition():
                return True
            if time.monotonic() > deadline:
                return False
            if self.program.is_wanted and not self.program.is_alive:
                raise ProgramEndedError(self.program.log_tail())
            self.pause(_LOOK_SECONDS)

    def wait_for_request(
        self, call: Call, since: int, seconds: float, containing: str = ""
    ) -> bool:
        """Wait for a request that came after the first ``since`` lines."""
        return self.wait(
            lambda: any(
                isinstance(one, Asked) and one.call is call and containing in one.text
                for one in self.entries[since:]
            ),
            seconds,
        )

    def pause(self, seconds: float) -> None:
        """Wait. Raises ``Interrupted``."""
        if self._ending.wait(seconds):
            raise Interrupted

    def _walk(self) -> None:
        while not self._over.wait(PACE_SECONDS):
            self._noise = self._noise * 0.8 + self._random.gauss(0, _NOISE_RATIO)
            try:
                self.move()
            except OSError:  # Ctrl-C ended the server too
                return


def _rules(symbol: str) -> MarketRules:
    return MarketRules(
        symbol=Symbol(symbol),
        tick_size=Decimal("0.01"),
        step_size=Decimal("0.00001"),
        min_quantity=Decimal("0.00001"),
        min_notional=Decimal(5),
        maker_fee_ratio=Decimal("0.001"),
        taker_fee_ratio=Decimal("0.001"),
        fee_currency=FeeCurrency.RECEIVED,
    )


def _candles(now: int) -> tuple[Candle, ...]:
    """Return quiet minutes up to now."""
    chance, price = random.Random(_SEED), PRICE  # noqa: S311 - a market, not a secret
    first = now - now % _MINUTE_MS - _CANDLES * _MINUTE_MS
    candles = []
    for minute in range(_CANDLES):
        before, price = price, PRICE + (price - PRICE) * 0.9 + chance.gauss(0, 5)
        candles.append(
            Candle(
                start=Timestamp(first + minute * _MINUTE_MS),
                interval_ms=Milliseconds(_MINUTE_MS),
                open=round(before, 2),
                high=round(max(before, price) + 5, 2),
                low=round(min(before, price) - 5, 2),
                close=round(price, 2),
                volume=12.5,
            )
        )
    return tuple(candles)
