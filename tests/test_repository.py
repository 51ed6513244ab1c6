"""What every file of the repository keeps to, whoever wrote it."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

from verification.sources import LAYERS, ROOT, modules

MAX_LINES = 400
PACKAGES = sorted(file for layer in LAYERS for file in (ROOT / layer).rglob("__init__.py"))

# Spelled in pieces, so that this file does not hold what it looks for.
MACHINE_PATH = re.compile(r"(?<![\w.-])/" + r"(work|root|home|Users|tmp)/")
REGISTRY_HOST = re.compile("index" + "-url|find" + "-links|python" + "hosted")
LOCK_FILE = re.compile(r"(^|/)((uv|poetry|pdm)\.lock|Pipfile\.lock|requirements.*\.lock)$")


def tracked() -> list[Path]:
    """Return every file that git tracks; skips where this is no git checkout."""
    if not (ROOT / ".git").exists():
        pytest.skip("needs a git checkout")
    listed = subprocess.run(
        ["git", "ls-files", "-z"],  # noqa: S607 - the git of whoever made the checkout
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    files = [ROOT / name for name in listed.stdout.split("\0") if name]
    return [file for file in files if file.is_file()]


def tracked_texts() -> dict[Path, str]:
    """Return what each tracked text file says."""
    texts = {}
    for file in tracked():
        content = file.read_bytes()
        if b"\0" not in content:
            texts[file.relative_to(ROOT)] = content.decode()
    return texts


@pytest.mark.parametrize("pattern", [MACHINE_PATH, REGISTRY_HOST], ids=["path", "registry"])
def test_no_tracked_file_names_a_place_outside_the_repository(pattern: re.Pattern[str]) -> None:
    found = {
        f"{path}: {match.group()}"
        for path, text in tracked_texts().items()
        for match in pattern.finditer(text)
    }
    assert not found


def test_no_lock_file_is_tracked() -> None:
    assert not [file for file in tracked() if LOCK_FILE.search(file.as_posix())]


@pytest.mark.parametrize("module", modules())
def test_a_module_says_what_it_is(module: str) -> None:
    docstring = ast.get_docstring(modules()[module])
    assert docstring is not None
    assert len(docstring.split()) > 1


@pytest.mark.parametrize("package", PACKAGES, ids=lambda file: file.parent.name)
def test_a_package_itself_holds_nothing_but_what_it_says_of_itself(package: Path) -> None:
    assert len(ast.parse(package.read_text(encoding="utf-8")).body) == 1


def test_no_python_file_is_too_long_to_read_in_one_sitting() -> None:
    lengths = {
        str(path): text.count("\n")
        for path, text in tracked_texts().items()
        if path.suffix == ".py"
    }
    assert {path: n for path, n in lengths.items() if n > MAX_LINES} == {}
