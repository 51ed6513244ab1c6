"""The market in which most of the engine's tests begin."""

import pytest

from tests.exchange.venue import Venue


@pytest.fixture
def venue() -> Venue:
    """A market at 99.9 / 100."""
    venue = Venue()
    venue.move(99.9, 100.0)
    return venue
