"""A file that a person names is a plain one, or it is refused at once and by what it is."""

import os
import socket
from pathlib import Path

import pytest

from config.files import FileProblemError, parse_toml, read_text
from config.loading import ConfigError, load


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    path = tmp_path / "bom.toml"
    path.write_bytes(b"\xef\xbb\xbf[drop]\r\nbudget = 50\r\n")
    assert load(path).drop.budget == 50


def test_what_is_no_plain_file_is_not_waited_for(tmp_path: Path) -> None:
    fifo, listening = tmp_path / "fifo", tmp_path / "socket"
    os.mkfifo(fifo)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(listening))
        named = {tmp_path: "a folder", fifo: "a FIFO", Path("/dev/zero"): "a device"}
        for path, kind in named.items():
            with pytest.raises(FileProblemError, match=kind):
                read_text(path)
        with pytest.raises(FileProblemError, match="can't be read"):
            read_text(listening)


@pytest.mark.parametrize("name", ["x" * 5_000, "a/" * 3_000, "a\0b"])
def test_a_name_that_can_be_none_is_told(name: str) -> None:
    with pytest.raises(FileProblemError, match="can't be read"):
        read_text(Path(name))
    with pytest.raises(ConfigError, match="can't be read"):
        load(Path(name))


def test_a_file_that_is_too_large_is_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "large.toml"
    with path.open("wb") as file:
        file.truncate(1_000_000_000)
    with pytest.raises(FileProblemError, match="larger than 1,000,000 bytes"):
        read_text(path)


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 4_000 + "]" * 4_000,
        "a = " + "[" * 100 + "]" * 100,
        "a" + ".a" * 900 + " = 1",
        "[" + "a." * 500 + "a]\n",
        "a = " + "{a = " * 1_200 + "1" + "}" * 1_200,
    ],
    ids=["lists", "few lists", "keys", "tables", "inline"],
)
def test_tables_that_are_nested_beyond_sense_are_refused(text: str) -> None:
    with pytest.raises(FileProblemError, match="nested more than 32 deep"):
        parse_toml(text)


@pytest.mark.parametrize("value", ["9" * 5_000, "1e999999999999999999999", "0x" + "f" * 9_000])
def test_a_number_that_is_beyond_sense_is_a_mistake_of_the_file(value: str) -> None:
    with pytest.raises(ConfigError):
        load(None, [f"drop.budget={value}"])


@pytest.mark.parametrize(
    "override",
    ["drop.budget=nan", "drop.budget=inf", "drop.budget=1e308", "drop.budget=٣", "drop.budget=-1",
     "a" + ".a" * 900 + "=1", "drop.budget=" + "[" * 9_000, "\x1b[2J=1", "account.tag=\x1b[2J",
     "=" * 1_000, "\0=\0"],
    ids=range(11),
)  # fmt: skip
def test_a_mistake_in_an_override_is_told_on_printable_lines(override: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(None, [override])
    text = str(caught.value)
    assert all(line.isprintable() for line in text.split("\n"))
    assert len(text) < 10_000
