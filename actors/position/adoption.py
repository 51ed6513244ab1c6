"""The beginning of a position whose coins are there already: a late fill that nobody expected.

It asks for no budget and buys nothing. Its plan protects it, or it leaves at once, as its policy
says.
"""

from actors.position.draft import Turn
from actors.position.position import OwnOrder, sums
from actors.position.progress import Entry
from actors.position.states import Input
from messages.money import ZERO
from messages.orders import OrderFacts, OrderStatus, Purpose, Side
from messages.portfolio import AdoptedFill, UnmatchedPolicy
from messages.position import CloseCause


def begin_adopted(turn: Turn, adopted: AdoptedFill) -> None:
    """Hold what was bought; the order that bought it counts as this position's entry."""
    facts = OrderFacts(
        client_order_id=adopted.client_order_id,
        status=OrderStatus.FILLED,
        filled=adopted.quantity,
        cost=adopted.cost,
        fees=adopted.fees,
        fees_missing=adopted.fees_missing,
        at=turn.now,
    )
    order = OwnOrder(side=Side.BUY, purpose=Purpose.ENTRY, quantity=adopted.quantity, facts=facts)
    turn.update(
        orders=(order,),
        booked=sums((order,), turn.charter),
        entry=Entry(is_over=True),
        entered_at=turn.now,
        reserve=ZERO,
    )
    turn.advance(Input.ENTRY_FILLED)
    if adopted.policy is UnmatchedPolicy.SELL:
        reason = f"the late fill of {adopted.client_order_id} is sold"
        turn.begin_exit(CloseCause.ADOPTED_SALE, reason, is_emergency=True)
