"""The figures of a round, from the venue's ledger alone: seconds, or as the name says.

Each is None where the round never came to the event that ends it.
"""

from benchmarks.seconds import books as ledger
from benchmarks.seconds.books import seconds_between
from benchmarks.seconds.round import Round
from exchange.server.ledger import Answered, Asked, Filled
from exchange.server.wire import Call
from messages.orders import Side

BUY = "side=BUY"
_WINDOW_MS = 5_000
"""Binance's receive window of a request that names none."""
_SHOWS_A_FILL = {Call.LOOK_UP, Call.TRADES}


def until_placed(one: Round) -> float | None:
    """From the first answer after a start until the first order arrived."""
    begin = one.first_answer
    if begin is None:
        return None
    return seconds_between(begin, ledger.first_request(one.entries, Call.SUBMIT, begin))


def until_covered(one: Round) -> float | None:
    """From the first answer after a start until stops cover all coins."""
    return seconds_between(one.first_answer, _covered_again(one))


def until_covered_from_kill(one: Round) -> float | None:
    """The same from the kill."""
    return seconds_between(one.killed, _covered_again(one))


def until_sold(one: Round) -> float | None:
    """From the first answer after a start until nothing is held."""
    return seconds_between(one.first_answer, one.flat_at)


def until_sold_from_kill(one: Round) -> float | None:
    """The same from the kill."""
    return seconds_between(one.killed, one.flat_at)


def cross_to_flat(one: Round) -> float | None:
    """From the price's jump until nothing is held."""
    return seconds_between(one.crossed, one.flat_at)


def cross_to_cancel(one: Round) -> float | None:
    """From the price's jump until a cancel arrived."""
    cancel = ledger.first_request(one.entries, Call.CANCEL, one.crossed or 0)
    return seconds_between(one.crossed, cancel)


def naked(one: Round) -> float | None:
    """For how long no stop covered the coins; None: none ever did."""
    is_covered = ledger.first_when(one.entries, lambda books: books.is_covered) is not None
    return ledger.naked_seconds(one.entries) if is_covered else None


def naked_after_cover(one: Round) -> float | None:
    """The same, once a stop had covered them."""
    covered = ledger.first_when(one.entries, lambda books: books.is_covered)
    return None if covered is None else ledger.naked_seconds(one.entries, covered)


def fill_to_known(one: Round) -> float | None:
    """From the fill of what rested until the venue answered a question that shows it."""
    fill = _first_sale(one)
    if fill is None:
        return None
    order = one.rig.books.orders[fill.client_order_id]
    asked = {
        request.number
        for request in one.entries
        if isinstance(request, Asked)
        and request.call in _SHOWS_A_FILL
        and (request.call is Call.TRADES or ledger.names(request, order))
    }
    answer = ledger.first(one.entries, Answered, fill.at, lambda said: said.number in asked)
    return seconds_between(fill.at, None if answer is None else answer.at)


def fill_to_entry(one: Round) -> float | None:
    """From the fill of what rested until the next entry arrived."""
    fill = _first_sale(one)
    if fill is None:
        return None
    return seconds_between(fill.at, ledger.first_request(one.entries, Call.SUBMIT, fill.at, BUY))


def weight_a_minute(one: Round) -> float | None:
    """What the requests of one minute weigh."""
    return float(ledger.weight(one.entries))


def window_seconds(one: Round) -> float:
    """Return the receive window of the request that failed."""
    failed = ledger.first(one.entries, Asked, 0, lambda asked: asked.fault is not None)
    window_ms = None if failed is None else ledger.parameter(failed, "recvWindow")
    return int(window_ms or _WINDOW_MS) / 1000


def _covered_again(one: Round) -> int | None:
    return ledger.first_when(one.entries, lambda books: books.is_covered, one.killed or 0)


def _first_sale(one: Round) -> Filled | None:
    return ledger.first(one.entries, Filled, one.crossed or 0, lambda fill: fill.side is Side.SELL)
