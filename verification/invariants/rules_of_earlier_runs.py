"""Nothing is bought by rules that an earlier process read: they may be over."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from actors.journal.port import Record
from messages.addresses import POSITIONS
from messages.position import Begin
from messages.positions import MarketRulesReported, OpenPosition
from verification.invariants.rule import Rule

if TYPE_CHECKING:
    from verification.simulation.world import World


class KeptRules(Rule):
    """Knows by whom the market was read last; one is traded here."""

    def __init__(self, world: "World") -> None:
        super().__init__(world)
        self._is_kept = False

    def rewound(self, records: Sequence[Record]) -> None:
        """Begin anew with what is left."""
        self._is_kept = False
        for record in records:
            self._note(record)

    def recorded(self, record: Record) -> None:
        """Look at what is opened."""
        self._note(record)
        if record.actor == POSITIONS and type(record.message) is OpenPosition:
            begun = [send.message for send in record.outbox if type(send.message) is Begin]
            assert not (begun and self._is_kept), (
                f"{begun[0].position_id} is opened by the rules of the last run"
            )

    def _note(self, record: Record) -> None:
        message = record.message
        is_taken = record.actor == POSITIONS and record.error is None
        if is_taken and type(message) is MarketRulesReported:
            self._is_kept = message.is_kept and not message.is_recent
