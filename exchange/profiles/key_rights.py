"""What a key may do besides trading, as each exchange tells it of the key itself.

Owns the call and how its answer is read. An account's own flag says less: that the account may
withdraw does not say that this key may. What an answer does not say, or says in another shape,
is ``None``.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from messages.base import Timestamp


class KeyRights(msgspec.Struct, frozen=True, kw_only=True):
    """The rights of one key; None: the exchange does not say."""

    can_withdraw: bool | None = None
    can_transfer: bool | None = None
    """To other accounts, and between the account's own wallets where the exchange tells that."""
    is_bound: bool | None = None
    """Whether it is taken from listed addresses only."""
    addresses: tuple[str, ...] = ()
    """Those that the exchange lists."""
    expires_at: Timestamp | None = None
    """None: never, or the exchange does not say."""


class RightsCall(msgspec.Struct, frozen=True):
    """How an exchange is asked."""

    method: str
    """Of ccxt's class."""
    read: Callable[[Any, str], KeyRights]
    """From the answer and the key to its rights; may raise on another shape."""


def rights_of(call: RightsCall, answer: object, key: str) -> KeyRights:
    """Return what an answer says of ``key``; nothing where it has another shape."""
    try:
        return call.read(answer, key)
    except (TypeError, ValueError, KeyError, IndexError, AttributeError, OverflowError):
        return KeyRights()


def _binance(answer: Any, _key: str) -> KeyRights:  # noqa: ANN401 - as the exchange sends it
    """https://developers.binance.com/docs/wallet/account/api-key-permission."""
    transfers = [
        answer.get(name) for name in ("enableInternalTransfer", "permitsUniversalTransfer")
    ]
    return KeyRights(
        can_withdraw=_flag(answer["enableWithdrawals"]),
        can_transfer=any(transfers) if all(isinstance(one, bool) for one in transfers) else None,
        is_bound=_flag(answer.get("ipRestrict")),
        expires_at=_moment(answer.get("tradingAuthorityExpirationTime")),
    )


def _bybit(answer: Any, _key: str) -> KeyRights:  # noqa: ANN401 - as the exchange sends it
    """https://bybit-exchange.github.io/docs/v5/user/apikey-info."""
    told = answer["result"]
    wallet = set(_texts(told["permissions"]["Wallet"]))
    addresses = _texts(told["ips"])
    expires = datetime.fromisoformat(told["expiredAt"]) if told.get("expiredAt") else None
    return KeyRights(
        can_withdraw="Withdraw" in wallet,
        can_transfer=bool(
            wallet & {"AccountTransfer", "SubMemberTransfer", "SubMemberTransferList"}
        ),
        is_bound=bool(addresses) and addresses != ["*"],
        addresses=_addresses(one for one in addresses if one != "*"),
        expires_at=None if expires is None else Timestamp(int(expires.timestamp() * 1000)),
    )


def _okx(answer: Any, _key: str) -> KeyRights:  # noqa: ANN401 - as the exchange sends it
    """https://www.okx.com/docs-v5/en/#trading-account-rest-api-get-account-configuration.

    The right to trade covers moves between the account's own wallets; money leaves the account by
    the right to withdraw only.
    """
    told = answer["data"][0]
    rights = _text(told["perm"]).split(",")
    addresses = [one for one in str(told.get("ip") or "").split(",") if one]
    return KeyRights(
        can_withdraw="withdraw" in rights,
        can_transfer=False,
        is_bound=bool(addresses),
        addresses=_addresses(addresses),
    )


def _kucoin(answer: Any, _key: str) -> KeyRights:  # noqa: ANN401 - as the exchange sends it
    """https://www.kucoin.com/docs-new/rest/account-info/account-funding/get-apikey-info."""
    told = answer["data"]
    rights = _text(told["permission"]).lower()
    addresses = [one for one in str(told.get("ipWhitelist") or "").split(",") if one]
    return KeyRights(
        can_withdraw="withdraw" in rights,
        can_transfer="transfer" in rights,
        is_bound=bool(addresses),
        addresses=_addresses(addresses),
    )


def _gate(answer: Any, key: str) -> KeyRights:  # noqa: ANN401 - as the exchange sends it
    """https://www.gate.com/docs/developers/apiv4/en/#account: it lists all keys of the account."""
    (told,) = (one for one in answer if one["key"] == key)
    writes = {one["name"] for one in told["perms"] if not one["read_only"]}
    addresses = [str(one) for one in told.get("ip_whitelist") or ()]
    return KeyRights(
        can_withdraw=any("withdraw" in name for name in writes),
        can_transfer="wallet" in writes,
        is_bound=bool(addresses),
        addresses=_addresses(addresses),
    )


def _coinbase(answer: Any, _key: str) -> KeyRights:  # noqa: ANN401 - as the exchange sends it
    """https://docs.cdp.coinbase.com/api-reference/advanced-trade-api/rest-api/data-api/get-api-key-permissions.

    The right to transfer is also the one to send to other addresses.
    """
    can = _flag(answer["can_transfer"])
    return KeyRights(can_withdraw=can, can_transfer=can)


def _kraken(answer: Any, _key: str) -> KeyRights:  # noqa: ANN401 - as the exchange sends it
    """https://docs.kraken.com/api-reference/account-data/get-api-key-info."""
    told = answer["result"]
    rights = set(_texts(told["permissions"]))
    addresses = [str(one) for one in told.get("ipAllowlist") or ()]
    expires = int(told.get("validUntil") or 0)
    return KeyRights(
        can_withdraw="withdraw-funds" in rights,
        can_transfer=any("transfer" in one for one in rights),
        is_bound=bool(addresses),
        addresses=_addresses(addresses),
        expires_at=Timestamp(expires * 1000) if expires else None,
    )


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} in place of a text")
    return value


def _texts(value: object) -> list[str]:
    if not isinstance(value, list):
        raise TypeError(f"{type(value).__name__} in place of a list")
    return [_text(one) for one in value]


def _moment(value: object) -> Timestamp | None:
    return Timestamp(int(str(value))) if value else None


def _addresses(told: Iterable[str]) -> tuple[str, ...]:
    return tuple(one.strip()[:64] for one in told)


RIGHTS_CALLS: Mapping[str, RightsCall] = {
    "binance": RightsCall("sapi_get_account_apirestrictions", _binance),
    "bybit": RightsCall("private_get_v5_user_query_api", _bybit),
    "okx": RightsCall("private_get_account_config", _okx),
    "kucoin": RightsCall("private_get_user_api_key", _kucoin),
    "gate": RightsCall("private_account_get_main_keys", _gate),
    "coinbase": RightsCall("v3_private_get_brokerage_key_permissions", _coinbase),
    "kraken": RightsCall("private_post_getapikeyinfo", _kraken),
}
"""By ccxt's name. Of the others (MEXC, Bitget, Hyperliquid) no call is known that tells a key's own
rights in documented words."""
