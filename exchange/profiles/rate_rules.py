"""Which rate limit an exchange's refusal comes from: the address, the account's orders, one call.

Owns the exchanges' words for it. How long the pause is, is read in ``exchange.live.rate_limits``.
The first rule that fits decides; where none fits, the HTTP status does.
"""

import re
from enum import StrEnum

import msgspec

from messages.base import Milliseconds

MINUTE_MS = 60_000


class Scope(StrEnum):
    """What a pause applies to."""

    ADDRESS = "address"
    """Every request from this network address."""
    ORDERS = "orders"
    """Orders that the account places; cancels and questions go on."""
    ENDPOINT = "endpoint"
    """The one call that was refused."""


class RateRule(msgspec.Struct, frozen=True, kw_only=True):
    """One way in which an exchange says "too many"."""

    pattern: str
    """Regular expression, searched for in the answer without regard to case."""
    scope: Scope
    is_ban: bool = False
    """Whether requests during the pause lengthen it."""
    wait_ms: Milliseconds | None = None
    """Where the answer gives no end; None: the usual."""

    def fits(self, text: str) -> bool:
        """Return whether an answer says this."""
        return re.search(self.pattern, text, re.IGNORECASE) is not None


def _code(code: str) -> str:
    return rf':\s*"?{re.escape(code)}(?!\w)'


def _minutes(count: int) -> Milliseconds:
    return Milliseconds(count * MINUTE_MS)


ANYWHERE: tuple[RateRule, ...] = (
    RateRule(
        pattern=r"\bip\b[^.\"]{0,40}\b(banned|blocked)|\bbanned until\b|\bip\b.{0,20}\bban\b"
        r"|temporar(y|ily) (ban|block|lock)",
        scope=Scope.ADDRESS,
        is_ban=True,
    ),
    # Bybit's and other exchanges' 403 of the network in front: wait ten minutes.
    # https://bybit-exchange.github.io/docs/v5/rate-limit
    RateRule(
        pattern=r"access too frequent|too frequent access",
        scope=Scope.ADDRESS,
        is_ban=True,
        wait_ms=_minutes(10),
    ),
    # Cloudflare: https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-1xxx-errors/
    RateRule(
        pattern=r"error( code)?:? ?1015|you are being rate limited",
        scope=Scope.ADDRESS,
        is_ban=True,
        wait_ms=_minutes(1),
    ),
)
"""Of answers that are no success; where the status is 200, after the exchange's own."""

RULES: dict[str, tuple[RateRule, ...]] = {
    # https://developers.binance.com/docs/binance-spot-api-docs/rest-api/limits
    "binance": (
        RateRule(pattern=_code("-1015"), scope=Scope.ORDERS),
        RateRule(pattern=_code("-1003"), scope=Scope.ADDRESS),
    ),
    # "Each endpoint with IP limits has an independent" limit; 510 is "excessive frequency".
    # https://www.mexc.com/api-docs/spot-v3/general-info
    "mexc": (
        RateRule(pattern=_code("-1003"), scope=Scope.ADDRESS),
        RateRule(pattern=_code("510"), scope=Scope.ENDPOINT),
    ),
    # https://docs.kraken.com/api/docs/guides/spot-errors; the lockout is of the key's address.
    "kraken": (
        RateRule(
            pattern="EGeneral:Temporary lockout",
            scope=Scope.ADDRESS,
            is_ban=True,
            wait_ms=_minutes(15),
        ),
        RateRule(pattern="EService:Throttled", scope=Scope.ORDERS),
        RateRule(pattern="EOrder:Rate limit exceeded", scope=Scope.ORDERS),
        RateRule(pattern="EAPI:Rate limit exceeded", scope=Scope.ENDPOINT),
    ),
    # https://bybit-exchange.github.io/docs/v5/error
    "bybit": (
        RateRule(pattern=_code("10018"), scope=Scope.ADDRESS, is_ban=True, wait_ms=_minutes(10)),
        RateRule(pattern=_code("10006"), scope=Scope.ENDPOINT),
        RateRule(pattern=_code("10429"), scope=Scope.ENDPOINT),
    ),
    # https://www.okx.com/docs-v5/en/#overview-rate-limits
    "okx": (
        RateRule(pattern=_code("50061"), scope=Scope.ORDERS),
        RateRule(pattern=_code("50011"), scope=Scope.ENDPOINT),
        RateRule(pattern=_code("50013"), scope=Scope.ENDPOINT),
    ),
    # https://www.kucoin.com/docs-new/rate-limit; public calls are counted by address.
    "kucoin": (
        RateRule(pattern=_code("1015"), scope=Scope.ADDRESS, is_ban=True, wait_ms=_minutes(1)),
        RateRule(pattern=_code("429000"), scope=Scope.ENDPOINT),
    ),
    # https://www.gate.com/docs/developers/apiv4/en/#frequency-limit-rule
    "gate": (RateRule(pattern=r"TOO_MANY_REQUESTS|TOO_FAST", scope=Scope.ENDPOINT),),
    # https://www.bitget.com/api-doc/common/intro
    "bitget": (
        RateRule(pattern=_code("30007"), scope=Scope.ADDRESS),
        RateRule(pattern=_code("429"), scope=Scope.ENDPOINT),
    ),
    # https://docs.cdp.coinbase.com/coinbase-app/advanced-trade-apis/rest-api
    "coinbase": (RateRule(pattern="rate_limit_exceeded", scope=Scope.ENDPOINT),),
    # https://hyperliquid.gitbook.io/hyperliquid-docs/for-developers/api/rate-limits-and-user-limits
    "hyperliquid": (
        RateRule(pattern="too many cumulative requests", scope=Scope.ORDERS),
        RateRule(pattern="too many requests|rate limit", scope=Scope.ADDRESS),
    ),
}
"""By ccxt's name of the exchange. Some say it with HTTP 200 (Kraken, Bybit, OKX)."""
