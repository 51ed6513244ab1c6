"""A client of ccxt made safe before its first request: a sandbox is one, nothing unasked is signed.

Owns what is done to a fresh client. Who makes it is ``exchange.live.client``.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from exchange.profiles.profile import Profile


class SandboxError(ValueError):
    """There is no test exchange there that real money can't be reached through."""


def prepare(client: Any, profile: Profile, *, is_sandbox: bool) -> None:  # noqa: ANN401 - ccxt's
    """Keep a client from what nobody asked for; point it at the test exchange where one is meant.

    Raises ``SandboxError``.
    """
    for name in profile.skipped_calls:
        setattr(client, name, _nothing)
    if is_sandbox:
        _enter_sandbox(client, profile)


def _enter_sandbox(client: Any, profile: Profile) -> None:  # noqa: ANN401 - ccxt's
    """Switch over, and prove it: not one address may be left at which real money trades."""
    if not profile.sandbox:
        raise SandboxError(
            f"{profile.name} has no test exchange with addresses of its own that ccxt reaches: "
            "use --mode dry-run"
        )
    live = hosts_of(client)
    client.set_sandbox_mode(True)
    left = sorted(live & hosts_of(client))
    if left:
        raise SandboxError(f"{profile.name}: ccxt left live addresses in place: {', '.join(left)}")


def hosts_of(client: Any) -> set[str]:  # noqa: ANN401 - ccxt's
    """Return the hosts that a client asks."""
    urls = client.urls.get("api")
    texts = (text.replace("{hostname}", client.hostname or "") for text in _texts(urls))
    return {urlsplit(text).netloc for text in texts} - {""}


def _texts(tree: object) -> Iterator[str]:
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, dict):
        for branch in tree.values():
            yield from _texts(branch)


async def _nothing(*_: object, **__: object) -> bool:
    return True
