"""A client before its first request: ccxt's own classes, no socket."""

from typing import Any

import pytest

from exchange.live.preparing import SandboxError, prepare
from exchange.profiles.registry import PROFILES

REAL = {"binance", "bybit", "gate", "hyperliquid"}


def client_of(name: str) -> Any:  # noqa: ANN401 - ccxt has no types
    import ccxt.pro  # type: ignore[import-untyped]  # noqa: PLC0415 - costs 0.5 s

    return getattr(ccxt.pro, name)()


@pytest.mark.parametrize("name", sorted(REAL))
def test_a_sandbox_has_no_address_of_the_live_exchange(name: str) -> None:
    client = client_of(name)
    live = str(client.urls["api"])
    prepare(client, PROFILES[name], is_sandbox=True)
    assert "test" in str(client.urls["api"])
    assert str(client.urls["api"]) != live


@pytest.mark.parametrize("name", sorted(PROFILES.keys() - REAL))
def test_where_there_is_no_sandbox_none_is_entered(name: str) -> None:
    client = client_of(name)
    before = str(client.urls)
    with pytest.raises(SandboxError, match="use --mode dry-run"):
        prepare(client, PROFILES[name], is_sandbox=True)
    assert str(client.urls) == before


def test_a_switch_that_leaves_a_live_address_is_caught() -> None:
    client = client_of("binance")
    client.set_sandbox_mode = lambda _: None
    with pytest.raises(SandboxError, match=r"in place: .*api\.binance\.com"):
        prepare(client, PROFILES["binance"], is_sandbox=True)


async def _raise() -> None:
    raise AssertionError("hyperliquid would have signed a builder's fee")


def test_hyperliquid_signs_nothing_nobody_asked_for() -> None:
    client = client_of("hyperliquid")
    client.approve_builder_fee = client.set_ref = _raise
    prepare(client, PROFILES["hyperliquid"], is_sandbox=False)
    work = client.initialize_client()
    with pytest.raises(StopIteration):
        work.send(None)
