"""Opening a connection: what is wrong is said, typed, and without secrets."""

from collections.abc import Iterator

import pytest

from exchange.live.connect_errors import ConnectError, ConnectProblem
from exchange.live.connection import Connection, Credentials
from exchange.live.exchange import CcxtExchange
from exchange.port import Event, UnknownSymbolError
from exchange.profiles.registry import profile_of
from exchange.server.connect import open_session
from exchange.server.control import SetAccount, SetClock, SetMaintenance, SetStatus
from exchange.server.thread import ServerThread
from exchange.server.venue import Account, MarketStatus
from exchange.server.wire import Call, Reach
from exchange.server.wire_faults import WireFault, WireFaultKind
from messages.base import Symbol, Timestamp
from messages.observers import Alarm, AlarmKind
from messages.order_router import FailureKind, LookUpFailed
from messages.orders import OrderStatus, RejectReason
from tests.exchange.live.wire import DIALECTS, STILL, WireVenue, connect
from tests.exchange.venue import BTC, RULES, SYMBOL, holding

CANARY = "canary-0123456789"


@pytest.fixture(params=DIALECTS)
def dialect(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def server(dialect: str) -> Iterator[ServerThread]:
    with ServerThread(dialect, [RULES], holding()) as one:
        yield one


def refused(connection: Connection) -> ConnectError:
    with pytest.raises(ConnectError) as raised:
        connection.open()
    assert CANARY not in str(raised.value)
    assert not connection.thread.is_alive()
    return raised.value


def test_markets_rules_clock_and_balances_are_known_before_anything_trades(
    server: ServerThread, dialect: str
) -> None:
    server.send(SetClock(90_000))
    connection = connect(server, dialect)
    opened = connection.open()
    try:
        assert connection.listing(SYMBOL).rules.tick_size == RULES.tick_size
        assert connection.listing(SYMBOL).rules.taker_fee_ratio == RULES.taker_fee_ratio
        assert [money.amount for money in opened.total if money.currency == BTC] == [10]
        assert abs(connection.clock_offset_ms - 90_000) < 5_000
    finally:
        assert connection.close()


def test_a_wrong_key_is_said_and_not_shown(server: ServerThread, dialect: str) -> None:
    error = refused(connect(server, dialect, apiKey=CANARY))
    assert error.problem is ConnectProblem.WRONG_KEY


def test_a_wrong_secret_is_said_and_not_shown(server: ServerThread, dialect: str) -> None:
    error = refused(connect(server, dialect, secret=CANARY))
    assert error.problem is ConnectProblem.WRONG_KEY


def test_a_key_that_is_refused_later_is_a_refusal_to_whoever_asks(
    server: ServerThread, dialect: str
) -> None:
    venue = WireVenue(server, dialect)
    try:
        server.send(SetAccount(Account(api_key="another")))
        venue.sell("a", "1", 105)
        venue.cancel("b")
        venue.look_up("c")
        assert venue.exchange.wait_idle(10)
        refusal = venue.refusal("a")
        assert (refusal.kind, refusal.reason) == (
            FailureKind.REJECTED,
            RejectReason.AUTHENTICATION,
        )
        assert venue.cancel_failure("b").kind is FailureKind.REJECTED
        assert any(isinstance(event, LookUpFailed) for event in venue.events)
    finally:
        venue.close()


def test_a_key_that_may_not_trade_is_refused_before_anything_trades(
    server: ServerThread, dialect: str
) -> None:
    server.send(SetAccount(Account(can_trade=False)))
    assert refused(connect(server, dialect)).problem is ConnectProblem.NO_PERMISSION


def test_maintenance_is_told_from_a_lost_network(server: ServerThread, dialect: str) -> None:
    server.send(SetMaintenance(is_on=True))
    assert refused(connect(server, dialect)).problem is ConnectProblem.MAINTENANCE


def test_without_a_network_the_text_says_so(dialect: str) -> None:
    nowhere = Reach(hosts=(), port=1, authority_pem=_some_authority(), api_key="", secret="")
    connection = Connection(
        profile_of(dialect),
        Credentials({"apiKey": CANARY, "secret": CANARY}),
        STILL,
        make_session=lambda: open_session(nowhere),
    )
    error = refused(connection)
    assert error.problem is ConnectProblem.NO_NETWORK
    assert "network" in str(error)


def test_a_delisted_market_is_named_and_its_neighbours_too(
    server: ServerThread, dialect: str
) -> None:
    server.send(SetStatus(SYMBOL, MarketStatus.DELISTED))
    connection = connect(server, dialect)
    connection.open()
    try:
        with pytest.raises(UnknownSymbolError, match=r"no market BTC/USDT, or has delisted it"):
            connection.listing(SYMBOL)
        events: list[Event] = []
        port = CcxtExchange(events.append, connection)
        with pytest.raises(UnknownSymbolError):
            port.subscribe(Symbol("BTC/USDT"), Timestamp(0))
    finally:
        assert connection.close()


def test_an_order_on_a_halted_market_is_refused_as_such(server: ServerThread, dialect: str) -> None:
    venue = WireVenue(server, dialect)
    try:
        server.send(SetStatus(SYMBOL, MarketStatus.HALTED))
        venue.sell("a", "1", 105)
        venue.wait(0)
        assert venue.refusal("a").reason is RejectReason.MARKET_HALTED
    finally:
        venue.close()


def test_a_clock_that_went_wrong_is_measured_again_and_the_order_goes_the_next_time(
    server: ServerThread, dialect: str
) -> None:
    venue = WireVenue(server, dialect)
    try:
        server.send(SetClock(-120_000))
        venue.sell("a", "1", 105)
        assert venue.exchange.wait_idle(10)
        assert venue.refusal("a").kind is FailureKind.RETRYABLE
        venue.sell("a", "1", 105)
        venue.wait(0)
        assert venue.facts("a").status is OrderStatus.OPEN
    finally:
        venue.close()


def test_a_pause_of_the_address_holds_everything_and_one_of_a_call_only_that_call(
    server: ServerThread, dialect: str
) -> None:
    venue = WireVenue(server, dialect)
    try:
        server.plan(
            WireFault(on=Call.SUBMIT, kind=WireFaultKind.TOO_MANY_REQUESTS, retry_after_seconds=30)
        )
        venue.sell("a", "1", 105)
        assert venue.exchange.wait_idle(10)
        refusal = venue.refusal("a")
        assert (refusal.kind, refusal.retry_after_ms) == (FailureKind.RETRYABLE, 30_000)
        server.plan()
        venue.cancel("a")
        assert venue.exchange.wait_idle(10)
        cancels = server.read().calls(Call.CANCEL)
        if dialect == "mexc":  # its limits are of one call each
            assert cancels == 1
        else:
            failure = venue.cancel_failure("a")
            assert failure.kind is FailureKind.RETRYABLE
            assert 25_000 < (failure.retry_after_ms or 0) <= 30_000
            assert cancels == 0
        assert venue.connection.throttle.waiting == 0
        (alarm,) = [event for event in venue.events if isinstance(event, Alarm)]
        assert alarm.kind is AlarmKind.RATE_LIMIT
    finally:
        venue.close()


def _some_authority() -> str:
    with ServerThread("binance", [RULES], holding()) as one:
        return one.reach.authority_pem
