"""Whether an account may sell coins that it does not have: its borrow mode, as its exchange tells.

Owns the call and how its answer is read. Only an answer that says in each of its fields that
nothing can be borrowed counts as such; a field that is missing, null or has another value may mean
that coins can be. Asked only where a spot account may borrow.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec


class BorrowCall(msgspec.Struct, frozen=True):
    """How an exchange is asked for the account's borrow mode."""

    method: str
    """Of ccxt's class."""
    cannot_borrow: Callable[[Any], bool]
    """Whether the answer says that nothing can be borrowed; may raise on another shape."""
    advice: str
    """What a person changes there, so that nothing can be borrowed."""


def may_borrow(call: BorrowCall, answer: object) -> bool:
    """Return whether the account may borrow; also where an answer does not say."""
    try:
        return not call.cannot_borrow(answer)
    except (TypeError, ValueError, KeyError, IndexError, AttributeError):
        return True


def _okx(answer: Any) -> bool:  # noqa: ANN401 - as the exchange sends it
    """https://www.okx.com/docs-v5/en/#trading-account-rest-api-get-account-configuration.

    Account mode 1 is the spot mode; the others have margin.
    """
    (told,) = answer["data"]
    return told["acctLv"] == "1" and told["enableSpotBorrow"] is False and told["autoLoan"] is False


def _bybit(answer: Any) -> bool:  # noqa: ANN401 - as the exchange sends it
    """https://bybit-exchange.github.io/docs/v5/spot-margin-uta/status: 1 is on, 0 is off."""
    return bool(answer["result"]["spotMarginMode"] == "0")


BORROW_CALLS: Mapping[str, BorrowCall] = {
    "okx": BorrowCall(
        "private_get_account_config",
        _okx,
        "use an account in spot mode, with borrowing switched off",
    ),
    "bybit": BorrowCall(
        "private_get_v5_spot_margin_trade_state", _bybit, "switch spot margin trading off"
    ),
}
"""By ccxt's name."""
