"""The connection's alarms: what a person must know at once, and what is counted.

Owns the texts, and that a fault that comes back is told the first time, then at 10, 100, … times.
On the loop only.
"""

from collections import Counter
from collections.abc import Callable, Iterable

from exchange.live.clock_sync import ClockSync
from exchange.live.connect_errors import at_utc
from exchange.live.connection import Connection
from exchange.live.order import LiveOrder
from exchange.live.rate_limits import Demand
from exchange.port import Event
from exchange.profiles.rate_rules import Scope
from messages.addresses import GATEWAY
from messages.border import BadValueError
from messages.guardian import Escalated
from messages.observers import Alarm, AlarmKind, is_told

_LONG_PAUSE_MS = 10_000
"""From which a pause is an alarm and not a line in the log."""
_USUAL_LIFE_MS = 5_000
"""Of a request, where the exchange promises none."""
_NAMED = 20
"""Orders named in one alarm."""


class ConnectionAlarms:
    """Tells observers, and the log."""

    def __init__(
        self,
        connection: Connection,
        tell: Callable[[Event], None],
        live_orders: Callable[[], Iterable[LiveOrder]],
    ) -> None:
        """Tell alarms as events; ``live_orders`` are those that may rest at the venue."""
        self._connection = connection
        self._tell = tell
        self._live_orders = live_orders
        self._counts: Counter[str] = Counter()
        self._clock_is_far = False

    def alarm(self, kind: AlarmKind, text: str) -> None:
        """Tell that a person should look."""
        clean = self._connection.redact(text)
        self._connection.note(clean)
        self._tell(Alarm(kind=kind, text=clean))

    def skipped(self, item: str, error: BaseException) -> None:
        """Count an item that can't be read."""
        if isinstance(error, BadValueError):
            self._connection.refused(error)
            return
        self._counts[item] += 1
        count = self._counts[item]
        if is_told(count):
            times = "" if count == 1 else f", {count} times by now"
            text = f"{item} skipped{times}: {self._connection.text_of(error)}"
            self.alarm(AlarmKind.BAD_ANSWER, f"{self._connection.profile.name}: {text}")

    def restarting(self, task: str, pause_seconds: float, text: str) -> None:
        """Tell that a task of the connection ended and when it starts again."""
        self.alarm(
            AlarmKind.CONNECTION,
            f"{self._connection.profile.name}: {task} failed and starts again in "
            f"{pause_seconds:g} s: {text}",
        )

    def escalate(self, task: str, text: str) -> None:
        """Tell the guardian that a task keeps failing: no new risk until a person has looked."""
        error = self._connection.redact(f"{task} keeps failing: {text}")
        self._tell(Escalated(actor=GATEWAY, error=error))

    def clock(self, offset_ms: int, sync: ClockSync) -> None:
        """Tell of a clock that is far from the venue's, once until it is near again; log it."""
        far_ms = (self._connection.profile.request_life_ms or _USUAL_LIFE_MS) // 2
        kept = {True: "kept by a time service", False: "kept by no time service", None: "unknown"}
        side = "behind" if offset_ms > 0 else "ahead of"
        text = (
            f"this clock is {abs(offset_ms)} ms {side} {self._connection.profile.name}'s; "
            f"by the system it is {kept[sync.is_kept]}"
        )
        is_far = abs(offset_ms) >= far_ms
        if is_far and not self._clock_is_far:
            self.alarm(AlarmKind.CLOCK, f"{text}: requests carry the exchange's time, but set it")
        else:
            self._connection.note(text)
        self._clock_is_far = is_far

    def paused(self, demand: Demand) -> None:
        """Tell of a pause that the venue demands."""
        name = self._connection.profile.name
        until = at_utc(self._connection.now() + demand.wait_ms)
        if demand.is_ban:
            text = f"{name} bans this address until {until}: nothing is sent until then"
            self.alarm(AlarmKind.BANNED, f"{text}; {self._resting()}")
            return
        limit = _LIMITS[demand.scope]
        text = f"{name} wants a pause until {until} of {limit}"
        if demand.wait_ms < _LONG_PAUSE_MS:
            self._connection.note(text)
        else:
            self.alarm(AlarmKind.RATE_LIMIT, f"{text}; {self._resting()}")

    def _resting(self) -> str:
        live = (one for one in self._live_orders() if one.legs)
        orders = [f"{one.client_order_id} on {one.symbol}" for one in live]
        if not orders:
            return "no order of this session rests there"
        more = f" and {len(orders) - _NAMED} more" if len(orders) > _NAMED else ""
        return f"resting there: {', '.join(orders[:_NAMED])}{more}"


_LIMITS = {
    Scope.ADDRESS: "all requests from this address",
    Scope.ORDERS: "new orders",
    Scope.ENDPOINT: "one call",
}
