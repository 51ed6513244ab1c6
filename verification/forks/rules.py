"""What must hold with several processes of one account, whatever became of their folders.

Judged by the venue's ledger, and by what each process asks for.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from actors.guardian.states import Cause
from actors.journal.port import Record
from actors.position.actor import PositionActor
from actors.position.position import Life, find_order
from actors.positions.actor import PositionsActor
from actors.runtime.actor import describe
from actors.runtime.system import System
from messages.addresses import POSITIONS, position_address
from messages.base import Address, ClientOrderId, MessageId, PositionId, Timestamp
from messages.gateway import CancelAtVenue, SubmitOrder
from messages.ids import EXIT_LEG, parse, position_of
from messages.money import ZERO
from messages.order_router import CancelOrder
from messages.orders import Purpose, Side
from verification.simulation.plans import BTC

if TYPE_CHECKING:
    from verification.forks.process import Process
    from verification.forks.world import ForkWorld

UNNOTICED_MS = 15_000
"""Two processes may sell the same coins while neither can know of the other: news takes so long."""
DOUBTS = {Cause.BEHIND.value, Cause.TWIN.value}
STEP = Decimal("0.001")


class StrictSystem(System):
    """A process's actors, none of which may raise."""

    def __init__(self, on_raised: Callable[[str], None], *parts: Any) -> None:  # noqa: ANN401 - as System
        super().__init__(*parts)
        self._on_raised = on_raised

    def report(
        self, actor: Address, what: str, error: BaseException, cause: MessageId | None = None
    ) -> None:
        """Note every message that an actor skipped: no fault of this world makes one raise."""
        self._on_raised(f"{actor} raised on {what}: {describe(error)}")
        super().report(actor, what, error, cause)


class Rules:
    """Looks on. Raises ``AssertionError`` naming the rule and the numbers."""

    def __init__(self, world: "ForkWorld") -> None:
        self.world = world
        self.sold_at: dict[tuple[str, PositionId], dict[int, Timestamp]] = {}
        """When each process last asked the venue to sell of a position."""
        self.doubted_since: dict[int, Timestamp] = {}
        self.may_be_short = False
        """Two processes sold the same coins before either could know of the other."""
        self.lineages: dict[ClientOrderId, tuple[str, PositionId]] = {}
        """Of which position each order is."""
        self.unwanted: set[tuple[int, ClientOrderId]] = set()
        """Orders that a process wanted to be over before it knew of another one."""
        self.broken = ""
        """The first rule that an actor broke."""
        self.met: set[str] = set()
        """What happened in this world, by name: a search that never meets it proves little."""

    def recorded(self, process: "Process", record: Record) -> None:
        """Note since when a process knows that not all orders are its own, and what it wants."""
        for send in record.outbox:
            if isinstance(send.message, CancelOrder):
                self._note_cancel(process, send.message.client_order_id)
        for change in record.changes:
            if type(change).__name__ != "Guard":
                continue
            is_doubted = {hold.cause.value for hold in getattr(change, "holds", ())} & DOUBTS
            self.met |= {f"a process is in doubt: {hold}" for hold in is_doubted}
            self._must(
                self.world.is_forked or not is_doubted,
                f"process {process.number} is in doubt, and there is one folder only: {is_doubted}",
            )
            if is_doubted:
                self.doubted_since.setdefault(process.number, self.world.now)
            else:
                self.doubted_since.pop(process.number, None)

    def _note_cancel(self, process: "Process", order_id: ClientOrderId) -> None:
        """Note an order that a position wants to be over which knows of no other process."""
        position_id = position_of(order_id)
        life = None if position_id is None else self._life(process, position_id)
        if life is None or not life.position.contested:
            self.unwanted.add((process.number, order_id))

    def raised(self, text: str) -> None:
        """Break at every message that an actor skips: no fault of this world makes one raise."""
        self._must(False, text)  # noqa: FBT003 - as assert

    def submitted(self, number: int, order: SubmitOrder) -> None:
        """An id says who made it; nothing new is risked in doubt; what is contested is capped."""
        world, request = self.world, order.request
        process = world.processes[number] if number < len(world.processes) else None
        parts = parse(request.client_order_id)
        if process is None or parts is None:
            self._must(parts is not None, f"{request.client_order_id} is of no layout")
            return
        self.lineages[request.client_order_id] = self._lineage(process, request.position_id)
        self._must(
            parts.epoch == process.identity.epoch,
            f"process {number} submits {request.client_order_id}, which is not of its own epoch",
        )
        if request.purpose is Purpose.ENTRY:
            self._check_entry(process, request.position_id)
        else:
            self._check_exit(process, request.position_id, request.quantity)

    def canceled(self, number: int, order: CancelAtVenue) -> None:
        """Nobody cancels what another process placed."""
        world = self.world
        process = world.processes[number]
        is_own = process.now_identity.is_own(order.client_order_id)
        order_id = order.client_order_id
        self._must(is_own, f"process {number} cancels {order_id}, which is not its own")
        self._must(
            not self._is_twins_cover(process, order_id),
            f"process {number} cancels {order_id}, which another process that lives placed",
        )

    def _is_twins_cover(self, process: "Process", order_id: ClientOrderId) -> bool:
        """Return whether an exit is another one's, and the process knows that it may be."""
        world = self.world
        placed_by = world.venue.placed_by.get(order_id, process.number)
        parts = parse(order_id)
        if placed_by == process.number or not world.processes[placed_by].is_alive or parts is None:
            return False
        life = self._life(process, parts.position_id)
        if life is None or not life.position.contested or parts.leg != EXIT_LEG:
            return False
        own = find_order(life.position, order_id)
        is_wanted = (process.number, order_id) in self.unwanted
        return not is_wanted and (own is None or own.is_lost)

    def _must(self, holds: bool, text: str) -> None:  # noqa: FBT001 - as assert
        """Note a broken rule: raised in an actor's handling, it would be taken for the actor's."""
        if not holds:
            self.broken = self.broken or text

    def look(self) -> None:
        """Coins that are not ours are there, as long as processes can know of each other."""
        assert not self.broken, self.broken
        total = self._coins()
        if self.may_be_short:
            return
        assert total >= self.world.foreign, (
            f"{self.world.foreign} BTC are not ours, and {total} are left at the venue"
        )

    def unnoticed(self) -> str:
        """Return who trades on though its journal lacks orders; empty: whoever lives knows."""
        for process in self.world.alive:
            lacking = self._lacking(process)
            if lacking and not process.holds & DOUBTS:
                return f"process {process.number} trades on, and its journal lacks {lacking[:3]}"
        return ""

    def unadopted(self) -> str:
        """Return which orders the last process lacks: it was told that all others are dead."""
        (process,) = self.world.alive
        lacking = self._lacking(process)
        if lacking:
            return f"process {process.number} was told to adopt {lacking[:3]}"
        if Cause.BEHIND.value in process.holds:
            return "all is adopted, and trading is still held"
        return self._missing(process)

    def unsold(self) -> str:
        """Return what whoever is left still holds."""
        (process,) = self.world.alive
        held = {one.charter.position_id: one.held for one in self.lives(process) if one.held > STEP}
        there = self._coins() - self.world.foreign - self._others(process)
        is_gone = self.may_be_short and there < sum(held.values(), ZERO)  # the other one sold it
        if held and not is_gone:
            return f"process {process.number} has not sold {held}, though the price is 93"
        return ""

    def over(self) -> None:
        """Whoever is left has sold what was its own, and nothing else."""
        self.look()
        if self.may_be_short:
            self.met.add("two processes could sell before either knew")
        (process,) = self.world.alive
        wrong = self._missing(process) or self.unsold()
        assert not wrong, wrong

    def _missing(self, process: "Process") -> str:
        """Return what a process thinks that it holds and is not at the venue."""
        held = sum((max(one.held, ZERO) for one in self.lives(process)), ZERO)
        there = self._coins() - self.world.foreign
        if self.may_be_short or held <= there + STEP:
            return ""
        return f"process {process.number} thinks that it holds {held} BTC; {there} are there"

    def _check_entry(self, process: "Process", position_id: PositionId) -> None:
        since = self.doubted_since.get(process.number)
        if since is None:
            return
        life = self._life(process, position_id)
        began_at = None if life is None else life.position.began_at
        self._must(
            began_at is not None and began_at <= since,
            f"{position_id} buys, and process {process.number} is in doubt since {since}",
        )

    def _check_exit(self, process: "Process", position_id: PositionId, quantity: Decimal) -> None:
        """Whoever knows that another may hold the position sells no more than is there."""
        life, lineage = self._life(process, position_id), self._lineage(process, position_id)
        if life is None or not life.position.contested:
            self._note_race(process, lineage)
            return
        self.met.add("a contested position sells")
        left = self._left_of(lineage)
        self._must(
            self._note_race(process, lineage) or quantity <= left,
            f"{position_id} is contested and sells {quantity}; {left} of it are left",
        )

    def _lineage(self, process: "Process", position_id: PositionId) -> tuple[str, PositionId]:
        """Return what tells a position from another one of its number, in all copies the same."""
        roster = process.actor(POSITIONS, PositionsActor).roster
        return roster.living[position_id].epoch, position_id

    def _others(self, process: "Process") -> Decimal:
        """Return the coins of positions that its journal never had: no adoption takes them over."""
        roster = process.actor(POSITIONS, PositionsActor).roster
        lives = (*roster.living.values(), *(one.was for one in roster.retired.values()))
        own = {(one.epoch, one.position_id) for one in lives}
        others = set(self.lineages.values()) - own
        return sum((max(self._left_of(one), ZERO) for one in others), ZERO)

    def _left_of(self, lineage: tuple[str, PositionId]) -> Decimal:
        """Return what all processes together have bought of a position, less what they sold."""
        left = ZERO
        for order_id, order in self.world.venue.book.orders.items():
            if self.lineages.get(order_id) == lineage:
                is_bought = order.request.side is Side.BUY
                left += order.facts.filled if is_bought else -order.facts.filled
        return left

    def _note_race(self, process: "Process", lineage: tuple[str, PositionId]) -> bool:
        """Return whether another process sold of the position a moment ago: it can't know yet."""
        now = self.world.now
        sold = self.sold_at.setdefault(lineage, {})
        is_race = any(
            number != process.number and now - at < UNNOTICED_MS for number, at in sold.items()
        )
        sold[process.number] = now
        self.may_be_short = self.may_be_short or is_race
        return is_race

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

    def lives(self, process: "Process") -> list[Life]:
        """Return the positions of a process."""
        roster = process.actor(POSITIONS, PositionsActor).roster
        lives = (self._life(process, one) for one in roster.living)
        return [one for one in lives if one is not None]
