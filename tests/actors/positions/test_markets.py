"""What becomes of what a venue says of a market: at once, after two equal reads, or never."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from actors.positions.roster import ListedMarket
from exchange.rules import are_stricter
from messages.addresses import GATEWAY, OBSERVERS, position_address
from messages.gateway import FetchMarketRules
from messages.market import Capabilities, MarketPhase, MarketRules
from messages.observers import Alarm, AlarmKind, EntryRefused
from messages.position import Begin, MarketReported
from messages.positions import MarketGoneReported, MarketRulesReported, RequestMarket
from tests.actors.positions.test_core import ABLE, BTC, ETH, P1, P2, Stage, open_on, rules

COARSE = replace(rules(BTC), step_size=Decimal("0.01"), min_quantity=Decimal("0.01"))
FINE = replace(rules(BTC), step_size=Decimal("0.0001"))
GONE = MarketGoneReported(symbol=BTC, text="of BTC there are: BTC/EUR")


def living() -> Stage:
    """p1 and p2 live on BTC, p3 on ETH."""
    stage = Stage(BTC, ETH)
    for symbol in (BTC, BTC, ETH):
        stage.hear(open_on(symbol))
    return stage


def read(stage: Stage, read_rules: MarketRules, phase: MarketPhase = MarketPhase.OPEN) -> None:
    stage.hear(MarketRulesReported(rules=read_rules, capabilities=ABLE, phase=phase))


def told(stage: Stage) -> dict[str, MarketReported]:
    return {to: message for to, message in stage.sent if isinstance(message, MarketReported)}


def market(stage: Stage) -> ListedMarket:
    return stage.roster.markets[BTC]


def test_finer_rules_count_at_once_for_those_who_live_there_and_for_nobody_else() -> None:
    stage = living()
    read(stage, FINE)
    assert set(told(stage)) == {position_address(P1), position_address(P2)}
    assert {message.rules for message in told(stage).values()} == {FINE}
    (alarm,) = [m for to, m in stage.sent if to == OBSERVERS and isinstance(m, Alarm)]
    assert alarm.kind is AlarmKind.MARKET_RULES
    assert "step_size 0.001 is now 0.0001" in alarm.text


def test_coarser_rules_count_after_two_equal_reads() -> None:
    stage = living()
    read(stage, COARSE)
    assert stage.sent == [(GATEWAY, FetchMarketRules(symbol=BTC))]
    assert market(stage).rules == rules(BTC)
    read(stage, COARSE)
    assert market(stage).rules == COARSE
    assert len(told(stage)) == 2


def test_a_read_in_between_that_is_as_before_takes_the_doubt_back() -> None:
    stage = living()
    read(stage, COARSE)
    read(stage, rules(BTC))
    assert stage.sent == []
    read(stage, COARSE)
    assert market(stage).rules == rules(BTC)


def test_two_coarser_reads_that_differ_do_not_count() -> None:
    stage = living()
    read(stage, COARSE)
    read(stage, replace(COARSE, min_notional=Decimal(50)))
    assert market(stage).rules == rules(BTC)
    read(stage, COARSE)
    assert market(stage).rules == rules(BTC)
    read(stage, COARSE)
    assert market(stage).rules == COARSE


def test_a_halt_counts_at_once_also_beside_rules_in_doubt() -> None:
    stage = living()
    read(stage, COARSE, MarketPhase.HALTED)
    assert market(stage).phase is MarketPhase.HALTED
    assert market(stage).rules == rules(BTC)
    assert {m.phase for m in told(stage).values()} == {MarketPhase.HALTED}
    assert (GATEWAY, FetchMarketRules(symbol=BTC)) in stage.sent
    read(stage, COARSE, MarketPhase.HALTED)
    assert market(stage).rules == COARSE


def test_that_a_market_is_gone_counts_after_two_reads() -> None:
    stage = living()
    stage.hear(GONE)
    assert stage.sent == [(GATEWAY, FetchMarketRules(symbol=BTC))]
    stage.hear(GONE)
    assert {(m.phase, m.text) for m in told(stage).values()} == {(MarketPhase.GONE, GONE.text)}
    stage.hear(GONE)
    assert stage.sent == []


def test_a_market_that_comes_back_is_told_at_once() -> None:
    stage = living()
    stage.hear(GONE)
    stage.hear(GONE)
    read(stage, rules(BTC))
    assert {m.phase for m in told(stage).values()} == {MarketPhase.OPEN}


def test_of_a_market_that_nobody_listed_nothing_is_made() -> None:
    stage = Stage(ETH)
    stage.hear(GONE)
    stage.hear(GONE)
    assert stage.sent == []
    assert BTC not in stage.roster.markets


@pytest.mark.parametrize("phase", [MarketPhase.HALTED, MarketPhase.GONE])
def test_nothing_is_opened_where_no_order_is_taken(phase: MarketPhase) -> None:
    stage = Stage(BTC)
    if phase is MarketPhase.HALTED:
        read(stage, rules(BTC), phase)
    else:
        stage.hear(GONE)
        stage.hear(GONE)
    stage.hear(open_on(BTC))
    (refused,) = [message for _, message in stage.sent]
    assert isinstance(refused, EntryRefused)
    assert refused.guard == "market_halted"


def test_a_position_asks_and_is_told_and_the_venue_is_read_where_it_wants_that() -> None:
    stage = living()
    stage.hear(RequestMarket(position_id=P1, symbol=BTC))
    assert list(told(stage)) == [position_address(P1)]
    assert len(stage.sent) == 1
    stage.hear(RequestMarket(position_id=P1, symbol=BTC, reads_again=True))
    assert stage.sent[-1] == (GATEWAY, FetchMarketRules(symbol=BTC))


def test_what_a_position_begins_with_are_the_rules_in_force() -> None:
    stage = living()
    read(stage, COARSE)
    stage.hear(open_on(BTC))
    (begin,) = [message for _, message in stage.sent if isinstance(message, Begin)]
    assert begin.rules == rules(BTC)
    read(stage, COARSE)
    stage.hear(open_on(BTC))
    (begin,) = [message for _, message in stage.sent if isinstance(message, Begin)]
    assert begin.rules == COARSE


def test_less_that_a_venue_can_do_is_told_at_once() -> None:
    stage = living()
    stage.hear(MarketRulesReported(rules=rules(BTC), capabilities=Capabilities()))
    assert {m.capabilities for m in told(stage).values()} == {Capabilities()}


@pytest.mark.parametrize(
    ("changes", "is_stricter"),
    [
        ({"tick_size": "0.05"}, False),
        ({"tick_size": "0.2"}, True),
        ({"tick_size": "0.03"}, True),
        ({"step_size": "0.0005"}, False),
        ({"step_size": "0.002"}, True),
        ({"min_quantity": "0.002"}, True),
        ({"min_notional": "4"}, False),
        ({"min_notional": "6"}, True),
        ({"max_quantity": "100"}, True),
        ({"max_market_quantity": "100"}, True),
        ({"max_notional": "100"}, True),
        ({"sell_from_ratio": "0.5"}, True),
        ({"buy_to_ratio": "1.5"}, True),
        ({"maker_fee_ratio": "0.1"}, False),
    ],
)
def test_which_rules_refuse_what_others_take(changes: dict[str, str], is_stricter: object) -> None:
    before = rules(BTC)
    after = replace(before, **{name: Decimal(text) for name, text in changes.items()})
    assert are_stricter(after, before) is is_stricter
    if "max" in next(iter(changes)) or "ratio" in next(iter(changes)):
        assert not are_stricter(before, after)


def test_significant_digits_are_stricter_than_none() -> None:
    before: MarketRules = rules(BTC)
    assert are_stricter(replace(before, price_digits=5), before)
    assert not are_stricter(before, replace(before, price_digits=5))


KEPT = MarketRulesReported(rules=COARSE, capabilities=ABLE, is_kept=True)


def test_by_rules_of_the_last_run_nothing_is_opened_until_they_are_read() -> None:
    stage = Stage(ETH)
    stage.hear(replace(KEPT, rules=rules(BTC)))
    stage.hear(open_on(BTC))
    (refused,) = [message for _, message in stage.sent]
    assert isinstance(refused, EntryRefused)
    assert refused.guard == "rules_not_read"
    read(stage, rules(BTC))
    assert stage.sent == [], "nobody lives there, and nothing changed"
    stage.hear(open_on(BTC))
    assert [m for _, m in stage.sent if isinstance(m, Begin)]


def test_kept_rules_change_nothing_that_is_on_record() -> None:
    stage = living()
    stage.hear(KEPT)
    assert stage.sent == []
    assert market(stage).rules == rules(BTC)
    assert market(stage).is_kept
    stage.hear(KEPT)
    assert stage.sent == []
    read(stage, rules(BTC))
    assert stage.sent == [], "those who live there know these rules"
    assert not market(stage).is_kept


def test_fresh_rules_that_are_stricter_than_kept_ones_count_after_two_reads_as_ever() -> None:
    stage = living()
    stage.hear(KEPT)
    read(stage, COARSE)
    assert market(stage).is_kept, "nothing is bought while it is in doubt by which rules"
    assert market(stage).rules == rules(BTC)
    read(stage, COARSE)
    assert market(stage).rules == COARSE
    assert not market(stage).is_kept


def test_a_kept_market_that_is_gone_counts_after_two_reads() -> None:
    stage = living()
    stage.hear(KEPT)
    stage.hear(GONE)
    assert market(stage).phase is MarketPhase.OPEN
    stage.hear(GONE)
    assert market(stage).phase is MarketPhase.GONE


def test_by_kept_rules_that_a_running_session_would_trade_by_too_positions_are_opened() -> None:
    stage = Stage(ETH)
    stage.hear(replace(KEPT, rules=rules(BTC), is_recent=True))
    stage.hear(open_on(BTC))
    assert [m for _, m in stage.sent if isinstance(m, Begin)]


def test_recent_rules_change_nothing_that_is_on_record_either() -> None:
    stage = living()
    stage.hear(replace(KEPT, rules=FINE, is_recent=True))
    assert stage.sent == []
    assert market(stage).rules == rules(BTC)
    assert not market(stage).is_kept
