"""Everything at DEBUG, everything going wrong, with canary keys: no sink has one."""

import logging

import pytest
from msgspec.structs import replace

from exchange.server.control import DropSockets, SetAccount
from exchange.server.thread import ServerThread
from exchange.server.venue import Account
from exchange.server.wire import Call
from exchange.server.wire_faults import FOR_EVER, WireFault, WireFaultKind
from messages.gateway import FetchTrades
from messages.order_router import SubmitFailed
from tests.exchange.live.test_faults import HASTY
from tests.exchange.live.wire import DIALECTS, WireVenue
from tests.exchange.venue import RULES, SYMBOL, holding

KEY, SECRET = "canarykey0123456789", "canarysecret9876543210"
CANARIES = (KEY, SECRET, "listen1", "listen2", "signature=")
KINDS = (
    WireFaultKind.RESET,
    WireFaultKind.TRUNCATED,
    WireFaultKind.BAD_GATEWAY,
    WireFaultKind.UNAVAILABLE,
    WireFaultKind.UNKNOWN_OUTCOME,
    WireFaultKind.REFUSED,
)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_no_sink_has_a_key_a_signature_or_a_listen_key(
    dialect: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    with ServerThread(dialect, [RULES], holding()) as server:
        server.send(SetAccount(Account(api_key=KEY, secret=SECRET)))
        venue = WireVenue(server, dialect, replace(HASTY, read_attempts=1))
        venue.exchange.subscribe(SYMBOL, venue.now)
        venue.move(100.0)
        venue.wait(0)
        for number, kind in enumerate(KINDS):
            everything_fails(venue, kind, f"o{number}")
        server.send(DropSockets())
        venue.wait_until(lambda: any("stream" in note for note in venue.notes))
        venue.close()
    out = capfd.readouterr()
    logged = [record.getMessage() + str(record.exc_info) for record in caplog.records]
    sinks = [*map(repr, venue.events), *venue.notes, *logged, out.out, out.err]
    sinks += [repr(venue.connection), repr(venue.connection.redact)]
    leaks = [text for text in sinks if any(canary in text for canary in CANARIES)]
    assert leaks == []
    assert len([event for event in venue.events if isinstance(event, SubmitFailed)]) == len(KINDS)
    assert venue.notes


def everything_fails(venue: WireVenue, kind: WireFaultKind, name: str) -> None:
    """Ask for everything while every answer goes wrong."""
    calls = (Call.SUBMIT, Call.CANCEL, Call.LOOK_UP, Call.TRADES, Call.BALANCES, Call.OTHER)
    venue.server.plan(*(WireFault(on=call, kind=kind, times=FOR_EVER) for call in calls))
    venue.sell(name, "1", 105)
    venue.cancel(name)
    venue.look_up(name)
    venue.fetch_balances()
    venue.exchange.fetch_trades(FetchTrades(symbol=SYMBOL, since=venue.now), venue.now)
    assert venue.exchange.wait_idle(20)
    venue.server.plan()
