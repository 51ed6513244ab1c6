"""Whose an id is, and that no two starts make the same one."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messages.base import ClientOrderId, PositionId, Timestamp
from messages.ids import (
    ATTEMPT_LAST,
    POSITION_LAST,
    RANDOM_BITS,
    Identity,
    account_of,
    client_order_id,
    epoch_of,
    further_prefix,
    leg_of_id,
    parse,
    position_of,
    seeded_epoch,
)

bits = st.integers(0, (1 << RANDOM_BITS) - 1)
P7 = PositionId("p7")
ACCOUNT = account_of("binance", "35", "")
OURS = Identity(account=ACCOUNT, tag="", epochs=("e3", epoch_of(5)))


@given(bits, bits, st.integers(1, POSITION_LAST), st.sampled_from("bx"), st.integers(1, 99_999))
def test_an_id_says_what_it_was_made_of(
    account: int, epoch: int, number: int, leg: str, attempt: int
) -> None:
    identity = Identity(account=epoch_of(account), epochs=(epoch_of(epoch),))
    order_id = client_order_id(identity.prefix_of(PositionId(f"p{number}")), leg, attempt)
    parts = parse(order_id)
    assert parts is not None
    assert not parts.is_old
    assert (parts.account, parts.epoch) == (identity.account, identity.epoch)
    assert (parts.position_id, parts.leg, parts.attempt) == (f"p{number}", leg, attempt)
    assert client_order_id(parts.prefix, parts.leg, parts.attempt) == order_id
    assert identity.is_own(order_id)
    assert len(order_id) <= 32
    assert order_id.isalnum()


@pytest.mark.parametrize(
    ("exchange", "uid", "tag"),
    [("mexc", "35", ""), ("binance", "36", ""), ("binance", "", ""), ("binance", "35", "a")],
)
def test_another_exchange_account_or_tag_is_another_account(
    exchange: str, uid: str, tag: str
) -> None:
    assert account_of(exchange, uid, tag) != ACCOUNT
    order_id = ClientOrderId(f"k{account_of(exchange, uid, tag)}{OURS.epoch}p7b1")
    assert not OURS.is_of_account(order_id)
    assert not OURS.is_own(order_id)


def test_an_order_of_another_epoch_is_the_accounts_and_not_the_journals() -> None:
    order_id = ClientOrderId(f"k{ACCOUNT}{epoch_of(6)}p7b1")
    assert OURS.is_of_account(order_id)
    assert not OURS.is_own(order_id)


def test_ids_of_the_older_layout_are_known_by_the_tag() -> None:
    assert OURS.is_own(ClientOrderId("he3p7b1"))
    assert OURS.is_earlier(ClientOrderId("he3p7b1"))
    assert OURS.is_of_account(ClientOrderId("he2p7b1"))
    assert not OURS.is_own(ClientOrderId("he2p7b1"))
    assert not OURS.is_of_account(ClientOrderId("hae3p7b1"))


def test_only_what_earlier_epochs_made_may_have_been_sent_by_a_copy() -> None:
    now = OURS.with_epoch(epoch_of(9), Timestamp(1))
    assert now.is_earlier(client_order_id(OURS.prefix_of(P7), "x", 1))
    assert not now.is_earlier(client_order_id(now.prefix_of(P7), "x", 1))


def test_a_position_beyond_the_field_goes_on_in_the_older_layout() -> None:
    beyond = PositionId(f"p{POSITION_LAST + 1}")
    one, other = (
        OURS.with_epoch(epoch_of(number), Timestamp(1)).prefix_of(beyond) for number in (1, 2)
    )
    assert one.startswith("he")
    assert one != other
    order_id = client_order_id(one, "x", 1)
    assert position_of(order_id) == beyond
    assert OURS.with_epoch(epoch_of(1), Timestamp(1)).is_own(order_id)


def test_when_attempts_run_out_the_prefix_changes_and_the_position_does_not() -> None:
    prefix = OURS.prefix_of(P7)
    further = further_prefix(prefix)
    assert further != prefix
    assert further == further_prefix(prefix)
    parts = parse(client_order_id(further, "x", ATTEMPT_LAST))
    assert parts is not None
    assert (parts.account, parts.position_id) == (ACCOUNT, P7)


def test_epochs_of_a_seed_differ_by_start_and_are_the_same_each_time() -> None:
    drawn = [seeded_epoch(seed, starts) for seed, starts in product((7, 8), (1, 2))]
    assert len(set(drawn)) == 4
    assert drawn == [seeded_epoch(seed, starts) for seed, starts in product((7, 8), (1, 2))]


@pytest.mark.parametrize("stranger", ["manual", "x-123", "k", f"k{ACCOUNT}p7b1", "e3p7b1", ""])
def test_a_strangers_id_names_no_position(stranger: str) -> None:
    assert parse(stranger) is None
    assert position_of(ClientOrderId(stranger)) is None
    assert leg_of_id(ClientOrderId(stranger)) == "x"
