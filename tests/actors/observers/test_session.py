"""A session as it is watched: the picture agrees with the books, and stays small."""

from collections import Counter
from decimal import Decimal
from typing import NamedTuple

import pytest
from loguru import logger

from actors.guardian.core import Guard, Held
from actors.guardian.states import Cause
from actors.observers.events import Event
from actors.observers.report import Report
from actors.observers.session import EVENTS_KEPT, SessionBook
from actors.observers.trades import profit
from actors.observers.watchlist import Watchlist
from actors.positions.roster import Living
from messages.addresses import GUARDIAN, OBSERVERS, PORTFOLIO
from messages.base import Milliseconds, Timestamp
from messages.envelope import Removed
from messages.guardian import Halt
from messages.observers import Alarm, AlarmKind, EntryRefused, MessageSkipped
from messages.portfolio import AccountsDescribed, DescribeAccounts, TradingState
from messages.session import SessionPicture
from tests.actors.observers.playing import BEGIN, MINUTE, PlayedSession
from tests.actors.position.stage import Stage

SEED = 3
HOURS_MINUTES = 240


class Story(NamedTuple):
    """A session of some hours, looked at when it was over; its actors end with the first test."""

    session: PlayedSession
    picture: SessionPicture
    accounts: AccountsDescribed
    logged: list[Event]
    """What was logged as an event."""


@pytest.fixture(scope="module")
def story() -> Story:
    """Return a session in which positions opened and closed."""
    events: list[Event] = []

    def keep(line: object) -> None:
        event = line.record["extra"].get("event")  # type: ignore[attr-defined]  # loguru's own
        if isinstance(event, Event):
            events.append(event)

    logger.remove()
    handler = logger.add(keep, level="DEBUG")
    session = PlayedSession(SEED).play(HOURS_MINUTES)
    logger.remove(handler)
    assert session.report.tally.trades > 5
    accounts = session.system.ask(PORTFOLIO, DescribeAccounts())
    assert isinstance(accounts, AccountsDescribed)
    return Story(session, session.look(), accounts, events)


def test_the_picture_shows_the_positions_that_live(story: Story) -> None:
    living: dict[str, None] = {}
    for record in story.session.records:
        for change in record.changes:
            if isinstance(change, Living):
                living[change.position_id] = None
            elif isinstance(change, Removed):
                living.pop(change.key, None)
    assert [row.position_id for row in story.picture.positions] == list(living)


def test_realised_profit_is_what_the_portfolio_booked(story: Story) -> None:
    picture, accounts = story.picture, story.accounts
    (row,) = picture.capital
    (booked,) = (one for one in accounts.rows if one.currency == "USDT")
    assert (picture.trades, picture.wins) == (accounts.trades, accounts.wins)
    assert (picture.account_trades, picture.account_wins) == (accounts.trades, accounts.wins)
    assert row.equity == row.capital + row.realised + row.unrealised
    assert row.realised == row.session_realised
    assert row.realised == booked.total - row.capital
    assert row.session_change == row.equity - row.capital
    closed = sum((trade.pnl for trade in story.session.trades), Decimal(0))
    living = story.session.report.open_positions()
    fees = (profit(one.charter, one.position) + one.position.booked.bought_cost for one in living)
    assert row.realised == closed + sum(fees, Decimal(0))


def test_the_watchlist_holds_every_symbol_the_reference_first(story: Story) -> None:
    rows = story.picture.watchlist
    assert len(rows) == 10
    assert rows[0].symbol == "BTC/USDT"
    assert not any(row.is_stale for row in rows)
    assert all(row.drop_ratio is not None for row in rows)


def test_every_actor_has_a_row_and_positions_have_one_together(story: Story) -> None:
    rows = {row.address: row for row in story.picture.actors}
    assert {"gateway", "market_data", "observers", "portfolio", "strategy"} <= rows.keys()
    assert not any(address.startswith("position/p") for address in rows)
    assert rows[PORTFOLIO].processed > 0


def test_the_curve_has_a_point_each_interval_of_the_markets_time(story: Story) -> None:
    first, *rest = story.session.points
    assert first.at == BEGIN
    interval = story.session.settings.session.equity_ms
    assert [p.at for p in rest] == [BEGIN + i * interval for i in range(1, len(rest) + 1)]
    assert len(rest) == HOURS_MINUTES * MINUTE // interval


def test_trades_are_handed_on_and_not_kept(story: Story) -> None:
    report = story.session.report
    assert report.trades == []
    assert report.equity == []
    assert len(story.session.trades) == report.tally.trades


def test_events_are_bounded_and_the_newest_is_last(story: Story) -> None:
    events = story.picture.events
    assert len(events) == EVENTS_KEPT
    assert sorted(event.at for event in events) == [event.at for event in events]


def test_every_event_of_a_position_names_its_decision(story: Story) -> None:
    of_positions = [event for event in story.logged if event.position is not None]
    asked = {e.position: e.id for e in of_positions if e.name == "position.asked"}
    assert len(asked) > 5
    assert all(event.decision == asked[event.position] for event in of_positions)


def test_every_event_leads_to_a_record(story: Story) -> None:
    by_sequence = {record.sequence: record for record in story.session.records}
    told = [event for event in story.logged if event.sequence is not None]
    assert told
    for event in told:
        assert event.sequence is not None
        record = by_sequence[event.sequence]
        assert event.at == record.now
        assert event.id == f"{record.id[0]}.{record.id[1]}"


def test_the_same_seed_makes_the_same_session() -> None:
    one, other = (PlayedSession(SEED).play(90) for _ in range(2))
    assert one.look() == other.look()


def test_a_halt_is_shown() -> None:
    session = PlayedSession(SEED).play(1)
    assert session.look().trading_state is TradingState.ACTIVE
    session.system.tell(GUARDIAN, Halt(reason="a test"))
    picture = session.look()
    assert picture.trading_state is TradingState.HALTED
    assert not picture.alarms, "a person said so"
    assert [line.level for line in picture.events][-1] == "warning"


def test_an_alarm_is_shown_as_over_once_its_trouble_is() -> None:
    session = PlayedSession(SEED).play(1)
    symbol = session.look().watchlist[0].symbol
    stale = Alarm(kind=AlarmKind.MARKET_STALE, text="no quote", symbol=symbol)
    session.system.tell(OBSERVERS, stale)
    assert session.look().open_alarms == {"market_stale": 1}
    session.play(1)
    picture = session.look()
    assert (picture.alarms, picture.open_alarms) == ({"market_stale": 1}, {})
    assert "over: market stale" in "\n".join(line.text for line in picture.events)


def test_what_observers_are_told_is_counted_by_kind() -> None:
    session = PlayedSession(SEED).play(1)
    symbol = session.look().watchlist[0].symbol
    for message in (
        Alarm(kind=AlarmKind.OVERFILL, text="too much"),
        EntryRefused(symbol=symbol, guard="spread", text="wide"),
        EntryRefused(symbol=symbol, guard="spread", text="wide"),
        MessageSkipped(actor=PORTFOLIO, message_type="Wake", error="E"),
    ):
        session.system.tell(OBSERVERS, message)
    picture = session.look()
    assert picture.alarms == {"overfill": 1}
    assert picture.refusals == {"spread": 2}
    assert picture.errors == {PORTFOLIO: 1}
    assert [line.level for line in picture.events] == ["alarm", "error"]  # refusals are for the log


def test_a_market_that_stands_still_is_marked_as_stale() -> None:
    session = PlayedSession(SEED).play(1)
    stale_ms = session.settings.market_data.stale_ms * int(session.settings.paper.speed)
    session.clock.close()  # nobody is woken: no quote comes
    session.clock.advance_to(Timestamp(session.clock.now() + stale_ms + 2_000))
    assert all(row.is_stale for row in session.look().watchlist)


def book() -> SessionBook:
    return SessionBook(Report({}), Watchlist((), Milliseconds(1), Milliseconds(1)), Milliseconds(1))


def picture_of(kept: SessionBook) -> SessionPicture:
    none: Counter[str] = Counter()
    return kept.picture(BEGIN, (), alarms=none, errors=none, refusals=none)


@pytest.mark.parametrize(("is_over", "living"), [(False, 1), (True, 0)])
def test_what_is_gone_on_from_lives_on_and_is_no_new_trade(living: int, *, is_over: bool) -> None:
    stage = Stage().protected()
    if is_over:
        stage.fill("h0e1p1x1", "103")
    assert stage.life is not None
    kept = book()
    kept.take_in((stage.life.charter, stage.life.position))
    picture = picture_of(kept)
    assert (len(picture.positions), picture.trades) == (living, 0)


def test_a_halt_is_gone_on_from_too() -> None:
    held = Held(cause=Cause.OPERATOR, state=TradingState.HALTED, reason="a test", since=BEGIN)
    kept = book()
    kept.take_in((Guard(holds=(held,)),))
    assert picture_of(kept).trading_state is TradingState.HALTED
