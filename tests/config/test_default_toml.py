"""default.toml and the structs say the same, and the file shows every key there is."""

import re
import tomllib
from collections.abc import Iterator
from decimal import Decimal
from types import NoneType
from typing import Any, get_args, get_origin

import msgspec
import pytest

from config.limits import LIMITS
from config.loading import default_text, load
from config.reading import toml_name
from config.settings import Settings
from messages.base import Milliseconds
from messages.plan import AgedTarget, Rung, ScaleOut

SHOWN_IN_A_COMMENT = (Rung, AgedTarget, ScaleOut)
"""The items of lists: their keys are told beside the list."""


def inner_types(kind: Any) -> Iterator[Any]:  # noqa: ANN401 - a type's form
    if get_origin(kind) is None:
        yield kind
    else:
        for part in get_args(kind):
            yield from inner_types(part)


def sections(section: type[msgspec.Struct] = Settings) -> Iterator[type[msgspec.Struct]]:
    yield section
    for field in msgspec.structs.fields(section):
        for kind in inner_types(field.type):
            if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
                yield from sections(kind)


def uncommented(text: str) -> str:
    """The file with every commented-out key and table switched on."""
    return re.sub(r"^# (?=[a-z_]+ = |\[)", "", text, flags=re.MULTILINE)


def tables_of(section: type[msgspec.Struct], table: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (section, key) of every key that a table of that section shows."""
    for field in msgspec.structs.fields(section):
        name = toml_name(field.name)
        if name not in table:
            continue
        yield section.__name__, field.name
        for kind in inner_types(field.type):
            if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
                inner = table[name]
                if get_origin(field.type) is dict:
                    inner = next(iter(inner.values()))
                if isinstance(inner, dict):
                    yield from tables_of(kind, inner)


def test_the_file_gives_the_defaults_of_the_structs() -> None:
    assert load(None) == Settings()


def test_the_file_shows_every_key() -> None:
    table = tomllib.loads(uncommented(default_text()))
    shown = set(tables_of(Settings, table))
    wanted = {
        (section.__name__, field.name)
        for section in sections()
        if section not in SHOWN_IN_A_COMMENT
        for field in msgspec.structs.fields(section)
    }
    assert wanted - shown == set()


@pytest.mark.parametrize("section", SHOWN_IN_A_COMMENT)
def test_the_file_tells_the_keys_of_the_items_of_lists(section: type[msgspec.Struct]) -> None:
    text = default_text()
    names = [toml_name(field.name) for field in msgspec.structs.fields(section)]
    assert [name for name in names if name not in text] == []


def test_every_key_of_the_file_has_a_comment() -> None:
    lines = default_text().splitlines()
    keys = [line for line in lines if re.match(r"(# )?[a-z_]+ = ", line)]
    assert len(keys) > 80
    assert [line for line in keys if "#" not in line.removeprefix("# ")] == []


@pytest.mark.parametrize("section", dict.fromkeys(sections()))
def test_every_number_has_its_range(section: type[msgspec.Struct]) -> None:
    numbers = {Milliseconds, int, float, Decimal}
    for field in msgspec.structs.fields(section):
        if numbers & {kind for kind in inner_types(field.type) if kind is not NoneType}:
            assert field.name in LIMITS[section], field.name


def test_no_range_is_left_over() -> None:
    known = set(sections())
    for section, limits in LIMITS.items():
        assert section in known
        names = {field.name for field in msgspec.structs.fields(section)}
        assert limits.keys() <= names
