"""Whether an account may borrow: only an answer that says no in every field says no."""

import asyncio
import json
from contextlib import suppress
from typing import Any

import pytest

from config.live import LiveSettings
from exchange.live.borrow_watch import borrow_words, read_borrow_mode
from exchange.live.connection import Connection, Credentials
from exchange.profiles.borrow_modes import BORROW_CALLS, may_borrow
from exchange.profiles.profile import Profile
from exchange.profiles.registry import PROFILES
from exchange.profiles.request_terms import SIMPLE, terms_of
from messages.base import Milliseconds
from messages.order_router import RequestTimingMeasured
from tests.exchange.profiles.scripted import Answer, Session, scripted_client

OKX = {"acctLv": "1", "enableSpotBorrow": False, "autoLoan": False, "uid": "7"}
BYBIT = {"spotLeverage": "", "spotMarginMode": "0", "effectiveLeverage": "0"}
LENDERS = sorted(BORROW_CALLS)
JUNK: tuple[object, ...] = (None, True, 0, 1, "", "no", [], {}, [None], "2", "false", 10**400)


def told(exchange: str, fields: object) -> dict[str, Any]:
    if exchange == "okx":
        return {"code": "0", "msg": "", "data": [fields]}
    return {"retCode": 0, "retMsg": "OK", "result": fields, "time": 1}


def plain(exchange: str) -> dict[str, object]:
    return dict(OKX if exchange == "okx" else BYBIT)


def decides(exchange: str) -> list[str]:
    return ["acctLv", "enableSpotBorrow", "autoLoan"] if exchange == "okx" else ["spotMarginMode"]


def is_lender(exchange: str, answer: object) -> bool:
    return may_borrow(BORROW_CALLS[exchange], answer)


@pytest.mark.parametrize("exchange", LENDERS)
def test_an_account_that_can_t_is_known_as_one(exchange: str) -> None:
    assert not is_lender(exchange, told(exchange, plain(exchange)))


CASES = [(exchange, field) for exchange in LENDERS for field in decides(exchange)]


@pytest.mark.parametrize(("exchange", "field"), CASES)
@pytest.mark.parametrize("value", JUNK)
def test_a_field_with_any_other_value_may_mean_that_it_can(
    exchange: str, field: str, value: object
) -> None:
    assert is_lender(exchange, told(exchange, plain(exchange) | {field: value}))


@pytest.mark.parametrize(("exchange", "field"), CASES)
def test_a_field_that_is_missing_may_mean_that_it_can(exchange: str, field: str) -> None:
    fields = plain(exchange)
    del fields[field]
    assert is_lender(exchange, told(exchange, fields))


@pytest.mark.parametrize("exchange", LENDERS)
@pytest.mark.parametrize("answer", [*JUNK, {"data": []}, {"data": [OKX, OKX]}, {"result": None}])
def test_an_answer_of_another_shape_may_mean_that_it_can(exchange: str, answer: object) -> None:
    assert is_lender(exchange, answer)


@pytest.mark.parametrize("level", ["2", "3", "4", 1, "01"])
def test_only_okx_s_spot_mode_can_t(level: object) -> None:
    assert is_lender("okx", told("okx", plain("okx") | {"acctLv": level}))


def test_those_that_are_asked_are_those_whose_accounts_may() -> None:
    lenders = {name for name, profile in PROFILES.items() if profile.may_borrow}
    assert lenders == set(BORROW_CALLS)
    assert all(PROFILES[name].locking_source for name in lenders)


@pytest.mark.parametrize("exchange", LENDERS)
@pytest.mark.parametrize("mode", [None, True, False])
def test_a_second_sale_is_offered_only_where_it_was_said_that_it_can_t(
    exchange: str,
    mode: bool | None,  # noqa: FBT001 - a case
) -> None:
    profile = PROFILES[exchange]
    assert profile.deadline is not None, "until when the exchange takes the first is bounded"
    terms = terms_of(profile, may_borrow=mode)
    assert terms is not None
    assert terms.locking == (SIMPLE if mode is False else ())


# Over ccxt's own class.


class Asked:
    """A connection whose client is ccxt's own, answered by a script."""

    def __init__(self, exchange: str, answer: Exception | Answer) -> None:
        self.notes: list[str] = []
        keys = dict.fromkeys(PROFILES[exchange].credentials, "1" * 32)
        self.connection = Connection(
            PROFILES[exchange], Credentials(keys), LiveSettings(), note=self.notes.append
        )
        self.session = Session(answer)
        self.told: list[RequestTimingMeasured] = []
        clock = self.connection.clock
        clock.timing = RequestTimingMeasured(
            offset_ms=0, error_ms=Milliseconds(1), latency_ms=Milliseconds(1)
        )
        clock.on_timing = self.told.append

    def read(self) -> bool:
        return asyncio.run(self._read())

    async def _read(self) -> bool:
        client = scripted_client(self.connection.profile.id, self.session)
        self.connection.client = client
        try:
            return await read_borrow_mode(self.connection)
        finally:
            with suppress(Exception):
                await client.close()


@pytest.mark.parametrize("exchange", LENDERS)
def test_the_account_s_mode_is_asked_and_what_follows_is_told_once(exchange: str) -> None:
    answer = json.dumps(told(exchange, plain(exchange)))
    asked = Asked(exchange, (200, {}, answer))
    assert asked.read() is False
    (sent,) = asked.session.sent
    path = {"okx": "/api/v5/account/config", "bybit": "/v5/spot-margin-trade/state"}[exchange]
    assert sent.startswith("GET ")
    assert sent.endswith(path)
    (timing,) = asked.told
    assert timing.terms is not None
    assert timing.terms.locking == SIMPLE
    assert any(borrow_words(may=False) in note for note in asked.notes)
    asked.told.clear()
    assert asked.read() is False
    assert asked.told == []


@pytest.mark.parametrize("exchange", LENDERS)
@pytest.mark.parametrize(
    "answer",
    [
        (200, {}, "{}"),
        (200, {}, "null"),
        (200, {}, "<html></html>"),
        (500, {}, "oops"),
        (403, {}, "no"),
        TimeoutError(),
    ],
)
def test_without_an_answer_an_account_that_could_not_counts_as_one_that_may(
    exchange: str, answer: Exception | Answer
) -> None:
    asked = Asked(exchange, answer)
    asked.connection.may_borrow = False
    assert asked.read() is True
    (timing,) = asked.told
    assert timing.terms is not None
    assert timing.terms.locking == ()
    assert any("not told" in note for note in asked.notes)


@pytest.mark.parametrize("exchange", sorted(PROFILES.keys() - BORROW_CALLS.keys()))
def test_others_are_not_asked(exchange: str) -> None:
    asked = Asked(exchange, (200, {}, "{}"))
    assert asked.read() is False
    assert asked.session.sent == []


def test_without_keys_nobody_is_asked_and_the_account_may() -> None:
    profile: Profile = PROFILES["okx"]
    connection = Connection(profile, Credentials(), LiveSettings())
    assert asyncio.run(read_borrow_mode(connection)) is True
