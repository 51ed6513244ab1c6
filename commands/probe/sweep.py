"""The end of a probe: every order of it is over, and what it bought is sold again.

Owns that it is looked at, not believed: an order counts as over when a look-up says so and the list
of open orders has none of the probe's; never more is sold than the probe bought and the account
holds beyond what it held before.
"""

import time
from decimal import Decimal

from commands.probe.desk import Desk
from commands.probe.ledger import Sent
from exchange.rules import is_tradable
from messages.base import Milliseconds
from messages.money import ZERO, amount_in, floor_to_step, plain
from messages.order_router import CancelFailed, OrderNotFound
from messages.orders import OrderFacts, Side
from terminal.errors import CommandError

_PATIENCE_SECONDS = 60.0
"""Beyond the time in which a request may still arrive."""
_PAUSE_SECONDS = 0.5
_LIFE_UNKNOWN_MS = Milliseconds(60_000)
_BALANCE_SECONDS = 10.0
"""How long a balance may lag behind a fill."""


def sweep(desk: Desk) -> str:
    """Cancel and sell everything of the probe; return what is left, for people; empty: nothing.

    The ledger's file stays where something is left that a later ``probe`` can clear.
    """
    desk.is_ending, desk.ledger.is_needed = True, False
    until = time.monotonic() + _PATIENCE_SECONDS + _life_ms(desk) / 1000
    problem = ""
    while time.monotonic() < until:
        try:
            problem = _open_left(desk) or _sell(desk)
        except CommandError as error:
            problem = str(error)
        except Exception as error:  # noqa: BLE001 - it is tried again, and told at last
            problem = desk.connection.text_of(error)
        if not problem:
            desk.ledger.remove()
            return ""
        desk.wait(_PAUSE_SECONDS)
    return problem


def dust(desk: Desk) -> Decimal:
    """Return what the probe bought and is too little to be sold."""
    if any(one.is_lost for one in desk.ledger.sent):
        return ZERO  # not known
    return max(desk.ledger.held(desk.rules.base), ZERO)


def _open_left(desk: Desk) -> str:
    """Cancel what works; return why that is not all done yet."""
    left = [one.client_order_id for one in desk.ledger.sent if not _settle(desk, one)]
    if left:
        return f"what became of {', '.join(left)} is not known"
    working = [leg for leg in desk.open_orders() if desk.is_ours(leg)]
    for leg in working:
        desk.cancel_by_exchange_id(leg.exchange_order_id)
    if working:
        return f"orders still work: {', '.join(leg.exchange_order_id for leg in working)}"
    return ""


def _settle(desk: Desk, one: Sent) -> bool:
    """Cancel an order that may work; return whether nothing more becomes of its id."""
    if one.is_settled:
        return True
    found = desk.look(one.client_order_id)
    if isinstance(found, OrderFacts) and not found.is_terminal:
        canceled = desk.cancel(one.client_order_id, found.exchange_order_id)
        if isinstance(canceled, CancelFailed):
            return False
        found = canceled
    if isinstance(found, OrderFacts):
        if not found.is_terminal:
            return False
    elif not (isinstance(found, OrderNotFound) and _is_too_late(desk, one)):
        return False
    is_lost = not isinstance(found, OrderFacts) and not _is_seen_over(one)
    desk.ledger.settle(one.client_order_id, is_lost=is_lost)
    return True


def _is_too_late(desk: Desk, one: Sent) -> bool:
    """Return whether an order that is not found was seen over, or can't come any more.

    One that was seen at work and is not found is looked for in the list of open orders too.
    """
    return _is_seen_over(one) or desk.connection.now() - one.at > _life_ms(desk)


def _life_ms(desk: Desk) -> Milliseconds:
    """Return how long a request that got no answer may still arrive."""
    return desk.connection.profile.request_life_ms or _LIFE_UNKNOWN_MS


def _is_seen_over(one: Sent) -> bool:
    return bool(one.orders) and all(facts.is_terminal for facts in one.orders.values())


def _sell(desk: Desk) -> str:
    """Sell what the probe bought; return why that is not all done yet."""
    rules = desk.rules
    bid, held = desk.bid(), desk.ledger.held(rules.base)
    quantity = floor_to_step(held, rules.step_size)
    if quantity <= ZERO or not is_tradable(quantity, bid, rules):
        return ""
    there = floor_to_step(min(held, _gained(desk, held)), rules.step_size)
    is_explained = any(one.is_lost and one.side is Side.SELL for one in desk.ledger.sent)
    if there <= ZERO and is_explained:
        return ""
    if there <= ZERO or not is_tradable(there, bid, rules):
        return f"{plain(held)} {rules.base} were bought, and the account does not hold them"
    reply = desk.submit(desk.at_once(Side.SELL, there))
    why = "" if reply.failure is None else f": {reply.failure.text}"
    return f"{plain(there)} {rules.base} may be unsold{why}"


def _gained(desk: Desk, held: Decimal) -> Decimal:
    """Return what the account has beyond what it had; a late balance is waited for."""
    until = time.monotonic() + _BALANCE_SECONDS
    while True:
        total, _ = desk.balances()
        gained = amount_in(total, desk.rules.base) - desk.ledger.base_before
        if gained >= held or time.monotonic() > until:
            return gained
        desk.wait(_PAUSE_SECONDS)
