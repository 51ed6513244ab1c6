"""An order leaves once, whatever the answer; and an answer of the wrong shape is none."""

from collections.abc import Iterator
from itertools import product

import pytest

from exchange.live.connect_errors import ConnectError
from exchange.port import Event
from exchange.server.thread import ServerThread
from exchange.server.wire import Call
from exchange.server.wire_faults import FOR_EVER, WireFault, WireFaultKind
from messages.base import Timestamp
from messages.gateway import FetchBalances, FetchOpenOrders, FetchTrades
from messages.observers import Alarm, AlarmKind
from messages.order_router import FailureKind, LookUpFailed, OrderNotFound
from messages.orders import OrderStatus
from messages.portfolio import BalancesReported
from messages.reconciler import OpenOrdersReported, TradesReported
from tests.exchange.live.wire import DIALECTS, WireVenue, connect
from tests.exchange.venue import RULES, SYMBOL, holding

ELSEWHERE = {
    "another host": "https://evil.example/api/v3/order",
    "plain HTTP": "http://api.binance.com/api/v3/order",
    "itself": "/api/v3/order",
    "nowhere": "",
    "nonsense": "::not an address::",
}
HTML = "<html><body>Please log in to the hotel's network</body></html>"
WRONG = (
    "{}",
    "[[]]",
    "[null]",
    '["a"]',
    "null",
    "7",
    '"ok"',
    HTML,
    "",
    '{"symbol": "BTCUSDT", "ord',
    '{"msg": "ok"}',
    '{"balances": null, "orderId": null}',
    '{"balances": "none", "orderId": null}',
)


@pytest.fixture(params=DIALECTS)
def dialect(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def venue(dialect: str) -> Iterator[WireVenue]:
    with ServerThread(dialect, [RULES], holding()) as server:
        one = WireVenue(server, dialect)
        yield one
        one.close()


def answered(call: Call, status: int, text: str = "{}", **headers: str) -> WireFault:
    kind, named = (
        WireFaultKind.ANSWERED,
        {name.replace("_", "-"): to for name, to in headers.items()},
    )
    return WireFault(on=call, kind=kind, status=status, text=text, headers=named, times=FOR_EVER)


def told(venue: WireVenue, kind: type[Event]) -> list[Event]:
    return [event for event in venue.events if isinstance(event, kind)]


@pytest.mark.parametrize(
    ("status", "where"),
    [*((status, "another host") for status in (301, 302, 303, 308)), *product((307,), ELSEWHERE)],
)
def test_a_request_with_a_key_follows_no_redirect(
    venue: WireVenue, status: int, where: str
) -> None:
    venue.server.plan(answered(Call.SUBMIT, status, Location=ELSEWHERE[where]))
    venue.sell("a", "1", 105)
    assert venue.exchange.wait_idle(10)
    assert venue.refusal("a").kind is FailureKind.UNKNOWN
    sent = [one for one in venue.server.read().requests if "newClientOrderId=a" in one.text]
    assert [one.method for one in sent] == ["POST"]
    assert "signature" not in venue.refusal("a").text


@pytest.mark.parametrize(
    "kind", [WireFaultKind.RESET, WireFaultKind.CLOSED, WireFaultKind.TRUNCATED]
)
@pytest.mark.parametrize("acted", [False, True])
def test_a_submit_whose_connection_breaks_is_not_sent_again(
    venue: WireVenue, kind: WireFaultKind, *, acted: bool
) -> None:
    venue.sell("warm", "1", 105)  # so that the next request goes over a connection that is in use
    venue.wait(0)
    venue.server.plan(WireFault(on=Call.SUBMIT, kind=kind, acted=acted, times=FOR_EVER))
    venue.sell("a", "1", 105)
    assert venue.exchange.wait_idle(10)
    assert venue.refusal("a").kind is FailureKind.UNKNOWN
    assert submits(venue) == 1


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (401, {"WWW_Authenticate": 'Basic realm="x"'}),
        (401, {"WWW_Authenticate": 'Digest realm="x", nonce="y", qop="auth"'}),
        (407, {"Proxy_Authenticate": "Basic"}),
        *((status, {}) for status in (300, 304, 402, 408, 425, 429, 500, 502, 503, 504, 520, 599)),
        (503, {"Retry_After": "1"}),
        (429, {"Retry_After": "1"}),
    ],
)
def test_a_submit_that_gets_another_status_is_sent_once(
    venue: WireVenue, status: int, headers: dict[str, str]
) -> None:
    venue.server.plan(answered(Call.SUBMIT, status, "{}", **headers))
    venue.sell("a", "1", 105)
    assert venue.exchange.wait_idle(10)
    assert submits(venue) == 1
    assert venue.refusal("a").kind is not None


def submits(venue: WireVenue) -> int:
    requests = venue.server.read().requests
    return sum("newClientOrderId=a" in one.text and one.method == "POST" for one in requests)


def test_an_ack_of_the_wrong_shape_is_no_ack(venue: WireVenue) -> None:
    for number, text in enumerate(WRONG):
        venue.server.plan(answered(Call.SUBMIT, 200, text))
        venue.sell(f"a{number}", "1", 105)
        assert venue.exchange.wait_idle(10)
        assert venue.refusal(f"a{number}").kind is FailureKind.UNKNOWN, text


def test_a_look_up_of_the_wrong_shape_says_nothing(venue: WireVenue) -> None:
    for count, text in enumerate(WRONG, 1):
        venue.server.plan(answered(Call.LOOK_UP, 200, text))
        venue.look_up("a")
        assert venue.exchange.wait_idle(10)
        assert len(told(venue, LookUpFailed)) == count, text
    assert not told(venue, OrderNotFound)


def test_a_cancel_of_the_wrong_shape_cancels_nothing(venue: WireVenue) -> None:
    venue.sell("a", "1", 105)
    venue.wait(0)
    for text in WRONG:
        venue.server.plan(answered(Call.CANCEL, 200, text))
        venue.cancel("a")
        assert venue.exchange.wait_idle(10)
        assert venue.facts("a").status is OrderStatus.OPEN, text


QUESTIONS: dict[str, tuple[Call, type[Event], str]] = {
    "balances": (Call.BALANCES, BalancesReported, "[]"),
    "open orders": (Call.OPEN_ORDERS, OpenOrdersReported, '{"balances": []}'),
    "trades": (Call.TRADES, TradesReported, '{"balances": []}'),
}
"""What each is asked with, how it is answered, and the shape of another one's empty answer."""


@pytest.mark.parametrize("question", QUESTIONS)
def test_an_answer_of_the_wrong_shape_is_no_answer_and_is_told(
    venue: WireVenue, question: str
) -> None:
    call, event, others = QUESTIONS[question]
    for text in (*WRONG, others):
        venue.server.plan(answered(call, 200, text))
        ask(venue, question)
        assert not told(venue, event), text
    alarms = [one for one in told(venue, Alarm) if isinstance(one, Alarm)]
    assert [alarm.kind for alarm in alarms] == [AlarmKind.BAD_ANSWER] * 2
    assert "10 times by now" in alarms[1].text
    venue.server.plan()
    ask(venue, question)
    assert told(venue, event)


def ask(venue: WireVenue, question: str) -> None:
    match question:
        case "balances":
            venue.exchange.fetch_balances(FetchBalances(), Timestamp(0))
        case "open orders":
            venue.exchange.fetch_open_orders(FetchOpenOrders(symbol=SYMBOL), Timestamp(0))
        case _:
            since = FetchTrades(symbol=SYMBOL, since=Timestamp(0))
            venue.exchange.fetch_trades(since, Timestamp(0))
    assert venue.exchange.wait_idle(10)


@pytest.mark.parametrize("text", ["{}", "[null]", HTML, ""])
@pytest.mark.parametrize("call", [Call.MARKETS, Call.TIME, Call.BALANCES])
def test_a_connection_is_not_opened_on_answers_of_the_wrong_shape(
    dialect: str, call: Call, text: str
) -> None:
    with ServerThread(dialect, [RULES], holding()) as server:
        server.plan(answered(call, 200, text))
        with pytest.raises(ConnectError):
            connect(server, dialect).open()
