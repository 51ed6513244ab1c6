"""Which alarms still hold: each is open until a fact says that its trouble is over. Pure.

Some alarms tell of one event (a stray order, an unmatched fill): nothing ends these, a person does.
"""

from collections import Counter
from collections.abc import Iterator

from actors.guardian.core import Guard
from actors.guardian.states import Cause
from actors.portfolio.venue_balances import Balance
from actors.position.position import Position
from actors.position.states import State
from messages.base import Currency, PositionId, Symbol
from messages.observers import Alarm, AlarmKind, AlarmOver

_OF_CAUSE = {
    Cause.DAILY_LOSS: AlarmKind.DAILY_LOSS_LIMIT,
    Cause.ESCALATION: AlarmKind.ESCALATED,
    Cause.JOURNAL: AlarmKind.JOURNAL,
}
_OF_BALANCES = (AlarmKind.SHORTAGE, AlarmKind.SURPLUS)
_OF_LIFE = (AlarmKind.EXIT_STUCK, AlarmKind.PLACEMENT_FAILED, AlarmKind.VALUE_MISSING)
"""Over with the position. An exit that was lost may be live after it."""


class OpenAlarms:
    """The alarms of a session whose trouble is not over."""

    def __init__(self) -> None:
        """Begin without one."""
        self._open: list[Alarm] = []
        self._guard = Guard()
        self._differing: set[Currency] = set()

    def counts(self) -> dict[str, int]:
        """Return how many are open, by kind."""
        return dict(Counter(alarm.kind.value for alarm in self._open))

    def raised(self, alarm: Alarm) -> None:
        """Take an alarm; said again it is the same one."""
        if alarm not in self._open:
            self._open.append(alarm)

    def over(self, message: AlarmOver) -> list[AlarmOver]:
        """Take the end of an alarm; return it if one was open."""
        return self._end(message.text, message.kind, symbol=message.symbol)

    def on_quote(self, symbol: Symbol) -> list[AlarmOver]:
        """Take a quote: its market is not stale."""
        stale = AlarmKind.MARKET_STALE
        if not any(one.kind is stale and one.symbol in (None, symbol) for one in self._open):
            return []  # as nearly always: a quote comes at every tick
        return self._end(f"{symbol} has quotes again", stale, symbol=symbol)

    def on_guard(self, guard: Guard) -> list[AlarmOver]:
        """Take what holds trading now; what held it before and holds no more is over."""
        lifted = {h.cause for h in self._guard.holds} - {h.cause for h in guard.holds}
        self._guard = guard
        kinds = sorted(_OF_CAUSE[cause] for cause in lifted if cause in _OF_CAUSE)
        return [over for kind in kinds for over in self._end(guard.reason, kind)]

    def on_balance(self, balance: Balance) -> list[AlarmOver]:
        """Take a comparison of the venue's balance with the books."""
        if balance.difference:
            self._differing.add(balance.currency)
            return []
        self._differing.discard(balance.currency)
        if self._differing:
            return []
        text = "the venue's balances are as the books say"
        return [over for kind in _OF_BALANCES for over in self._end(text, kind)]

    def on_position(self, before: Position | None, after: Position) -> list[AlarmOver]:
        """Take how a position stands after a step."""
        return [
            over
            for kind, text in _ended(before, after)
            for over in self._end(f"{after.position_id} {text}", kind, after.position_id)
        ]

    def _end(
        self,
        text: str,
        kind: AlarmKind,
        position_id: PositionId | None = None,
        symbol: Symbol | None = None,
    ) -> list[AlarmOver]:
        """Close every open alarm of a kind, and of a position or symbol where one is named."""
        ended = [
            alarm
            for alarm in self._open
            if alarm.kind is kind
            and position_id in (None, alarm.position_id)
            and symbol in (None, alarm.symbol)
        ]
        if not ended:
            return []
        self._open = [alarm for alarm in self._open if alarm not in ended]
        first = ended[0]
        return [AlarmOver(kind=kind, text=text, position_id=first.position_id, symbol=first.symbol)]


def _ended(before: Position | None, after: Position) -> Iterator[tuple[AlarmKind, str]]:
    """Yield which alarms of a position end with a step, and why."""
    if before is None:
        return
    if after.state is State.CLOSED and before.state is not State.CLOSED:
        yield from ((kind, "is closed") for kind in _OF_LIFE)
    was_stuck = before.closing is not None and before.closing.is_stuck
    if was_stuck and (after.closing is None or not after.closing.is_stuck):
        yield AlarmKind.EXIT_STUCK, "is stuck no longer"
    if before.protection.refusals and not after.protection.refusals:
        yield AlarmKind.PLACEMENT_FAILED, "has its order at the venue"
    if not before.booked.is_priced and after.booked.is_priced:
        yield AlarmKind.VALUE_MISSING, "knows what its fills cost"
