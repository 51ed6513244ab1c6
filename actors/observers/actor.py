"""The observers' mailbox: alarms, refusals and skipped messages, told to people."""

from collections import Counter, deque

from loguru import logger

from actors.runtime.actor import Actor
from actors.runtime.system import System
from messages.base import Address, Message
from messages.observers import Alarm, EntryRefused, MessageSkipped

LAST_KEPT = 200
"""How many of the last facts are kept for tools."""


class Observers(Actor):
    """Logs what people should know, and counts it by kind."""

    def __init__(self, system: System, address: Address) -> None:
        """Begin without a fact."""
        super().__init__(system, address)
        self.last: deque[Message] = deque(maxlen=LAST_KEPT)
        self.alarms: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()
        """Entries refused, by guard."""
        self.skipped: Counter[str] = Counter()
        """Messages that made an actor raise, by actor."""

    def handle(self, message: Message) -> object:
        """Log and count."""
        self.last.append(message)
        match message:
            case Alarm():
                self.alarms[message.kind] += 1
                about = message.position_id or message.symbol or ""
                self._log("CRITICAL", f"ALARM {message.kind.value} {about}: {message.text}")
            case EntryRefused():
                self.refusals[message.guard] += 1
                self._log("DEBUG", f"no entry in {message.symbol}: {message.guard}: {message.text}")
            case MessageSkipped():
                self.skipped[message.actor] += 1
            case _:
                return super().handle(message)
        return None

    def _log(self, level: str, text: str) -> None:
        """Log with the market's time: in a replay the clock on the wall says nothing."""
        logger.bind(at=self.now()).log(level, "{}", text)
