"""The screen as a whole: it fits, it says what it must, and the terminal comes back as it was."""

import io
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from rich.cells import cell_len
from rich.console import Console

from messages.portfolio import TradingState
from messages.session import SessionPicture
from terminal.live_view import LiveView, draw
from tests.terminal.pictures import HEADER, beginning, busy, event, many, market, position
from tests.terminal.screens import text_screen, text_screens

ENTER, LEAVE, SHOW_CURSOR = "\x1b[?1049h", "\x1b[?1049l", "\x1b[?25h"


def lines_of(picture: SessionPicture, width: int = 80, height: int = 24) -> list[str]:
    return text_screen(picture, width, height).splitlines()


def terminal(width: int = 80, height: int = 24) -> tuple[Console, io.StringIO]:
    output = io.StringIO()
    console = Console(
        file=output, width=width, height=height, force_terminal=True, _environ={"TERM": "xterm"}
    )
    return console, output


@pytest.mark.parametrize("path", text_screens(), ids=lambda path: path.name)
def test_a_screen_in_the_docs_is_what_the_view_draws(path: Path) -> None:
    drawn = text_screens()[path]
    assert path.read_text(encoding="utf-8") == drawn, "run: python -m tests.terminal.screens"


@settings(deadline=None, max_examples=60)
@given(
    width=st.integers(20, 220),
    height=st.integers(2, 70),
    positions=st.integers(0, 40),
    events=st.integers(0, 60),
)
def test_a_screen_fills_any_terminal_and_wraps_nowhere(
    width: int, height: int, positions: int, events: int
) -> None:
    told = tuple(event(f"event {number} " * 12) for number in range(events))
    picture = replace(many(positions), events=told)
    lines = lines_of(picture, width, height)
    assert len(lines) == height
    assert max(cell_len(line) for line in lines) <= width


@pytest.mark.parametrize("width", [80, 100, 160])
def test_the_first_screen_says_whose_money_which_market_how_to_stop_and_what_to_try(
    width: int,
) -> None:
    first, *_, tip, last = lines_of(beginning(), width)
    assert "paper money · embedded market · seed 7 · speed ×60" in first
    assert first.endswith("trading ACTIVE")
    assert "python supervisor.py --fresh --seed 8" in tip
    assert "Ctrl-C stops" in last
    assert last.endswith("files: sessions/2026-11-20_14-03-22")


@pytest.mark.parametrize("height", [10, 14, 18, 24, 30])
def test_a_low_terminal_counts_the_positions_it_leaves_out(height: int) -> None:
    screen = text_screen(many(30), 80, height)
    left_out = re.search(r"and (\d+) more", screen)
    assert left_out is not None
    assert len(re.findall(r"^ p\d+ ", screen, re.MULTILINE)) + int(left_out[1]) == 30


def test_a_position_in_trouble_is_never_among_those_left_out() -> None:
    uncovered = position(25, is_covered=False)
    stuck = position(27, state="closing", is_stuck=True)
    rows = many(30).positions
    picture = replace(many(30), positions=(*rows[:24], uncovered, rows[25], stuck, *rows[27:]))
    shown = [line for line in lines_of(picture, 80, 16) if re.match(r" p\d+ ", line)]
    assert 3 <= len(shown) < 10
    assert any(line.startswith(" p25") and "UNCOVERED" in line for line in shown)
    assert any(line.startswith(" p27") and "STUCK" in line for line in shown)


@pytest.mark.parametrize(("stale", "warns"), [(4, False), (5, True), (6, True)])
def test_five_stale_markets_are_worth_a_warning(stale: int, warns: bool) -> None:  # noqa: FBT001 - a row of a table
    watched = tuple(market(f"C{at}/USDT", is_stale=at < stale) for at in range(10))
    screen = text_screen(replace(busy(), watchlist=watched), 80, 40)
    assert (f"WARNING: {stale} of 10 markets are stale" in screen) is warns
    assert screen.count("STALE") == stale


@pytest.mark.parametrize(
    ("state", "says"),
    [
        (TradingState.ACTIVE, []),
        (TradingState.REDUCING, ["REDUCING: no new entries"]),
        (TradingState.HALTED, ["HALTED: no new entries, working ones canceled"]),
    ],
)
def test_a_trading_state_that_refuses_entries_says_what_it_means(
    state: TradingState, says: list[str]
) -> None:
    first, *others = lines_of(replace(busy(), trading_state=state))
    assert first.endswith(f"trading {state.value.upper()}")
    assert [line[1 : len(says[0]) + 1] for line in others if "no new entries" in line] == says


def test_what_an_exchange_said_can_neither_break_a_line_nor_command_the_terminal() -> None:
    picture = replace(busy(), events=(event("refused:\n\x1b[2Jgone\r\x07", "alarm"),))
    (line,) = [line for line in lines_of(picture) if "refused:" in line]
    assert line.split() == ["14:03:22", "ALARM", "refused:", "[2Jgone"]


def test_the_newest_event_is_the_last_of_those_shown() -> None:
    picture = replace(busy(), events=tuple(event(f"number {n} ends") for n in range(100)))
    shown = [int(n) for n in re.findall(r"number (\d+) ends", text_screen(picture, 80, 30))]
    assert shown == list(range(100 - len(shown), 100))


def test_a_terminal_without_unicode_gets_the_same_screen_in_ascii() -> None:
    class AsciiFile(io.StringIO):
        encoding = "ascii"

    output = AsciiFile()
    console = Console(file=output, width=160, color_system=None, _environ={})
    console.print(draw(HEADER, busy(), 160, 40), end="")
    assert output.getvalue().isascii()
    assert re.search(r"S-+\+-+o-+T", output.getvalue())


def test_the_terminal_comes_back_after_the_view() -> None:
    console, output = terminal()
    with LiveView(console, HEADER) as view:
        view.update(busy())
    assert output.getvalue().startswith(ENTER)
    assert "paper money" in output.getvalue()
    assert output.getvalue().endswith(SHOW_CURSOR + LEAVE)


def test_the_terminal_comes_back_when_an_exception_leaves() -> None:
    console, output = terminal()
    with pytest.raises(KeyboardInterrupt), LiveView(console, HEADER):
        raise KeyboardInterrupt
    assert output.getvalue().endswith(SHOW_CURSOR + LEAVE)


def test_a_view_that_is_stopped_twice_gives_the_terminal_back_once() -> None:
    console, output = terminal()
    with LiveView(console, HEADER) as view:
        view.stop()
    assert output.getvalue().count(LEAVE) == 1


def test_the_view_follows_the_terminals_size() -> None:
    console, output = terminal(width=80)
    with LiveView(console, HEADER) as view:
        view.update(busy())
        before = output.tell()
        console.width = 200
        view.update(busy())
    assert "in the exit slot" not in output.getvalue()[:before]
    assert "in the exit slot" in output.getvalue()[before:]


@pytest.mark.parametrize("width", [80, 100, 120, 160])
def test_at_80_by_24_and_wider_no_row_is_hidden_and_mailboxes_are(width: int) -> None:
    screen = text_screen(busy(), width, 24)
    assert len(re.findall(r"^ p1[1-7] ", screen, re.MULTILINE)) == 5
    assert "mailbox " not in screen
    assert re.search("m: ?actors", screen)
    assert screen.count("/USDT ") >= 15, "five positions and ten markets"


def test_a_key_shows_the_mailboxes_in_the_place_of_the_closed_positions() -> None:
    plain = draw(HEADER, busy(), 100, 40)
    asked = draw(HEADER, busy(), 100, 40, shows_mailboxes=True)
    plain_text, asked_text = (
        "\n".join("".join(part.text for part in line) for line in frame.lines)
        for frame in (plain, asked)
    )
    assert "closed " in plain_text
    assert "order_router" not in plain_text
    assert "order_router" in asked_text


def test_real_money_shows_no_seed_and_tips_of_the_embedded_market() -> None:
    header = replace(HEADER, mode="REAL MONEY", market="Binance", speed=1.0)
    frame = draw(header, busy(), 100, 30)
    text = "\n".join("".join(part.text for part in line) for line in frame.lines)
    assert "seed" not in text
    assert "--speed" not in text
    assert "REAL MONEY · Binance · real time" in text
