"""What all tests share: actors that end with their test, and the folder of real recordings."""

import gc
import signal
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, settings
from pykka import ActorRegistry

from actors.runtime.actor import Actor
from actors.runtime.mailbox import Mailbox
from actors.runtime.system import System
from session.process import disarm

_STOP_SECONDS = 5

# No test times: how long an example takes is the machine's affair. All else as hypothesis has it.
settings.register_profile(
    "untimed", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("untimed")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--recordings",
        metavar="DIR",
        help="folder of market recordings; tests that need them are skipped without it",
    )


def pytest_configure(config: pytest.Config) -> None:
    folder = config.getoption("--recordings")
    if folder is not None and not Path(folder).is_dir():
        raise pytest.UsageError(f"--recordings: there is no folder {folder}")
    # What a shell starts in its background ignores Ctrl-C, what nohup starts the end of a terminal,
    # and so would the processes of tests.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture
def recordings(request: pytest.FixtureRequest) -> Path:
    """The folder of real recordings."""
    folder = request.config.getoption("--recordings")
    if folder is None:
        pytest.skip("needs --recordings=DIR")
    return Path(folder)


@pytest.fixture(autouse=True, scope="session")
def _the_collector_may_look_at_all() -> Iterator[None]:
    """Keep recoveries from freezing what they make: of thousands of dead worlds that is a leak."""
    with patch.object(gc, "freeze"):
        yield


@pytest.fixture(autouse=True)
def _no_deadline_of_a_session_outlives_its_test() -> Iterator[None]:
    """Take back the last resort of a session that a test stopped: it would end this process."""
    yield
    disarm()


@pytest.fixture(autouse=True)
def _actors_end_with_their_test() -> Iterator[None]:
    """Stop what a test left running: pykka's registry is the whole process's."""
    yield
    systems: dict[int, System] = {}
    for ref in reversed(ActorRegistry.get_all()):
        place = ref.actor_inbox
        actor = place.actor if isinstance(place, Mailbox) else None
        if isinstance(actor, Actor):
            systems[id(actor.system)] = actor.system
            actor._stop()  # at once: nothing more is delivered, and no test's hook called
        else:
            ref.stop(timeout=_STOP_SECONDS)
    for system in systems.values():
        system.shutdown(_STOP_SECONDS)
