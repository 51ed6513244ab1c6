"""A schedule is shrunk to what breaks the rule."""

from collections.abc import Sequence

from tests.simulation.shrinking import shrink


def test_what_has_no_part_in_it_goes() -> None:
    def fails(schedule: Sequence[int]) -> bool:
        return 7 in schedule and 9 in schedule and schedule.index(7) < schedule.index(9)

    assert shrink([1, 2, 7, 3, 3, 5, 9, 4], fails) == (7, 9)


def test_choices_become_as_plain_as_they_can() -> None:
    assert shrink([40, 12, 33], lambda s: sum(s) >= 12 and len(s) >= 2) == (0, 12)


def test_what_does_not_fail_when_simpler_stays() -> None:
    assert shrink([3, 1], lambda s: list(s) == [3, 1]) == (3, 1)
