"""Keys are read from where only their owner looks, and shown nowhere."""

import copy
import logging
import os
import pickle
import traceback
from pathlib import Path

import pytest

from exchange.keys import Keys, KeysError, no_keys, read_keys, variable_names
from exchange.profiles.registry import PROFILES

MEXC = PROFILES["mexc"]
CANARY = "canary-5e1f"
FILE = f'[mexc]\napiKey = "key"\nsecret = "{CANARY}"\n'


def key_file(folder: Path, text: str = FILE, mode: int = 0o600) -> Path:
    file = folder / "keys.toml"
    file.write_text(text, encoding="utf-8")
    file.chmod(mode)
    return file


def test_keys_come_from_the_environment() -> None:
    keys = read_keys(MEXC, {"MEXC_APIKEY": " key\n", "MEXC_SECRET": CANARY})
    assert keys.revealed() == {"apiKey": "key", "secret": CANARY}


@pytest.mark.parametrize(
    ("name", "variables"),
    [
        ("okx", {"OKX_APIKEY", "OKX_SECRET", "OKX_PASSWORD"}),
        ("hyperliquid", {"HYPERLIQUID_WALLETADDRESS", "HYPERLIQUID_PRIVATEKEY"}),
    ],
)
def test_an_exchange_names_the_variables_it_needs(name: str, variables: set[str]) -> None:
    assert set(variable_names(PROFILES[name]).values()) == variables


@pytest.mark.parametrize("environment", [{}, {"MEXC_SECRET": " "}])
def test_missing_keys_are_named_one_by_one(environment: dict[str, str]) -> None:
    with pytest.raises(KeysError, match=r"MEXC needs keys.*no MEXC_APIKEY, MEXC_SECRET"):
        read_keys(MEXC, environment)


def test_keys_come_from_a_file_of_its_owner(tmp_path: Path) -> None:
    keys = read_keys(MEXC, {}, key_file(tmp_path))
    assert keys.revealed()["secret"] == CANARY


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o622, 0o777])
def test_a_file_that_others_can_touch_is_refused(tmp_path: Path, mode: int) -> None:
    file = key_file(tmp_path, mode=mode)
    with pytest.raises(KeysError, match=f"mode {mode:04o}.*chmod 600") as raised:
        read_keys(MEXC, {}, file)
    assert CANARY not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", r"no table \[mexc\]"),
        (f'[mexc]\nsecret = "{CANARY}"', "has no apiKey"),
        (f"[mexc]\nsecret = {CANARY}", "is no TOML"),
        ('[mexc]\napiKey = 7\nsecret = "x"', "apiKey: not a text"),
        ("mexc = 7", r"no table \[mexc\]"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused_without_quoting_it(
    tmp_path: Path, text: str, complaint: str
) -> None:
    with pytest.raises(KeysError, match=complaint) as raised:
        read_keys(MEXC, {}, key_file(tmp_path, text))
    assert CANARY not in "".join(traceback.format_exception(raised.value))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeysError, match=r"nowhere\.toml can't be read"):
        read_keys(MEXC, {}, tmp_path / "nowhere.toml")


def test_a_device_is_no_key_file() -> None:
    with pytest.raises(KeysError, match="no plain file"):
        read_keys(MEXC, {}, Path(os.devnull))


def test_keys_never_show_themselves(caplog: pytest.LogCaptureFixture) -> None:
    keys = Keys("mexc", {"secret": CANARY})
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("test").debug("%s %r", keys, keys)
    shown = f"{keys} {keys!r} {[keys]} {caplog.text}"
    assert CANARY not in shown
    assert "Keys(mexc: secret)" in shown


def test_keys_are_not_copied_to_a_file() -> None:
    keys = Keys("mexc", {"secret": CANARY})
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(keys)
    with pytest.raises(TypeError, match="not pickled"):
        copy.deepcopy(keys)


def test_public_data_needs_no_keys() -> None:
    assert not no_keys(MEXC).are_given
    assert no_keys(MEXC).revealed() == {}


def test_a_second_key_comes_from_variables_of_its_own() -> None:
    environment = {"MEXC_APIKEY": "a", "MEXC_SECRET": "b"} | {
        "MEXC_APIKEY_2": "c",
        "MEXC_SECRET_2": CANARY,
    }
    assert read_keys(MEXC, environment, slot=2).revealed() == {"apiKey": "c", "secret": CANARY}
    with pytest.raises(KeysError, match="no MEXC_SECRET_2"):
        read_keys(MEXC, {"MEXC_APIKEY_2": "c"}, slot=2)
    with pytest.raises(KeysError, match="no key slot 3: 1 or 2"):
        read_keys(MEXC, environment, slot=3)


def test_a_second_key_is_a_table_within_the_exchanges(tmp_path: Path) -> None:
    second = f'[mexc.second]\napiKey = "c"\nsecret = "{CANARY}"\n'
    file = key_file(tmp_path, '[mexc]\napiKey = "a"\nsecret = "b"\n' + second)
    assert read_keys(MEXC, {}, file).revealed() == {"apiKey": "a", "secret": "b"}
    assert read_keys(MEXC, {}, file, slot=2).revealed() == {"apiKey": "c", "secret": CANARY}
    with pytest.raises(KeysError, match=r"no table \[mexc\.second\]"):
        read_keys(MEXC, {}, key_file(tmp_path), slot=2)


@pytest.mark.parametrize("value", ["a\x1b[2Jkey", "x" * 30_000, "ke\u202ey", "a\0b"])
def test_a_value_that_can_be_no_key_is_refused_and_not_shown(value: str) -> None:
    environment = {"MEXC_APIKEY": value, "MEXC_SECRET": "a secret"}
    with pytest.raises(KeysError, match="apiKey can't be a key") as caught:
        read_keys(PROFILES["mexc"], environment)
    assert value not in str(caught.value)
