"""One step under way: the position as it is so far, and what it wants to send.

Lives inside ``core.step`` only; what leaves the step is frozen.
"""

from typing import Any

import msgspec

from actors.position.position import Life, life_after
from actors.position.price_levels import stop
from actors.position.progress import Closing, Entry, Protection
from actors.position.states import Input, State, advance
from messages.addresses import MARKET_DATA, OBSERVERS
from messages.base import Address, Message, Timestamp
from messages.envelope import Send
from messages.market_data import RequestQuote
from messages.observers import Alarm, AlarmKind
from messages.position import CloseCause


class Turn:
    """The working copy of one step: each change replaces the frozen position by another."""

    def __init__(self, life: Life, now: Timestamp) -> None:
        """Begin with ``life`` as it was."""
        self.charter = life.charter
        self.position = life.position
        self.now = now
        self.outbox: list[Send] = []
        self._life = life

    @property
    def life(self) -> Life:
        """The position with its charter, as they are so far."""
        life = self._life
        if life.position is not self.position or life.charter is not self.charter:
            life = self._life = life_after(life, self.charter, self.position)
        return life

    @property
    def stop_cause(self) -> CloseCause:
        """Which rule put the stop where it is."""
        stop_now = stop(self.life)
        return CloseCause.STOP_LOSS if stop_now is None else stop_now[1]

    def update(self, **changes: Any) -> None:  # noqa: ANN401 - any field of Position
        """Replace fields of the position; what is as it was is no change."""
        before = self.position
        for name, value in changes.items():
            if getattr(before, name) != value:
                self.position = msgspec.structs.replace(before, **changes)
                return

    def update_entry(self, **changes: Any) -> None:  # noqa: ANN401 - any field of Entry
        """Replace fields of the entry's progress."""
        entry: Entry = msgspec.structs.replace(self.position.entry, **changes)
        self.update(entry=entry)

    def update_closing(self, **changes: Any) -> None:  # noqa: ANN401 - any field of Closing
        """Replace fields of the exit's progress; the exit has begun."""
        if self.position.closing is None:
            raise AssertionError("no exit has begun")
        closing: Closing = msgspec.structs.replace(self.position.closing, **changes)
        self.update(closing=closing)

    def update_protection(self, **changes: Any) -> None:  # noqa: ANN401 - any of Protection
        """Replace fields of the protection's progress."""
        protection: Protection = msgspec.structs.replace(self.position.protection, **changes)
        self.update(protection=protection)

    def send(self, to: Address, message: Message) -> None:
        """Put one message into the outbox."""
        self.outbox.append(Send(to, message))

    def alarm(self, kind: AlarmKind, text: str) -> None:
        """Tell a person."""
        position_id, symbol = self.charter.position_id, self.charter.symbol
        alarm = Alarm(kind=kind, text=text, position_id=position_id, symbol=symbol)
        self.send(OBSERVERS, alarm)

    def ask_for_quote(self) -> None:
        """Ask for the best prices now."""
        position_id, symbol = self.charter.position_id, self.charter.symbol
        self.send(MARKET_DATA, RequestQuote(position_id=position_id, symbol=symbol))

    def advance(self, input_: Input) -> None:
        """Let the table say what ``input_`` does to the state."""
        state = advance(self.position.state, input_)
        if state is not self.position.state:
            self.update(state=state, changed_at=self.now)

    def begin_exit(self, cause: CloseCause, reason: str, *, is_emergency: bool = False) -> None:
        """Want out: from here on the ladder is what is desired; the first cause stays."""
        if self.position.state is State.CLOSED or self.position.closing is not None:
            return
        rung = self.charter.plan.stop_rung if is_emergency else 0
        self.update(closing=Closing(cause=cause, reason=reason, since=self.now, rung=rung))
        self.advance(Input.EXIT_BEGUN)
