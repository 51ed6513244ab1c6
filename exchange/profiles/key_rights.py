"""What a key may do besides trading, as each exchange tells it of the key itself.

Owns the call and how its answer is read. An account's own flag says less: that the account may
withdraw does not say that this key may. What an answer does not say, or says in another shape,
is ``None``.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from messages import border
from messages.base import Timestamp
from messages.border import BadValueError

T = TypeVar("T")
Refuse = Callable[[BadValueError], None]


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


def rights_of(
    call: RightsCall, answer: object, key: str, refuse: Refuse = lambda _: None
) -> KeyRights:
    """Return what an answer says of ``key``; nothing where it has another shape.

    Each field is read by itself: what one of them does not say hides no other. ``refuse`` takes an
    impossible end.
    """
    rights = _told(lambda: call.read(answer, key)) or KeyRights()
    if rights.expires_at is None:
        return rights
    try:
        border.moment(rights.expires_at, "key.expires_at")
    except BadValueError as error:
        refuse(error)
        return msgspec.structs.replace(rights, expires_at=None)
    return rights


def _binance(answer: Any, _key: str) -> KeyRights:  # noqa: ANN401 - as the exchange sends it
    """https://developers.binance.com/docs/wallet/account/api-key-permission."""
    transfers = [
        answer.get(name) for name in ("enableInternalTransfer", "permitsUniversalTransfer")
    ]
    return KeyRights(
        can_withdraw=_flag(answer.get("enableWithdrawals")),
        can_transfer=_any_of(transfers),
        is_bound=_flag(answer.get("ipRestrict")),
        expires_at=_moment(answer.get("tradingAuthorityExpirationTime")),
    )


def _bybit(answer: Any, _key: str) -> KeyRights:  # noqa: ANN401 - as the exchange sends it
    """https://bybit-exchange.github.io/docs/v5/user/apikey-info."""
    told = answer["result"]
    wallet = _told(lambda: set(_texts(told["permissions"]["Wallet"])))
    addresses = _told(lambda: _texts(told["ips"]))
    transfers = {"AccountTransfer", "SubMemberTransfer", "SubMemberTransferList"}
    return KeyRights(
        can_withdraw=None if wallet is None else "Withdraw" in wallet,
        can_transfer=None if wallet is None else bool(wallet & transfers),
        is_bound=None if addresses is None else bool(addresses) and addresses != ["*"],
        addresses=_addresses(one for one in addresses or () if one != "*"),
        expires_at=_told(lambda: _date(told.get("expiredAt"))),
    )


def _okx(answer: Any, _key: str) -> KeyRights:  # noqa: ANN401 - as the exchange sends it
    """https://www.okx.com/docs-v5/en/#trading-account-rest-api-get-account-configuration.

    The right to trade covers moves between the account's own wallets; money leaves the account by
    the right to withdraw only.
    """
    told = answer["data"][0]
    rights = _told(lambda: _listed(told["perm"]))
    addresses = _told(lambda: _listed(told.get("ip") or ""))
    return KeyRights(
        can_withdraw=None if rights is None else "withdraw" in rights,
        can_transfer=None if rights is None else False,
        is_bound=None if addresses is None else bool(addresses),
        addresses=_addresses(addresses or ()),
    )


def _kucoin(answer: Any, _key: str) -> KeyRights:  # noqa: ANN401 - as the exchange sends it
    """https://www.kucoin.com/docs-new/rest/account-info/account-funding/get-apikey-info."""
    told = answer["data"]
    rights = _told(lambda: _text(told["permission"]).lower())
    addresses = _told(lambda: _listed(told.get("ipWhitelist") or ""))
    return KeyRights(
        can_withdraw=None if rights is None else "withdraw" in rights,
        can_transfer=None if rights is None else "transfer" in rights,
        is_bound=None if addresses is None else bool(addresses),
        addresses=_addresses(addresses or ()),
    )


def _gate(answer: Any, key: str) -> KeyRights:  # noqa: ANN401 - as the exchange sends it
    """https://www.gate.com/docs/developers/apiv4/en/#account: it lists all keys of the account."""
    (told,) = (one for one in answer if isinstance(one, Mapping) and one.get("key") == key)
    writes = _told(lambda: {one["name"] for one in told["perms"] if not one["read_only"]})
    addresses = _told(lambda: _texts(told.get("ip_whitelist") or []))
    return KeyRights(
        can_withdraw=None if writes is None else any("withdraw" in name for name in writes),
        can_transfer=None if writes is None else "wallet" in writes,
        is_bound=None if addresses is None else bool(addresses),
        addresses=_addresses(addresses or ()),
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
    rights = _told(lambda: set(_texts(told["permissions"])))
    addresses = _told(lambda: _texts(told.get("ipAllowlist") or []))
    return KeyRights(
        can_withdraw=None if rights is None else "withdraw-funds" in rights,
        can_transfer=None if rights is None else any("transfer" in one for one in rights),
        is_bound=None if addresses is None else bool(addresses),
        addresses=_addresses(addresses or ()),
        expires_at=_moment(told.get("validUntil"), unit_ms=1_000),
    )


_OTHER_SHAPE = (TypeError, ValueError, KeyError, IndexError, AttributeError, OverflowError)


def _told(read: Callable[[], T]) -> T | None:
    """Return what ``read`` finds; None where the answer has another shape there."""
    try:
        return read()
    except _OTHER_SHAPE:
        return None


def _any_of(flags: Sequence[object]) -> bool | None:
    """Return whether one of them is set; one that is not told may be."""
    if any(one is True for one in flags):
        return True
    return False if all(one is False for one in flags) else None


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} in place of a text")
    return value


def _texts(value: object) -> list[str]:
    if not isinstance(value, list):
        raise TypeError(f"{type(value).__name__} in place of a list")
    return [_text(one).strip() for one in value]


def _listed(value: object) -> list[str]:
    """Return the words of a text with commas."""
    return [word for one in _text(value).split(",") if (word := one.strip())]


def _moment(value: object, unit_ms: int = 1) -> Timestamp | None:
    """Return an end; whether it can be is checked by ``rights_of``."""
    read = _told(lambda: int(str(value))) if value else None
    return Timestamp(read * unit_ms) if read else None


def _date(value: object) -> Timestamp | None:
    return (
        Timestamp(int(datetime.fromisoformat(_text(value)).timestamp() * 1000)) if value else None
    )


def _addresses(told: Iterable[str]) -> tuple[str, ...]:
    return tuple(border.one_line(one, 64) for one in told)


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
