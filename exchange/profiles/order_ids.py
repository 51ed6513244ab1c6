"""Our client order ids in the form an exchange takes, and back.

The parts of an id are one number of 128 bits: mark 8, account 40, epoch 40, position 24, leg 1,
attempt 15. It is written as 26 letters and digits of base 32 where text is taken, as hex digits
where a number is, or as a UUID of version 4: the six bits that such a UUID fixes are bits of our
mark. Nothing is hashed here, so an id found on an order names its position again.

Ids of the older layout (``h…``, see ``messages.ids``) are written as earlier versions did: as they
are, or packed into a number with another mark. The marks differ in their first two bits, and no
text of the one layout is one of the other: an id parses in one way only.
"""

import re
from enum import StrEnum

import msgspec

from messages.base import ClientOrderId, PositionId
from messages.ids import (
    ATTEMPT_BITS,
    ENTRY_LEG,
    EXIT_LEG,
    POSITION_BITS,
    RANDOM_BITS,
    IdParts,
    client_order_id,
    epoch_of,
    parse,
)

_MARK, _MARK_BITS = 0b10_0100_10, 8
"""Begins every number. Its middle four bits are a UUID's version 4, its last two the variant; its
first two are not those of the older mark."""
_BASE_32 = "abcdefghijklmnopqrstuvwxyz234567"
_TEXT_LENGTH = 26

_TAG_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"
_OLD_MARK = 0x1DF
"""Begins every packed id of the older layout."""
_TAG_LENGTH, _TAG_BITS = 8, 42
_EPOCH_BITS, _OLD_POSITION_BITS, _OLD_ATTEMPT_BITS = 20, 36, 16


class Packing(StrEnum):
    """How an id is written."""

    NONE = "none"
    """As text: 26 letters and digits."""
    UUID_IF_LONG = "uuid_if_long"
    """As a UUID of version 4, in hex digits without dashes (Kraken); an id of the older layout as
    text while it is short enough."""
    HEX = "hex"
    """Always ``0x`` and 32 hex digits (Hyperliquid)."""


class IdForm(msgspec.Struct, frozen=True, kw_only=True):
    """What an exchange takes as a client order id."""

    max_length: int
    """Without the prefix."""
    prefix: str = ""
    """Stands before every id at the exchange."""
    ccxt_adds_prefix: bool = False
    """On ``create_order`` ccxt writes the prefix itself."""
    packing: Packing = Packing.NONE


class UnpackableIdError(ValueError):
    """An id that this exchange has no form for."""


def rendered(form: IdForm, order_id: ClientOrderId) -> str:
    """Return ``order_id`` as the exchange knows it, without its prefix.

    Raises ``UnpackableIdError`` where it does not fit.
    """
    parts = parse(order_id)
    if parts is not None and not parts.is_old:
        return _rendered_new(form, order_id, parts)
    fits = len(order_id) <= form.max_length and order_id.isascii() and order_id.isalnum()
    if form.packing is Packing.HEX:
        return f"0x{_packed_old(order_id):032x}"
    if fits:
        return order_id
    if form.packing is Packing.UUID_IF_LONG:
        return f"{_packed_old(order_id):032x}"
    raise UnpackableIdError(f"{order_id}: more than {form.max_length} letters and digits")


def at_venue(form: IdForm, order_id: ClientOrderId) -> str:
    """Return ``order_id`` as the exchange shows it, prefix and all."""
    return form.prefix + rendered(form, order_id)


def ours(form: IdForm, venue_id: str) -> ClientOrderId:
    """Return the id we gave an order from the one the exchange shows; a stranger's as it is."""
    text = venue_id.removeprefix(form.prefix)
    if form.packing is Packing.NONE:
        return _from_text(text) or ClientOrderId(text)
    digits = text.removeprefix("0x").replace("-", "")
    if not re.fullmatch(r"[0-9a-fA-F]{32}", digits):
        return ClientOrderId(text)
    number = int(digits, 16)
    found = _from_uuid(number) if form.packing is Packing.UUID_IF_LONG else _unpacked(number)
    return found or _unpacked_old(number) or ClientOrderId(text)


# The layout in use.


def _rendered_new(form: IdForm, order_id: ClientOrderId, parts: IdParts) -> str:
    number = _packed(order_id, parts)
    match form.packing:
        case Packing.HEX:
            return f"0x{number:032x}"
        case Packing.UUID_IF_LONG:
            return f"{_as_uuid(number):032x}"
        case Packing.NONE:
            return "".join(
                _BASE_32[number >> 5 * place & 31] for place in reversed(range(_TEXT_LENGTH))
            )


def _packed(order_id: ClientOrderId, parts: IdParts) -> int:
    position, attempt = int(parts.position_id[1:]), parts.attempt
    if position >> POSITION_BITS or attempt >> ATTEMPT_BITS:
        raise UnpackableIdError(f"{order_id}: a number in it is too large for 128 bits")
    number = _MARK
    for value, bits in (
        (_bits_of(parts.account), RANDOM_BITS),
        (_bits_of(parts.epoch), RANDOM_BITS),
        (position, POSITION_BITS),
        (int(parts.leg == EXIT_LEG), 1),
        (attempt, ATTEMPT_BITS),
    ):
        number = number << bits | value
    if _unpacked(number) != order_id:
        raise UnpackableIdError(f"{order_id}: a number in it begins with a zero")
    return number


def _unpacked(number: int) -> ClientOrderId | None:
    number, attempt = _split(number, ATTEMPT_BITS)
    number, is_exit = _split(number, 1)
    number, position = _split(number, POSITION_BITS)
    number, epoch = _split(number, RANDOM_BITS)
    mark, account = _split(number, RANDOM_BITS)
    if mark != _MARK:
        return None
    parts = IdParts(
        account=epoch_of(account),
        epoch=epoch_of(epoch),
        position_id=PositionId(f"p{position}"),
        leg=EXIT_LEG if is_exit else ENTRY_LEG,
        attempt=attempt,
    )
    return client_order_id(parts.prefix, parts.leg, parts.attempt)


def _from_text(text: str) -> ClientOrderId | None:
    if len(text) != _TEXT_LENGTH or not set(text) <= set(_BASE_32):
        return None
    return _unpacked(_bits_of(text))


_PAYLOAD_BITS = 128 - _MARK_BITS
_VERSION_AT, _VARIANT_AT = 76, 62


def _as_uuid(number: int) -> int:
    """Return the number with its mark where a UUID has version and variant, and at its begin."""
    payload = number & (1 << _PAYLOAD_BITS) - 1
    high, low = _split((_MARK >> 6) << _PAYLOAD_BITS | payload, _VARIANT_AT)
    high, middle = _split(high, 12)
    begin = high << 4 | _MARK >> 2 & 0b1111
    return (begin << 12 | middle) << 64 | (_MARK & 0b11) << _VARIANT_AT | low


def _from_uuid(uuid: int) -> ClientOrderId | None:
    high, low = _split(uuid, _VARIANT_AT)
    high, variant = _split(high, 2)
    high, middle = _split(high, 12)
    high, version = _split(high, 4)
    first, payload = _split((high << 12 | middle) << _VARIANT_AT | low, _PAYLOAD_BITS)
    return _unpacked((first << 6 | version << 2 | variant) << _PAYLOAD_BITS | payload)


def _bits_of(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number << 5 | _BASE_32.index(letter)
    return number


# The older layout.


def _packed_old(order_id: ClientOrderId) -> int:
    parts = parse(order_id)
    if parts is None or not parts.is_old:
        raise UnpackableIdError(f"{order_id}: not an id of our making")
    tag, epoch = _tag_number(parts.account), int(parts.epoch[1:])
    position, attempt = int(parts.position_id[1:]), parts.attempt
    widths = (
        (epoch, _EPOCH_BITS),
        (position, _OLD_POSITION_BITS),
        (attempt, _OLD_ATTEMPT_BITS),
    )
    if any(value >> bits for value, bits in widths):
        raise UnpackableIdError(f"{order_id}: a number in it is too large for 128 bits")
    number = _OLD_MARK << _TAG_BITS | tag
    number = number << _EPOCH_BITS | epoch
    number = number << _OLD_POSITION_BITS | position
    number = number << 1 | (parts.leg == EXIT_LEG)
    number = number << _OLD_ATTEMPT_BITS | attempt
    if _old_text(number) != order_id:
        raise UnpackableIdError(f"{order_id}: a number in it begins with a zero")
    return number


def _unpacked_old(number: int) -> ClientOrderId | None:
    rest = _TAG_BITS + _EPOCH_BITS + _OLD_POSITION_BITS + 1 + _OLD_ATTEMPT_BITS
    return ClientOrderId(_old_text(number)) if number >> rest == _OLD_MARK else None


def _old_text(number: int) -> str:
    number, attempt = _split(number, _OLD_ATTEMPT_BITS)
    number, is_exit = _split(number, 1)
    number, position = _split(number, _OLD_POSITION_BITS)
    number, epoch = _split(number, _EPOCH_BITS)
    tag = _tag_text(_split(number, _TAG_BITS)[1])
    return f"h{tag}e{epoch}p{position}{EXIT_LEG if is_exit else ENTRY_LEG}{attempt}"


def _split(number: int, bits: int) -> tuple[int, int]:
    return number >> bits, number & ((1 << bits) - 1)


def _tag_number(tag: str) -> int:
    if len(tag) > _TAG_LENGTH:
        raise UnpackableIdError(f"account tag {tag}: more than {_TAG_LENGTH} characters")
    number = 0
    for letter in tag:  # 0 stands for "no more letters", so a leading "0" is kept
        number = number * 37 + _TAG_LETTERS.index(letter) + 1
    return number


def _tag_text(number: int) -> str:
    letters = ""
    while number:
        number, digit = divmod(number, 37)
        letters = _TAG_LETTERS[digit - 1] + letters
    return letters
