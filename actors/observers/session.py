"""What a running session is known by: its report, its watchlist, its last events. Pure.

Owns the picture that views ask for. What is alive is kept; of what is over sums and a few lines.
"""

from collections import Counter, deque
from collections.abc import Iterable, Iterator

import msgspec

from actors.guardian.core import Guard
from actors.journal.port import Record
from actors.observers.alarms import OpenAlarms
from actors.observers.events import DEBUG, Event, heard, id_text, recorded
from actors.observers.report import Report
from actors.observers.rows import position_row
from actors.observers.trades import Trade
from actors.observers.watchlist import Watchlist
from actors.portfolio.venue_balances import Balance
from actors.position.position import Position
from actors.position.states import State
from messages.base import Milliseconds, PositionId, Symbol, Timestamp
from messages.envelope import Removed
from messages.market import Candle, Quote
from messages.observers import AlarmOver
from messages.portfolio import TradingState
from messages.position import Begin
from messages.session import (
    ActorRow,
    CapitalRow,
    EventLine,
    PositionRow,
    SessionPicture,
    TradeRow,
)
from messages.strategy import SymbolBusy

EVENTS_KEPT = 50


class SessionBook:
    """What happened in a session so far, and how it stands."""

    def __init__(self, report: Report, watchlist: Watchlist, equity_ms: Milliseconds) -> None:
        """Begin with nothing; a point of the equity's curve is due every ``equity_ms``."""
        self.report = report
        self.equity_ms = equity_ms
        self._watchlist = watchlist
        self._trading_state = TradingState.ACTIVE
        self.alarms = OpenAlarms()
        self._events: deque[EventLine] = deque(maxlen=EVENTS_KEPT)
        self._decisions: dict[PositionId, str] = {}
        """Per position that was opened since, the id of the message that asked for it."""

    def on_quote(self, quote: Quote) -> list[AlarmOver]:
        """Take the newest quote of a symbol; return the alarms that it ends."""
        self.report.prices[quote.symbol] = quote.last
        self._watchlist.on_quote(quote)
        return self.alarms.on_quote(quote.symbol)

    def on_candle(self, symbol: Symbol, candle: Candle) -> None:
        """Take a candle that closed."""
        self._watchlist.on_candle(symbol, candle)

    def take_in(self, entities: Iterable[msgspec.Struct]) -> None:
        """Begin with the entities of an actor whose journal is gone on from.

        A position that was closed then is the trade of the session before.
        """
        kept = tuple(entities)
        for entity in kept:
            if isinstance(entity, Guard):
                self._trading_state = entity.state
                self.alarms.on_guard(entity)
        if not any(isinstance(e, Position) and e.state is State.CLOSED for e in kept):
            self.report.take_in(kept)

    def begin_session(self) -> None:
        """Count from here: all was taken in that the sessions before left."""
        self.report.begin_session()

    def on_record(self, record: Record) -> list[Event]:
        """Take in one step; return what happened in it."""
        self._look_at_sends(record)
        happened = recorded(record, self.report)
        happened += [heard(over, record.now) for over in self._ended(record)]
        events = [self.note(event) for event in happened]
        self.report.on_record(record)
        for change in record.changes:
            if isinstance(change, Guard):
                self._trading_state = change.state
            elif isinstance(change, Removed):
                self._decisions.pop(PositionId(change.key), None)
        return events

    def _ended(self, record: Record) -> Iterator[AlarmOver]:
        """Yield the alarms that a step ends; the report has not taken it in yet."""
        for change in record.changes:
            match change:
                case Guard():
                    yield from self.alarms.on_guard(change)
                case Balance():
                    yield from self.alarms.on_balance(change)
                case Position(position_id=position_id):
                    yield from self.alarms.on_position(self.report.position(position_id), change)
                case _:
                    pass

    def note(self, event: Event) -> Event:
        """Keep an event among the last ones, if people should see it; return it with its decision.

        That is the id of the message which asked for its position.
        """
        if event.level != DEBUG:
            self._events.append(EventLine(at=event.at, level=event.level, text=event.text))
        if event.position is None:
            return event
        return msgspec.structs.replace(event, decision=self._decisions.get(event.position))

    def picture(
        self,
        now: Timestamp,
        actors: tuple[ActorRow, ...],
        *,
        alarms: Counter[str],
        errors: Counter[str],
        refusals: Counter[str],
    ) -> SessionPicture:
        """Return how the session stands; the counts are by kind, actor and guard."""
        tally = self.report.tally
        return SessionPicture(
            at=now,
            trading_state=self._trading_state,
            positions=self._positions(now),
            capital=self._capital(now),
            watchlist=self._watchlist.rows(now),
            actors=actors,
            events=tuple(self._events),
            trades=tally.trades,
            wins=tally.wins,
            account_trades=self.report.totals.trades,
            account_wins=self.report.totals.wins,
            closed=tuple(map(_trade_row, self.report.last_trades)),
            alarms=dict(alarms),
            open_alarms=self.alarms.counts(),
            errors=dict(errors),
            refusals=dict(refusals),
        )

    def _look_at_sends(self, record: Record) -> None:
        for send in record.outbox:
            match send.message:
                case Begin(position_id=position_id):
                    self._decisions[position_id] = id_text(record.id)
                case SymbolBusy(busy=False, symbol=symbol):
                    self._watchlist.on_ended(symbol, record.now)
                case _:
                    pass

    def _positions(self, now: Timestamp) -> tuple[PositionRow, ...]:
        prices = self.report.prices
        return tuple(
            position_row(life, prices.get(life.charter.symbol), now)
            for life in self.report.open_positions()
        )

    def _capital(self, now: Timestamp) -> tuple[CapitalRow, ...]:
        return tuple(
            CapitalRow(
                currency=point.currency,
                capital=point.capital,
                equity=point.equity,
                realised=point.realised,
                unrealised=point.unrealised,
                session_change=point.session_change,
                session_realised=point.session_realised,
                today=self.report.today(point.currency, now),
            )
            for point in self.report.valued(now)
        )


def _trade_row(trade: Trade) -> TradeRow:
    return TradeRow(
        position_id=trade.position_id,
        symbol=trade.symbol,
        closed_at=trade.closed_at,
        cause=trade.cause.value,
        pnl=trade.pnl,
        return_ratio=float(trade.return_ratio),
    )
