"""Which quotes are believed, and how two become one."""

from math import inf, nan

import pytest

from actors.market_data.quotes import (
    Judgement,
    conflate,
    conflation_key,
    has_wild_extremes,
    judge,
)
from messages.base import PositionId, Symbol, Timestamp
from messages.market import Quote
from messages.market_data import QuoteReceived, RequestQuote

SYMBOL = Symbol("BTC/USDT")


def quote(bid: float, ask: float, last: float, low: float | None = None) -> Quote:
    return Quote(symbol=SYMBOL, at=Timestamp(0), bid=bid, ask=ask, last=last, low=low)


GOOD = quote(99, 101, 100)
FAR = quote(59, 61, 60)
CROSSED = quote(101, 99, 100)


@pytest.mark.parametrize(
    ("seen", "last", "held_back", "judgement"),
    [
        (GOOD, None, None, Judgement.USE),
        (quote(95, 96, 97), GOOD, None, Judgement.USE),
        (quote(90, 110, 110), GOOD, None, Judgement.USE),
        (FAR, GOOD, None, Judgement.HOLD_BACK),
        (quote(99, 130, 100), GOOD, None, Judgement.HOLD_BACK),
        (quote(60, 62, 61), GOOD, FAR, Judgement.USE),
        (quote(40, 42, 41), GOOD, FAR, Judgement.HOLD_BACK),
        (GOOD, GOOD, FAR, Judgement.USE),
        (CROSSED, GOOD, None, Judgement.HOLD_BACK),
        (CROSSED, None, None, Judgement.HOLD_BACK),
        (CROSSED, GOOD, CROSSED, Judgement.USE),
        (quote(61, 59, 60), GOOD, FAR, Judgement.HOLD_BACK),
        (FAR, None, None, Judgement.USE),
    ],
)
def test_a_quote_is_judged_by_the_last_one_and_the_one_held_back(
    seen: Quote, last: Quote | None, held_back: Quote | None, judgement: Judgement
) -> None:
    assert judge(seen, last, held_back, 0.2) is judgement


@pytest.mark.parametrize("wrong", [0.0, -1.0, nan, inf])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_what_is_no_price_is_never_used(wrong: float, place: int) -> None:
    prices = [99.0, 101.0, 100.0]
    prices[place] = wrong
    seen = quote(*prices)
    assert judge(seen, GOOD, seen, 0.2) is Judgement.REFUSE


@pytest.mark.parametrize(
    ("low", "last", "is_wild"),
    [(85.0, GOOD, False), (70.0, GOOD, True), (70.0, quote(70, 71, 70), False), (70.0, None, True)],
)
def test_an_extreme_far_from_the_quotes_around_it_is_wild(
    low: float, last: Quote | None, *, is_wild: bool
) -> None:
    assert has_wild_extremes(quote(99, 101, 100, low=low), last, 0.2) is is_wild


def received(*prices: float) -> QuoteReceived:
    return QuoteReceived(quote=quote(*prices))


def test_two_quotes_become_the_newer_with_the_extremes_of_both() -> None:
    both = conflate(conflate(received(99, 101, 100), received(95, 97, 102)), received(98, 99, 99))
    assert isinstance(both, QuoteReceived)
    seen = both.quote
    assert (seen.bid, seen.ask, seen.last) == (98, 99, 99)
    assert (seen.low, seen.high) == (99, 102)
    assert (seen.low_bid, seen.high_bid) == (95, 99)


def test_what_is_no_price_leaves_no_trace_in_a_conflated_quote() -> None:
    good, broken = received(99, 101, 100), received(0, 101, 100)
    assert conflate(good, broken) is good
    assert conflate(broken, good) is good


def test_only_quotes_are_conflated_and_only_within_their_symbol() -> None:
    assert conflation_key(received(99, 101, 100)) == SYMBOL
    request = RequestQuote(position_id=PositionId("p1"), symbol=SYMBOL)
    assert conflation_key(request) is None
