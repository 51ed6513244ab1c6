"""``own``: what a person is warned of before the word leaves."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from actors.journal.entities import Entities
from actors.reconciler.state import EpochKind, ForeignEpoch, ForeignOrder
from inspection.command import Context
from inspection.source import Kept, LiveSource
from messages.addresses import RECONCILER
from messages.base import ClientOrderId, Symbol, Timestamp
from tests.actors.inspector.scene import Scene, playing
from tests.inspection.test_commands import operating, said

SYMBOL = Symbol("BTC/USDT")


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with playing(tmp_path) as one:
        yield one


def order_id(epoch: str, position: str) -> ClientOrderId:
    return ClientOrderId(f"k{'a' * 8}{epoch}{position}x1")


def epoch_with(epoch: str, position: str) -> ForeignEpoch:
    return ForeignEpoch(
        epoch=epoch,
        kind=EpochKind.TWIN,
        symbols=(SYMBOL,),
        orders=(order_id(epoch, position),),
        filled=Decimal(1),
        changed_at=Timestamp(1),
        last_number=1,
    )


def test_own_names_the_epochs_to_adopt_first_where_the_position_has_orders_in_them(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = (
        epoch_with("aaaaaaab", "p1"),
        epoch_with("aaaaaaac", "p2"),
        ForeignOrder(client_order_id=order_id("aaaaaaad", "p1"), symbol=SYMBOL),
    )
    kept_by = LiveSource.entities

    def entities(
        source: LiveSource, actors: tuple[str, ...] = (), *args: object, **kinds: object
    ) -> Kept:
        if actors != (RECONCILER,):
            return kept_by(source, actors, *args, **kinds)  # type: ignore[arg-type]  # as it came
        return Kept(at=Timestamp(1), sequence=1, actors=(Entities(RECONCILER, rows),))

    monkeypatch.setattr(LiveSource, "entities", entities)
    context, shown = operating(Context(source=scene.source()), sure=False)
    said(context, "own p1")
    assert "first adopt --epoch aaaaaaab and adopt --epoch aaaaaaad: what was sold" in str(shown)
    said(context, "own p3")
    assert "adopt --epoch" not in str(shown[-1].data)


def test_own_warns_of_no_epoch_where_none_is_in_doubt(scene: Scene) -> None:
    context, shown = operating(Context(source=scene.source()), sure=False)
    said(context, "own p1")
    (preview,) = shown
    assert "only if no other process holds it" in str(preview.data)
    assert "adopt" not in str(preview.data)
