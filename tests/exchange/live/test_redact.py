"""What must not leave."""

import logging

import pytest

from exchange.live.redact import REDACTED, Redactor, quiet_ccxt

KEY, SECRET = "canary-key-1234", "canary-secret-5678"


@pytest.mark.parametrize(
    "text",
    [
        f"binance POST https://api.binance.com/api/v3/order?symbol=X&timestamp=1&signature={SECRET}",
        f"X-MBX-APIKEY: {KEY}",
        f"{{'X-MBX-APIKEY': '{KEY}', 'Accept': '*'}}",
        f'{{"listenKey": "{SECRET}"}}',
        f"wss://wbs-api.mexc.com/ws?listenKey={SECRET}",
        f"signature={SECRET}&recvWindow=5000",
        f"Authorization: Bearer {SECRET}",
        f'"params":{{"apiKey":"{KEY}","signature":"{SECRET}"}}',
    ],
)
def test_what_looks_like_a_secret_is_cut_out_also_when_nobody_named_it(text: str) -> None:
    clean = Redactor()(text)
    assert KEY not in clean
    assert SECRET not in clean
    assert REDACTED in clean


def test_a_named_secret_is_cut_out_wherever_it_stands() -> None:
    assert Redactor([SECRET])(f"a{SECRET}b") == f"a{REDACTED}b"


def test_what_people_need_stays() -> None:
    text = 'binance {"code":-2010,"msg":"Account has insufficient balance for requested action."}'
    assert Redactor([KEY, SECRET])(text) == text


def test_the_redactor_shows_nothing_itself() -> None:
    assert SECRET not in repr(Redactor([SECRET]))


def test_ccxts_logger_tells_no_secret_at_debug(caplog: pytest.LogCaptureFixture) -> None:
    quiet_ccxt(Redactor([KEY]))
    logger = logging.getLogger("ccxt.base.exchange")
    with caplog.at_level(logging.DEBUG):
        logger.debug("%s %s, Request: %s", "POST", "https://x.y/z?signature=abc", {"key": KEY})
        logger.warning("odd: %s", KEY)
    assert [record.getMessage() for record in caplog.records] == [f"odd: {REDACTED}"]
