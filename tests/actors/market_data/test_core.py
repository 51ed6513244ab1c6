"""Whom market data tells what, and when."""

from typing import TypeVar

import msgspec
import pytest

from actors.market_data.core import MarketData
from config.settings import MarketDataSettings
from messages.addresses import GATEWAY, OBSERVERS, PORTFOLIO, STRATEGY
from messages.base import Address, Message, Milliseconds, PositionId, Symbol, Timestamp
from messages.envelope import Wake
from messages.gateway import FetchBalances, WatchSymbols
from messages.market import Candle, Quote
from messages.market_data import (
    ArmTriggers,
    CandleReceived,
    DisarmTriggers,
    HoldSymbol,
    Level,
    MarketRow,
    NextLevel,
    QuoteReceived,
    ReadMarket,
    RequestQuote,
    ShowMarkets,
)
from messages.observers import Alarm, AlarmKind
from messages.plan import TriggerSource
from messages.portfolio import ConversionRate
from messages.position import (
    LevelName,
    MarketFreshness,
    QuoteAnswered,
    TriggerFired,
    TriggersArmed,
)
from messages.strategy import MarketSeen

SYMBOL = Symbol("BTC/USDT")
OTHER = Symbol("ETH/USDT")
P1 = PositionId("p1")
TO_P1 = Address("position/p1")
SETTINGS = MarketDataSettings(
    stale_ms=Milliseconds(10_000),
    held_poll_ms=Milliseconds(1_500),
    poll_ms=Milliseconds(5_000),
    jump_ratio=0.2,
    atr_candles=2,
)
M = TypeVar("M", bound=Message)


class Desk:
    """Market data with its post and its timers laid open."""

    def __init__(self, *, wants_ticks: bool = False) -> None:
        self.sent: list[tuple[Address, Message]] = []
        self.timers: dict[str, Timestamp | None] = {}
        self.core = MarketData(
            SETTINGS,
            lambda to, message: self.sent.append((to, message)),
            self.timers.__setitem__,
            symbols=(SYMBOL, OTHER),
            wants_ticks=wants_ticks,
        )

    def tell(self, message: Message, now: int = 0) -> list[tuple[Address, Message]]:
        """Return what one message made it send."""
        self.sent.clear()
        self.core.handle(message, Timestamp(now))
        return list(self.sent)

    def quote(self, price: float, now: int = 0, **more: float) -> list[tuple[Address, Message]]:
        return self.tell(QuoteReceived(quote=quote(price, **more)), now)

    def row(self, now: int = 0) -> MarketRow:
        row = self.core.handle(ReadMarket(symbol=SYMBOL), Timestamp(now))
        assert isinstance(row, MarketRow)
        return row


def quote(price: float, **more: float) -> Quote:
    plain = Quote(symbol=SYMBOL, at=Timestamp(0), bid=price - 0.5, ask=price + 0.5, last=price)
    return msgspec.structs.replace(plain, **more)


def arm(generation: int, price: float, *, above: bool = False) -> ArmTriggers:
    return ArmTriggers(
        position_id=P1,
        symbol=SYMBOL,
        generation=generation,
        source=TriggerSource.BID,
        levels=(Level(LevelName.STOP_LOSS, price, above),),
    )


def closed(number: int, close: float = 100.0) -> CandleReceived:
    candle = Candle(
        start=Timestamp(number * 60_000),
        interval_ms=Milliseconds(60_000),
        open=close,
        high=close + 1,
        low=close - 1,
        close=close,
        volume=5.0,
    )
    return CandleReceived(symbol=SYMBOL, candle=candle)


HOLD = HoldSymbol(position_id=P1, symbol=SYMBOL)
REQUEST = RequestQuote(position_id=P1, symbol=SYMBOL)


def fired(generation: int, seen: Quote) -> tuple[Address, Message]:
    levels = (LevelName.STOP_LOSS,)
    return TO_P1, TriggerFired(generation=generation, levels=levels, quote=seen)


def armed(generation: int, *, fresh: bool) -> tuple[Address, Message]:
    return TO_P1, TriggersArmed(generation=generation, fresh=fresh)


# Triggers.


def test_a_touched_trigger_is_told_once_with_the_quote() -> None:
    desk = Desk()
    desk.quote(100)
    assert desk.tell(arm(1, 95)) == [armed(1, fresh=True)]
    assert desk.quote(96) == []
    assert desk.quote(95) == [fired(1, quote(95))]
    assert desk.quote(94) == []


def test_a_level_that_the_last_quote_touches_fires_as_soon_as_it_is_armed() -> None:
    desk = Desk()
    desk.quote(94)
    assert desk.tell(arm(1, 95)) == [armed(1, fresh=True), fired(1, quote(94))]


def test_a_stale_quote_fires_nothing_but_the_next_fresh_one_does() -> None:
    desk = Desk()
    desk.quote(94)
    assert desk.tell(arm(1, 95), now=10_000) == [armed(1, fresh=False)]
    assert desk.quote(94, now=10_001) == [fired(1, quote(94))]


def test_a_low_from_before_the_registration_does_not_fire_it() -> None:
    desk = Desk()
    desk.quote(100)
    desk.quote(100, low=90)
    assert desk.tell(arm(1, 95)) == [armed(1, fresh=True)]
    assert desk.quote(100) == []


def test_a_conflated_low_fires_the_stop_though_the_price_came_back() -> None:
    desk = Desk()
    desk.quote(100)
    desk.tell(arm(1, 95))
    assert desk.quote(100, low=95) == [fired(1, quote(100, low=95))]


def test_an_older_generation_is_neither_armed_nor_answered() -> None:
    desk = Desk()
    desk.quote(100)
    desk.tell(arm(2, 95))
    assert desk.tell(arm(1, 99.9)) == []
    assert desk.quote(95) == [fired(2, quote(95))]


def test_a_registration_heard_twice_fires_once() -> None:
    desk = Desk()
    desk.quote(100)
    desk.tell(arm(1, 95))
    assert desk.tell(arm(1, 95)) == [armed(1, fresh=True)]
    assert desk.quote(95) == [fired(1, quote(95))]


def test_a_disarmed_registration_does_not_fire() -> None:
    desk = Desk()
    desk.quote(100)
    desk.tell(arm(1, 95))
    desk.tell(DisarmTriggers(position_id=P1, symbol=SYMBOL, generation=1))
    assert desk.quote(90) == []


def test_the_next_level_is_answered_in_terms_of_the_last_price() -> None:
    desk = Desk()
    desk.quote(100)
    desk.tell(arm(1, 95))
    question = NextLevel(symbol=SYMBOL, start=100, end=90)
    assert desk.core.handle(question, Timestamp(0)) == pytest.approx(95 / 0.995)


# Quarantine.


def test_a_jump_fires_nothing_until_a_second_quote_confirms_it() -> None:
    desk = Desk()
    desk.quote(100)
    desk.tell(arm(1, 95))
    assert desk.quote(50) == []
    assert desk.quote(51) == [fired(1, quote(51))]
    assert desk.row().quarantined == 1


def test_a_jump_that_the_next_quote_denies_is_forgotten() -> None:
    desk = Desk()
    desk.quote(100)
    desk.tell(arm(1, 95))
    for price in (50, 100, 50, 100):
        assert desk.quote(price) == []
    assert desk.row().quarantined == 2
    assert desk.row().quote == quote(100)


def test_a_wild_low_of_a_conflated_quote_is_not_believed() -> None:
    desk = Desk()
    desk.quote(100)
    desk.tell(arm(1, 95))
    assert desk.quote(100, low=1) == []
    assert desk.row().quarantined == 1


def test_many_small_moves_are_no_jump() -> None:
    desk = Desk()
    price = 100.0
    while price > 20:
        desk.quote(price)
        price *= 0.97
    assert desk.row().quarantined == 0


def test_a_quote_without_a_price_does_not_keep_the_symbol_fresh() -> None:
    desk = Desk()
    desk.quote(100)
    desk.quote(100, now=9_000, bid=0.0)
    assert desk.tell(REQUEST, now=10_000) == [(TO_P1, QuoteAnswered(quote=None))]


# Freshness.


def test_holders_hear_when_quotes_go_stale_and_when_they_come_back() -> None:
    desk = Desk()
    desk.quote(100, now=1_000)
    desk.tell(HOLD, now=2_000)
    assert desk.timers[SYMBOL] == 11_000
    stale, alarm = desk.tell(Wake(key=SYMBOL), now=11_000)
    assert stale == (TO_P1, MarketFreshness(fresh=False))
    assert alarm[0] == OBSERVERS
    assert isinstance(alarm[1], Alarm)
    assert alarm[1].kind is AlarmKind.MARKET_STALE
    assert alarm[1].symbol == SYMBOL
    back = desk.quote(100, now=15_000)
    assert back == [(TO_P1, MarketFreshness(fresh=True, quote=quote(100)))]
    assert desk.timers[SYMBOL] == 25_000


def test_a_wake_that_comes_while_quotes_are_fresh_only_looks_again_later() -> None:
    desk = Desk()
    desk.quote(100)
    desk.tell(HOLD)
    desk.quote(100, now=8_000)
    assert desk.tell(Wake(key=SYMBOL), now=10_000) == []
    assert desk.timers[SYMBOL] == 18_000


def test_who_holds_a_symbol_without_a_fresh_quote_hears_so_and_people_are_alarmed_in_time() -> None:
    desk = Desk()
    assert (TO_P1, MarketFreshness(fresh=False)) in desk.tell(HOLD, now=5_000)
    assert desk.timers[SYMBOL] == 15_000
    assert [to for to, _ in desk.tell(Wake(key=SYMBOL), now=15_000)] == [OBSERVERS]


def test_nobody_is_woken_for_a_symbol_that_nobody_holds() -> None:
    desk = Desk()
    desk.quote(100)
    assert desk.timers == {}
    desk.tell(HOLD)
    desk.tell(DisarmTriggers(position_id=P1, symbol=SYMBOL, generation=0))
    assert desk.timers == {SYMBOL: None}
    assert desk.tell(Wake(key=SYMBOL), now=99_000) == []


@pytest.mark.parametrize(("now", "is_fresh"), [(9_999, True), (10_000, False)])
def test_a_request_is_answered_with_a_fresh_quote_or_none(now: int, *, is_fresh: bool) -> None:
    desk = Desk()
    desk.quote(100)
    answer = QuoteAnswered(quote=quote(100) if is_fresh else None)
    assert desk.tell(REQUEST, now) == [(TO_P1, answer)]


# Held first.


def test_a_symbol_is_polled_faster_from_the_moment_it_is_held_until_the_last_holder_goes() -> None:
    desk = Desk()
    assert desk.core.poll_interval_ms(SYMBOL) == 5_000
    sent = [message for to, message in desk.tell(HOLD) if to == GATEWAY]
    assert sent == [
        WatchSymbols(
            held=(SYMBOL,),
            held_poll_ms=Milliseconds(1_500),
            others=(OTHER,),
            poll_ms=Milliseconds(5_000),
        )
    ]
    assert desk.core.poll_interval_ms(SYMBOL) == 1_500
    p2 = PositionId("p2")
    second = desk.tell(HoldSymbol(position_id=p2, symbol=SYMBOL))
    gone = desk.tell(DisarmTriggers(position_id=P1, symbol=SYMBOL, generation=1))
    assert GATEWAY not in [to for to, _ in second + gone]
    assert desk.core.poll_interval_ms(SYMBOL) == 1_500
    last = desk.tell(DisarmTriggers(position_id=p2, symbol=SYMBOL, generation=1))
    assert [to for to, _ in last] == [GATEWAY]
    assert desk.core.poll_interval_ms(SYMBOL) == 5_000


# The strategy and the portfolio.


def test_the_strategy_sees_each_closed_candle_with_quote_and_volatility() -> None:
    desk = Desk()
    desk.quote(100)
    first, second = closed(1), closed(2)
    assert desk.tell(first) == [
        (STRATEGY, MarketSeen(quote=quote(100), candle=first.candle, atr=None))
    ]
    assert desk.tell(second) == [
        (STRATEGY, MarketSeen(quote=quote(100), candle=second.candle, atr=2.0))
    ]
    assert desk.tell(second) == []


def test_the_strategy_sees_no_candle_while_quotes_are_stale() -> None:
    desk = Desk()
    assert desk.tell(closed(1)) == []
    desk.quote(100)
    assert desk.tell(closed(2), now=10_000) == []


def test_the_strategy_sees_plain_quotes_only_if_it_wants_them() -> None:
    assert Desk().quote(100) == []
    curious = Desk(wants_ticks=True)
    curious.quote(100)
    seen = MarketSeen(quote=quote(101), candle=None, atr=None)
    assert curious.quote(101) == [(STRATEGY, seen)]


def test_asked_to_it_shows_the_strategy_each_market_that_is_fresh() -> None:
    plain, curious = Desk(), Desk(wants_ticks=True)
    for desk in (plain, curious):
        desk.quote(100)
    seen = MarketSeen(quote=quote(100), candle=None, atr=None)
    assert curious.tell(ShowMarkets(), now=1_000) == [(STRATEGY, seen)]
    assert curious.tell(ShowMarkets(), now=SETTINGS.stale_ms + 1) == [], "its quote is too old"
    assert plain.tell(ShowMarkets(), now=1_000) == [], "it wants candles only"


def test_the_portfolio_hears_the_rate_of_a_held_symbol_now_and_then() -> None:
    desk = Desk()
    desk.tell(HOLD)
    times = (0, 60_000, SETTINGS.rate_ms)
    rates = []
    for number, now in enumerate(times):
        desk.quote(100, now)
        rates.append([sent for to, sent in desk.tell(closed(number), now) if to == PORTFOLIO])
    rate = ConversionRate(symbol=SYMBOL, rate=100.0)
    assert rates == [[rate], [], [rate]]


def test_tools_can_read_a_market() -> None:
    desk = Desk()
    desk.quote(100)
    desk.tell(HOLD)
    desk.tell(arm(1, 95))
    desk.tell(closed(1))
    row = desk.row()
    assert (row.fresh, row.spread_ratio, row.atr) == (True, 0.01, None)
    assert (row.held_by, row.armed, row.poll_interval_ms) == ((P1,), 1, 1_500)
    assert row.candles == (closed(1).candle,)
    assert desk.core.handle(ReadMarket(symbol=Symbol("X/Y")), Timestamp(0)) is None


def test_a_message_for_somebody_else_is_named() -> None:
    with pytest.raises(TypeError, match="FetchBalances"):
        Desk().tell(FetchBalances())
