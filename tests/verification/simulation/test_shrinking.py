"""A schedule is shrunk to what breaks the rule."""

from collections.abc import Sequence

from verification.simulation.shrinking import shrink


def test_what_has_no_part_in_it_goes() -> None:
    def fails(schedule: Sequence[int]) -> bool:
        return 7 in schedule and 9 in schedule and schedule.index(7) < schedule.index(9)

    assert shrink([1, 2, 7, 3, 3, 5, 9, 4], fails) == (7, 9)


def test_choices_become_as_plain_as_they_can() -> None:
    assert shrink([40, 12, 33], lambda s: sum(s) >= 12 and len(s) >= 2) == (0, 12)


def test_what_does_not_fail_when_simpler_stays() -> None:
    assert shrink([3, 1], lambda s: list(s) == [3, 1]) == (3, 1)


def test_two_choices_that_are_nothing_without_each_other_go_together() -> None:
    def fails(schedule: Sequence[int]) -> bool:
        return 5 in schedule and schedule.count(7) == schedule.count(9)

    assert shrink([7, 5, 0, 9], fails) == (5,)


def test_two_choices_that_hold_each_other_up_become_plain_together() -> None:
    def fails(schedule: Sequence[int]) -> bool:
        return len(schedule) == 3 and schedule[1] == 4 and (schedule[0] == 0) == (schedule[2] == 0)

    assert shrink([6, 4, 6], fails) == (0, 4, 0)
