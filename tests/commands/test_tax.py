"""``export --tax``: each fill's own fees, lots by both methods, every sum beside the ledger's."""

import random
from collections import Counter
from decimal import Decimal
from fractions import Fraction

import msgspec
import pytest

from actors.journal.port import Record
from actors.order_router.order import RoutedOrder
from actors.portfolio.accounts import Booking
from commands.export import Tables
from commands.fills import Fill, FillBook
from commands.tax import lot_rows
from commands.tax_lots import LotBook
from messages.addresses import ORDER_ROUTER
from messages.base import ClientOrderId, Currency, ExchangeOrderId, PositionId, Symbol, Timestamp
from messages.envelope import Wake
from messages.money import Money
from messages.orders import OrderFacts, OrderRequest, OrderStatus, OrderType, Purpose, Side
from messages.reconciler import Trade, TradesReported
from session.table_files import utc
from verification.simulation.journals import JOURNALS, Store
from verification.simulation.schedules import FOLDER, Kept
from verification.simulation.world import World

BTC = Symbol("BTC/USDT")
USDT, BASE, BNB = Currency("USDT"), Currency("BTC"), Currency("BNB")
ORDER = ClientOrderId("o1")


def d(text: str) -> Decimal:
    return Decimal(text)


def request(side: Side = Side.BUY) -> OrderRequest:
    return OrderRequest(
        client_order_id=ORDER,
        position_id=PositionId("p1"),
        symbol=BTC,
        side=side,
        type=OrderType.MARKET,
        purpose=Purpose.ENTRY,
        quantity=d("9"),
    )


def report(sequence: int, filled: str, cost: str, *fees: Money, unpriced: str = "0") -> Record:
    """A step in which the router heard how its order stands: cumulative, as always."""
    facts = OrderFacts(
        client_order_id=ORDER,
        status=OrderStatus.PARTIALLY_FILLED,
        filled=d(filled),
        cost=d(cost),
        fees=fees,
        exchange_order_id=ExchangeOrderId("77"),
        unpriced=d(unpriced),
        at=Timestamp(sequence * 1000),
    )
    return record(sequence, Wake(), RoutedOrder(request=request(), facts=facts))


def record(sequence: int, message: object, *changes: object) -> Record:
    return Record(
        sequence=sequence,
        actor=ORDER_ROUTER,
        now=Timestamp(sequence * 1000 + 5),
        id=(sequence, 0),
        cause=(0, 0),
        sender=ORDER_ROUTER,
        message=message,  # type: ignore[arg-type]  # any message
        changes=changes,  # type: ignore[arg-type]  # any entity
        outbox=(),
    )


def trade(name: str, quantity: str, price: str, fee: Money, at: int) -> Trade:
    return Trade(
        trade_id=name,
        client_order_id=ORDER,
        exchange_order_id=ExchangeOrderId("77"),
        symbol=BTC,
        side=Side.BUY,
        price=d(price),
        quantity=d(quantity),
        fee=fee,
        is_maker=False,
        at=Timestamp(at),
    )


def fills_of(*records: Record) -> list[Fill]:
    book = FillBook()
    for one in records:
        book.take(one)
    return book.fills()


def bnb(amount: str) -> Money:
    return Money(BNB, d(amount))


def test_fees_are_those_of_each_fill_and_not_the_orders() -> None:
    found = fills_of(
        report(1, "1", "100", bnb("0.01")),
        report(2, "1", "100", bnb("0.01")),
        report(3, "3", "301", bnb("0.03")),
        report(4, "4", "402", bnb("0.03"), Money(USDT, d("0.1"))),
    )
    assert [(one.quantity, one.cost) for one in found] == [
        (d("1"), d("100")),
        (d("2"), d("201")),
        (d("1"), d("101")),
    ]
    assert [one.fees for one in found] == [
        (bnb("0.01"),),
        (bnb("0.02"),),
        (Money(USDT, d("0.1")),),
    ]


def test_what_the_venue_told_late_is_a_row_of_its_own() -> None:
    """A cost that is not known yet is no fill yet; a fee that comes later is no other fill's."""
    found = fills_of(
        report(1, "1", "0", unpriced="1"),
        report(2, "1", "100"),
        report(3, "1", "100", bnb("0.01")),
        report(4, "2", "200", bnb("0.02")),
    )
    assert [(one.sequence, one.quantity, one.fees) for one in found] == [
        (2, d("1"), ()),
        (3, d("0"), (bnb("0.01"),)),
        (4, d("1"), (bnb("0.01"),)),
    ]


def test_the_venues_own_list_gives_each_fill_its_id_and_time() -> None:
    listed = TradesReported(
        symbol=BTC,
        since=Timestamp(0),
        trades=(
            trade("t9", "1", "100", bnb("0.01"), 990),
            trade("t10", "2", "100.5", bnb("0.02"), 1990),
        ),
    )
    told = report(1, "3", "301", bnb("0.03"))
    found = fills_of(told, record(2, listed))
    assert [(one.trade_id, one.at, one.quantity, one.cost) for one in found] == [
        ("t9", 990, d("1"), d("100")),
        ("t10", 1990, d("2"), d("201.0")),
    ]
    assert [one.fees for one in found] == [(bnb("0.01"),), (bnb("0.02"),)]
    assert {one.exchange_order_id for one in found} == {"77"}


def test_a_list_that_comes_to_other_sums_is_not_believed() -> None:
    listed = TradesReported(
        symbol=BTC, since=Timestamp(0), trades=(trade("t9", "1", "100", bnb("0.01"), 990),)
    )
    (found,) = fills_of(report(1, "3", "301", bnb("0.03")), record(2, listed))
    assert (found.trade_id, found.quantity, found.fees) == ("", d("3"), (bnb("0.03"),))


def fill(side: Side, quantity: str, cost: str, *fees: Money, at: int = 0) -> Fill:
    return Fill(
        sequence=at,
        heard_at=Timestamp(at),
        at=Timestamp(at),
        request=request(side),
        exchange_order_id="77",
        trade_id=f"t{at}",
        quantity=d(quantity),
        cost=d(cost),
        fees=fees,
    )


HISTORY = (
    fill(Side.BUY, "1", "100", Money(USDT, d("0.1")), at=1),
    fill(Side.BUY, "2", "220", Money(BASE, d("0.01")), at=2),
    fill(Side.SELL, "1.5", "180", Money(USDT, d("0.2")), bnb("0.001"), at=3),
    fill(Side.BUY, "1", "130", at=4),
    fill(Side.SELL, "2", "240", Money(USDT, d("0.3")), at=5),
)


def by_hand(*, is_average: bool) -> tuple[list[Fraction], Fraction, Fraction]:
    """Return the gain of each sale, what is left and what it cost, with fractions."""
    lots: list[tuple[Fraction, Fraction]] = []
    gains: list[Fraction] = []
    for quantity, cost, is_buy in (
        ("1", "100.1", True),
        ("1.99", "220", True),
        ("1.5", "179.8", False),
        ("1", "130", True),
        ("2", "239.7", False),
    ):
        size, money = Fraction(quantity), Fraction(cost)
        if is_buy:
            lots.append((size, money))
            if is_average:
                lots = [total(lots)]
            continue
        paid = Fraction(0)
        while size:
            held, worth = lots.pop(0)
            taken = min(held, size)
            paid += worth * taken / held
            if taken < held:
                lots.insert(0, (held - taken, worth - worth * taken / held))
            size -= taken
        gains.append(money - paid)
    return gains, *total(lots)


def total(lots: list[tuple[Fraction, Fraction]]) -> tuple[Fraction, Fraction]:
    return sum((q for q, _ in lots), Fraction(0)), sum((c for _, c in lots), Fraction(0))


@pytest.mark.parametrize("is_average", [False, True])
def test_gains_by_first_in_first_out_and_by_average_cost(*, is_average: bool) -> None:
    book = LotBook(is_average=is_average)
    for one in HISTORY:
        book.take(one)
    gains, left, cost = by_hand(is_average=is_average)
    for at, gain in zip((3, 5), gains, strict=True):
        said = sum((x.gain for x in book.disposals if x.fill.at == at), Decimal(0))
        assert abs(Fraction(said) - gain) < Fraction(1, 10**8)
    held = [lot for _, lot in book.held()]
    assert sum(Fraction(lot.quantity) for lot in held) == left
    assert abs(sum(Fraction(lot.cost) for lot in held) - cost) < Fraction(1, 10**8)
    # To the last digit: nothing is lost where a cost is shared.
    moved = d("-100.1") - 220 + d("179.8") - 130 + d("239.7")
    all_gains = sum((x.gain for x in book.disposals), Decimal(0))
    assert all_gains - sum((lot.cost for lot in held), Decimal(0)) == moved
    rows = list(lot_rows(book))
    assert {row["method"] for row in rows} == {"average" if is_average else "fifo"}
    assert [row["disposed_utc"] is None for row in rows].count(True) == len(held)


def test_what_no_lot_has_cost_nothing() -> None:
    book = LotBook(is_average=False)
    book.take(fill(Side.SELL, "1", "100", at=1))
    (one,) = book.disposals
    assert (one.gain, one.lot.reference) == (d("100"), "unknown")


def test_a_time_is_in_utc_to_the_millisecond() -> None:
    assert utc(Timestamp(1_538_528_399_007)) == "2018-10-03T00:59:59.007Z"


class Recorded(World):
    """A run of the race world that keeps its records."""

    def __init__(self, choices: list[int]) -> None:
        self.records: list[Record] = []
        super().__init__(choices)

    def _note(self, record: Record) -> None:
        self.records.append(record)
        super()._note(record)


def schedules() -> list[list[int]]:
    """Return the kept schedules whose processes do not die, and some of chance."""
    read = (msgspec.json.decode(path.read_bytes(), type=Kept) for path in sorted(FOLDER.iterdir()))
    kept = [list(one.schedule) for one in read if not one.is_open]
    found = [one for one in kept if JOURNALS[one[4] % len(JOURNALS)].store is Store.MEMORY]
    for seed in range(25):
        chance = random.Random(seed)  # noqa: S311 - schedules that can be repeated
        setup = [chance.randrange(3), chance.randrange(6), chance.randrange(4), 1, 0]
        found.append(setup + [chance.choice((0, 0, 0, chance.randrange(60))) for _ in range(120)])
    return found


def test_the_tables_reconcile_with_the_ledger_to_the_last_digit() -> None:
    """Over partial fills, fees in base and quote, dust, and late fills that were adopted."""
    seen: Counter[str] = Counter()
    for schedule in schedules():
        world = Recorded(schedule).run()
        assert isinstance(world, Recorded)
        tables = Tables()
        for one in world.records:
            tables.take(one)
        world.close()
        taxed = tables.tax_tables()
        assert [row for row in taxed["tax_reconciliation"] if row["difference"] != "0"] == []
        for order in tables.orders:
            own = [f for f in tables.fills if f["client_order_id"] == order["client_order_id"]]
            assert sum(Decimal(str(f["fill_cost"])) for f in own) == Decimal(str(order["cost"]))
        seen.update(str(row["kind"]) for row in taxed["tax_transfers"])
        seen.update(f"fee in {row['fee_currency']}" for row in taxed["tax_fills"])
        seen["venue's id"] += sum(bool(row["trade_id"]) for row in taxed["tax_fills"])
        by_order = Counter(row["client_order_id"] for row in taxed["tax_fills"])
        seen["partial fill"] += sum(count > 1 for count in by_order.values())
        seen["adopted"] += sum(
            bool(change.adopted_by)
            for one in world.records
            for change in one.changes
            if isinstance(change, Booking)
        )
    wanted = ("dust", "capital", "fee in BTC", "fee in USDT", "venue's id", "partial fill")
    assert all(seen[name] for name in (*wanted, "adopted")), seen
