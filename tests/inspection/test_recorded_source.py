"""The past from the journal: at any record what lived then, of a session that is over or runs."""

import random
from pathlib import Path

import pytest
from msgspec.structs import replace

from actors.journal.entities import key_of
from actors.journal.port import Record
from actors.operator.actor import OperatorActor
from actors.runtime.supervision import Children
from actors.runtime.system import System
from config.loading import load
from inspection.command import Context
from inspection.commands import run
from inspection.entry import open_session
from inspection.errors import InspectError, NoSessionError
from inspection.recorded import recorded
from inspection.recorded_source import Past
from inspection.view import View
from messages.addresses import GUARDIAN, MARKET_DATA, OPERATOR
from messages.base import Address, Symbol
from messages.market_data import MarketRow, ReadMarket
from messages.operator import Operation, OperatorCommand
from messages.position import OrdersReleased, TriggerFired
from session.wiring import Wiring
from tests.inspection.recording import Lived, lived, write_session
from tests.system.watched import Watched
from verification.sources import ROOT

BTC_USDT = Symbol("BTC/USDT")
RECORDING = ROOT / "tests" / "data" / "BTC-USDT-1m.csv"
SAMPLES = 60
COMMANDS = 0.2
"""Of a picture, that a person does something after it."""
UNTOUCHED = {"Balance", "Guard", "Limits", "LookDue", "Numbering", "Operator", "Recovery", "Totals",
             "Trading", "VenueStream"}  # fmt: skip
"""No record of these before they first change: of most there is one, a venue begins with cash."""

UNSEEN = {"InFlight", "MarketMoved", "Taken"}
"""Of the venue: kept in parts of it that are not looked at here."""


class Filmed(Watched):
    """A replay of which it is known what lived after each of some records."""

    def __init__(self, seed: int) -> None:
        super().__init__((RECORDING,), load(None, []), checks_all=False)
        self.written: list[Record] = []
        self.pictures: dict[int, Lived] = {}
        self._random = random.Random(seed)  # noqa: S311 - to choose records
        self.records.append(self.written.append)

    def _start(self, system: System, wiring: Wiring) -> Children:
        children = super()._start(system, replace(wiring, records_venue=True))
        if OPERATOR not in system.mailboxes:
            system.spawn(OperatorActor, OPERATOR)
        return children

    def _check(self, _address: Address, _delivery: object) -> None:
        self.deliveries += 1
        if self.system is not None and self.written and self._random.random() < 0.05:
            self.pictures[self.written[-1].sequence] = lived(self.system)
            if self._random.random() < COMMANDS:
                self._operate(self.system)

    def _operate(self, system: System) -> None:
        """Have a person do something that changes no trade."""
        command = OperatorCommand(
            command_id=f"c{len(self.pictures)}",
            operation=Operation.SEND,
            to=GUARDIAN,
            message_type="ResendTradingState",
            fields="{}",
            reason="to be filmed",
        )
        system.tell(OPERATOR, command)


@pytest.fixture(scope="module")
def filmed() -> Filmed:
    one = Filmed(3)
    one.play()
    return one


@pytest.fixture(scope="module")
def folder(filmed: Filmed, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_session(tmp_path_factory.mktemp("session"), filmed.written, segment_bytes=60_000)


@pytest.fixture
def context(folder: Path) -> Context:
    source, _ = open_session(folder)
    return Context(source=source)


def said(context: Context, line: str) -> View:
    view = run(context, line)
    assert isinstance(view, View)
    return view


def test_at_a_record_every_actor_keeps_what_it_kept_then(filmed: Filmed, folder: Path) -> None:
    found = recorded(folder)
    assert len(found.journal.chapters) > 3
    chosen = random.Random(1).sample(sorted(filmed.pictures), SAMPLES)  # noqa: S311 - as above
    kinds = set()
    for sequence in chosen:
        past = Past(found, sequence)
        for address, then in filmed.pictures[sequence].items():
            told = {key_of(entity): entity for entity in past.cut.of(address)}
            kinds |= {name for name, _ in told}
            assert {k for k in then.keys() - told.keys() if k[0] not in UNTOUCHED} == set()
            seen = {key: one for key, one in told.items() if key[0] not in UNSEEN}
            assert seen == {key: then[key] for key in seen}, (sequence, address)
    assert {
        "Position",
        "Charter",
        "RoutedOrder",
        "Account",
        "Booking",
        "Living",
        "Operator",
        "VenueOrder",
    } <= kinds


def test_the_market_shows_the_last_recorded_quote_and_says_so(
    filmed: Filmed, context: Context
) -> None:
    fired = next(r for r in filmed.written if isinstance(r.message, TriggerFired))
    assert isinstance(fired.message, TriggerFired)
    said(context, f"at {fired.sequence}")
    row = context.source.ask(MARKET_DATA, ReadMarket(symbol=BTC_USDT))
    assert isinstance(row, MarketRow)
    assert row.quote == fired.message.quote
    data = said(context, "market btc").data
    assert isinstance(data, dict)
    assert data["is_recorded"] is True


def test_commands_answer_as_of_then_and_at_now_comes_back(filmed: Filmed, context: Context) -> None:
    end = context.source
    closed = said(context, "ledger").data
    said(context, f"at {filmed.written[0].sequence + 20}")
    assert said(context, "tree").data["sequence"] == 21  # type: ignore[index]
    assert said(context, "ledger").data != closed
    said(context, "at now")
    assert context.source is end
    assert said(context, "ledger").data == closed


def test_a_time_means_the_last_record_then_or_before(filmed: Filmed, context: Context) -> None:
    middle = filmed.written[len(filmed.written) // 2]
    said(context, f"at {middle.now}")
    then = [r.sequence for r in filmed.written if r.now <= middle.now]
    assert context.source.entities().sequence == max(then)


def test_history_tells_every_change_of_an_actor(filmed: Filmed, context: Context) -> None:
    steps = [r for r in filmed.written if r.actor == "position/p1"]
    data = said(context, "history p1 -n 1000").data
    assert isinstance(data, list)
    assert [one["sequence"] for one in data] == [r.sequence for r in steps]
    states = [c["is"] for one in data for c in one["changes"] if c["field"].endswith(" state")]
    assert states[-1] == "closed"


def test_diff_tells_what_lies_between(filmed: Filmed, context: Context) -> None:
    step = next(r for r in filmed.written if r.actor == "position/p1" and len(r.changes) > 1)
    data = said(context, f"diff {step.sequence - 1} {step.sequence}").data
    assert isinstance(data, list)
    assert {one["actor"] for one in data} == {"position/p1"}
    assert {one["entity"] for one in data} == {"Charter", "Position"}


def test_a_position_that_is_over_is_shown_as_its_last_step_left_it(
    filmed: Filmed, context: Context
) -> None:
    over = next(r.actor for r in filmed.written if isinstance(r.message, OrdersReleased))
    last = max(r.sequence for r in filmed.written if r.actor == over)
    data = said(context, f"position {over}").data
    assert isinstance(data, dict)
    assert (data["sequence"], data["is_over"]) == (last, True)
    assert data["position"]["state"] == "closed"
    said(context, f"at {last - 1}")
    data = said(context, f"position {over}").data
    assert isinstance(data, dict)
    assert data["is_over"] is False


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("at 999999", r"there is no record 999,999: there are 0 to \d"),
        ("at yesterday", r"a record \(1234\), a time \(10:02:11.5, UTC\) or now is wanted"),
        ("at 1990-01-01", "is before the first record that is kept"),
        ("diff 3", "SEQ is missing; usage: diff SEQ SEQ"),
        ("history nobody", "no step of nobody is recorded"),
        ("history portfoli", "did you mean portfolio"),
        ("history position/*", "is a pattern: one actor is wanted; usage: history ACTOR"),
        ("deadletters", "what reached nobody is not recorded"),
        ("tap", "tap needs a running session; this one is over"),
        ("why p999", "no record tells of p999"),
        ("position p999", "no position p999 lives now; living: .*; no record tells of it"),
    ],
)
def test_what_the_past_cannot_tell_is_said(context: Context, line: str, why: str) -> None:
    with pytest.raises(InspectError, match=why):
        run(context, line)


def test_reading_changes_nothing_on_the_disk(folder: Path) -> None:
    def files() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in folder.iterdir()}

    before = files()
    context = Context(source=Past(recorded(folder)))
    for line in ("tree", "why p1", "history p1", "diff 5 50"):
        said(context, line)
    assert files() == before


def test_a_folder_without_a_session_is_told_apart(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(NoSessionError, match="there is no such folder"):
        open_session(tmp_path / "none")
    with pytest.raises(NoSessionError, match="is no session's folder"):
        open_session(tmp_path)
    (tmp_path / "session.json").write_text("{")
    with pytest.raises(NoSessionError, match="can't be read"):
        open_session(tmp_path)
    (tmp_path / "session.json").write_text("{}")
    with pytest.raises(NoSessionError, match="no journal of it is there"):
        open_session(tmp_path)
    replay = tmp_path / "replay"
    replay.mkdir()
    (replay / "summary.json").touch()
    with pytest.raises(NoSessionError, match="play it again with --journal"):
        open_session(replay)
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    for path in folder.iterdir():
        content = path.read_bytes()
        is_segment = path.suffix == ".sqlite"
        (damaged / path.name).write_bytes(content[: len(content) // 9] if is_segment else content)
    with pytest.raises(NoSessionError, match="can't be read"):
        open_session(damaged)


def test_a_dead_sessions_socket_is_passed_over_for_its_journal(folder: Path) -> None:
    (folder / "inspect.sock").touch()
    try:
        source, others = open_session(folder)
    finally:
        (folder / "inspect.sock").unlink()
    assert (source.is_live, others) == (False, [])
