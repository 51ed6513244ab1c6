"""Capital, watchlist, mailboxes and counts."""

from collections.abc import Callable
from decimal import Decimal

from msgspec.structs import replace

from messages.session import SessionPicture
from terminal.table import Line
from terminal.tables import (
    capital_lines,
    closed_lines,
    count_lines,
    mailbox_lines,
    watch_lines,
)
from tests.terminal.pictures import beginning, busy, capital, mailbox, market

Panel = Callable[[SessionPicture, int, int], list[Line]]


def rows_of(panel: Panel, picture: SessionPicture, rows: int = 20, width: int = 80) -> list[str]:
    _, *lines = panel(picture, width, rows)
    return ["".join(part.text for part in line) for line in lines]


def test_the_reference_comes_first_and_then_what_fell_most() -> None:
    drops = {"BTC/USDT": 0.001, "A/USDT": -0.01, "B/USDT": None, "C/USDT": 0.03, "D/USDT": 0.02}
    watched = tuple(market(symbol, drop_ratio=drop) for symbol, drop in drops.items())
    lines = rows_of(watch_lines, replace(busy(), watchlist=watched))
    symbols = [line.split()[0].removesuffix("/USDT") for line in lines]
    assert symbols == ["BTC", "C", "D", "A", "B"]
    assert [line.split()[-1] for line in lines].count("ref") == 1


def test_a_stale_reference_is_marked_as_stale() -> None:
    (line,) = rows_of(watch_lines, replace(busy(), watchlist=(market(is_stale=True),)))
    assert line.split()[-1] == "STALE"


def test_a_market_without_an_anchor_has_no_drop() -> None:
    unknown = market(drop_ratio=None, anchor=None)
    (line,) = rows_of(watch_lines, replace(busy(), watchlist=(unknown,)))
    assert line.split()[:5] == ["BTC/USDT", "97,123.4", "–", "–", "0.02"]


def test_the_anchor_that_a_fall_is_measured_from_is_shown() -> None:
    (line,) = rows_of(watch_lines, replace(busy(), watchlist=(market(),)))
    assert line.split()[:5] == ["BTC/USDT", "97,123.4", "97,542.8", "0.43", "%"]


def test_markets_without_quotes_for_long_are_hidden_and_counted() -> None:
    gone = tuple(market(f"C{n}/USDT", is_stale=True, is_gone=True) for n in range(3))
    lines = rows_of(watch_lines, replace(busy(), watchlist=(market(), *gone)))
    assert [line.split()[0] for line in lines] == ["BTC/USDT", "3"]
    assert lines[-1] == " 3 markets without quotes"


def test_closed_positions_stand_newest_first_with_their_result() -> None:
    lines = rows_of(closed_lines, replace(busy(), trades=3))
    assert lines[0].split() == [
        *("14:01:22", "p13", "ADA/USDT", "stop", "loss", "-4.12", "-2.06", "%"),
    ]
    assert len(lines) == 3
    assert rows_of(closed_lines, beginning()) == [" none yet"]


def test_closed_positions_that_are_not_shown_are_counted() -> None:
    lines = rows_of(closed_lines, busy(), rows=2)
    assert [line.split()[0] for line in lines] == ["14:01:22", "…"]
    assert lines[-1] == " … and 11 more"


def test_before_the_first_quote_the_watchlist_says_so() -> None:
    assert rows_of(watch_lines, replace(busy(), watchlist=())) == [" no quote yet"]


def test_each_currency_stands_in_its_own_decimals() -> None:
    bitcoin = capital(
        "BTC",
        capital=Decimal("0.5"),
        equity=Decimal("0.4999"),
        realised=Decimal("-0.0001"),
        unrealised=Decimal(0),
        session_change=Decimal("0.0002"),
        today=Decimal("0.0003"),
    )
    dollars, coins = rows_of(capital_lines, replace(busy(), capital=(capital(), bitcoin)))
    assert dollars.split() == [
        *("USDT", "10,023.11", "+23.11", "+0.23", "%", "-3.02", "-2.95"),
    ]
    assert coins.split() == [
        *("BTC", "0.49990000", "-0.00010000", "-0.02", "%", "+0.00020000", "+0.00030000"),
    ]


def test_where_mailboxes_are_left_out_the_busy_and_the_restarted_stay() -> None:
    actors = (*(mailbox(f"idle{n}") for n in range(8)), mailbox("full", 9), mailbox("ill", 0, 0, 2))
    lines = rows_of(mailbox_lines, replace(busy(), actors=actors), rows=4)
    assert [line.split()[0] for line in lines] == ["idle0", "full", "ill", "…"]
    assert lines[-1] == " … and 7 more"


def test_alarms_stand_over_errors_and_errors_over_refusals() -> None:
    picture = replace(
        busy(),
        alarms={"stuck": 1, "journal": 2},
        open_alarms={"stuck": 1},
        errors={"portfolio": 2},
        refusals={"a": 3, "b_c": 4},
    )
    lines = rows_of(count_lines, picture)
    assert [" ".join(line.split()) for line in lines] == [
        "ALARM stuck 1",
        "ERROR in portfolio 2",
        "over: journal 2",
        "refused: b c 4",
        "refused: a 3",
    ]


def test_where_nothing_was_counted_it_says_so() -> None:
    assert rows_of(count_lines, beginning()) == [" no alarm, error or refusal"]
