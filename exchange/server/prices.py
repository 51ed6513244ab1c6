"""Numbers, names and prices as both dialects write them. Pure."""

from decimal import Decimal

from exchange.matching.state import Market
from messages.base import Symbol, Timestamp
from messages.gateway import MarketMoved
from messages.money import plain

Payload = dict[str, object]
PLACES = 8


def number(value: Decimal) -> str:
    """Return an amount with eight places as Binance writes it; with more where it has more."""
    whole, _, places = plain(value).partition(".")
    return f"{whole}.{places.ljust(PLACES, '0')}"


def market_id(symbol: Symbol) -> str:
    """Return ``BTCUSDT`` of ``BTC/USDT``."""
    return symbol.replace("/", "")


def moved_of(market: Market) -> MarketMoved:
    """Return the last move of a market. Raises ``LookupError`` where there was none."""
    if market.moved is None:
        raise LookupError(f"{market.rules.symbol} has no price yet")
    return market.moved


def book_ticker(market: Market) -> dict[str, str]:
    """Return the best prices of a market that has traded."""
    moved = moved_of(market)
    quantity = number(Decimal(repr(moved.quantity or 100.0)))
    return {
        "symbol": market_id(market.rules.symbol),
        "bidPrice": number(market.price(moved.bid)),
        "bidQty": quantity,
        "askPrice": number(market.price(moved.ask)),
        "askQty": quantity,
    }


def day_ticker(market: Market, at: Timestamp) -> Payload:
    """Return ``ticker/24hr``; the day's statistics are the last price's."""
    best = book_ticker(market)
    last = number(market.price(moved_of(market).last))
    prices = ("lastPrice", "openPrice", "highPrice", "lowPrice", "prevClosePrice")
    return {
        **best,
        **dict.fromkeys(prices, last),
        "weightedAvgPrice": last,
        "priceChange": "0.00000000",
        "priceChangePercent": "0.000",
        "lastQty": best["bidQty"],
        "volume": "1000.00000000",
        "quoteVolume": number(Decimal(last) * 1000),
        "openTime": at - 86_400_000,
        "closeTime": at,
        "count": 1,
    }
