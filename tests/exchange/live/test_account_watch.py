"""When balances that were told before may be told again, and when the exchange is asked."""

from decimal import Decimal

from exchange.live.account_watch import OPENED_MS, REFRESH_MS, AccountWatch
from exchange.live.parsing import Balances
from exchange.server.thread import ServerThread
from exchange.server.wire import Call
from messages.base import Currency, Timestamp
from messages.gateway import FetchBalances
from messages.money import Money
from messages.portfolio import BalancesReported
from tests.exchange.live.wire import WireVenue
from tests.exchange.venue import RULES, SYMBOL, holding

USDT = Money(Currency("USDT"), Decimal(10))
ANSWER = BalancesReported(total=(USDT,), free=(USDT,))


def at(milliseconds: int) -> Timestamp:
    return Timestamp(milliseconds)


def streaming() -> AccountWatch:
    watch = AccountWatch()
    watch.stream_changed(is_up=True)
    watch.answered(ANSWER, watch.changes, at(1_000))
    return watch


def test_an_answer_holds_while_the_stream_tells_nothing() -> None:
    assert streaming().still_true(at(2_000)) is ANSWER


def test_after_a_sign_of_a_change_the_exchange_is_asked() -> None:
    watch = streaming()
    watch.changed()
    assert watch.still_true(at(2_000)) is None


def test_a_gap_in_the_stream_is_such_a_sign() -> None:
    watch = streaming()
    watch.stream_changed(is_up=False)
    watch.stream_changed(is_up=True)
    assert watch.still_true(at(2_000)) is None


def test_an_answer_that_a_change_overtook_is_not_kept() -> None:
    watch = streaming()
    asked_at = watch.changes
    watch.changed()
    watch.answered(ANSWER, asked_at, at(2_000))
    assert watch.still_true(at(2_001)) is None


def test_what_was_read_at_the_opening_answers_a_routine_question_for_some_seconds() -> None:
    watch = AccountWatch()
    watch.opened(Balances(total=(USDT,), free=(USDT,)), at(1_000))
    assert watch.still_true(at(1_000 + OPENED_MS - 1)) == ANSWER
    assert watch.still_true(at(1_000 + OPENED_MS)) is None
    watch.opened(Balances(total=(USDT,), free=(USDT,)), at(1_000))
    watch.changed()
    assert watch.still_true(at(1_001)) is None, "an order of ours was told of since"
    watch.opened(Balances(total=(), free=(), unknown=(Currency("BTC"),)), at(1_000))
    assert watch.still_true(at(1_001)) is None


def test_without_a_stream_no_answer_is_kept() -> None:
    watch = AccountWatch()
    watch.answered(ANSWER, watch.changes, at(1_000))
    assert watch.still_true(at(1_001)) is None


def test_an_answer_that_lacks_an_amount_is_not_kept() -> None:
    watch = AccountWatch()
    watch.stream_changed(is_up=True)
    lacking = BalancesReported(total=(), free=(), unknown=(Currency("BTC"),))
    watch.answered(lacking, watch.changes, at(1_000))
    assert watch.still_true(at(1_001)) is None


def test_after_a_while_the_exchange_is_asked_whatever_the_stream_tells() -> None:
    watch = streaming()
    assert watch.still_true(at(1_000 + REFRESH_MS - 1)) is ANSWER
    assert watch.still_true(at(1_000 + REFRESH_MS)) is None
    assert watch.still_true(at(999)) is None, "the clock was set back"


def test_an_old_answer_will_do_once_more_while_other_questions_have_the_turn() -> None:
    watch = streaming()
    at_last = at(1_000 + 2 * REFRESH_MS - 1)
    assert watch.still_true(at_last, may_wait=True) is ANSWER
    assert watch.still_true(at(1_000 + 2 * REFRESH_MS), may_wait=True) is None
    watch.changed()
    assert watch.still_true(at_last, may_wait=True) is None


def test_over_the_wire_a_routine_question_costs_no_request_until_something_changes() -> None:
    with ServerThread("binance", [RULES], holding()) as server:
        venue = WireVenue(server, "binance")
        venue.exchange.subscribe(SYMBOL, venue.now)
        venue.move(100.0)  # once the stream is heard
        venue.wait(0)

        def asked(*, is_routine: bool) -> int:
            before = server.read().calls(Call.BALANCES)
            venue.exchange.fetch_balances(FetchBalances(is_routine=is_routine), venue.now)
            assert venue.exchange.wait_idle(10)
            return server.read().calls(Call.BALANCES) - before

        assert asked(is_routine=True) == 1
        assert asked(is_routine=True) == 0
        assert asked(is_routine=False) == 1, "what waits for it hears what is so now"
        venue.sell("a", "1", 105)
        venue.wait(0)
        assert asked(is_routine=True) == 1
        venue.close()
