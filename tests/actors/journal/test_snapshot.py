"""What is under way is neither dropped nor kept; entities leave with their actor."""

from actors.journal.codec import Undelivered, decode_outline, encode
from actors.journal.inspection import nothing
from actors.journal.port import Record
from actors.journal.snapshot import Cut, UnderWay
from actors.positions.roster import Living
from messages.addresses import (
    OBSERVERS,
    ORDER_ROUTER,
    PORTFOLIO,
    POSITIONS,
    position_address,
)
from messages.base import Address, MessageId, PositionId, Timestamp
from messages.envelope import Removed, Send
from messages.order_router import ReleaseOrders
from tests.actors.journal.history import NOW, records

P1, P2 = position_address(PositionId("p1")), position_address(PositionId("p2"))


def ask(number: int) -> ReleaseOrders:
    return ReleaseOrders(position_id=PositionId(f"p{number}"))


def step(
    sequence: int, actor: Address, received: MessageId, sender: Address, *sends: Send
) -> Record:
    return Record(
        sequence=sequence,
        actor=actor,
        now=Timestamp(NOW + sequence),
        id=received,
        cause=None,
        sender=sender,
        message=ask(0),
        changes=(),
        outbox=sends,
    )


def under_way(*steps: Record) -> list[tuple[Address, MessageId]]:
    found = UnderWay(nothing(NOW))
    for one in steps:
        found.take(decode_outline(encode(one)))
    return [(one.to, one.id) for one in found.list()]


FIRST = step(1, P1, (0, 1), PORTFOLIO, Send(ORDER_ROUTER, ask(1)), Send(ORDER_ROUTER, ask(2)))


def test_what_was_sent_and_not_received_is_under_way() -> None:
    assert under_way(FIRST) == [(ORDER_ROUTER, (1, 0)), (ORDER_ROUTER, (1, 1))]


def test_what_was_received_is_not_delivered_twice() -> None:
    assert under_way(FIRST, step(2, ORDER_ROUTER, (1, 0), P1)) == [(ORDER_ROUTER, (1, 1))]
    assert under_way(FIRST, step(2, ORDER_ROUTER, (1, 1), P1)) == []


def test_a_step_that_did_nothing_is_told_by_a_later_one_of_the_same_sender() -> None:
    others = step(2, P2, (0, 2), PORTFOLIO, Send(ORDER_ROUTER, ask(3)))
    received = step(3, ORDER_ROUTER, (2, 0), P2)
    assert under_way(FIRST, others, received) == [(ORDER_ROUTER, (1, 0)), (ORDER_ROUTER, (1, 1))]


def test_what_edges_were_sent_is_asked_for_again_instead() -> None:
    assert under_way(step(1, P1, (0, 1), PORTFOLIO, Send(OBSERVERS, ask(1)))) == []


def test_a_message_of_the_opening_is_under_way_until_it_is_received() -> None:
    opening = Undelivered(to=ORDER_ROUTER, sender=P1, id=(1, 1), cause=None, message=ask(2))
    start = nothing(NOW)
    found = UnderWay(type(start)(sequence=1, at=NOW, undelivered=(opening,)))
    assert found.list() == (opening,)
    found.take(decode_outline(encode(step(2, ORDER_ROUTER, (1, 1), P1))))
    assert found.list() == ()


def test_a_position_that_ended_takes_its_entities_along() -> None:
    cut = Cut(nothing(NOW))
    ended = 0
    for record in records():
        cut.take(record.sequence, record.actor, record.now, record.changes)
        for change in record.changes:
            if isinstance(change, Removed) and change.kind == Living.__name__:
                ended += 1
                assert position_address(PositionId(change.key)) not in {
                    one.actor for one in cut.entities()
                }
    assert ended > 5
    assert POSITIONS in {one.actor for one in cut.entities()}
