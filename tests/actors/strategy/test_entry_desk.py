"""What becomes of markets, advice and failures, without threads."""

from decimal import Decimal

import msgspec
import pytest

from actors.strategy.entry_desk import DEADLINE, Desk, Orders, Ways
from config.settings import GuardSettings
from messages.addresses import OBSERVERS, POSITIONS
from messages.base import Address, Message, Milliseconds, Symbol, Timestamp
from messages.envelope import Wake
from messages.gateway import FetchBalances
from messages.market import Capabilities
from messages.observers import Alarm, AlarmKind, EntryRefused
from messages.plan import Plan
from messages.positions import OpenPosition
from messages.strategy import (
    Advised,
    Consult,
    Enter,
    EntryEnded,
    MarketSeen,
    ReadVerdict,
    StrategyLost,
    StrategyStarted,
    SymbolBusy,
    Verdict,
)
from tests.actors.strategy.markets import SYMBOL, candle, quote, seen

PLAN = Plan(take_profit_ratio=Decimal("0.03"))
ETH = Symbol("ETH/USDT")

PAUSE_MAX_MS = GuardSettings().failure_pause_max_ms
HANGS_MAX = GuardSettings().hangs_max


class Stage:
    """A desk whose strategy is played by the test."""

    def __init__(self, guards: GuardSettings | None = None, *, is_hosted: bool = False) -> None:
        self.sent: list[tuple[Address, Message]] = []
        self.timers: dict[str, Timestamp | None] = {}
        self.consulted: list[Consult] = []
        self.given_up = 0
        guards = guards or GuardSettings(deadline_ms=Milliseconds(1_000))
        ways = Ways(
            lambda to, message: self.sent.append((to, message)),
            self.timers.__setitem__,
            self.consulted.append,
            self._give_up,
            is_hosted=is_hosted,
        )
        self.desk = Desk(Orders("rules:Rules", PLAN, Decimal(200), guards, Capabilities()), ways)

    def _give_up(self) -> None:
        self.given_up += 1

    def tell(self, message: Message, now: int = 0) -> list[Message]:
        """Return what one message made it send."""
        self.sent.clear()
        self.desk.handle(message, Timestamp(now))
        return [sent for _, sent in self.sent]

    def advise(self, enter: Enter | None = None, now: int = 0, **more: object) -> list[Message]:
        """Answer the last call."""
        advised = Advised(number=self.consulted[-1].number, enter=enter)
        return self.tell(msgspec.structs.replace(advised, **more), now)

    def verdict(self) -> Verdict | None:
        verdict = self.desk.handle(ReadVerdict(symbol=SYMBOL), Timestamp(0))
        assert verdict is None or isinstance(verdict, Verdict)
        return verdict


def alarm_of(sent: list[Message]) -> str:
    (alarm,) = sent
    assert isinstance(alarm, Alarm)
    assert alarm.kind is AlarmKind.STRATEGY_FAILED
    return alarm.text


def test_a_wish_becomes_a_position_with_the_quote_it_was_made_on() -> None:
    stage = Stage()
    market = MarketSeen(quote=quote(100), candle=candle(1), atr=1.5)
    stage.tell(market)
    (opened,) = stage.advise(Enter(reason="low enough"))
    assert isinstance(opened, OpenPosition)
    assert stage.sent[0][0] == POSITIONS
    assert (opened.symbol, opened.budget, opened.plan) == (SYMBOL, Decimal(200), PLAN)
    assert (opened.quote, opened.atr) == (market.quote, 1.5)
    assert opened.decision.startswith("low enough; expected slippage 0.0000% for 200")


def test_a_wish_may_change_budget_and_plan() -> None:
    stage = Stage()
    stage.tell(seen())
    changes = {"stop_loss_ratio": Decimal("0.01")}
    (opened,) = stage.advise(Enter(reason="x", budget=Decimal(50), plan=changes))
    assert isinstance(opened, OpenPosition)
    assert opened.budget == Decimal(50)
    assert opened.plan == msgspec.structs.replace(PLAN, stop_loss_ratio=Decimal("0.01"))


def test_expected_slippage_is_kept_aside_where_it_is_more_than_planned() -> None:
    stage = Stage()
    stage.tell(MarketSeen(quote=quote(100, spread=0.4, depth=1), candle=candle(1), atr=None))
    (opened,) = stage.advise(Enter(reason="x"))
    assert isinstance(opened, OpenPosition)
    # 200 where 100.2 stands at the best ask: half a spread for each of the 0.996 levels more.
    assert opened.plan.slippage_ratio == Decimal("0.001992")


def test_no_wish_asks_for_nothing() -> None:
    stage = Stage()
    stage.tell(seen())
    assert stage.advise(None) == []
    assert stage.verdict() is None


def test_every_refusal_is_told_with_its_guard_and_remembered() -> None:
    stage = Stage(GuardSettings(min_volume=1_000))
    stage.tell(seen(), now=5)
    (refused,) = stage.advise(Enter(reason="low enough"), now=6)
    text = "100 traded in the last candle, at least 1000 asked"
    assert refused == EntryRefused(
        symbol=SYMBOL, guard="volume", text=text, quote=stage.consulted[0].view.quote
    )
    assert stage.sent[0][0] == OBSERVERS
    assert stage.verdict() == Verdict(
        symbol=SYMBOL,
        at=Timestamp(6),
        passed=False,
        guard="volume",
        text=f"low enough; {text}",
    )


def test_entries_that_did_not_fill_widen_what_is_borne() -> None:
    wide = MarketSeen(quote=quote(100, spread=0.5), candle=candle(1), atr=0.1)
    results = []
    for ratio in (1.0, 0.0):
        stage = Stage()
        stage.tell(EntryEnded(symbol=SYMBOL, filled_ratio=ratio))
        stage.tell(wide)
        (sent,) = stage.advise(Enter(reason="x"))
        results.append(type(sent))
    assert results == [EntryRefused, OpenPosition]


def test_the_view_tells_whether_a_position_lives_and_when_the_last_one_ended() -> None:
    stage = Stage()
    views = []
    for busy, now in ((True, 10), (False, 20), (False, 30), (True, 40)):
        stage.tell(SymbolBusy(symbol=SYMBOL, busy=busy), now)
        stage.tell(seen(now), now)
        views.append(stage.consulted[-1].view)
        stage.advise(None, now)
    assert [(view.is_busy, view.ended_at) for view in views] == [
        (True, None),
        (False, 20),
        (False, 20),
        (True, 20),
    ]
    assert [view.now for view in views] == [10, 20, 30, 40]


def test_while_a_call_is_under_way_the_newest_market_of_each_symbol_waits() -> None:
    stage = Stage()
    for number, symbol in ((1, SYMBOL), (2, SYMBOL), (3, ETH), (4, SYMBOL)):
        stage.tell(seen(number, symbol=symbol))
    assert len(stage.consulted) == 1
    stage.advise(None)
    stage.advise(None)
    stage.advise(None)
    shown = [(consult.view.symbol, consult.view.candle) for consult in stage.consulted]
    assert shown == [(SYMBOL, candle(1)), (SYMBOL, candle(4)), (ETH, candle(3))]


def test_a_candle_that_waits_is_not_lost_to_a_later_quote() -> None:
    stage = Stage()
    for market in (seen(1), seen(2), MarketSeen(quote=quote(101), candle=None, atr=None)):
        stage.tell(market)
    stage.advise(None)
    view = stage.consulted[-1].view
    assert (view.quote, view.candle) == (quote(101), candle(2))


# Failures.


@pytest.mark.parametrize(
    ("advice", "complaint"),
    [
        ({"error": "raised KeyError: 'x'"}, "raised KeyError: 'x'"),
        ({"took_ms": 1_500.0}, "took 1.5 s of 1 s"),
        ({"enter": Enter(reason="x", plan={"stop": 1})}, "plan.stop: there is no such key"),
    ],
)
def test_a_failure_is_alarmed_with_the_strategys_name_and_opens_nothing(
    advice: dict[str, object], complaint: str
) -> None:
    stage = Stage()
    stage.tell(seen())
    text = alarm_of(stage.advise(**{"enter": Enter(reason="x")} | advice))  # type: ignore[arg-type]  # a table of fields
    assert text.startswith("strategy rules:Rules on BTC/USDT: ")
    assert complaint in text
    assert text.endswith("; retrying in 1 s; open positions are not affected")
    assert stage.given_up == 0


def test_a_strategy_that_failed_is_left_alone_for_a_pause_that_doubles_until_it_answers() -> None:
    stage = Stage()
    now = 0
    for pause in (1_000, 2_000, 4_000):
        stage.tell(seen(), now)
        alarm_of(stage.advise(error="raised X", now=now))
        asked = len(stage.consulted)
        stage.tell(seen(), now + pause - 1)
        assert len(stage.consulted) == asked
        now += pause
    stage.tell(seen(), now)
    assert stage.advise(None, now) == []
    stage.tell(seen(), now)
    assert "in 1 s" in alarm_of(stage.advise(error="raised X", now=now))


def test_the_pause_ends_somewhere() -> None:
    stage = Stage()
    now, text = 0, ""
    for _ in range(40):
        stage.tell(seen(), now)
        text = alarm_of(stage.advise(error="raised X", now=now))
        now += PAUSE_MAX_MS
    assert f"in {PAUSE_MAX_MS / 1000:g} s" in text


def test_a_call_that_hangs_is_given_up_at_its_deadline_and_its_late_answer_ignored() -> None:
    stage = Stage()
    stage.tell(seen(), now=500)
    assert stage.timers == {DEADLINE: 1_500}
    assert stage.tell(Wake(key=DEADLINE), now=1_499) == []
    assert "no answer within 1 s" in alarm_of(stage.tell(Wake(key=DEADLINE), now=1_500))
    assert stage.given_up == 1
    assert stage.advise(Enter(reason="late"), now=1_600) == []
    stage.tell(seen(2), now=2_500)
    (opened,) = stage.advise(Enter(reason="new instance"), now=2_500)
    assert isinstance(opened, OpenPosition)


def test_an_answer_in_time_cancels_the_deadline() -> None:
    stage = Stage()
    stage.tell(seen())
    stage.advise(None)
    assert stage.timers == {DEADLINE: None}
    assert stage.tell(Wake(key=DEADLINE), now=99_999) == []


def test_a_strategy_that_hangs_again_and_again_is_asked_no_more() -> None:
    stage = Stage()
    now, text = 0, ""
    for _ in range(HANGS_MAX):
        now += PAUSE_MAX_MS
        stage.tell(seen(), now)
        text = alarm_of(stage.tell(Wake(key=DEADLINE), now + 1_000))
    assert "it is not asked again" in text
    assert stage.given_up == HANGS_MAX - 1
    stage.tell(seen(), now + 10 * PAUSE_MAX_MS)
    assert len(stage.consulted) == HANGS_MAX


def test_a_strategy_that_lost_its_process_is_asked_when_there_is_a_new_one() -> None:
    stage = Stage(is_hosted=True)
    stage.tell(seen())
    lost = StrategyLost(error="its process exited with code 3")
    text = alarm_of(stage.tell(lost, now=10))
    assert text.startswith("strategy rules:Rules on BTC/USDT: its process exited with code 3;")
    assert stage.timers == {DEADLINE: None}
    stage.tell(seen(2), now=5_000)
    assert len(stage.consulted) == 1, "there is no process yet"
    assert stage.tell(StrategyStarted(), now=5_001) == []
    stage.tell(seen(3), now=5_002)
    assert isinstance(stage.advise(Enter(reason="x"), now=5_003)[0], OpenPosition)


def test_a_new_process_does_not_end_the_pause_after_a_failure() -> None:
    stage = Stage(is_hosted=True)
    stage.tell(StrategyLost(error="gone"), now=0)
    stage.tell(StrategyStarted(), now=10)
    stage.tell(seen(), now=999)
    assert stage.consulted == []
    stage.tell(seen(), now=1_000)
    assert len(stage.consulted) == 1


def test_a_loss_that_was_said_already_is_no_second_failure() -> None:
    stage = Stage(is_hosted=True)
    stage.tell(seen())
    assert "no answer within" in alarm_of(stage.tell(Wake(key=DEADLINE), now=1_000))
    assert stage.given_up == 1
    assert stage.tell(StrategyLost(error=None), now=1_001) == []
    assert stage.advise(Enter(reason="late"), now=1_002) == []


def test_a_process_that_hangs_can_be_ended_any_number_of_times() -> None:
    stage = Stage(is_hosted=True)
    for number in range(1, 3 * HANGS_MAX):
        now = number * 2 * PAUSE_MAX_MS
        stage.tell(StrategyStarted(), now)
        stage.tell(seen(), now)
        assert "retrying in" in alarm_of(stage.tell(Wake(key=DEADLINE), now + 1_000))
        assert stage.given_up == number


def test_a_strategy_that_is_lost_for_good_is_asked_when_a_person_started_it() -> None:
    stage = Stage(is_hosted=True)
    text = alarm_of(stage.tell(StrategyLost(error="gone", is_final=True)))
    assert "on BTC/USDT" not in text
    assert "it is not asked again" in text
    stage.tell(seen(), now=10 * PAUSE_MAX_MS)
    assert stage.consulted == []
    stage.tell(StrategyStarted(), now=10 * PAUSE_MAX_MS)
    stage.tell(seen(), now=10 * PAUSE_MAX_MS)
    assert len(stage.consulted) == 1


def test_a_message_for_somebody_else_is_named() -> None:
    with pytest.raises(TypeError, match="FetchBalances"):
        Stage().tell(FetchBalances())
