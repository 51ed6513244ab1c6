"""``market`` and ``triggers``: what is known of a symbol, and who waits for which price there."""

from collections.abc import Iterable, Iterator

from rich.console import RenderableType
from rich.text import Text

from actors.positions.roster import ListedMarket
from inspection.arguments import Typed, nearest
from inspection.command import Command, Context
from inspection.errors import InspectError
from inspection.source import Source
from inspection.view import (
    ALARM,
    DIM,
    NOTHING,
    WARN,
    Cell,
    View,
    builtins,
    number,
    pairs,
    plain,
    right,
    some,
    stack,
    table,
    title,
)
from messages.addresses import MARKET_DATA, POSITIONS, STRATEGY
from messages.base import Symbol
from messages.market_data import Level, MarketRow, ReadMarket
from messages.strategy import ReadVerdict, Verdict
from terminal.words import count, date_and_time, percent, time_of_day

_CANDLES = 5
_UNRECORDED = "candles and what the strategy said leave no record"


def market(context: Context, words: list[str]) -> View:
    """Show a symbol: quote, spread, candles, who lives there, what the strategy last said."""
    typed = Typed(MARKET.usage, words)
    symbol = symbol_of(context.source, typed.word("SYMBOL"))
    typed.end()
    row = row_of(context.source, symbol)
    if row is None:
        kept = "is known" if context.source.is_live else "is on record up to here"
        raise InspectError(f"no quote of {symbol} {kept}")
    if not context.source.is_live:
        note = Text(f"\n{_UNRECORDED}: why {symbol} tells what is on record", style=DIM)
        data: dict[str, object] = {"is_recorded": True, "market": builtins(row)}
        return View(stack(pairs(_as_recorded(row)), note), data)
    verdict = verdict_of(context.source, symbol)
    candles = table(
        ("candle", *map(right, ("open", "high", "low", "close", "volume"))),
        [
            (time_of_day(c.start), *map(number, (c.open, c.high, c.low, c.close, c.volume)))
            for c in row.candles[-_CANDLES:]
        ],
        "no candle closed yet",
    )
    parts: list[RenderableType] = [
        pairs(_facts(row)),
        title("last candles"),
        candles,
        title("the strategy's last word"),
    ]
    said: Cell = Text("it did not wish to enter", style=DIM)
    if verdict is not None:
        passed = "passed" if verdict.passed else f"refused by {verdict.guard}"
        said = f"{date_and_time(verdict.at)} {passed}: {verdict.text}"
    data = {
        "is_recorded": False,
        "market": builtins(row),
        "verdict": None if verdict is None else builtins(verdict),
    }
    return View(stack(*parts, plain(said)), data)


def triggers(context: Context, words: list[str]) -> View:
    """Show which prices positions wait for, nearest first."""
    typed = Typed(TRIGGERS.usage, words, ("--limit",))
    symbol = symbol_of(context.source, typed.word("SYMBOL"))
    limit = typed.number("--limit", 40)
    typed.end()
    read = context.source.triggers(symbol)
    row = row_of(context.source, symbol)
    last = None if row is None or row.quote is None else row.quote.last
    armed = [(one, level) for one in read.armed for level in one.levels]
    armed.sort(key=lambda pair: _distance(pair[1], last))
    rows = [
        (
            one.position_id,
            level.name.value.replace("_", " "),
            ("at or above " if level.is_above else "at or below ") + number(level.price),
            one.source.value,
            NOTHING if last is None else percent(level.price / last - 1, signed=True),
            str(one.generation),
        )
        for one, level in armed[:limit]
    ]
    columns = ("position", "level", "fires", "by", right("away"), right("generation"))
    head = f"{symbol} {number(last)}: {count(len(armed), 'level')} of {len(read.armed):,} armed"
    view = stack(Text(head, style=DIM), table(columns, rows, "nobody waits for a price there"))
    return View(view, builtins(read))


def symbol_of(source: Source, typed: str) -> Symbol:
    """Return the symbol that is meant: ``btc``, ``BTC/USDT``. Raises ``InspectError``."""
    known = list(symbols(source))
    wanted = typed.upper()
    if wanted in known:
        return Symbol(wanted)
    of_base = [symbol for symbol in known if symbol.partition("/")[0] == wanted]
    if len(of_base) == 1:
        return Symbol(of_base[0])
    has = ", ".join(known) or "none"
    raise InspectError(f"{typed} is not traded here{nearest(wanted, known)}; known are {has}")


def symbols(source: Source) -> Iterator[str]:
    """Return the symbols that the venue lists here."""
    kept = source.entities(actors=(POSITIONS,), kinds=(ListedMarket.__name__,))
    return (listed.rules.symbol for listed in kept.every(ListedMarket))


def complete_symbols(context: Context, words: list[str]) -> Iterable[str]:
    """Return the symbols, for completion of a first word."""
    return () if words else list(symbols(context.source))


def row_of(source: Source, symbol: Symbol) -> MarketRow | None:
    """Return what is known of a symbol's market; None: nothing. Raises ``InspectError``."""
    row = source.ask(MARKET_DATA, ReadMarket(symbol=symbol))
    return row if isinstance(row, MarketRow) else None


def verdict_of(source: Source, symbol: Symbol) -> Verdict | None:
    """Return what the strategy said last of a symbol; None: it does not answer, or said nothing."""
    try:
        verdict = source.ask(STRATEGY, ReadVerdict(symbol=symbol))
    except InspectError:
        return None
    return verdict if isinstance(verdict, Verdict) else None


def _as_recorded(row: MarketRow) -> Iterator[tuple[str, Cell]]:
    yield "symbol", row.symbol
    yield (
        "AS RECORDED",
        Text("the last quote that a record holds: others came after it", style=WARN),
    )
    yield from _prices(row)
    yield "armed", count(row.armed, "registration")
    yield "held by", some(row.held_by)


def _prices(row: MarketRow) -> Iterator[tuple[str, Cell]]:
    quote = row.quote
    if quote is None:
        yield "quote", Text("none yet", style=ALARM)
    else:
        yield "bid / ask", f"{number(quote.bid)} / {number(quote.ask)}"
        yield "last", f"{number(quote.last)} at {date_and_time(quote.at)}"
    yield "spread", percent(row.spread_ratio)


def _facts(row: MarketRow) -> Iterator[tuple[str, Cell]]:
    yield "symbol", row.symbol
    yield from _prices(row)
    yield "fresh", "yes" if row.fresh else Text("NO: triggers cover nothing", style=ALARM)
    yield "average true range", number(row.atr)
    yield "not believed", count(row.quarantined, "quote or candle", "quotes and candles")
    yield "armed", count(row.armed, "registration")
    yield "held by", some(row.held_by)


def _distance(level: Level, last: float | None) -> float:
    return abs(level.price - last) if last is not None else level.price


MARKET = Command(
    name="market",
    usage="market SYMBOL",
    help="A symbol: quote, spread, candles, who lives there, why nothing was bought last.",
    examples=("market BTC/USDT", "market btc"),
    run=market,
    complete=complete_symbols,
)
TRIGGERS = Command(
    name="triggers",
    usage="triggers SYMBOL [--limit N]",
    help="Which prices positions wait for on a symbol, the nearest first.",
    examples=("triggers BTC/USDT",),
    run=triggers,
    complete=complete_symbols,
)
COMMANDS = (MARKET, TRIGGERS)
