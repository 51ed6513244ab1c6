"""Whether the order under an id is the one that we asked for, and what follows where it is not."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from messages.addresses import OBSERVERS, PORTFOLIO
from messages.base import CLOCKS_DIFFER_MS, DAY_MS, Message, PositionId, Symbol, Timestamp
from messages.gateway import CancelAtVenue, LookUpOrder
from messages.ids import EXIT_LEG, Identity, client_order_id, epoch_of
from messages.observers import Alarm, AlarmKind
from messages.order_router import (
    ConflictCleared,
    FailureKind,
    LookBack,
    OrderNotFound,
    OrderReported,
    PlaceOrder,
    ResendConflicts,
    SubmitFailed,
)
from messages.orders import OrderStatus, OrderTerms, RejectReason, Side
from messages.portfolio import SymbolConflict
from messages.position import LookedBack
from messages.positions import OwnershipDoubted
from messages.reconciler import IdentityChanged, OrdersUnknown
from tests.actors.order_router.stage import ORDER, SETTINGS, SYMBOL, Stage, facts, request

OURS = OrderTerms(symbol=SYMBOL, side=Side.BUY, quantity=Decimal(2), price=Decimal(100))


def placed() -> Stage:
    stage = Stage()
    stage.tell(PlaceOrder(request=request()))
    return stage


def shown(terms: OrderTerms | None, status: OrderStatus = OrderStatus.OPEN) -> OrderReported:
    filled = "2" if status is OrderStatus.FILLED else "0"
    return OrderReported(facts=facts(status, filled), terms=terms)


@pytest.mark.parametrize(
    ("difference", "word"),
    [
        ({"symbol": Symbol("ETH/USDT")}, "symbol"),
        ({"side": Side.SELL}, "side"),
        ({"quantity": Decimal("2.001")}, "quantity"),
        ({"price": Decimal("100.01")}, "price"),
        ({"placed_at": Timestamp(1_000_000 - CLOCKS_DIFFER_MS - 1)}, "time"),
    ],
)
@pytest.mark.parametrize("status", [OrderStatus.OPEN, OrderStatus.FILLED, OrderStatus.CANCELED])
def test_what_contradicts_us_is_a_conflict_and_never_our_order(
    difference: dict[str, object], word: str, status: OrderStatus
) -> None:
    stage = placed()
    stage.tell(shown(replace(OURS, **difference), status))
    order = stage.orders.by_id[ORDER]
    assert order.facts.status is OrderStatus.UNKNOWN
    assert order.facts.filled == 0
    assert word in order.conflict
    told = [one.message for one in stage.sent if one.to == PORTFOLIO]
    assert told == [SymbolConflict(symbol=SYMBOL, client_order_id=ORDER, text=order.conflict)]
    alarms = [one.message for one in stage.sent if one.to == OBSERVERS]
    assert [one.kind for one in alarms if isinstance(one, Alarm)] == [AlarmKind.CONFLICT]


@pytest.mark.parametrize(
    "terms",
    [
        None,
        OURS,
        replace(OURS, price=None),
        replace(OURS, quantity=Decimal("2.0000")),
        replace(OURS, placed_at=Timestamp(1_000_000)),
        replace(OURS, trigger_price=Decimal(90)),  # ours has none
    ],
)
def test_a_value_that_is_not_said_contradicts_nothing(terms: OrderTerms | None) -> None:
    stage = placed()
    stage.tell(shown(terms))
    assert stage.orders.by_id[ORDER].facts.status is OrderStatus.OPEN
    assert stage.orders.by_id[ORDER].conflict == ""


@pytest.mark.parametrize(
    ("difference", "is_conflict"),
    [
        ({"quantity": Decimal("2.0004")}, False),  # a float's last digits, or rounded
        ({"quantity": Decimal("2.001")}, True),
        ({"quantity": Decimal("1.999")}, True),
        ({"price": Decimal("100.0000000001")}, False),
        ({"price": Decimal("99.99")}, True),
        ({"price": Decimal("100.01")}, True),
    ],
)
def test_values_are_compared_at_the_precision_of_the_venue(
    difference: dict[str, object], *, is_conflict: bool
) -> None:
    stage = placed()
    steps = {"step_size": Decimal("0.001"), "tick_size": Decimal("0.01")}
    stage.tell(shown(replace(OURS, **steps, **difference)))
    assert bool(stage.orders.by_id[ORDER].conflict) is is_conflict


def test_a_conflict_ends_when_our_own_order_is_shown() -> None:
    stage = placed()
    stage.tell(shown(replace(OURS, side=Side.SELL)))
    stage.tell(shown(OURS))
    assert stage.orders.by_id[ORDER].facts.status is OrderStatus.OPEN
    told = [one.message for one in stage.sent if one.to == PORTFOLIO]
    assert [bool(one.text) for one in told if isinstance(one, SymbolConflict)] == [True, False]


def test_a_rejection_as_a_duplicate_is_looked_up_and_a_strangers_order_is_not_taken() -> None:
    stage = placed()
    refused = SubmitFailed(
        client_order_id=ORDER, kind=FailureKind.REJECTED, reason=RejectReason.DUPLICATE_ID
    )
    stage.tell(refused)
    assert stage.orders.by_id[ORDER].facts.status is OrderStatus.UNKNOWN
    stage.tell(shown(replace(OURS, quantity=Decimal(5)), OrderStatus.FILLED))
    order = stage.orders.by_id[ORDER]
    assert (order.facts.status, order.facts.filled) == (OrderStatus.UNKNOWN, Decimal(0))
    assert "quantity 5, not 2" in order.conflict


THEIRS = replace(OURS, side=Side.SELL)


def in_conflict() -> Stage:
    stage = placed()
    stage.tell(shown(THEIRS))
    assert stage.order().conflict
    return stage


def test_what_is_in_conflict_is_looked_up_and_never_canceled() -> None:
    stage = in_conflict()
    stage.cancel(urgent=True)
    for _ in range(20):
        stage.pass_time(10_000)
        stage.tell(shown(THEIRS))
    assert not stage.all_sent(CancelAtVenue)
    assert len(stage.all_sent(LookUpOrder)) > 5


def test_our_own_order_is_canceled_once_the_conflict_is_over() -> None:
    stage = in_conflict()
    stage.cancel(urgent=True)
    stage.tell(shown(OURS))
    stage.pass_time(60_000)
    assert stage.all_sent(CancelAtVenue)


@pytest.mark.parametrize("kind", list(FailureKind))
def test_no_answer_to_the_submit_ends_a_conflict(kind: FailureKind) -> None:
    stage = in_conflict()
    stage.fail_submit(kind, RejectReason.INSUFFICIENT_FUNDS)
    stage.pass_time(600_000)
    assert stage.order().facts.is_in_conflict
    assert not [one for one in stage.sent if isinstance(one.message, CancelAtVenue)]


def test_not_found_never_ends_a_conflict() -> None:
    stage = in_conflict()
    for _ in range(40):
        stage.pass_time(600_000)
        stage.tell(OrderNotFound(client_order_id=ORDER))
    assert stage.status() is OrderStatus.UNKNOWN


def test_after_a_persons_word_it_is_over_and_the_other_order_stays_another() -> None:
    stage = in_conflict()
    stage.tell(ConflictCleared(client_order_id=ORDER))
    assert (stage.status(), stage.order().conflict) == (OrderStatus.REJECTED, "")
    stage.pass_time(10 * DAY_MS)
    before = stage.order()
    stage.tell(shown(THEIRS, OrderStatus.FILLED))
    stage.tell(shown(None, OrderStatus.FILLED))
    assert stage.order() == before


def told_after(stage: Stage, message: Message) -> list[SymbolConflict]:
    before = len(stage.sent)
    stage.tell(message)
    news = [one.message for one in stage.sent[before:] if one.to == PORTFOLIO]
    return [one for one in news if isinstance(one, SymbolConflict)]


def test_a_conflict_is_told_again_with_its_alarm_until_a_persons_word() -> None:
    stage = in_conflict()
    alarms = len(stage.all_sent(Alarm))
    why = stage.order().conflict
    again = SymbolConflict(symbol=SYMBOL, client_order_id=ORDER, text=why)
    asked = ResendConflicts(symbol=SYMBOL)
    assert told_after(stage, asked) == [again]
    assert len(stage.all_sent(Alarm)) == alarms + 1
    assert told_after(stage, replace(asked, symbol=Symbol("ETH/USDT"))) == []
    stage.tell(ConflictCleared(client_order_id=ORDER))
    assert told_after(stage, asked) == []
    over = replace(again, text="")
    assert told_after(stage, replace(asked, client_order_id=ORDER)) == [over]


def test_of_one_that_was_shown_as_ours_before_a_persons_word_keeps_the_fills() -> None:
    stage = placed()
    stage.tell(OrderReported(facts=facts(OrderStatus.PARTIALLY_FILLED, "1"), terms=OURS))
    stage.tell(shown(THEIRS))
    stage.tell(ConflictCleared(client_order_id=ORDER))
    assert (stage.status(), stage.order().facts.filled) == (OrderStatus.REJECTED, Decimal(1))


def test_a_word_about_what_is_in_no_conflict_changes_nothing() -> None:
    stage = placed()
    stage.tell(ConflictCleared(client_order_id=ORDER))
    assert stage.status() is OrderStatus.SUBMITTED


def test_our_own_order_that_is_there_after_a_persons_word_is_canceled() -> None:
    stage = in_conflict()
    stage.tell(ConflictCleared(client_order_id=ORDER))
    stage.tell(shown(OURS))
    assert stage.status() is OrderStatus.OPEN
    assert stage.all_sent(CancelAtVenue)


def test_what_an_earlier_process_was_asked_for_may_be_older_than_the_wish_heard_again() -> None:
    identity = Identity(account="a" * 8, epochs=(epoch_of(1), epoch_of(2)))
    before = identity.prefix_in(epoch_of(1), PositionId("p1"))
    order_id = client_order_id(before, EXIT_LEG, 1)
    stage = Stage()
    stage.orders.apply(identity)
    stage.place(replace(request(), client_order_id=order_id, position_id=PositionId("p1")))
    old = replace(OURS, placed_at=Timestamp(1_000_000 - 600_000))
    stage.tell(OrderReported(facts=facts(OrderStatus.FILLED, "2", order_id), terms=old))
    assert stage.status(order_id) is OrderStatus.FILLED
    assert not stage.all_sent(SymbolConflict)


def of_the_process_before(canceled_at: int) -> Stage:
    """An order of the process before this one is canceled, and no record says who asked."""
    stage = Stage()
    stage.place(request())
    stage.tell(shown(OURS))
    stage.pass_time(10_000)
    identity = Identity(account="a" * 8, epochs=(epoch_of(1), epoch_of(2)), started_at=stage.now)
    stage.orders.apply(identity)
    at = Timestamp(stage.now + canceled_at)
    stage.pass_time(60_000)
    stage.tell(OrderReported(facts=replace(facts(OrderStatus.CANCELED), at=at), terms=OURS))
    return stage


def test_a_cancel_before_this_start_may_be_one_that_left_without_a_record() -> None:
    assert not of_the_process_before(canceled_at=-1_000).all_sent(OwnershipDoubted)
    assert not of_the_process_before(canceled_at=SETTINGS.unknown_settle_ms).all_sent(
        OwnershipDoubted
    )


def test_a_cancel_after_this_start_that_nobody_asked_for_is_another_process_s() -> None:
    late = SETTINGS.unknown_settle_ms + 1
    assert len(of_the_process_before(canceled_at=late).all_sent(OwnershipDoubted)) == 1


def test_a_cancel_of_an_order_of_this_process_that_nobody_asked_for_is_doubted() -> None:
    stage = Stage()
    stage.orders.apply(Identity(account="a" * 8, epochs=(epoch_of(1),), started_at=stage.now))
    stage.place(request())
    stage.tell(shown(OURS))
    stage.tell(shown(OURS, OrderStatus.CANCELED))
    assert len(stage.all_sent(OwnershipDoubted)) == 1


IDENTITY = Identity(account="a" * 8, epochs=(epoch_of(1), epoch_of(2)), started_at=Timestamp(10**6))
EARLIER = IDENTITY.prefix_in(epoch_of(1), PositionId("p1"))
SOUGHT = client_order_id(EARLIER, EXIT_LEG, 1)
LOOK_BACK = LookBack(
    position_id=PositionId("p1"),
    symbol=SYMBOL,
    order_prefix=EARLIER,
    after=0,
    at_most=Decimal(2),
    since=IDENTITY.started_at,
)


def looking_back() -> Stage:
    """After a start a position looks for exits of the process before it."""
    stage = Stage()
    stage.orders.apply(IDENTITY)
    stage.tell(LOOK_BACK)
    return stage


def find_none(stage: Stage) -> Stage:
    """Answer the look back: nothing is there."""
    for _ in range(60):
        for query in stage.all_sent(LookUpOrder):
            stage.tell(OrderNotFound(client_order_id=query.client_order_id))
        stage.pass_time(1_000)
    return stage


def sale(late_ms: int, status: OrderStatus = OrderStatus.OPEN) -> OrderReported:
    """An exit under the id that is sought, placed so long after the start."""
    placed_at = Timestamp(IDENTITY.started_at + late_ms)
    terms = replace(OURS, side=Side.SELL, placed_at=placed_at)
    return OrderReported(
        facts=facts(status, "2" if status is OrderStatus.FILLED else "0", SOUGHT), terms=terms
    )


def test_what_arrived_late_from_the_process_before_is_found() -> None:
    stage = looking_back()
    stage.tell(sale(SETTINGS.unknown_settle_ms))
    assert stage.status(SOUGHT) is OrderStatus.OPEN
    assert not stage.all_sent(OrdersUnknown)


@pytest.mark.parametrize("is_over", [False, True])
def test_what_was_placed_long_after_the_start_is_another_process_s(*, is_over: bool) -> None:
    stage = find_none(looking_back()) if is_over else looking_back()
    stage.tell(sale(SETTINGS.unknown_settle_ms + 1))
    (unknown,) = stage.all_sent(OrdersUnknown)
    assert [one.client_order_id for one in unknown.orders] == [SOUGHT]
    find_none(stage)
    assert not stage.all_sent(CancelAtVenue)
    assert len(stage.all_sent(LookedBack)) == 1, "it is awaited no more"
    assert SOUGHT not in stage.orders.by_id


def test_once_its_epoch_is_adopted_it_is_looked_for_again_and_found() -> None:
    stage = find_none(looking_back())
    sold = sale(SETTINGS.unknown_settle_ms + 1, OrderStatus.FILLED)
    stage.tell(sold)
    stage.tell(IdentityChanged(identity=IDENTITY.with_adopted(epoch_of(1))))
    stage.tell(LOOK_BACK)
    assert stage.all_sent(LookUpOrder)[-1].client_order_id == SOUGHT
    stage.tell(sold)
    assert stage.order(SOUGHT).facts.filled == Decimal(2)


def test_once_a_person_names_the_owner_it_is_looked_for_again_and_found() -> None:
    stage = find_none(looking_back())
    sold = sale(SETTINGS.unknown_settle_ms + 1, OrderStatus.FILLED)
    stage.tell(sold)
    stage.tell(replace(LOOK_BACK, is_owned=True))
    assert stage.all_sent(LookUpOrder)[-1].client_order_id == SOUGHT
    stage.tell(sold)
    assert stage.order(SOUGHT).facts.filled == Decimal(2)
