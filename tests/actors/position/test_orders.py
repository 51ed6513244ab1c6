"""How a position numbers its orders: no id twice, and no limit stops an exit."""

from actors.position.draft import Turn
from actors.position.orders import next_id
from actors.position.position import Life
from messages.addresses import POSITIONS
from messages.ids import ATTEMPT_LAST, Identity, epoch_of, parse
from messages.orders import Side
from messages.positions import EpochAdded
from tests.actors.journal.test_identity import NOW, charter, position
from tests.actors.position.stage import P1

IDENTITY = Identity(account="a" * 8, epochs=(epoch_of(1),))


def turn(prefix: str, **said: int) -> Turn:
    return Turn(Life(charter(prefix), position(**said)), NOW)


def test_ids_are_numbered_anew_under_a_new_prefix() -> None:
    prefix = IDENTITY.prefix_of(P1)
    now = turn(prefix, entry_attempts=3, entries_before=2, exit_attempts=9, exits_before=9)
    assert next_id(now, Side.BUY) == f"{prefix}b2"
    assert next_id(now, Side.SELL) == f"{prefix}x1"
    assert next_id(now, Side.SELL) == f"{prefix}x2"
    assert (now.position.entry_attempts, now.position.exit_attempts) == (4, 11)


def test_when_the_attempts_run_out_the_exit_goes_on_in_an_epoch_that_the_journal_keeps() -> None:
    prefix = IDENTITY.prefix_of(P1)
    now = turn(prefix, exit_attempts=ATTEMPT_LAST - 1)
    last, first = parse(next_id(now, Side.SELL)), parse(next_id(now, Side.SELL))
    assert last is not None
    assert first is not None
    assert (last.epoch, last.attempt) == (IDENTITY.epoch, ATTEMPT_LAST)
    assert first.epoch != last.epoch
    assert (first.account, first.position_id, first.attempt) == (last.account, P1, 1)
    (sent,) = now.outbox
    assert (sent.to, sent.message) == (POSITIONS, EpochAdded(epoch=first.epoch))
    assert now.position.exit_attempts == ATTEMPT_LAST + 1


def test_in_the_older_layout_attempts_are_counted_on() -> None:
    now = turn("he1p1", exit_attempts=1_000_000)
    assert next_id(now, Side.SELL) == "he1p1x1000001"
    assert now.outbox == []
