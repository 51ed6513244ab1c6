"""The portfolio as an actor: recorded, asked, woken, and not killed by one message."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from actors.journal.memory import MemoryJournal
from actors.portfolio import core
from actors.portfolio.accounts import FORGET_AFTER_MS
from actors.portfolio.actor import PortfolioActor
from actors.portfolio.store import Books
from actors.runtime.clock import VirtualClock
from actors.runtime.simulated import SimulatedDispatcher
from actors.runtime.system import System
from messages.addresses import OBSERVERS, ORDER_ROUTER, PORTFOLIO, position_address
from messages.base import Address, ClientOrderId, Message, Timestamp
from messages.envelope import Step, Wake
from messages.money import Money
from messages.observers import Alarm, MessageSkipped
from messages.order_router import ConflictCleared, ResendConflicts
from messages.portfolio import (
    AccountsDescribed,
    AllotCapital,
    ClearConflict,
    DescribeAccounts,
    ReserveBudget,
    SymbolConflict,
)
from messages.position import BudgetDenied, BudgetGranted, DenialReason, ResendBooking
from tests.actors.listener import Listener
from tests.actors.portfolio.ledger import (
    BTC_USDT,
    ETH_BTC,
    P1,
    START,
    USDT,
    assert_exact,
    booked,
)


class Breaking(PortfolioActor):
    """Raises on as many messages of one type as it is told to, as a defect in the core would."""

    breaks: type[Message] = ReserveBudget
    times = 0

    def step(self, message: Message, now: Timestamp) -> Step:
        if isinstance(message, self.breaks) and self.times:
            self.times -= 1
            raise ZeroDivisionError("a defect")
        return super().step(message, now)


class Stage:
    def __init__(self) -> None:
        self.dispatcher = SimulatedDispatcher()
        self.clock = VirtualClock(START)
        self.journal = MemoryJournal()
        self.system = System(self.dispatcher, self.clock, self.journal)
        for address in (OBSERVERS, ORDER_ROUTER, position_address(P1)):
            self.system.spawn(Listener, address)
        self.ref = self.system.spawn(Breaking, PORTFOLIO)
        self.actor = self.ref._actor_weakref()
        self.tell(AllotCapital(capital=(Money(USDT, Decimal(1000)),)))

    @property
    def books(self) -> Books:
        assert isinstance(self.actor, Breaking)
        return self.actor.books

    def breaks_on(self, kind: type[Message], times: int) -> None:
        assert isinstance(self.actor, Breaking)
        self.actor.breaks, self.actor.times = kind, times

    def tell(self, message: Message) -> None:
        self.system.tell(PORTFOLIO, message)
        self.dispatcher.run_until_idle(limit=100)
        assert_exact(self.books)

    def heard(self, address: Address, kind: type[Message]) -> list[Message]:
        heard = self.system.mailboxes[address].actor
        assert isinstance(heard, Listener)
        return [message for message in heard.heard if isinstance(message, kind)]


@pytest.fixture
def stage() -> Stage:
    return Stage()


RESERVE = ReserveBudget(position_id=P1, symbol=BTC_USDT, budget=Decimal(200))
P1_ADDRESS = position_address(P1)


def test_a_grant_reaches_the_position_and_is_recorded(stage: Stage) -> None:
    before = stage.journal.next_sequence
    stage.tell(RESERVE)
    assert stage.heard(P1_ADDRESS, BudgetGranted) == [BudgetGranted(budget=Decimal(200))]
    assert stage.journal.next_sequence == before + 1


def test_a_question_is_answered_and_not_recorded(stage: Stage) -> None:
    before = stage.journal.next_sequence
    answer = stage.system.ask(PORTFOLIO, DescribeAccounts(valued_in=USDT))
    assert isinstance(answer, AccountsDescribed)
    assert answer.equity == 1000
    assert stage.journal.next_sequence == before


def test_a_closed_booking_is_forgotten_by_its_timer(stage: Stage) -> None:
    stage.tell(RESERVE)
    stage.tell(booked(closed=True))
    assert list(stage.books.bookings) == [P1]
    later = Timestamp(START + FORGET_AFTER_MS)
    stage.clock.advance_to(later, stage.dispatcher.run_until_idle)
    assert stage.books.bookings == {}


def test_a_request_it_raises_on_is_refused_and_nothing_is_reserved(stage: Stage) -> None:
    stage.breaks_on(ReserveBudget, 1)
    stage.tell(RESERVE)
    (denied,) = stage.heard(P1_ADDRESS, BudgetDenied)
    assert isinstance(denied, BudgetDenied)
    assert denied.reason is DenialReason.FAILED
    assert stage.books.account(USDT).reserved == 0


def test_a_booking_it_raises_on_is_asked_for_once_and_then_a_person_is_told(stage: Stage) -> None:
    stage.tell(RESERVE)
    told = booked(bought=1, cost=100)
    stage.breaks_on(type(told), 2)
    stage.tell(told)
    assert stage.heard(P1_ADDRESS, ResendBooking) == [ResendBooking()]
    stage.tell(told)
    assert stage.heard(P1_ADDRESS, ResendBooking) == [ResendBooking()]
    assert len(stage.heard(OBSERVERS, Alarm)) == 1
    stage.tell(told)
    assert stage.books.account(USDT).invested == 100


def test_the_last_booking_is_tried_again_without_its_position(stage: Stage) -> None:
    stage.tell(RESERVE)
    told = booked(bought=1, cost=100, sold=1, proceeds=101, closed=True)
    stage.breaks_on(type(told), 1)
    stage.tell(told)
    assert stage.books.account(USDT).free == 1001
    assert stage.heard(P1_ADDRESS, ResendBooking) == []


def test_a_message_it_always_raises_on_does_not_make_it_busy_for_ever(stage: Stage) -> None:
    stage.tell(RESERVE)
    told = booked(bought=1, cost=100, closed=True)
    stage.breaks_on(type(told), 99)
    stage.tell(told)
    assert len(stage.heard(OBSERVERS, MessageSkipped)) == 2


TAKEN = ClientOrderId("he1p9x1")
CONFLICT = SymbolConflict(symbol=BTC_USDT, client_order_id=TAKEN, text="side buy, not sell")
WORD = ClearConflict(symbol=BTC_USDT, reason="I looked")


@pytest.mark.parametrize("text", [CONFLICT.text, ""])
def test_a_conflict_it_raises_on_is_asked_of_the_router_once_and_then_a_person_is_told(
    stage: Stage, text: str
) -> None:
    told = replace(CONFLICT, text=text)
    stage.breaks_on(SymbolConflict, 2)
    stage.tell(told)
    asked = [ResendConflicts(symbol=BTC_USDT, client_order_id=TAKEN)]
    assert stage.heard(ORDER_ROUTER, ResendConflicts) == asked
    assert not stage.heard(OBSERVERS, Alarm)
    stage.tell(told)
    assert stage.heard(ORDER_ROUTER, ResendConflicts) == asked
    assert len(stage.heard(OBSERVERS, Alarm)) == 1


def test_a_persons_word_about_a_conflict_that_was_skipped_twice_has_it_told_again(
    stage: Stage,
) -> None:
    stage.breaks_on(SymbolConflict, 2)
    stage.tell(CONFLICT)
    stage.tell(CONFLICT)
    stage.tell(WORD)
    assert stage.heard(ORDER_ROUTER, ResendConflicts)[1:] == [ResendConflicts(symbol=BTC_USDT)]
    assert not stage.heard(ORDER_ROUTER, ConflictCleared)
    stage.tell(CONFLICT)
    stage.tell(WORD)
    assert stage.heard(ORDER_ROUTER, ConflictCleared) == [ConflictCleared(client_order_id=TAKEN)]


def test_a_persons_word_it_raises_on_is_heard_once_more_for_each_symbol(stage: Stage) -> None:
    other = ClientOrderId("he1p8x1")
    stage.tell(CONFLICT)
    stage.tell(replace(CONFLICT, symbol=ETH_BTC, client_order_id=other))
    stage.breaks_on(ClearConflict, 2)
    stage.system.tell(PORTFOLIO, WORD)
    stage.tell(replace(WORD, symbol=ETH_BTC))
    cleared = [ConflictCleared(client_order_id=one) for one in (TAKEN, other)]
    assert stage.heard(ORDER_ROUTER, ConflictCleared) == cleared
    assert not stage.books.conflicts


@pytest.mark.parametrize("early_ms", [0, 10_000])
def test_a_deadline_it_raises_on_comes_again(stage: Stage, early_ms: int) -> None:
    stage.tell(RESERVE)
    stage.tell(booked(closed=True))
    key, at = core.wake_at(stage.books.bookings[P1])
    assert at is not None
    stage.clock.advance_to(Timestamp(at - early_ms - 1), stage.dispatcher.run_until_idle)
    stage.breaks_on(Wake, 1)
    stage.tell(Wake(key=key))
    assert list(stage.books.bookings) == [P1]
    stage.clock.advance_to(Timestamp(at + 2_000), stage.dispatcher.run_until_idle)
    assert stage.books.bookings == {}
