from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.chance import Chance, normal, share


def test_the_numbers_are_those_of_splitmix64() -> None:
    # The published generator's first outputs from seed 0.
    chance = Chance(0)
    assert [chance.bits() for _ in range(3)] == [
        0xE220_A839_7B1D_CDAF,
        0x6E78_9E6A_A1B9_65F4,
        0x06C4_5D18_8009_454F,
    ]


@given(seed=st.integers(), count=st.integers(0, 20))
@settings(deadline=None, max_examples=50)
def test_a_stream_goes_on_from_its_state(seed: int, count: int) -> None:
    chance = Chance(seed)
    for _ in range(count):
        chance.bits()
    assert 0 <= chance.state < 2**64
    again = Chance(chance.state)
    assert [again.bits() for _ in range(3)] == [chance.bits() for _ in range(3)]


def test_normal_numbers_have_mean_0_and_deviation_1_and_do_not_follow_each_other() -> None:
    chance = Chance(5)
    numbers = [normal(chance.bits()) for _ in range(40_000)]
    assert sum(numbers) / len(numbers) == pytest.approx(0, abs=0.02)
    assert sum(number**2 for number in numbers) / len(numbers) == pytest.approx(1, abs=0.02)
    following = sum(one * other for one, other in pairwise(numbers)) / len(numbers)
    assert following == pytest.approx(0, abs=0.02)


def test_normal_numbers_lie_evenly_around_0() -> None:
    lowest, highest = normal(0), normal(2**64 - 1)
    assert lowest == -highest
    assert highest == pytest.approx(3.4633, abs=0.0001)


@pytest.mark.parametrize(("bits", "expected"), [(0, 0.0), (0x8000, 0.5), (0xF_0000, 0.0)])
def test_a_share_is_made_of_the_lowest_16_bits(bits: int, expected: float) -> None:
    assert share(bits) == expected


def test_a_whole_number_reaches_both_ends_and_nothing_beyond() -> None:
    chance = Chance(1)
    assert {chance.whole(3, 6) for _ in range(200)} == {3, 4, 5, 6}


def test_a_number_between_two_stays_there_and_uses_the_width() -> None:
    chance = Chance(2)
    numbers = [chance.between(-2.0, 3.0) for _ in range(2_000)]
    assert -2.0 <= min(numbers) < -1.9
    assert 2.9 < max(numbers) <= 3.0
