"""A value from outside is one that can be, or it is refused by its field's name."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messages import border
from messages.border import BadValueError
from messages.orders import Side

NO_NUMBERS: list[object] = [
    None,
    float("nan"),
    float("inf"),
    float("-inf"),
    1e308,
    5e-324,
    "1e-300",
    Decimal("1e-300"),
    Decimal("NaN"),
    Decimal("sNaN"),
    Decimal("Infinity"),
    Decimal("1e5000"),
    2**5000,
    -(2**5000),
    True,
    False,
    [],
    [1],
    {},
    {"a": 1},
    b"1",
    "",
    " 1",
    "1\n",
    "1_000",
    "٣",
    "\uff11\uff12",
    "0x10",
    "nan",
    "Infinity",
    "1" * 70,
    "0." + "1" * 400,
    "1,5",
    "1e9999999",
]
"""What an exchange, a file or a strategy can hand in where a number is wanted."""


@pytest.mark.parametrize("reader", [border.number, border.amount, border.positive, border.whole])
@pytest.mark.parametrize("value", NO_NUMBERS, ids=border.shown)
def test_what_is_no_number_is_refused_by_its_fields_name(
    reader: Callable[[object, str], object], value: object
) -> None:
    with pytest.raises(BadValueError, match=r"^order\.filled is ") as caught:
        reader(value, "order.filled")
    assert caught.value.field == "order.filled"
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, "1"),
        (0.1, "0.1"),
        ("1.50", "1.50"),
        ("1e-8", "1E-8"),
        ("1E+2", "100"),
        (Decimal("1e3"), "1000"),
        (-0.0, "0"),
        ("0." + "0" * 30, "0"),
        ("1." + "0" * 38, "1"),
        ("12345678901234567890", "12345678901234567890"),
    ],
)
def test_a_number_is_exact(value: object, expected: str) -> None:
    assert str(border.number(value, "x")) == expected


def test_a_negative_amount_and_a_price_of_zero_are_refused() -> None:
    assert border.number("-1", "x") == -1
    for reader, value in ((border.amount, "-1"), (border.positive, "0"), (border.positive, -1)):
        with pytest.raises(BadValueError):
            reader(value, "x")


@pytest.mark.parametrize(
    "value", [0, 1, -1, 1_230_000_000, 253_402_214_400_000, 2**63, "x", None, 1.5, True, "1.6e12x"]
)
def test_a_date_before_2009_or_in_the_year_9999_is_none(value: object) -> None:
    with pytest.raises(BadValueError, match=r"order\.timestamp"):
        border.moment(value, "order.timestamp")


def test_a_date_is_read_from_a_number_or_a_text() -> None:
    assert border.moment(1_700_000_000_000, "x") == 1_700_000_000_000
    assert border.moment("1700000000000", "x") == 1_700_000_000_000
    assert border.moment(1.7e12, "x") == 1_700_000_000_000


@pytest.mark.parametrize(
    "value", [None, 1, "", "a" * 201, "a\nb", "a\x1b[2J", "a\x9b", "\u202eabc", "\ud800", b"a", []]
)
def test_a_text_that_can_not_be_printed_or_is_too_long_is_refused(value: object) -> None:
    for reader in (border.text, border.identifier):
        if reader is border.identifier and value == 1:
            assert reader(value, "x") == "1"
            continue
        with pytest.raises(BadValueError):
            reader(value, "x")


def test_an_id_is_ascii_without_spaces_and_a_choice_is_one_of_the_words() -> None:
    assert border.identifier("he1p1b1", "x") == "he1p1b1"
    assert border.choice(Side, "buy", "x") is Side.BUY
    for value in ("a b", "é", "٣"):
        with pytest.raises(BadValueError):
            border.identifier(value, "x")
    words: tuple[object, ...] = ("BUY", "", None, [], {}, "buy\n")
    for word in words:
        with pytest.raises(BadValueError, match="not one of buy, sell"):
            border.choice(Side, word, "side")


@pytest.mark.parametrize(
    "value",
    [
        "502 Bad Gateway\r\n2026-11-30 12:00:00 ALARM forged",
        "\x1b[2J\x1b]0;title\x07",
        "\x9b31mred",
        "a\u202eb\u2066c\u200fd",
        "x\u2028y\u2029z\x85w\x0b\x0c",
        "\ud800\udfff",
        "a" * 100_000,
        "<html>\n" * 1000,
    ],
)
def test_a_foreign_text_is_one_line_that_a_terminal_does_not_obey(value: str) -> None:
    line = border.one_line(value)
    assert line.isprintable()
    assert len(line.splitlines()) == 1
    assert len(line) <= 4 * border.LINE_MOST
    line.encode()


@given(st.text())
def test_any_text_becomes_one_line_that_can_be_written(value: str) -> None:
    line = border.one_line(value)
    assert line.isprintable()
    line.encode()


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
    | st.from_regex(r"-?[0-9]{1,45}(\.[0-9]{1,45})?(e-?[0-9]{1,3})?", fullmatch=True).map(Decimal),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


@given(_ANYTHING)
def test_a_number_is_one_that_money_can_be_counted_with_or_refused(value: object) -> None:
    try:
        read = border.number(value, "x")
    except BadValueError:
        return
    assert abs(read) <= border.LARGEST
    assert read * read >= 0  # exact, or it would raise
