"""What the strategy receives, and the words of a decision to enter."""

from decimal import Decimal
from typing import Any

import msgspec

from messages.base import Message, Symbol, Timestamp
from messages.market import Candle, Quote


class MarketSeen(Message, frozen=True, kw_only=True):
    """The market as it is; the newest replaces older ones. From market data."""

    quote: Quote
    candle: Candle | None
    """The candle that just closed; None: only the quote is new."""
    atr: float | None
    """Average true range of closed candles, quote per base."""


class SymbolBusy(Message, frozen=True, kw_only=True):
    """A position lives on the symbol, or none does any more. From the positions actor."""

    symbol: Symbol
    busy: bool


class EntryEnded(Message, frozen=True, kw_only=True):
    """A position's entry is over. From the position; it adapts how much slippage is borne."""

    symbol: Symbol
    filled_ratio: float
    """What was bought of what was asked for, 0 to 1."""


class MarketView(msgspec.Struct, frozen=True, kw_only=True):
    """What a strategy looks at to decide on one symbol."""

    now: Timestamp
    quote: Quote
    candle: Candle | None
    """The candle that just closed; None: only the quote is new."""
    atr: float | None
    """Average true range of closed candles, quote per base; None: too few closed."""
    is_busy: bool
    """A position lives on the symbol."""
    ended_at: Timestamp | None
    """When the last position on it ended; None: none did."""

    @property
    def symbol(self) -> Symbol:
        """The market that is looked at."""
        return self.quote.symbol


class Enter(msgspec.Struct, frozen=True, kw_only=True):
    """A strategy's wish to open a position on the symbol it was shown."""

    reason: str
    """For people: what was seen, with the numbers."""
    budget: Decimal | None = None
    """Quote currency, fees included; None: the configured one."""
    plan: dict[str, Any] = {}
    """Fields of the plan that differ from the configured one, such as ``take_profit_ratio``."""


class Consult(Message, frozen=True, kw_only=True):
    """What does the strategy say to this? To the thread that runs it; answered with ``Advised``."""

    number: int
    view: MarketView


class Advised(Message, frozen=True, kw_only=True):
    """What the strategy said, or how it failed. From the thread that runs it."""

    number: int
    """Of the ``Consult`` it answers."""
    enter: Enter | None = None
    error: str | None = None
    """In one line, with file and line of the user's code."""
    details: str = ""
    """The traceback, for the log."""
    took_ms: float = 0.0


class StrategyReady(Message, frozen=True, kw_only=True):
    """A strategy's process made the strategy, or could not. To its host, from the process's thread.

    A process that could not ends; ``StrategyEnded`` follows.
    """

    generation: int
    """Of the process: how many were started before it."""
    error: str | None = None
    details: str = ""


class StrategyEnded(Message, frozen=True, kw_only=True):
    """A strategy's process has ended, and all that it started. To its host, from its thread."""

    generation: int
    why: str


class ReplaceStrategy(Message, frozen=True, kw_only=True):
    """End the strategy's process and start another. To its host: from the desk, or a person."""

    reason: str
    is_failure: bool = True
    """It counts among the ends that are too many; not where a person asks for it."""


class StrategyStarted(Message, frozen=True, kw_only=True):
    """A new process can be asked. From the strategy's host."""


class StrategyLost(Message, frozen=True, kw_only=True):
    """The strategy can't be asked until ``StrategyStarted``. From its host."""

    error: str | None
    """What happened; None: it was asked for, or was said already."""
    details: str = ""
    is_final: bool = False
    """It was lost too often: only a person starts it again."""


class Verdict(Message, frozen=True, kw_only=True):
    """How a wish to enter fared, as ``ask`` answers it to tools. Not a command."""

    symbol: Symbol
    at: Timestamp
    passed: bool
    guard: str
    """The one that refused; of a wish that passed, the last one."""
    text: str
    """The numbers."""


class ReadVerdict(Message, frozen=True, kw_only=True):
    """Answer an ask with the symbol's last ``Verdict``, or None. From tools."""

    symbol: Symbol
