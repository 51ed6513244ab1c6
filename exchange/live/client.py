"""ccxt's own class of an exchange, with our rate limits, checks and guards in it.

Owns the import of ccxt: it costs half a second and 100 MB, so only a live connection makes it.
"""

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

from config.live import LiveSettings
from exchange.live.clock_jumps import ClockJumps
from exchange.live.deadlines import DEADLINE
from exchange.live.errors import NotFoundError, UnknownOutcomeError, WrongShapeError
from exchange.live.preparing import prepare
from exchange.live.rate_limiter import ENDPOINT, ORDER_ID, PLACES, Throttle
from exchange.live.rate_limits import Demand, demanded
from exchange.profiles.profile import Profile
from exchange.profiles.shapes import call_name, finds_nothing, shape_problem
from messages.base import ClientOrderId

RETRY_AFTER_MS: ContextVar[int | None] = ContextVar("retry_after_ms", default=None)
"""How long the running task's request has to wait, by the last answer that it got."""

_SUCCESS = range(200, 300)
_PONG = 0xA
"""The type of a frame that answers a ping (RFC 6455), as aiohttp has it."""


def can_call(client: Any, name: str) -> bool:  # noqa: ANN401 - ccxt's
    """Return whether an exchange has a call of its own for what ccxt calls ``name``.

    ccxt's "emulated" is another call with another meaning, or one that always raises (Kraken's
    fetchOrderTrades): it is none.
    """
    return client.has.get(name) is True


class ClientHooks:
    """Our part of ccxt's class; mixed in before it."""

    throttle_of_ours: Throttle
    profile_of_ours: Profile
    jumps_of_ours: ClockJumps
    """Says after the wait whether an order may still leave."""
    paused: Callable[[Demand], None]
    """Called when an answer demands a pause that is longer than those before."""
    ponged: Callable[[bytes], None]
    """Called with what a socket's answer to a ping says."""
    bad_item: Callable[[str, BaseException], None]
    """Called with each message of a socket that ccxt does not understand."""
    venue_time_ms: Callable[[], int]

    async def throttle(self, cost: float | None = None) -> None:
        """Wait for one's turn, instead of ccxt's queue without priorities."""
        await self.throttle_of_ours.pass_(1.0 if cost is None else float(cost))
        if PLACES.get():
            self._check_jumps()

    def _check_jumps(self) -> None:
        """Let an order leave. Raises ``UnknownOutcomeError`` where a copy may have sent it."""
        try:
            self.jumps_of_ours.check(ClientOrderId(ORDER_ID.get()))
        except UnknownOutcomeError:
            if (deadline := DEADLINE.get()) is not None:
                deadline.not_signed(self.venue_time_ms())
            raise

    def sign(
        self,
        path: str,
        api: Any = "public",  # noqa: ANN401 - ccxt's
        method: str = "GET",
        params: Mapping[str, Any] | None = None,
        *rest: object,
    ) -> dict[str, Any]:
        """Write its deadline into a request that places an order; past it none is signed."""
        sign = super().sign  # type: ignore[misc]

        def signed(given: Mapping[str, Any]) -> dict[str, Any]:
            request: dict[str, Any] = sign(path, api, method, given, *rest)
            return request

        deadline = DEADLINE.get()
        if deadline is None or method != "POST" or not PLACES.get():
            return signed(params or {})
        return deadline.sign(self, self.profile_of_ours, signed, params or {})

    def sign_l1_action(
        self,
        action: object,
        nonce: object,
        vault_address: str | None = None,
        expires_after: int | None = None,
    ) -> object:
        """Let a wallet sign an order with its last moment (Hyperliquid's class calls this)."""
        deadline = DEADLINE.get()
        if deadline is not None and PLACES.get():
            expires_after = deadline.last_moment(self.venue_time_ms())
        return super().sign_l1_action(action, nonce, vault_address, expires_after)  # type: ignore[misc]

    async def fetch2(self, path: str, api: Any = "public", method: str = "GET", *rest: Any) -> Any:  # noqa: ANN401 - ccxt's
        """Remember which call the task makes: some limits are one call's."""
        ENDPOINT.set(f"{method} {path}")
        return await super().fetch2(path, api, method, *rest)  # type: ignore[misc]

    async def fetch(
        self, url: str, method: str = "GET", headers: object = None, body: str | None = None
    ) -> Any:  # noqa: ANN401 - ccxt's
        """Take no answer of another shape than the call's for an answer.

        ccxt reads ``{}`` as an account without coins and as an empty list of orders, and hands
        a page in HTML on as text.
        """
        profile, call = self.profile_of_ours, ENDPOINT.get()
        answer = await super().fetch(url, method, headers, body)  # type: ignore[misc]
        if finds_nothing(profile, call, answer):
            raise NotFoundError(f"{call}: the answer is about no order")
        problem = shape_problem(profile, call_name(profile, call, body), answer)
        if problem is not None:
            raise WrongShapeError(f"{call}: {problem}: counts as no answer")
        return answer

    def filter_by_value_since_limit(
        self,
        array: Any,  # noqa: ANN401 - ccxt's
        field: str,
        value: object = None,
        since: int | None = None,
        limit: int | None = None,
        key: str = "timestamp",
        tail: bool = False,  # noqa: FBT001, FBT002 - ccxt's
    ) -> list[Any]:
        """Keep also the rows without a time: ccxt drops them where there is a ``since``."""
        kept = super().filter_by_value_since_limit(array, field, value, since, limit, key, tail)  # type: ignore[misc]
        timeless = [
            row
            for row in self.to_array(array)  # type: ignore[attr-defined]
            if row.get(key) is None and (value is None or row.get(field) == value)
        ]
        known = {id(row) for row in kept}
        return [*kept, *(row for row in timeless if id(row) not in known)]

    def currency_to_precision(self, code: str, fee: object, *network: object) -> str:
        """Return the digits of a sum of fees, fifteen at most: it is one of floats.

        ccxt cuts them to the currency's, and raises for a currency that no market here has.
        """
        del code, network
        return f"{float(str(fee)):.15g}"

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
        """Take in how long the venue wants to be left alone."""
        del reason, url, method, request_headers, request_body
        throttle = self.throttle_of_ours
        now_ms = self.venue_time_ms()
        demand = demanded(self.profile_of_ours, code, response_headers, response_body, now_ms)
        if demand is None:
            throttle.answered()
            RETRY_AFTER_MS.set(None)
        else:
            grew, wait_ms = throttle.refused(demand)
            if grew:
                self.paused(demand)
            RETRY_AFTER_MS.set(wait_ms)
        return response_body.strip()

    def handle_http_status_code(self, code: int, *rest: object) -> None:
        """Raise for every status that is no success; ccxt knows the usual ones only."""
        super().handle_http_status_code(code, *rest)  # type: ignore[misc]
        if code not in _SUCCESS:
            raise WrongShapeError(f"{ENDPOINT.get()}: HTTP status {code} is no answer")

    def handle_event_stream_terminated(self, socket: Any, message: object) -> None:  # noqa: ANN401 - ccxt's
        """Begin anew where Binance ends the account's stream on a socket that stays open.

        ccxt tells it to nobody who waits for orders: the stream would be silent from then on.
        """
        super().handle_event_stream_terminated(socket, message)  # type: ignore[misc]
        socket.on_error(ConnectionError("the exchange ended the account's stream"))

    def client(self, url: str) -> Any:  # noqa: ANN401 - ccxt's
        """Return a socket that outlives a message which ccxt can't read.

        In ccxt's receive loop such a message ends the loop; the socket would stay open, and silent.
        """
        known = url in (self.clients or {})  # type: ignore[attr-defined]
        socket = super().client(url)  # type: ignore[misc]
        if not known:
            handle = socket.handle_message

            def handle_safely(message: Any) -> None:  # noqa: ANN401 - aiohttp's
                if message.type == _PONG:
                    self.ponged(bytes(message.data))
                try:
                    handle(message)
                except Exception as error:  # noqa: BLE001 - the next message may be readable
                    self.bad_item("message of a socket", error)
                    if _is_ccxts(error):  # the exchange says that something is wrong: begin anew
                        socket.on_error(error)

            socket.handle_message = handle_safely
        return socket


def _is_ccxts(error: BaseException) -> bool:
    """Return whether ccxt raised it, and not a line of its code that can't read a message."""
    return any(kind.__name__ == "BaseError" for kind in type(error).__mro__)


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
    client = type(f"Live{base.__name__.title()}", (ClientHooks, base), {})(config)
    prepare(client, profile, is_sandbox=is_sandbox)
    return client
