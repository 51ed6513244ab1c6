"""The last moment of a request that places an order: written into it, and kept.

Past the largest timestamp that was recorded for it, a request is never signed. The timestamp that
was really written is reported. On the loop only.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from exchange.live.errors import TooLateError
from exchange.profiles.profile import Profile
from exchange.profiles.promises import DeadlineForm
from messages.base import Milliseconds, Timestamp

GRACE_MS = 500
"""After its window, until a request without an answer is told as unknown."""
_WINDOW_OPTION = "recvWindow"


class SubmitDeadline:
    """Of one copy of one order's request."""

    def __init__(
        self,
        sign_by: Timestamp | None,
        window_ms: Milliseconds | None,
        unanswered: Callable[[], None] | None = None,
    ) -> None:
        """``unanswered`` is called once where no answer came in time; None: it waits for one."""
        self.window_ms = window_ms
        self.signed_at: Timestamp | None = None
        """Not before the timestamp that is in any request of the order; None: none was signed."""
        self._sign_by = sign_by
        self._unanswered = unanswered
        self._timer: asyncio.TimerHandle | None = None
        self._last_moment: int | None = None
        """On the venue's clock: signed with the order, before it waits for its turn."""

    def sign(
        self,
        client: Any,  # noqa: ANN401 - ccxt's
        profile: Profile,
        sign: Callable[[Mapping[str, Any]], dict[str, Any]],
        params: Mapping[str, Any],
    ) -> dict[str, Any]:
        """Return the signed request, with its deadline in it. Raises ``TooLateError``."""
        self._check(client.venue_time_ms())
        request = self._with_deadline(client, profile, sign, params)
        after = client.venue_time_ms()
        self._check(after)
        self.signed_at = Timestamp(after)
        self._wait()
        return request

    def last_moment(self, venue_time_ms: int) -> int | None:
        """Return the moment that a wallet signs with the order; None: it has no window."""
        if self.window_ms is not None and self._last_moment is None:
            self._last_moment = venue_time_ms + self.window_ms
        return self._last_moment

    def not_signed(self, venue_time_ms: int) -> None:
        """Take in that it is not signed from this moment on."""
        self.signed_at = Timestamp(venue_time_ms)

    def _with_deadline(
        self,
        client: Any,  # noqa: ANN401 - ccxt's
        profile: Profile,
        sign: Callable[[Mapping[str, Any]], dict[str, Any]],
        params: Mapping[str, Any],
    ) -> dict[str, Any]:
        """Sign a request, with its deadline in the form that the exchange has for it, if any."""
        deadline, window_ms = profile.deadline, self.window_ms
        if deadline is None or window_ms is None:
            return sign(params)
        until_ms = int(client.venue_time_ms()) + window_ms
        match deadline.form:
            case DeadlineForm.WINDOW:
                before = client.options.get(_WINDOW_OPTION)
                client.options[_WINDOW_OPTION] = window_ms
                try:
                    return sign(params)
                finally:
                    client.options[_WINDOW_OPTION] = before
            case DeadlineForm.HEADER:
                request = sign(params)
                headers = dict(request.get("headers") or {})
                return {**request, "headers": {**headers, deadline.name: str(until_ms)}}
            case DeadlineForm.SIGNED:
                moment = self.last_moment(client.venue_time_ms())
                if moment is not None and client.venue_time_ms() > moment:
                    raise TooLateError("not sent: the moment that was signed with it is over")
                return sign({**params, deadline.name: moment})
            case DeadlineForm.FIELD:
                # Whole seconds, as in the exchange's example; never earlier than what was chosen.
                until = datetime.fromtimestamp(-(-until_ms // 1000), UTC)
                return sign({**params, deadline.name: until.strftime("%Y-%m-%dT%H:%M:%SZ")})

    def close(self) -> None:
        """Wait for no answer any more."""
        if self._timer is not None:
            self._timer.cancel()

    def _check(self, venue_time_ms: int) -> None:
        if self._sign_by is not None and venue_time_ms > self._sign_by:
            late_ms = venue_time_ms - self._sign_by
            raise TooLateError(f"not signed: its time was over {late_ms} ms ago")

    def _wait(self) -> None:
        if self._unanswered is not None and self.window_ms is not None and self._timer is None:
            delay = (self.window_ms + GRACE_MS) / 1000
            self._timer = asyncio.get_running_loop().call_later(delay, self._unanswered)


DEADLINE: ContextVar[SubmitDeadline | None] = ContextVar("deadline", default=None)
"""Of the order that the running task places; None: it places none."""
