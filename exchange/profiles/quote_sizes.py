"""Orders whose quantity is an amount of quote currency, as others may place them on the account.

ccxt hands on such a quantity as one of base, divides it by an average price, or takes the amount
that was asked for as the cost. In such a row only what the exchange itself names in base and as
cost is read; what is left is not known. Pure.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

_SELL = "sell"


class UnitSign(msgspec.Struct, frozen=True, kw_only=True):
    """What an exchange's own row says of the unit of its order's quantity."""

    field: str
    value: str = ""
    """Alone, or in a list with commas; empty: any number but 0."""
    is_base: bool = False

    def is_in(self, info: Mapping[str, Any]) -> bool:
        """Return whether a row says it."""
        told = info.get(self.field)
        if self.value:
            return self.value in str(told).split(",")
        return str(told or "").strip("0.") != ""


class QuoteSizes(msgspec.Struct, frozen=True, kw_only=True):
    """How an exchange's rows tell of market orders by cost."""

    signs: tuple[UnitSign, ...] = ()
    """The first that fits decides."""
    all_buys: bool = True
    """Whether a market buy of which no sign says anything may be one. A sale is none then."""
    filled: tuple[str, ...] = ()
    """Fields of the exchange's row, in a list or an event: base that filled."""
    cost: tuple[str, ...] = ()
    """Fields of the exchange's row, in a list or an event: quote that the filled part cost."""


UNKNOWN_SIZES = QuoteSizes()
"""Of an exchange without a profile: a market buy says nothing that could be believed."""


def in_base(sizes: QuoteSizes | None, order: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return ccxt's order without what would be quote currency in a field of base.

    ``sizes`` None: the exchange has no orders by cost.
    """
    if sizes is None or not _is_by_cost(sizes, order):
        return order
    own = _own_words(order)
    told = {"filled": _first(own, sizes.filled), "cost": _first(own, sizes.cost)}
    return {**order, **dict.fromkeys(("amount", "remaining", "average")), **told}


def _is_by_cost(sizes: QuoteSizes, order: Mapping[str, Any]) -> bool:
    if "market" not in str(order.get("type")).lower():
        return False
    own = _own_words(order)
    sign = next((one for one in sizes.signs if one.is_in(own)), None)
    if sign is not None:
        return not sign.is_base
    return sizes.all_buys and order.get("side") != _SELL


def _first(own: Mapping[str, Any], names: tuple[str, ...]) -> object:
    return next((own[name] for name in names if own.get(name) is not None), None)


def _own_words(order: Mapping[str, Any]) -> Mapping[str, Any]:
    info = order.get("info")
    return info if isinstance(info, Mapping) else {}
