"""The portfolio is the sum of the positions: at each delivery of what one has told, and at rest.

Its books lag behind the positions by what is under way; so each side is looked at by itself, and
both against each other where nothing is under way.
"""

from decimal import Decimal

from actors.journal.port import Record
from actors.portfolio.actor import PortfolioActor
from actors.position.position import Position
from actors.position.states import State
from messages.addresses import PORTFOLIO
from messages.base import Address
from messages.envelope import Envelope
from messages.ids import position_of
from messages.money import ZERO, divide_down
from messages.order_router import PlaceOrder
from messages.orders import Side
from messages.portfolio import BookPosition
from verification.invariants.rule import POSITION, Rule
from verification.simulation.plans import BTC, USDT

_ABOUT = Decimal("0.9")
"""Fills of one order have prices of their own."""


class Totals(Rule):
    """Looks at what positions tell of their money, and what the portfolio makes of it."""

    def recorded(self, record: Record) -> None:
        """Look that a position tells of what it bought, sold or gives back, in the same step."""
        if not record.actor.startswith(POSITION):
            return
        for change in record.changes:
            if type(change) is not Position:
                continue
            before = self.world.positions.get(change.position_id)
            is_spent = change.entry.is_over and not change.booked.unpriced_bought
            assert not (change.reserve and is_spent), (
                f"{change.position_id} buys no more, and keeps {change.reserve}"
            )
            self._check_priced(change, record)
            is_new = before is None or before.booked != change.booked
            if not is_new and (before is None or before.reserve == change.reserve):
                continue
            told = [s.message for s in record.outbox if type(s.message) is BookPosition]
            is_told = any(_is_said(message, change) for message in told)
            is_empty = before is None and not change.booked.bought
            assert is_told or is_empty, (
                f"{change.position_id} stands at {change.booked}, and tells the books {told}"
            )

    def _check_priced(self, position: Position, record: Record) -> None:
        """Look that no fill is booked for nothing, and no end before all of it has its cost.

        By the venue's ledger: what is booked cost about as much as the cheapest order did there.
        """
        position_id, booked = position.position_id, position.booked
        unpriced = booked.unpriced_bought + booked.unpriced_sold
        assert position.state is not State.CLOSED or not unpriced, (
            f"{position_id} is CLOSED, and does not know what all of it cost: {booked}"
        )
        prices = [
            divide_down(order.facts.cost, order.facts.filled)
            for order_id, order in self.world.venue.book.orders.items()
            if order.facts.filled and position_of(order_id) == position_id
        ]
        for message in (send.message for send in record.outbox):
            if type(message) is PlaceOrder and message.request.side is Side.BUY:
                assert not booked.unpriced_bought, (
                    f"{position_id} buys more before it knows what it spent: {booked}"
                )
            if (
                type(message) is not BookPosition
                or not prices
                or position_id != message.position_id
            ):
                continue
            told = (message.bought, message.bought_cost), (message.sold, message.sold_proceeds)
            for quantity, cost in told:
                assert cost >= quantity * min(prices) * _ABOUT, (
                    f"{position_id} books {quantity} for {cost}"
                )

    def delivered(self, address: Address, envelope: Envelope) -> None:
        """Look that the books hold what was just told, and are the sum of their parts."""
        if address != PORTFOLIO:
            return
        books, message = self.world.actor(PORTFOLIO, PortfolioActor).books, envelope.message
        if type(message) is BookPosition:
            booking = books.bookings.get(message.position_id)
            if booking is not None:
                booked = booking.booked
                is_behind = message.bought < booked.bought or message.sold < booked.sold
                assert is_behind or (
                    (booked.bought, booked.cost) == (message.bought, message.bought_cost)
                    and (booked.sold, booked.proceeds) == (message.sold, message.sold_proceeds)
                    and set(booked.fees) == set(message.fees)
                ), f"{message.position_id} told {message}, and the books have {booked}"
                assert booking.reserved <= message.reserve or is_behind, (
                    f"{message.position_id} needs {message.reserve}, reserved is {booking.reserved}"
                )
        bookings = books.bookings.values()
        reserved = sum((one.reserved for one in bookings), ZERO)
        invested = sum((one.invested for one in bookings), ZERO)
        held = sum((one.held for one in bookings), books.account(BTC).dust)
        cash = books.account(USDT)
        assert (cash.reserved, cash.invested, books.account(BTC).held) == (
            reserved,
            invested,
            held,
        ), f"the books' sums are not their parts': {reserved}, {invested}, {held}"

    def rests(self, position: Position) -> None:
        """Look that, with nothing under way, position and portfolio say the same."""
        booking = self.world.actor(PORTFOLIO, PortfolioActor).books.bookings.get(
            position.position_id
        )
        booked = position.booked
        if booking is None:
            assert not booked.bought, f"{position.position_id} is not in the books"
            return
        ours = (booked.bought, booked.bought_cost, booked.sold, booked.sold_proceeds)
        told = booking.booked
        assert (told.bought, told.cost, told.sold, told.proceeds) == ours, (
            f"{position.position_id}: the portfolio has {told}, the position {booked}"
        )
        assert not (booking.reserved and position.entry.is_over), (
            f"{position.position_id} buys no more, and {booking.reserved} are still reserved"
        )


def _is_said(message: BookPosition, position: Position) -> bool:
    booked = position.booked
    return (message.bought, message.bought_cost, message.sold, message.sold_proceeds) == (
        booked.bought,
        booked.bought_cost,
        booked.sold,
        booked.sold_proceeds,
    ) and message.reserve == position.reserve
