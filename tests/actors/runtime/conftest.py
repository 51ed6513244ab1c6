"""Stages on each kind of dispatcher."""

from collections.abc import Iterator

import pytest

from actors.runtime.dispatcher import Dispatcher, ProductionDispatcher
from actors.runtime.simulated import SimulatedDispatcher
from tests.actors.runtime.players import WAIT_SECONDS, Stage


def _stage(dispatcher: Dispatcher) -> Iterator[Stage]:
    stage = Stage(dispatcher)
    yield stage
    stage.system.shutdown(WAIT_SECONDS)


@pytest.fixture(params=["simulated", "production"])
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    """What must hold on both dispatchers."""
    is_simulated = request.param == "simulated"
    yield from _stage(SimulatedDispatcher() if is_simulated else ProductionDispatcher())


@pytest.fixture
def simulated() -> Iterator[Stage]:
    """A stage without threads."""
    yield from _stage(SimulatedDispatcher())


@pytest.fixture
def production() -> Iterator[Stage]:
    """A stage with real threads."""
    yield from _stage(ProductionDispatcher())
