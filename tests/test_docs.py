"""The docs agree with the code and with themselves."""

import re
from pathlib import Path

import pytest

from docs.generate import generated
from verification.sources import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LINK = re.compile(r"\]\((?!https?:)(?P<file>[^)#\s]*)(#[^)]*)?\)")
NAMED_TEST = re.compile(r"`(?P<file>tests/[\w/]+\.py)(::(?P<name>\w+))?`")
LINKED_TEST = re.compile(r"\[`(?P<name>test_\w+)`\]\((?P<file>[^)]+)\)")
MAKE_TARGET = re.compile(r"\bmake (?P<target>[a-z]+)\b")


def page_id(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", generated(), ids=page_id)
def test_a_generated_page_is_fresh(page: Path) -> None:
    assert page.read_text(encoding="utf-8") == generated()[page], "run: python -m docs.generate"


def test_the_readme_shows_the_life_of_a_position() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert readme.count("```mermaid\nstateDiagram-v2") == 1


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_every_link_leads_to_a_file(page: Path) -> None:
    links = [match["file"] for match in LINK.finditer(page.read_text(encoding="utf-8"))]
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_every_test_that_is_named_exists(page: Path) -> None:
    for named in NAMED_TEST.finditer(page.read_text(encoding="utf-8")):
        code = (ROOT / named["file"]).read_text(encoding="utf-8")
        assert named["name"] is None or f"def {named['name']}(" in code, named.group()


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_every_test_that_is_linked_is_in_its_file(page: Path) -> None:
    for linked in LINKED_TEST.finditer(page.read_text(encoding="utf-8")):
        code = (page.parent / linked["file"]).read_text(encoding="utf-8")
        assert f"def {linked['name']}(" in code, linked.group()


def test_every_claim_has_its_proof() -> None:
    page = (ROOT / "docs" / "claims.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if re.match(r"\| (?!---|claim |what )", line)]
    assert len(rows) > 20
    assert [row for row in rows if not LINK.search(row)] == []


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_every_make_target_that_is_named_exists(page: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    fences = re.findall(r"`[^`]+`", (ROOT / page).read_text(encoding="utf-8"))
    named = {match["target"] for match in map(MAKE_TARGET.search, fences) if match}
    assert named
    assert named <= targets
