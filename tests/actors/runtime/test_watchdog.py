"""What is in hand for too long is named; looks are made by hand, with a time of their own."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from loguru import logger

from actors.runtime.dispatcher import ProductionDispatcher
from actors.runtime.watchdog import (
    EXIT_STUCK,
    Limits,
    Stuck,
    Watchdog,
    end_process,
    tell_stacks,
)
from messages.base import Address, Milliseconds
from tests.actors.runtime.players import LISTENER, Hold, Listener, Note, Stage, wait_for

LIMITS = Limits(
    soft_ms=Milliseconds(1_000),
    hard_ms=Milliseconds(5_000),
    pinned_ms={LISTENER: Milliseconds(2_000)},
)


class Heard:
    """Notes what the watchdog says."""

    def __init__(self, stage: Stage) -> None:
        self.soft: list[Stuck] = []
        self.hard: list[Stuck] = []
        self.lost: list[tuple[str, str]] = []
        assert isinstance(stage.dispatcher, ProductionDispatcher)
        self.watchdog = Watchdog(
            stage.dispatcher,
            LIMITS,
            on_hard_limit=self.hard.append,
            on_pinned_lost=lambda *what: self.lost.append(what),
            on_soft_limit=self.soft.append,
        )

    def look_at(self, *seconds: float) -> None:
        for second in seconds:
            self.watchdog.look(second)


def held(stage: Stage, *, pinned: bool = False) -> Listener:
    """Return an actor that has a message in hand until its gate opens."""
    actor = stage.listener(pinned=pinned)
    stage.tell(LISTENER, Hold())
    wait_for(actor.at_gate)
    return actor


@pytest.fixture
def logged() -> Iterator[list[str]]:
    lines: list[str] = []
    sink = logger.add(lines.append, format="{message}")
    yield lines
    logger.remove(sink)


def test_over_the_soft_limit_actor_and_message_are_named_once(production: Stage) -> None:
    actor = held(production)
    heard = Heard(production)
    heard.look_at(0.0, 0.9)
    assert heard.soft == []
    heard.look_at(1.0, 1.5)
    assert heard.soft == [Stuck(LISTENER, "Hold", (0, 1), Milliseconds(1_000))]
    assert heard.hard == []
    actor.gate.set()


def test_a_dispatcher_that_gets_on_is_left_alone(production: Stage) -> None:
    actor = held(production)
    heard = Heard(production)
    heard.look_at(0.0)
    actor.gate.set()
    production.settle()
    heard.look_at(50.0, 100.0)
    assert (heard.soft, heard.hard) == ([], [])


def test_over_the_hard_limit_the_shared_thread_is_given_up(production: Stage) -> None:
    actor = held(production)
    heard = Heard(production)
    heard.look_at(0.0, 4.9)
    assert heard.hard == []
    heard.look_at(5.0)
    assert [stuck.for_ms for stuck in heard.hard] == [5_000]
    actor.gate.set()


def test_a_pinned_actor_over_its_own_limit_is_lost_once_and_no_reason_to_end(
    production: Stage,
) -> None:
    actor = held(production, pinned=True)
    heard = Heard(production)
    heard.look_at(0.0, 1.9)
    assert heard.lost == []
    heard.look_at(2.0, 6.0)
    assert heard.lost == [("listener", "Hold in hand for 2000 ms")]
    assert heard.hard == []
    actor.gate.set()


def test_a_pinned_thread_that_died_is_lost(production: Stage) -> None:
    production.listener(pinned=True)
    production.settle()
    assert isinstance(production.dispatcher, ProductionDispatcher)
    lane = production.dispatcher.lanes[1]
    lane.stop()
    lane.thread.join()
    heard = Heard(production)
    heard.look_at(0.0, 1.0)
    assert heard.lost == [("listener", "its thread died")]
    production.system.restart(LISTENER)
    assert production.system.ask(LISTENER, Note(text="back")) == 1


def test_the_log_names_the_actor_that_hangs_and_its_stack_is_written(
    production: Stage, logged: list[str]
) -> None:
    actor = held(production)
    written: list[str] = []
    assert isinstance(production.dispatcher, ProductionDispatcher)
    watchdog = Watchdog(
        production.dispatcher,
        LIMITS,
        on_hard_limit=lambda _: None,
        on_pinned_lost=lambda *_: None,
        on_soft_limit=tell_stacks(written.append, "stacks.txt"),
    )
    watchdog.look(0.0)
    watchdog.look(1.0)
    actor.gate.set()
    text = "listener has had Hold in hand for 1000 ms"
    assert logged == [f"{text}: all stacks are in stacks.txt\n"]
    assert written[0].startswith(f"{text}\n")
    assert "self.gate.wait" in written[0]


def test_its_own_thread_looks_without_being_asked(production: Stage) -> None:
    actor = held(production, pinned=True)
    assert isinstance(production.dispatcher, ProductionDispatcher)
    lost: list[Address] = []

    def on_lost(name: Address, _why: str) -> None:
        lost.append(name)
        actor.gate.set()

    watchdog = Watchdog(
        production.dispatcher,
        Limits(pinned_ms={LISTENER: Milliseconds(4)}),
        on_hard_limit=lambda _: None,
        on_pinned_lost=on_lost,
        on_soft_limit=lambda _: None,
    )
    watchdog.start()
    wait_for(actor.gate)
    watchdog.stop()
    assert lost == [LISTENER]


def test_the_end_of_the_process_leaves_a_note_of_the_message(tmp_path: Path) -> None:
    codes: list[int] = []
    note = tmp_path / "stuck.json"
    stuck = Stuck(LISTENER, "Hold", (7, 1), Milliseconds(5_000))
    saved: list[Stuck] = []
    end_process(note, saved.append, codes.append)(stuck)
    assert saved == [stuck]
    assert codes == [EXIT_STUCK]
    assert msgspec.json.decode(note.read_bytes(), type=Stuck) == stuck
