"""What a quote says of the price that a plan looks at: as it is, and its extremes since."""

from messages.market import Quote
from messages.plan import TriggerSource


def price_of(quote: Quote, source: TriggerSource) -> float:
    """Return the price a trigger with this source looks at."""
    match source:
        case TriggerSource.BID:
            return quote.bid
        case TriggerSource.LAST:
            return quote.last
        case TriggerSource.MID:
            return quote.mid


def extremes(quote: Quote, source: TriggerSource) -> tuple[float, float]:
    """Return the lowest and highest price of the source since the quote before.

    What a conflated quote does not tell of bid and mid is taken to have kept its distance.
    """
    price = price_of(quote, source)
    low, high, anchor = quote.low, quote.high, quote.last
    if source is not TriggerSource.LAST and quote.low_bid is not None:
        low, high, anchor = quote.low_bid, quote.high_bid, quote.bid
    lowest = price if low is None else min(price, low + (price - anchor))
    highest = price if high is None else max(price, high + (price - anchor))
    return lowest, highest
