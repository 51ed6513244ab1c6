"""What must hold after every delivery, by the venue's own ledger; and when all is over.

Each rule is looked at anew whenever something that it reads has changed: the venue's orders, the
portfolio's books, a position, market data's registrations, or time.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from actors.guardian.actor import GuardianActor
from actors.guardian.states import Cause
from actors.market_data.actor import MarketDataActor
from actors.market_data.market import Market
from actors.market_data.triggers import TriggerIndex
from actors.order_router.actor import OrderRouter
from actors.portfolio.actor import PortfolioActor
from actors.position.actor import PositionActor
from actors.position.own_orders import is_slot_in_conflict
from actors.position.position import Charter, Position
from actors.position.states import State
from messages.addresses import (
    GUARDIAN,
    MARKET_DATA,
    ORDER_ROUTER,
    PORTFOLIO,
    position_address,
)
from messages.base import Address, ClientOrderId, PositionId
from messages.envelope import Envelope
from messages.guardian import EnterReducing, Halt
from messages.ids import position_of
from messages.market import MarketPhase
from messages.money import ZERO, amount_in
from messages.observers import Alarm, AlarmKind, MessageSkipped
from messages.orders import RejectReason
from messages.portfolio import AdoptedFill, TradingState
from messages.position import LevelName
from verification.invariants.justification import Conduct
from verification.invariants.ledger import Account
from verification.simulation.plans import BTC, SYMBOL, USDT

if TYPE_CHECKING:
    from verification.simulation.world import World

UNPROTECTED_MAX_MS = 60_000
"""After the last disturbance: the plans' ``unknown_exit_ms``, an overdue answer, and two looks."""
GHOST_MAX_MS, OVERDUE_MS = 2_500, 15_000
"""After the last disturbance a buy that came back from the dead is canceled within the first; the
answer to that cancel may be lost: ``answer_timeout_ms``."""
LEAST = Decimal("0.051")
"""Base: the least that can be sold at any price of these markets."""
DUST = 2 * LEAST
"""What a venue that says "too small" is believed, see ``closing.DUST_FACTOR``."""
_HOLDS = {Halt: TradingState.HALTED, EnterReducing: TradingState.REDUCING}
_REFUSED_BY_NAME = ("IllegalInputError", "PoisonError")


class Judges:
    """Looks on. Raises ``AssertionError`` naming the rule, the position and the numbers."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.accounts: dict[PositionId, Account] = {}
        self.lost: set[str] = set()
        """Exits that people were told are lost."""
        self.closed: set[PositionId] = set()
        self.alarms: dict[AlarmKind, int] = {}
        self.skipped: list[MessageSkipped] = []
        self.conduct = Conduct(world)
        self._naked_since: dict[PositionId, int] = {}
        self._skipped_at = 0
        self._ghosts_heard: dict[ClientOrderId, int] = {}
        self.go_on()

    def go_on(self) -> None:
        """Look at the actors of the process that lives now."""
        world = self.world
        self._books = world.actor(PORTFOLIO, PortfolioActor).books
        self._market_data = cast("Any", world.actor(MARKET_DATA, MarketDataActor))._core
        self._naked_since.clear()
        self._looked_at: dict[PositionId, int] = {}
        self._ghosts_heard.clear()

    def delivered(self, address: Address, envelope: Envelope) -> None:
        """Look at what a delivery may have changed."""
        message = envelope.message
        if type(message) is Alarm:
            self._hear_alarm(message)
        elif type(message) is MessageSkipped:
            self._check_skipped(message)
        self.conduct.delivered(address, envelope)
        self.look()
        if address == PORTFOLIO:
            self._check_books()
        self._check_cover()

    def look(self) -> None:
        """Look at the orders that the venue has changed."""
        changed = self.world.venue.changed
        for order in changed:
            position_id = order.request.position_id
            account = self._account(position_id)
            account.put(order)
            self._check_sells(position_id, account)
            self.conduct.check_bought(position_id, account)
        changed.clear()
        for position in self.world.positions.values():
            if position.state is State.CLOSED:
                self._check_closed(position)

    def adopted(self, charter: Charter, fill: AdoptedFill) -> None:
        """Move what a late fill bought from the order's position to the one that adopts it."""
        giver = position_of(fill.client_order_id)
        assert giver is not None, f"{charter.position_id} adopts what is none of ours"
        quantity = fill.quantity - amount_in(fill.fees, BTC)
        for position_id, moved in ((giver, -quantity), (charter.position_id, quantity)):
            account = self._account(position_id)
            account.move(moved)
            self._check_sells(position_id, account)

    def forget_adoptions(self) -> None:
        """Take back who adopted what, and who is CLOSED: what is left of it is told anew."""
        self.closed.clear()
        for account in self.accounts.values():
            account.move(-account.adopted)

    def _account(self, position_id: PositionId) -> Account:
        account = self.accounts.get(position_id)
        if account is None:
            account = self.accounts[position_id] = Account()
        return account

    def _hear_alarm(self, alarm: Alarm) -> None:
        self.alarms[alarm.kind] = self.alarms.get(alarm.kind, 0) + 1
        if alarm.kind is AlarmKind.EXIT_LOST:
            self.lost.add(alarm.text.split()[1])

    def _check_skipped(self, skipped: MessageSkipped) -> None:
        """Only what is refused by name, or poisoned, raises in an actor."""
        self.skipped.append(skipped)
        self._skipped_at = self.world.now
        is_meant = skipped.error.startswith(_REFUSED_BY_NAME)
        assert is_meant, f"{skipped.actor} raised on {skipped.message_type}: {skipped.error}"

    def _check_sells(self, position_id: PositionId, account: Account) -> None:
        assert account.held >= ZERO, f"{position_id} sold {-account.held} more than it held"
        own = [o for o in account.working if o.request.client_order_id not in self.lost]
        ids = [o.request.client_order_id for o in own]
        assert len(own) <= 1, f"{position_id} has two exits that work: {ids}"
        working = sum((o.remaining for o in own), ZERO)
        assert working <= account.held, (
            f"{position_id} holds {account.held}, and {working} works to be sold: {ids}"
        )

    def _check_closed(self, position: Position) -> None:
        """CLOSED: flat or dust, and nothing works; later surprises of the venue aside."""
        position_id = position.position_id
        account = self.accounts.get(position_id)
        if account is None:
            return
        working = [
            i
            for i, o in account.orders.items()
            if not o.facts.is_terminal and not self._is_new_ghost(i)
        ]
        assert not working, f"{position_id} is CLOSED, and these work: {working}"
        if position_id in self.closed:
            return
        self.closed.add(position_id)
        surprises = self.world.venue.surprises
        held = account.held - sum((surprises.get(i, ZERO) for i in account.orders), ZERO)
        assert held < DUST, f"{position_id} is CLOSED and the venue holds {held} of it"

    def _is_new_ghost(self, order_id: ClientOrderId) -> bool:
        """Whether it came when everybody had given it up: once heard of, it is canceled at once."""
        world = self.world
        if order_id not in world.venue.ghosts:
            return False
        if world.is_dead:
            return True
        order = world.actor(ORDER_ROUTER, OrderRouter).orders.by_id.get(order_id)
        if order is None or order.facts.is_terminal:
            return True
        heard_at = self._ghosts_heard.setdefault(order_id, world.now)
        since = max(heard_at, world.venue.disturbed_at, self._skipped_at)
        is_asked = world.venue.cancel_asked_at.get(order_id, -1) >= heard_at
        return world.now - since < GHOST_MAX_MS + (OVERDUE_MS if is_asked else 0)

    def _check_books(self) -> None:
        for account in self._books.accounts.values():
            parts = account.free + account.reserved + account.invested
            assert parts == account.total, f"{account.currency} does not add up: {account}"
            assert account.reserved >= ZERO, f"less than nothing is reserved: {account}"
            assert account.invested >= ZERO, f"less than nothing is invested: {account}"

    # Protection.

    def _check_cover(self) -> None:
        """No unprotected stretch while the venue is reachable and quotes are fresh."""
        world, now = self.world, self.world.now
        venue = world.venue
        market: Market = self._market_data._markets[SYMBOL]
        if venue.is_down or venue.phase is not MarketPhase.OPEN or not market.is_fresh_at(now):
            self._naked_since.clear()
            return
        for position_id, account in self.accounts.items():
            if account.held < LEAST or self._is_covered(position_id, account, market.triggers):
                self._naked_since.pop(position_id, None)
                continue
            since = self._naked_since.setdefault(position_id, now)
            since = max(since, venue.disturbed_at)
            position = world.positions[position_id]
            if now - since > UNPROTECTED_MAX_MS * self._looks_due(position):
                assert self._is_aside(position), (
                    f"{position_id} ({position.state}) was unprotected for {now - since} ms"
                )

    def _looks_due(self, position: Position) -> int:
        """Return how many processes a start looks back at for a position, one after the other."""
        mailbox = self.world.system.mailboxes.get(position_address(position.position_id))
        actor = None if mailbox is None else mailbox.actor
        life = actor.life if isinstance(actor, PositionActor) else None
        due = 1 if life is None else len(life.position.earlier_prefixes)
        most = max(self._looked_at.get(position.position_id, 1), due)
        self._looked_at[position.position_id] = most
        return most

    def _is_covered(
        self, position_id: PositionId, account: Account, triggers: TriggerIndex
    ) -> bool:
        if account.covered >= account.held - LEAST:
            return True
        registration = triggers._latest.get(position_id)
        return (
            registration is not None
            and registration.is_live
            and any(level.name is LevelName.STOP_LOSS for level in registration.levels)
        )

    @staticmethod
    def _is_aside(position: Position) -> bool:
        """Whether it is CLOSED (its surprises are the portfolio's), or told: stuck, a conflict."""
        is_stuck = position.closing is not None and position.closing.is_stuck
        is_aside = is_stuck or is_slot_in_conflict(position)
        return position.state in {State.CLOSED, State.STRANDED} or is_aside

    # The end.

    def unended(self) -> str:
        """Say who does not end, in fair time."""
        living = [f"{p.position_id} {p.state}" for p in self.world.living()]
        return f"not over in fair time: {living or self.world.roster}"

    def over(self) -> None:
        """Everybody closed, booked and gone; the books are the venue's."""
        self.look()
        for position_id, position in self.world.positions.items():
            assert position.state is State.CLOSED, f"{position_id} is {position.state}"
            assert position.is_released, f"{position_id} was not released"
        for problems in (self._unbooked, self._left_over, self._misnamed, self._held_as_told):
            for problem in problems():
                raise AssertionError(problem)

    def _unbooked(self) -> Iterator[str]:
        """Yield what differs between the books, the positions and the venue's ledger."""
        books = self._books
        for position_id, position in self.world.positions.items():
            booking = books.bookings.get(position_id)
            booked, told = position.booked, None if booking is None else booking.booked
            if told is None:
                if booked.bought:
                    yield f"{position_id} is not in the books"
            elif (told.bought, told.cost, told.sold, told.proceeds) != (
                booked.bought,
                booked.bought_cost,
                booked.sold,
                booked.sold_proceeds,
            ):
                yield f"{position_id}: the portfolio has {told}, the position {booked}"
        for balance in self.world.venue.ledger().balances:
            account, ours = books.account(balance.currency), balance.total
            ours -= self.world.foreign if balance.currency == BTC else ZERO
            if account.at_venue != ours:
                yield f"{balance.currency}: booked {account.at_venue}, at the venue {ours}"
            if balance.locked:
                yield f"{balance.locked} {balance.currency} are still locked"
        if books.account(USDT).reserved:
            yield f"{books.account(USDT).reserved} USDT are still reserved"

    def _misnamed(self) -> Iterator[str]:
        """Yield what people are told of an order's end that the venue's ledger tells otherwise.

        Of a buy that everybody had given up, and that bought nothing, nobody need ever hear.
        """
        venue = self.world.venue
        for order_id, order in self.world.actor(ORDER_ROUTER, OrderRouter).orders.by_id.items():
            there, told = venue.book.orders.get(order_id), order.facts.status
            if there is None or there.facts.status is told or order_id in venue.denied:
                continue
            if order_id in venue.forgot and order.facts.reason is RejectReason.NEVER_PLACED:
                continue
            if order_id not in venue.ghosts or there.facts.filled:
                yield f"{order_id} is {there.facts.status} at the venue, and told as {told}"

    def _held_as_told(self) -> Iterator[str]:
        """Yield how the guardian differs from what an operator told it last."""
        guard = self.world.actor(GUARDIAN, GuardianActor).guard
        if any(held.cause is Cause.JOURNAL for held in guard.holds):
            yield f"the disk is well, and trading is still held: {guard.reason}"
        states = [held.state for held in guard.holds if held.cause is Cause.OPERATOR]
        told = self.world.operator
        wanted = [state for kind, state in _HOLDS.items() if isinstance(told, kind)]
        if states != wanted:
            yield f"the operator said {told} last, and holds {states}"

    def _left_over(self) -> Iterator[str]:
        market: Market = self._market_data._markets[SYMBOL]
        if market.holders or len(market.triggers):
            yield f"market data still holds {list(market.holders)}, {len(market.triggers)} armed"
        for order in self.world.actor(ORDER_ROUTER, OrderRouter).orders.by_id.values():
            if not order.facts.is_terminal:
                yield f"the router still follows {order.request.client_order_id}"
        open_rows = self._books.totals.open_positions
        if open_rows:
            yield f"the portfolio counts {open_rows} open positions"
