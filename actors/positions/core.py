"""Who lives: the markets, the next number, and the positions that are not over. Pure."""

from collections.abc import Mapping
from typing import assert_never

import msgspec

from messages.addresses import OBSERVERS, STRATEGY, position_address
from messages.base import PositionId, Symbol
from messages.envelope import NOTHING, Removed, Send, Step
from messages.ids import order_prefix
from messages.market import Capabilities, MarketRules
from messages.observers import EntryRefused
from messages.position import Begin, ClosePosition, StopEntering
from messages.positions import (
    CloseAllPositions,
    MarketRulesReported,
    OpenPosition,
    PositionEnded,
    StopAllEntering,
)
from messages.strategy import SymbolBusy

PositionsMessage = (
    OpenPosition | MarketRulesReported | PositionEnded | StopAllEntering | CloseAllPositions
)


class Numbering(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """What the next position is called."""

    account_tag: str
    journal_epoch: int
    next_number: int = 1


class ListedMarket(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A symbol that may be traded, and what its venue demands and can do."""

    rules: MarketRules
    capabilities: Capabilities


class Living(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A position that is not over."""

    position_id: PositionId
    symbol: Symbol


class Roster:
    """The state: who lives. Changed only by ``apply``."""

    def __init__(self, numbering: Numbering) -> None:
        """Begin with nobody."""
        self.numbering = numbering
        self.markets: dict[Symbol, ListedMarket] = {}
        self.living: dict[PositionId, Living] = {}
        self.per_symbol: dict[Symbol, int] = {}

    def apply(self, change: msgspec.Struct) -> None:
        """Take in one change."""
        match change:
            case Numbering():
                self.numbering = change
            case ListedMarket():
                self.markets[change.rules.symbol] = change
            case Living():
                self.living[change.position_id] = change
                self.per_symbol[change.symbol] = self.per_symbol.get(change.symbol, 0) + 1
            case Removed():
                gone = self.living.pop(PositionId(change.key))
                self.per_symbol[gone.symbol] -= 1
                if not self.per_symbol[gone.symbol]:
                    del self.per_symbol[gone.symbol]
            case _:
                raise AssertionError(f"the roster keeps no {type(change).__name__}")


def step(roster: Roster, message: PositionsMessage) -> Step:
    """Apply ``message``; return the changes and the messages to send."""
    match message:
        case OpenPosition():
            return _open(roster, message)
        case MarketRulesReported():
            market = ListedMarket(rules=message.rules, capabilities=message.capabilities)
            known = roster.markets.get(message.rules.symbol)
            return NOTHING if market == known else Step((market,))
        case PositionEnded():
            return _end(roster, message)
        case StopAllEntering():
            stop = StopEntering()
            return Step((), tuple(Send(position_address(p), stop) for p in roster.living))
        case CloseAllPositions():
            close = ClosePosition(cause=message.cause, reason=message.reason)
            return Step((), tuple(Send(position_address(p), close) for p in roster.living))
        case _:
            assert_never(message)


def _open(roster: Roster, message: OpenPosition) -> Step:
    market = roster.markets.get(message.symbol)
    if market is None:
        text = f"{message.symbol} is not listed here: known are {_names(roster.markets)}"
        refused = EntryRefused(
            symbol=message.symbol, guard="unknown_symbol", text=text, quote=message.quote
        )
        return Step((), (Send(OBSERVERS, refused),))
    numbering = roster.numbering
    position_id = PositionId(f"p{numbering.next_number}")
    begin = Begin(
        position_id=position_id,
        symbol=message.symbol,
        budget=message.budget,
        plan=message.plan,
        rules=market.rules,
        capabilities=market.capabilities,
        quote=message.quote,
        atr=message.atr,
        order_prefix=order_prefix(numbering.account_tag, numbering.journal_epoch, position_id),
        decision=message.decision,
    )
    changes = (
        msgspec.structs.replace(numbering, next_number=numbering.next_number + 1),
        Living(position_id=position_id, symbol=message.symbol),
    )
    outbox = [Send(position_address(position_id), begin)]
    if message.symbol not in roster.per_symbol:
        outbox.append(Send(STRATEGY, SymbolBusy(symbol=message.symbol, busy=True)))
    return Step(changes, tuple(outbox))


def not_opened(message: OpenPosition, error: str) -> Send:
    """Return the refusal of a wish on which the actor raised; nothing was opened."""
    text = f"the wish to open was skipped: {error}"
    refused = EntryRefused(symbol=message.symbol, guard="failed", text=text, quote=message.quote)
    return Send(OBSERVERS, refused)


def _end(roster: Roster, message: PositionEnded) -> Step:
    if message.position_id not in roster.living:
        return NOTHING
    outbox: tuple[Send, ...] = ()
    if roster.per_symbol[message.symbol] == 1:
        outbox = (Send(STRATEGY, SymbolBusy(symbol=message.symbol, busy=False)),)
    return Step((Removed(kind=Living.__name__, key=message.position_id),), outbox)


def _names(markets: Mapping[Symbol, object]) -> str:
    return ", ".join(sorted(markets)) or "none"
