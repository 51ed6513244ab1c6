"""``dump``: what somebody needs to help, in one file without a secret in it.

Owns what is in it, and what is cut out: fields and texts that hold or look like a key, and the
command line. Config files and key files are not in it at all.
"""

import os
import platform
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec
from rich.text import Text

from actors.plain_files import new_file
from config.packages import version
from exchange.live.redact import REDACTED, Redactor
from inspection.arguments import Typed
from inspection.command import Command, Context
from inspection.errors import InspectError
from inspection.recorded import facts_of
from inspection.refusals import LOG_NAME, end_of
from inspection.view import View, builtins, fields
from session.folders import SESSION_NAME
from terminal.words import count

_SECRET = re.compile(r"(?i)key|secret|password|passphrase|token|credential|authorization")
_LOG_BYTES = 1_000_000
_RECORDS = 500
_ENTITIES = 20_000
_OWNER_ONLY = 0o600


def dump(context: Context, words: list[str]) -> View:
    """Write a bundle; say what is in it."""
    typed = Typed(DUMP.usage, words)
    at = context.source.about().at
    name = f"holdfast-{context.source.folder.resolve().name}-{at}.zip"
    path = Path(typed.word_or(name))
    typed.end()
    parts = {one: _bytes(context, make) for one, make in _PARTS.items()}
    try:
        file = os.fdopen(new_file(path, _OWNER_ONLY, replaces=False), "wb")
        with file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bundle:
            for one, content in parts.items():
                bundle.writestr(one, content)
    except FileExistsError:
        raise InspectError(f"{path} is there already; name another file: dump FILE") from None
    except OSError as error:
        raise InspectError(f"{path} can't be written: {error.strerror}") from None
    told = ", ".join(parts)
    text = f"{path}: {count(path.stat().st_size, 'byte')}: {told}\nlook into it before you send it"
    return View(Text(text), {"path": str(path), "parts": list(parts)})


def without_secrets(data: object) -> object:
    """Return data without what is named like a secret, and texts without what looks like one."""
    if isinstance(data, dict):
        return {
            str(name): REDACTED if _SECRET.search(str(name)) else without_secrets(value)
            for name, value in data.items()
        }
    if isinstance(data, list | tuple):
        return [without_secrets(one) for one in data]
    return _redact(data) if isinstance(data, str) else data


def _bytes(context: Context, make: Callable[[Context], object]) -> bytes:
    """Return a part as it is written; one that can't be had says why."""
    try:
        made = make(context)
    except InspectError as error:
        made = {"error": str(error)}
    if isinstance(made, bytes):
        return made
    return msgspec.json.format(msgspec.json.encode(without_secrets(builtins(made))), indent=1)


def _manifest(context: Context) -> object:
    source = context.source
    return {
        "holdfast": version(),
        "python": platform.python_version(),
        "system": platform.system(),
        "machine": platform.machine(),
        "is_live": source.is_live,
        "session": _session(context),
        "tree": {"sequence": source.tree().sequence, "at": source.about().at},
    }


def _session(context: Context) -> object:
    """Return what session.json says of the run, but how it was typed and where it lies."""
    facts = fields(facts_of(context.source.folder))
    del facts["journal"]
    return facts


def _config(context: Context) -> object:
    path = context.source.folder / SESSION_NAME
    try:
        told = msgspec.json.decode(path.read_bytes())
    except (OSError, msgspec.DecodeError) as error:
        raise InspectError(f"{path} can't be read: {error}") from None
    return told.get("settings", {}) if isinstance(told, dict) else {}


def _states(context: Context) -> object:
    kept = context.source.entities(limit=_ENTITIES)
    return {
        "at": kept.at,
        "sequence": kept.sequence,
        "left_out": kept.left_out,
        "actors": {one.actor: [builtins(e) for e in one.entities] for one in kept.actors},
    }


def _records(context: Context) -> object:
    return [builtins(record) for record in context.source.records("*", _RECORDS).records]


def _log(context: Context) -> bytes:
    try:
        lines = end_of(context.source.folder / LOG_NAME, _LOG_BYTES)
        return "".join(_without_secrets(lines)).encode()
    except OSError as error:
        return f"no log: {error.strerror}\n".encode()


def _without_secrets(log: Iterable[bytes]) -> Iterator[str]:
    """Yield the log's lines without secrets; what is no whole line is left out."""
    for line in log:
        try:
            told = msgspec.json.decode(line)
        except msgspec.DecodeError:
            continue
        yield msgspec.json.encode(without_secrets(told)).decode() + "\n"


_redact = Redactor()
_PARTS: dict[str, Callable[[Context], object]] = {
    "manifest.json": _manifest,
    "tree.json": lambda context: context.source.tree(),
    "states.json": _states,
    "records.json": _records,
    "log.jsonl": _log,
    "config.json": _config,
}

DUMP = Command(
    name="dump",
    usage="dump [FILE]",
    help="A bundle for whoever helps: tree, states, last records, log and config; no secrets.",
    examples=("dump", "dump trouble.zip"),
    run=dump,
)
COMMANDS = (DUMP,)
