"""A session as it was after one of its records: what every command asks, from the journal.

Entities are a segment's opening with the changes since. What only a running session knows (threads,
taps, dead letters) is refused by name; a quote is the last one that a record holds.
"""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import msgspec

from actors.journal.entities import Entities
from actors.journal.port import Record
from actors.journal.snapshot import Cut
from actors.order_router.order import RoutedOrder
from actors.order_router.order import wake_at as order_wakes_at
from actors.portfolio.core import wake_at as portfolio_wakes_at
from actors.position.forced_close import Salvage
from actors.position.position import Life, Position
from actors.positions.roster import Retired
from inspection.errors import InspectError, NotLiveError
from inspection.journal import actors_of, readable
from inspection.recorded import Recorded
from inspection.source import ALL, Kept, Steps, life_of
from messages.addresses import GATEWAY, MARKET_DATA, POSITIONS, SUPERVISOR
from messages.base import Address, Message, Milliseconds, PositionId, Symbol, Timestamp
from messages.gateway import MarketMoved
from messages.inspection import (
    PROTOCOL,
    ActorStatus,
    Armed,
    DeadLettersRead,
    Greeting,
    TimerSet,
    TimersRead,
    TreeRead,
    TriggersRead,
)
from messages.market import Quote
from messages.market_data import MarketRow, ReadMarket


class Past:
    """A session at one of its records."""

    is_live = False

    def __init__(self, found: Recorded, sequence: int | None = None) -> None:
        """Go to a record; None: the last one. Raises ``InspectError``."""
        self.found = found
        self.sequence = found.last if sequence is None else sequence
        with readable(found.journal.folder):
            there = found.journal.cut_at(self.sequence)
        if there is None:
            raise InspectError(f"the journal does not hold record {self.sequence:,} any more")
        self.cut: Cut = there

    @property
    def folder(self) -> Path:
        """The session's folder."""
        return self.found.folder

    @property
    def is_last(self) -> bool:
        """Whether it is at the session's last record."""
        return self.sequence == self.found.last

    def about(self) -> Greeting:
        """Return which session it was, and what time it is there."""
        facts = self.found.facts
        return Greeting(
            protocol=PROTOCOL,
            pid=facts.pid,
            folder=str(self.folder),
            account=facts.account,
            at=self.cut.at,
            started_at=Timestamp(0),
        )

    def tree(self) -> TreeRead:
        """Return the recorded actors, with the steps that each took; edges leave no record."""
        steps, raised = self.found.journal.counts(self.sequence)
        actors = tuple(
            ActorStatus(
                address=address,
                parent=POSITIONS if address.startswith("position/") else SUPERVISOR,
                kind="recorded",
                thread="",
                is_recorded=True,
                state=self._state(address),
                depth=0,
                processed=steps.get(address, 0),
                skipped=raised.get(address, 0),
                restarts=0,
            )
            for address in actors_of(self.cut)
        )
        last = self.found.last
        return TreeRead(
            at=self.cut.at,
            sequence=self.sequence,
            durable=max(last, self.sequence),
            actors=actors,
            threads=(),
            dead_letters=0,
        )

    def entities(
        self, actors: tuple[str, ...] = (), kinds: tuple[str, ...] = (), limit: int = ALL
    ) -> Kept:
        """Return what recorded actors kept; the newest, where there are more than ``limit``."""
        room, left_out, kept = limit, 0, []
        for address in self.cut.addresses():
            if actors and not any(fnmatchcase(address, pattern) for pattern in actors):
                continue
            wanted = [e for e in self.cut.of(address) if not kinds or type(e).__name__ in kinds]
            shown = wanted[-room:] if room else []
            left_out += len(wanted) - len(shown)
            room -= len(shown)
            if shown:
                kept.append(Entities(address, tuple(shown)))
        return Kept(at=self.cut.at, sequence=self.sequence, actors=tuple(kept), left_out=left_out)

    def records(self, actor: str, limit: int) -> Steps:
        """Return the last steps until then that concern an actor."""
        journal = self.found.journal
        found: list[int] = []
        for sequence in journal.concerning(actor, self.sequence):
            if len(found) >= limit:
                break
            found.append(sequence)
        return Steps(records=tuple(self._read(reversed(found))), kept_from=journal.first)

    def timers(self, actor: str, limit: int) -> TimersRead:
        """Return who would have been woken when: deadlines are part of what actors keep."""
        timers = [
            TimerSet(actor=address, key=key, at=at)
            for address in self.cut.addresses()
            if fnmatchcase(address, actor)
            for entity in self.cut.of(address)
            for key, at in (wakes_at(entity),)
            if at is not None
        ]
        timers.sort(key=lambda one: one.at)
        return TimersRead(at=self.cut.at, timers=tuple(timers[:limit]), total=len(timers))

    def triggers(self, symbol: Symbol) -> TriggersRead:
        """Return which prices positions waited for."""
        armed = tuple(
            Armed(
                position_id=life.position.position_id,
                generation=life.position.protection.generation,
                source=life.charter.plan.trigger_source,
                levels=life.position.protection.levels,
            )
            for life in self._lives(symbol)
            if life.position.protection.levels
        )
        return TriggersRead(at=self.cut.at, armed=armed, left_out=0)

    def dead_letters(self) -> DeadLettersRead:
        """Refuse: what reached nobody is not recorded. Raises ``NotLiveError``."""
        raise NotLiveError("what reached nobody is not recorded: only a running session knows it")

    def ask(self, to: Address, message: Message) -> Message | None:
        """Return the last recorded quote as a market's row; None: no record says."""
        if to == MARKET_DATA and isinstance(message, ReadMarket):
            return self._market(message.symbol)
        return None

    def close(self) -> None:
        """Let go of it."""

    def quote(self, symbol: Symbol) -> Quote | None:
        """Return the last quote on record: one that was heard, or the embedded venue's."""
        known = [
            Quote(symbol=symbol, at=moved.at, bid=moved.bid, ask=moved.ask, last=moved.last)
            for moved in self.cut.of(GATEWAY)
            if isinstance(moved, MarketMoved) and moved.symbol == symbol
        ]
        for record in self._read(self.found.journal.quoted(symbol, self.sequence)):
            quote = getattr(record.message, "quote", None)
            if isinstance(quote, Quote):
                known.append(quote)
                break
        return max(known, key=lambda one: one.at, default=None)

    def _market(self, symbol: Symbol) -> MarketRow | None:
        quote, lives = self.quote(symbol), list(self._lives(symbol))
        if quote is None and not lives:
            return None
        spread = None if quote is None else (quote.ask - quote.bid) / quote.mid
        armed = sum(1 for life in lives if life.position.protection.levels)
        return MarketRow(
            symbol=symbol,
            quote=quote,
            fresh=all(life.position.market_is_fresh for life in lives),
            spread_ratio=spread,
            atr=None,
            candles=(),
            quarantined=0,
            held_by=tuple(life.position.position_id for life in lives),
            armed=armed,
            poll_interval_ms=Milliseconds(0),
        )

    def _lives(self, symbol: Symbol) -> Iterator[Life]:
        for address in self.cut.addresses():
            if not address.startswith("position/"):
                continue
            life = life_of(self.cut.of(address))
            if life is not None and life.charter.symbol == symbol:
                yield life

    def _state(self, address: Address) -> str:
        return next((e.state.value for e in self.cut.of(address) if isinstance(e, Position)), "")

    def _read(self, sequences: Iterator[int]) -> Iterator[Record]:
        with readable(self.found.journal.folder):
            yield from self.found.journal.records(sequences)


def wakes_at(entity: msgspec.Struct) -> tuple[str, Timestamp | None]:
    """Return the deadline that an entity holds, under the key of its timer."""
    match entity:
        case RoutedOrder():
            return entity.request.client_order_id, order_wakes_at(entity)
        case Position():
            return "", entity.wakes_at
        case Salvage():
            return "salvage", entity.look_at
        case Retired():
            return PositionId(entity.position_id), entity.forget_at
        case _:
            return portfolio_wakes_at(entity)
