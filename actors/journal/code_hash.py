"""Which code wrote a journal: a hash over the sources of everything that decides a step."""

import hashlib
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_DECIDING = (
    "messages",
    "config",
    "exchange",
    "actors/guardian",
    "actors/operator",
    "actors/order_router",
    "actors/portfolio",
    "actors/position",
    "actors/positions",
)


def code_version() -> str:
    """Return the hash, hexadecimal: equal for equal sources, wherever they lie."""
    digest = hashlib.blake2b(digest_size=16)
    files = [_ROOT / "actors" / "tables.py"]
    for folder in _DECIDING:
        files += sorted((_ROOT / folder).rglob("*.py"))
    for file in files:
        digest.update(file.relative_to(_ROOT).as_posix().encode())
        digest.update(b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()
