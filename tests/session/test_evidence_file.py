"""What ``probe`` kept: which of it proves a stop; a file that can't be read proves none."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from commands.probe.words import lines_of
from exchange.profiles.evidence import Evidence, StopFate, with_evidence
from exchange.profiles.profile import Profile
from exchange.profiles.registry import PROFILES, profile_of
from exchange.profiles.symbols import symbol_facts
from session.connection import probed
from session.evidence_file import evidence_path, keep_evidence, read_evidence

SAME_ORDER = StopFate(
    is_triggered=True, is_found_by_client_id=True, keeps_exchange_id=True, fills_whole=True
)
PROOF = Evidence(
    exchange="binance",
    symbol="BTC/USDT",
    mode="live",
    at="2026-11-30T21:00:00+00:00",
    holdfast="0.1.0",
    ccxt="4.5.90",
    stop_locks_coins=True,
    stop=SAME_ORDER,
)
MARKET = {"id": "BTCUSDT", "active": True}
BINANCE = PROFILES["binance"]


def is_proven(profile: Profile) -> bool:
    return symbol_facts(profile, MARKET).capabilities.stop_is_proven


def test_a_stop_that_stays_the_same_order_is_proven_with_its_date() -> None:
    assert not is_proven(BINANCE)
    profile = with_evidence(BINANCE, PROOF)
    assert is_proven(profile)
    assert "2026-11-30" in profile.stop_evidence
    assert profile.stop_locks_coins is True
    assert "2026-11-30" in profile.stop_locks_source


@pytest.mark.parametrize(
    "stop",
    [
        None,
        StopFate(is_triggered=False),
        replace(SAME_ORDER, is_triggered=False),
        replace(SAME_ORDER, is_found_by_client_id=False),
        replace(SAME_ORDER, keeps_exchange_id=False),
        replace(SAME_ORDER, fills_whole=False),
    ],
)
def test_anything_less_proves_no_stop(stop: StopFate | None) -> None:
    seen = replace(PROOF, stop=stop)
    assert not is_proven(with_evidence(BINANCE, seen))
    assert not any(line.endswith(": proven") for line in lines_of(seen))


def test_evidence_of_one_exchange_says_nothing_of_another() -> None:
    kraken = PROFILES["kraken"]
    assert with_evidence(kraken, PROOF) == kraken


def test_what_was_kept_is_read_by_the_next_start(tmp_path: Path) -> None:
    keep_evidence(evidence_path(tmp_path, "binance", is_sandbox=False), PROOF)
    assert read_evidence(tmp_path, "binance", is_sandbox=False) == PROOF
    said: list[str] = []
    assert is_proven(probed(BINANCE, tmp_path, said.append))
    assert said == []


def test_real_money_decides_over_the_test_exchange_and_never_the_other_way(tmp_path: Path) -> None:
    of_test = replace(PROOF, mode="sandbox")
    keep_evidence(evidence_path(tmp_path, "binance", is_sandbox=True), of_test)
    assert read_evidence(tmp_path, "binance", is_sandbox=False) == of_test
    of_money = replace(PROOF, stop=replace(SAME_ORDER, keeps_exchange_id=False))
    keep_evidence(evidence_path(tmp_path, "binance", is_sandbox=False), of_money)
    assert read_evidence(tmp_path, "binance", is_sandbox=False) == of_money
    assert read_evidence(tmp_path, "binance", is_sandbox=True) == of_test


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"null", b"\xff\xfe", b"[" * 5_000, b" " * 100_000, b'{"form": 2}'],
    ids=["empty", "nothing", "null", "no text", "deep", "long", "of another form"],
)
def test_a_file_that_cant_be_read_proves_nothing_and_is_told(
    tmp_path: Path, content: bytes
) -> None:
    evidence_path(tmp_path, "binance", is_sandbox=False).write_bytes(content)
    said: list[str] = []
    assert probed(BINANCE, tmp_path, said.append) == BINANCE
    assert len(said) == 1
    assert "probe-binance.json" in said[0]


def test_a_folder_in_the_files_place_proves_nothing(tmp_path: Path) -> None:
    evidence_path(tmp_path, "binance", is_sandbox=False).mkdir()
    said: list[str] = []
    assert probed(BINANCE, tmp_path, said.append) == BINANCE
    assert len(said) == 1


def test_another_form_is_refused(tmp_path: Path) -> None:
    keep_evidence(evidence_path(tmp_path, "binance", is_sandbox=False), replace(PROOF, form=2))
    said: list[str] = []
    assert probed(BINANCE, tmp_path, said.append) == BINANCE
    assert "of form 2, not 1" in said[0]


def test_only_what_a_document_or_a_probe_says_is_known_of_coins_that_stops_lock() -> None:
    known = {name for name, one in PROFILES.items() if one.stop_locks_coins is not None}
    assert known == {"binance", "bybit"}
    assert PROFILES["binance"].stop_locks_coins is True
    assert PROFILES["bybit"].stop_locks_coins is False
    assert all(PROFILES[name].stop_locks_source for name in known)
    assert profile_of("kucoin").stop_locks_coins is None
