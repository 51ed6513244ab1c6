"""What market data does with a message: whom a quote, a candle or a deadline concerns.

Owns the markets by symbol. Mutable and not recorded: it is rebuilt from what positions register
and the venue sends. Sends and sets timers through what it is given, so that a quote that concerns
nobody costs nothing but its look-up.
"""

from collections.abc import Callable

from actors.market_data.candles import is_possible
from actors.market_data.market import Market
from config.settings import MarketDataSettings
from messages.addresses import GATEWAY, OBSERVERS, PORTFOLIO, STRATEGY, position_address
from messages.base import Address, Message, Milliseconds, Symbol, Timestamp
from messages.envelope import Wake
from messages.gateway import WatchSymbols
from messages.inspection import Armed
from messages.market import Quote
from messages.market_data import (
    ArmTriggers,
    CandleReceived,
    DisarmTriggers,
    HoldSymbol,
    MarketRow,
    NextLevel,
    QuoteReceived,
    ReadMarket,
    RequestQuote,
    ShowMarkets,
)
from messages.observers import Alarm, AlarmKind
from messages.portfolio import ConversionRate
from messages.position import MarketFreshness, QuoteAnswered, TriggerFired, TriggersArmed
from messages.strategy import MarketSeen

SendMessage = Callable[[Address, Message], None]
SetTimer = Callable[[str, Timestamp | None], None]


class MarketData:
    """All markets, and what to tell whom of them."""

    def __init__(
        self,
        settings: MarketDataSettings,
        send: SendMessage,
        set_timer: SetTimer,
        *,
        symbols: tuple[Symbol, ...] = (),
        wants_ticks: bool = False,
    ) -> None:
        """Begin with ``symbols`` to poll; with ``wants_ticks`` the strategy hears every quote."""
        self._settings = settings
        self._send = send
        self._set_timer = set_timer
        self._wants_ticks = wants_ticks
        self._markets = {symbol: Market(symbol, settings) for symbol in symbols}

    def on_quote(self, quote: Quote, now: Timestamp) -> None:
        """Take a quote. The hot path: most quotes jump nowhere and touch nothing."""
        market = self._markets.get(quote.symbol)
        if (
            market is not None
            and market.quiet_low < quote.bid <= quote.ask < market.quiet_high
            and market.quiet_low < quote.last < market.quiet_high
            and quote.low is None
        ):
            market.quote = quote
            market.heard_at = now
            if self._wants_ticks:
                self._show(market, quote)
            return
        self._on_notable_quote(quote, now)

    def handle(self, message: Message, now: Timestamp) -> object:  # noqa: C901 - one a message
        """Handle any message; the return value answers an ask. Raises ``TypeError``."""
        match message:
            case QuoteReceived():
                self.on_quote(message.quote, now)
            case CandleReceived():
                self._on_candle(message, now)
            case ArmTriggers():
                self._arm(message, now)
            case DisarmTriggers():
                self._disarm(message)
            case HoldSymbol():
                self._hold(message, now)
            case RequestQuote():
                self._answer_quote(message, now)
            case ShowMarkets():
                self._show_again(now)
            case Wake():
                self._look_at_age(self._market(Symbol(message.key)), now)
            case NextLevel():
                market = self._market(message.symbol)
                return market.triggers.next_level(message, market.quote)
            case ReadMarket():
                return self._row(message.symbol, now)
            case _:
                raise TypeError(f"market data does not handle {type(message).__name__}")
        return None

    def armed(self, symbol: Symbol) -> list[Armed]:
        """Return what positions wait for on a symbol. From any thread."""
        market = self._markets.get(symbol)
        return [] if market is None else market.triggers.armed()

    def poll_interval_ms(self, symbol: Symbol) -> Milliseconds:
        """Return how often a symbol is to be fetched: held ones first."""
        market = self._markets.get(symbol)
        is_held = market is not None and bool(market.holders)
        return self._settings.held_poll_ms if is_held else self._settings.poll_ms

    def _market(self, symbol: Symbol) -> Market:
        market = self._markets.get(symbol)
        if market is None:
            market = self._markets[symbol] = Market(symbol, self._settings)
        return market

    def _on_notable_quote(self, quote: Quote, now: Timestamp) -> None:
        market = self._market(quote.symbol)
        used = market.accept(quote, now)
        if used is None:
            return
        if not market.is_fresh:
            market.is_fresh = True
            self._tell_holders(market)
            self._watch_age(market, now)
        self._fire(market, used, conflated=True)
        if self._wants_ticks:
            self._show(market, used)

    def _fire(self, market: Market, quote: Quote, *, conflated: bool) -> None:
        for fired in market.triggers.touch(quote, conflated=conflated):
            self._send(
                position_address(fired.position_id),
                TriggerFired(generation=fired.generation, levels=fired.levels, quote=quote),
            )
        market.set_quiet_band()

    def _on_candle(self, message: CandleReceived, now: Timestamp) -> None:
        market = self._market(message.symbol)
        if not market.history.add(message.candle):
            market.quarantined += not is_possible(message.candle)
            return
        quote = market.quote
        if quote is None or not market.is_fresh_at(now):
            return
        self._send(STRATEGY, MarketSeen(quote=quote, candle=message.candle, atr=market.history.atr))
        self._watch_age(market, now)  # so that a replay's quiet candle has no deadline within
        if market.holders and market.is_rate_due(now, self._settings.rate_ms):
            market.rated_at = now
            self._send(PORTFOLIO, ConversionRate(symbol=market.symbol, rate=quote.mid))

    def _show(self, market: Market, quote: Quote) -> None:
        self._send(STRATEGY, MarketSeen(quote=quote, candle=None, atr=market.history.atr))

    def _show_again(self, now: Timestamp) -> None:
        """Show what a strategy that hears every quote wished for in vain a moment ago."""
        for market in self._markets.values():
            if self._wants_ticks and market.quote is not None and market.is_fresh_at(now):
                self._show(market, market.quote)

    def _arm(self, message: ArmTriggers, now: Timestamp) -> None:
        market = self._market(message.symbol)
        if not market.triggers.arm(message):
            return
        is_fresh = market.is_fresh_at(now)
        self._send(
            position_address(message.position_id),
            TriggersArmed(generation=message.generation, fresh=is_fresh),
        )
        if is_fresh and market.quote is not None:
            # What was low or high before this registration was none of its business.
            self._fire(market, market.quote, conflated=False)
        else:
            market.set_quiet_band()

    def _disarm(self, message: DisarmTriggers) -> None:
        market = self._market(message.symbol)
        if market.triggers.disarm(message.position_id, message.generation):
            market.set_quiet_band()
            if market.holders.pop(message.position_id, _ABSENT) is not _ABSENT:
                self._on_holders_changed(market, was_held=True)

    def _hold(self, message: HoldSymbol, now: Timestamp) -> None:
        market = self._market(message.symbol)
        was_held = bool(market.holders)
        market.holders[message.position_id] = None
        self._on_holders_changed(market, was_held=was_held)
        if not was_held:
            self._watch_age(market, now)
        if not market.is_fresh_at(now):
            market.is_fresh = False
            market.set_quiet_band()
            self._send(position_address(message.position_id), MarketFreshness(fresh=False))

    def _on_holders_changed(self, market: Market, *, was_held: bool) -> None:
        is_held = bool(market.holders)
        if is_held is was_held:
            return
        if not is_held:
            self._set_timer(market.symbol, None)
        markets = self._markets.values()
        self._send(
            GATEWAY,
            WatchSymbols(
                held=tuple(market.symbol for market in markets if market.holders),
                held_poll_ms=self._settings.held_poll_ms,
                others=tuple(market.symbol for market in markets if not market.holders),
                poll_ms=self._settings.poll_ms,
            ),
        )

    def _watch_age(self, market: Market, now: Timestamp) -> None:
        """Look again when the last quote is too old to count. Only holders are told."""
        if market.holders:
            heard_at = market.heard_at if market.is_fresh_at(now) else now
            self._set_timer(market.symbol, Timestamp(heard_at + self._settings.stale_ms))

    def _look_at_age(self, market: Market, now: Timestamp) -> None:
        if not market.holders:
            return
        if market.is_fresh_at(now):
            self._watch_age(market, now)
            return
        if market.is_fresh:
            market.is_fresh = False
            market.set_quiet_band()
            self._tell_holders(market)
        self._send(
            OBSERVERS,
            Alarm(
                kind=AlarmKind.MARKET_STALE,
                text=f"no usable quote of {market.symbol} for {self._settings.stale_ms} ms;"
                f" {len(market.holders)} positions live there",
                symbol=market.symbol,
            ),
        )

    def _tell_holders(self, market: Market) -> None:
        fact = MarketFreshness(
            fresh=market.is_fresh, quote=market.quote if market.is_fresh else None
        )
        for position_id in market.holders:
            self._send(position_address(position_id), fact)

    def _answer_quote(self, message: RequestQuote, now: Timestamp) -> None:
        market = self._market(message.symbol)
        quote = market.quote if market.is_fresh_at(now) else None
        self._send(position_address(message.position_id), QuoteAnswered(quote=quote))

    def _row(self, symbol: Symbol, now: Timestamp) -> MarketRow | None:
        market = self._markets.get(symbol)
        if market is None:
            return None
        quote = market.quote
        return MarketRow(
            symbol=symbol,
            quote=quote,
            fresh=market.is_fresh_at(now),
            spread_ratio=None if quote is None else (quote.ask - quote.bid) / quote.mid,
            atr=market.history.atr,
            candles=tuple(market.history.candles),
            quarantined=market.quarantined,
            held_by=tuple(market.holders),
            armed=len(market.triggers),
            poll_interval_ms=self.poll_interval_ms(symbol),
        )


_ABSENT = object()
