"""No entry while something holds trading, or once the day's loss has reached its limit.

Owns what holds, as the guardian's own mail says, and what was lost, by the venue's ledger.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from actors.guardian.actor import GuardianActor
from actors.guardian.core import Guard, deadline
from actors.guardian.states import Cause
from actors.journal.port import Record
from actors.portfolio.accounts import Account
from actors.portfolio.actor import PortfolioActor
from actors.position.states import State
from actors.runtime.actor import WAKE_AGAIN_MS
from messages.addresses import GUARDIAN, PORTFOLIO
from messages.base import DAY_MS, Address, Timestamp
from messages.envelope import Envelope, Wake
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
from messages.position import BudgetDenied, DenialReason
from verification.invariants.ledger import Account as VenueAccount
from verification.invariants.rule import Rule, budget_granted
from verification.simulation.plans import USDT

if TYPE_CHECKING:
    from verification.simulation.world import World

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
        self._day_ends: Timestamp | None = None
        """When the loss holds no more."""
        self._realised: dict[int, Decimal] = {}
        """By UTC day, as the portfolio booked it."""
        self._booked = ZERO

    def rewound(self, records: Sequence[Record]) -> None:
        """Take back what died with a process."""
        self._realised, self._booked = {}, ZERO
        for record in records:
            self._note_realised(record)

    def restarted(self) -> None:
        """Go on from what survived: that it is whole is looked at by ``crashes``."""
        guard = self.world.actor(GUARDIAN, GuardianActor).guard
        self._causes = {held.cause for held in guard.holds}
        self._day_ends = deadline(guard)
        self._told = self.world.actor(PORTFOLIO, PortfolioActor).books.trading.state

    def delivered(self, address: Address, envelope: Envelope) -> None:
        """Look that the guardian holds what its mail says; note what the portfolio hears."""
        message = envelope.message
        if address == PORTFOLIO and type(message) is TradingStateChanged:
            self._told = message.state
        if address != GUARDIAN:
            return
        if isinstance(message, DailyLossReached):
            self._lose(message)
        elif type(message) in HOLDS:
            self._causes.add(HOLDS[type(message)])
        is_dated = type(message) is Wake and self._day_ends is not None
        if is_dated and (self._day_ends or 0) <= self.world.now:
            self._causes.discard(Cause.DAILY_LOSS)
        self._causes -= LIFTS.get(type(message), frozenset())
        guard = self.world.actor(GUARDIAN, GuardianActor).guard
        held = {one.cause for one in guard.holds if one.state is not TradingState.ACTIVE}
        if envelope.sender == GUARDIAN:
            self._day_ends = deadline(guard)
            self._causes = held  # skipped and heard again: it is dropped if a newer one was heard
        assert held == self._causes, (
            f"after {type(message).__name__} trading is held by {sorted(held)}, "
            f"and should be by {sorted(self._causes)}"
        )

    def recorded(self, record: Record) -> None:
        """Look that a change of the holds is told, and that a budget is granted with right."""
        if record.actor == GUARDIAN:
            _check_told(record)
        self._note_realised(record)
        self._check_refusal(record)
        asked = budget_granted(record)
        if asked is not None:
            self._check_grant(asked)

    def over(self) -> None:
        """Look that no day's loss holds once its day is over, but until a skipped wake comes again.

        That every wake which is not skipped lifts it is looked at as it is delivered.
        """
        soon = self.world.now + WAKE_AGAIN_MS
        is_woken = any(to == GUARDIAN and at <= soon for to, _, at in self.world.clock.pending())
        for held in self.world.actor(GUARDIAN, GuardianActor).guard.holds:
            if held.cause is Cause.DAILY_LOSS:
                ends = held.deadline or 0
                assert self.world.now < ends or is_woken, (
                    f"the loss of a day that ended at {ends} holds trading at {self.world.now}"
                )

    def _lose(self, message: DailyLossReached) -> None:
        """A loss that is heard after its day holds nothing."""
        assert message.ends_at is not None
        if message.ends_at > self.world.now:
            self._causes.add(Cause.DAILY_LOSS)
            self._day_ends = message.ends_at

    def _note_realised(self, record: Record) -> None:
        for change in record.changes if record.actor == PORTFOLIO else ():
            if type(change) is Account and change.currency == USDT:
                day = record.now // DAY_MS
                gain = change.realised - self._booked
                self._realised[day] = self._realised.get(day, ZERO) + gain
                self._booked = change.realised

    def _check_refusal(self, record: Record) -> None:
        """Look that a refusal for the day's loss is for one of this day."""
        for send in record.outbox if record.actor == PORTFOLIO else ():
            message = send.message
            if not isinstance(message, BudgetDenied):
                continue
            if message.reason is DenialReason.DAILY_LOSS_LIMIT and not record.error:
                lost, limit = -self._realised.get(record.now // DAY_MS, ZERO), self.world.loss_limit
                is_repeated = not record.changes  # asked again: the answer is that of then
                assert is_repeated or (limit is not None and lost >= limit), (
                    f"refused for a loss of {limit}, and {lost} are lost today: {message.text}"
                )

    def _check_grant(self, asked: ReserveBudget) -> None:
        assert self._told is TradingState.ACTIVE, (
            f"{asked.position_id} may enter, and the portfolio was told {self._told}"
        )
        limit = self.world.loss_limit
        if limit is None:
            return
        is_first_day = self.world.now < DAY_MS
        lost = self._lost() if is_first_day else -self._realised.get(1, ZERO)
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


def _loss(account: VenueAccount) -> Decimal:
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
