"""A missing package is one line that says how to install it from the checkout."""

import re
import tomllib

import pytest

from config.packages import DISTRIBUTION, missing_package
from tests.system.running import run_python
from verification.sources import ROOT

DRY_RUN = ["--mode", "dry-run", "--exchange", "binance", "--set", 'drop.symbols=["BTC/USDT"]']
HIDDEN = """
import sys
for name in {hidden!r}:
    sys.modules[name] = None
sys.argv = ["supervisor.py", *{arguments!r}]
import runpy
runpy.run_path("supervisor.py", run_name="__main__")
"""


def project() -> dict[str, object]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        loaded: dict[str, object] = tomllib.load(file)["project"]
    return loaded


@pytest.mark.parametrize(
    ("package", "target"),
    [
        ("ccxt", "."),
        ("ccxt.pro", "."),
        ("aiohttp", "."),
        ("a_dependency_of_a_dependency", "."),
        ("pyarrow.parquet", '".[parquet]"'),
        ("trustme", '".[server]"'),
    ],
)
def test_a_missing_package_names_the_command_that_installs_it(package: str, target: str) -> None:
    line = missing_package(ModuleNotFoundError("no", name=package))
    assert line is not None
    assert line.endswith(f"-m pip install -e {target}")
    assert "\n" not in line


@pytest.mark.parametrize("module", ["actors.nowhere", "supervisor", "tomllib", None])
def test_a_module_of_ours_that_fails_is_no_missing_package(module: str | None) -> None:
    assert missing_package(ModuleNotFoundError("no", name=module)) is None


def test_the_extras_that_are_named_exist() -> None:
    extras = project()["optional-dependencies"]
    assert isinstance(extras, dict)
    for package in ("pyarrow", "trustme"):
        line = missing_package(ModuleNotFoundError("no", name=package)) or ""
        extra = re.search(r"\[(\w+)]", line)
        assert extra is not None
        assert any(one.startswith(package) for one in extras[extra[1]])


def test_the_distribution_is_the_one_of_the_project() -> None:
    assert project()["name"] == DISTRIBUTION


@pytest.mark.parametrize(
    ("hidden", "arguments", "target"),
    [
        (["ccxt", "ccxt.pro"], ["doctor", "--exchange", "binance"], "."),
        (["ccxt", "ccxt.pro"], DRY_RUN, "."),
        (["aiohttp"], ["doctor", "--exchange", "binance"], "."),
    ],
)
def test_a_command_without_its_package_ends_with_one_line(
    hidden: list[str], arguments: list[str], target: str
) -> None:
    finished = run_python("-c", HIDDEN.format(hidden=hidden, arguments=arguments))
    assert finished.exit_code == 2
    assert finished.stderr.strip().endswith(f"-m pip install -e {target}")
    assert "Traceback" not in finished.stderr
