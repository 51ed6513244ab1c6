"""The pure cores of production as the model calls them: a value and a message make another value.

A search brings the same core into the same state with the same message over and over, with
everything else different. As a core is pure, what it did the first time is what it does each time,
so it is called once: nothing is checked less, as the rules look at the whole world each time.
"""

from functools import lru_cache, partial
from typing import Any

import msgspec

from actors.order_router.core import step as router_step
from actors.order_router.order_store import Orders
from actors.order_router.timing import RequestTiming
from actors.portfolio.core import step as portfolio_step
from actors.portfolio.store import Books
from actors.position.core import step as position_step
from actors.position.position import Charter, Life, Position
from config.settings import RouterSettings
from messages.base import Timestamp
from messages.envelope import Removed, Send
from messages.ids import Identity, epoch_of
from verification.model.world import START

SETTINGS = RouterSettings(jitter_seed=1)
IDENTITY = Identity(
    account="a" * 8, epochs=(epoch_of(1), epoch_of(2)), started_at=START, ended_at=START
)
"""Of a journal that went through one start: its ids are of the second epoch."""
_REMEMBERED = 200_000
"""Calls of each core; frozen values that are equal have equal hashes, whoever made them."""
Entities = tuple[msgspec.Struct, ...]
Outbox = tuple[Send, ...]


class Cores:
    """Each core, with what it did before. A model has its own, as mutants change the code."""

    def __init__(self, timing: RequestTiming | None = None) -> None:
        """Begin with nothing remembered. ``timing``: what the router knows of the venue's clock."""
        self.position = lru_cache(_REMEMBERED)(_position)
        self.router = lru_cache(_REMEMBERED)(partial(_router, timing))
        self.portfolio = lru_cache(_REMEMBERED)(_portfolio)


def _position(life: Life | None, message: Any, now: Timestamp) -> tuple[Life, Outbox]:  # noqa: ANN401 - any of its union
    done = position_step(life, message, now)
    charter, position = (life.charter, life.position) if life else (None, None)
    for change in done.changes:
        charter = change if isinstance(change, Charter) else charter
        position = change if isinstance(change, Position) else position
    assert charter is not None
    assert position is not None
    return Life(charter, position), done.outbox


def _router(
    timing: RequestTiming | None,
    entities: Entities,
    message: Any,  # noqa: ANN401 - any of its union
    now: Timestamp,
) -> tuple[Entities, Outbox]:
    orders = Orders(IDENTITY)
    if timing is not None:
        orders.apply(timing)
    for entity in entities:
        orders.apply(entity)
    done = router_step(orders, SETTINGS, message, now)
    for change in done.changes:
        orders.apply(change)
    return (orders.venue, *orders.by_id.values()), done.outbox


def _portfolio(entities: Entities, message: Any, now: Timestamp) -> tuple[Entities, Outbox]:  # noqa: ANN401 - any of its union
    books = Books()
    for entity in entities:
        books.apply(entity)
    done = portfolio_step(books, message, now)
    by_key = {_key(entity): entity for entity in entities}
    for change in done.changes:
        if isinstance(change, Removed):
            by_key.pop((change.kind, change.key), None)
        else:
            by_key[_key(change)] = change
    return tuple(by_key[key] for key in sorted(by_key)), done.outbox


def _key(entity: Any) -> tuple[str, str]:  # noqa: ANN401 - any of the portfolio's entities
    names = ("key", "position_id", "currency", "symbol")
    key = next((getattr(entity, name) for name in names if hasattr(entity, name)), "")
    return type(entity).__name__, str(key)
