"""``export``: what an account's journal says, as tables: orders, fills, transitions, PnL.

Reads copies; changes nothing. Each table is a file; money stays exact, as text.
Fills are what an order's cumulative facts gained from one record to the next.
"""

from collections.abc import Iterator
from pathlib import Path

import msgspec
from rich.console import Console

from actors.journal.anchor import read_anchor
from actors.journal.codec import Snapshot, UnreadableError, decode
from actors.journal.finding import ANCHOR, against_anchor
from actors.journal.port import Record
from actors.journal.segment import read_segment, segment_numbers
from actors.observers.trades import Trade, trade_of
from actors.order_router.order import RoutedOrder
from actors.position.position import Charter, Position
from actors.position.states import State
from commands.account import find_account
from commands.errors import RunFailedError, UsageError
from commands.table_files import TABLES, Format, Row, write_table
from messages.base import ClientOrderId, PositionId, Timestamp
from messages.money import ZERO, Money, add_money, plain


class Tables:
    """The rows so far, from the records in order."""

    def __init__(self) -> None:
        """Begin with none."""
        self.older: int | None = None
        """How many records came before the oldest that is kept; None: nothing was read yet."""
        self.fills: list[Row] = []
        self.transitions: list[Row] = []
        self.pnl: list[Row] = []
        self._orders: dict[ClientOrderId, RoutedOrder] = {}
        self._placed_at: dict[ClientOrderId, Timestamp] = {}
        self._charters: dict[PositionId, Charter] = {}
        self._states: dict[PositionId, State] = {}

    @property
    def orders(self) -> Iterator[Row]:
        """Yield every order as it stood last."""
        for order_id, order in self._orders.items():
            request, facts = order.request, order.facts
            if order.is_probe:  # looked for after a restart, and never placed
                continue
            yield {
                "client_order_id": order_id,
                "position_id": request.position_id,
                "symbol": request.symbol,
                "side": request.side.value,
                "type": request.type.value,
                "purpose": request.purpose.value,
                "quantity": plain(request.quantity),
                "price": None if request.price is None else plain(request.price),
                "status": facts.status.value,
                "filled": plain(facts.filled),
                "cost": None if facts.unpriced else plain(facts.cost),
                "fees": _money(facts.fees),
                "placed_at_ms": self._placed_at.get(order_id),
                "at_ms": facts.at,
            }

    def begin(self, snapshot: Snapshot) -> None:
        """Take in what a segment begins with: of the oldest, nothing of it happened here."""
        if self.older is None:
            self.older = snapshot.sequence
        for one in snapshot.actors:
            for entity in one.entities:
                self._begin_with(entity)

    def _begin_with(self, entity: msgspec.Struct) -> None:
        if isinstance(entity, RoutedOrder):
            self._orders.setdefault(entity.request.client_order_id, entity)
        elif isinstance(entity, Charter):
            self._charters[entity.position_id] = entity
        elif isinstance(entity, Position):
            self._states.setdefault(entity.position_id, entity.state)

    def take(self, record: Record) -> None:
        """Take in one record."""
        for change in record.changes:
            if isinstance(change, RoutedOrder):
                self._take_order(change, record)
            elif isinstance(change, Charter):
                self._charters[change.position_id] = change
            elif isinstance(change, Position):
                self._take_position(change, record)

    def _take_order(self, order: RoutedOrder, record: Record) -> None:
        order_id, facts = order.request.client_order_id, order.facts
        before = self._orders.get(order_id)
        self._orders[order_id] = order
        if before is None:
            self._placed_at[order_id] = record.now
        # A fill is a row once its cost is known.
        had = ZERO if before is None else before.facts.filled - before.facts.unpriced
        priced = facts.filled - facts.unpriced
        if priced <= had:
            return
        had_cost = ZERO if before is None else before.facts.cost
        had_fees = () if before is None else before.facts.fees
        less = (Money(fee.currency, -fee.amount) for fee in had_fees)
        self.fills.append(
            {
                "sequence": record.sequence,
                "at_ms": record.now,
                "client_order_id": order_id,
                "position_id": order.request.position_id,
                "symbol": order.request.symbol,
                "side": order.request.side.value,
                "fill_quantity": plain(priced - had),
                "fill_cost": plain(facts.cost - had_cost),
                "fees": _money(add_money(facts.fees, less)),
            }
        )

    def _take_position(self, position: Position, record: Record) -> None:
        position_id = position.position_id
        before = self._states.get(position_id)
        self._states[position_id] = position.state
        if before is position.state:
            return
        self.transitions.append(
            {
                "sequence": record.sequence,
                "at_ms": record.now,
                "position_id": position_id,
                "from": None if before is None else before.value,
                "to": position.state.value,
                "message": type(record.message).__name__,
            }
        )
        if position.state is State.CLOSED and position_id in self._charters:
            trade = trade_of(self._charters.pop(position_id), position)
            if trade is not None:
                self.pnl.append(_pnl(trade, record.sequence))


def export(state_dir: Path, account: str | None, to: Path, kind: Format) -> None:
    """Write the tables of an account's journal into the folder ``to``.

    Raises:
        UsageError: there is no such account, a process uses it now, or ``to`` can't be written.
        RunFailedError: the journal is damaged; what is whole was written.
    """
    folder = find_account(state_dir, account)
    tables = Tables()
    losses = _read_all(folder, tables)
    console = Console(highlight=False, markup=False, soft_wrap=True)
    try:
        to.mkdir(parents=True, exist_ok=True)
        for name in TABLES:
            rows: list[Row] = list(getattr(tables, name))
            path = write_table(to, name, rows, kind)
            console.print(f"{path}: {len(rows)} row{'' if len(rows) == 1 else 's'}")
    except OSError as error:
        raise UsageError(f"{to} can't be written: {error.strerror}") from None
    if tables.older:
        console.print(
            f"without the {tables.older} oldest records, which are removed (journal.keep_bytes)"
        )
    if losses:
        raise RunFailedError(f"the journal is not whole: {'; '.join(losses)}")


def _read_all(folder: Path, tables: Tables) -> list[str]:
    """Take in all that is whole; return what is not."""
    losses: list[str] = []
    sequence = 0
    heads: tuple[bytes, ...] = ()
    for number in segment_numbers(folder):
        try:
            with read_segment(folder, number) as reader:
                tables.begin(reader.opening.snapshot)
                for batch in reader.batches():
                    for encoded in batch.encoded:
                        tables.take(decode(encoded))
                damage = reader.damage
                sequence, heads = reader.sequence, (reader.head, reader.opening.previous_head)
        except UnreadableError as error:
            damage = str(error)
        if damage is not None:
            losses.append(f"segment {number}: {damage}")
    lost = against_anchor(read_anchor(folder / ANCHOR), sequence, heads)
    return losses if lost is None else [*losses, lost]


def _pnl(trade: Trade, sequence: int) -> Row:
    return {
        "sequence": sequence,
        "position_id": trade.position_id,
        "symbol": trade.symbol,
        "entered_at_ms": trade.entered_at,
        "closed_at_ms": trade.closed_at,
        "quantity": plain(trade.quantity),
        "cost": plain(trade.cost),
        "proceeds": plain(trade.proceeds),
        "fees": _money(trade.fees),
        "pnl": plain(trade.pnl),
        "cause": trade.cause.value,
    }


def _money(amounts: tuple[Money, ...]) -> str:
    return " ".join(f"{plain(money.amount)} {money.currency}" for money in amounts)
