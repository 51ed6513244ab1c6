"""The inspector's thread, socket and clients, on a whole system."""

import socket
import stat
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from actors.inspector.frames import frame
from actors.inspector.place import SOCKET_NAME, short_path
from actors.position.actor import PositionActor
from benchmarks.brackets import SYMBOL
from config.settings import InspectorSettings
from inspection.client import Connection
from inspection.errors import NoSessionError, RefusedError
from messages.addresses import GUARDIAN, MARKET_DATA, POSITIONS, position_address
from messages.base import Address, Message, Milliseconds, PositionId
from messages.guardian import Halt
from messages.inspection import (
    Greet,
    Greeting,
    Operate,
    ReadEntities,
    ReadTree,
    Response,
    TreeRead,
)
from messages.market_data import MarketRow, ReadMarket
from messages.operator import Operation, OperatorCommand
from tests.actors.inspector.scene import WAIT_SECONDS, Scene, playing
from tests.actors.runtime.players import LISTENER, Listener, Note, notes

P1 = position_address(PositionId("p1"))


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with playing(tmp_path) as one:
        yield one


def sent(message: Message, to: Address, command_id: str = "one") -> Operate:
    fields = msgspec.to_builtins(message)
    del fields["type"]
    command = OperatorCommand(
        command_id=command_id,
        operation=Operation.SEND,
        to=to,
        message_type=type(message).__name__,
        fields=msgspec.json.encode(fields).decode(),
        reason="a test",
    )
    return Operate(command=command)


def doing(operation: Operation, to: Address, for_ms: int = 60_000) -> Operate:
    command = OperatorCommand(
        command_id=f"{operation} {to}", operation=operation, to=to, reason="a test"
    )
    return Operate(command=command, for_ms=Milliseconds(for_ms))


# The socket.


def test_the_socket_is_its_owners_alone_and_the_folders_mode_is_left_alone(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with playing(tmp_path, positions=1) as scene:
        assert stat.S_IMODE((scene.folder / SOCKET_NAME).stat().st_mode) == 0o600
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_a_folder_whose_name_is_too_long_for_a_socket_is_reached(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 40)
    folder.mkdir()
    with playing(folder, positions=1) as scene:
        assert scene.source().about().folder == str(folder)


def test_a_session_that_has_ended_leaves_no_socket(tmp_path: Path) -> None:
    with playing(tmp_path, positions=1):
        pass
    assert not (tmp_path / SOCKET_NAME).exists()
    with pytest.raises(NoSessionError, match="no session listens"):
        Connection(tmp_path / SOCKET_NAME)


def test_a_client_is_told_that_its_session_has_gone(tmp_path: Path) -> None:
    with playing(tmp_path, positions=1) as scene:
        source = scene.source()
        assert scene.inspector.stop()
        with pytest.raises(NoSessionError, match="has gone"):
            source.tree()


def test_another_user_is_refused(scene: Scene) -> None:
    scene.inspector._user = lambda _: 12_345_678
    with pytest.raises(RefusedError, match="another user"):
        scene.connect().ask(Greet(), Greeting)


def test_one_client_too_many_is_refused_and_the_others_go_on(scene: Scene) -> None:
    clients = [scene.source() for _ in range(InspectorSettings().clients)]
    with pytest.raises(RefusedError, match="are connected already"):
        scene.source()
    assert clients[0].about().pid == 1


def test_how_many_may_look_is_what_the_config_says(scene: Scene) -> None:
    scene.inspector._limits = InspectorSettings(clients=1, taps=1)
    source = scene.source()
    with pytest.raises(RefusedError, match="1 are connected already"):
        scene.source()
    source.tap("*", "*", 1)
    with pytest.raises(RefusedError, match="1 taps at a time"):
        source.tap("*", "*", 1)


HOSTILE = {
    "a length without an end": b"\xff\xff\xff\xff",
    "a length of nothing": b"\0\0\0\0",
    "no msgpack": frame(b"\xc1" * 20),
    "a text": frame(msgspec.msgpack.encode("tree")),
    "no such question": frame(
        msgspec.msgpack.encode({"number": 1, "question": {"type": "Eval", "code": "1"}})
    ),
    "a field too many": frame(
        msgspec.msgpack.encode({"number": 1, "question": {"type": "ReadTree", "x": 1}})
    ),
    "http": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_hostile_bytes_are_answered_and_the_connection_is_closed(scene: Scene, data: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as client, short_path(scene.folder / SOCKET_NAME) as path:
        client.settimeout(WAIT_SECONDS)
        client.connect(path)
        client.sendall(data)
        said = b""
        while came := client.recv(65_536):
            said += came
    assert struct.unpack(">I", said[:4])[0] == len(said) - 4
    answer = msgspec.msgpack.decode(said[4:], type=Response).answer
    assert "that is no question" in getattr(answer, "text", "")
    assert scene.source().about().pid == 1


def test_many_questions_at_once_are_answered_one_after_the_other(scene: Scene) -> None:
    connection = scene.connect()
    numbers = [connection.send(ReadTree()) for _ in range(200)]
    assert [len(connection.answer_to(n, TreeRead).actors) > 0 for n in numbers] == [True] * 200


# Looking.


def test_the_tree_holds_every_actor_with_its_state(scene: Scene) -> None:
    tree = scene.source().tree()
    assert [one.address for one in tree.actors] == list(scene.system.mailboxes)
    (position,) = [one for one in tree.actors if one.address == P1]
    assert (position.parent, position.state, position.is_recorded) == (
        POSITIONS,
        "protecting",
        True,
    )


def test_entities_arrive_as_the_actor_keeps_them(scene: Scene) -> None:
    (kept,) = scene.source().entities(actors=(P1,)).actors
    actor = scene.system.mailboxes[P1].actor
    assert isinstance(actor, PositionActor)
    assert actor.life is not None
    assert kept.entities == (actor.charter, actor.life.position)


def test_what_is_beyond_the_limit_is_counted(scene: Scene) -> None:
    kept = scene.source().entities(actors=("position/*",), limit=4)
    assert (sum(len(one.entities) for one in kept.actors), kept.left_out) == (4, 2)


def test_an_actor_may_be_asked_what_only_reads(scene: Scene) -> None:
    source = scene.source()
    row = source.ask(MARKET_DATA, ReadMarket(symbol=SYMBOL))
    assert isinstance(row, MarketRow)
    assert row.armed == len(source.triggers(row.symbol).armed) == 3


def test_nothing_else_may_be_asked_of_an_actor(scene: Scene) -> None:
    with pytest.raises(RefusedError, match="Halt can't be asked of guardian"):
        scene.source().ask(GUARDIAN, Halt(reason="by the back door"))
    scene.settle()
    assert not scene.records


class Stuck(Listener):
    """Stays in its handler until a test lets it go."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self.free = threading.Event()

    def handle(self, message: Message) -> None:  # noqa: ARG002 - it never gets to it
        assert self.free.wait(WAIT_SECONDS)


def test_a_stuck_actor_is_seen_for_what_it_is(scene: Scene) -> None:
    scene.system.spawn(Stuck, LISTENER)
    stuck = scene.system.mailboxes[LISTENER].actor
    assert isinstance(stuck, Stuck)
    source = scene.source()
    scene.system.tell(LISTENER, Note(text="hold"))
    try:
        for _ in range(100_000):
            shared = source.tree().threads[0]
            if shared.stack:
                break
        assert (shared.actor, shared.message_type) == (LISTENER, "Note")
        assert shared.for_ms >= 500
        assert any("handle" in line for line in shared.stack)
        assert source.entities(actors=(P1,)).actors  # what does not need it is still answered
        with pytest.raises(RefusedError, match="stuck or busy"):
            source.ask(MARKET_DATA, ReadMarket(symbol=SYMBOL))
    finally:
        stuck.free.set()
    scene.settle()


# Operating.


def test_a_command_is_written_down_with_its_reason_before_it_is_sent(scene: Scene) -> None:
    done = scene.source().operate(sent(Halt(reason="news"), GUARDIAN))
    scene.settle()
    assert done.is_new
    first, second = scene.records[0], scene.records[1]
    assert isinstance(first.message, OperatorCommand)
    assert first.message.reason == "a test"
    assert (second.actor, second.message) == (GUARDIAN, Halt(reason="news"))
    assert second.id == (first.sequence, 0)


def test_the_same_command_again_is_done_once(scene: Scene) -> None:
    source = scene.source()
    assert source.operate(sent(Halt(reason="news"), GUARDIAN)).is_new
    assert not source.operate(sent(Halt(reason="news"), GUARDIAN)).is_new
    scene.settle()
    assert [type(r.message).__name__ for r in scene.records].count("Halt") == 1


def test_a_suspended_actor_is_handed_nothing_until_it_is_released(scene: Scene) -> None:
    scene.system.spawn(Listener, LISTENER)
    source = scene.source()
    source.operate(doing(Operation.SUSPEND, LISTENER))
    scene.system.tell(LISTENER, Note(text="wait"))
    scene.settle()
    listener = scene.system.mailboxes[LISTENER].actor
    assert listener.heard == []  # type: ignore[union-attr]
    (shown,) = [one for one in source.tree().actors if one.address == LISTENER]
    assert (shown.is_suspended, shown.depth) == (True, 1)
    source.operate(doing(Operation.RELEASE, LISTENER))
    scene.settle()
    assert listener.heard == notes("wait")  # type: ignore[union-attr]


def test_a_suspension_ends_by_itself(scene: Scene) -> None:
    source = scene.source()
    source.operate(doing(Operation.SUSPEND, P1, for_ms=1))
    while any(one.is_suspended for one in source.tree().actors):
        pass
    assert scene.system.mailboxes[P1].lane is scene.dispatcher.lanes[0]


def test_an_inspector_that_stops_releases_everybody(scene: Scene) -> None:
    scene.source().operate(doing(Operation.SUSPEND, P1))
    assert scene.inspector.stop()
    assert scene.system.mailboxes[P1].lane is scene.dispatcher.lanes[0]


@pytest.mark.parametrize(
    ("question", "why"),
    [
        (sent(Note(text="x"), LISTENER), "nobody lives at listener"),
        (sent(Note(text="x"), GUARDIAN), "Note can't be sent by hand"),
        (sent(Halt(reason="x"), POSITIONS), "Halt is for guardian"),
        (doing(Operation.SUSPEND, Address("operator")), "would hear no command"),
        (doing(Operation.SUSPEND, P1, for_ms=10**9), "at most 600 s"),
    ],
)
def test_what_can_not_be_done_is_refused_and_not_written_down(
    scene: Scene, question: Operate, why: str
) -> None:
    with pytest.raises(RefusedError, match=why):
        scene.source().operate(question)
    scene.settle()
    assert not scene.records


def test_a_question_that_is_a_fault_of_ours_ends_one_client_only(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_question: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(scene.inspector._reading, "answer", fail)
    with pytest.raises(RefusedError, match="a fault of the inspector's"):
        scene.connect().ask(ReadEntities(), TreeRead)
    assert scene.source().about().pid == 1
