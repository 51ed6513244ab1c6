"""What each exchange says of a key, in the form of its documents."""

import copy
from datetime import UTC, datetime
from typing import Any

import pytest

from exchange.profiles.key_rights import RIGHTS_CALLS, KeyRights, rights_of
from exchange.profiles.registry import PROFILES
from messages.base import Timestamp
from messages.border import BadValueError

EXPIRES = Timestamp(int(datetime(2027, 3, 1, 12, tzinfo=UTC).timestamp() * 1000))
BINANCE = {
    "ipRestrict": True,
    "enableReading": True,
    "enableWithdrawals": False,
    "enableInternalTransfer": False,
    "permitsUniversalTransfer": False,
    "tradingAuthorityExpirationTime": EXPIRES,
    "enableSpotAndMarginTrading": True,
}
BYBIT = {
    "retCode": 0,
    "result": {
        "permissions": {"Spot": ["SpotTrade"], "Wallet": []},
        "ips": ["10.0.0.1"],
        "expiredAt": "2027-03-01T12:00:00Z",
    },
}
KUCOIN = {"code": "200000", "data": {"permission": "General,Spot", "ipWhitelist": "10.0.0.1"}}
GATE = [
    {"key": "other", "perms": [{"name": "withdrawal", "read_only": False}], "ip_whitelist": []},
    {
        "key": "own",
        "perms": [{"name": "spot", "read_only": False}, {"name": "wallet", "read_only": True}],
        "ip_whitelist": ["10.0.0.1"],
    },
]
KRAKEN = {
    "error": [],
    "result": {
        "permissions": ["query-funds", "modify-trades"],
        "validUntil": str(EXPIRES // 1000),
        "ipAllowlist": ["10.0.0.1"],
    },
}
OKX = {"code": "0", "data": [{"perm": "read_only,trade", "ip": "10.0.0.1"}]}
COINBASE = {"can_view": True, "can_trade": True, "can_transfer": False}


def wallet(right: str) -> dict[str, object]:
    """Bybit's answer for a key with a right on the wallet."""
    return {"result": {"permissions": {"Wallet": [right]}, "ips": ["*"], "expiredAt": ""}}


BOUND = KeyRights(can_withdraw=False, can_transfer=False, is_bound=True, addresses=("10.0.0.1",))


@pytest.mark.parametrize(
    ("exchange", "answer", "rights"),
    [
        (
            "binance",
            BINANCE,
            KeyRights(can_withdraw=False, can_transfer=False, is_bound=True, expires_at=EXPIRES),
        ),
        (
            "bybit",
            BYBIT,
            KeyRights(
                can_withdraw=False,
                can_transfer=False,
                is_bound=True,
                addresses=("10.0.0.1",),
                expires_at=EXPIRES,
            ),
        ),
        ("okx", OKX, BOUND),
        ("kucoin", KUCOIN, BOUND),
        ("gate", GATE, BOUND),
        ("coinbase", COINBASE, KeyRights(can_withdraw=False, can_transfer=False)),
        (
            "kraken",
            KRAKEN,
            KeyRights(
                can_withdraw=False,
                can_transfer=False,
                is_bound=True,
                addresses=("10.0.0.1",),
                expires_at=EXPIRES,
            ),
        ),
    ],
)
def test_a_key_for_trading_is_read(exchange: str, answer: object, rights: KeyRights) -> None:
    assert rights_of(RIGHTS_CALLS[exchange], answer, "own") == rights


@pytest.mark.parametrize(
    ("exchange", "answer", "can"),
    [
        ("binance", {**BINANCE, "enableWithdrawals": True}, (True, False)),
        ("binance", {**BINANCE, "enableInternalTransfer": True}, (False, True)),
        ("binance", {**BINANCE, "permitsUniversalTransfer": True}, (False, True)),
        ("bybit", wallet("Withdraw"), (True, False)),
        ("bybit", wallet("AccountTransfer"), (False, True)),
        ("bybit", wallet("SubMemberTransfer"), (False, True)),
        ("okx", {"data": [{"perm": "withdraw,trade", "ip": ""}]}, (True, False)),
        ("kucoin", {"data": {"permission": "General,Withdrawal"}}, (True, False)),
        ("kucoin", {"data": {"permission": "General,InnerTransfer"}}, (False, True)),
        ("gate", [{**GATE[1], "perms": [{"name": "withdraw", "read_only": False}]}], (True, False)),
        ("gate", [{**GATE[1], "perms": [{"name": "wallet", "read_only": False}]}], (False, True)),
        ("coinbase", {"can_transfer": True}, (True, True)),
        ("kraken", {"result": {"permissions": ["withdraw-funds"]}}, (True, False)),
    ],
)
def test_a_right_to_take_money_out_is_seen(
    exchange: str, answer: object, can: tuple[bool, bool]
) -> None:
    rights = rights_of(RIGHTS_CALLS[exchange], answer, "own")
    assert (rights.can_withdraw, rights.can_transfer) == can


@pytest.mark.parametrize("exchange", RIGHTS_CALLS)
@pytest.mark.parametrize(
    "answer",
    [
        {},
        [],
        None,
        "html",
        7,
        {"result": None},
        {"result": {"permissions": None}},
        {"result": {"permissions": {"Wallet": None}, "ips": None, "expiredAt": "soon"}},
        {"data": None},
        {"data": []},
        {"data": [None]},
        [None],
        [{"key": "own", "perms": None}],
        {"enableWithdrawals": "no", "can_transfer": "no", "tradingAuthorityExpirationTime": "x"},
    ],
)
def test_an_answer_of_another_shape_says_nothing(exchange: str, answer: Any) -> None:  # noqa: ANN401 - anything
    rights = rights_of(RIGHTS_CALLS[exchange], answer, "own")
    assert rights.can_withdraw is None
    assert rights.expires_at is None


WITHDRAWS: dict[str, Any] = {
    "binance": {**BINANCE, "enableWithdrawals": True},
    "bybit": {"result": {**BYBIT["result"], "permissions": {"Wallet": ["Withdraw"]}}},  # type: ignore[dict-item]
    "okx": {"data": [{"perm": "read_only, withdraw", "ip": "10.0.0.1"}]},
    "kucoin": {"data": {"permission": "General, Withdrawal", "ipWhitelist": "10.0.0.1"}},
    "gate": [{**GATE[1], "perms": [{"name": "withdraw", "read_only": False}]}],
    "kraken": {"result": {**KRAKEN["result"], "permissions": ["withdraw-funds"]}},  # type: ignore[dict-item]
}
STRANGE: tuple[Any, ...] = (
    None,
    "",
    7,
    1e308,
    [],
    {},
    [None],
    {"a": 1},
    True,
    "\x1b[2J",
    "9" * 400,
)


def fields_of(answer: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - JSON
    """Return the objects in an answer whose fields are told beside the right."""
    inner = answer.get("result", answer.get("data")) if isinstance(answer, dict) else answer
    inner = answer if inner is None else inner
    return inner if isinstance(inner, list) else [inner]


@pytest.mark.parametrize("strange", STRANGE, ids=repr)
@pytest.mark.parametrize("exchange", WITHDRAWS)
def test_no_other_field_hides_that_a_key_may_withdraw(exchange: str, strange: object) -> None:
    right = {"enableWithdrawals", "permissions", "perm", "permission", "perms", "key"}
    whole = WITHDRAWS[exchange]
    names = [name for name in fields_of(whole)[0] if name not in right]
    assert names
    for name in names:
        answer = copy.deepcopy(whole)
        fields_of(answer)[0][name] = strange
        rights = rights_of(RIGHTS_CALLS[exchange], answer, "own")
        assert rights.can_withdraw is True, name
        assert all(one.isprintable() for one in rights.addresses)


@pytest.mark.parametrize(
    "end", [253_402_300_799_000, -1, 10**30, 1e308, "9" * 20, "0x10", "٣", 1, True]
)
def test_an_end_that_cant_be_is_not_known_and_is_counted(end: object) -> None:
    refused: list[BadValueError] = []
    answer = {**BINANCE, "tradingAuthorityExpirationTime": end}
    rights = rights_of(RIGHTS_CALLS["binance"], answer, "own", refused.append)
    assert rights.expires_at is None
    assert rights.can_withdraw is False
    assert [error.field for error in refused] in ([], ["key.expires_at"])


def test_an_end_in_the_year_9999_is_refused_by_its_name() -> None:
    refused: list[BadValueError] = []
    answer = {"result": {**KRAKEN["result"], "validUntil": "253402300799"}}  # type: ignore[dict-item]
    assert rights_of(RIGHTS_CALLS["kraken"], answer, "own", refused.append).expires_at is None
    assert [error.field for error in refused] == ["key.expires_at"]


def test_every_call_is_of_an_exchange_with_a_profile() -> None:
    assert RIGHTS_CALLS.keys() <= PROFILES.keys()
