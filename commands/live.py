"""``run`` on a real exchange: live, in its sandbox, or with its prices and paper money.

Owns what such a session is given in place of the embedded market. The session itself, and what is
refused before it, are ``run``'s and ``modes``'.
"""

from collections import deque
from functools import partial

from msgspec.structs import replace

from actors.gateway.paper import Drive
from actors.journal.inspection import JournalLostError, find
from actors.journal.recovery import living_positions
from actors.observers.report import Report
from actors.observers.session import SessionBook
from actors.observers.watchlist import Watchlist
from actors.strategy.actor import StrategySource
from commands.run import Stand, trade
from config.settings import Settings
from exchange.keys import no_keys
from exchange.live.connection import Connection
from exchange.live.exchange import CcxtExchange
from exchange.paper import PaperExchange
from exchange.port import Event, Sink, UnknownSymbolError
from exchange.profiles.profile import Profile
from messages.base import Milliseconds, Symbol, Timestamp
from messages.gateway import MarketMoved
from messages.market_data import CandleReceived, QuoteReceived
from messages.money import Money
from session.account import STATE, account_folder
from session.account_name import AccountName
from session.announcements import SessionConsole
from session.connection import Files, Way, connect, keys_of
from session.kept_markets_file import KeptMarketsFile
from session.key_check import check_key
from session.options import Options, read_config, session_strategy
from session.process_secrets import hide_secrets
from session.stops import check_stops, choose_on_stop, symbol_lines
from session.trading_modes import (
    Mode,
    Venue,
    account_lines,
    ask_consent,
    budget_problem,
    check_venue,
)
from session.wiring import StartTree, Wiring
from terminal.errors import UsageError

_DRY_PACE_MS = Milliseconds(50)
"""Between two looks at what a real market did, for paper fills."""

_MONEY = {
    Mode.DRY_RUN: "paper money",
    Mode.SANDBOX: "test money",
    Mode.LIVE: "REAL MONEY",
}


def run_on_exchange(start: StartTree, options: Options, venue: Venue, way: Way) -> None:
    """Trade on an exchange until told to stop.

    Raises:
        UsageError: a setting, a key or a symbol can't be used, or nobody agreed.
        ConnectFailedError: the exchange can't be reached, or refuses the key.
        RunFailedError: it did not start or end as it should.

    """
    settings = read_config(options)
    profile = check_venue(venue, settings)
    with session_strategy(options, settings) as strategy:  # before any key is read
        _trade_at(start, options, settings, strategy, venue, way, profile)


def _trade_at(
    start: StartTree,
    options: Options,
    settings: Settings,
    strategy: StrategySource,
    venue: Venue,
    way: Way,
    profile: Profile,
) -> None:
    console = SessionConsole()
    is_dry = venue.mode is Mode.DRY_RUN
    keys = no_keys(profile) if is_dry else keys_of(profile, way, venue.keys_file)
    hide_secrets(profile, is_attachable=settings.live.attachable)
    is_sandbox = venue.mode is Mode.SANDBOX
    kind = f"{venue.mode.value}-{profile.id}"
    account = account_folder(options.state_dir, settings.account.tag, kind)
    connection = connect(
        profile,
        keys,
        way,
        console.say,
        settings.live,
        is_sandbox=is_sandbox,
        files=Files(
            keys=venue.keys_file,
            state=options.state_dir or STATE,
            markets=None if is_dry else KeptMarketsFile(account, console.say),
            symbols=settings.drop.symbols,
        ),
    )
    exchanges: list[CcxtExchange] = []
    try:
        for problem in _check_symbols(connection, options, settings, kind):
            console.say(f"  WARNING   {problem}")
        listed = connection.opened.listings
        symbols = [symbol for symbol in settings.drop.symbols if symbol in listed]
        can = {symbol: listed[symbol].facts.capabilities for symbol in symbols}
        check_stops(settings, can, is_real_money=venue.mode is Mode.LIVE)
        check_key(connection, venue, settings, console.say)
        for line in account_lines(connection, venue, settings):
            console.say(line)
        if not is_dry:
            may_ask = not (options.headless or venue.is_sure)
            settings = choose_on_stop(settings, can, console.say, may_ask=may_ask)
        for line in symbol_lines(settings.plan, can):
            console.say(line)
        ask_consent(venue, console.say)
        stand = Stand(
            mode=venue.mode.value,
            kind=kind,
            money=_MONEY[venue.mode],
            market=profile.name,
            is_real_money=venue.mode is Mode.LIVE,
            afterwards=f"  They are at {profile.name}; the next start goes on with them.",
            name=AccountName(
                exchange=f"{'dry-run-' if is_dry else ''}{profile.id}",
                uid=connection.opened.uid,
                seed=settings.paper.seed if is_dry else None,
            ),
            make_wiring=partial(real_wiring, connection, exchanges, is_dry=is_dry),
        )
        trade(start, options, settings, strategy, stand)
    finally:
        for exchange in exchanges:  # with their streams, before what they stream over
            exchange.close(connection.now())
        connection.close()


def real_wiring(
    connection: Connection,
    exchanges: list[CcxtExchange],
    settings: Settings,
    report: Report,
    strategy: StrategySource,
    begin: Timestamp,
    *,
    is_dry: bool = False,
) -> Wiring:
    """Return what the tree is given to trade over ``connection``; it is noted in ``exchanges``.

    ``is_dry``: with paper money, on its prices.
    """
    wiring = Wiring(
        settings=settings,
        symbols=settings.drop.symbols,
        connect=_nowhere,
        capabilities=connection.profile.capabilities,
        connect_live=partial(_open, connection, exchanges),
        strategy=strategy,
        calls_strategy_directly=False,
        book=_book(settings, report),
        conflates_quotes=True,
    )
    return _with_paper_money(wiring, connection, exchanges, begin) if is_dry else wiring


def _with_paper_money(
    wiring: Wiring, connection: Connection, exchanges: list[CcxtExchange], begin: Timestamp
) -> Wiring:
    settings, market = wiring.settings, RealMarket(begin)
    outside = _open(connection, exchanges, market.heard)

    def connect_paper(emit: Sink) -> PaperExchange:
        for symbol in wiring.symbols:
            outside.subscribe(symbol, begin)
        capital = settings.capital
        return PaperExchange(
            emit,
            [connection.listing(symbol).rules for symbol in wiring.symbols],
            [Money(currency, capital[currency]) for currency in sorted(capital)],
            capabilities=connection.profile.capabilities,
            latency_ms=settings.paper.latency_ms,
        )

    return replace(
        wiring, connect=connect_paper, connect_live=None, drive=Drive(market, _DRY_PACE_MS)
    )


class RealMarket:
    """A real market as the embedded exchange is moved by one: what was heard since it was asked."""

    def __init__(self, begin: Timestamp) -> None:
        """Have heard nothing until ``begin``."""
        self._heard: deque[QuoteReceived | CandleReceived] = deque()
        self._until = begin

    @property
    def next_at(self) -> Timestamp:
        """When to ask again."""
        return self._until

    def heard(self, event: Event) -> None:
        """Take what the exchange tells, from its thread; orders of ours it has none."""
        if isinstance(event, QuoteReceived | CandleReceived):
            self._heard.append(event)

    def advance(self, now: Timestamp) -> tuple[MarketMoved | CandleReceived, ...]:
        """Return what was heard since the last time, in the order in which it came."""
        self._until = now
        heard = [self._heard.popleft() for _ in range(len(self._heard))]
        return tuple(_moved(event) for event in heard)


def _moved(event: QuoteReceived | CandleReceived) -> MarketMoved | CandleReceived:
    if isinstance(event, CandleReceived):
        return event
    quote = event.quote
    return MarketMoved(
        symbol=quote.symbol, at=quote.at, bid=quote.bid, ask=quote.ask, last=quote.last
    )


def _open(connection: Connection, exchanges: list[CcxtExchange], emit: Sink) -> CcxtExchange:
    exchange = CcxtExchange(emit, connection)
    exchanges.append(exchange)
    return exchange


def _nowhere(_: Sink) -> PaperExchange:
    raise AssertionError("a live session has no embedded exchange")


def _book(settings: Settings, report: Report) -> SessionBook:
    symbols, drop = settings.drop.symbols, settings.drop
    watchlist = Watchlist(symbols, drop.lookback_ms, settings.market_data.stale_ms)
    return SessionBook(report, watchlist, settings.session.equity_ms)


def _held_symbols(options: Options, settings: Settings, kind: str) -> frozenset[Symbol]:
    """Return the markets on which the account has positions, by its journal."""
    if options.fresh:
        return frozenset()
    try:
        found = find(account_folder(options.state_dir, settings.account.tag, kind))
    except (JournalLostError, OSError):
        return frozenset()  # said when the account is opened
    if found is None:
        return frozenset()
    return frozenset(one.symbol for one in living_positions(found.snapshot))


def _check_symbols(
    connection: Connection, options: Options, settings: Settings, kind: str
) -> list[str]:
    """Return what is wrong with markets on which positions are held: these don't stop the others.

    Raises ``UsageError`` for any other market that can't be traded.
    """
    found = [
        (symbol, problem)
        for symbol in settings.drop.symbols
        if (problem := _symbol_problem(connection, settings, symbol)) is not None
    ]
    held = _held_symbols(options, settings, kind) if found else frozenset()
    for symbol, problem in found:
        if symbol not in held:
            raise UsageError(problem)
    return [
        f"{problem}; its positions are kept, the other markets are traded" for _, problem in found
    ]


def _symbol_problem(connection: Connection, settings: Settings, symbol: Symbol) -> str | None:
    try:
        listing = connection.listing(symbol)
    except UnknownSymbolError as error:
        return f"drop.symbols: {error}"
    if not listing.facts.is_active:
        return f"drop.symbols: {symbol} is not traded now: halted or delisted"
    return budget_problem(symbol, settings, listing.rules)
