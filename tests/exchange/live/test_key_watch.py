"""The key in use while a session runs: its end is told ahead, and another one takes its place."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from msgspec.structs import replace

from exchange.keys import KeysError
from exchange.live.key_watch import WARN_DAYS, KeyWatch, too_much
from exchange.profiles.key_rights import KeyRights
from exchange.server.control import SetAccount
from exchange.server.thread import ServerThread
from exchange.server.venue import Account
from exchange.server.wire import Call
from messages.base import DAY_MS, Timestamp
from messages.observers import Alarm, AlarmKind
from messages.orders import OrderStatus
from tests.exchange.live.wire import WireVenue
from tests.exchange.venue import RULES, SYMBOL, holding

UID = 354_937_868
NEW = {"apiKey": "new-key-0123456789", "secret": "new-secret-0123456789"}


@pytest.fixture
def venue() -> Iterator[WireVenue]:
    with ServerThread("binance", [RULES], holding()) as server:
        reach = server.reach
        server.send(SetAccount(Account(api_key=reach.api_key, secret=reach.secret, uid=UID)))
        one = WireVenue(server, "binance")
        yield one
        one.close()


def alarms(venue: WireVenue) -> list[str]:
    found = [event for event in venue.events if isinstance(event, Alarm)]
    return [alarm.text for alarm in found if alarm.kind is AlarmKind.KEY]


def account(venue: WireVenue, **changes: Any) -> None:  # noqa: ANN401 - of several types
    reach = venue.server.reach
    keys = {"api_key": reach.api_key, "secret": reach.secret, "uid": UID}
    venue.server.send(SetAccount(Account(**{**keys, **changes})))


def listen(venue: WireVenue) -> None:
    """Hear the account and the market, and wait until both streams are open."""
    venue.exchange.subscribe(SYMBOL, venue.now)
    venue.move(100.0)
    venue.wait(0)


def new_key(venue: WireVenue, **changes: Any) -> None:  # noqa: ANN401 - of several types
    """Let the exchange take another key from now on, and no more the one in use."""
    account(venue, api_key=NEW["apiKey"], secret=NEW["secret"], **changes)


def test_the_end_of_a_key_is_told_14_3_and_1_days_ahead_once_each() -> None:
    told: list[str] = []

    class Alarms:
        def alarm(self, kind: AlarmKind, text: str) -> None:
            assert kind is AlarmKind.KEY
            told.append(text)

    class Quiet:
        class profile:  # noqa: N801 - stands for an attribute
            name = "Binance"

        def note(self, text: str) -> None:
            assert "expires at" in text

    watch = KeyWatch(Quiet(), Alarms(), list)  # type: ignore[arg-type] # what it uses of them
    ends = Timestamp(1_900_000_000_000)
    counts = []
    for days in (20, 15, 14, 13, 10, 4, 3, 2, 1.5, 1, 0.5, 0, -1):
        watch._judge(
            KeyRights(can_withdraw=False, is_bound=True, expires_at=ends),
            int(ends - days * DAY_MS),
        )
        counts.append(len(told))
    assert counts == [0, 0, 1, 1, 1, 1, 2, 2, 2, 3, 3, 3, 3]
    assert "in 14.0 days" in told[0]
    assert WARN_DAYS == (14, 3, 1)


def test_a_session_tells_at_its_start_that_its_key_ends_soon(venue: WireVenue) -> None:
    account(venue, expires_at=Timestamp(venue.now + 2 * DAY_MS))
    listen(venue)
    venue.wait_until(lambda: bool(alarms(venue)))
    assert "in 2.0 days" in alarms(venue)[0]


def test_a_right_that_a_key_got_meanwhile_is_told(venue: WireVenue) -> None:
    account(venue, can_withdraw=True)
    listen(venue)
    venue.wait_until(lambda: bool(alarms(venue)))
    assert "this key may withdraw" in alarms(venue)[0]


def test_a_new_key_of_the_account_takes_over_without_a_restart(venue: WireVenue) -> None:
    listen(venue)
    venue.sell("a", "1", 105)
    venue.wait(0)
    new_key(venue)
    venue.connection.read_slot = lambda _: NEW
    venue.exchange.switch_key(2)
    venue.wait_until(lambda: "key slot 2 is in use from now on" in "".join(alarms(venue)))
    venue.wait_until(lambda: venue.is_up)
    venue.sell("b", "1", 106)
    venue.cancel("a")
    venue.wait(0)
    assert venue.facts("b").status is OrderStatus.OPEN
    assert venue.facts("a").status is OrderStatus.CANCELED
    assert NEW["secret"] not in "".join(venue.notes)
    assert venue.connection.redact(NEW["secret"]) == "<redacted>"


def test_a_new_key_that_ends_soon_is_told_at_once(venue: WireVenue) -> None:
    listen(venue)
    new_key(venue, expires_at=Timestamp(venue.now + DAY_MS // 2))
    venue.connection.read_slot = lambda _: NEW
    venue.exchange.switch_key(2)
    venue.wait_until(lambda: "in 0.5 days" in "".join(alarms(venue)))


def test_a_new_key_of_which_it_is_not_told_whether_it_may_withdraw_is_not_used(
    venue: WireVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = venue.connection.client.apiKey
    new_key(venue)
    monkeypatch.setattr("exchange.live.key_watch.rights_of", lambda *_: KeyRights())
    venue.connection.read_slot = lambda _: NEW
    venue.exchange.switch_key(2)
    assert venue.exchange.wait_idle(10)
    assert "does not say whether it may withdraw" in alarms(venue)[0]
    assert venue.connection.client.apiKey == before
    accepts = replace(venue.connection.settings, accept_unreported_rights=True)
    venue.connection.settings = accepts
    venue.exchange.switch_key(2)
    assert venue.exchange.wait_idle(10)
    assert venue.connection.client.apiKey == NEW["apiKey"]


def refuse(slot: int) -> Mapping[str, str]:
    raise KeysError(f"no BINANCE_APIKEY_{slot}")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"uid": 7}, "it is of another account"),
        ({"can_withdraw": True}, "it may withdraw"),
        ({"can_transfer": True}, "it may transfer"),
    ],
)
def test_a_key_that_must_not_be_used_is_not(
    venue: WireVenue, changes: dict[str, Any], why: str
) -> None:
    before = venue.connection.client.apiKey
    new_key(venue, **changes)
    venue.connection.read_slot = lambda _: NEW
    venue.exchange.switch_key(2)
    assert venue.exchange.wait_idle(10)
    assert why in alarms(venue)[0]
    assert venue.connection.client.apiKey == before


def test_a_key_that_is_missing_or_refused_is_not_used(venue: WireVenue) -> None:
    before = venue.connection.client.apiKey
    venue.connection.read_slot = refuse
    venue.exchange.switch_key(2)
    assert venue.exchange.wait_idle(10)
    venue.connection.read_slot = lambda _: NEW
    venue.exchange.switch_key(2)
    assert venue.exchange.wait_idle(10)
    assert "no BINANCE_APIKEY_2" in alarms(venue)[0]
    assert "key slot 2 is not used" in alarms(venue)[1]
    assert NEW["apiKey"] not in alarms(venue)[1]
    assert venue.connection.client.apiKey == before


def test_what_is_too_much() -> None:
    assert too_much(KeyRights()) is None
    assert too_much(KeyRights(can_withdraw=True, can_transfer=True)) == "withdraw and transfer"


def test_what_was_read_before_the_session_is_its_first_look(venue: WireVenue) -> None:
    venue.connection.rights = KeyRights(can_withdraw=True)
    before = venue.server.read().calls(Call.OTHER)
    listen(venue)
    venue.wait_until(lambda: bool(alarms(venue)))
    assert "may withdraw" in alarms(venue)[0]
    assert venue.server.read().calls(Call.OTHER) == before
    assert venue.connection.rights is None, "a look a day later asks"
