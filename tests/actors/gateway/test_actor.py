"""The gateway when it raises on a request: what it answers, and what still arrives."""

from collections.abc import Callable
from typing import TypeVar

import pytest

from actors.gateway.paper import PaperGateway
from actors.journal.memory import MemoryJournal
from actors.runtime.actor import Actor
from actors.runtime.clock import VirtualClock
from actors.runtime.simulated import SimulatedDispatcher
from actors.runtime.system import System
from exchange.paper import PaperExchange
from exchange.port import Sink
from messages.addresses import (
    GATEWAY,
    OBSERVERS,
    ORDER_ROUTER,
    PORTFOLIO,
    POSITIONS,
    RECONCILER,
)
from messages.base import Address, ClientOrderId, Message, Milliseconds, Symbol, Timestamp
from messages.envelope import Wake
from messages.gateway import (
    CancelAtVenue,
    FetchBalances,
    FetchMarketRules,
    FetchOpenOrders,
    FetchTrades,
    FollowSymbols,
    LookUpOrder,
    MarketMoved,
    SubmitOrder,
)
from messages.observers import Alarm
from messages.order_router import (
    CancelFailed,
    FailureKind,
    LookUpFailed,
    OrderReported,
    StreamChanged,
    SubmitFailed,
)
from messages.orders import OrderType, Priority, Side
from messages.portfolio import BalancesReported
from messages.positions import MarketGoneReported, MarketRulesReported
from messages.reconciler import OpenOrdersReported, TradesReported
from tests.actors.listener import Listener
from tests.exchange.venue import RULES, SYMBOL, a_request, holding

A = TypeVar("A", bound=Actor)

ORDER = ClientOrderId("he1p1x1")
SUBMIT = SubmitOrder(
    request=a_request(ORDER, Side.SELL, OrderType.LIMIT, "1", price="105"),
    priority=Priority.EXIT,
)
CANCEL = CancelAtVenue(
    client_order_id=ORDER, exchange_order_id=None, symbol=SYMBOL, priority=Priority.EXIT
)
LOOK_UP = LookUpOrder(client_order_id=ORDER, exchange_order_id=None, symbol=SYMBOL)
GONE = Symbol("GONE/USDT")
LATENCY_MS = Milliseconds(20)


class Breaking(PaperGateway):
    """Raises before or after it handles, so many times."""

    before = 0
    after = 0

    def handle(self, message: Message) -> object:
        if self.before:
            self.before -= 1
            raise ZeroDivisionError("a defect")
        result = super().handle(message)
        if self.after:
            self.after -= 1
            raise ZeroDivisionError("a defect")
        return result


class Stage:
    """A gateway to a venue that is 20 ms away."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.system = System(SimulatedDispatcher(), self.clock, MemoryJournal())
        self.router = self.play(Listener, ORDER_ROUTER)
        self.gateway = self.play(Breaking, GATEWAY, connect)
        self.tell(FollowSymbols(symbols=(SYMBOL,)))
        moved = MarketMoved(symbol=SYMBOL, at=Timestamp(0), bid=100.0, ask=100.0, last=100.0)
        self.tell(moved)
        self.pass_time()
        self.router.heard.clear()

    def play(self, factory: Callable[..., A], address: Address, *args: object) -> A:
        self.system.spawn(factory, address, *args)
        actor: A = self.system.mailboxes[address].actor  # type: ignore[assignment]  # just spawned
        return actor

    def tell(self, message: Message) -> None:
        self.system.tell(GATEWAY, message)
        self.settle()

    def settle(self) -> None:
        self.system.dispatcher.wait_idle(1)

    def pass_time(self, ms: int = 10_000) -> None:
        self.clock.advance_to(Timestamp(self.clock.now() + ms), self.settle)


def connect(emit: Sink) -> PaperExchange:
    return PaperExchange(emit, [RULES], holding(), latency_ms=LATENCY_MS)


@pytest.mark.parametrize(
    ("request_", "answer"),
    [(SUBMIT, SubmitFailed), (CANCEL, CancelFailed), (LOOK_UP, LookUpFailed)],
)
def test_a_skipped_request_is_answered_at_once_as_unknown(
    request_: Message, answer: type[Message]
) -> None:
    stage = Stage()
    stage.gateway.before = 1
    stage.tell(request_)
    [told] = stage.router.heard
    assert type(told) is answer
    assert getattr(told, "kind", FailureKind.UNKNOWN) is FailureKind.UNKNOWN
    assert "a defect" in getattr(told, "text", "")


def test_what_went_to_the_venue_before_it_raised_still_arrives() -> None:
    stage = Stage()
    stage.gateway.after = 1
    stage.tell(SUBMIT)
    stage.pass_time()
    kinds = [type(message) for message in stage.router.heard]
    assert kinds == [SubmitFailed, OrderReported]


def test_a_skipped_wake_delays_what_is_in_flight_and_loses_nothing() -> None:
    stage = Stage()
    stage.tell(SUBMIT)
    stage.gateway.before = 1
    stage.pass_time()
    assert [type(message) for message in stage.router.heard] == [OrderReported]


def test_symbols_that_it_raised_on_are_followed_all_the_same() -> None:
    stage = Stage()
    stage.system.stop(GATEWAY, 1)
    stage.gateway = stage.play(Breaking, GATEWAY, connect)
    stage.gateway.before = 1
    stage.tell(FollowSymbols(symbols=(SYMBOL,)))
    stage.pass_time()
    assert stage.router.heard == [StreamChanged(up=True)]


@pytest.mark.parametrize(
    ("request_", "asker", "answer"),
    [
        (FetchMarketRules(symbol=SYMBOL), POSITIONS, MarketRulesReported),
        (FetchMarketRules(symbol=GONE), POSITIONS, MarketGoneReported),
        (FetchBalances(), PORTFOLIO, BalancesReported),
        (FetchOpenOrders(symbol=SYMBOL), RECONCILER, OpenOrdersReported),
        (FetchTrades(symbol=SYMBOL, since=Timestamp(0)), RECONCILER, TradesReported),
        (FollowSymbols(symbols=(GONE,)), POSITIONS, MarketGoneReported),
    ],
)
def test_a_question_that_it_raised_on_is_answered_all_the_same(
    request_: Message, asker: Address, answer: type[Message]
) -> None:
    stage = Stage()
    asks = stage.play(Listener, asker)
    stage.gateway.before = 1
    stage.tell(request_)
    stage.pass_time()
    assert [type(message) for message in asks.heard] == [answer]


def test_a_question_that_it_raises_on_twice_is_an_alarm() -> None:
    stage = Stage()
    observers = stage.play(Listener, OBSERVERS)
    stage.gateway.before = 2
    stage.tell(FetchBalances())
    (alarm,) = [message for message in observers.heard if isinstance(message, Alarm)]
    assert "FetchBalances, tried twice" in alarm.text


def test_the_accounts_stream_opens_although_the_only_market_is_gone() -> None:
    stage = Stage()
    stage.system.stop(GATEWAY, 1)
    stage.gateway = stage.play(Breaking, GATEWAY, connect)
    stage.tell(FollowSymbols(symbols=(GONE,)))
    stage.pass_time()
    assert stage.router.heard == [StreamChanged(up=True)]


def test_a_symbol_that_is_gone_keeps_no_other_from_being_followed() -> None:
    stage = Stage()
    observers = stage.play(Listener, OBSERVERS)
    stage.system.stop(GATEWAY, 1)
    stage.gateway = stage.play(Breaking, GATEWAY, connect)
    stage.tell(FollowSymbols(symbols=(GONE, SYMBOL)))
    stage.pass_time()
    assert stage.router.heard == [StreamChanged(up=True)]
    (alarm,) = [message for message in observers.heard if isinstance(message, Alarm)]
    assert alarm.symbol == "GONE/USDT"


def test_a_wake_out_of_turn_does_no_harm() -> None:
    stage = Stage()
    stage.tell(Wake(key="in flight"))
    assert stage.router.heard == []
