"""``why SYMBOL``: each guard's last word, what holds trading, what became of the last position."""

import io
import json
from pathlib import Path

import pytest
from msgspec.structs import replace
from rich.console import Console

from actors.journal.port import Record
from actors.positions.actor import PositionsActor
from inspection.command import Context
from inspection.commands import run
from inspection.recorded import recorded
from inspection.recorded_source import Past
from inspection.refusals import refusals
from inspection.view import View
from messages.addresses import GATEWAY, POSITIONS, STRATEGY
from messages.base import Address, Message, Symbol, Timestamp
from messages.envelope import Wake
from messages.guardian import Halt
from messages.strategy import ReadVerdict, Verdict
from tests.inspection.fates import FATES, Played
from tests.inspection.recording import write_session
from tests.inspection.test_recorded_source import Filmed

BTC_USDT = Symbol("BTC/USDT")


class Advised(Past):
    """A session whose strategy still says what it said last."""

    verdict: Verdict | None = None

    def ask(self, to: Address, message: Message) -> Message | None:
        if to == STRATEGY and isinstance(message, ReadVerdict):
            return self.verdict
        return super().ask(to, message)


@pytest.fixture(scope="module")
def filmed() -> Filmed:
    one = Filmed(5)
    one.play()
    return one


@pytest.fixture
def folder(filmed: Filmed, tmp_path: Path) -> Path:
    return write_session(tmp_path / "session", filmed.written)


def asked(source: Past) -> dict[str, object]:
    view = run(Context(source=source), "why btc")
    assert isinstance(view, View)
    assert isinstance(view.data, dict)
    return view.data | {"text": _text(view)}


def _text(view: View) -> str:
    out = io.StringIO()
    Console(file=out, width=120).print(view.shown)
    return out.getvalue()


def log_line(at: int, guard: str, text: str, symbol: str = BTC_USDT) -> str:
    line = {
        "event": "entry.refused",
        "symbol": symbol,
        "at_ms": at,
        "text": f"no entry in {symbol}: {guard}: {text}",
    }
    return json.dumps(line) + "\n"


def test_each_guards_last_refusal_is_read_from_the_log_up_to_the_moment(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text(
        log_line(10, "spread", "spread 2%: too wide")
        + log_line(20, "volume", "too little")
        + log_line(30, "spread", "spread 3%: too wide")
        + log_line(35, "depth", "of another", "ETH/USDT")
        + log_line(40, "depth", "later")
        + '{"event": "entry.refused", "sym'
    )
    found = refusals(log, BTC_USDT, Timestamp(35))
    assert list(found) == ["volume", "spread"]
    assert (found["spread"].text, found["spread"].times) == ("spread 3%: too wide", 2)
    assert refusals(tmp_path / "none", BTC_USDT, Timestamp(35)) == {}


def test_a_verdict_says_who_refused_who_passed_and_who_was_not_asked(folder: Path) -> None:
    source = Advised(recorded(folder))
    at = source.cut.at
    source.verdict = Verdict(
        symbol=BTC_USDT, at=at, passed=False, guard="spread", text="spread 1.2%, at most 1%"
    )
    (folder / "log.jsonl").write_text(log_line(at - 60_000, "slippage", "0.9% expected"))
    told = asked(source)
    text = str(told["text"])
    assert "refused by spread, 0s ago: spread 1.2%, at most 1%" in text
    rows = {line.split()[0]: line for line in text.splitlines() if line[:1].isalpha()}
    assert "passed" in rows["volume"]
    assert "REFUSED" in rows["spread"]
    assert "never refused" in rows["depth"]
    assert "refused 1m00 ago: 0.9% expected" in rows["slippage"]


def test_what_became_of_the_last_position_there_is_told(filmed: Filmed, folder: Path) -> None:
    ids = [r.actor.removeprefix("position/") for r in filmed.written if "position/p" in r.actor]
    last = max(ids, key=lambda one: int(one[1:]))
    assert str(asked(Past(recorded(folder)))["last_position"]).startswith(f"{last} BTC/USDT ")


def test_a_position_that_was_refused_by_the_portfolio_says_by_what(tmp_path: Path) -> None:
    told = str(of_records(FATES["refused"](), tmp_path)["last_position"])
    assert "p1 BTC/USDT was refused its budget: max_budget" in told


def test_a_halt_comes_before_everything_else(tmp_path: Path) -> None:
    one = FATES["refused"]()
    one.tell(Address("guardian"), Halt(reason="news"))
    assert "nothing is bought anywhere: HALTED: news" in str(of_records(one, tmp_path)["said"])


def test_a_position_that_lives_there_is_the_answer(tmp_path: Path) -> None:
    one = Played().bought()
    told = of_records(one, tmp_path)
    assert "a position lives there" in str(told["text"])
    assert "p1 lives there: see why p1" in str(told["said"])


def of_records(one: Played, tmp_path: Path) -> dict[str, object]:
    """Ask about a theatre's session: what its records begin with is put into the first."""
    roster = one.actor(POSITIONS, PositionsActor).roster
    shift = 2 - one.records[0].sequence
    begin = Record(
        sequence=1,
        actor=POSITIONS,
        now=one.records[0].now,
        id=(0, 1),
        cause=None,
        sender=GATEWAY,
        message=Wake(),
        changes=tuple(roster.markets.values()),
        outbox=(),
    )
    later = [replace(r, sequence=r.sequence + shift) for r in one.records]
    return asked(Past(recorded(write_session(tmp_path / "fate", [begin, *later]))))
