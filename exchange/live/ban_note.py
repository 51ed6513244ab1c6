"""Until when an exchange bans this address, in a file: the next process obeys it too.

Owns the file, one per exchange beside the accounts' folders. It is a courtesy to the exchange, no
fact of the account: one that is missing, damaged or can't be written stops nothing.
"""

from pathlib import Path

import msgspec

from exchange.live.rate_limits import LONGEST_MS
from messages.base import Timestamp


class Ban(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the file holds."""

    until: Timestamp
    """By this machine's clock."""


class BanNote:
    """Keeps the end of a ban; without a folder, in memory only."""

    def __init__(self, folder: Path | None, exchange_id: str) -> None:
        """Read what an earlier process kept in ``folder``."""
        self._file = None if folder is None else folder / f"ban-{exchange_id}.json"
        self._until = Timestamp(0)
        if self._file is not None:
            try:
                self._until = msgspec.json.decode(self._file.read_bytes(), type=Ban).until
            except (OSError, msgspec.MsgspecError):
                self._until = Timestamp(0)

    def left_ms(self, now: Timestamp) -> int:
        """Return how long the ban still lasts; 0: there is none. No ban is longer than 3 days."""
        left = self._until - now
        return left if 0 < left <= LONGEST_MS else 0

    def keep(self, until: Timestamp) -> None:
        """Keep the end of a ban. Raises ``OSError``: it is kept in memory only."""
        self._until = max(self._until, until)
        if self._file is None:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        beside = self._file.with_name(f".{self._file.name}.new")
        beside.unlink(missing_ok=True)
        with beside.open("xb") as file:
            file.write(msgspec.json.encode(Ban(self._until)))
        beside.replace(self._file)
