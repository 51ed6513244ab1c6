"""How numbers, times and foreign text are written."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from terminal.words import count, duration, fit, fit_end, percent, price


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (97_123.4, "97,123.4"),
        (3_412.55, "3,412.55"),
        (1_234_567.8, "1,234,568"),
        (0.3849, "0.384900"),
        (0.00002041, "0.00002041"),
        (0.0, "0.00000"),
        (None, "–"),
    ],
)
def test_a_price_shows_the_digits_that_matter(value: float | None, text: str) -> None:
    assert price(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0s"),
        (59.9, "59s"),
        (60, "1m00"),
        (3_599, "59m59"),
        (3_600, "1h00"),
        (86_399, "23h59"),
        (90_000, "1d01"),
    ],
)
def test_a_duration_has_two_units_at_most(seconds: float, text: str) -> None:
    assert duration(round(seconds * 1000)) == text


def test_a_ratio_is_written_as_a_percentage_with_its_sign_where_asked() -> None:
    assert percent(0.0124) == "1.24 %"
    assert percent(0.0124, signed=True) == "+1.24 %"
    assert percent(-0.0124, signed=True) == "-1.24 %"
    assert percent(None) == "–"


def test_one_is_no_plural() -> None:
    assert [count(n, "trade") for n in (0, 1, 2_000)] == ["0 trades", "1 trade", "2,000 trades"]


def test_a_long_path_shows_its_end() -> None:
    assert fit_end("sessions/2026-11-20", 10) == "…026-11-20"
    assert fit_end("sessions", 8) == "sessions"


@settings(deadline=None, max_examples=200)
@given(text=st.text(), width=st.integers(0, 30), right=st.booleans())
def test_text_fits_whatever_it_holds(text: str, width: int, right: bool) -> None:  # noqa: FBT001 - drawn
    fitted = fit(text, width, right=right)
    assert fitted.isprintable()
    assert cell_len(fitted) == width
