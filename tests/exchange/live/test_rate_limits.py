"""How long an exchange wants to be left alone, in its own words."""

import json
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from exchange.live.rate_limits import LONGEST_MS, Demand, demanded
from exchange.profiles.rate_rules import RULES, Scope
from exchange.profiles.registry import PROFILES, profile_of

NOW = 1_800_000_000_000
MINUTE = 60_000
HTML = "<html><head><title>{}</title></head><body>{}</body></html>"


def heard(code: int, body: str = "", exchange: str = "binance", **headers: str) -> Demand | None:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return demanded(profile_of(exchange), code, named, body, NOW)


@pytest.mark.parametrize(
    ("told", "wait_ms"),
    [
        ("30", 30_000),
        ("0.5", 500),
        (" 7 ", 7_000),
        ("86400", 86_400_000),
        ("99999999", LONGEST_MS),
        ("1" * 20, LONGEST_MS),
        (format_datetime(datetime.fromtimestamp(NOW / 1000 + 90, UTC), usegmt=True), 90_000),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_MS),
        *(
            (bad, 1_000)
            for bad in ("-5", "0", "NaN", "inf", "-inf", "1e308", "soon", "", "٣٠", "1_0")
        ),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 1_000),
        ("Fri, 31 Foo 2026 25:61:61 GMT", 1_000),
        ("9" * 400, 1_000),
    ],
)
def test_a_retry_after_is_read_as_seconds_or_a_date_and_nonsense_as_none(
    told: str, wait_ms: int
) -> None:
    assert heard(429, Retry_After=told) == Demand(scope=Scope.ENDPOINT, wait_ms=wait_ms)


@pytest.mark.parametrize(
    ("text", "wait_ms"),
    [
        (f"Way too much request weight used; IP banned until {NOW + 40_000}.", 40_000),
        (f"Way too many requests; IP(1.2.3.4) banned until {NOW + 1}. Please use WebSocket", 1),
        (f"banned until {NOW // 1000 + 60}", 60_000),
        (f"banned until {NOW * 1_000 + 60_000_000}", 60_000),
        ("IP banned until 2027-01-15 08:01:00 UTC", 60_000),
        ("IP banned until 2027-01-15T08:01:00Z", 60_000),
        ("your ip has been blocked for 5 minutes", 5 * MINUTE),
        ("ip banned, try again in 90 seconds", 90_000),
        ("IP banned until 1700000000000", 2 * MINUTE),
        ("IP banned until 99999999999999999999999", 2 * MINUTE),
        ("IP banned until 9999999999999", LONGEST_MS),
        ("IP banned until 0000-00-00T00:00", 2 * MINUTE),
        ("", 2 * MINUTE),
    ],
)
def test_the_end_of_a_ban_may_stand_in_the_text_alone(text: str, wait_ms: int) -> None:
    body = json.dumps({"code": -1003, "msg": text})
    assert heard(418, body) == Demand(scope=Scope.ADDRESS, wait_ms=wait_ms, is_ban=True)


def test_of_two_ends_the_later_one_counts() -> None:
    text = f"IP banned until {NOW + 60_000}."
    longer = Demand(scope=Scope.ADDRESS, wait_ms=90_000, is_ban=True)
    assert heard(418, text, Retry_After="90") == longer
    assert heard(418, text, Retry_After="5") == Demand(
        scope=Scope.ADDRESS, wait_ms=60_000, is_ban=True
    )


def test_the_end_of_a_ban_is_in_the_exchanges_time() -> None:
    date = format_datetime(datetime.fromtimestamp(NOW / 1000 - 600, UTC), usegmt=True)
    demand = heard(418, f"IP banned until {NOW}", Date=date)
    assert demand == Demand(scope=Scope.ADDRESS, wait_ms=600_000, is_ban=True)


@pytest.mark.parametrize(
    ("exchange", "code", "body", "scope", "wait_ms", "is_ban"),
    [
        ("binance", 429, '{"code":-1003,"msg":"Too much"}', Scope.ADDRESS, 1_000, False),
        ("binance", 429, '{"code":-1015,"msg":"Too many new orders"}', Scope.ORDERS, 1_000, False),
        ("mexc", 429, '{"code":429,"msg":"Too Many Requests"}', Scope.ENDPOINT, 1_000, False),
        ("bybit", 403, "403, access too frequent", Scope.ADDRESS, 10 * MINUTE, True),
        ("bybit", 200, '{"retCode":10018,"retMsg":"IP"}', Scope.ADDRESS, 10 * MINUTE, True),
        ("bybit", 200, '{"retCode":10006,"retMsg":"Too many"}', Scope.ENDPOINT, 1_000, False),
        ("okx", 429, '{"code":"50011","msg":"Too Many"}', Scope.ENDPOINT, 1_000, False),
        ("okx", 200, '{"code":"50061","msg":"limit","data":[]}', Scope.ORDERS, 1_000, False),
        ("kraken", 200, '{"error":["EGeneral:Temporary lockout"]}', Scope.ADDRESS, 900_000, True),
        ("kraken", 200, '{"error":["EOrder:Rate limit exceeded"]}', Scope.ORDERS, 1_000, False),
        ("kraken", 200, '{"error":["EAPI:Rate limit exceeded"]}', Scope.ENDPOINT, 1_000, False),
        ("kraken", 200, f'{{"error":["EService:Throttled: {NOW // 1000 + 9}"]}}', Scope.ORDERS,
         9_000, False),
        ("kucoin", 429, '{"code":"429000","msg":"Too many"}', Scope.ENDPOINT, 1_000, False),
        ("kucoin", 403, HTML.format("error 1015", "You are being rate limited"), Scope.ADDRESS,
         MINUTE, True),
        ("gate", 429, '{"label":"TOO_MANY_REQUESTS"}', Scope.ENDPOINT, 1_000, False),
        ("bitget", 429, '{"code":"429","msg":"Too Many"}', Scope.ENDPOINT, 1_000, False),
        ("coinbase", 429, '{"error":"rate_limit_exceeded"}', Scope.ENDPOINT, 1_000, False),
        ("hyperliquid", 429, "null", Scope.ENDPOINT, 1_000, False),
        ("luno", 403, "Your IP is temporarily banned", Scope.ADDRESS, 2 * MINUTE, True),
    ],
)  # fmt: skip
def test_each_exchange_has_words_for_its_limits(
    exchange: str, code: int, body: str, scope: Scope, wait_ms: int, *, is_ban: bool
) -> None:
    assert heard(code, body, exchange) == Demand(scope=scope, wait_ms=wait_ms, is_ban=is_ban)


@pytest.mark.parametrize(
    ("exchange", "code", "body"),
    [
        ("binance", 200, '{"symbol":"BTCUSDT","code":0,"msg":"IP banned until 1900000000000"}'),
        ("binance", 401, '{"code":-2015,"msg":"Invalid API-key, IP, or permissions for action."}'),
        ("binance", 400, '{"code":-1013,"msg":"Filter failure: LOT_SIZE"}'),
        ("binance", 451, "Service unavailable from a restricted location"),
        ("binance", 503, "Service Unavailable"),
        ("okx", 401, '{"code":"50110","msg":"Your IP is not in the whitelist: blocked"}'),
        ("okx", 200, '{"code":"0","data":[{"ordId":"50011"}]}'),
        ("kraken", 200, '{"error":[],"result":{"descr":"EGeneral:Temporary lockout"}}'),
        ("bybit", 200, '{"retCode":0,"result":{"list":[{"orderId":"10006"}]}}'),
    ],
)
def test_what_is_no_refusal_for_haste_demands_nothing(exchange: str, code: int, body: str) -> None:
    assert heard(code, body, exchange) is None


def test_the_headers_of_bybit_gate_and_kucoin_are_read() -> None:
    reset = {"X_Bapi_Limit_Reset_Timestamp": str(NOW + 700)}
    assert heard(429, '{"retCode":10006}', "bybit", **reset) == Demand(
        scope=Scope.ENDPOINT, wait_ms=700
    )
    gate = heard(
        429, "TOO_MANY_REQUESTS", "gate", X_Gate_Ratelimit_Reset_Timestamp=str(NOW // 1000 + 3)
    )
    assert gate == Demand(scope=Scope.ENDPOINT, wait_ms=3_000)
    kucoin = heard(429, '{"code":"429000"}', "kucoin", gw_ratelimit_reset="1500")
    assert kucoin == Demand(scope=Scope.ENDPOINT, wait_ms=1_500)


def test_a_503_with_a_retry_after_pauses_the_one_call() -> None:
    assert heard(503, "maintenance", Retry_After="3600") == Demand(
        scope=Scope.ENDPOINT, wait_ms=3_600_000
    )


def test_every_profile_has_its_rules() -> None:
    assert RULES.keys() == PROFILES.keys()


@pytest.mark.parametrize(
    ("exchange", "body", "wait_ms"),
    [
        ("bybit", {"retCode": 10009, "retMsg": "The IP has been banned."}, 2 * MINUTE),
        ("kucoin", {"code": "400006", "msg": f"The IP is banned until {NOW + MINUTE}"}, MINUTE),
        ("okx", {"code": "1", "msg": "your ip is blocked for 5 minutes", "data": []}, 5 * MINUTE),
        ("kraken", {"error": ["EGeneral:IP temporarily banned, wait 3 minutes"]}, 3 * MINUTE),
    ],
)
def test_a_ban_may_come_as_a_refusal_with_status_200(
    exchange: str, body: object, wait_ms: int
) -> None:
    demand = Demand(scope=Scope.ADDRESS, wait_ms=wait_ms, is_ban=True)
    assert heard(200, json.dumps(body), exchange) == demand
    told = {"symbol": "X", "data": [], "note": "ip banned for 5 minutes"}
    assert heard(200, json.dumps(told), exchange) is None
