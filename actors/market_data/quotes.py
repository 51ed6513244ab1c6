"""Which quotes may be believed, and how two that wait become one.

Owns the judgement of a single quote; keeps nothing. What is wild is held back until the next quote
confirms it; what can't be a price is never used.
"""

from collections.abc import Hashable
from enum import Enum, auto
from math import isfinite

import msgspec

from messages.base import Message
from messages.market import Quote
from messages.market_data import QuoteReceived


class Judgement(Enum):
    """What becomes of a quote."""

    USE = auto()
    HOLD_BACK = auto()
    """Crossed, or far from the one before: not used until the next one is near it."""
    REFUSE = auto()
    """Zero, negative or not a number: never used, and it confirms nothing."""


def judge(
    quote: Quote, last: Quote | None, held_back: Quote | None, jump_ratio: float
) -> Judgement:
    """Judge a quote by the last used one and the one held back just before it, if any."""
    if not is_possible(quote):
        return Judgement.REFUSE
    is_crossed = quote.bid > quote.ask
    if not is_crossed and (last is None or is_near(quote, last, jump_ratio)):
        return Judgement.USE
    if held_back is None or not is_near(quote, held_back, jump_ratio):
        return Judgement.HOLD_BACK
    if is_crossed and held_back.bid <= held_back.ask:
        return Judgement.HOLD_BACK
    return Judgement.USE


def is_possible(quote: Quote) -> bool:
    """Tell whether all its prices are prices."""
    prices = (quote.bid, quote.ask, quote.last)
    return all(isfinite(price) and price > 0 for price in prices)


def is_near(quote: Quote, other: Quote, ratio: float) -> bool:
    """Tell whether each price is within ``ratio`` of the other quote's."""
    return (
        abs(quote.bid - other.bid) <= ratio * other.bid
        and abs(quote.ask - other.ask) <= ratio * other.ask
        and abs(quote.last - other.last) <= ratio * other.last
    )


def has_wild_extremes(quote: Quote, last: Quote | None, ratio: float) -> bool:
    """Tell whether a conflated low or high is far from both the quote and the last used one."""
    known = (quote,) if last is None else (quote, last)
    floor = min(min(k.bid, k.last) for k in known) * (1 - ratio)
    ceiling = max(max(k.bid, k.last) for k in known) * (1 + ratio)
    found = (quote.low, quote.high, quote.low_bid, quote.high_bid)
    return not all(floor <= price <= ceiling for price in found if price is not None)


def without_extremes(quote: Quote) -> Quote:
    """Return the quote as if nothing had been between it and the one before."""
    return msgspec.structs.replace(quote, low=None, high=None, low_bid=None, high_bid=None)


def conflation_key(message: Message) -> Hashable | None:
    """Say which waiting messages are quotes of one symbol: the key for a conflating queue."""
    return message.quote.symbol if isinstance(message, QuoteReceived) else None


def conflate(waiting: Message, message: Message) -> Message:
    """Make one of two quotes of a symbol: the newer, with the extremes of both."""
    if not isinstance(waiting, QuoteReceived) or not isinstance(message, QuoteReceived):
        return message
    older, newer = waiting.quote, message.quote
    if not is_possible(newer):
        return waiting
    if not is_possible(older):
        return message
    return QuoteReceived(
        quote=msgspec.structs.replace(
            newer,
            low=min(_or(older.low, older.last), _or(newer.low, newer.last)),
            high=max(_or(older.high, older.last), _or(newer.high, newer.last)),
            low_bid=min(_or(older.low_bid, older.bid), _or(newer.low_bid, newer.bid)),
            high_bid=max(_or(older.high_bid, older.bid), _or(newer.high_bid, newer.bid)),
        )
    )


def _or(extreme: float | None, price: float) -> float:
    return price if extreme is None else extreme
