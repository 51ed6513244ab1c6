"""Client order ids in the forms exchanges take."""

import re
from uuid import RFC_4122, UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.profiles.order_ids import UnpackableIdError, at_venue, ours, rendered
from exchange.profiles.registry import PROFILES
from messages.base import ClientOrderId
from messages.ids import ATTEMPT_LAST, POSITION_LAST, RANDOM_BITS, client_order_id, epoch_of

FORMS = {
    "mexc": r"[0-9A-Za-z]{1,32}",
    "binance": r"[0-9A-Za-z]{1,34}",
    "kraken": r"[0-9A-Za-z]{1,18}|[0-9a-f]{32}",
    "bybit": r"[0-9A-Za-z]{1,36}",
    "okx": r"[0-9A-Za-z]{1,32}",
    "coinbase": r"[0-9A-Za-z]{1,36}",
    "kucoin": r"[0-9A-Za-z]{1,40}",
    "gate": r"t-[0-9A-Za-z]{1,28}",
    "bitget": r"[0-9A-Za-z]{1,40}",
    "hyperliquid": r"0x[0-9a-f]{32}",
}

bits = st.integers(0, (1 << RANDOM_BITS) - 1)
new_ids = st.builds(
    lambda account, epoch, position, leg, attempt: client_order_id(
        f"k{epoch_of(account)}{epoch_of(epoch)}p{position}", leg, attempt
    ),
    bits,
    bits,
    st.integers(0, POSITION_LAST),
    st.sampled_from("bx"),
    st.integers(0, ATTEMPT_LAST),
)
old_ids = st.builds(
    "h{}e{}p{}{}{}".format,
    st.text("0123456789abcdefghijklmnopqrstuvwxyz", max_size=4),
    st.integers(0, 9_999),
    st.integers(0, 99_999_999),
    st.sampled_from("bx"),
    st.integers(0, 999),
).map(ClientOrderId)
ids = st.one_of(new_ids, old_ids)


@pytest.mark.parametrize("name", FORMS)
@given(order_id=ids)
@settings(deadline=None, max_examples=50)
def test_an_id_comes_back_from_every_exchange_as_it_went(
    name: str, order_id: ClientOrderId
) -> None:
    form = PROFILES[name].ids
    shown = at_venue(form, order_id)
    assert re.fullmatch(FORMS[name], shown)
    assert ours(form, shown) == order_id


@pytest.mark.parametrize("name", FORMS)
@given(ids, ids)
@settings(deadline=None, max_examples=50)
def test_two_ids_never_become_one(name: str, one: ClientOrderId, other: ClientOrderId) -> None:
    form = PROFILES[name].ids
    assert (rendered(form, one) == rendered(form, other)) == (one == other)


@given(new_ids)
@settings(deadline=None, max_examples=100)
def test_an_id_takes_26_letters_and_digits_32_hex_digits_or_a_uuid_of_version_4(
    order_id: ClientOrderId,
) -> None:
    text = rendered(PROFILES["okx"].ids, order_id)
    assert re.fullmatch(r"es[a-z2-7]{24}", text)
    assert re.fullmatch(r"0x92[0-9a-f]{30}", rendered(PROFILES["hyperliquid"].ids, order_id))
    at_kraken = UUID(hex=rendered(PROFILES["kraken"].ids, order_id))
    assert (at_kraken.version, at_kraken.variant) == (4, RFC_4122)


@pytest.mark.parametrize(
    "order_id",
    [
        f"{'k' + 'a' * 16}p{POSITION_LAST + 1}b1",
        f"{'k' + 'a' * 16}p1b{ATTEMPT_LAST + 1}",
        f"{'k' + 'a' * 16}p01b1",
    ],
)
@pytest.mark.parametrize("name", FORMS)
def test_what_has_no_place_in_an_id_is_refused(name: str, order_id: str) -> None:
    with pytest.raises(UnpackableIdError):
        rendered(PROFILES[name].ids, ClientOrderId(order_id))


@pytest.mark.parametrize(
    "order_id",
    [
        "manual",
        "h123456789e1p1b1",  # a tag of nine
        "h0e1048576p1b1",
        "h0e1p68719476736b1",
        "h0e1p1b65536",
        "h0e01p1b1",  # would come back as h0e1p1b1
    ],
)
def test_what_does_not_fit_in_128_bits_is_refused(order_id: str) -> None:
    with pytest.raises(UnpackableIdError):
        rendered(PROFILES["hyperliquid"].ids, ClientOrderId(order_id))


def test_an_id_too_long_for_free_text_is_refused() -> None:
    with pytest.raises(UnpackableIdError, match="more than 28"):
        rendered(PROFILES["gate"].ids, ClientOrderId("h0e1p" + "1" * 24))


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize(
    "stranger", ["web", "0x" + "f" * 32, "6d1b345e-2821-40e2-ad83-4ecb18a06876", "apiv4"]
)
def test_a_strangers_id_is_left_as_it_is(name: str, stranger: str) -> None:
    assert ours(PROFILES[name].ids, stranger) == stranger


def test_a_long_id_at_kraken_is_known_again_with_its_dashes() -> None:
    form = PROFILES["kraken"].ids
    order_id = ClientOrderId("habcde12p1234567890x3")
    digits = rendered(form, order_id)
    dashed = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
    assert ours(form, dashed) == order_id
