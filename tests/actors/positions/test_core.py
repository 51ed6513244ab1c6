"""Who lives: numbering, the first message of a position, and letting go of ended ones."""

from decimal import Decimal

import msgspec
import pytest
from msgspec.structs import replace

from actors.position.states import State
from actors.positions.core import PositionsMessage, step
from actors.positions.roster import ListedMarket, Living, Numbering, Roster
from messages.addresses import (
    OBSERVERS,
    ORDER_ROUTER,
    RECONCILER,
    STRATEGY,
    position_address,
)
from messages.base import ClientOrderId, Message, Milliseconds, PositionId, Symbol, Timestamp
from messages.envelope import NOTHING, Removed, Step
from messages.gateway import ForgetUnrecorded
from messages.guardian import RecoveryDone
from messages.ids import ENTRIES_LAST, Identity, client_order_id, epoch_of, position_of
from messages.market import Capabilities, MarketRules, Quote
from messages.observers import Alarm, EntryRefused
from messages.plan import Plan
from messages.portfolio import UnmatchedPolicy
from messages.position import (
    Begin,
    CloseCause,
    ClosePosition,
    Resync,
    SalvagePosition,
    StopEntering,
)
from messages.positions import (
    AdoptFill,
    BeginRecovery,
    CloseAllPositions,
    CloseWithoutCore,
    EpochAdded,
    MarketRulesReported,
    OpenPosition,
    PositionEnded,
    PositionRestored,
    StopAllEntering,
)
from messages.reconciler import IdentityChanged
from messages.strategy import SymbolBusy

BTC, ETH = Symbol("BTC/USDT"), Symbol("ETH/USDT")
P1, P2, P3 = PositionId("p1"), PositionId("p2"), PositionId("p3")
ABLE = Capabilities(native_stop=True)
RECOVERED = [("guardian", RecoveryDone()), ("gateway", ForgetUnrecorded())]
PLAN = Plan(stop_loss_ratio=Decimal("0.02"))
TTL_MS = Milliseconds(7_200_000)


def rules(symbol: Symbol) -> MarketRules:
    return MarketRules(
        symbol=symbol,
        tick_size=Decimal("0.1"),
        step_size=Decimal("0.001"),
        min_quantity=Decimal("0.001"),
        min_notional=Decimal(5),
        maker_fee_ratio=Decimal("0.001"),
        taker_fee_ratio=Decimal("0.001"),
    )


def open_on(symbol: Symbol) -> OpenPosition:
    return OpenPosition(
        symbol=symbol,
        budget=Decimal(200),
        plan=PLAN,
        quote=Quote(symbol=symbol, at=Timestamp(0), bid=100.0, ask=100.0, last=100.0),
        atr=1.5,
        decision="a drop of 2 %",
    )


class Stage:
    """A roster, changed only through steps."""

    def __init__(self, *symbols: Symbol) -> None:
        self.roster = Roster(Numbering(account_tag="7", journal_epoch=3))
        self.now = Timestamp(1_000)
        self.sent: list[tuple[str, Message]] = []
        for symbol in symbols:
            self.hear(MarketRulesReported(rules=rules(symbol), capabilities=ABLE))

    def hear(self, message: PositionsMessage) -> Step:
        result = step(self.roster, message, self.now, TTL_MS)
        for change in result.changes:
            self.roster.apply(change)
        self.sent = [(send.to, send.message) for send in result.outbox]
        return result

    def end(self, position_id: PositionId, symbol: Symbol) -> Step:
        return self.hear(PositionEnded(position_id=position_id, symbol=symbol))


def test_a_position_is_told_everything_in_its_first_message() -> None:
    stage = Stage(BTC)
    asked = open_on(BTC)
    stage.hear(asked)
    assert stage.sent[0] == (
        position_address(P1),
        Begin(
            position_id=P1,
            symbol=BTC,
            budget=Decimal(200),
            plan=PLAN,
            rules=rules(BTC),
            capabilities=ABLE,
            quote=asked.quote,
            atr=1.5,
            order_prefix="h7e3p1",
            decision="a drop of 2 %",
        ),
    )


def test_positions_are_numbered_in_order_of_opening_and_no_number_comes_twice() -> None:
    stage = Stage(BTC, ETH)
    stage.hear(open_on(BTC))
    stage.hear(open_on(ETH))
    stage.end(P1, BTC)
    stage.end(P2, ETH)
    stage.hear(open_on(BTC))
    assert list(stage.roster.living) == [P3]
    assert stage.roster.numbering.next_number == 4


def test_orders_of_a_position_are_known_by_its_prefix() -> None:
    stage = Stage(BTC)
    stage.hear(open_on(BTC))
    begin = stage.sent[0][1]
    assert isinstance(begin, Begin)
    assert position_of(client_order_id(begin.order_prefix, "x", 12)) == P1


def test_an_unknown_symbol_is_refused_and_the_known_ones_are_named() -> None:
    stage = Stage(ETH, BTC)
    result = stage.hear(open_on(Symbol("XRP/USDT")))
    assert result.changes == ()
    to, refused = stage.sent[0]
    assert to == OBSERVERS
    assert isinstance(refused, EntryRefused)
    assert refused.guard == "unknown_symbol"
    assert refused.text == "XRP/USDT is not listed here: known are BTC/USDT, ETH/USDT"


def test_before_any_market_is_listed_nothing_can_be_opened() -> None:
    stage = Stage()
    stage.hear(open_on(BTC))
    refused = stage.sent[0][1]
    assert isinstance(refused, EntryRefused)
    assert refused.text.endswith("known are none")


def test_the_rules_of_the_moment_go_with_the_position() -> None:
    stage = Stage(BTC)
    finer = replace(rules(BTC), step_size=Decimal("0.0001"))
    stage.hear(MarketRulesReported(rules=finer, capabilities=ABLE))
    stage.hear(open_on(BTC))
    begin = stage.sent[0][1]
    assert isinstance(begin, Begin)
    assert begin.rules == finer


def test_rules_heard_twice_are_no_step() -> None:
    stage = Stage(BTC)
    assert stage.hear(MarketRulesReported(rules=rules(BTC), capabilities=ABLE)) == NOTHING


def test_the_strategy_hears_when_a_symbol_becomes_busy_and_when_it_is_free_again() -> None:
    stage = Stage(BTC)
    stage.hear(open_on(BTC))
    assert (STRATEGY, SymbolBusy(symbol=BTC, busy=True)) in stage.sent
    stage.hear(open_on(BTC))
    assert [to for to, _ in stage.sent] == [position_address(P2)]
    stage.end(P1, BTC)
    assert stage.sent == []
    stage.end(P2, BTC)
    assert stage.sent == [(STRATEGY, SymbolBusy(symbol=BTC, busy=False))]


def test_symbols_are_busy_one_by_one() -> None:
    stage = Stage(BTC, ETH)
    stage.hear(open_on(BTC))
    stage.hear(open_on(ETH))
    assert (STRATEGY, SymbolBusy(symbol=ETH, busy=True)) in stage.sent


def test_an_ended_position_is_let_go_of() -> None:
    stage = Stage(BTC)
    stage.hear(open_on(BTC))
    assert Removed(kind="Living", key="p1") in stage.end(P1, BTC).changes
    assert stage.roster.living == {}
    assert stage.roster.per_symbol == {}


def test_an_end_heard_twice_is_no_step() -> None:
    stage = Stage(BTC)
    stage.hear(open_on(BTC))
    stage.hear(open_on(BTC))
    stage.end(P1, BTC)
    assert stage.end(P1, BTC) == NOTHING
    assert list(stage.roster.living) == [P2]


def test_a_halt_reaches_every_living_position_in_order() -> None:
    stage = Stage(BTC, ETH)
    for symbol in (BTC, ETH, BTC):
        stage.hear(open_on(symbol))
    stage.end(P2, ETH)
    stage.hear(StopAllEntering(reason="halted"))
    assert stage.sent == [
        (position_address(P1), StopEntering()),
        (position_address(P3), StopEntering()),
    ]


def test_closing_all_tells_every_living_position_why() -> None:
    stage = Stage(BTC)
    stage.hear(open_on(BTC))
    stage.hear(CloseAllPositions(cause=CloseCause.END_OF_RECORDING, reason="it is over"))
    close = ClosePosition(cause=CloseCause.END_OF_RECORDING, reason="it is over")
    assert stage.sent == [(position_address(P1), close)]


def test_a_position_that_is_to_be_closed_without_its_core_is_told_who_it_is() -> None:
    stage = Stage(BTC)
    stage.hear(open_on(BTC))
    stage.hear(CloseWithoutCore(position_id=P1, reason="it raises"))
    salvage = SalvagePosition(position_id=P1, symbol=BTC, reason="it raises")
    assert stage.sent == [(position_address(P1), salvage)]


def test_who_does_not_live_can_not_be_closed_and_the_operator_hears_who_does() -> None:
    stage = Stage(BTC)
    stage.hear(open_on(BTC))
    stage.hear(CloseWithoutCore(position_id=P3, reason="a slip"))
    [(to, alarm)] = stage.sent
    assert to == OBSERVERS
    assert isinstance(alarm, Alarm)
    assert alarm.text == "p3 can't be closed: it does not live; who does: p1"


def test_a_message_to_nobody_is_no_step() -> None:
    assert Stage(BTC).hear(StopAllEntering(reason="halted")) == NOTHING


def test_a_step_only_reads_the_roster() -> None:
    stage = Stage(BTC)
    step(stage.roster, open_on(BTC), stage.now, TTL_MS)
    assert stage.roster.living == {}
    assert stage.roster.numbering.next_number == 1


def test_a_change_that_is_no_part_of_the_roster_is_a_mistake() -> None:
    class Stranger(msgspec.Struct, frozen=True):
        name: State = State.NEW

    with pytest.raises(AssertionError, match="no Stranger"):
        Stage().roster.apply(Stranger())


def test_the_roster_is_rebuilt_from_its_changes() -> None:
    stage, other = Stage(BTC), Roster(Numbering(account_tag="7", journal_epoch=3))
    market = ListedMarket(rules=rules(BTC), capabilities=ABLE)
    changes: list[msgspec.Struct] = [market]
    changes += [*stage.hear(open_on(BTC)).changes, *stage.hear(open_on(BTC)).changes]
    changes += stage.end(P1, BTC).changes
    for change in changes:
        other.apply(change)
    assert vars(other) == vars(stage.roster)
    assert other.living == {P2: Living(position_id=P2, opened=open_on(BTC))}


def test_after_a_restart_nobody_enters_until_all_that_lived_are_restored_or_over() -> None:
    stage = Stage(BTC)
    stage.hear(BeginRecovery(recovery=7))
    assert stage.sent == RECOVERED, "nobody lives"
    for _ in range(3):
        stage.hear(open_on(BTC))
    stage.hear(BeginRecovery(recovery=9))
    assert stage.sent == []
    assert stage.roster.recovery.left == 3
    stage.hear(open_on(BTC))
    stage.hear(PositionRestored(position_id=P1, recovery=9))
    stage.hear(PositionRestored(position_id=P1, recovery=9))
    stage.hear(PositionRestored(position_id=PositionId("p4"), recovery=9))
    assert stage.roster.recovery.left == 2, "each counts once; one that began since does not"
    stage.end(PositionId("p2"), BTC)
    assert stage.roster.recovery.left == 1
    stage.hear(PositionRestored(position_id=PositionId("p3"), recovery=9))
    assert stage.sent == RECOVERED


def test_what_a_position_said_before_this_restart_counts_for_nothing() -> None:
    """It was under way when the process died, and is delivered by the next one."""
    stage = Stage(BTC)
    stage.hear(open_on(BTC))
    stage.hear(BeginRecovery(recovery=7))
    stage.hear(BeginRecovery(recovery=9))
    stage.hear(PositionRestored(position_id=P1, recovery=7))
    assert stage.roster.recovery.left == 1
    stage.hear(PositionRestored(position_id=P1, recovery=9))
    assert stage.sent == RECOVERED


def test_who_is_restored_before_a_recovery_begins_is_not_waited_for() -> None:
    """Its beginning was skipped, and is heard once more behind a position's word."""
    stage = Stage(BTC)
    stage.hear(open_on(BTC))
    stage.hear(open_on(BTC))
    stage.hear(PositionRestored(position_id=P1, recovery=9))
    stage.hear(BeginRecovery(recovery=9))
    assert stage.roster.recovery.left == 1
    stage.hear(PositionRestored(position_id=P2, recovery=9))
    assert stage.sent == RECOVERED


def test_at_the_last_number_entries_are_refused_and_late_fills_are_taken_over() -> None:
    stage = Stage(BTC)
    identity = Identity(account="a" * 8, tag="7", epochs=(epoch_of(1),))
    full = replace(stage.roster.numbering, identity=identity, next_number=ENTRIES_LAST)
    stage.roster.apply(full)
    stage.hear(open_on(BTC))
    (last,) = stage.roster.living
    assert last == f"p{ENTRIES_LAST}"
    stage.hear(open_on(BTC))
    ((to, refused),) = stage.sent
    assert to == OBSERVERS
    assert isinstance(refused, EntryRefused)
    assert refused.guard == "numbers_spent"
    fill = AdoptFill(
        client_order_id=client_order_id(identity.prefix_of(last), "b", 1),
        filled=Decimal(1),
        cost=Decimal(100),
        fees=(),
        policy=UnmatchedPolicy.ADOPT,
    )
    stage.hear(fill)
    assert f"p{ENTRIES_LAST + 1}" in stage.roster.living


def test_an_epoch_of_a_position_out_of_attempts_is_kept_beside_the_one_in_new_ids() -> None:
    stage = Stage(BTC)
    identity = Identity(account="a" * 8, epochs=(epoch_of(1),))
    stage.roster.apply(replace(stage.roster.numbering, identity=identity))
    for _ in range(2):
        stage.hear(EpochAdded(epoch=epoch_of(2)))
    kept = stage.roster.numbering.identity
    assert kept is not None
    assert kept.epochs == (epoch_of(2), epoch_of(1))
    assert kept.is_own(ClientOrderId(f"k{'a' * 8}{epoch_of(2)}p1x1"))


def test_after_a_jump_of_the_clock_all_further_ids_are_of_the_epoch_that_it_drew() -> None:
    stage = Stage(BTC)
    identity = Identity(account="a" * 8, epochs=(epoch_of(1),))
    stage.roster.apply(replace(stage.roster.numbering, identity=identity))
    stage.hear(open_on(BTC))
    (living,) = stage.roster.living
    jump = EpochAdded(epoch=epoch_of(2), jump="the clock jumped", since=Timestamp(7))
    stage.hear(jump)
    kept = stage.roster.numbering.identity
    assert kept is not None
    assert kept.epochs == (epoch_of(1), epoch_of(2))
    assert kept.is_earlier(ClientOrderId(f"k{'a' * 8}{epoch_of(1)}{living}x1"))
    changed = IdentityChanged(identity=kept)
    sent = stage.sent
    assert sent[:2] == [(ORDER_ROUTER, changed), (RECONCILER, changed)]
    assert isinstance(sent[2][1], Alarm)
    assert "of epoch" in sent[2][1].text
    to, resync = sent[3]
    assert to == position_address(living)
    assert isinstance(resync, Resync)
    assert (resync.order_prefix, resync.down_since) == (kept.prefix_of(living), 7)
    stage.hear(jump)
    assert stage.roster.numbering.identity == kept, "heard twice"
