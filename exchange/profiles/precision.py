"""How an exchange writes the precision of a price and of a quantity, field by field. Pure.

ccxt gives ``precision`` as two numbers and one mode for both; some of its classes round one field
by another mode than they name (``price_to_precision``, ``amount_to_precision`` of their own). Those
are listed here; a class that rounds by itself and is not listed can't be read, so it is refused.
"""

from decimal import Decimal
from enum import IntEnum

import msgspec

from messages.money import ONE


class Mode(IntEnum):
    """What the number in ``precision`` counts; ccxt's own values."""

    DECIMAL_PLACES = 2
    SIGNIFICANT_DIGITS = 3
    TICK_SIZE = 4


class Precision(msgspec.Struct, frozen=True, kw_only=True):
    """How to read one exchange's two numbers."""

    price: Mode
    quantity: Mode
    price_decimals: int = 8
    """Of SIGNIFICANT_DIGITS: decimals that a price has at most."""
    price_digits: int | None = None
    """Digits where the exchange's own rule says how many, not the market; None: the market."""
    decimals_are_shared: bool = False
    """Whether the decimals of a quantity are taken off ``price_decimals`` (Hyperliquid)."""
    whole_prices: bool = False


OWN_ROUNDING: dict[str, Precision] = {
    # https://docs.bitfinex.com/docs/introduction#price-precision: 5 digits, 8 decimals at most.
    "bitfinex": Precision(price=Mode.SIGNIFICANT_DIGITS, quantity=Mode.DECIMAL_PLACES),
    "bithumb": Precision(price=Mode.SIGNIFICANT_DIGITS, quantity=Mode.DECIMAL_PLACES),
    # https://hyperliquid.gitbook.io/hyperliquid-docs/for-developers/api/tick-and-lot-size
    "hyperliquid": Precision(
        price=Mode.SIGNIFICANT_DIGITS,
        quantity=Mode.TICK_SIZE,
        price_digits=5,
        decimals_are_shared=True,
        whole_prices=True,
    ),
}
"""By ccxt's name: classes of ccxt 4.5 that round a price or a quantity by a rule of their own."""

_OWN_METHODS = ("price_to_precision", "amount_to_precision")
_MOST_DIGITS = 18


class UnreadableRulesError(ValueError):
    """The rules of a market can't be known, so nothing may be traded there; the text says why."""


def precision_of(client: object) -> Precision:
    """Return how a ccxt client's exchange writes precision. Raises ``UnreadableRulesError``."""
    name = str(getattr(client, "id", ""))
    if name in OWN_ROUNDING:
        return OWN_ROUNDING[name]
    own = [method for method in _OWN_METHODS if not _is_inherited(client, method)]
    if own:
        raise UnreadableRulesError(f"ccxt's {name} rounds by a rule of its own ({', '.join(own)})")
    number = getattr(client, "precisionMode", None)
    try:
        mode = Mode(number)  # type: ignore[arg-type]  # whatever the class says
    except ValueError:
        text = f"ccxt's {name} has a precision mode that is not known: {number}"
        raise UnreadableRulesError(text) from None
    return Precision(price=mode, quantity=mode)


def step_of(number: Decimal | None, mode: Mode, what: str) -> Decimal:
    """Return the step that a precision stands for. Raises ``UnreadableRulesError``."""
    if number is None:
        raise UnreadableRulesError(f"the exchange names no precision of the {what}")
    match mode:
        case Mode.TICK_SIZE:
            if number <= 0:
                raise UnreadableRulesError(f"the step of the {what} is {number}, not above zero")
            return number
        case Mode.DECIMAL_PLACES:
            return ONE.scaleb(-_whole(number, f"decimals of the {what}"))
        case Mode.SIGNIFICANT_DIGITS:
            text = f"the exchange counts significant digits of the {what}, which has no fixed step"
            raise UnreadableRulesError(text)


def digits_of(number: Decimal | None, what: str) -> int:
    """Return a count of significant digits. Raises ``UnreadableRulesError``."""
    if number is None:
        raise UnreadableRulesError(f"the exchange names no precision of the {what}")
    digits = _whole(number, f"digits of the {what}")
    if digits < 1:
        raise UnreadableRulesError(f"{digits} significant digits of the {what}")
    return digits


def _whole(number: Decimal, what: str) -> int:
    if number != int(number) or abs(number) > _MOST_DIGITS:
        raise UnreadableRulesError(f"{number} {what} is no count")
    return int(number)


def _is_inherited(client: object, method: str) -> bool:
    """Return whether a method is ccxt's general one, by the module that has it."""
    found = getattr(type(client), method, None)
    return ".base." in str(getattr(found, "__module__", ""))
