"""Order, restarts, giving up."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.runtime.supervision import (
    Children,
    ChildSpec,
    RestartPolicy,
    RestartTimes,
    StartError,
    Strategy,
    Supervisor,
)
from messages.addresses import OBSERVERS, SUPERVISOR
from messages.base import Address, Milliseconds, Timestamp
from messages.envelope import Wake
from messages.observers import Alarm, AlarmKind
from messages.supervisor import ResourceLost
from tests.actors.runtime.players import LISTENER, Listener, Note, Observer, Stage

NAMES = [Address(name) for name in ("journal", "gateway", "router")]
POLICY = RestartPolicy(
    max_restarts=3,
    window_ms=Milliseconds(10_000),
    backoff_ms=Milliseconds(100),
    backoff_max_ms=Milliseconds(250),
)


class Family:
    """Children that note what was done to them."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.failing: set[str] = set()

    def specs(self) -> list[ChildSpec]:
        return [self.spec(name) for name in NAMES]

    def spec(self, name: Address) -> ChildSpec:
        return ChildSpec(
            name=name,
            start=self.note("start", name),
            stop=lambda seconds: self.note(f"stop in {seconds:g}", name)() is None,
            stop_seconds=2.0,
            restart=self.note("restart", name),
            resync=self.note("resync", name),
        )

    def note(self, what: str, name: Address) -> Callable[[], None]:
        def act() -> None:
            self.log.append(f"{what} {name}")
            if f"{what} {name}" in self.failing:
                raise OSError(f"{name} is broken")

        return act


class Scene:
    """A supervisor on a simulated stage."""

    def __init__(self, stage: Stage, strategy: Strategy = Strategy.REST_FOR_ONE) -> None:
        self.stage = stage
        self.family = Family()
        self.escalated: list[tuple[str, str]] = []
        self.observer = stage.play(Observer, OBSERVERS)
        policy = RestartPolicy(
            strategy=strategy,
            max_restarts=POLICY.max_restarts,
            window_ms=POLICY.window_ms,
            backoff_ms=POLICY.backoff_ms,
            backoff_max_ms=POLICY.backoff_max_ms,
        )
        stage.play(
            Supervisor,
            SUPERVISOR,
            self.family.specs(),
            policy,
            lambda *why: self.escalated.append(why),
        )

    def lose(self, name: str, error: str = "gone") -> None:
        self.stage.tell(SUPERVISOR, ResourceLost(name=Address(name), error=error))
        self.stage.settle()

    def advance_to(self, time: int) -> None:
        self.stage.clock.advance_to(Timestamp(time), self.stage.settle)


def test_children_start_in_order_and_stop_in_reverse_each_with_its_deadline() -> None:
    family = Family()
    children = Children(family.specs())
    children.start()
    assert children.stop() == ()
    assert family.log == [
        "start journal",
        "start gateway",
        "start router",
        "stop in 2 router",
        "stop in 2 gateway",
        "stop in 2 journal",
    ]


def test_a_child_that_does_not_start_is_named_and_those_before_it_are_stopped() -> None:
    family = Family()
    family.failing = {"start gateway"}
    with pytest.raises(StartError, match="gateway did not start: OSError: gateway is broken"):
        Children(family.specs()).start()
    assert family.log == ["start journal", "start gateway", "stop in 2 journal"]


def test_a_child_that_fails_to_stop_is_named_and_does_not_keep_the_others() -> None:
    family = Family()
    family.failing = {"stop in 2 router"}
    children = Children(family.specs())
    children.start()
    assert children.stop() == ("router",)
    assert family.log[-1] == "stop in 2 journal"


def test_a_child_that_is_late_to_stop_is_named() -> None:
    late = ChildSpec(name=NAMES[0], start=lambda: None, stop=lambda _seconds: False)
    children = Children([late])
    children.start()
    assert children.stop() == ("journal",)
    assert children.stop() == ()


def test_pauses_double_up_to_a_limit_and_then_it_is_enough() -> None:
    times = RestartTimes(POLICY)
    assert [times.grant(Timestamp(0)) for _ in range(4)] == [100, 200, 250, None]


def test_restarts_outside_the_window_are_forgotten() -> None:
    times = RestartTimes(POLICY)
    for _ in range(3):
        times.grant(Timestamp(0))
    assert times.grant(Timestamp(9_999)) is None
    assert times.grant(Timestamp(10_000)) == 100


@settings(deadline=None, max_examples=100)
@given(st.lists(st.integers(0, 4_000), max_size=60))
def test_no_window_ever_holds_more_restarts_than_allowed(gaps: list[int]) -> None:
    times, now, granted = RestartTimes(POLICY), 0, list[int]()
    for gap in gaps:
        now += gap
        if times.grant(Timestamp(now)) is not None:
            granted.append(now)
    for at in granted:
        assert len([other for other in granted if at - 10_000 < other <= at]) <= 3


def test_a_lost_resource_is_restarted_after_its_pause_and_later_siblings_resync(
    simulated: Stage,
) -> None:
    scene = Scene(simulated)
    scene.lose("gateway")
    scene.advance_to(99)
    assert scene.family.log == []
    scene.advance_to(100)
    assert scene.family.log == ["restart gateway", "resync router"]


def test_one_for_one_leaves_the_siblings_alone(simulated: Stage) -> None:
    scene = Scene(simulated, Strategy.ONE_FOR_ONE)
    scene.lose("journal")
    scene.advance_to(100)
    assert scene.family.log == ["restart journal"]


def test_a_loss_told_twice_is_one_restart(simulated: Stage) -> None:
    scene = Scene(simulated)
    scene.lose("router")
    scene.lose("router")
    scene.stage.tell(SUPERVISOR, Wake(key="router"))
    scene.advance_to(1_000)
    assert scene.family.log == ["restart router"]


def test_a_restart_that_fails_is_tried_again_later_and_then_escalates(simulated: Stage) -> None:
    scene = Scene(simulated)
    scene.family.failing = {"restart router"}
    scene.lose("router")
    scene.advance_to(5_000)
    assert scene.family.log == ["restart router"] * 3
    assert scene.escalated == [("router", "OSError: router is broken")]
    assert scene.observer.alarms == [
        Alarm(
            kind=AlarmKind.ESCALATED,
            text="router was lost too often: OSError: router is broken",
        )
    ]


def test_after_an_escalation_nothing_is_restarted_any_more(simulated: Stage) -> None:
    scene = Scene(simulated)
    for loss in range(4):
        scene.lose("router", f"loss {loss}")
        scene.advance_to(simulated.clock.now() + 300)
    assert scene.escalated == [("router", "loss 3")]
    scene.lose("journal")
    scene.advance_to(60_000)
    assert scene.family.log == ["restart router"] * 3
    assert len(scene.escalated) == 1


def test_a_resync_that_fails_is_told_and_does_not_keep_the_others(simulated: Stage) -> None:
    scene = Scene(simulated)
    scene.family.failing = {"resync gateway"}
    scene.lose("journal")
    scene.advance_to(100)
    assert scene.family.log == ["restart journal", "resync gateway", "resync router"]
    assert [skip.message_type for skip in scene.observer.skipped] == ["the resync of gateway"]


@pytest.mark.parametrize(
    "message", [ResourceLost(name=Address("stranger"), error="gone"), Note(text="hello")]
)
def test_what_is_not_for_the_supervisor_is_told(simulated: Stage, message: Note) -> None:
    scene = Scene(simulated)
    simulated.tell(SUPERVISOR, message)
    simulated.settle()
    assert [skip.actor for skip in scene.observer.skipped] == [SUPERVISOR]


def test_a_pinned_actor_as_a_child_keeps_what_waits_over_its_restart(simulated: Stage) -> None:
    simulated.listener(pinned=True)
    spec = ChildSpec(
        name=LISTENER,
        start=lambda: None,
        stop=lambda seconds: simulated.system.stop(LISTENER, seconds),
        restart=lambda: simulated.system.restart(LISTENER),
    )
    simulated.play(Supervisor, SUPERVISOR, [spec], POLICY, lambda *_: None)
    before = simulated.system.mailboxes[LISTENER].actor
    simulated.tell(SUPERVISOR, ResourceLost(name=LISTENER, error="its thread died"))
    simulated.settle()
    simulated.clock.set_timer(LISTENER, "waits", Timestamp(100))
    simulated.clock.advance_to(Timestamp(100), simulated.settle)
    after = simulated.system.mailboxes[LISTENER].actor
    assert isinstance(after, Listener)
    assert after is not before
    assert after.heard == [Wake(key="waits")]
