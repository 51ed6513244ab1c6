"""The strategy of Holdfast's rounds: enters wherever it may while a file, the gate, is there."""

import os
from pathlib import Path

from actors.strategy.port import Enter, MarketView
from config.settings import Settings

GATE = "SECONDS_GATE"
"""The environment variable that names the gate."""
JOINS = "SECONDS_JOINS"
"""Set: it also enters where a position is open."""


class Gate:
    """Enters while the gate is there."""

    def __init__(self, settings: Settings) -> None:
        """Take the gate's place from the environment."""
        del settings
        self._gate = Path(os.environ[GATE])
        self._joins = bool(os.environ.get(JOINS))

    def on_market(self, market: MarketView) -> Enter | None:
        """Enter, or look on."""
        wants = self._joins or not market.is_busy
        return Enter(reason="the gate is open") if wants and self._gate.exists() else None
