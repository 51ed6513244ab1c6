"""What must hold with several processes of one account, whatever became of their folders.

Judged by the venue's ledger, and by what each process asks for.
"""

from decimal import Decimal
from typing import TYPE_CHECKING

from actors.guardian.states import Cause
from actors.journal.port import Record
from actors.position.actor import PositionActor
from actors.position.position import Life
from actors.positions.actor import PositionsActor
from messages.addresses import POSITIONS, position_address
from messages.base import ClientOrderId, PositionId, Timestamp
from messages.gateway import CancelAtVenue, SubmitOrder
from messages.ids import parse
from messages.money import ZERO
from messages.orders import Purpose
from tests.simulation.plans import BTC

if TYPE_CHECKING:
    from tests.simulation.forks.world import ForkWorld, Process

UNNOTICED_MS = 15_000
"""Two processes may sell the same coins while neither can know of the other: news takes so long."""
NOTICED_MS = 60_000
DOUBTS = {Cause.BEHIND.value, Cause.TWIN.value}
STEP = Decimal("0.001")


class Rules:
    """Looks on. Raises ``AssertionError`` naming the rule and the numbers."""

    def __init__(self, world: "ForkWorld") -> None:
        self.world = world
        self.acted_at: dict[int, Timestamp] = {}
        """When each process last asked the venue for something."""
        self.doubted_since: dict[int, Timestamp] = {}
        self.may_be_short = False
        """Two processes sold the same coins before either could know of the other."""
        self.met: set[str] = set()
        """What happened in this world, by name: a search that never meets it proves little."""

    def recorded(self, process: "Process", record: Record) -> None:
        """Note since when a process knows that not all orders are its own."""
        for change in record.changes:
            if type(change).__name__ != "Guard":
                continue
            is_doubted = {hold.cause.value for hold in getattr(change, "holds", ())} & DOUBTS
            self.met |= {f"a process is in doubt: {hold}" for hold in is_doubted}
            if is_doubted:
                self.doubted_since.setdefault(process.number, self.world.now)
            else:
                self.doubted_since.pop(process.number, None)

    def submitted(self, number: int, order: SubmitOrder) -> None:
        """An id says who made it; nothing new is risked in doubt; what is contested is capped."""
        world, request = self.world, order.request
        process = world.processes[number] if number < len(world.processes) else None
        parts = parse(request.client_order_id)
        assert parts is not None, f"{request.client_order_id} is of no layout"
        if process is None:
            return
        assert parts.epoch == process.identity.epoch, (
            f"process {number} submits {request.client_order_id}, which is not of its own epoch"
        )
        if request.purpose is Purpose.ENTRY:
            self._check_entry(process, request.position_id)
        else:
            self._check_exit(process, request.position_id, request.quantity)
        self.acted_at[number] = world.now

    def canceled(self, number: int, order: CancelAtVenue) -> None:
        """Nobody cancels what another process placed."""
        world = self.world
        process = world.processes[number]
        is_own = process.now_identity.is_own(order.client_order_id)
        assert is_own, f"process {number} cancels {order.client_order_id}, which is not its own"
        self.acted_at[number] = world.now

    def look(self) -> None:
        """Coins that are not ours are there, as long as processes can know of each other."""
        total = self._coins()
        if self.may_be_short:
            return
        assert total >= self.world.foreign, (
            f"{self.world.foreign} BTC are not ours, and {total} are left at the venue"
        )

    def noticed(self) -> None:
        """In fair time whoever lives knows of every order that its journal lacks."""
        for process in self.world.alive:
            lacking = self._lacking(process)
            assert not lacking or process.holds & DOUBTS, (
                f"process {process.number} trades on, and its journal lacks {lacking[:3]}"
            )

    def adopted(self) -> None:
        """The last process, told that all others are dead, knows all orders for the account's."""
        (process,) = self.world.alive
        lacking = self._lacking(process)
        assert not lacking, f"process {process.number} was told to adopt {lacking[:3]}"
        assert Cause.BEHIND.value not in process.holds, "all is adopted, and trading is still held"
        self._check_held(process)

    def over(self) -> None:
        """Whoever is left has sold what was its own, and nothing else."""
        self.look()
        if self.may_be_short:
            self.met.add("two processes could sell before either knew")
        (process,) = self.world.alive
        self._check_held(process)
        held = {
            one.charter.position_id: one.held for one in self._lives(process) if one.held > STEP
        }
        assert not held, f"process {process.number} has not sold {held}, though the price is 93"

    def _check_held(self, process: "Process") -> None:
        """What it thinks that it holds is at the venue."""
        if self.may_be_short:
            return
        held = sum((max(one.held, ZERO) for one in self._lives(process)), ZERO)
        there = self._coins() - self.world.foreign
        assert held <= there + STEP, (
            f"process {process.number} thinks that it holds {held} BTC; {there} are there"
        )

    def _check_entry(self, process: "Process", position_id: PositionId) -> None:
        since = self.doubted_since.get(process.number)
        if since is None:
            return
        life = self._life(process, position_id)
        began_at = None if life is None else life.position.began_at
        assert began_at is not None and began_at <= since, (  # noqa: PT018 - one rule
            f"{position_id} buys, and process {process.number} is in doubt since {since}"
        )

    def _check_exit(self, process: "Process", position_id: PositionId, quantity: Decimal) -> None:
        """Whoever knows that another may hold the position sells no more than is there."""
        life = self._life(process, position_id)
        if life is None or not life.position.contested:
            # It does not know yet that another process acts, where that acted a moment ago.
            self.may_be_short = self.may_be_short or self._moved_lately(process)
            return
        self.met.add("a contested position sells")
        if self._others_bought_since(process):
            # No balance tells apart the coins that another process bought since: see docs/races.
            self.may_be_short = True
            return
        there = self._coins() - self.world.foreign
        assert quantity <= max(there, ZERO) or self._moved_lately(process), (
            f"{position_id} is contested and sells {quantity}; {there} of the account's are there"
        )

    def _others_bought_since(self, process: "Process") -> bool:
        venue = self.world.venue
        return any(
            order.request.purpose is Purpose.ENTRY
            and order.facts.filled
            and venue.placed_by.get(order_id) != process.number
            and venue.placed_at.get(order_id, 0) >= process.started_at
            for order_id, order in venue.book.orders.items()
        )

    def _moved_lately(self, process: "Process") -> bool:
        now = self.world.now
        return any(
            number != process.number and now - at < UNNOTICED_MS
            for number, at in self.acted_at.items()
        )

    def _lacking(self, process: "Process") -> list[ClientOrderId]:
        """Return orders that it should know of: of one that ended empty no list tells."""
        return [
            order_id
            for order_id, order in self.world.venue.book.orders.items()
            if not process.now_identity.is_own(order_id)
            and (order.facts.filled or not order.facts.is_terminal)
        ]

    def _coins(self) -> Decimal:
        balance = self.world.venue.book.balances.get(BTC)
        return ZERO if balance is None else balance.total

    def _life(self, process: "Process", position_id: PositionId) -> Life | None:
        mailbox = process.system.mailboxes.get(position_address(position_id))
        if mailbox is None or not isinstance(mailbox.actor, PositionActor):
            return None
        return mailbox.actor.life

    def _lives(self, process: "Process") -> list[Life]:
        roster = process.actor(POSITIONS, PositionsActor).roster
        lives = (self._life(process, one) for one in roster.living)
        return [one for one in lives if one is not None]
