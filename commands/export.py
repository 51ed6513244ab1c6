"""``export``: what an account's journal says, as tables: orders, fills, transitions, PnL.

Reads copies; changes nothing. Each table is a file; money stays exact, as text. Fees are those of
each fill. With ``--tax`` there are also fills with both legs, lots, dust and transfers.
"""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from actors.journal.anchor import read_anchor
from actors.journal.codec import Snapshot, UnreadableError, decode
from actors.journal.inspection import ANCHOR, against_anchor
from actors.journal.port import Record
from actors.journal.segment import read_segment, segment_numbers
from actors.observers.trades import Trade, trade_of
from actors.order_router.order import RoutedOrder
from actors.position.position import Charter, Position
from actors.position.states import State
from commands.fills import FillBook
from commands.tax import TaxBook, lot_rows
from messages.base import ClientOrderId, PositionId, Timestamp
from messages.money import plain
from session.account import find_account
from session.table_files import TABLES, Format, Row, monies, write_table
from terminal.console import new_console
from terminal.errors import RunFailedError, UsageError


class Tables:
    """The rows so far, from the records in order."""

    def __init__(self) -> None:
        """Begin with none."""
        self.older: int | None = None
        """How many records came before the oldest that is kept; None: nothing was read yet."""
        self.fill_book = FillBook()
        self.tax = TaxBook()
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
                "fees": monies(facts.fees),
                "placed_at_ms": self._placed_at.get(order_id),
                "at_ms": facts.at,
            }

    @property
    def fills(self) -> Iterator[Row]:
        """Yield every fill, and fees that were told after it."""
        for fill in self.fill_book.fills():
            yield {
                "sequence": fill.sequence,
                "at_ms": fill.heard_at,
                "client_order_id": fill.request.client_order_id,
                "position_id": fill.request.position_id,
                "symbol": fill.request.symbol,
                "side": fill.request.side.value,
                "fill_quantity": plain(fill.quantity),
                "fill_cost": plain(fill.cost),
                "fees": monies(fill.fees),
                "filled_at_ms": fill.at,
                "exchange_order_id": fill.exchange_order_id,
                "trade_id": fill.trade_id,
            }

    def tax_tables(self) -> dict[str, list[Row]]:
        """Return the tables of ``--tax``, by name."""
        fills = self.fill_book.fills()
        books = tuple(self.tax.lot_book(fills, is_average=average) for average in (False, True))
        return {
            "tax_fills": list(self.tax.fill_rows(fills)),
            "tax_lots": [row for lots in books for row in lot_rows(lots)],
            "tax_transfers": self.tax.transfers,
            "tax_reconciliation": self.tax.reconciliation(fills, books),
        }

    def begin(self, snapshot: Snapshot) -> None:
        """Take in what a segment begins with: of the oldest, nothing of it happened here."""
        if self.older is None:
            self.older = snapshot.sequence
        self.tax.begin(snapshot)
        for one in snapshot.actors:
            for entity in one.entities:
                self._begin_with(entity)

    def _begin_with(self, entity: msgspec.Struct) -> None:
        if isinstance(entity, RoutedOrder):
            self._orders.setdefault(entity.request.client_order_id, entity)
            self.fill_book.begin(entity)
        elif isinstance(entity, Charter):
            self._charters[entity.position_id] = entity
        elif isinstance(entity, Position):
            self._states.setdefault(entity.position_id, entity.state)

    def take(self, record: Record) -> None:
        """Take in one record."""
        self.fill_book.take(record)
        self.tax.take(record)
        for change in record.changes:
            if isinstance(change, RoutedOrder):
                self._take_order(change, record)
            elif isinstance(change, Charter):
                self._charters[change.position_id] = change
            elif isinstance(change, Position):
                self._take_position(change, record)

    def _take_order(self, order: RoutedOrder, record: Record) -> None:
        order_id = order.request.client_order_id
        if order_id not in self._orders:
            self._placed_at[order_id] = record.now
        self._orders[order_id] = order

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


def export(
    state_dir: Path, account: str | None, to: Path, kind: Format, *, with_tax: bool = False
) -> None:
    """Write the tables of an account's journal into the folder ``to``.

    Raises:
        UsageError: there is no such account, a process uses it now, or ``to`` can't be written.
        RunFailedError: the journal is damaged, or the tax tables differ from its ledger; what is
            whole was written.
    """
    folder = find_account(state_dir, account)
    tables = Tables()
    losses = _read_all(folder, tables)
    console = new_console(soft_wrap=True)
    try:
        to.mkdir(parents=True, exist_ok=True)
        named = {name: list(getattr(tables, name)) for name in TABLES}
        taxed = tables.tax_tables() if with_tax else {}
        for name, rows in (named | taxed).items():
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
    differ = [row for row in taxed.get("tax_reconciliation", ()) if row["difference"] != "0"]
    if differ:
        sums = ", ".join(f"{r['what']} {r['currency']} by {r['difference']}" for r in differ)
        raise RunFailedError(
            f"the fills differ from the ledger: {sums}. Fills that were under way when the session"
            " ended are booked by its next start; then export again"
        )


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
        "fees": monies(trade.fees),
        "pnl": plain(trade.pnl),
        "cause": trade.cause.value,
    }
