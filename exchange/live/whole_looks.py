"""The rest of a look at an order that is not found by its id: lists, balance, a cancel, the stream.

Owns what each part is asked with, and what they say together. A part that shows the order makes it
an order like any other: then there is no look to tell of. What can't be asked, or has no answer
that can be used, is named as missing. On the loop only.
"""

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from decimal import Decimal
from functools import partial
from typing import NamedTuple, TypeVar

from msgspec.structs import replace

from exchange.live.connection import Connection
from exchange.live.errors import RejectedError, UnansweredError, WrongShapeError, of_cancel
from exchange.live.fields import Raw, exactly, said
from exchange.live.fill_completion import Answers
from exchange.live.order import LiveOrder
from exchange.live.order_calls import OrderCalls
from exchange.live.own_orders import Book
from exchange.live.pages import read_fills, read_open
from exchange.live.parsing import Leg, read_balances
from exchange.profiles.request_terms import terms_of
from exchange.profiles.verdicts import is_unknown_order
from messages.base import (
    DAY_MS,
    ClientOrderId,
    Currency,
    Symbol,
    Timestamp,
    base_currency,
    quote_currency,
)
from messages.gateway import CancelAtVenue, LookUpOrder
from messages.money import ZERO, amount_in
from messages.order_router import LookPart, WholeLook
from messages.orders import FillSource, OrderRequest, Priority, Side
from messages.portfolio import BalancesReported

REMEMBERED = 1_000
"""Signings; more than may be in doubt at a time."""
PartT = TypeVar("PartT")


class FoundError(Exception):
    """A part of the look shows the order."""

    def __init__(self, legs: Sequence[Leg] = ()) -> None:
        """Say how; nothing: the book has it."""
        super().__init__()
        self.legs = legs


class Signing(NamedTuple):
    """What was certain just before an order was signed first."""

    stream: int
    balances: BalancesReported | None


class WholeLooks:
    """Looks for orders where their id alone does not find them."""

    def __init__(
        self, connection: Connection, book: Book, answers: Answers, calls: OrderCalls
    ) -> None:
        """Remember no signing."""
        self._connection = connection
        self._book = book
        self._answers = answers
        self._calls = calls
        self._signings: dict[ClientOrderId, Signing] = {}

    def signs(self, order_id: ClientOrderId) -> None:
        """Take in that an order is about to be signed."""
        if order_id in self._signings:
            return  # an earlier copy may be on its way
        if len(self._signings) >= REMEMBERED:
            del self._signings[next(iter(self._signings))]
        connection = self._connection
        lag_ms = connection.profile.reads.lag_ms
        certain = None if lag_ms is None else connection.account.certain(connection.now(), lag_ms)
        number = connection.stream.number(connection.client)
        self._signings[order_id] = Signing(number, certain)

    def was_not_placed(self, order_id: ClientOrderId) -> None:
        """Forget a signing of which it is definite that nothing came."""
        self._signings.pop(order_id, None)

    async def look(self, order: LookUpOrder, known: LiveOrder, urgency: Priority) -> WholeLook:
        """Ask for everything beside the order's id. Raises ``FoundError``."""
        order_id, missing = order.client_order_id, list[LookPart]()
        since = order.fills_since or Timestamp(self._connection.now() - DAY_MS)
        legs, fills, balance = await asyncio.gather(
            self._or_missing(LookPart.OPEN_ORDERS, missing, self._open(known, urgency)),
            self._or_missing(LookPart.FILLS, missing, self._fills(known, since, urgency)),
            self._or_missing(LookPart.BALANCE, missing, self._balance(urgency)),
        )
        look = WholeLook(
            open_orders=tuple(sorted(leg.exchange_order_id for leg in legs or ())),
            fills=tuple(sorted(fills or ())),
        )
        if balance is not None:
            look = await self._with_balance(look, known, legs or [], balance, urgency)
        if look.total is None and LookPart.BALANCE not in missing:
            missing.append(LookPart.BALANCE)
        await self._or_missing(LookPart.CANCEL, missing, self._cancel(order, known, urgency))
        stream = await self._connection.stream.checked(self._connection.client)
        self._check_streams(known)
        if missing:
            names = ", ".join(missing)
            self._connection.note(f"{order_id}: a look without {names}: its caches are waited for")
        signed_on = self._signings.get(order_id, Signing(0, None)).stream
        return replace(look, missing=tuple(missing), stream=stream, signed_on=signed_on)

    async def _or_missing(
        self, part: LookPart, missing: list[LookPart], asking: Awaitable[PartT]
    ) -> PartT | None:
        """Return an answer; None: the part is missing. Raises ``FoundError``."""
        try:
            return await asking
        except FoundError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, there is no answer to use
            self._connection.note(f"{part} of a look: {self._connection.text_of(error)}")
            missing.append(part)
            return None

    async def _open(self, known: LiveOrder, urgency: Priority) -> list[Leg]:
        """Return the orders that work on its symbol. Raises ``FoundError``."""
        ask = partial(self._connection.call, urgency=urgency)
        rows = await read_open(self._connection.profile, ask, known.symbol)
        legs = self._answers.read_legs(rows)
        if len(legs) != len(rows):
            raise WrongShapeError("fetch_open_orders: a row can't be read")
        whose, order_id = self._book.whose_leg, known.client_order_id
        own = [leg for leg in legs if whose(known.symbol, leg) == order_id]
        if own:
            raise FoundError(own)
        return legs

    async def _fills(self, known: LiveOrder, since: Timestamp, urgency: Priority) -> list[str]:
        """Return the ids of the fills on its symbol. Raises ``FoundError``."""
        profile, now = self._connection.profile, self._connection.now()
        ask = partial(self._connection.call, urgency=urgency)
        listed = await read_fills(profile, ask, known.symbol, since, now)
        if listed is None or not listed.is_whole:
            raise UnansweredError("the list of fills is cut off")
        ids = []
        for raw in listed.rows:
            read = self._answers.read_trade(raw)
            if read is None:
                raise WrongShapeError("a fill can't be read")
            owner, trade = read
            order_id = trade.exchange_order_id
            owner = owner or self._book.known_owner(known.symbol, order_id)
            if owner is None and not self._book.is_strangers(known.symbol, order_id):
                leg = self._answers.read_leg(await ask("fetch_order", order_id, known.symbol))
                owner = self._book.owner_of(known.symbol, leg)
                if owner is None:
                    self._book.know_stranger(known.symbol, order_id)
            if owner == known.client_order_id:
                fetched = await ask("fetch_order", order_id, known.symbol)
                raise FoundError([self._answers.read_leg(fetched)])
            ids.append(trade.trade_id)
        return ids

    async def _balance(self, urgency: Priority) -> Raw:
        answer: Raw = await self._connection.call("fetch_balance", urgency=urgency)
        return answer

    async def _with_balance(
        self,
        look: WholeLook,
        known: LiveOrder,
        legs: list[Leg],
        balance: Raw,
        urgency: Priority,
    ) -> WholeLook:
        """Return the look with the coin that the order spends. Raises ``FoundError``."""
        read = read_balances(balance, self._connection.refused)
        coin = _spent(known)
        if coin in read.unknown:
            return look
        total, free = amount_in(read.total, coin), amount_in(read.free, coin)
        before = self._signings.get(known.client_order_id, Signing(0, None)).balances
        unexplained = max(total - free - _locked(legs, known.symbol, coin), ZERO)
        if unexplained and self._locks(known.request):
            unexplained = await self._unexplained(known, total - free, coin, urgency)
        shows = balance.get("timestamp") if self._connection.profile.dates_balances else None
        return replace(
            look,
            total=total,
            free=free,
            total_before=None if before is None else amount_in(before.total, coin),
            free_before=None if before is None else amount_in(before.free, coin),
            balance_shows=Timestamp(shows) if isinstance(shows, int) else None,
            unexplained=unexplained,
        )

    def _locks(self, request: OrderRequest | None) -> bool:
        terms = terms_of(self._connection.profile)
        return terms is not None and (request is None or request.type in terms.locking)

    async def _unexplained(
        self, known: LiveOrder, locked: Decimal, coin: Currency, urgency: Priority
    ) -> Decimal:
        """Return what of the locked coins no order of any pair explains. Raises ``FoundError``."""
        try:
            ask = partial(self._connection.call, urgency=urgency)
            rows = await read_open(self._connection.profile, ask, None)
        except Exception as error:  # noqa: BLE001 - what is not explained stays so
            self._connection.note(f"open orders of all pairs: {self._connection.text_of(error)}")
            return locked
        for raw in rows:
            symbol = said(raw).get("symbol")
            legs = self._answers.read_legs([raw])
            if not isinstance(symbol, str) or not legs:
                continue
            if self._book.whose_leg(Symbol(symbol), legs[0]) == known.client_order_id:
                raise FoundError(legs)
            locked -= _locked(legs, Symbol(symbol), coin)
        return max(locked, ZERO)

    async def _cancel(self, order: LookUpOrder, known: LiveOrder, urgency: Priority) -> None:
        """Let the engine say that no such order is open. Raises ``FoundError`` where one was."""
        profile = self._connection.profile
        cancel = CancelAtVenue(
            client_order_id=order.client_order_id,
            exchange_order_id=None,
            symbol=order.symbol,
            priority=urgency,
        )
        if profile.unknown_order is None:
            raise UnansweredError("no cancel is known to be answered by the engine")
        try:
            legs = await self._calls.cancel(cancel, known)
        except Exception as error:
            failure = of_cancel(error, self._connection.text_of(error), profile)
            if isinstance(failure, RejectedError) and is_unknown_order(profile, str(failure)):
                return
            raise
        raise FoundError(legs)

    def _check_streams(self, known: LiveOrder) -> None:
        """Take what ccxt has heard and not handed on yet. Raises ``FoundError``."""
        names = self._book.names_of(known.client_order_id)
        for raw in list(self._connection.client.orders or ()):
            if raw.get("clientOrderId") in names:
                raise FoundError([self._answers.read_leg(raw, FillSource.ORDER_EVENT)])
        found = self._book.get(known.client_order_id)
        if found is not None and found.legs:
            raise FoundError


@exactly
def _locked(legs: Iterable[Leg], symbol: Symbol, coin: Currency) -> Decimal:
    """Return how much of a coin orders on a symbol may keep from others."""
    locked = ZERO
    for leg in legs:
        if leg.quantity is None or leg.filled is None:
            continue
        left = leg.quantity - leg.filled
        if leg.side is Side.SELL and base_currency(symbol) == coin:
            locked += left
        elif leg.side is Side.BUY and quote_currency(symbol) == coin and leg.price is not None:
            locked += left * leg.price
    return locked


def _spent(known: LiveOrder) -> Currency:
    """Return the coin that an order spends; of one of an earlier process: what is sold there."""
    request = known.request
    buys = request is not None and request.side is Side.BUY
    return quote_currency(known.symbol) if buys else base_currency(known.symbol)
