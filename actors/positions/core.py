"""What is done about who lives: positions are numbered, begun, adopted, let go of. Pure.

An ended position is remembered for as long as the router may report its orders: what a late fill
bought is taken over by a new position with the original plan.
"""

from collections.abc import Iterable
from typing import assert_never

import msgspec

from actors.positions import markets, orphan_orders, ownership
from actors.positions.orphan_orders import Whose
from actors.positions.roster import ListedMarket, Living, Recovery, Retired, Roster
from messages.addresses import GATEWAY, GUARDIAN, OBSERVERS, STRATEGY, position_address
from messages.base import ClientOrderId, Milliseconds, PositionId, Timestamp
from messages.envelope import NOTHING, Removed, Send, Step, Wake
from messages.gateway import ForgetUnrecorded
from messages.guardian import RecoveryDone
from messages.ids import ENTRIES_LAST, position_of
from messages.market import MarketPhase, MarketRules
from messages.money import ZERO, Money, add_money
from messages.observers import Alarm, AlarmKind, EntryRefused
from messages.portfolio import AdoptedFill
from messages.position import Begin, ClosePosition, SalvagePosition, SessionEnding, StopEntering
from messages.positions import (
    AdoptFill,
    BeginRecovery,
    CloseAllPositions,
    CloseWithoutCore,
    EndSession,
    EpochAdded,
    EpochAdopted,
    MarketGoneReported,
    MarketRulesReported,
    OpenPosition,
    OwnershipDoubted,
    PositionEnded,
    PositionRestored,
    RequestMarket,
    StopAllEntering,
    StrayFound,
    SymbolCompared,
)
from messages.strategy import SymbolBusy

PositionsMessage = (
    OpenPosition
    | MarketRulesReported
    | MarketGoneReported
    | RequestMarket
    | PositionEnded
    | AdoptFill
    | StopAllEntering
    | CloseAllPositions
    | CloseWithoutCore
    | EndSession
    | EpochAdded
    | EpochAdopted
    | OwnershipDoubted
    | SymbolCompared
    | BeginRecovery
    | PositionRestored
    | StrayFound
    | Wake
)

_RECOVERED = (Send(GUARDIAN, RecoveryDone()), Send(GATEWAY, ForgetUnrecorded()))
"""Sent when all that lived at a start are restored."""
RETIRED_MARGIN_MS = 60_000
"""An ended position is remembered for so much longer than the router remembers its orders."""


def step(  # noqa: C901, PLR0911, PLR0912 - one a message
    roster: Roster, message: PositionsMessage, now: Timestamp, terminal_ttl_ms: Milliseconds
) -> Step:
    """Apply ``message``; return the changes and the messages to send.

    ``terminal_ttl_ms``: how long the router remembers an order that is over.
    """
    match message:
        case OpenPosition():
            return _open(roster, message)
        case MarketRulesReported() | MarketGoneReported() | RequestMarket():
            return markets.step(roster, message)
        case PositionEnded():
            return _end(roster, message, _forget_at(now, terminal_ttl_ms))
        case AdoptFill():
            return _adopt(roster, message, _forget_at(now, terminal_ttl_ms))
        case StopAllEntering():
            return roster.to_all(StopEntering())
        case CloseAllPositions():
            return roster.to_all(ClosePosition(cause=message.cause, reason=message.reason))
        case EndSession():
            return roster.to_all(SessionEnding())
        case CloseWithoutCore():
            return _salvage(roster, message)
        case EpochAdded():
            return ownership.added(roster, message, now)
        case OwnershipDoubted():
            return ownership.doubted(roster, message)
        case SymbolCompared():
            return ownership.compared(roster, message)
        case EpochAdopted():
            return ownership.adopted(roster, message)
        case BeginRecovery():
            return _begin_recovery(roster, message)
        case PositionRestored():
            return _restored(roster, message)
        case StrayFound():
            return orphan_orders.found(message, _whose(roster, message.order.client_order_id))
        case Wake():
            return _forget(roster, PositionId(message.key), now)
        case _:
            assert_never(message)


def _open(roster: Roster, message: OpenPosition) -> Step:
    symbol, market = message.symbol, roster.markets.get(message.symbol)
    if market is None:
        text = f"{symbol} is not listed here: known are {_names(roster.markets)}"
        return _refused(message, "unknown_symbol", text)
    if roster.numbering.identity is not None and roster.numbering.next_number > ENTRIES_LAST:
        text = (
            f"position p{ENTRIES_LAST} was the last whose number fits into a client order id; what "
            "is open goes on. For new positions begin a new journal with --fresh when all are "
            "closed"
        )
        return _refused(message, "numbers_spent", text)
    if market.is_kept:
        text = f"the rules of {symbol} are those of the last run: they are read anew first"
        return _refused(message, "rules_not_read", text)
    if market.phase is not MarketPhase.OPEN:
        text = f"{symbol} takes no orders now: {market.phase.value}"
        return _refused(message, "market_halted", text)
    return _begin(roster, market, message)


def _refused(message: OpenPosition, guard: str, text: str) -> Step:
    refused = EntryRefused(symbol=message.symbol, guard=guard, text=text, quote=message.quote)
    return Step((), (Send(OBSERVERS, refused),))


def _begin(
    roster: Roster,
    market: ListedMarket,
    message: OpenPosition,
    adopted: AdoptedFill | None = None,
    begun_with: MarketRules | None = None,
) -> Step:
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
        order_prefix=numbering.prefix_of(position_id),
        decision=message.decision,
        adopted=adopted,
        begun_with=begun_with,
    )
    changes = (
        msgspec.structs.replace(numbering, next_number=numbering.next_number + 1),
        Living(
            position_id=position_id,
            opened=message,
            epoch="" if numbering.identity is None else numbering.identity.epoch,
            begun_with=begun_with,
            counted_in=roster.recovery.begun_with,
        ),
    )
    outbox = [Send(position_address(position_id), begin), *markets.news_for(market, position_id)]
    if message.symbol not in roster.per_symbol:
        outbox.append(Send(STRATEGY, SymbolBusy(symbol=message.symbol, busy=True)))
    return Step(changes, tuple(outbox))


def not_opened(message: OpenPosition, error: str) -> Send:
    """Return the refusal of a wish on which the actor raised; nothing was opened."""
    text = f"the wish to open was skipped: {error}"
    refused = EntryRefused(symbol=message.symbol, guard="failed", text=text, quote=message.quote)
    return Send(OBSERVERS, refused)


def _end(roster: Roster, message: PositionEnded, forget_at: Timestamp) -> Step:
    living = roster.living.get(message.position_id)
    if living is None:
        return NOTHING
    outbox: tuple[Send, ...] = ()
    if roster.per_symbol[message.symbol] == 1:
        outbox = (Send(STRATEGY, SymbolBusy(symbol=message.symbol, busy=False)),)
    gone = Removed(kind=Living.__name__, key=message.position_id)
    counted = _count_down(roster, living)
    changes = (gone, Retired(was=living, forget_at=forget_at), *counted.changes)
    return Step(changes, (*outbox, *counted.outbox))


def _begin_recovery(roster: Roster, message: BeginRecovery) -> Step:
    """Count who lives; the hold of entries ends when all of them are restored."""
    number = message.recovery
    # One may have said so already, where this was skipped and is heard once more.
    left = sum(living.counted_in != number for living in roster.living.values())
    done = () if left else _RECOVERED
    return Step((Recovery(begun_with=number, left=left),), done)


def _restored(roster: Roster, message: PositionRestored) -> Step:
    living = roster.living.get(message.position_id)
    if living is None or message.recovery < roster.recovery.begun_with:
        return NOTHING  # over, or said before this restart
    if living.counted_in == message.recovery:
        return NOTHING
    restored = msgspec.structs.replace(living, counted_in=message.recovery)
    if message.recovery != roster.recovery.begun_with:
        return Step((restored,))
    counted = _count_down(roster, living)
    return Step((restored, *counted.changes), counted.outbox)


def _count_down(roster: Roster, living: Living) -> Step:
    """Count one position less to restore, if the recovery under way counts it."""
    recovery = roster.recovery
    if living.counted_in == recovery.begun_with or not recovery.left:
        return NOTHING
    left = recovery.left - 1
    done = () if left else _RECOVERED
    return Step((msgspec.structs.replace(recovery, left=left),), done)


def _salvage(roster: Roster, message: CloseWithoutCore) -> Step:
    position_id = message.position_id
    living = roster.living.get(position_id)
    if living is None:
        text = f"{position_id} can't be closed: it does not live; who does: {_names(roster.living)}"
        alarm = Alarm(kind=AlarmKind.EXIT_STUCK, text=text, position_id=position_id)
        return Step((), (Send(OBSERVERS, alarm),))
    salvage = SalvagePosition(position_id=position_id, symbol=living.symbol, reason=message.reason)
    return Step((), (Send(position_address(position_id), salvage),))


def _adopt(roster: Roster, message: AdoptFill, forget_at: Timestamp) -> Step:
    """Open a position for what was not taken over yet; its coins are there already."""
    position_id = position_of(message.client_order_id) or PositionId("")
    retired = roster.retired.get(position_id)
    known = roster.living.get(position_id) if retired is None else retired.was
    if known is None:
        return Step((), (_not_adopted(message),))
    before = _offered(known, message.client_order_id)
    adopted = _difference(message, before)
    if adopted.quantity <= ZERO:
        return NOTHING
    others = (offer for offer in known.offered if offer is not before)
    after = msgspec.structs.replace(known, offered=(*others, message))
    kept = after if retired is None else Retired(was=after, forget_at=forget_at)
    opened = msgspec.structs.replace(
        known.opened,
        budget=ZERO,
        decision=f"a late fill of {message.client_order_id} bought {adopted.quantity}",
    )
    market = roster.markets[known.symbol]
    begun = _begin(roster, market, opened, adopted, known.begun_with)
    return Step((kept, *begun.changes), begun.outbox)


def _offered(living: Living, order_id: ClientOrderId) -> AdoptFill | None:
    return next((o for o in living.offered if o.client_order_id == order_id), None)


def _difference(message: AdoptFill, before: AdoptFill | None) -> AdoptedFill:
    """Return what ``message`` says beyond ``before``."""
    had = before or msgspec.structs.replace(message, filled=ZERO, cost=ZERO, fees=())
    had_fees = (Money(fee.currency, -fee.amount) for fee in had.fees)
    return AdoptedFill(
        client_order_id=message.client_order_id,
        quantity=message.filled - had.filled,
        cost=message.cost - had.cost,
        fees=add_money(message.fees, had_fees),
        fees_missing=min(message.fees_missing, message.filled - had.filled),
        policy=message.policy,
    )


def _not_adopted(message: AdoptFill) -> Send:
    text = (
        f"{message.client_order_id}: nobody remembers its position, so nobody takes over the "
        f"{message.filled} it bought; look at the venue"
    )
    position_id = position_of(message.client_order_id)
    alarm = Alarm(kind=AlarmKind.UNMATCHED_FILL, text=text, position_id=position_id)
    return Send(OBSERVERS, alarm)


def _whose(roster: Roster, order_id: ClientOrderId) -> Whose:
    numbering, position_id = roster.numbering, position_of(order_id)
    if position_id is None or not numbering.is_own(order_id) or numbering.is_adopted(order_id):
        return Whose.NOT_OURS
    if position_id in roster.living and roster.recovery.left:
        return Whose.RESTORING
    if numbering.identity is not None and numbering.identity.is_earlier(order_id):
        return Whose.LACKING
    if int(position_id[1:]) >= numbering.next_number:
        return Whose.NOT_OURS if numbering.identity is None else Whose.LACKING
    return Whose.LIVING if position_id in roster.living else Whose.OVER


def _forget(roster: Roster, position_id: PositionId, now: Timestamp) -> Step:
    retired = roster.retired.get(position_id)
    if retired is None or now < retired.forget_at:
        return NOTHING
    return Step((Removed(kind=Retired.__name__, key=position_id),))


def _forget_at(now: Timestamp, terminal_ttl_ms: Milliseconds) -> Timestamp:
    return Timestamp(now + terminal_ttl_ms + RETIRED_MARGIN_MS)


def _names(known: Iterable[str]) -> str:
    return ", ".join(sorted(known)) or "none"
