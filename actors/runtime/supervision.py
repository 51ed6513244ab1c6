"""The tree's children: started in order, restarted after a loss, stopped in reverse.

Owns the order, the pauses between restarts and the moment to give up. Nothing here resets an
actor's state: a message that raises is skipped (``actor``), a restart is for what an actor leans
on. Refs and mailboxes survive it.
"""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec
from loguru import logger

from actors.runtime.actor import Actor, describe
from messages.addresses import OBSERVERS
from messages.base import Address, Message, Milliseconds, Timestamp
from messages.envelope import Send, Wake
from messages.observers import Alarm, AlarmKind
from messages.supervisor import ResourceLost

if TYPE_CHECKING:
    from actors.runtime.system import System


def _nothing() -> None:
    """Do nothing."""


class Strategy(StrEnum):
    """Whom a restart concerns."""

    ONE_FOR_ONE = "one_for_one"
    """The child alone."""
    REST_FOR_ONE = "rest_for_one"
    """Also the children that started after it: they lean on it and are told to resync."""


class RestartPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How often and how soon a child is restarted."""

    strategy: Strategy = Strategy.ONE_FOR_ONE
    max_restarts: int = 5
    """Of all children together within the window; one more escalates."""
    window_ms: Milliseconds = Milliseconds(60_000)
    backoff_ms: Milliseconds = Milliseconds(100)
    """Pause before the first restart; doubles with each further one within the window."""
    backoff_max_ms: Milliseconds = Milliseconds(10_000)


class RestartTimes:
    """When restarts were granted; says how long to wait for the next, or that it is enough."""

    def __init__(self, policy: RestartPolicy) -> None:
        """Begin with none."""
        self._policy = policy
        self._times: list[Timestamp] = []

    def grant(self, now: Timestamp) -> Milliseconds | None:
        """Return the pause before a restart, which counts from now; None: too many, escalate."""
        policy = self._policy
        self._times = [at for at in self._times if at > now - policy.window_ms]
        recent = len(self._times)
        if recent >= policy.max_restarts:
            return None
        self._times.append(now)
        return Milliseconds(min(policy.backoff_ms * 2**recent, policy.backoff_max_ms))


class ChildSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One child: how it starts and stops, and what to do when it loses what it leans on."""

    name: Address
    start: Callable[[], object]
    """Returns once it works, or raises."""
    stop: Callable[[float], bool]
    """Given the seconds it may take; returns whether it is done."""
    stop_seconds: float = 5.0
    restart: Callable[[], object] = _nothing
    """Gets the lost resource back; quick, as it runs on the dispatcher."""
    resync: Callable[[], object] = _nothing
    """Asks again for what may have been missed, as a sibling it leans on was restarted."""


class StartError(Exception):
    """A child did not start; those before it were stopped again."""


class Children:
    """Starts in order, stops in reverse. On the main thread."""

    def __init__(self, specs: Sequence[ChildSpec]) -> None:
        """Take the children in the order of starting."""
        self._specs = tuple(specs)
        self._running: list[ChildSpec] = []

    def start(self) -> None:
        """Start each after those before it. Raises ``StartError`` naming the one that did not."""
        for spec in self._specs:
            try:
                spec.start()
            except Exception as error:
                self.stop()
                raise StartError(f"{spec.name} did not start: {describe(error)}") from error
            self._running.append(spec)

    def stop_last(self, name: Address) -> bool:
        """Stop the child that started last, before the others; return whether it was ``name``."""
        if not self._running or self._running[-1].name != name:
            return False
        spec = self._running.pop()
        return _stops(spec, spec.stop_seconds)

    def stop(self, within: Callable[[float], float] = float) -> tuple[Address, ...]:
        """Stop each before those it leans on; return those that did not end in time.

        ``within`` cuts the seconds that a child may take to what is left for all of them.
        """
        late = []
        while self._running:
            spec = self._running.pop()
            if not _stops(spec, within(spec.stop_seconds)):
                late.append(spec.name)
        return tuple(late)


def _stops(spec: ChildSpec, seconds: float) -> bool:
    try:
        is_done = spec.stop(seconds)
    except Exception as error:  # noqa: BLE001 - the others must still be stopped
        logger.opt(exception=error).error("{} failed to stop", spec.name)
        return False
    if not is_done:
        logger.error("{} did not stop within {:g} s", spec.name, seconds)
    return is_done


class Supervisor(Actor):
    """Gets lost resources back, with a growing pause; gives up when it happens too often."""

    def __init__(
        self,
        system: "System",
        address: Address,
        specs: Sequence[ChildSpec],
        policy: RestartPolicy,
        on_escalate: Callable[[Address, str], None],
    ) -> None:
        """Take the children in the order of starting.

        ``on_escalate`` is called once, with the child and its last error: no new risk from then on,
        protections kept.
        """
        super().__init__(system, address)
        self._specs = {spec.name: spec for spec in specs}
        self._policy = policy
        self._times = RestartTimes(policy)
        self._lost: dict[Address, str] = {}
        """Children that wait for their restart, with what was said of them."""
        self._on_escalate = on_escalate
        self._has_escalated = False

    def handle(self, message: Message) -> None:
        """Plan the restart of what was lost, or do it when its pause is over."""
        match message:
            case ResourceLost():
                self._plan_restart(message.name, message.error)
            case Wake():
                self._restart(Address(message.key))
            case _:
                raise TypeError(f"{type(message).__name__} is not for the supervisor")

    def on_skipped(self, message: Message, error: BaseException) -> tuple[Send, ...]:
        """Try again to plan a restart: nobody would speak of the loss again."""
        if isinstance(message, ResourceLost):
            return self.try_again(message)
        return super().on_skipped(message, error)

    def _plan_restart(self, name: Address, error: str) -> None:
        if name not in self._specs:
            raise ValueError(f"{name} is no child here")
        if name in self._lost or self._has_escalated:
            return
        pause = self._times.grant(self.now())
        if pause is None:
            self._escalate(name, error)
            return
        logger.error("{} lost what it leans on: {}; restart in {} ms", name, error, pause)
        self._lost[name] = error
        self.set_timer(name, Timestamp(self.now() + pause))

    def _restart(self, name: Address) -> None:
        if self._lost.pop(name, None) is None:
            return
        try:
            self._specs[name].restart()
        except Exception as error:  # noqa: BLE001 - one more loss, with a longer pause
            self._plan_restart(name, describe(error))
            return
        if self._policy.strategy is Strategy.REST_FOR_ONE:
            self._resync_after(name)

    def _resync_after(self, name: Address) -> None:
        names = list(self._specs)
        for later in names[names.index(name) + 1 :]:
            try:
                self._specs[later].resync()
            except Exception as error:  # noqa: BLE001 - the others must still be told
                self.system.report(self.address, f"the resync of {later}", error)

    def _escalate(self, name: Address, error: str) -> None:
        self._has_escalated = True
        text = f"{name} was lost too often: {error}"
        logger.critical(text)
        self.send(OBSERVERS, Alarm(kind=AlarmKind.ESCALATED, text=text))
        self._on_escalate(name, error)
