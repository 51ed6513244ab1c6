"""Taps: what is shown, what is counted, and that nobody is tapped any longer than he must be."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from actors.inspector.taps import WAITING_MAX
from inspection.source import LiveSource
from messages.addresses import GUARDIAN
from messages.guardian import Halt
from messages.position import Begin
from tests.actors.inspector.scene import WAIT_SECONDS, Scene, playing
from tests.actors.runtime.players import LISTENER, Listener, Note, notes


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with playing(tmp_path) as one:
        yield one


def test_a_tap_on_a_storm_shows_some_counts_the_rest_and_does_not_grow(scene: Scene) -> None:
    scene.system.spawn(Listener, LISTENER)
    source = scene.source()
    number = source.tap(LISTENER, "*", 1_000)
    (peer,) = scene.inspector._peers.values()
    line = peer.taps[number]
    for message in notes(*map(str, range(20_000))):
        scene.system.tell(LISTENER, message)
        assert len(line.waiting) <= WAITING_MAX
    scene.settle()
    assert len(scene.system.mailboxes[LISTENER].actor.heard) == 20_000  # type: ignore[union-attr]
    shown = 0
    while (came := source.tapped(0.5)) is not None:
        shown += len(came.messages)
    dropped = source.untap(number)
    assert 0 < shown < 20_000
    assert shown + dropped == 20_000


def texts_of(source: LiveSource) -> list[str]:
    """Return what a tap still brings of notes, until nothing comes."""
    texts = []
    while (came := source.tapped(0.5)) is not None:
        texts += [msgspec.msgpack.decode(one.message)["text"] for one in came.messages]
    return texts


def test_an_actor_is_left_alone_while_its_tap_may_take_no_more(scene: Scene) -> None:
    scene.system.spawn(Listener, LISTENER)
    listener = scene.system.mailboxes[LISTENER].actor
    source, other = scene.source(), scene.source()
    number = source.tap(LISTENER, "*", 1)
    other.about()
    sent = 0
    while "process" in vars(listener):
        sent += 1
        scene.system.tell(LISTENER, Note(text="some"))
        scene.settle()
    for message in notes(*map(str, range(100))):
        scene.system.tell(LISTENER, message)
    while "process" not in vars(listener):  # a second later it may take one more
        other.about()
    scene.settle()
    scene.system.tell(LISTENER, Note(text="heard again"))
    scene.settle()
    shown = texts_of(source)
    assert "heard again" in shown
    assert len(shown) + source.untap(number) == sent + 101
    assert "process" not in vars(listener)


def test_of_two_taps_of_an_actor_each_shows_its_own_and_counts_the_rest(scene: Scene) -> None:
    scene.system.spawn(Listener, LISTENER)
    source, other = scene.source(), scene.source()
    first = source.tap(LISTENER, "*", 1)
    other.about()
    for text in ("a", "b"):
        scene.system.tell(LISTENER, Note(text=text))
        scene.settle()
    second = other.tap(LISTENER, "*", 1)
    source.about()
    for text in ("c", "d", "e"):
        scene.system.tell(LISTENER, Note(text=text))
        scene.settle()
    earlier, later = texts_of(source), texts_of(other)
    assert (earlier[0], later[0]) == ("a", "c")
    assert len(earlier) + source.untap(first) == 5
    assert len(later) + other.untap(second) == 3


def test_a_tap_may_want_one_kind_of_message_only(scene: Scene) -> None:
    scene.system.spawn(Listener, LISTENER)
    source = scene.source()
    source.tap("*", "No*", 50)
    scene.system.tell(GUARDIAN, Halt(reason="not wanted"))
    scene.system.tell(LISTENER, Note(text="wanted"))
    came = source.tapped(WAIT_SECONDS)
    assert came is not None
    assert [one.message_type for one in came.messages] == ["Note"]


def test_a_tap_sees_who_is_spawned_later_from_its_first_message(scene: Scene) -> None:
    source = scene.source()
    source.tap("position/p4", "*", 50)
    scene.brackets._open(4)
    came = source.tapped(WAIT_SECONDS)
    assert came is not None
    assert came.messages[0].message_type == Begin.__name__


def test_who_leaves_taps_nobody_any_more(scene: Scene) -> None:
    scene.system.spawn(Listener, LISTENER)
    source, other = scene.source(), scene.source()
    source.tap(LISTENER, "*", 50)
    listener = scene.system.mailboxes[LISTENER].actor
    other.about()
    assert "process" in vars(listener)
    source.close()
    while "process" in vars(listener):
        other.about()
    assert scene.system.on_seated is None
