"""Exits of unknown outcome: written off in time, or at once where a second sale can't hurt.

A second sale can't hurt where the venue's engine refuses to sell coins that aren't there, and the
account has no others: the first of the two takes the coins, the other is refused. The router offers
it (``OrderUpdated.beside``): it knows what locks coins, that nothing of ours buys the coin, and
refuses every buy until the unseen order is over. Here the account's total is looked at.
"""

import msgspec

from actors.position import exit_ladder, protective_orders
from actors.position.deadlines import pause_after
from actors.position.draft import Turn
from actors.position.exit_slot import SlotInput, SlotState, slot_after
from actors.position.own_orders import doubtful_orders, is_slot_in_conflict
from actors.position.position import OwnOrder, Position, find_order
from actors.position.progress import UnseenExit
from messages.addresses import PORTFOLIO
from messages.base import Timestamp
from messages.money import floor_to_step
from messages.observers import AlarmKind
from messages.orders import OrderType
from messages.portfolio import RequestBalance
from messages.position import BalanceAnswered, OrderUpdated


def on_offer(turn: Turn, message: OrderUpdated) -> None:
    """Take in that other orders may be sent beside the one in the slot, of unknown outcome."""
    order_id = message.facts.client_order_id
    if message.beside and turn.position.slot.order_id == order_id:
        offered = UnseenExit(order_id=order_id, beside=message.beside, ask_at=turn.now)
        turn.update(unseen=offered)


def ask(turn: Turn) -> None:
    """Ask what the account holds, where a second sale is offered and would be made."""
    unseen = _offered(turn)
    if unseen is None or turn.now < unseen.ask_at or turn.position.looks_back is not None:
        return
    would_sell = _would_sell(turn, unseen.beside)
    asks = unseen.asks + would_sell
    ask_at = Timestamp(turn.now + pause_after(max(asks, 1), turn.charter.plan))
    turn.update(unseen=msgspec.structs.replace(unseen, asks=asks, ask_at=ask_at))
    if would_sell:
        charter = turn.charter
        message = RequestBalance(
            position_id=charter.position_id, currency=charter.rules.base, wants_total=True
        )
        turn.send(PORTFOLIO, message)


def on_balance(turn: Turn, message: BalanceAnswered) -> None:
    """Sell again at once where the account shows just what the position holds, in whole steps.

    More may be others'. Less may have been sold by the unseen order, or the venue is behind.
    """
    unseen, total = _offered(turn), message.total
    if unseen is None or not unseen.asks or total is None:
        return
    order = find_order(turn.position, unseen.order_id)
    sellable = turn.life.sellable
    is_all = floor_to_step(total, turn.charter.rules.step_size) == sellable
    if order is None or not sellable or not is_all or not _would_sell(turn, unseen.beside):
        return
    base = turn.charter.rules.base
    text = (
        f"exit {unseen.order_id} has no answer: it may be live. It is sent again at once: the "
        f"account holds {total} {base}, no more than this position"
    )
    write_off(turn, msgspec.structs.replace(order, is_harmless=True), text)
    turn.update(unseen=None)


def write_off(turn: Turn, order: OwnOrder, text: str) -> None:
    """Free the slot of an order whose outcome is not known; a person hears of it."""
    order_id = order.facts.client_order_id
    lost = msgspec.structs.replace(order, is_lost=True)
    orders = tuple(
        lost if one.facts.client_order_id == order_id else one for one in turn.position.orders
    )
    slot = slot_after(turn.position.slot, SlotInput.WRITTEN_OFF, turn.now)
    turn.update(orders=orders, slot=slot)
    if turn.position.closing is not None:
        # What the venue showed before an exit was lost proves nothing after it.
        turn.update_closing(sellable=None)
    turn.alarm(AlarmKind.EXIT_LOST, text)


def end_doubt(turn: Turn, before: Position) -> None:
    """Sell what the ledger says once nothing may sell twice any more: no look bounds the next exit.

    A look may show less for ever, where coins that are not ours were sold since they were counted.
    Where the venue refused an exit for want of coins, a look comes first all the same.
    """
    if not doubtful_orders(before) or doubtful_orders(turn.position) or turn.position.contested:
        return
    if turn.position.closing is not None and not turn.position.closing.lacks_coins:
        turn.update_closing(sellable=None, shown_since=None, waits_for_balance=False)
        exit_ladder.end_pause(turn)


def _offered(turn: Turn) -> UnseenExit | None:
    """Return the offer for the order in the slot, while its outcome is unknown."""
    position = turn.position
    unseen, slot = position.unseen, position.slot
    if unseen is None or slot.state is not SlotState.UNKNOWN or slot.order_id != unseen.order_id:
        return None
    if is_slot_in_conflict(position):
        return None
    return unseen


def _would_sell(turn: Turn, beside: tuple[OrderType, ...]) -> bool:
    """Return whether what would be sent next is of a type that may be sent beside the unseen."""
    if turn.position.contested or turn.position.is_looking_back:
        return False
    if turn.position.closing is not None:
        return OrderType.MARKET in beside and OrderType.LIMIT in beside
    want = protective_orders.wanted_resting(turn.life, turn.now)
    return want is not None and want.type in beside
