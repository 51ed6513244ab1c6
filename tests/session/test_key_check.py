"""A key that can take money out does not trade; one of which nobody knows needs a person's word."""

from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from config.live import LiveSettings
from config.settings import Settings
from exchange.live.connection import Connection
from exchange.server.control import SetAccount
from exchange.server.thread import ServerThread
from exchange.server.venue import Account
from exchange.server.wire import Call
from exchange.server.wire_faults import FOR_EVER, WireFault, WireFaultKind
from session.connection import EXIT_KEY_REFUSED
from session.key_check import check_key
from session.trading_modes import Mode, Venue
from terminal.errors import ConnectFailedError, UsageError
from tests.exchange.live.wire import connect
from tests.exchange.venue import RULES, holding

LIVE = Venue(mode=Mode.LIVE, exchange_id="binance", is_sure=True)
ASKED = replace(LIVE, is_sure=False)
ACCEPTED = Settings(live=LiveSettings(accept_unreported_rights=True))


@pytest.fixture
def server() -> Iterator[ServerThread]:
    with ServerThread("binance", [RULES], holding()) as one:
        yield one


def checked(
    server: ServerThread,
    venue: Venue = LIVE,
    settings: Settings | None = None,
    dialect: str = "binance",
    **words: Any,  # noqa: ANN401 - as check_key takes them
) -> list[str]:
    connection: Connection = connect(server, dialect)
    connection.open()
    said: list[str] = []
    try:
        check_key(connection, venue, settings or Settings(), said.append, **words)
    finally:
        connection.close()
    return said


def may(server: ServerThread, **rights: Any) -> None:  # noqa: ANN401 - of several types
    reach = server.reach
    server.send(SetAccount(Account(api_key=reach.api_key, secret=reach.secret, **rights)))


@pytest.mark.parametrize("right", ["withdraw", "transfer"])
@pytest.mark.parametrize("settings", [None, ACCEPTED])
def test_a_key_that_may_take_money_out_is_refused_whatever_was_accepted(
    server: ServerThread, right: str, settings: Settings | None
) -> None:
    may(server, **{f"can_{right}": True})
    with pytest.raises(ConnectFailedError, match=f"this key may {right}") as raised:
        checked(server, settings=settings)
    assert raised.value.exit_code == EXIT_KEY_REFUSED


def test_a_key_for_trading_is_told_and_trades(server: ServerThread) -> None:
    assert any("no right to withdraw" in line for line in checked(server))


def test_other_modes_ask_nothing_of_a_key(server: ServerThread) -> None:
    may(server, can_withdraw=True)
    assert checked(server, replace(LIVE, mode=Mode.SANDBOX)) == []


@pytest.fixture
def mexc() -> Iterator[ServerThread]:
    """A venue that says of the account that it can withdraw, and of the key nothing."""
    with ServerThread("mexc", [RULES], holding()) as one:
        may(one, can_withdraw=True)
        yield one


@pytest.mark.parametrize("venue", [LIVE, ASKED])
def test_without_a_terminal_the_refusal_names_the_setting(mexc: ServerThread, venue: Venue) -> None:
    with pytest.raises(UsageError, match=r"--set live\.accept_unreported_rights=true"):
        checked(mexc, venue, dialect="mexc", is_terminal=False)
    assert checked(mexc, venue, ACCEPTED, dialect="mexc", is_terminal=False)


def test_at_a_terminal_a_person_types_it(mexc: ServerThread) -> None:
    words: dict[str, Any] = {"dialect": "mexc", "is_terminal": True}
    said = checked(mexc, ASKED, read=lambda: " Cannot withdraw\n", **words)
    assert 'type "cannot withdraw" to go on' in said[-1]
    for answer in ("", "yes", "live", "y"):
        with pytest.raises(UsageError, match="not acknowledged"):
            checked(mexc, ASKED, read=lambda answer=answer: answer, **words)


def test_a_right_that_could_not_be_read_is_not_reported(server: ServerThread) -> None:
    may(server, can_withdraw=True)
    fault = WireFault(
        on=Call.OTHER,
        kind=WireFaultKind.BAD_GATEWAY,
        containing="timestamp",
        times=FOR_EVER,
    )
    server.plan(fault)
    with pytest.raises(UsageError, match="does not say whether this key may withdraw"):
        checked(server)
