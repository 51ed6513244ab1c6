"""The end of a position whose core can't be stepped any more: sold from the router's ledger. Pure.

Owns what an operator's ``CloseWithoutCore`` does. Hears the router's whole ledger, again and again,
and does the next thing that it asks for: cancel what works, sell what is held at the market, close
the books. Of what the position knew it takes the charter and how many exits it placed; it
calls nothing of the core but the sums, the booking and the numbering of orders.
"""

import msgspec
from msgspec.structs import replace

from actors.position.accounting import book, let_go_of_orders, tell_end
from actors.position.coverage import disarm_triggers
from actors.position.draft import Turn
from actors.position.exit_slot import EMPTY_SLOT
from actors.position.orders import next_id
from actors.position.position import Life, OwnOrder, sums
from actors.position.progress import Closing
from actors.position.states import State
from messages.addresses import ORDER_ROUTER, POSITIONS
from messages.base import Message, Milliseconds, Timestamp
from messages.envelope import NOTHING, Send, Step, Wake
from messages.ids import EXIT_LEG
from messages.market import MarketPhase
from messages.money import ZERO
from messages.observers import AlarmKind
from messages.order_router import CancelOrder, PlaceOrder, ReadLedger
from messages.orders import OrderRequest, OrderType, Purpose, RejectReason, Side
from messages.position import (
    CloseCause,
    LedgerOrder,
    LedgerRead,
    OrdersReleased,
    OrderUpdated,
    ResendBooking,
    SalvagePosition,
)
from messages.positions import PositionEnded


class Salvage(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """How far it is."""

    reason: str
    """The operator's."""
    reads: int = 0
    """How often the ledger was asked for; an answer to an earlier question is ignored."""
    pause_ms: Milliseconds
    """Between the last sale and the next one; it grows with each."""
    sell_at: Timestamp
    """Not sooner."""
    look_at: Timestamp
    """Then it asks again for what it waits for."""


def step(life: Life | None, salvage: Salvage | None, message: Message, now: Timestamp) -> Step:
    """Apply ``message``; return the changes and the messages to send, in order."""
    if life is None:
        return _nothing_began(message)
    turn = Turn(life, now)
    after = _take_in(turn, salvage, message)
    changes: tuple[msgspec.Struct, ...] = ()
    if turn.life is not life:
        changes = (turn.position,)
    if after is not None and after != salvage:
        changes = (*changes, after)
    return Step(changes, tuple(turn.outbox))


def _take_in(turn: Turn, salvage: Salvage | None, message: Message) -> Salvage | None:
    if salvage is None:
        return _begin(turn, message) if isinstance(message, SalvagePosition) else None
    match message:
        case SalvagePosition() | OrderUpdated():
            return _ask(turn, salvage)
        case Wake() if turn.now >= salvage.look_at:
            return _ask(turn, salvage)
        case LedgerRead(number=salvage.reads) if turn.position.state is not State.CLOSED:
            return _work(turn, salvage, message.orders)
        case OrdersReleased():
            turn.update(is_released=True)
            return _ask(turn, salvage)
        case ResendBooking() if turn.position.state is State.CLOSED:
            book(turn)
        case _:
            pass  # of the core that is not asked any more
    return salvage


def _nothing_began(message: Message) -> Step:
    """End a position that never began: it asked for nothing, and no order is its own."""
    if not isinstance(message, SalvagePosition):
        return NOTHING
    ended = PositionEnded(position_id=message.position_id, symbol=message.symbol)
    return Step(outbox=(Send(POSITIONS, ended),))


def _begin(turn: Turn, message: SalvagePosition) -> Salvage:
    """Forget what the core waited for, and ask for the ledger."""
    turn.update(faulted=None, wakes_at=None)
    if turn.position.state is not State.CLOSED:
        closing = Closing(cause=CloseCause.BY_HAND, reason=message.reason, since=turn.now, rung=0)
        turn.update(state=State.CLOSING, changed_at=turn.now, closing=closing)
    disarm_triggers(turn)
    pause_ms = turn.charter.plan.exit_retry_ms
    begun = Salvage(reason=message.reason, pause_ms=pause_ms, sell_at=turn.now, look_at=turn.now)
    return _ask(turn, begun)


def _ask(turn: Turn, salvage: Salvage) -> Salvage:
    """Ask for what it waits for, and once more after a pause."""
    position_id = turn.charter.position_id
    look_at = Timestamp(turn.now + turn.charter.plan.exit_retry_ms)
    if turn.position.state is not State.CLOSED:
        number = salvage.reads + 1
        turn.send(ORDER_ROUTER, ReadLedger(position_id=position_id, number=number))
        return replace(salvage, reads=number, look_at=look_at)
    book(turn)
    if turn.position.is_released:
        tell_end(turn)
    else:
        let_go_of_orders(turn)
    return replace(salvage, look_at=look_at)


def _work(turn: Turn, salvage: Salvage, ledger: tuple[LedgerOrder, ...]) -> Salvage:
    """Compare what the ledger says with flat, and do the next thing."""
    orders = _own_orders(turn.life, ledger)
    turn.update(orders=orders, booked=sums(orders, turn.charter))
    live = [order for order in ledger if not order.facts.is_terminal]
    for order in live:
        if order.request.type is not OrderType.MARKET:  # which is over soon by itself
            order_id = order.request.client_order_id
            turn.send(ORDER_ROUTER, CancelOrder(client_order_id=order_id, urgent=True))
    if turn.position.phase is MarketPhase.GONE:
        return _close(turn, salvage)  # the venue can't be asked, and a person has seen to it
    if live:
        return salvage
    if _is_dust(turn.life, ledger):
        # What a fill cost can still come; closed, its books would be a guess.
        return _close(turn, salvage) if turn.position.booked.is_priced else salvage
    if turn.now < salvage.sell_at:
        return replace(salvage, look_at=salvage.sell_at)
    return _sell(turn, salvage, ledger)


def _own_orders(life: Life, ledger: tuple[LedgerOrder, ...]) -> tuple[OwnOrder, ...]:
    """Return the orders that filled or may; first the late fill that another position's order is.

    That one is not in the ledger of this position.
    """
    adopted = life.charter.adopted
    taken_over = tuple(
        order
        for order in life.position.orders
        if adopted is not None and order.facts.client_order_id == adopted.client_order_id
    )
    own = (
        OwnOrder(
            side=order.request.side,
            purpose=order.request.purpose,
            quantity=order.request.quantity,
            facts=order.facts,
        )
        for order in ledger
        if order.facts.filled or not order.facts.is_terminal
    )
    return (*taken_over, *own)


def _is_dust(life: Life, ledger: tuple[LedgerOrder, ...]) -> bool:
    """Return whether what is held is too little to sell: by the rules, or as the venue said."""
    refused = (
        order.request.quantity
        for order in ledger
        if order.request.side is Side.SELL and order.facts.reason is RejectReason.BELOW_MINIMUM
    )
    return life.sellable < life.least_quantity or life.sellable <= max(refused, default=ZERO)


def _sell(turn: Turn, salvage: Salvage, ledger: tuple[LedgerOrder, ...]) -> Salvage:
    """Sell all that is held at the market, under an id that was never used."""
    charter, plan = turn.charter, turn.charter.plan
    if salvage.pause_ms >= plan.stuck_retry_ms:
        text = f"{turn.life.sellable} {charter.rules.base} can't be sold from the ledger"
        turn.alarm(AlarmKind.EXIT_STUCK, f"{text}; it is tried again")
    position = turn.position
    used = position.exits_before + max(_exit_attempts(charter.order_prefix, ledger))
    turn.update(exit_attempts=max(position.exit_attempts, used))
    request = OrderRequest(
        client_order_id=next_id(turn, Side.SELL),
        position_id=charter.position_id,
        symbol=charter.symbol,
        side=Side.SELL,
        type=OrderType.MARKET,
        purpose=Purpose.CLOSE,
        quantity=turn.life.sellable,
    )
    turn.send(ORDER_ROUTER, PlaceOrder(request=request))
    next_at = Timestamp(turn.now + salvage.pause_ms)
    slower = Milliseconds(min(salvage.pause_ms * 2, plan.stuck_retry_ms))
    # A ledger that was read before this sale must not be taken for one without it.
    reads = salvage.reads + 1
    return replace(salvage, reads=reads, sell_at=next_at, look_at=next_at, pause_ms=slower)


def _exit_attempts(prefix: str, ledger: tuple[LedgerOrder, ...]) -> list[int]:
    stem = prefix + EXIT_LEG
    ids = (order.request.client_order_id for order in ledger)
    return [0, *(int(order_id.removeprefix(stem)) for order_id in ids if order_id.startswith(stem))]


def _close(turn: Turn, salvage: Salvage) -> Salvage:
    """Nothing works and nothing is held but dust: close the books, and let go."""
    turn.update(
        state=State.CLOSED,
        changed_at=turn.now,
        closed_at=turn.now,
        close_cause=CloseCause.BY_HAND,
        close_reason=salvage.reason,
        slot=EMPTY_SLOT,
        entry=replace(turn.position.entry, is_over=True),
        reserve=ZERO,
    )
    return _ask(turn, salvage)
