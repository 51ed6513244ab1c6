"""A ban is obeyed by the next process too."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from config.live import LiveSettings
from exchange.keys import no_keys
from exchange.live.ban_note import BanNote
from exchange.live.rate_limits import LONGEST_MS
from exchange.profiles.registry import profile_of
from exchange.server.connect import open_session
from exchange.server.thread import ServerThread
from exchange.server.wire import Call
from exchange.server.wire_faults import WireFault, WireFaultKind
from messages.base import Timestamp
from session.connection import EXIT_UNAVAILABLE, Files, Way, connect
from terminal.errors import ConnectFailedError
from tests.exchange.live.wire import STILL
from tests.exchange.venue import RULES, holding

NOW = Timestamp(1_800_000_000_000)


def test_the_end_of_a_ban_is_kept_and_the_later_one_counts(tmp_path: Path) -> None:
    note = BanNote(tmp_path / "state", "binance")
    assert note.left_ms(NOW) == 0
    note.keep(Timestamp(NOW + 60_000))
    note.keep(Timestamp(NOW + 5_000))
    assert BanNote(tmp_path / "state", "binance").left_ms(NOW) == 60_000
    assert BanNote(tmp_path / "state", "mexc").left_ms(NOW) == 0
    assert BanNote(tmp_path / "state", "binance").left_ms(Timestamp(NOW + 60_000)) == 0


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", '{"until": "soon"}', '{"until": 1e400}', "\x00", '{"until": -5}']
)
def test_a_damaged_note_bans_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / "ban-binance.json").write_text(content)
    assert BanNote(tmp_path, "binance").left_ms(NOW) == 0


def test_a_note_of_a_clock_that_was_far_ahead_bans_nothing(tmp_path: Path) -> None:
    BanNote(tmp_path, "binance").keep(Timestamp(NOW + LONGEST_MS + 1))
    assert BanNote(tmp_path, "binance").left_ms(NOW) == 0


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("mine")
    (tmp_path / "ban-binance.json").symlink_to(other)
    BanNote(tmp_path, "binance").keep(Timestamp(NOW + 60_000))
    assert other.read_text() == "mine"
    assert BanNote(tmp_path, "binance").left_ms(NOW) == 60_000


@pytest.fixture
def server() -> Iterator[ServerThread]:
    with ServerThread("binance", [RULES], holding()) as one:
        yield one


def plan_ban(server: ServerThread, text: str) -> None:
    kind = WireFaultKind.REFUSED
    server.plan(WireFault(on=Call.MARKETS, kind=kind, status=418, code=-1003, text=text))


def opened(server: ServerThread, folder: Path, pauses: list[float]) -> list[str]:
    said: list[str] = []
    profile, reach = profile_of("binance"), server.reach
    way = Way(
        settings=STILL,
        make_session=lambda: open_session(reach),
        environment={},
        pause=pauses.append,
    )
    files = Files(state=folder)
    connection = connect(profile, no_keys(profile), way, said.append, LiveSettings(), files=files)
    connection.close()
    return said


def test_a_pause_that_is_no_ban_is_waited_for_too(server: ServerThread, tmp_path: Path) -> None:
    kind, pauses = WireFaultKind.TOO_MANY_REQUESTS, list[float]()
    server.plan(WireFault(on=Call.MARKETS, kind=kind, retry_after_seconds=30))
    said = opened(server, tmp_path, pauses)
    assert pauses == [30]
    assert "it wants a pause until" in said[0]


def test_a_short_ban_is_waited_for_and_a_long_one_ends_the_start(
    server: ServerThread, tmp_path: Path
) -> None:
    pauses: list[float] = []
    plan_ban(server, "IP banned: try again in 20 seconds")
    with pytest.raises(ConnectFailedError):  # the pause of this test lets no time pass
        opened(server, tmp_path, pauses)
    assert all(18 <= pause <= 20 for pause in pauses)
    assert len(server.read().requests) == 1
    plan_ban(server, "IP banned: try again in 2 hours")
    with pytest.raises(ConnectFailedError, match="bans this address until") as raised:
        opened(server, tmp_path / "other", [])
    assert raised.value.exit_code == EXIT_UNAVAILABLE
    requests = len(server.read().requests)
    with pytest.raises(ConnectFailedError, match="bans this address until"):
        opened(server, tmp_path / "other", [])
    assert len(server.read().requests) == requests
