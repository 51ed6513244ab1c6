"""What a position tells of its money: to the portfolio on every change, and of its end."""

from actors.position import entry
from actors.position.states import State
from actors.position.turn import Turn
from messages.addresses import PORTFOLIO, POSITIONS
from messages.money import ZERO
from messages.portfolio import BookPosition
from messages.positions import PositionEnded


def set_reserve(turn: Turn) -> None:
    """Give back, step by step, what the entry will not spend."""
    if turn.position.state is State.NEW:
        return
    reserve = ZERO if turn.position.entry.is_over else entry.remaining_budget(turn)
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
    )
    turn.send(PORTFOLIO, message)


def tell_end(turn: Turn) -> None:
    """Tell the positions actor that it is over, once."""
    if turn.position.is_released:
        return
    turn.update(is_released=True)
    message = PositionEnded(position_id=turn.charter.position_id, symbol=turn.charter.symbol)
    turn.send(POSITIONS, message)
