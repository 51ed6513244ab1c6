"""Lists of open orders: asked once for all who wait, first at a start; absence is never proven."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, cast

import pytest
from msgspec.structs import replace

from exchange.live.connection import Connection
from exchange.live.fill_completion import Answers
from exchange.live.open_orders import START_SECONDS, WHOLE_FROM, OpenOrders
from exchange.live.order import LiveOrder
from exchange.live.own_orders import Book, OrderOnRecord
from exchange.live.rate_limiter import ON_LEAVING
from exchange.profiles.registry import profile_of
from exchange.server.thread import ServerThread
from exchange.server.wire import Call
from messages.base import ClientOrderId, ExchangeOrderId, Symbol, Timestamp
from messages.gateway import FetchOpenOrders, FetchTrades
from messages.order_router import OrderNotFound, OrderReported
from messages.orders import OrderStatus, Priority
from messages.reconciler import OpenOrdersReported, TradesReported
from tests.exchange.live.driving import rest
from tests.exchange.live.virtual import run
from tests.exchange.live.wire import WAIT_SECONDS, WireVenue
from tests.exchange.venue import RULES, SYMBOL, holding

SYMBOLS = [Symbol(f"C{number}/USDT") for number in range(12)]


def order(symbol: Symbol, name: str, **words: object) -> dict[str, Any]:
    """An open order as ccxt tells it."""
    return {
        "id": f"v{name}",
        "clientOrderId": name,
        "symbol": symbol,
        "status": "open",
        "type": "limit",
        "side": "sell",
        "amount": 1.0,
        "filled": 0.0,
        "remaining": 1.0,
        "price": 100.0,
        "timestamp": 1_700_000_000_000,
        "trades": [],
        "info": {},
        **words,
    }


def name_of(symbol: Symbol) -> ClientOrderId:
    return ClientOrderId(f"h0e1p{SYMBOLS.index(symbol) + 1}x1")


class Wire:
    """Stands for the connection: a request leaves, and is answered, when a test says so."""

    def __init__(self, profile_id: str = "binance") -> None:
        self.profile = profile_of(profile_id)
        self.asked: list[Symbol | None] = []
        self.notes: list[str] = []
        self.turn, self.answer = asyncio.Event(), asyncio.Event()
        self.turn.set()
        self.answer.set()
        self.error: Exception | None = None
        self.rows = [order(symbol, name_of(symbol)) for symbol in SYMBOLS]
        self.opened = type("Opened", (), {"listings": dict.fromkeys(SYMBOLS)})
        self.thread = self
        self.book = Book(self.profile)
        answers = Answers(cast(Connection, self), self.book, lambda _: None)
        self.lists = OpenOrders(cast(Connection, self), self.book, answers)

    @staticmethod
    def spawn(work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        return asyncio.get_running_loop().create_task(work)

    async def call(
        self, method: str, symbol: Symbol | None, *page: object, urgency: Priority
    ) -> object:
        assert page[:1] in {(), (None,)}
        assert (method, urgency in Priority) == ("fetch_open_orders", True)
        await self.turn.wait()
        leaving = ON_LEAVING.get()
        assert leaving is not None
        leaving()
        self.asked.append(symbol)
        await self.answer.wait()
        if self.error is not None:
            raise self.error
        return [row for row in self.rows if symbol in (None, row["symbol"])]

    def refused(self, error: object) -> None:
        raise AssertionError(error)

    def note(self, text: str) -> None:
        self.notes.append(text)

    def text_of(self, error: BaseException) -> str:
        return str(error)

    async def look_up(self, symbol: Symbol, name: str = "") -> bool:
        """Whether a list answers a look-up."""
        known = LiveOrder(client_order_id=ClientOrderId(name or name_of(symbol)), symbol=symbol)
        return bool(await self.lists.legs_of(known, Priority.PROTECTION))


def played(play: Callable[[Wire], Coroutine[Any, Any, None]], profile: str = "binance") -> Wire:
    async def work() -> Wire:
        wire = Wire(profile)
        await play(wire)
        return wire

    return run(work())


def test_one_look_up_alone_asks_for_no_list() -> None:
    async def play(wire: Wire) -> None:
        assert not await wire.look_up(SYMBOLS[0])

    assert played(play).asked == []


def test_look_ups_on_many_symbols_share_one_list_of_the_account() -> None:
    async def play(wire: Wire) -> None:
        looks = [wire.look_up(symbol) for symbol in SYMBOLS[:WHOLE_FROM]]
        assert all(await asyncio.gather(*looks, wire.lists.listed(SYMBOLS[0], Priority.QUERY)))

    assert played(play).asked == [None]


def test_look_ups_on_one_symbol_share_its_list_and_what_it_does_not_show_is_not_answered() -> None:
    async def play(wire: Wire) -> None:
        looks = [wire.look_up(SYMBOLS[0]), wire.look_up(SYMBOLS[0], "h0e1p1x2")]
        assert await asyncio.gather(*looks) == [True, False]

    assert played(play).asked == [SYMBOLS[0]]


def test_where_no_answer_lists_the_whole_account_each_symbol_is_asked_for() -> None:
    async def play(wire: Wire) -> None:
        asked = [wire.lists.listed(symbol, Priority.QUERY) for symbol in SYMBOLS]
        assert all(await asyncio.gather(*asked))

    assert sorted(str(one) for one in played(play, "kucoin").asked) == sorted(SYMBOLS)


def test_a_list_that_has_left_answers_nobody_who_asks_after_it() -> None:
    async def play(wire: Wire) -> None:
        wire.answer.clear()
        first = wire.spawn(wire.lists.listed(SYMBOLS[0], Priority.QUERY))
        await asyncio.sleep(1)
        assert not wire.lists.is_unsent(SYMBOLS[0])
        second = wire.spawn(wire.lists.listed(SYMBOLS[0], Priority.QUERY))
        await asyncio.sleep(1)
        wire.answer.set()
        await asyncio.gather(first, second)

    assert played(play).asked == [SYMBOLS[0]] * 2


def test_a_list_that_waits_for_its_turn_answers_also_who_asks_after_it() -> None:
    async def play(wire: Wire) -> None:
        wire.turn.clear()
        first = wire.spawn(wire.lists.listed(SYMBOLS[0], Priority.QUERY))
        await asyncio.sleep(1)
        assert wire.lists.is_unsent(SYMBOLS[0])
        second = wire.spawn(wire.lists.listed(SYMBOLS[0], Priority.QUERY))
        urgent = wire.spawn(wire.lists.listed(SYMBOLS[0], Priority.EXIT))
        await asyncio.sleep(1)
        wire.turn.set()
        await asyncio.gather(first, second, urgent)

    assert played(play).asked == [SYMBOLS[0]] * 2, "and what is more urgent does not wait with it"


def test_a_list_that_fails_answers_no_look_up_and_says_so() -> None:
    async def play(wire: Wire) -> None:
        wire.error = ValueError("no such answer")
        looks = [wire.look_up(symbol) for symbol in SYMBOLS]
        assert not any(await asyncio.gather(*looks))
        with pytest.raises(ValueError, match="no such answer"):
            await wire.lists.listed(SYMBOLS[0], Priority.QUERY)

    assert "list of open orders: no such answer" in played(play).notes


def test_of_a_pair_with_one_leg_in_the_list_the_pair_is_looked_up() -> None:
    async def play(wire: Wire) -> None:
        symbol = SYMBOLS[0]
        pair = ClientOrderId("h0e1p1x1")
        legs = [
            order(symbol, f"{pair}{leg}", id=f"v{leg}", info={"orderListId": "7"}) for leg in "ls"
        ]
        wire.rows = legs[:1]
        wire.book.follow(pair, symbol)
        looks = [wire.look_up(symbol, pair), wire.look_up(symbol, "h0e1p9x1")]
        assert await asyncio.gather(*looks) == [False, False]
        wire.rows = legs
        looks = [wire.look_up(symbol, pair), wire.look_up(symbol, "h0e1p9x1")]
        assert await asyncio.gather(*looks) == [True, False]

    played(play)


def test_the_list_of_a_start_answers_each_order_once_and_only_for_a_while() -> None:
    async def play(wire: Wire) -> None:
        wire.lists.begin(set(SYMBOLS))
        await asyncio.sleep(0.1)
        assert wire.asked == [None], "it is asked before anyone looks"
        assert await wire.look_up(SYMBOLS[0])
        assert not await wire.look_up(SYMBOLS[0]), "who asks again wants a later answer"
        assert await wire.lists.listed(SYMBOLS[1], Priority.QUERY)
        assert wire.asked == [None]
        await asyncio.sleep(START_SECONDS)
        assert not await wire.look_up(SYMBOLS[2])

    played(play)


def test_when_the_stream_is_up_the_list_of_a_start_is_no_answer_any_more_if_it_left_before() -> (
    None
):
    async def play(wire: Wire) -> None:
        wire.turn.clear()
        wire.lists.begin({SYMBOLS[0]})
        await asyncio.sleep(0.1)
        wire.lists.forget()
        wire.turn.set()
        assert await wire.look_up(SYMBOLS[0]), "it leaves after the stream's rise"
        wire.lists.forget()
        assert not await wire.look_up(SYMBOLS[0], "h0e1p1x9")

    assert played(play).asked == [SYMBOLS[0]]


def test_on_symbols_that_are_not_listed_a_start_asks_for_no_list() -> None:
    async def play(wire: Wire) -> None:
        wire.lists.begin({Symbol("GONE/USDT")})
        await asyncio.sleep(1)

    assert played(play).asked == []


# Over the wire.


@pytest.fixture(params=("binance", "mexc"))
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def server(dialect: str) -> Iterator[ServerThread]:
    with ServerThread(dialect, [RULES], holding()) as one:
        one.move(SYMBOL, 100.0)
        yield one


def on_record(
    order_id: str, venue_id: str | None = None, *, is_over: bool = False
) -> OrderOnRecord:
    known = None if venue_id is None else ExchangeOrderId(venue_id)
    return OrderOnRecord(SYMBOL, ClientOrderId(order_id), known, is_over)


def fills(venue: WireVenue) -> FetchTrades:
    return FetchTrades(symbol=SYMBOL, since=Timestamp(venue.now - 3_600_000))


def test_a_start_lists_first_and_looks_up_singly_what_the_list_does_not_show(
    server: ServerThread, dialect: str
) -> None:
    first = WireVenue(server, dialect)
    for number in range(1, 4):
        rest(first, f"h0e1p{number}x1")
    first.close()
    venue = WireVenue(server, dialect)
    try:
        ids = [f"h0e1p{number}x1" for number in range(1, 6)]
        before = server.read()
        venue.exchange.know_orders([on_record(one) for one in ids], is_holding=False)
        for one in ids:
            venue.look_up(one)
        assert venue.exchange.wait_idle(WAIT_SECONDS)
        after = server.read()
        answers = {
            event.facts.client_order_id: event.facts.status
            for event in venue.events
            if isinstance(event, OrderReported)
        }
        assert answers == dict.fromkeys(ids[:3], OrderStatus.OPEN)
        missing = [one.client_order_id for one in venue.events if isinstance(one, OrderNotFound)]
        assert missing == ids[3:]
        assert after.calls(Call.OPEN_ORDERS) - before.calls(Call.OPEN_ORDERS) == 1
        looked_up = after.calls(Call.LOOK_UP) - before.calls(Call.LOOK_UP)
        assert looked_up == (4 if dialect == "binance" else 2)  # by its id, and as a pair's
    finally:
        venue.close()


def test_fills_of_a_day_are_owned_by_one_list_of_orders(server: ServerThread, dialect: str) -> None:
    first = WireVenue(server, dialect)
    ids = [f"h0e1p{number}x1" for number in range(1, 10)]
    for one in ids:
        first.buy(one, "0.1")
        first.wait(0)  # sent side by side, they would reach the exchange in any order
    first.close()
    venue = WireVenue(server, dialect)
    try:
        before = server.read()
        venue.exchange.fetch_trades(fills(venue), venue.now)
        assert venue.exchange.wait_idle(WAIT_SECONDS)
        (told,) = (one for one in venue.events if isinstance(one, TradesReported))
        assert [trade.client_order_id for trade in told.trades] == ids
        after = server.read()
        assert after.calls(Call.LOOK_UP) == before.calls(Call.LOOK_UP)
        assert after.calls(Call.OPEN_ORDERS) - before.calls(Call.OPEN_ORDERS) == 1  # ``allOrders``
    finally:
        venue.close()


def test_fills_of_orders_on_record_need_no_question(server: ServerThread, dialect: str) -> None:
    first = WireVenue(server, dialect)
    first.buy("h0e1p1x1", "0.1")
    first.wait(0)
    (filled,) = (
        one.facts.exchange_order_id
        for one in first.events
        if isinstance(one, OrderReported) and one.facts.status is OrderStatus.FILLED
    )
    first.close()
    venue = WireVenue(server, dialect)
    try:
        venue.exchange.know_orders([on_record("h0e1p1x1", filled, is_over=True)], is_holding=False)
        before = server.read()
        venue.exchange.fetch_trades(fills(venue), venue.now)
        assert venue.exchange.wait_idle(WAIT_SECONDS)
        (told,) = (one for one in venue.events if isinstance(one, TradesReported))
        assert [trade.client_order_id for trade in told.trades] == ["h0e1p1x1"]
        after = server.read()
        for call in (Call.LOOK_UP, Call.OPEN_ORDERS):
            assert after.calls(call) == before.calls(call)
    finally:
        venue.close()


def test_a_question_whose_equal_waits_for_its_turn_is_not_asked_twice(
    server: ServerThread, dialect: str
) -> None:
    venue = WireVenue(server, dialect)
    try:
        before = server.read()
        asked = FetchOpenOrders(symbol=SYMBOL)
        for _ in range(5):
            venue.exchange.fetch_open_orders(asked, venue.now)
        venue.exchange.fetch_open_orders(replace(asked, is_awaited=True), venue.now)
        assert venue.exchange.wait_idle(WAIT_SECONDS)
        told = [one for one in venue.events if isinstance(one, OpenOrdersReported)]
        made = server.read().calls(Call.OPEN_ORDERS) - before.calls(Call.OPEN_ORDERS)
        assert len(told) == made < 5
    finally:
        venue.close()


def test_look_ups_on_a_market_that_is_gone_ask_for_no_list() -> None:
    async def play(wire: Wire) -> None:
        wire.opened = type("Opened", (), {"listings": {}})
        looks = [wire.look_up(SYMBOLS[0], f"h0e1p{n}x1") for n in (1, 2, 3)]
        assert not any(await asyncio.gather(*looks))

    assert played(play).asked == []
