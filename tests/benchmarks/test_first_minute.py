"""How soon a session has something to show: a few seeds of what the benchmark does with hundred."""

import pytest

from benchmarks.first_minute import FIRST_SECONDS, WATCHED_SECONDS, watch

SEEDS = (1, 2, 3, 5, 8, 13)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_session_soon_has_something_to_show(seed: int) -> None:
    firsts = watch(seed)
    assert firsts.opened is not None
    assert firsts.opened <= FIRST_SECONDS
    assert firsts.protected is not None
    assert firsts.closed is not None
    assert firsts.opened <= firsts.protected <= WATCHED_SECONDS
    assert firsts.closed <= WATCHED_SECONDS


def test_it_is_the_same_each_time() -> None:
    assert watch(1) == watch(1)
