"""Who is polled when: held symbols first, and only who is silent."""

from exchange.live.market_data import closed_candles
from exchange.live.polling import AT_ONCE, SHORTEST_SILENCE_MS, PollPlan
from messages.base import Milliseconds, Symbol, Timestamp
from messages.gateway import WatchSymbols

BTC, ETH, SOL = Symbol("BTC/USDT"), Symbol("ETH/USDT"), Symbol("SOL/USDT")


def at(milliseconds: int) -> Timestamp:
    return Timestamp(milliseconds)


def a_plan(*held: Symbol) -> PollPlan:
    plan = PollPlan(Milliseconds(5_000))
    for symbol in (BTC, ETH, SOL):
        plan.follow(symbol, at(0))
    plan.asked((BTC, ETH, SOL), at(0))
    others = tuple(one for one in (BTC, ETH, SOL) if one not in held)
    plan.watch(
        WatchSymbols(
            held=held,
            held_poll_ms=Milliseconds(1_500),
            others=others,
            poll_ms=Milliseconds(5_000),
        )
    )
    return plan


def test_held_symbols_are_asked_for_more_often_and_first() -> None:
    plan = a_plan(SOL)
    assert plan.due(at(1_499)) == []
    assert plan.due(at(1_500)) == [SOL]
    assert plan.due(at(5_000)) == [SOL, BTC, ETH]


def test_who_was_heard_is_not_asked() -> None:
    plan = a_plan(SOL)
    plan.heard(BTC, at(4_000))
    assert plan.due(at(5_000)) == [SOL, ETH]
    assert plan.due(at(9_000)) == [SOL, ETH, BTC]


def test_who_was_asked_has_its_turn_an_interval_later_answered_or_not() -> None:
    plan = a_plan()
    plan.asked([BTC, ETH, SOL], at(5_000))
    assert plan.next_at() == 10_000


def test_nothing_is_due_where_nothing_is_followed() -> None:
    plan = PollPlan(Milliseconds(5_000))
    plan.heard(BTC, at(1))
    assert plan.next_at() is None
    assert plan.due(at(1_000_000)) == []


def test_a_symbol_that_is_followed_later_gets_the_interval_of_the_others() -> None:
    plan = a_plan(BTC)
    late = Symbol("XRP/USDT")
    plan.follow(late, at(100))
    assert plan.due(at(100)) == [late], "its stream may take a moment"
    plan.asked([late], at(100))
    assert late in plan.due(at(5_100))
    assert late not in plan.due(at(5_099))


def streamed(plan: PollPlan, symbol: Symbol, first: int, gap: int, count: int) -> int:
    """Let a stream bring prices; return when the last one came."""
    for number in range(count):
        plan.streamed(symbol, at(first + number * gap))
        plan.heard(symbol, at(first + number * gap))
    return first + (count - 1) * gap


def test_a_quick_stream_that_falls_silent_is_asked_after_sooner_where_it_is_held() -> None:
    plan = a_plan(BTC)
    last = streamed(plan, BTC, 0, 20, 50)
    streamed(plan, ETH, 0, 20, 50)
    assert plan.due(at(last + SHORTEST_SILENCE_MS - 1)) == []
    assert plan.due(at(last + SHORTEST_SILENCE_MS)) == [BTC]
    plan.asked([BTC], at(last + SHORTEST_SILENCE_MS))
    assert plan.due(at(last + SHORTEST_SILENCE_MS + 1_499)) == [], "the interval holds from then on"


def test_a_stream_with_pauses_is_given_twice_its_longest_and_no_more_than_the_interval() -> None:
    plan = a_plan(BTC)
    last = streamed(plan, BTC, 0, 20, 50) + 400
    last = streamed(plan, BTC, last, 20, 3)
    assert plan.due(at(last + SHORTEST_SILENCE_MS)) == []
    assert plan.due(at(last + 800)) == [BTC]
    last = streamed(plan, BTC, last + 60_000, 20, 3)
    plan.asked([ETH, SOL], at(last))
    assert plan.due(at(last + 1_499)) == []
    assert plan.due(at(last + 1_500)) == [BTC]


def test_one_request_asks_for_a_bounded_number() -> None:
    plan = PollPlan(Milliseconds(1))
    for number in range(3 * AT_ONCE):
        plan.follow(Symbol(f"C{number}/USDT"), at(0))
    assert len(plan.due(at(10))) == AT_ONCE


def test_only_candles_whose_minute_is_over_are_told_in_order_and_once() -> None:
    rows: list[list[float]] = [
        [120_000, 1, 2, 0.5, 1.5, 7],
        [60_000, 1, 1, 1, 1, 3],
        [0, 9, 9, 9, 9, 9],
    ]
    found = closed_candles(rows, at(60_000), at(150_000))
    assert [candle.start for candle in found] == [60_000]
    assert [one.start for one in closed_candles(rows, at(60_000), at(180_000))] == [60_000, 120_000]


def test_a_held_symbol_goes_before_one_that_waits_longer() -> None:
    held, other = Symbol("A/B"), Symbol("C/D")
    plan = PollPlan(Milliseconds(1_000))
    plan.follow(other, Timestamp(0))
    plan.follow(held, Timestamp(500))
    plan.watch(
        WatchSymbols(
            held=(held,),
            held_poll_ms=Milliseconds(1_000),
            others=(other,),
            poll_ms=Milliseconds(1_000),
        )
    )
    assert plan.due(Timestamp(2_000)) == [held, other]
