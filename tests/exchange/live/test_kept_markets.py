"""The markets of the last run: used where the whole file fits, else refused by its name."""

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import ccxt.pro  # type: ignore[import-untyped]
import msgspec
import pytest
from msgspec.structs import replace

from exchange.live.kept_markets import (
    OLDEST_MS,
    KeptMarkets,
    KeptMarketsError,
    encoded,
    read_kept,
)
from exchange.live.market_list import MarketList, Opened
from exchange.profiles.registry import PROFILES, profile_of
from messages.base import CLOCKS_DIFFER_MS, Symbol, Timestamp
from tests.exchange.live.wire import STILL
from tests.exchange.venue import RULES, SYMBOL

AT = Timestamp(1_790_000_000_000)
UID = "354937868"
FILTERS = [
    {"filterType": "PRICE_FILTER", "tickSize": "0.1"},
    {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": 5},
    {"filterType": "PERCENT_PRICE_BY_SIDE", "askMultiplierDown": "0.2", "bidMultiplierUp": "5"},
]


def a_market(**words: object) -> dict[str, Any]:
    """A market as ccxt has it."""
    market: dict[str, Any] = ccxt.pro.binance().safe_market_structure({
        "id": "BTCUSDT", "symbol": SYMBOL, "base": "BTC", "quote": "USDT", "baseId": "BTC",
        "quoteId": "USDT", "type": "spot", "spot": True, "active": True,
        "maker": 0.001, "taker": 0.001, "precision": {"amount": 1e-2, "price": 1e-1},
        "limits": {"amount": {"min": 0.01, "max": 9e6}, "cost": {"min": 5.0, "max": None}},
        "info": {"orderTypes": ["LIMIT", "MARKET", "STOP_LOSS"], "filters": FILTERS},
    })  # fmt: skip
    return {**market, **words}


@dataclass
class Shelf:
    """Stands for the file."""

    content: bytes | None
    name: str = "markets-x.json"

    def read(self) -> bytes | None:
        return self.content

    def keep(self, content: bytes) -> None:
        self.content = content


@dataclass
class Asked:
    """Stands for the connection, before anything is asked."""

    profile = profile_of("binance")
    settings = STILL
    client: Any = field(default_factory=ccxt.pro.binance)
    opened = Opened(uid=UID)
    is_sandbox = False
    has_keys = True
    clock_offset_ms = 0
    notes: list[str] = field(default_factory=list)

    def now(self) -> Timestamp:
        return AT

    def note(self, text: str) -> None:
        self.notes.append(text)

    def text_of(self, error: BaseException) -> str:
        return f"{type(error).__name__}: {error}"

    async def call(self, *_: object, **__: object) -> Any:  # noqa: ANN401 - as ccxt's
        raise AssertionError("nothing is asked")


def taken(content: bytes | None) -> tuple[MarketList, Asked, bool]:
    """What becomes of a file's content: whether its markets are used."""
    asked = Asked()
    markets = MarketList(asked)
    markets.file, markets.wanted = Shelf(content), (Symbol(SYMBOL),)
    return markets, asked, markets._take() is not None


def file_of(*markets: dict[str, Any], exchange: str = "binance") -> bytes:
    return encoded(exchange, UID, AT, dict.fromkeys([SYMBOL], *markets) if markets else {})


def test_whole_kept_markets_are_used_and_say_the_same_rules() -> None:
    markets, asked, is_used = taken(file_of(a_market()))
    assert is_used
    assert asked.notes == []
    listings, unreadable = markets._listings(asked.client.markets)
    assert unreadable == {}
    rules = listings[SYMBOL].rules
    assert (rules.tick_size, rules.step_size) == (RULES.tick_size, RULES.step_size)
    assert rules.min_notional == RULES.min_notional


def test_where_nothing_is_kept_nothing_is_said() -> None:
    _, asked, is_used = taken(None)
    assert (is_used, asked.notes, asked.client.markets) == (False, [], None)


def test_every_byte_that_is_changed_or_cut_is_found_and_the_file_is_named() -> None:
    whole = file_of(a_market())
    for place in range(0, len(whole), 5):
        for damaged in (
            whole[:place],
            whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :],
        ):
            with pytest.raises(KeptMarketsError, match=r"markets-x\.json is (damaged|of )"):
                read_kept(Shelf(damaged), "binance", (SYMBOL,))


def _paths(tree: object, path: tuple[object, ...] = ()) -> Iterator[tuple[object, ...]]:
    branches = tree.items() if isinstance(tree, dict) else ()
    if isinstance(tree, list):
        branches = enumerate(tree)  # type: ignore[assignment]
    for name, branch in branches:
        yield (*path, name)
        yield from _paths(branch, (*path, name))


def _with(tree: Any, path: tuple[object, ...], value: object) -> Any:  # noqa: ANN401 - JSON
    changed: Any = list(tree) if isinstance(tree, list) else dict(tree)
    head, *rest = path
    changed[head] = _with(tree[head], tuple(rest), value) if rest else value
    return changed


@pytest.mark.parametrize("value", [None, "", "x", -1, 0, [], {}, True, "1e999"])
def test_whatever_a_field_holds_the_file_is_used_or_refused_by_name(value: object) -> None:
    """Also where the digest fits: whoever wrote the file may have been another version."""
    plain = a_market()
    for path in _paths(plain):
        markets, asked, is_used = taken(file_of(_with(plain, path, value)))
        if is_used:
            listings, unreadable = markets._listings(asked.client.markets)
            assert (set(listings), unreadable) == ({SYMBOL}, {}), path
        else:
            assert asked.client.markets is None, path
            assert "markets-x.json" in asked.notes[0], path


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is damaged"),
        (b"null", "is damaged"),
        (b"[]", "is damaged"),
        (b"{}", "is damaged"),
        (b"\xff\xfe", "is damaged"),
        (file_of(a_market(), exchange="mexc"), "is of mexc, not of binance"),
        (file_of(a_market(), exchange="binance-sandbox"), "is of binance-sandbox"),
        (file_of(), f"has no {SYMBOL}"),
        (file_of(a_market(symbol="ETH/USDT")), f"{SYMBOL} is no spot market"),
    ],
)
def test_what_is_no_file_of_this_exchange_is_refused_by_name(content: bytes, words: str) -> None:
    _, asked, is_used = taken(content)
    assert not is_used
    (note,) = asked.notes
    assert words in note
    assert note.startswith("markets-x.json")
    assert note.endswith(": the markets are loaded before anything is traded")


def test_another_form_is_refused() -> None:
    kept = msgspec.json.decode(file_of(a_market()), type=KeptMarkets)
    other = replace(kept, form=2)
    content = msgspec.json.encode(replace(other, digest=other.true_digest))
    with pytest.raises(KeptMarketsError, match="is of form 2, not 1"):
        read_kept(Shelf(content), "binance", ())


def test_an_account_that_is_another_or_a_day_that_is_over_is_refused() -> None:
    kept = read_kept(Shelf(file_of(a_market())), "binance", (SYMBOL,))
    assert kept is not None
    for age_ms in (-CLOCKS_DIFFER_MS, 0, OLDEST_MS):
        kept.check(UID, Timestamp(AT + age_ms))
    for age_ms in (-CLOCKS_DIFFER_MS - 1, OLDEST_MS + 1):
        with pytest.raises(KeptMarketsError, match="h old, not 0 to 24 h"):
            kept.check(UID, Timestamp(AT + age_ms))
    with pytest.raises(KeptMarketsError, match="is of another account"):
        kept.check("", AT)


_BESIDE_MARKETS = re.compile(r"self\.options\[([^]]+)\]\s*=[^=]")
_OF_MARGIN = {"'crossMarginPairsData'", "'isolatedMarginPairsData'"}
"""Which pairs may be traded on margin: asked for by ``fetchMargins`` only, which is off."""


@pytest.mark.parametrize("exchange_id", PROFILES)
def test_where_markets_are_kept_ccxt_reads_nothing_beside_them_with_them(exchange_id: str) -> None:
    kind = getattr(ccxt.pro, exchange_id)
    readers = [name for name in dir(kind) if name.startswith("fetch") and "market" in name]
    found = {
        name
        for reader in readers
        if inspect.iscoroutinefunction(getattr(kind, reader))
        for name in _BESIDE_MARKETS.findall(inspect.getsource(getattr(kind, reader)))
    }
    assert not (PROFILES[exchange_id].keeps_markets and found - _OF_MARGIN), found


def test_without_a_profile_no_markets_are_kept() -> None:
    assert not profile_of("bitfinex").keeps_markets


def test_kept_markets_are_not_used_where_ccxt_needs_more() -> None:
    markets, asked, _ = taken(file_of(a_market()))
    asked.client.markets = None
    asked.profile = profile_of("kraken")
    assert markets._take() is None
    assert asked.client.markets is None
