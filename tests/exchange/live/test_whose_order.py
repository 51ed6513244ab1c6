"""An order in a list is ours or a stranger's: strangers are not added up, nor asked for twice."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from exchange.server.thread import ServerThread
from messages.base import ClientOrderId, Timestamp
from messages.gateway import FetchOpenOrders, FetchTrades, LookUpOrder
from messages.order_router import LookUpFailed, OrderNotFound, OrderReported
from messages.reconciler import OpenOrdersReported, TradesReported
from tests.exchange.live.wire import WireVenue
from tests.exchange.venue import RULES, SYMBOL, holding

NOW = Timestamp(0)
WEB: dict[str, Any] = {
    "id": "1",
    "clientOrderId": "web",
    "symbol": SYMBOL,
    "status": "open",
    "type": "limit",
    "side": "sell",
    "amount": 1.0,
    "filled": 0.25,
    "remaining": 0.75,
    "cost": 25.0,
    "average": 100.0,
    "price": 100.0,
    "timestamp": 1_700_000_000_000,
    "trades": [],
    "fees": [],
    "info": {},
}
FILL: dict[str, Any] = {
    "id": "t1",
    "order": "1",
    "symbol": SYMBOL,
    "side": "sell",
    "price": 100.0,
    "amount": 0.25,
    "cost": 25.0,
    "fee": {"currency": "USDT", "cost": 0.025},
    "fees": [],
    "timestamp": 1_700_000_000_000,
    "info": {},
}


@pytest.fixture
def venue() -> Iterator[WireVenue]:
    with ServerThread("binance", [RULES], holding()) as server:
        one = WireVenue(server, "binance")
        server.move(SYMBOL, 100.0)
        yield one
        one.close()


def answers(venue: WireVenue, name: str, answer: Callable[..., Any]) -> list[tuple[Any, ...]]:
    """Let a call of ccxt's answer as a test says; return the list of its calls to be."""
    asked: list[tuple[Any, ...]] = []

    async def call(*args: Any) -> Any:  # noqa: ANN401 - as ccxt's
        asked.append(args)
        return answer(*args)

    setattr(venue.connection.client, name, call)
    return asked


@pytest.mark.parametrize("placeholder", ["web", "apiv4", "0", None])
def test_strangers_that_share_a_client_id_are_not_added_up(
    venue: WireVenue, placeholder: str | None
) -> None:
    rows = [{**WEB, "id": str(n), "clientOrderId": placeholder} for n in (1, 2, 3)]
    answers(venue, "fetch_open_orders", lambda *_: rows)
    for _ in range(2):
        venue.exchange.fetch_open_orders(FetchOpenOrders(symbol=SYMBOL), NOW)
        venue.wait(0)
    reports = [e for e in venue.events if isinstance(e, OpenOrdersReported)]
    for report in reports:
        assert [(o.client_order_id, o.filled) for o in report.orders] == [
            (ClientOrderId(n), Decimal("0.25")) for n in ("1", "2", "3")
        ]
    assert len(reports) == 2
    assert not [e for e in venue.events if isinstance(e, OrderReported)]


def test_a_strangers_fills_are_asked_about_once(venue: WireVenue) -> None:
    answers(venue, "fetch_my_trades", lambda *_: [FILL, {**FILL, "id": "t2"}])
    asked = answers(venue, "fetch_order", lambda *_: WEB)
    for _ in range(2):
        venue.exchange.fetch_trades(FetchTrades(symbol=SYMBOL, since=NOW), NOW)
        venue.wait(0)
    assert len(asked) == 1
    reports = [e for e in venue.events if isinstance(e, TradesReported)]
    assert [trade.client_order_id for report in reports for trade in report.trades] == [""] * 4


def test_a_look_up_that_is_answered_with_another_order_is_no_answer(venue: WireVenue) -> None:
    answers(venue, "fetch_order", lambda *_: WEB)
    order_id = ClientOrderId("he1p1b1")
    request = LookUpOrder(client_order_id=order_id, exchange_order_id=None, symbol=SYMBOL)
    venue.exchange.look_up(request, NOW)
    venue.wait(0)
    failed = [e for e in venue.events if isinstance(e, LookUpFailed)]
    assert [e.client_order_id for e in failed] == [order_id]
    assert not [e for e in venue.events if isinstance(e, OrderReported | OrderNotFound)]


def test_a_list_of_fills_that_is_cut_off_is_told_as_such(venue: WireVenue) -> None:
    rows = [{**FILL, "id": f"t{n}"} for n in range(50)]  # of one moment: no page leads beyond it
    answers(venue, "fetch_my_trades", lambda *_: rows)
    answers(venue, "fetch_order", lambda *_: WEB)
    venue.exchange.fetch_trades(FetchTrades(symbol=SYMBOL, since=NOW), NOW)
    venue.wait(0)
    (report,) = [e for e in venue.events if isinstance(e, TradesReported)]
    assert not report.is_complete
    assert len(report.trades) == 50
