"""What a position tells of its money: to the portfolio on every change, and of its end."""

from actors.position import entry_ladder
from actors.position.draft import Turn
from actors.position.states import State
from messages.addresses import ORDER_ROUTER, PORTFOLIO, POSITIONS
from messages.money import ZERO
from messages.order_router import ReleaseOrders
from messages.portfolio import BookPosition, ReserveBudget
from messages.positions import PositionEnded


def ask_for_budget(turn: Turn) -> None:
    """Ask the portfolio for the budget; asked twice, it is granted once."""
    charter = turn.charter
    request = ReserveBudget(
        position_id=charter.position_id, symbol=charter.symbol, budget=charter.budget
    )
    turn.send(PORTFOLIO, request)


def set_reserve(turn: Turn) -> None:
    """Give back, step by step, what the entry will not spend.

    What a fill cost that is not known yet stays set aside: its cash is gone at the venue.
    """
    if turn.position.state is State.NEW:
        return
    is_spent = turn.position.entry.is_over and not turn.position.booked.unpriced_bought
    reserve = ZERO if is_spent else entry_ladder.remaining_budget(turn)
    if reserve != turn.position.reserve:
        turn.update(reserve=reserve)


def book(turn: Turn) -> None:
    """Tell the portfolio how the position stands: all of it, so hearing it twice is harmless."""
    booked = turn.position.booked
    message = BookPosition(
        position_id=turn.charter.position_id,
        symbol=turn.charter.symbol,
        reserve=turn.position.reserve,
        bought=booked.bought,
        bought_cost=booked.bought_cost,
        sold=booked.sold,
        sold_proceeds=booked.sold_proceeds,
        fees=booked.fees,
        closed=turn.position.state is State.CLOSED,
        adopts=turn.charter.adopted,
    )
    turn.send(PORTFOLIO, message)


def let_go_of_orders(turn: Turn) -> None:
    """Ask the router to let go: it is told what was booked of each order that filled."""
    booked = tuple(order.facts for order in turn.position.orders if order.facts.filled)
    message = ReleaseOrders(position_id=turn.charter.position_id, booked=booked)
    turn.send(ORDER_ROUTER, message)


def tell_end(turn: Turn) -> None:
    """Tell the positions actor that it is over."""
    message = PositionEnded(position_id=turn.charter.position_id, symbol=turn.charter.symbol)
    turn.send(POSITIONS, message)
