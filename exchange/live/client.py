"""ccxt's own class of an exchange, with our way out and our ears in it.

Owns the import of ccxt: it costs half a second and 100 MB, so only a live connection makes it.
"""

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from config.live import LiveSettings
from exchange.live.preparing import prepare
from exchange.live.throttle import Throttle
from exchange.profiles.profile import Profile

RETRY_AFTER_MS: ContextVar[int | None] = ContextVar("retry_after_ms", default=None)
"""What the venue said in the last answer that the running task got."""

_TOO_MANY = (418, 429)
_BUSY = (503,)
_BREATH_MS = 1_000
"""Where a venue says "too many" and not for how long."""


class Ears:
    """What is mixed into ccxt's class."""

    throttle_of_ours: Throttle

    async def throttle(self, cost: float | None = None) -> None:
        """Wait for one's turn, instead of ccxt's queue without priorities."""
        await self.throttle_of_ours.pass_(1.0 if cost is None else float(cost))

    async def fetch_swap_markets(self, params: object = None) -> list[object]:
        """Ask for no futures: MEXC's class would, for six seconds of its rate."""
        del params
        return []

    def on_rest_response(  # noqa: PLR0913, PLR0917 - ccxt's hook
        self,
        code: int,
        reason: str,
        url: str,
        method: str,
        response_headers: Mapping[str, str],
        response_body: str,
        request_headers: Mapping[str, str],
        request_body: str | None,
    ) -> str:
        """Hear how long the venue wants to be left alone, exits too."""
        del reason, url, method, request_headers, request_body
        wait_ms = wait_demanded_ms(code, response_headers)
        RETRY_AFTER_MS.set(wait_ms)
        if wait_ms is not None:
            self.throttle_of_ours.pause(wait_ms)
        return response_body.strip()


def wait_demanded_ms(code: int, headers: Mapping[str, str]) -> int | None:
    """Return how long an answer asks us to wait; None: it does not."""
    if code not in _TOO_MANY + _BUSY:
        return None
    raw = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    if raw.isdigit():
        return int(raw) * 1_000
    return _BREATH_MS if code in _TOO_MANY else None


def make_client(
    profile: Profile,
    credentials: Mapping[str, str],
    settings: LiveSettings,
    session: object | None = None,
    *,
    is_sandbox: bool = False,
) -> Any:  # noqa: ANN401 - ccxt has no types worth the name
    """Return ccxt's class of the profile's exchange, ready to be asked.

    On the loop that it is to live on. Raises ``ValueError`` where ccxt has no such exchange, or no
    test exchange there.
    """
    import ccxt.pro  # type: ignore[import-untyped] # noqa: PLC0415 - only a live connection pays

    base = getattr(ccxt.pro, profile.id, None)
    if base is None:
        raise ValueError(f"ccxt has no exchange {profile.id!r}")
    options: dict[str, Any] = {
        "defaultType": "spot",
        "adjustForTimeDifference": False,  # measured by us, and not once only
        "warnOnFetchOpenOrdersWithoutSymbol": False,
        "fetchMargins": False,
        **dict(profile.options),
    }
    if "fetchMarkets" not in options:
        options["fetchMarkets"] = {"types": ["spot"]}
    config: dict[str, Any] = {
        **credentials,
        "enableRateLimit": True,
        "newUpdates": True,
        "timeout": settings.request_timeout_ms,
        "streaming": {"keepAlive": settings.keep_alive_ms, "maxPingPongMisses": 2},
        "has": {"fetchCurrencies": False},
        "options": options,
    }
    if session is not None:
        config["session"] = session
    client = type(f"Live{base.__name__.title()}", (Ears, base), {})(config)
    prepare(client, profile, is_sandbox=is_sandbox)
    return client
