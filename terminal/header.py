"""What a session is: what a screen's head, the log and session.json say of it."""

from pathlib import Path

import msgspec

EMBEDDED = "embedded market"


class SessionHeader(msgspec.Struct, frozen=True, kw_only=True):
    """One session, named for people."""

    mode: str
    """Whose money: ``paper money``."""
    market: str
    """Where its prices come from: ``embedded market``."""
    seed: int
    """Of the embedded market: the same seed, the same prices."""
    speed: float
    """Market time over real time: 60 is a market minute a second."""
    session_dir: Path
    """Where its files are."""

    @property
    def is_embedded(self) -> bool:
        """Whether the market is one of our own making, with a seed and a speed."""
        return self.market == EMBEDDED
