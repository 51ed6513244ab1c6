"""What the reconciler does with a message. Pure: it reads the looks and returns what changes.

A look: the router says where there are orders; of each such symbol the venue is asked for its open
orders and its fills; what it lists of ours goes to the router, which looks up what it is behind
with. Nothing is missed by an answer that is lost or heard twice: the next look lists it again.
"""

from collections.abc import Iterable
from itertools import zip_longest
from typing import TypeVar

from msgspec.structs import replace

from actors.reconciler import epochs, holdings, orphan_policy
from actors.reconciler.state import ForeignOrder, Heard, Looks, NextLook
from config.settings import Settings
from messages.addresses import GATEWAY, GUARDIAN, ORDER_ROUTER, PORTFOLIO, POSITIONS
from messages.base import DAY_MS, ClientOrderId, Message, Milliseconds, Symbol, Timestamp
from messages.envelope import NOTHING, Removed, Send, Step, Wake
from messages.gateway import FetchOpenOrders, FetchTrades
from messages.guardian import FirstLookDone
from messages.ids import Identity
from messages.money import ZERO
from messages.order_router import CompareOrders, ListSymbols, StreamChanged
from messages.portfolio import ForeignListed
from messages.positions import SymbolCompared
from messages.reconciler import (
    AdoptEpoch,
    IdentityChanged,
    ListedOrder,
    ListForeign,
    LookSoon,
    OpenOrdersReported,
    OrdersUnknown,
    StraySettled,
    SymbolsListed,
    Trade,
    TradesReported,
)

StrT = TypeVar("StrT", bound=str)

_LISTS = ("open", "fills")
NO_GAP = Milliseconds(0)
GAP_MOST_MS = Milliseconds(60_000)
"""Between two questions of a routine look: an exchange counts the weight of each minute."""
FIRST_LOOK_MS = DAY_MS - 60_000
"""How far back a start looks for fills of another journal's epoch. Where an answer holds the fills
of a day, a whole day would take two: the question leaves a moment later."""


def step(looks: Looks, settings: Settings, message: Message, now: Timestamp) -> Step:  # noqa: C901, PLR0911 - one a message
    """Return what ``message`` changes and sends.

    Raises:
        TypeError: the message is none of the reconciler's.
    """
    match message:
        case Wake():
            return _wake(looks, settings, now)
        case StreamChanged():
            return _stream_up(looks, settings, now) if message.up else NOTHING
        case LookSoon():
            return _look_soon(looks, settings, now)
        case SymbolsListed():
            return _look(looks, settings, message.symbols, now)
        case OpenOrdersReported():
            return _compare_open_orders(looks, settings, message)
        case TradesReported():
            return _compare_trades(looks, settings, message, now)
        case OrdersUnknown():
            return _unknown(looks, settings, message, now)
        case StraySettled():
            return orphan_policy.settled(looks, message, now)
        case AdoptEpoch():
            return epochs.adopt(looks, message, now)
        case ListForeign():
            return _list_foreign(looks, settings, message.symbol, now)
        case IdentityChanged():
            return _identity_changed(looks, settings, message.identity, now)
        case _:
            raise TypeError(f"the reconciler does not take {type(message).__name__}")


def _unknown(looks: Looks, settings: Settings, message: OrdersUnknown, now: Timestamp) -> Step:
    """Tell orders of epochs that are not ours from those of ours that nobody has."""
    identity = looks.identity
    if identity is None:
        return orphan_policy.unknown(looks, settings, message, now)
    remembered_since = Timestamp(now - settings.router.terminal_ttl_ms)
    is_first = message.answers in looks.next.awaited
    foreign = [
        one
        for one in message.orders
        if epochs.is_foreign(
            identity,
            one,
            None if one.client_order_id in message.of_listening else remembered_since,
            is_first_look=is_first,
        )
    ]
    ours = tuple(one for one in message.orders if one not in foreign)
    first = epochs.seen(looks, identity, message.symbol, foreign, now)
    then = orphan_policy.unknown(looks, settings, replace(message, orders=ours), now)
    answered = _answered(looks, identity, message, Step((*first.changes, *then.changes)))
    return Step(
        (*first.changes, *then.changes, *answered.changes),
        (*first.outbox, *then.outbox, *answered.outbox),
    )


def _answered(looks: Looks, identity: Identity, message: OrdersUnknown, before: Step) -> Step:
    """Take note that a list was compared: the portfolio's, or one of a start's first look."""
    next_look = next((one for one in before.changes if isinstance(one, NextLook)), looks.next)
    which, symbol, sends = message.answers, message.symbol, list[Send]()
    if symbol in next_look.asked and which == _fills_of(symbol):
        changed = (one for one in before.changes if isinstance(one, ForeignOrder))
        listed = ForeignListed(symbol=symbol, holdings=holdings.holdings(looks, symbol, changed))
        sends.append(Send(PORTFOLIO, listed))
        next_look = replace(next_look, asked=_without(next_look.asked, symbol))
    if which in next_look.awaited:
        next_look = replace(next_look, awaited=_without(next_look.awaited, which))
        if not any(f"{kind} {symbol}" in next_look.awaited for kind in _LISTS):
            sends.append(Send(POSITIONS, SymbolCompared(symbol=symbol)))
        if not next_look.awaited:
            next_look = replace(next_look, looked_since=identity.started_at)
            sends += _first_look_done(next_look, identity)
    return NOTHING if next_look == looks.next else Step((next_look,), tuple(sends))


def _first_look_done(next_look: NextLook, identity: Identity) -> tuple[Send, ...]:
    """Return the end of a start's first look: its lists are compared, and the stream was up.

    Lists need no stream; but nothing is bought whose fill the account's stream could not tell.
    """
    started_at = identity.started_at
    is_done = next_look.looked_since == next_look.streamed_since == started_at
    return (Send(GUARDIAN, FirstLookDone()),) if is_done else ()


def _stream_up(looks: Looks, settings: Settings, now: Timestamp) -> Step:
    """Look, as events may be lost; take note of the first time after a start."""
    soon, identity = _look_soon(looks, settings, now), looks.identity
    if identity is None or looks.next.streamed_since == identity.started_at:
        return soon
    changed = next((one for one in soon.changes if isinstance(one, NextLook)), looks.next)
    after = replace(changed, streamed_since=identity.started_at)
    return Step((after,), (*soon.outbox, *_first_look_done(after, identity)))


def _identity_changed(looks: Looks, settings: Settings, after: Identity, now: Timestamp) -> Step:
    """Take in whose orders are ours; look at once where it is as after a start."""
    before = looks.identity
    is_as_started = before is not None and before.started_at != after.started_at
    begun = _begin(looks, settings, now) if is_as_started else NOTHING
    return Step((after, *begun.changes), begun.outbox)


def _without(names: tuple[StrT, ...], name: str) -> tuple[StrT, ...]:
    return tuple(one for one in names if one != name)


def _fills_of(symbol: Symbol) -> str:
    return f"fills {symbol}"


def _list_foreign(looks: Looks, settings: Settings, symbol: Symbol, now: Timestamp) -> Step:
    """Look at a symbol's fills for the portfolio: other processes may have traded."""
    _, fills = _questions(looks, settings, symbol, now)
    asked = replace(looks.next, asked=(*_without(looks.next.asked, symbol), symbol))
    return Step((asked,), (fills,))


def _wake(looks: Looks, settings: Settings, now: Timestamp) -> Step:
    at = looks.next.at
    if at is not None and now < at:
        return NOTHING
    return _begin(looks, settings, now, is_routine=looks.next.is_regular)


def _begin(looks: Looks, settings: Settings, now: Timestamp, *, is_routine: bool = False) -> Step:
    """Begin a look, and set the next one."""
    every = settings.reconciler.look_ms
    if every is None:
        return NOTHING
    at = Timestamp(now + every)
    begun = replace(looks.next, at=at, begun_at=now, is_routine=is_routine, is_regular=True)
    return Step((begun,), (Send(ORDER_ROUTER, ListSymbols()),))


def _look_soon(looks: Looks, settings: Settings, now: Timestamp) -> Step:
    """Look at once, as events may be lost; asked often, it looks no more often than it may.

    What a process before this one began counts for nothing.
    """
    begun_at = looks.next.begun_at
    if looks.identity is not None and (begun_at or now) < looks.identity.started_at:
        begun_at = None
    soon = now if begun_at is None else Timestamp(begun_at + settings.reconciler.again_ms)
    if soon <= now:
        return _begin(looks, settings, now)
    if looks.next.is_by(soon):
        return NOTHING
    return Step((replace(looks.next, at=soon, is_regular=False),))


def _look(looks: Looks, settings: Settings, symbols: tuple[Symbol, ...], now: Timestamp) -> Step:
    """Ask the venue; forget the symbols without orders.

    Recorded also where there are none: what leaves no record counts as under way in every cut.
    """
    listed = replace(looks.next, listed_at=now)
    gone = [Removed(kind=Heard.__name__, key=s) for s in looks.heard if s not in symbols]
    identity = looks.identity
    looked_at = symbols
    done: tuple[Send, ...] = ()
    if identity is not None and looks.next.looked_since != identity.started_at:
        # Once after a start also where this journal has no orders: another one may have some.
        looked_at = tuple(dict.fromkeys((*symbols, *settings.drop.symbols)))
        if looks.next.awaited and looks.next.awaited_since == identity.started_at:
            # It takes longer than a look: only what was not answered is asked for again.
            awaited = looks.next.awaited
            looked_at = tuple(dict.fromkeys(Symbol(one.partition(" ")[2]) for one in awaited))
        else:
            awaited = tuple(f"{kind} {symbol}" for symbol in looked_at for kind in _LISTS)
        soon = Timestamp(now + settings.reconciler.again_ms)
        listed = replace(
            listed,
            awaited=awaited,
            awaited_since=identity.started_at,
            at=soon if awaited else listed.at,
            is_regular=listed.is_regular and not awaited,
        )
        if not awaited:
            listed = replace(listed, looked_since=identity.started_at)
            done = _first_look_done(listed, identity)
    in_doubt = (symbol for row in looks.foreign.values() for symbol in row.symbols)
    looked_at = tuple(dict.fromkeys((*looked_at, *in_doubt)))
    is_awaited = bool(listed.awaited)
    is_routine = looks.next.is_routine and not is_awaited and not looks.is_in_doubt
    gap_ms = _gap_ms(settings, len(looked_at)) if is_routine else NO_GAP
    asked = [
        send
        for symbol in looked_at
        for send in _questions(looks, settings, symbol, now, is_awaited=is_awaited, gap_ms=gap_ms)
    ]
    again = orphan_policy.look_again(looks, settings, now)
    adopted = epochs.looked(looks, settings, now)
    return Step(
        (listed, *gone, *again.changes, *adopted.changes),
        (*asked, *again.outbox, *adopted.outbox, *done),
    )


def _gap_ms(settings: Settings, symbols: int) -> Milliseconds:
    """Return how far apart the questions of a routine look leave: all within the time of a look.

    Two of a symbol, one for the balances, and one to spare.
    """
    every = settings.reconciler.look_ms or 0
    return Milliseconds(min(GAP_MOST_MS, every // (2 * symbols + 2)))


def _questions(
    looks: Looks,
    settings: Settings,
    symbol: Symbol,
    now: Timestamp,
    *,
    is_awaited: bool = False,
    gap_ms: Milliseconds = NO_GAP,
) -> tuple[Send, Send]:
    """Return the questions about a symbol; ``is_awaited``: entries wait for the answers."""
    heard = looks.heard.get(symbol)
    if heard is None:  # as far back as the router remembers, and a day after a start
        back = settings.router.terminal_ttl_ms
        since = Timestamp(now - max(back, 0 if looks.identity is None else FIRST_LOOK_MS))
    else:
        since = Timestamp(heard.upto - settings.reconciler.overlap_ms)
    return (
        Send(GATEWAY, FetchOpenOrders(symbol=symbol, is_awaited=is_awaited, gap_ms=gap_ms)),
        Send(
            GATEWAY,
            FetchTrades(
                symbol=symbol,
                since=Timestamp(max(since, 0)),
                is_awaited=is_awaited,
                gap_ms=gap_ms,
            ),
        ),
    )


def _compare_open_orders(looks: Looks, settings: Settings, message: OpenOrdersReported) -> Step:
    ours = tuple(
        ListedOrder(
            client_order_id=facts.client_order_id,
            exchange_order_id=facts.exchange_order_id,
            is_working=True,
            filled=facts.filled,
            placed_at=placed_at,
        )
        for facts, placed_at in zip_longest(message.orders, message.placed_at)
        if _is_of_account(looks, settings, facts.client_order_id)
    )
    return Step(outbox=_compared(looks, "open", message.symbol, ours))


def _compare_trades(
    looks: Looks, settings: Settings, message: TradesReported, now: Timestamp
) -> Step:
    of_order: dict[ClientOrderId, list[Trade]] = {}
    for trade in message.trades:
        if _is_of_account(looks, settings, trade.client_order_id):
            of_order.setdefault(trade.client_order_id, []).append(trade)
    ours = tuple(_listed(order_id, trades) for order_id, trades in of_order.items())
    # Of a list that was cut off the missing part is asked for again.
    heard = (Heard(symbol=message.symbol, upto=now),) if message.is_complete else ()
    # A market that is gone has no more to say: the others don't wait for it.
    kind = "fills" if message.is_complete or not message.is_listed else "part"
    return Step(heard, _compared(looks, kind, message.symbol, ours))


def _is_of_account(looks: Looks, settings: Settings, order_id: ClientOrderId) -> bool:
    identity = looks.identity or Identity(account="", tag=settings.account.tag, epochs=())
    return identity.is_of_account(order_id)


def _listed(order_id: ClientOrderId, trades: Iterable[Trade]) -> ListedOrder:
    once = {trade.trade_id: trade for trade in trades}
    return ListedOrder(
        client_order_id=order_id,
        is_working=False,
        filled=sum((trade.quantity for trade in once.values()), ZERO),
        trades=tuple(once.values()),
    )


def _compared(
    looks: Looks, kind: str, symbol: Symbol, ours: tuple[ListedOrder, ...]
) -> tuple[Send, ...]:
    which = f"{kind} {symbol}"
    is_asked = which == _fills_of(symbol) and symbol in looks.next.asked
    answers = which if is_asked or which in looks.next.awaited else ""
    if not ours and not answers:
        return ()
    return (Send(ORDER_ROUTER, CompareOrders(symbol=symbol, orders=ours, answers=answers)),)
