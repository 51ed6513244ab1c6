"""What a start changes in the last cut, so that no copy of a journal makes the ids of another."""

from decimal import Decimal

from msgspec.structs import replace

from actors.journal.codec import Snapshot, Undelivered
from actors.journal.entities import Entities
from actors.journal.identity import beginning, begun, identity_of
from actors.journal.inspection import nothing
from actors.order_router.order import Errand, Request, RoutedOrder
from actors.order_router.order_store import Orders
from actors.position.position import Charter, Position
from actors.position.progress import EarlierPrefix
from actors.positions.roster import Numbering, Roster
from messages.addresses import (
    GUARDIAN,
    ORDER_ROUTER,
    POSITIONS,
    RECONCILER,
    position_address,
)
from messages.base import ClientOrderId, PositionId, Timestamp
from messages.guardian import FirstLookDone
from messages.ids import Identity, epoch_of
from messages.market import Quote
from messages.orders import (
    OrderFacts,
    OrderRequest,
    OrderStatus,
    OrderType,
    Purpose,
    Side,
)
from messages.position import Begin
from tests.actors.position.stage import ALL_ABLE, P1, PLAN, RULES, SYMBOL

NOW = Timestamp(1_000)
FIRST = Identity(account="a" * 8, tag="", epochs=(epoch_of(1),))
SECOND = FIRST.with_epoch(epoch_of(2), NOW)
QUOTE = Quote(symbol=SYMBOL, at=NOW, bid=100.0, ask=100.0, last=100.0)


def charter(prefix: str) -> Charter:
    return Charter(
        position_id=P1,
        symbol=SYMBOL,
        budget=Decimal(200),
        plan=PLAN,
        rules=RULES,
        capabilities=ALL_ABLE,
        quote=QUOTE,
        atr=None,
        order_prefix=prefix,
        decision="a test",
    )


def position(**said: int) -> Position:
    plain = Position(position_id=P1, began_at=NOW, changed_at=NOW, measured_at=NOW)
    return replace(plain, **said)


def order(order_id: str, status: OrderStatus) -> RoutedOrder:
    request = OrderRequest(
        client_order_id=ClientOrderId(order_id),
        position_id=P1,
        symbol=SYMBOL,
        side=Side.SELL,
        type=OrderType.MARKET,
        purpose=Purpose.CLOSE,
        quantity=Decimal(1),
    )
    facts = OrderFacts(client_order_id=ClientOrderId(order_id), status=status)
    errand = Errand(request=Request.SUBMIT, is_sent=False, at=NOW)
    return RoutedOrder(request=request, facts=facts, errand=errand)


def cut(prefix: str, *orders: RoutedOrder, **said: int) -> Snapshot:
    return Snapshot(
        sequence=9,
        at=NOW,
        actors=(
            Entities(position_address(P1), (charter(prefix), position(**said))),
            Entities(ORDER_ROUTER, orders),
            Entities(POSITIONS, (Numbering(account_tag="", journal_epoch=3),)),
        ),
    )


def entities(snapshot: Snapshot, actor: str) -> tuple[object, ...]:
    (found,) = [one.entities for one in snapshot.actors if one.actor == actor]
    return found


def test_a_position_that_was_open_before_a_start_has_new_ids_and_looks_back_at_the_old() -> None:
    begun_with = begun(cut(FIRST.prefix_of(P1), entry_attempts=1, exit_attempts=4), SECOND)
    own, now = entities(begun_with, position_address(P1))
    assert isinstance(own, Charter)
    assert isinstance(now, Position)
    assert own.order_prefix == SECOND.prefix_of(P1)
    assert now.earlier_prefixes == (EarlierPrefix(prefix=FIRST.prefix_of(P1), exits=4),)
    assert (now.entries_before, now.exits_before) == (1, 4)


def test_of_starts_that_looked_back_at_nothing_each_is_looked_back_at() -> None:
    third = SECOND.with_epoch(epoch_of(3), NOW)
    twice = begun(begun(cut(FIRST.prefix_of(P1), exit_attempts=4), SECOND), third)
    _, now = entities(twice, position_address(P1))
    assert isinstance(now, Position)
    assert now.earlier_prefixes == (
        EarlierPrefix(prefix=FIRST.prefix_of(P1), exits=4),
        EarlierPrefix(prefix=SECOND.prefix_of(P1), exits=0),
    )


def test_an_order_that_had_not_left_is_looked_up_and_never_sent() -> None:
    waiting, working = order("he3p1x1", OrderStatus.NEW), order("he3p1x2", OrderStatus.OPEN)
    first, second, identity = entities(begun(cut("he3p1", waiting, working), SECOND), ORDER_ROUTER)
    assert isinstance(first, RoutedOrder)
    assert (first.facts.status, first.errand) == (OrderStatus.UNKNOWN, None)
    assert second == working
    assert identity == SECOND


def test_a_position_that_is_about_to_begin_begins_with_new_ids() -> None:
    begin = Begin(
        position_id=PositionId("p2"),
        symbol=SYMBOL,
        budget=Decimal(200),
        plan=PLAN,
        rules=RULES,
        capabilities=ALL_ABLE,
        quote=QUOTE,
        order_prefix=FIRST.prefix_of(PositionId("p2")),
        decision="a test",
    )
    to = position_address(PositionId("p2"))
    sent = Undelivered(to=to, sender=POSITIONS, id=(9, 0), cause=None, message=begin)
    before = replace(cut("he3p1"), undelivered=(sent,))
    (after,) = begun(before, SECOND).undelivered
    assert isinstance(after.message, Begin)
    assert after.message.order_prefix == SECOND.prefix_of(PositionId("p2"))
    assert replace(after, message=begin) == sent


def test_a_journal_of_an_earlier_version_keeps_its_epochs_as_its_own() -> None:
    before = cut("he3p1", order("he2p1x1", OrderStatus.OPEN))
    known = identity_of(before, "a" * 8, "")
    assert known is not None
    assert set(known.epochs) == {"e3", "e2"}
    assert known.is_own(ClientOrderId("he2p1x1"))
    assert not known.is_own(ClientOrderId("he1p1x1"))


def test_a_new_journal_holds_its_epoch_before_its_first_record() -> None:
    found = beginning(FIRST, NOW, 7)
    assert found.snapshot.sequence == 0
    assert identity_of(found.snapshot, "", "") == FIRST
    roster, orders = Roster(Numbering(account_tag="", journal_epoch=1)), Orders()
    for one in entities(found.snapshot, POSITIONS):
        assert isinstance(one, Numbering)
        roster.apply(one)
    for other in entities(found.snapshot, ORDER_ROUTER):
        assert isinstance(other, Identity)
        orders.apply(other)
    assert roster.numbering.identity == orders.identity == FIRST
    assert entities(found.snapshot, RECONCILER) == (FIRST,)


def test_the_journal_keeps_all_its_epochs() -> None:
    snapshot = beginning(FIRST, NOW, 7).snapshot
    for number in range(2, 5):
        known = identity_of(snapshot, "", "")
        assert known is not None
        snapshot = begun(snapshot, known.with_epoch(epoch_of(number), NOW))
    known = identity_of(snapshot, "", "")
    assert known is not None
    assert known.epochs == tuple(epoch_of(number) for number in range(1, 5))


def test_the_end_of_the_last_processs_first_look_is_not_delivered_to_the_next_one() -> None:
    done = Undelivered(
        to=GUARDIAN, sender=RECONCILER, id=(1, 0), cause=None, message=FirstLookDone()
    )
    cut = replace(nothing(NOW), undelivered=(done,))
    assert begun(cut, SECOND).undelivered == ()
