"""Each profile's deadline is in the request that ccxt's own class sends; past it none leaves."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import parse_qs

import pytest

from exchange.live.deadlines import DEADLINE, SubmitDeadline
from exchange.live.errors import TooLateError
from exchange.live.rate_limiter import ORDER_ID, PLACES
from exchange.profiles.calls import OrderCall
from exchange.profiles.promises import CheckedAt, Deadline, DeadlineForm, Reads
from exchange.profiles.registry import PROFILES
from exchange.profiles.request_terms import UNKNOWN_LIFE_MS, proof_ms, terms_of
from messages.base import Milliseconds, Timestamp
from tests.exchange.profiles.capture import ORDERS, write_call
from tests.exchange.profiles.scripted import Response, scripted_client

WINDOW = Milliseconds(4_000)
NOW = 1_790_000_000_000
WITH_DEADLINE = [name for name, profile in PROFILES.items() if profile.deadline is not None]


class Sent(NamedTuple):
    url: str
    headers: dict[str, str]
    body: str


class Recorder:
    """A session that keeps what is sent, and answers nothing that can be read."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self.headers: dict[str, str] = {}
        self.get, self.post = self._ask, self._ask
        self.put, self.delete = self._ask, self._ask

    @asynccontextmanager
    async def _ask(
        self,
        url: object,
        data: object = None,
        headers: Mapping[str, str] | None = None,
        **_: object,
    ) -> AsyncIterator[Response]:
        body = data or b""
        text = body.decode() if isinstance(body, bytes) else str(body)
        self.sent.append(Sent(str(url), dict(headers or {}), text))
        yield Response(200, {}, "{}")


def send(exchange_id: str, deadline: SubmitDeadline | None) -> tuple[list[Sent], Any]:
    """Place an order as the gateway does; return what was sent, and what was raised."""
    call = next(
        made
        for made in (write_call(PROFILES[exchange_id], request) for request in ORDERS.values())
        if isinstance(made, OrderCall)
    )

    async def place() -> tuple[list[Sent], Any]:
        session = Recorder()
        client = scripted_client(exchange_id, session)
        client.milliseconds = lambda: NOW
        client.jumps_of_ours = type("Jumps", (), {"check": lambda *_: None})()
        client.venue_time_ms = lambda: NOW
        PLACES.set(True)
        ORDER_ID.set("h0e1p17x3")
        DEADLINE.set(deadline)
        raised = None
        try:
            await getattr(client, call.method)(*call.args, dict(call.params))
        except Exception as error:  # noqa: BLE001 - the answer can't be read
            raised = error
        with suppress(Exception):
            await client.close()
        return session.sent, raised

    return asyncio.run(place())


def written(deadline: Deadline, sent: Sent) -> int:
    """Return the deadline in a request, as ms after ``NOW``."""
    match deadline.form:
        case DeadlineForm.HEADER:
            return int(sent.headers[deadline.name]) - NOW
        case DeadlineForm.FIELD:
            fields = parse_qs(sent.body)
            until = datetime.fromisoformat(fields[deadline.name][0])
            return round(until.timestamp() * 1000) - NOW
        case DeadlineForm.SIGNED:
            return int(json.loads(sent.body)[deadline.name]) - NOW
        case DeadlineForm.WINDOW:
            if deadline.name in sent.headers:
                return int(sent.headers[deadline.name])
            fields = parse_qs(sent.body or sent.url.partition("?")[2])
            return int(fields[deadline.name][0])


@pytest.mark.parametrize("exchange_id", WITH_DEADLINE)
def test_the_window_that_was_chosen_is_in_the_request(exchange_id: str) -> None:
    deadline = PROFILES[exchange_id].deadline
    assert deadline is not None
    sending = SubmitDeadline(Timestamp(NOW), WINDOW)
    (sent,), _ = send(exchange_id, sending)
    assert written(deadline, sent) == WINDOW
    assert sending.signed_at == NOW


@pytest.mark.parametrize("exchange_id", WITH_DEADLINE)
def test_the_option_is_as_before_after_a_request_with_a_window(exchange_id: str) -> None:
    deadline = PROFILES[exchange_id].deadline
    assert deadline is not None
    send(exchange_id, SubmitDeadline(Timestamp(NOW), WINDOW))
    (sent,), _ = send(exchange_id, None)
    if deadline.form is DeadlineForm.WINDOW:
        assert written(deadline, sent) == deadline.window_ms
    else:
        assert deadline.name not in {**sent.headers, **parse_qs(sent.body)}
        assert deadline.name not in sent.body


@pytest.mark.parametrize("exchange_id", PROFILES)
def test_past_its_largest_timestamp_nothing_is_signed_or_sent(exchange_id: str) -> None:
    sending = SubmitDeadline(Timestamp(NOW - 1), WINDOW)
    sent, raised = send(exchange_id, sending)
    assert sent == []
    assert isinstance(raised, TooLateError)
    assert raised.is_late
    assert sending.signed_at is None


@pytest.mark.parametrize("exchange_id", WITH_DEADLINE)
def test_a_window_lies_in_the_exchange_s_range_and_names_its_source(exchange_id: str) -> None:
    deadline = PROFILES[exchange_id].deadline
    assert deadline is not None
    assert 2_000 <= deadline.exit_window_ms <= deadline.window_ms <= deadline.window_max_ms
    assert (deadline.least_ms or 0) <= deadline.exit_window_ms
    assert deadline.window_max_ms <= (deadline.most_ms or 60_000)
    assert deadline.source
    assert deadline.bounds


@pytest.mark.parametrize("exchange_id", PROFILES)
def test_a_settle_time_is_only_where_the_engine_itself_looks_at_the_deadline(
    exchange_id: str,
) -> None:
    profile = PROFILES[exchange_id]
    assert (profile.deadline is None) is bool(profile.no_deadline)
    if profile.deadline is not None and profile.deadline.settle_ms is not None:
        assert profile.deadline.checked is CheckedAt.ENGINE


@pytest.mark.parametrize("exchange_id", PROFILES)
def test_every_look_comes_before_the_exchange_forgets_an_order(exchange_id: str) -> None:
    profile = PROFILES[exchange_id]
    reads, proof = profile.reads, proof_ms(profile) or UNKNOWN_LIFE_MS
    for kept in (reads.ended_kept_ms, reads.unfilled_kept_ms):
        assert kept is None or kept > 10 * proof
    assert bool(reads.lag_source) is (reads.lag_ms is not None)
    is_empty = reads == Reads(lag_ms=reads.lag_ms, lag_source=reads.lag_source)
    assert bool(reads.source) is not is_empty


def test_a_wallet_signs_the_last_moment_with_the_order() -> None:
    """The hash is over action, nonce, no vault, and the moment in eight bytes."""
    hashed: list[str] = []

    def keccak(data: bytes, *_: object) -> bytes:
        hashed.append(bytes(data).hex())
        return b"0" * 32

    async def sign() -> None:
        client = scripted_client("hyperliquid", Recorder())
        client.venue_time_ms = lambda: NOW
        client.packb = lambda _: b"\xab"
        client.hash = keccak
        with suppress(Exception):
            client.sign_l1_action({}, NOW)
        PLACES.set(True)
        DEADLINE.set(SubmitDeadline(None, WINDOW))
        with suppress(Exception):
            client.sign_l1_action({}, NOW)
        with suppress(Exception):
            await client.close()

    asyncio.run(sign())
    nonce, moment = (number.to_bytes(8, "big").hex() for number in (NOW, NOW + WINDOW))
    assert hashed[:1] == [f"ab{nonce}00"]
    assert f"ab{nonce}0000{moment}" in hashed


@pytest.mark.parametrize("exchange_id", PROFILES)
def test_a_life_is_bounded_only_where_the_engine_and_the_reads_are_known(exchange_id: str) -> None:
    profile, proof = PROFILES[exchange_id], proof_ms(PROFILES[exchange_id])
    is_known = (
        profile.deadline is not None
        and profile.deadline.settle_ms is not None
        and profile.reads.lag_ms is not None
    )
    assert (proof is not None) is is_known
    if is_known:
        assert profile.reads.lag_source
        assert proof == 3_000 + 2_200 + 10_000


def test_stops_lock_only_where_it_is_known() -> None:
    found = {name: terms_of(profile) for name, profile in PROFILES.items()}
    locking = {name: terms.locking for name, terms in found.items() if terms is not None}
    assert [name for name, types in locking.items() if len(types) > 2] == ["binance"]
