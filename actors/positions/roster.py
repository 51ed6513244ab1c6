"""Who lives, as entities: the numbering, the markets, the positions that are and were. Pure."""

import msgspec

from messages.addresses import position_address
from messages.base import ClientOrderId, Message, PositionId, Symbol, Timestamp
from messages.envelope import Removed, Send, Step
from messages.ids import Identity, old_prefix, parse, position_of
from messages.market import Capabilities, MarketPhase, MarketRules
from messages.positions import AdoptFill, OpenPosition


class Numbering(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """What the next position is called."""

    account_tag: str
    journal_epoch: int
    """Of ids of the older layout, where there is no ``identity``."""
    next_number: int = 1
    identity: Identity | None = None
    """Whose orders are ours. None: a journal of an earlier version, until a process begins with it.
    """

    def prefix_of(self, position_id: PositionId) -> str:
        """Return what the client order ids of a position begin with from now on."""
        if self.identity is None:
            return old_prefix(self.account_tag, self.journal_epoch, position_id)
        return self.identity.prefix_of(position_id)

    def is_adopted(self, order_id: ClientOrderId) -> bool:
        """Return whether an id is of an adopted epoch: its position may be another journal's."""
        parts = parse(order_id)
        return (
            parts is not None and self.identity is not None and parts.epoch in self.identity.adopted
        )

    def is_own(self, order_id: ClientOrderId) -> bool:
        """Return whether an id was made by a process of this journal."""
        if self.identity is not None:
            return self.identity.is_own(order_id)
        position_id = position_of(order_id)
        return position_id is not None and order_id.startswith(self.prefix_of(position_id))


class Doubt(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What was read once, and counts when it is read again."""

    rules: MarketRules | None
    """None: the market is gone."""


class ListedMarket(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """A symbol that may be traded, and what its venue demands and can do."""

    rules: MarketRules
    capabilities: Capabilities
    phase: MarketPhase = MarketPhase.OPEN
    text: str = ""
    """Why it is gone, for people."""
    doubt: Doubt | None = None
    is_kept: bool = False
    """This process has not read it yet: what is open goes on by it, nothing is bought."""


class Living(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """A position that is not over."""

    position_id: PositionId
    opened: OpenPosition
    """As it was asked for; its plan is the original one."""
    offered: tuple[AdoptFill, ...] = ()
    """The last word on each of its orders that filled late; all of it was taken over."""
    epoch: str = ""
    """In which it was opened; empty: by an earlier version."""
    begun_with: MarketRules | None = None
    """The rules at its opening, where they have changed since: see ``Charter.begun_with``."""
    counted_in: int = 0
    """The last recovery that need not wait for it: it began after that one, or was restored in it.
    See ``BeginRecovery``."""

    @property
    def symbol(self) -> Symbol:
        """The market it lives on."""
        return self.opened.symbol


class Retired(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """A position that is over, while fills of its orders may still be heard of."""

    was: Living
    forget_at: Timestamp

    @property
    def position_id(self) -> PositionId:
        """Which one it was."""
        return self.was.position_id


class Recovery(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """The last restart: who is still to be restored. There is one."""

    begun_with: int = 0
    """Which one: the last record before it; see ``BeginRecovery``."""
    left: int = 0
    """Positions that lived at the restart, neither restored nor over."""


class Roster:
    """The state: who lives. Changed only by ``apply``."""

    def __init__(self, numbering: Numbering) -> None:
        """Begin with nobody."""
        self.numbering = numbering
        self.markets: dict[Symbol, ListedMarket] = {}
        self.living: dict[PositionId, Living] = {}
        self.retired: dict[PositionId, Retired] = {}
        self.per_symbol: dict[Symbol, int] = {}
        self.recovery = Recovery()

    def to_all(self, message: Message) -> Step:
        """Return the same message to every position that lives."""
        return Step((), tuple(Send(position_address(one), message) for one in self.living))

    def apply(self, change: msgspec.Struct) -> None:
        """Take in one change."""
        match change:
            case Numbering():
                self.numbering = change
            case Recovery():
                self.recovery = change
            case ListedMarket():
                self.markets[change.rules.symbol] = change
            case Living():
                if change.position_id not in self.living:
                    self.per_symbol[change.symbol] = self.per_symbol.get(change.symbol, 0) + 1
                self.living[change.position_id] = change
            case Retired():
                self.retired[change.position_id] = change
            case Removed(kind="Retired", key=key):
                del self.retired[PositionId(key)]
            case Removed():
                gone = self.living.pop(PositionId(change.key))
                self.per_symbol[gone.symbol] -= 1
                if not self.per_symbol[gone.symbol]:
                    del self.per_symbol[gone.symbol]
            case _:
                raise AssertionError(f"the roster keeps no {type(change).__name__}")
