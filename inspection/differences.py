"""Two entities, field by field: what is otherwise. Nested fields have dotted names."""

from collections.abc import Callable, Iterator

import msgspec

from inspection.view import NOTHING, builtins, exact_time
from messages.base import Timestamp

_MS_LEAST = 10**11
"""A whole number from here on is a time."""


def changed(
    before: msgspec.Struct | None, after: msgspec.Struct | None
) -> Iterator[tuple[str, str, str]]:
    """Yield each field that differs, with what was and what is; an entity may come or go."""
    if before == after:
        return
    if before is None or after is None:
        yield "", NOTHING if before is None else "there", "gone" if after is None else "there"
        return
    old, new = dict(flat(builtins(before))), dict(flat(builtins(after)))
    for name in dict.fromkeys((*old, *new)):
        if old.get(name) != new.get(name):
            yield name, old.get(name, NOTHING), new.get(name, NOTHING)


Moment = Callable[[Timestamp], str]


def flat(data: object, prefix: str = "", moment: Moment = exact_time) -> Iterator[tuple[str, str]]:
    """Yield every field with its value, as text; ``moment`` says how a time is written."""
    if isinstance(data, dict) and data:
        for name, value in data.items():
            yield from flat(value, f"{prefix}.{name}" if prefix else str(name), moment)
    elif isinstance(data, list | tuple) and data:
        for place, value in enumerate(data):
            yield from flat(value, f"{prefix}[{place}]", moment)
    else:
        yield prefix, leaf(data, moment)


def leaf(data: object, moment: Moment = exact_time) -> str:
    """Return one value as text: a time as people read it, and a sign for what is not there."""
    if isinstance(data, int) and not isinstance(data, bool) and data >= _MS_LEAST:
        return moment(Timestamp(data))
    return NOTHING if data is None or data in ([], {}, ()) else str(data)
