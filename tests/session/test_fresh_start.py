"""What --fresh puts aside is listed; with real money what is open is given up by name only."""

import shutil
from pathlib import Path

import pytest

from actors.journal.inspection import find
from actors.journal.recovery import living_positions
from config.settings import Settings
from messages.base import Timestamp
from session.account import Account
from session.fresh_start import GiveUp, LeftOpen, ask_to_give_up, left_open, new_aside
from terminal.errors import UsageError
from tests.actors.journal.history import NOW, records, write
from tests.commands.test_verify import contents

LATER = Timestamp(NOW + 1)
NAME = "live-binance-main"


def opened(folder: Path) -> int:
    """Write a journal that ends with an open position; return how many records it has."""
    for count in range(20, len(records())):
        shutil.rmtree(folder, ignore_errors=True)
        write(folder, count, count)
        found = find(folder)
        assert found is not None
        left = left_open(folder, folder / "before-1")
        if left.orders and any("venue: nothing" not in line for line in left.positions):
            assert len(left.positions) == len(list(living_positions(found.snapshot)))
            return count
    raise AssertionError("nothing is ever open")


def fresh(folder: Path, give_up: GiveUp | None = None) -> Account:
    return Account(folder, Path("sessions/x"), LATER, is_fresh=True, give_up=give_up)


class Person:
    """Types an answer, and reads what is said."""

    def __init__(self, answer: str | None, *, given: str | None = None) -> None:
        self.said: list[str] = []
        self.answer, self.given = answer, given

    def ask(self, left: LeftOpen) -> None:
        ask_to_give_up(
            left,
            account=NAME,
            given=self.given,
            say=self.said.append,
            is_terminal=self.answer is not None,
            read=lambda: self.answer or "",
        )


def test_what_is_open_is_listed_with_what_manages_it_and_where_the_journal_goes(
    tmp_path: Path,
) -> None:
    folder = tmp_path / NAME
    opened(folder)
    person = Person("yes")
    before = contents(folder)
    with pytest.raises(UsageError, match=f"nothing was changed.*--abandon {NAME}"):
        fresh(folder, person.ask)
    said = "\n".join(person.said)
    assert "p1 BTC/USDT: " in said
    assert "order " in said
    assert "No session of Holdfast will manage this any more" in said
    assert f"The journal goes to {folder / 'before-2'}" in said
    after = contents(folder)
    assert {name: after[name] for name in before if name.startswith(("segment", "anchor"))} == {
        name: data for name, data in before.items() if name.startswith(("segment", "anchor"))
    }
    assert not list(folder.glob("before-*"))


@pytest.mark.parametrize("person", [Person(NAME), Person(None, given=NAME)])
def test_the_accounts_name_gives_it_up(tmp_path: Path, person: Person) -> None:
    folder = tmp_path / NAME
    opened(folder)
    before = find(folder)
    account = fresh(folder, person.ask)
    assert account.recovered is None
    assert find(folder / "before-2") == before
    account.close()


@pytest.mark.parametrize(
    "person", [Person(""), Person("live-binance"), Person(None), Person(None, given="live")]
)
def test_nothing_else_does(tmp_path: Path, person: Person) -> None:
    folder = tmp_path / NAME
    opened(folder)
    with pytest.raises(UsageError, match="would be given up"):
        fresh(folder, person.ask)
    assert find(folder) is not None


def test_where_nothing_is_open_nobody_is_asked(tmp_path: Path) -> None:
    fresh(tmp_path / "new", Person(None).ask).close()
    write(tmp_path / "old", 1, 1)
    fresh(tmp_path / "old", Person(None).ask).close()


def test_a_journal_that_is_damaged_or_was_taken_away_may_leave_anything_open(
    tmp_path: Path,
) -> None:
    folder = tmp_path / NAME
    write(folder, 20, 20)
    (folder / "segment-000001.sqlite").write_bytes(b"no database")
    with pytest.raises(UsageError, match="what it leaves open is not known"):
        fresh(folder, Person("yes").ask)
    other = tmp_path / "other"
    account = Account(other, Path("sessions/x"), LATER, is_fresh=False)
    account.open_journal(Settings(), LATER)
    shutil.rmtree(other)
    account.close()
    with pytest.raises(UsageError, match="what it leaves open is not known"):
        fresh(other, Person("yes").ask)
    fresh(other, Person(NAME).ask).close()


def test_paper_money_is_told_what_is_put_aside(tmp_path: Path) -> None:
    folder = tmp_path / "paper-embedded-main"
    opened(folder)
    account = fresh(folder)
    told = account.told(Settings())
    assert f"put aside in {folder / 'before-2'}" in told[1]
    assert "1 open position, 1 order" in told[1]
    assert "p1 BTC/USDT" in told[2]
    account.close()


def test_no_folder_is_put_aside_twice(tmp_path: Path) -> None:
    (tmp_path / "before-7").mkdir()
    (tmp_path / "before-8").symlink_to(tmp_path / "nothing")
    assert new_aside(tmp_path, 7) == tmp_path / "before-9"
