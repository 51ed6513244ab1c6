"""What another process of the same user can read of one that has keys."""

import os
from pathlib import Path

import pytest

from session.process_secrets import erase_variables
from tests.system.running import run_python

KEY, SECRET = "canary-key-4f1d", "canary-secret-9e2b"
_PROGRAM = """
import ctypes, os, resource, subprocess, sys
from pathlib import Path
from session.process_secrets import hide_secrets
from exchange.profiles.registry import profile_of
before = Path("/proc/self/environ").read_bytes()
assert b"canary" in before, before
hide_secrets(profile_of("binance"), is_attachable=ATTACHABLE)
child = subprocess.run([sys.executable, "-c", "import os; print(os.environ)"], capture_output=True)
shown = subprocess.run(["ps", "eww", "-p", str(os.getpid())], capture_output=True)
print(Path("/proc/self/environ").read_bytes())
print(child.stdout, shown.stdout, dict(os.environ))
print("core", resource.getrlimit(resource.RLIMIT_CORE))
print("dumpable", ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
"""


@pytest.mark.parametrize("attachable", [False, True])
def test_no_key_is_left_in_the_environment_a_child_or_a_core(
    monkeypatch: pytest.MonkeyPatch, *, attachable: bool
) -> None:
    for name, value in {
        "BINANCE_APIKEY": KEY,
        "BINANCE_SECRET": SECRET,
        "BINANCE_SECRET_2": SECRET,
        "OKX_PASSWORD": SECRET,
        "OTHER": "stays",
    }.items():
        monkeypatch.setenv(name, value)
    finished = run_python("-c", _PROGRAM.replace("ATTACHABLE", str(attachable)))
    assert finished.exit_code == 0, finished.stderr
    assert KEY not in finished.stdout
    assert SECRET not in finished.stdout
    assert "stays" in finished.stdout
    assert "core (0, 0)" in finished.stdout
    assert f"dumpable {int(attachable)}" in finished.stdout


def test_a_variable_that_was_set_later_is_erased_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_TEST_KEY", KEY)
    erase_variables(["HOLDFAST_TEST_KEY", "HOLDFAST_TEST_NOT_SET"])
    assert "HOLDFAST_TEST_KEY" not in os.environ
    assert KEY.encode() not in Path("/proc/self/environ").read_bytes()
