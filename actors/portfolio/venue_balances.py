"""The venue's balances beside the books: differences are named, never booked.

A difference counts after two equal looks some seconds apart: between them a fill may be under way.
Where an order that may be live explains it (``unheard``), it counts when that fill should have been
heard of for certain: after ``Limits.unheard_ms``.
The first surplus of a currency is what is not ours: coins of the wallet beyond the capital that
config allots. It is established while nothing of ours trades the currency, and then at once: no
fill can be under way. Later it could be what an entry bought and nobody has heard of, and the
position could never sell it; or lack what an exit sold, and the position would sell strangers'.
"""

from decimal import Decimal

import msgspec

from messages.addresses import OBSERVERS
from messages.base import Currency, Milliseconds, PositionId, Symbol, Timestamp
from messages.envelope import Send
from messages.money import ZERO
from messages.observers import Alarm, AlarmKind
from messages.portfolio import Unfilled

LOOK_AGAIN_MS = Milliseconds(5_000)
"""Between two looks at a difference."""
ANSWER_TIMEOUT_MS = Milliseconds(30_000)
"""After which an unanswered request for balances is repeated."""


class Balance(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """What the venue says of one currency, against the books."""

    currency: Currency
    not_ours: Decimal | None = None
    """At the venue, but not in the books and never to be; None: not established yet."""
    difference: Decimal = ZERO
    """Named and alarmed: venue less books less what is not ours. Negative is a shortage."""
    suspected: Decimal | None = None
    """A difference that was not seen for long enough to be named."""
    suspected_at: Timestamp | None = None

    def off(self, reported: Decimal, booked: Decimal) -> Decimal:
        """Return venue less books less what is not ours. Negative is a shortage."""
        return reported - booked - (self.not_ours or ZERO)


class MayFill(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """What the router said last that may fill, or may have filled unheard. There is one."""

    rows: tuple[Unfilled, ...] = ()
    heard_at: Timestamp | None = None


class Asker(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """A position that waits to hear what it may sell."""

    position_id: PositionId
    currency: Currency
    may_be_locked: Decimal
    """In exits of its own that are lost and may be live."""
    contested_on: Symbol | None = None
    """Where other processes' fills are looked at after the balance."""
    total: Decimal | None = None
    """What the venue said; None: it was not heard yet."""
    free: Decimal | None = None
    wants_total: bool = False
    """Whether it wants to hear what the account holds, too."""


class LookDue(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """When the balances are asked for next."""

    at: Timestamp | None = None


def compared(
    balance: Balance,
    reported: Decimal,
    booked: Decimal,
    now: Timestamp,
    *,
    is_quiet: bool,
    patience_ms: Milliseconds = LOOK_AGAIN_MS,
) -> tuple[Balance, tuple[Send, ...]]:
    """Return the row after one look, and the alarm if this look confirmed a difference.

    ``is_quiet``: nothing of ours trades the currency now, so that no fill can be under way.
    ``patience_ms``: how long the difference must have been seen.
    """
    if balance.not_ours is None and reported == booked:
        return Balance(currency=balance.currency, not_ours=ZERO), ()
    difference = balance.off(reported, booked)
    if balance.not_ours is None and difference > 0 and is_quiet:
        return Balance(currency=balance.currency, not_ours=difference), ()
    if balance.not_ours is not None and difference == balance.difference:
        return msgspec.structs.replace(balance, suspected=None, suspected_at=None), ()
    if difference != balance.suspected or balance.suspected_at is None:
        return msgspec.structs.replace(balance, suspected=difference, suspected_at=now), ()
    is_to_wait = balance.not_ours is None and difference > 0
    if is_to_wait or now - balance.suspected_at < patience_ms:
        return balance, ()
    return _confirmed(balance, difference, reported, booked)


def _confirmed(
    balance: Balance, difference: Decimal, reported: Decimal, booked: Decimal
) -> tuple[Balance, tuple[Send, ...]]:
    not_ours = balance.not_ours or ZERO
    after = Balance(currency=balance.currency, not_ours=not_ours, difference=difference)
    if not difference:
        return after, ()
    kind = AlarmKind.SHORTAGE if difference < 0 else AlarmKind.SURPLUS
    text = (
        f"{kind} of {abs(difference)} {balance.currency}: the venue reports {reported}, "
        f"the books say {booked}, {not_ours} is not ours"
    )
    return after, (Send(OBSERVERS, Alarm(kind=kind, text=text)),)
