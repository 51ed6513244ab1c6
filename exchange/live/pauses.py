"""The pauses that an exchange demands, each for the limit that demanded it. Pure; times in ms.

Owns when a request may go out in spite of one: an exit during an implausible pause, as a probe. A
longer pause is never shortened by a later, shorter one; only a probe that is answered ends it.
"""

import msgspec

from exchange.live.rate_limits import IMPLAUSIBLE_MS, Demand
from exchange.profiles.rate_rules import Scope
from messages.orders import Priority

Limit = tuple[Scope, str]
"""A rate limit; the text names the call where the scope is one call."""
_BAN: Limit = (Scope.ADDRESS, "ban")
"""Apart from the address's other pause: an exit may probe that one."""


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """A request that wants to go out."""

    priority: Priority
    endpoint: str = ""
    """Method and path."""
    places: bool = False
    """Whether it places an order."""

    def limits(self) -> tuple[Limit, ...]:
        """Return the limits that count it."""
        own: tuple[Limit, ...] = (_BAN, (Scope.ADDRESS, ""), (Scope.ENDPOINT, self.endpoint))
        return (*own, (Scope.ORDERS, "")) if self.places else own


class Pause(msgspec.Struct, frozen=True, kw_only=True):
    """Until when nothing that a limit counts goes out."""

    until_ms: float
    probe_at_ms: float | None = None
    """When an exit may try in spite of it; None: never, it is a ban or short."""
    probe_pause_ms: float = 0
    """Before the next probe; doubles."""

    def opens_at_ms(self, priority: Priority) -> float:
        """Return when a request of this priority may go out."""
        if priority is not Priority.EXIT or self.probe_at_ms is None:
            return self.until_ms
        return min(self.until_ms, self.probe_at_ms)


class Pauses:
    """All pauses in force."""

    def __init__(self, exit_probe_ms: float) -> None:
        """Be in none; ``exit_probe_ms`` passes before the first probe of each."""
        self._exit_probe_ms = exit_probe_ms
        self._pauses: dict[Limit, Pause] = {}

    def demand(self, asking: Asking, demand: Demand, now_ms: float) -> bool:
        """Take in what the answer to a request demands; return whether a pause grew by it."""
        limit = _limit_of(asking, demand)
        until_ms = now_ms + demand.wait_ms
        before = self._pauses.get(limit)
        if before is not None and before.until_ms >= until_ms:
            return False
        is_running = before is not None and before.until_ms > now_ms
        self._pauses[limit] = self._pause(
            before if is_running else None, until_ms, now_ms, is_ban=demand.is_ban
        )
        return True

    def wait_ms(self, asking: Asking, now_ms: float) -> float:
        """Return how long until a request may go out; 0: now."""
        ends = (pause.opens_at_ms(asking.priority) for pause in self._of(asking, now_ms).values())
        return max(0.0, max(ends, default=now_ms) - now_ms)

    def sent(self, asking: Asking, now_ms: float) -> bool:
        """Take in that a request goes out; return whether it is a probe. The next waits longer."""
        pauses = self._of(asking, now_ms)
        for limit, pause in pauses.items():
            later = msgspec.structs.replace(
                pause,
                probe_at_ms=now_ms + pause.probe_pause_ms,
                probe_pause_ms=2 * pause.probe_pause_ms,
            )
            self._pauses[limit] = later
        return bool(pauses)

    def end(self, asking: Asking) -> None:
        """End the pauses of a probe that was answered: the exchange takes requests after all."""
        for limit in asking.limits():
            if limit != _BAN:
                self._pauses.pop(limit, None)

    def longest_ms(self, now_ms: float) -> float:
        """Return how long the longest pause still lasts; 0: there is none."""
        ends = (pause.until_ms for pause in self._pauses.values())
        return max(0.0, max(ends, default=now_ms) - now_ms)

    def banned_for_ms(self, now_ms: float) -> float:
        """Return how long the address is still banned; 0: it is not."""
        ban = self._pauses.get(_BAN)
        return 0.0 if ban is None else max(0.0, ban.until_ms - now_ms)

    def _pause(
        self, before: Pause | None, until_ms: float, now_ms: float, *, is_ban: bool
    ) -> Pause:
        if is_ban or until_ms - now_ms <= IMPLAUSIBLE_MS:
            return Pause(until_ms=until_ms)
        if before is not None and before.probe_at_ms is not None:
            return msgspec.structs.replace(before, until_ms=until_ms)
        first = self._exit_probe_ms
        return Pause(until_ms=until_ms, probe_at_ms=now_ms + first, probe_pause_ms=2 * first)

    def _of(self, asking: Asking, now_ms: float) -> dict[Limit, Pause]:
        known = ((limit, self._pauses.get(limit)) for limit in asking.limits())
        return {
            limit: pause for limit, pause in known if pause is not None and pause.until_ms > now_ms
        }


def _limit_of(asking: Asking, demand: Demand) -> Limit:
    if demand.is_ban:
        return _BAN
    return demand.scope, asking.endpoint if demand.scope is Scope.ENDPOINT else ""
