"""From files and ``--set`` options to settings.

Owns the layers (``default.toml``, the user's file, the overrides in their order), which of them a
key came from, and the gathering of all mistakes into one ``ConfigError``.
"""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from config.files import FileProblemError, parse_toml, read_text
from config.plan_rules import plan_contradictions
from config.problems import ConfigError, Problem
from config.reading import join, read_section
from config.rules import contradictions
from config.settings import Settings

__all__ = ["DEFAULT_PATH", "ConfigError", "default_text", "load"]

DEFAULT_PATH = Path(__file__).with_name("default.toml")

_BARE_SYMBOL = re.compile(r'(?<!["\w])([A-Z0-9]+/[A-Z0-9]+)(?!["\w])')


def default_text() -> str:
    """Return the defaults' file as it is, comments and all."""
    return DEFAULT_PATH.read_text(encoding="utf-8")


def load(path: Path | None, overrides: Iterable[str] = ()) -> Settings:
    """Return the defaults, with the file at ``path`` over them, with ``overrides`` over both.

    An override is ``key=value``: the key dotted, the value as TOML has it or a bare word.

    Raises:
        ConfigError: every mistake that was found, each with its key, its source and what would be
            right.

    """
    layers = _Layers()
    layers.add(parse_toml(default_text()), DEFAULT_PATH.name)
    if path is not None:
        layers.add(layers.parse_file(path), str(path))
    for override in overrides:
        layers.add(layers.parse_override(override), f"--set {override}")
    settings = read_section(Settings, layers.table, "", layers.note)
    layers.note_contradictions(settings)
    if layers.problems:
        raise ConfigError(layers.problems)
    return settings


class _Layers:
    """One table made of many, where each key came from, and the problems so far."""

    def __init__(self) -> None:
        self.table: dict[str, Any] = {}
        self.problems: list[Problem] = []
        self._sources: dict[str, str] = {}

    def add(self, table: Mapping[str, Any], source: str) -> None:
        self._merge(self.table, table, "", source)

    def parse_file(self, path: Path) -> dict[str, Any]:
        try:
            return parse_toml(read_text(path))
        except FileProblemError as error:
            self.problems.append(Problem("", str(path), str(error)))
            return {}

    def parse_override(self, override: str) -> dict[str, Any]:
        key, equals, value = override.partition("=")
        key = _BARE_SYMBOL.sub(r'"\1"', key)
        for text in (value, json.dumps(value.strip(), ensure_ascii=False)):
            try:
                table = parse_toml(f"{key} = {text}")
            except FileProblemError:
                continue
            if equals and value.strip():
                return table
        text = "is not key=value, such as plan.take_profit_ratio=0.03"
        self.problems.append(Problem("", f"--set {override}", text))
        return {}

    def note(self, key: str, text: str) -> None:
        self.problems.append(Problem(key, self._source(key), text))

    def note_contradictions(self, settings: Settings) -> None:
        """Note what does not fit together, but for keys that are wrong already."""
        wrong = {problem.key for problem in self.problems}
        venue = settings.paper.capabilities
        if self._set_by("paper.capabilities.oco") is None:
            # A default says nothing of the exchange that is traded on; a paper session looks again.
            venue = msgspec.structs.replace(venue, oco=True)
        found = [*contradictions(settings), *plan_contradictions(settings.plan, venue)]
        for keys, text in found:
            if not any(_is_within(one, key) for one in wrong for key in keys):
                source = next(filter(None, map(self._set_by, keys)), DEFAULT_PATH.name)
                self.problems.append(Problem(keys[0], source, text))

    def _set_by(self, key: str) -> str | None:
        """Return where a key was set, if not by default."""
        source = self._sources.get(key)
        return None if source == DEFAULT_PATH.name else source

    def _source(self, key: str) -> str:
        """Return where a key, or else the nearest table around it, was last written."""
        while key and key not in self._sources:
            key = re.sub(r'(\[\d+\]|(^|\.)("[^"]*"|[^."\[]+))$', "", key)
        return self._sources.get(key, DEFAULT_PATH.name)

    def _merge(
        self, below: dict[str, Any], above: Mapping[str, Any], key: str, source: str
    ) -> None:
        for name, value in above.items():
            place = join(key, name)
            self._sources[place] = source
            if isinstance(value, dict):
                inner = below.get(name)
                below[name] = dict(inner) if isinstance(inner, dict) else {}
                self._merge(below[name], value, place, source)
            else:
                below[name] = value


def _is_within(one: str, other: str) -> bool:
    """Tell whether one key lies in the table or list of the other, either way."""
    return any(
        long == short or long.startswith((f"{short}.", f"{short}["))
        for long, short in ((one, other), (other, one))
    )
