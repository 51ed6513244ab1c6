"""The orders of one position as a table: a row for each, two for one with two legs."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from rich.console import RenderableType

from actors.position.position import OwnOrder
from inspection.view import NOTHING, Cell, number, right, table
from messages.base import ClientOrderId
from messages.orders import OrderRequest, OrderType, StopStatus

Requests = Mapping[ClientOrderId, OrderRequest]
"""What the router remembers of a position's orders: their prices."""

_COLUMNS = ("order", "purpose", "status", right("asked"), right("at"), right("filled"),
            right("average"), "fees")  # fmt: skip


def orders_table(orders: tuple[OwnOrder, ...], requests: Requests) -> RenderableType:
    """Return the table; an order that the router has forgotten shows no price."""
    rows = (row for one in orders for row in _rows(one, requests.get(one.facts.client_order_id)))
    return table(_COLUMNS, rows, "none")


def _rows(one: OwnOrder, request: OrderRequest | None) -> Iterator[tuple[Cell, ...]]:
    order_id, stop = one.facts.client_order_id, one.facts.stop
    is_oco = request is not None and request.type is OrderType.OCO
    prices = () if request is None else (request.price, request.trigger_price)
    if not is_oco:
        at = " / ".join(number(price) for price in prices if price is not None)
        at = at or (NOTHING if request is None else "market")
        yield (order_id, one.purpose.value, *_standing(one, _status(one), at, is_filled=True))
        return
    assert request is not None  # noqa: S101 - for the type checker
    stop_sold = stop is StopStatus.TRIGGERED
    target = _standing(one, _status(one), number(request.price), is_filled=not stop_sold)
    yield (order_id, "take profit leg", *target)
    below = _standing(one, stop.value, number(request.trigger_price), is_filled=stop_sold)
    yield ("", "stop leg", *below)


def _status(one: OwnOrder) -> str:
    mark = " LOST" if one.is_lost else " cancel asked" if one.cancel_asked else ""
    return one.facts.status.value + mark


def _standing(one: OwnOrder, status: str, at: str, *, is_filled: bool) -> tuple[Cell, ...]:
    """Return the cells from the status on; ``is_filled``: what the order filled is this leg's."""
    facts = one.facts
    fees = ", ".join(f"{number(fee.amount)} {fee.currency}" for fee in facts.fees) or "0"
    average = facts.average_price()
    shown = (
        (number(facts.filled), number(None if average is None else float(average)), fees)
        if is_filled
        else (number(Decimal(0)), NOTHING, "")
    )
    return (status, number(one.quantity), at, *shown)
