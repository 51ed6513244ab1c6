"""After a restart: first what the venue did meanwhile, then protection, then others may enter.

While the disk was dead, exits may have left that no record tells of. Until the router has looked
for them, the position places nothing: what it would sell may be sold. It looks under the prefix of
each process since the last one that it looked back at, one after the other. Where memory that
outlives the process says that no exit left so, only the orders that are known are looked up. The
exchange's lists come first, too: a process with a copy of the journal may have sold the coins.
"""

from msgspec.structs import replace

from actors.position import market
from actors.position.coverage import is_stopped_at_venue, unprotected_quantity
from actors.position.draft import Turn
from actors.position.entry_ladder import stop_entering
from actors.position.own_orders import lost_orders
from actors.position.position import Position
from actors.position.progress import EarlierPrefix
from actors.position.states import AT_REST
from messages.addresses import ORDER_ROUTER, POSITIONS
from messages.base import Milliseconds, Timestamp
from messages.market import MarketPhase
from messages.money import ZERO
from messages.observers import AlarmKind
from messages.order_router import LookBack
from messages.orders import LIVE_STATUSES, Side
from messages.position import LookedBack, OwnershipChanged, Resync
from messages.positions import PositionRestored

LISTS_WAIT_MS = Milliseconds(60_000)
"""After a restart the exchange's lists are awaited for so long at most, then no exit waits."""
LISTS_LATE_MS = Milliseconds(5_000)
"""The same since the exchange can be reached: other questions may have been answered by then."""


def begin(turn: Turn, message: Resync) -> None:
    """Be restored first; where an exit may have left since the last record, place nothing."""
    is_over = turn.position.state in AT_REST  # nothing can be on its way
    # Of a look back that did not end, the process before this one does not know the answer, and
    # what it looked for is as old as it was.
    looks_back = turn.position.looks_back
    is_known = looks_back is None or turn.position.exits_recorded
    since = message.down_since
    if looks_back is not None and since is not None:
        since = min(looks_back, since)
    turn.update(
        is_restoring=True,
        looks_back=None if is_over else since,
        exits_recorded=is_known and message.exits_recorded and not message.order_prefix,
        recovery=message.recovery,
        lists_until=_lists_until(turn, message, is_over=is_over),
    )
    if is_over:
        turn.update(earlier_prefixes=())
    turn.update_protection(is_left=False)
    if is_stopped_at_venue(turn.position):
        turn.update(market_is_fresh=False)  # until market data says so: that stop stays meanwhile


def _lists_until(turn: Turn, message: Resync, *, is_over: bool) -> Timestamp | None:
    if is_over:
        return None
    return (
        Timestamp(turn.now + LISTS_WAIT_MS) if message.awaits_lists else turn.position.lists_until
    )


def on_reachability(turn: Turn) -> None:
    """Wait less for the lists once they can be asked for."""
    until = turn.position.lists_until
    if until is not None and turn.position.venue_is_reachable:
        turn.update(lists_until=min(until, Timestamp(turn.now + LISTS_LATE_MS)))


def on_deadline(turn: Turn) -> None:
    """Go on without the lists: no exit waits for them any longer."""
    until = turn.position.lists_until
    if until is not None and turn.now >= until:
        on_compared(turn)


def on_compared(turn: Turn) -> None:
    """Ask for the orders once more: what the lists showed of them may be under way."""
    if turn.position.lists_until is not None:
        turn.update(lists_until=None)
        look_back(turn)


def tell_again(turn: Turn) -> None:
    """Tell a person what is still wrong: the process that told it may have ended before it did."""
    position = turn.position
    for order in lost_orders(position):
        if order.facts.status not in LIVE_STATUSES:
            text = f"exit {order.facts.client_order_id} is still unknown: it may be live"
            turn.alarm(AlarmKind.EXIT_LOST, text)
    if position.closing is not None and position.closing.is_stuck:
        text = f"the exit is still stuck: it failed {position.closing.refusals} times in a row"
        turn.alarm(AlarmKind.EXIT_STUCK, f"{text}, and is tried again")
    if position.stranded is not None:
        market.tell_stranded(turn, position.stranded.cause)


def renumber(turn: Turn, order_prefix: str) -> None:
    """Let further orders count anew under another prefix."""
    charter = turn.charter
    if charter.order_prefix == order_prefix:
        return  # heard twice
    turn.position = renamed(turn.position, charter.order_prefix)
    turn.charter = replace(charter, order_prefix=order_prefix)


def renamed(position: Position, earlier_prefix: str) -> Position:
    """Return a position whose further orders begin to count anew; it looks back at the earlier."""
    exits = position.exit_attempts - position.exits_before
    earlier = EarlierPrefix(prefix=earlier_prefix, exits=exits)
    return replace(
        position,
        earlier_prefixes=(*position.earlier_prefixes, earlier),
        entries_before=position.entry_attempts,
        exits_before=position.exit_attempts,
    )


def look_back(turn: Turn) -> None:
    """Have the orders looked up, with the ids that exits may have used since the last record."""
    position, charter = turn.position, turn.charter
    if position.looks_back is None:
        return
    buying = (o for o in position.orders if o.side is Side.BUY and not o.facts.is_terminal)
    may_hold = max(turn.life.held, ZERO) + sum((o.remaining for o in buying), ZERO)
    exits = position.exit_attempts - position.exits_before
    own = EarlierPrefix(prefix=charter.order_prefix, exits=exits)
    earlier = next(iter(position.earlier_prefixes), own)
    asked = LookBack(
        position_id=charter.position_id,
        symbol=charter.symbol,
        order_prefix=earlier.prefix,
        after=earlier.exits,
        at_most=max(may_hold, position.entry.asked),
        # What another process sold may be older than the last record here.
        since=position.began_at if earlier.is_foreign else position.looks_back,
        is_recorded=position.exits_recorded and not earlier.is_foreign,
        recovery=position.recovery,
        upto=earlier.upto,
        is_contested=bool(position.contested),
        is_owned=earlier.is_owned,
        later=tuple(one.prefix for one in position.earlier_prefixes[1:] if not one.is_foreign),
    )
    turn.send(ORDER_ROUTER, asked)


def on_looked_back(turn: Turn, message: LookedBack) -> None:
    """Go on; the ids that were looked up are never used."""
    position = turn.position
    if message.recovery and message.recovery != position.recovery:
        return  # the answer to a process that died: another question was asked since
    if position.lists_until is not None and len(position.earlier_prefixes) <= 1:
        return  # the lists may show that more was sold: it is asked again once they are compared
    if not position.earlier_prefixes:
        attempts = max(position.exit_attempts, position.exits_before + message.attempts)
        turn.update(looks_back=None, exit_attempts=attempts)
        return
    looked_at, *left = position.earlier_prefixes
    if message.order_prefix != looked_at.prefix:
        return  # heard twice
    turn.update(earlier_prefixes=tuple(left))
    if left:
        look_back(turn)
    else:
        turn.update(looks_back=None)


def on_ownership(turn: Turn, message: OwnershipChanged) -> None:
    """Be careful with coins that another process may sell; look back at what it placed."""
    before = turn.position.contested
    turn.update(contested=message.reason if message.is_contested else "")
    if turn.position.contested and not before:
        text = f"another process may hold {turn.charter.position_id} too: {message.reason}"
        turn.alarm(AlarmKind.IDENTITY, text)
        stop_entering(turn)
    is_changed = bool(turn.position.contested) is not bool(before)
    if is_changed and turn.position.looks_back is not None:
        look_back(turn)  # what is found live is left alone, or no more
    if turn.position.closing is not None and turn.position.contested != before:
        # A look that is under way was asked for by what held before.
        turn.update_closing(sellable=None, waits_for_balance=False)
    at = message.look_back_at
    shared = dict.fromkeys((*turn.position.shared_prefixes, message.shared_at))
    others = tuple(one for one in shared if one not in {"", at})
    turn.update(shared_prefixes=others if message.is_contested else ())
    if at:
        adopted = EarlierPrefix(prefix=at, exits=0, is_foreign=True, upto=message.look_back_upto)
        _look_back_at(turn, adopted)
    if not message.is_contested:
        for one in others:
            _look_back_at(turn, EarlierPrefix(prefix=one, exits=0, is_foreign=True, is_owned=True))


def _look_back_at(turn: Turn, earlier: EarlierPrefix) -> None:
    """Look back at what another process placed, after what is still looked back at."""
    if turn.position.state in AT_REST or earlier in turn.position.earlier_prefixes:
        return
    is_first = turn.position.looks_back is None
    since = turn.position.began_at if is_first else turn.position.looks_back
    turn.update(earlier_prefixes=(*turn.position.earlier_prefixes, earlier), looks_back=since)
    if is_first:
        look_back(turn)


def tell_restored(turn: Turn) -> None:
    """Say so once nothing is held uncovered, or the exit has begun."""
    position = turn.position
    if not position.is_restoring:
        return
    # Of a market that is gone the venue can't be asked: its position holds nobody else up.
    if position.is_looking_back and position.phase is not MarketPhase.GONE:
        return
    is_settled = position.closing is not None or position.stranded is not None
    if is_settled or not unprotected_quantity(turn.life):
        turn.update(is_restoring=False)
        restored = PositionRestored(
            position_id=turn.charter.position_id, recovery=position.recovery
        )
        turn.send(POSITIONS, restored)
