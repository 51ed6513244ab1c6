"""What a probe sent and what became of it, in a file: what is left of a killed probe is cleared.

Owns the sums. An order counts once by the exchange's id: a client order id may stand for several.
"""

from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import msgspec
from msgspec.structs import replace

from actors.plain_files import write_whole
from messages.base import ClientOrderId, Currency, Symbol, Timestamp
from messages.money import ZERO, amount_in
from messages.orders import OrderFacts, Side


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """One client order id, and every order that was seen under it."""

    client_order_id: ClientOrderId
    side: Side
    at: Timestamp
    """When it was sent last."""
    orders: dict[str, OrderFacts] = {}
    """By the exchange's id."""
    is_settled: bool = False
    """Whether nothing more becomes of it."""
    is_lost: bool = False
    """Whether it was seen, and its id finds nothing any more: a stop that became another order."""


class Book(msgspec.Struct, frozen=True, kw_only=True):
    """What the file holds."""

    symbol: Symbol
    account: str
    """As in its client order ids: another account's probe is not cleared with this one's key."""
    base_before: Decimal = ZERO
    """What the account held of the base currency, in all."""
    sent: tuple[Sent, ...] = ()


class Ledger:
    """The orders of one probe; each change is on the disk before the next request.

    While the probe is cleared a full disk does not keep its coins from being sold.
    """

    def __init__(self, path: Path, book: Book) -> None:
        """Begin with what ``book`` has; write nothing yet."""
        self.is_needed = True
        """Whether an order must not leave before it is on the disk; not while all is sold."""
        self._path = path
        self._book = book
        self._sent = {one.client_order_id: one for one in book.sent}

    @property
    def base_before(self) -> Decimal:
        """What the account held of the base currency before the first order."""
        return self._book.base_before

    def begin(self, base_before: Decimal) -> None:
        """Note what the account holds before the first order."""
        self._book = replace(self._book, base_before=base_before)

    @property
    def sent(self) -> list[Sent]:
        """Every client order id, oldest first."""
        return list(self._sent.values())

    @property
    def exchange_ids(self) -> set[str]:
        """Every order's id at the exchange, as far as it is known."""
        return {name for one in self._sent.values() for name in one.orders}

    def send(self, order_id: ClientOrderId, side: Side, at: Timestamp) -> None:
        """Note an order that leaves now, maybe under an id that was used before."""
        before = self._sent.get(order_id) or Sent(client_order_id=order_id, side=side, at=at)
        self._sent[order_id] = replace(before, at=at, is_settled=False)
        self._write()

    def hear(self, facts: OrderFacts) -> None:
        """Note how an order stands."""
        one = self._sent.get(facts.client_order_id)
        if one is None:
            return
        orders = {name: old for name, old in one.orders.items() if name}
        orders[str(facts.exchange_order_id or next(reversed(orders), ""))] = facts
        self._sent[facts.client_order_id] = replace(one, orders=orders)
        self._write()

    def settle(self, order_id: ClientOrderId, *, is_lost: bool = False) -> None:
        """Note that nothing more becomes of an id."""
        self._sent[order_id] = replace(self._sent[order_id], is_settled=True, is_lost=is_lost)
        self._write()

    def held(self, base: Currency) -> Decimal:
        """Return what the orders left in base: bought less fees in base, less sold."""
        held = ZERO
        for one in self._sent.values():
            for facts in one.orders.values():
                amount = facts.filled if one.side is Side.BUY else -facts.filled
                held += amount - amount_in(facts.fees, base)
        return held

    def remove(self) -> None:
        """Nothing is left: the file is of no use. One that can't be removed is cleared in vain."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _write(self) -> None:
        book = replace(self._book, sent=tuple(self._sent.values()))
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self._path, [msgspec.json.encode(book)])
        except OSError:
            if self.is_needed:
                raise
