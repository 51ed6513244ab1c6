"""What a probe does, step by step, and what each step shows.

Owns the steps. Each leaves nothing that works behind when all goes well; ``commands.probe.sweep``
clears whatever is left when it does not.
"""

import time
from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from msgspec.structs import replace

from commands.probe.desk import LOOK_SECONDS, Desk, Reply, Terms, ms_since
from exchange.live.parsing import Leg
from exchange.price_grid import floor_price, nearest_price, tick_at
from exchange.profiles.evidence import Evidence, IdReuse, Lag, Said, StopFate
from messages.base import ClientOrderId, Currency, ExchangeOrderId
from messages.money import ZERO, amount_in, ceil_to_step, divide_up, floor_to_step
from messages.order_router import CancelFailed, FailureKind, OrderNotFound
from messages.orders import OrderFacts, OrderType, RejectReason, Side, TimeInForce
from session.connection import Say
from terminal.errors import RunFailedError

FAR = Decimal("0.05")
"""Of the price: how far from the market an order is that is to rest."""
_ROOM = Decimal("1.35")
"""Over the market's minimum, so that it is still sellable ``FAR`` lower and after the fee."""
_LAG_SECONDS = 10.0
"""How long each look is repeated."""
_LOCK_SECONDS = 2.0
"""How long coins may take to be shown as locked; three times a measured lag, if longer."""
_SECOND_SECONDS = 3.0
"""How long it is looked for an order whose submit was answered by an error of unknown meaning."""
_NEARER_EVERY = 10
"""A stop is brought nearer to the market so many times while it is waited for."""
_STOP_LOOK_SECONDS = 0.5


def order_quantity(desk: Desk) -> Decimal:
    """Return the quantity of each order, in base: little more than the market's minimum."""
    rules, price = desk.rules, desk.ask()
    by_notional = divide_up(rules.min_notional * _ROOM, price, rules.step_size)
    return ceil_to_step(
        max(by_notional, rules.min_quantity * _ROOM, rules.step_size), rules.step_size
    )


class Probe(NamedTuple):
    """What every step needs."""

    desk: Desk
    quantity: Decimal
    say: Say
    may_reuse_open: bool
    """Whether two buys may work at once."""
    stop_seconds: float
    """How long a stop may take to trigger."""


def measure(probe: Probe, seen: Evidence) -> Evidence:
    """Take all steps; return what they showed.

    Raises:
        EndAskedError: a person asked for the end.
        RunFailedError: an order that must work was refused.

    """
    steps: tuple[tuple[str, Callable[[Probe, Evidence], Evidence]], ...] = (
        ("an order that the exchange never had", _unknown_order),
        ("a limit buy that rests", _resting_buy),
        ("a buy", _buy),
        ("a limit sell that rests", _resting_sell),
        ("a stop that rests", _resting_stop),
        ("a stop that triggers", _triggered_stop),
        ("a sale of what is left", _sell_left),
        ("the ids of orders that are over", _reuse_filled),
    )
    for number, (name, step) in enumerate(steps, 1):
        probe.say(f"  {number} of {len(steps)}: {name}")
        seen = step(probe, seen)
    return seen


def _unknown_order(probe: Probe, seen: Evidence) -> Evidence:
    desk = probe.desk
    looked = desk.look(desk.new_id(Side.BUY))
    canceled = desk.cancel(desk.new_id(Side.BUY))
    is_told = isinstance(looked, OrderNotFound)
    return replace(
        seen,
        look_up_of_unknown=Said.REFUSED if is_told else Said.NOT_KNOWN,
        cancel_of_unknown=_said(canceled),
    )


def _resting_buy(probe: Probe, seen: Evidence) -> Evidence:
    desk, quote = probe.desk, probe.desk.rules.quote
    free_before = _free(desk, quote)
    reply = _placed(desk, _far_buy(probe))
    looks: dict[str, Callable[[], bool]] = {
        "by_id_ms": lambda: isinstance(desk.look(reply.order_id), OrderFacts),
        "in_list_ms": lambda: any(
            _is(leg, reply) for leg in desk.open_orders() if desk.is_ours(leg)
        ),
        "in_balance_ms": lambda: _free(desk, quote) < free_before,
    }
    lag = Lag(answered_ms=reply.answered_ms, **_first_seen(desk, reply.sent_at, looks))
    reuse_of_open = _reuse(probe, reply) if probe.may_reuse_open else IdReuse.NOT_KNOWN
    _cancel(desk, reply)
    return replace(
        seen,
        order_lag=lag,
        reuse_of_open=reuse_of_open,
        cancel_of_canceled=_said(desk.cancel(reply.order_id, _exchange_id(reply))),
        reuse_of_canceled=_reuse(probe, reply),
    )


def _buy(probe: Probe, seen: Evidence) -> Evidence:
    desk, base = probe.desk, probe.desk.rules.base
    free_before = _free(desk, base)
    reply = _placed(desk, desk.at_once(Side.BUY, probe.quantity))
    looks: dict[str, Callable[[], bool]] = {
        "by_id_ms": lambda: _is_over(desk, reply.order_id),
        "in_balance_ms": lambda: _free(desk, base) > free_before,
    }
    lag = Lag(answered_ms=reply.answered_ms, **_first_seen(desk, reply.sent_at, looks))
    if desk.ledger.held(base) <= ZERO:
        raise RunFailedError(f"{desk.symbol}: a buy at once bought nothing")
    return replace(seen, fill_lag=lag)


def _resting_sell(probe: Probe, seen: Evidence) -> Evidence:
    desk = probe.desk
    terms = Terms(
        side=Side.SELL, type=OrderType.LIMIT, quantity=_held(desk), price=desk.ask(1 + FAR)
    )
    locks = _locks(probe, terms, seen.fill_lag.in_balance_ms)
    return replace(seen, limit_sell_locks_coins=locks)


def _resting_stop(probe: Probe, seen: Evidence) -> Evidence:
    desk = probe.desk
    kind = _stop_type(desk)
    if kind is None:
        probe.say(f"     {desk.connection.profile.name}: no native stop is used here")
        return seen
    terms = _stop_at(desk, kind, desk.bid(1 - FAR))
    return replace(seen, stop_locks_coins=_locks(probe, terms, seen.fill_lag.in_balance_ms))


def _triggered_stop(probe: Probe, seen: Evidence) -> Evidence:
    desk = probe.desk
    kind = _stop_type(desk)
    if kind is None:
        return seen
    until = time.monotonic() + probe.stop_seconds
    while time.monotonic() < until:
        quote = desk.quote()
        least = nearest_price(min(quote.bid, quote.last), desk.rules)
        trigger = floor_price(least - tick_at(desk.rules, least), desk.rules)
        reply = desk.submit(_stop_at(desk, kind, trigger))
        if reply.failure is not None:
            if reply.failure.reason is not RejectReason.WOULD_TRIGGER_AT_ONCE:
                raise _refused(desk, reply)
            desk.wait(_STOP_LOOK_SECONDS)
            continue
        fate = _wait_for_trigger(desk, reply, min(until, _soon(probe)))
        if fate is not None:
            return replace(seen, stop=fate)
    probe.say(
        f"     it did not trigger in {probe.stop_seconds:g} s: what becomes of it is not shown"
    )
    return replace(seen, stop=StopFate(is_triggered=False))


def _soon(probe: Probe) -> float:
    return time.monotonic() + probe.stop_seconds / _NEARER_EVERY


def _wait_for_trigger(desk: Desk, reply: Reply, until: float) -> StopFate | None:
    """Return what became of a stop; None: it did not trigger, and is canceled."""
    gone_since: float | None = None
    while time.monotonic() < until or gone_since is not None:
        fate = _fate(desk, reply)
        if fate is not None and fate.is_found_by_client_id:
            return fate
        if fate is None:
            gone_since = None
        elif gone_since is None:
            gone_since = time.monotonic()  # a look-up may lag behind: it is looked for a while
        elif time.monotonic() - gone_since > _LAG_SECONDS:
            return fate
        desk.wait(_STOP_LOOK_SECONDS)
    canceled = desk.cancel(reply.order_id, _exchange_id(reply))
    if isinstance(canceled, OrderFacts) and canceled.filled == ZERO:
        return None
    desk.wait(_STOP_LOOK_SECONDS)
    return _fate(desk, reply)


def _fate(desk: Desk, reply: Reply) -> StopFate | None:
    """Return what became of a stop that is not in wait any more; None: it is."""
    found = desk.look(reply.order_id)
    if isinstance(found, OrderFacts):
        if not found.is_terminal:
            return None
        asked = desk.ledger.held(desk.rules.base)
        return StopFate(
            is_triggered=found.filled > ZERO,
            is_found_by_client_id=True,
            keeps_exchange_id=found.exchange_order_id == _exchange_id(reply),
            fills_whole=floor_to_step(asked, desk.rules.step_size) <= ZERO,
            after_ms=ms_since(reply.sent_at),
        )
    if isinstance(found, OrderNotFound) and not any(_is(leg, reply) for leg in desk.open_orders()):
        return StopFate(is_triggered=True)
    return None


def _sell_left(probe: Probe, seen: Evidence) -> Evidence:
    desk = probe.desk
    base, step = desk.rules.base, desk.rules.step_size
    gained = amount_in(desk.balances()[0], base) - desk.ledger.base_before
    quantity = min(_held(desk), floor_to_step(gained, step))
    if quantity > ZERO:
        reply = _placed(desk, desk.at_once(Side.SELL, quantity))
        _first_seen(desk, reply.sent_at, {"over": lambda: _is_over(desk, reply.order_id)})
    return seen


def _reuse_filled(probe: Probe, seen: Evidence) -> Evidence:
    desk = probe.desk
    for one in desk.ledger.sent:
        if one.side is not Side.BUY:
            continue
        for facts in one.orders.values():
            if facts.filled > ZERO:
                first = Reply(
                    order_id=one.client_order_id,
                    facts=facts,
                    failure=None,
                    sent_at=0.0,
                    answered_ms=0,
                )
                return replace(seen, reuse_of_filled=_reuse(probe, first))
    return seen


# What several steps need.


def _reuse(probe: Probe, first: Reply) -> IdReuse:
    """Send a second order under the id of ``first``, and cancel it if it is taken."""
    desk = probe.desk
    second = desk.submit(_far_buy(probe), first.order_id)
    if second.failure is not None:
        if second.failure.kind is FailureKind.UNKNOWN:
            return _second_order(desk, first)
        is_refused = second.failure.kind is FailureKind.REJECTED
        return IdReuse.REFUSED if is_refused else IdReuse.NOT_KNOWN
    if _exchange_id(second) == _exchange_id(first):
        return IdReuse.RETURNED_FIRST
    _cancel(desk, second)
    return IdReuse.TAKEN


def _second_order(desk: Desk, first: Reply) -> IdReuse:
    """Return whether an order came after all, though the answer to its submit was an error.

    MEXC says "duplicate" by a code that ccxt does not know.
    """
    until = time.monotonic() + _SECOND_SECONDS
    while time.monotonic() < until:
        found = desk.look(first.order_id)
        by_id = isinstance(found, OrderFacts) and found.exchange_order_id != _exchange_id(first)
        if by_id or any(desk.is_ours(leg) and not _is(leg, first) for leg in desk.open_orders()):
            return IdReuse.TAKEN  # it is canceled by the sweep
        desk.wait(LOOK_SECONDS)
    return IdReuse.REFUSED


def _locks(probe: Probe, terms: Terms, lag_ms: int | None) -> bool | None:
    """Return whether a sell that rests takes its coins out of the free ones; cancel it.

    None: the exchange's balances are too late to say.
    """
    desk, base = probe.desk, probe.desk.rules.base
    if lag_ms is None:
        return None
    free_before = _free(desk, base)
    reply = _placed(desk, terms)
    until = time.monotonic() + max(_LOCK_SECONDS, 3 * lag_ms / 1000)
    locks = False
    while not locks and time.monotonic() < until:
        locks = _free(desk, base) < free_before
        if not locks:
            desk.wait(LOOK_SECONDS)
    _cancel(desk, reply)
    back = time.monotonic() + _LAG_SECONDS
    while _free(desk, base) < free_before and time.monotonic() < back:
        desk.wait(LOOK_SECONDS)
    return locks


def _first_seen(
    desk: Desk, sent_at: float, looks: dict[str, Callable[[], bool]]
) -> dict[str, int | None]:
    """Look in turn until each look shows it; return after how many ms each did."""
    found: dict[str, int | None] = {}
    until = time.monotonic() + _LAG_SECONDS
    while len(found) < len(looks) and time.monotonic() < until:
        for name, look in looks.items():
            if name not in found and look():
                found[name] = ms_since(sent_at)
        if len(found) < len(looks):
            desk.wait(LOOK_SECONDS)
    return {name: found.get(name) for name in looks}


def _placed(desk: Desk, terms: Terms) -> Reply:
    reply = desk.submit(terms)
    if reply.failure is not None:
        raise _refused(desk, reply)
    return reply


def _refused(desk: Desk, reply: Reply) -> RunFailedError:
    why = "no answer" if reply.failure is None else reply.failure.text or reply.failure.reason
    return RunFailedError(f"{desk.symbol}: an order was not placed: {why}")


def _cancel(desk: Desk, reply: Reply) -> None:
    """Cancel an order that works; the sweep does it where this fails."""
    canceled = desk.cancel(reply.order_id, _exchange_id(reply))
    if isinstance(canceled, CancelFailed):
        raise RunFailedError(f"{desk.symbol}: an order was not canceled: {canceled.text}")


def _far_buy(probe: Probe) -> Terms:
    price = probe.desk.bid(1 - FAR)
    return Terms(side=Side.BUY, type=OrderType.LIMIT, quantity=probe.quantity, price=price)


def _stop_type(desk: Desk) -> OrderType | None:
    """Return the kind of native stop to be probed; None: the market has none for us."""
    can = desk.listing.facts.capabilities
    if can.native_stop:
        return OrderType.STOP
    return OrderType.STOP_LIMIT if can.native_stop_limit else None


def _stop_at(desk: Desk, kind: OrderType, trigger: Decimal) -> Terms:
    limit = floor_price(trigger * (1 - FAR / 5), desk.rules)
    return Terms(
        side=Side.SELL,
        type=kind,
        quantity=_held(desk),
        price=limit if kind is OrderType.STOP_LIMIT else None,
        trigger_price=trigger,
        time_in_force=TimeInForce.GTC,
    )


def _held(desk: Desk) -> Decimal:
    return max(floor_to_step(desk.ledger.held(desk.rules.base), desk.rules.step_size), ZERO)


def _free(desk: Desk, currency: Currency) -> Decimal:
    return amount_in(desk.balances()[1], currency)


def _is(leg: Leg, reply: Reply) -> bool:
    return leg.exchange_order_id == _exchange_id(reply)


def _is_over(desk: Desk, order_id: ClientOrderId) -> bool:
    found = desk.look(order_id)
    return isinstance(found, OrderFacts) and found.is_terminal


def _exchange_id(reply: Reply) -> ExchangeOrderId | None:
    return None if reply.facts is None else reply.facts.exchange_order_id


def _said(answer: OrderFacts | CancelFailed) -> Said:
    if isinstance(answer, OrderFacts):
        return Said.ACCEPTED
    return Said.REFUSED if answer.kind is FailureKind.REJECTED else Said.NOT_KNOWN
