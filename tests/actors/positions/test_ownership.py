"""What positions are told of another process that may hold what is open here."""

from msgspec.structs import replace

from messages.addresses import position_address
from messages.ids import Identity, epoch_of
from messages.position import ListsCompared, OwnershipChanged
from messages.positions import OwnershipDoubted, SymbolCompared
from tests.actors.positions.test_core import BTC, ETH, Stage, open_on


def test_of_a_doubt_about_an_epoch_of_ours_each_position_keeps_where_to_look() -> None:
    stage = Stage(BTC)
    identity = Identity(account="a" * 8, epochs=(epoch_of(1), epoch_of(2)))
    stage.roster.apply(replace(stage.roster.numbering, identity=identity))
    stage.hear(open_on(BTC))
    (living,) = stage.roster.living
    for epoch, prefix in (
        (epoch_of(1), identity.prefix_in(epoch_of(1), living)),
        (epoch_of(3), ""),
    ):
        stage.hear(OwnershipDoubted(reason="a twin", epoch=epoch))
        ((to, told),) = stage.sent
        assert to == position_address(living)
        assert told == OwnershipChanged(is_contested=True, reason="a twin", shared_at=prefix)


def test_that_the_lists_of_a_symbol_are_compared_its_own_positions_hear() -> None:
    stage = Stage(BTC)
    stage.hear(open_on(BTC))
    (living,) = stage.roster.living
    stage.hear(SymbolCompared(symbol=BTC))
    assert stage.sent == [(position_address(living), ListsCompared())]
    stage.hear(SymbolCompared(symbol=ETH))
    assert stage.sent == []
