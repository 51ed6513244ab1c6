"""The probe's own book: what its orders left, by the exchange's ids, on the disk at each step."""

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from commands.probe.ledger import Book, Ledger
from messages.base import ClientOrderId, Currency, ExchangeOrderId, Symbol, Timestamp
from messages.money import Money
from messages.orders import OrderFacts, OrderStatus, Side

BTC = Currency("BTC")
BUY, SELL = ClientOrderId("b"), ClientOrderId("s")
EMPTY = Book(symbol=Symbol("BTC/USDT"), account="a", base_before=Decimal(3))


def filled(
    order_id: ClientOrderId, exchange_id: str | None, quantity: str, fee: str = "0"
) -> OrderFacts:
    return OrderFacts(
        client_order_id=order_id,
        exchange_order_id=None if exchange_id is None else ExchangeOrderId(exchange_id),
        status=OrderStatus.FILLED,
        filled=Decimal(quantity),
        fees=(Money(BTC, Decimal(fee)),),
    )


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    ledger = Ledger(tmp_path / "state" / "orders.json", EMPTY)
    ledger.send(BUY, Side.BUY, Timestamp(1))
    return ledger


def test_it_sums_what_was_bought_less_fees_and_sales(ledger: Ledger) -> None:
    ledger.hear(filled(BUY, "1", "2", "0.002"))
    ledger.send(SELL, Side.SELL, Timestamp(2))
    ledger.hear(filled(SELL, "2", "1.5"))
    assert ledger.held(BTC) == Decimal("0.498")


def test_two_orders_under_one_id_count_both(ledger: Ledger) -> None:
    ledger.hear(filled(BUY, "1", "2"))
    ledger.send(BUY, Side.BUY, Timestamp(2))
    ledger.hear(filled(BUY, "2", "1"))
    ledger.hear(filled(BUY, "2", "1"))
    assert ledger.held(BTC) == Decimal(3)


@pytest.mark.parametrize("ids", [(None, "1"), ("1", None)])
def test_a_report_without_the_exchanges_id_counts_once(
    ledger: Ledger, ids: tuple[str | None, ...]
) -> None:
    for exchange_id in ids:
        ledger.hear(filled(BUY, exchange_id, "2"))
    assert ledger.held(BTC) == Decimal(2)


def test_a_stranger_is_not_counted(ledger: Ledger) -> None:
    ledger.hear(filled(ClientOrderId("x"), "9", "5"))
    assert ledger.held(BTC) == 0


def test_what_it_holds_is_on_the_disk(ledger: Ledger, tmp_path: Path) -> None:
    ledger.hear(filled(BUY, "1", "2"))
    path = tmp_path / "state" / "orders.json"
    read = Ledger(path, msgspec.json.decode(path.read_bytes(), type=Book))
    assert read.held(BTC) == Decimal(2)
    assert read.base_before == Decimal(3)
    read.remove()
    assert not path.exists()


def test_no_order_leaves_without_the_disk_but_those_that_clear_up(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file in the folder's place")
    ledger = Ledger(tmp_path / "state" / "orders.json", EMPTY)
    with pytest.raises(OSError, match="state"):
        ledger.send(BUY, Side.BUY, Timestamp(1))
    ledger.is_needed = False
    ledger.send(SELL, Side.SELL, Timestamp(1))
    assert len(ledger.sent) == 2
