"""No entry while something holds trading, or once the day's loss has reached its limit.

Owns what holds, as the guardian's own mail says, and what was lost, by the venue's ledger.
"""

from decimal import Decimal
from typing import TYPE_CHECKING

from actors.guardian.actor import GuardianActor
from actors.guardian.core import Guard
from actors.guardian.states import Cause
from actors.journal.port import Record
from actors.portfolio.actor import PortfolioActor
from actors.position.states import State
from messages.addresses import GUARDIAN, PORTFOLIO
from messages.base import Address
from messages.envelope import Envelope
from messages.guardian import (
    DailyLossReached,
    EnterReducing,
    Escalated,
    Halt,
    JournalFailed,
    JournalHealed,
    RecoveryBegun,
    RecoveryDone,
    Resume,
)
from messages.money import ZERO, amount_in
from messages.orders import Side
from messages.portfolio import ReserveBudget, TradingState, TradingStateChanged
from tests.simulation.plans import USDT
from tests.simulation.rules.ledger import Account
from tests.simulation.rules.rule import Rule, budget_granted

if TYPE_CHECKING:
    from tests.simulation.world import World

DAY_MS = 86_400_000
HOLDS = {
    Halt: Cause.OPERATOR,
    EnterReducing: Cause.OPERATOR,
    DailyLossReached: Cause.DAILY_LOSS,
    Escalated: Cause.ESCALATION,
    JournalFailed: Cause.JOURNAL,
    RecoveryBegun: Cause.RECOVERY,
}
LIFTS = {
    Resume: frozenset({Cause.OPERATOR, Cause.DAILY_LOSS, Cause.ESCALATION, Cause.RECOVERY}),
    JournalHealed: frozenset({Cause.JOURNAL}),
    RecoveryDone: frozenset({Cause.RECOVERY}),
}
"""What each of the guardian's messages does, as the guardian's users are told."""


class Holds(Rule):
    """Looks at what holds trading, who is told, and who enters all the same."""

    def __init__(self, world: "World") -> None:
        super().__init__(world)
        self._causes: set[Cause] = set()
        self._told = TradingState.ACTIVE
        """What the portfolio heard last."""

    def restarted(self) -> None:
        """Go on from what survived: that it is whole is looked at by ``crashes``."""
        guard = self.world.actor(GUARDIAN, GuardianActor).guard
        self._causes = {held.cause for held in guard.holds}
        self._told = self.world.actor(PORTFOLIO, PortfolioActor).books.trading.state

    def delivered(self, address: Address, envelope: Envelope) -> None:
        """Look that the guardian holds what its mail says; note what the portfolio hears."""
        message = envelope.message
        if address == PORTFOLIO and type(message) is TradingStateChanged:
            self._told = message.state
        if address != GUARDIAN:
            return
        if type(message) in HOLDS:
            self._causes.add(HOLDS[type(message)])
        self._causes -= LIFTS.get(type(message), frozenset())
        guard = self.world.actor(GUARDIAN, GuardianActor).guard
        held = {one.cause for one in guard.holds if one.state is not TradingState.ACTIVE}
        if envelope.sender == GUARDIAN:
            self._causes = held  # skipped and heard again: it is dropped if a newer one was heard
        assert held == self._causes, (
            f"after {type(message).__name__} trading is held by {sorted(held)}, "
            f"and should be by {sorted(self._causes)}"
        )

    def recorded(self, record: Record) -> None:
        """Look that a change of the holds is told, and that a budget is granted with right."""
        if record.actor == GUARDIAN:
            _check_told(record)
        asked = budget_granted(record)
        if asked is not None:
            self._check_grant(asked)

    def _check_grant(self, asked: ReserveBudget) -> None:
        assert self._told is TradingState.ACTIVE, (
            f"{asked.position_id} may enter, and the portfolio was told {self._told}"
        )
        limit = self.world.loss_limit
        if limit is None or self.world.now >= DAY_MS:
            return
        lost = self._lost()
        assert lost is None or lost < limit, (
            f"{asked.position_id} may enter, and {lost} of {limit} are lost today"
        )

    def _lost(self) -> Decimal | None:
        """Return the day's loss by the venue's ledger; None while somebody is half sold.

        Of those whose end the portfolio has heard; the surprises of the venue aside.
        """
        world, lost = self.world, ZERO
        books = world.actor(PORTFOLIO, PortfolioActor).books
        assert world.judges is not None
        for position_id, account in world.judges.accounts.items():
            if account.adopted or not account.orders.keys().isdisjoint(world.venue.surprises):
                return None
            booking, position = books.bookings.get(position_id), world.positions.get(position_id)
            is_over = position is not None and position.state is State.CLOSED
            if is_over and booking is not None and booking.closed:
                lost += _loss(account)
            elif any(
                o.request.side is Side.SELL and o.facts.filled for o in account.orders.values()
            ):
                return None
        return lost


def _loss(account: Account) -> Decimal:
    """Return what one position cost in the end, quote."""
    lost = ZERO
    for order in account.orders.values():
        cost = order.facts.cost
        lost += cost if order.request.side is Side.BUY else -cost
        lost += amount_in(order.facts.fees, USDT)
    return lost


def _check_told(record: Record) -> None:
    for change in record.changes:
        if type(change) is Guard:
            is_held = bool(change.holds)
            told = [
                s.message.state for s in record.outbox if type(s.message) is TradingStateChanged
            ]
            assert told, f"trading is held by {change.holds}, and the portfolio is not told"
            assert (told[-1] is not TradingState.ACTIVE) is is_held, (
                f"trading is held by {change.holds}, and told as {told[-1]}"
            )
