"""What ccxt's errors mean: the table, and the venues' own words."""

import ccxt  # type: ignore[import-untyped]
import pytest
from aiohttp import ClientConnectorError, ServerDisconnectedError
from aiohttp.client_reqrep import ConnectionKey

from exchange.live.errors import (
    LiveError,
    NotFoundError,
    RejectedError,
    RetryableError,
    UnknownOutcomeError,
    of_cancel,
    of_read,
    of_submit,
)
from exchange.profiles.profile import Profile
from exchange.profiles.registry import profile_of
from messages.orders import RejectReason

NOWHERE = profile_of("an exchange without a profile")
BINANCE, MEXC = profile_of("binance"), profile_of("mexc")
KEY = ConnectionKey(
    host="host",
    port=443,
    is_ssl=True,
    ssl=True,
    proxy=None,
    proxy_auth=None,
    proxy_headers_hash=None,
)

EVERY_ERROR = sorted(
    (
        one
        for one in vars(ccxt).values()
        if isinstance(one, type) and issubclass(one, ccxt.BaseError)
    ),
    key=lambda one: one.__name__,
)
NOT_SENT = {"RateLimitExceeded", "DDoSProtection", "InvalidNonce", "ChecksumError"}
REJECTING = (
    ccxt.InsufficientFunds,
    ccxt.InvalidOrder,
    ccxt.BadRequest,
    ccxt.AuthenticationError,
    ccxt.OperationRejected,
    ccxt.NotSupported,
    ccxt.ArgumentsRequired,
)


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize("kind", EVERY_ERROR, ids=lambda kind: kind.__name__)
def test_a_submit_is_unknown_unless_it_surely_failed(kind: type[Exception]) -> None:
    failure = of_submit(kind("what it said"), "what it said", NOWHERE)
    if kind.__name__ in NOT_SENT or kind.__name__ == "ExchangeClosedByUser":
        assert isinstance(failure, RetryableError)
    elif issubclass(kind, REJECTING):
        assert isinstance(failure, RejectedError)
    else:
        assert isinstance(failure, UnknownOutcomeError)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ccxt.RequestTimeout("binance POST"), UnknownOutcomeError),
        (ccxt.ExchangeNotAvailable("binance POST"), UnknownOutcomeError),
        (ccxt.ExchangeError("binance truncated {"), UnknownOutcomeError),
        (ccxt.BadResponse("binance <html>"), UnknownOutcomeError),
        (KeyError("id"), UnknownOutcomeError),
        (
            caused(ccxt.ExchangeNotAvailable("GET"), ServerDisconnectedError()),
            UnknownOutcomeError,
        ),
        (
            caused(ccxt.ExchangeNotAvailable("GET"), ClientConnectorError(KEY, OSError("refused"))),
            RetryableError,
        ),
        (ccxt.DDoSProtection("binance 429"), RetryableError),
    ],
)
def test_what_a_wire_does_to_a_submit(error: Exception, expected: type[LiveError]) -> None:
    assert type(of_submit(error, str(error), NOWHERE)) is expected


@pytest.mark.parametrize(
    ("profile_id", "error", "body"),
    [
        ("bybit", ccxt.InvalidOrder, '{"retCode":170146,"retMsg":"Order creation timeout"}'),
        ("kucoin", ccxt.BadRequest, '{"code":"408000","msg":"Network timeout, try again later"}'),
    ],
)
def test_a_timeout_that_ccxt_files_under_refusals_is_unknown(
    profile_id: str, error: type[Exception], body: str
) -> None:
    failure = of_submit(error(body), f"{profile_id} {body}", profile_of(profile_id))
    assert isinstance(failure, UnknownOutcomeError)


def test_a_refused_clock_is_told_as_such() -> None:
    failure = of_submit(ccxt.InvalidNonce("-1021"), "-1021", NOWHERE)
    assert isinstance(failure, RetryableError)
    assert failure.is_clock


@pytest.mark.parametrize(
    ("profile", "error", "body", "reason"),
    [
        (
            BINANCE,
            ccxt.InvalidOrder,
            '{"code":-2010,"msg":"Duplicate order sent."}',
            "DUPLICATE_ID",
        ),
        (
            BINANCE,
            ccxt.OrderImmediatelyFillable,
            '{"code":-2010,"msg":"Stop price would trigger immediately."}',
            "WOULD_TRIGGER_AT_ONCE",
        ),
        (
            BINANCE,
            ccxt.OrderImmediatelyFillable,
            '{"code":-2010,"msg":"Order would immediately match and take."}',
            "WOULD_TAKE",
        ),
        (
            BINANCE,
            ccxt.InvalidOrder,
            '{"code":-1013,"msg":"Filter failure: MAX_NUM_ALGO_ORDERS"}',
            "TOO_MANY_STOPS",
        ),
        (
            BINANCE,
            ccxt.InvalidOrder,
            '{"code":-1013,"msg":"Filter failure: NOTIONAL"}',
            "BELOW_MINIMUM",
        ),
        (
            profile_of("bybit"),
            ccxt.InvalidOrder,
            '{"retCode":170151,"retMsg":"The trading pair is not open yet"}',
            "MARKET_HALTED",
        ),
        (
            profile_of("bitget"),
            ccxt.ExchangeError,
            '{"code":"45035","msg":"Price step mismatch"}',
            "PRECISION",
        ),
        (
            profile_of("hyperliquid"),
            ccxt.InvalidOrder,
            '{"error":"Order has insufficient spot balance to trade"}',
            "INSUFFICIENT_FUNDS",
        ),
        (
            profile_of("hyperliquid"),
            ccxt.ExchangeError,
            '{"error":"Order price too far from oracle"}',
            "PRICE_OUT_OF_RANGE",
        ),
        (MEXC, ccxt.InsufficientFunds, '{"code":30005,"msg":"Oversold"}', "INSUFFICIENT_FUNDS"),
        (MEXC, ccxt.InvalidOrder, '{"code":30005,"msg":"something else"}', "INSUFFICIENT_FUNDS"),
        (
            NOWHERE,
            ccxt.InvalidOrder,
            '{"code":1,"msg":"amount less than minimum"}',
            "BELOW_MINIMUM",
        ),
        (NOWHERE, ccxt.BadSymbol, "no market", "UNKNOWN_SYMBOL"),
        (NOWHERE, ccxt.PermissionDenied, "no", "AUTHENTICATION"),
        (NOWHERE, ccxt.InvalidOrder, "no", "OTHER"),
    ],
)
def test_a_refusal_says_why(
    profile: object, error: type[Exception], body: str, reason: str
) -> None:
    failure = of_submit(error(body), body, profile)  # type: ignore[arg-type]
    assert isinstance(failure, RejectedError)
    assert failure.reason is RejectReason[reason]


def test_a_bare_error_that_mexc_calls_not_found_is_no_refusal_of_a_submit() -> None:
    body = 'mexc {"code":-2013,"msg":"Order does not exist."}'
    assert type(of_submit(ccxt.ExchangeError(body), body, MEXC)) is UnknownOutcomeError
    assert type(of_read(ccxt.ExchangeError(body), body, MEXC)) is NotFoundError


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ccxt.RequestTimeout, RetryableError),
        (ccxt.ExchangeNotAvailable, RetryableError),
        (ccxt.BadResponse, RetryableError),
        (ccxt.OrderNotFound, RejectedError),
        (ccxt.BadRequest, RejectedError),  # MEXC's -2011, whatever its text
        (ccxt.ExchangeError, UnknownOutcomeError),
    ],
)
def test_a_cancel_may_be_repeated_and_a_refused_one_is_looked_into(
    error: type[Exception], expected: type[LiveError]
) -> None:
    assert type(of_cancel(error("said"), "said", NOWHERE)) is expected


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ccxt.RequestTimeout, RetryableError),
        (ccxt.OrderNotFound, NotFoundError),
        (ccxt.AuthenticationError, RejectedError),
        (ccxt.ExchangeError, UnknownOutcomeError),
    ],
)
def test_a_question_may_be_repeated(error: type[Exception], expected: type[LiveError]) -> None:
    assert type(of_read(error("said"), "said", NOWHERE)) is expected


REFUSED_KEYS = [
    (BINANCE, ccxt.DDoSProtection, 'binance {"code":-2015,"msg":"Invalid API-key, IP, or …"}'),
    (BINANCE, ccxt.AuthenticationError, 'binance {"code":-1022,"msg":"Signature …"}'),
    (MEXC, ccxt.BadRequest, 'mexc {"code":10072,"msg":"Api key info invalid"}'),
    (MEXC, ccxt.BadRequest, 'mexc {"code":700006,"msg":"IP non white list"}'),
]


@pytest.mark.parametrize(("profile", "error", "body"), REFUSED_KEYS)
def test_a_refused_key_is_a_refusal_whatever_ccxt_takes_it_for(
    profile: Profile, error: type[Exception], body: str
) -> None:
    for failure in (
        of_submit(error(body), body, profile),
        of_cancel(error(body), body, profile),
        of_read(error(body), body, profile),
    ):
        assert isinstance(failure, RejectedError)
        assert failure.reason is RejectReason.AUTHENTICATION
