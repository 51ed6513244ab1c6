"""What a session says at its end: what stays open, and what protects it now."""

import msgspec
import pytest

from actors.position.position import Life
from messages.plan import ProtectionMode
from session.announcements import first_screen, heartbeat, open_lines
from terminal.header import SessionHeader
from tests.actors.position.stage import PLAN, Stage
from tests.terminal.pictures import HEADER, busy


def left(mode: ProtectionMode) -> Life:
    stage = Stage(msgspec.structs.replace(PLAN, protection_mode=mode)).protected()
    assert stage.life is not None
    return stage.life


def test_the_first_screen_says_where_things_are_and_what_to_try() -> None:
    screen = first_screen(HEADER)
    for words in (
        "paper money",
        "embedded market",
        "seed 7",
        "speed 60",
        str(HEADER.session_dir),
        "Ctrl-C",
        "--seed 8",
        "--help",
    ):
        assert words in screen


def test_the_first_screen_fits_a_narrow_terminal() -> None:
    header: SessionHeader = msgspec.structs.replace(HEADER, seed=10**6, speed=1000)
    assert max(map(len, first_screen(header).splitlines())) <= 80


def test_a_heartbeat_says_positions_equity_today_and_open_alarms() -> None:
    assert heartbeat(busy()) == (
        "heartbeat: 5 positions open, equity 10023.11 USDT (realised today -2.95), "
        "1 alarm open: uncovered"
    )
    quiet = msgspec.structs.replace(busy(), open_alarms={}, positions=())
    assert heartbeat(quiet).startswith("heartbeat: 0 positions open")
    assert heartbeat(quiet).endswith("0 alarms open")
    one = msgspec.structs.replace(busy(), open_alarms={"key_refused": 1})
    assert heartbeat(one).endswith("1 alarm open: key refused")
    assert "busy" in heartbeat(None)


def test_nothing_open_is_said_too() -> None:
    assert open_lines(()) == ["nothing stays open"]


@pytest.mark.parametrize(
    ("mode", "at_venue", "ends"),
    [
        (ProtectionMode.SYNTHETIC, "at the venue: take profit 103.0 working", True),
        (ProtectionMode.STOP_RESTS, "at the venue: stop loss 98.0 working", False),
        (ProtectionMode.TRIGGERS, "nothing rests at the venue", True),
    ],
)
def test_each_open_position_says_what_protects_it_without_this_process(
    mode: ProtectionMode, at_venue: str, *, ends: bool
) -> None:
    lines = open_lines((left(mode),))
    assert lines[0].startswith("1 open")
    assert "  p1 BTC/USDT: " in lines[1]
    assert at_venue in lines[1]
    says_so = [line for line in lines if "its stop 98.0 was watched by this process" in line]
    assert bool(says_so) is ends
    assert "paper" in lines[-1]


def test_a_position_that_holds_nothing_yet_says_so() -> None:
    stage = Stage().grant()
    assert stage.life is not None
    assert "nothing is held" in open_lines((stage.life,))[1]
