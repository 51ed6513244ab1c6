"""The project's modules as they are written: read, not imported."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
LAYERS = (
    "messages",
    "config",
    "exchange",
    "actors",
    "terminal",
    "session",
    "replay",
    "inspection",
    "commands",
    "supervisor",
)
"""In the order of imports: each may import those before it."""


@cache
def modules() -> dict[str, ast.Module]:
    """Return every module of the program by its dotted name; a package by its own."""
    files = [ROOT / "supervisor.py"]
    for layer in LAYERS:
        files += (ROOT / layer).rglob("*.py")
    return {_name(file): ast.parse(file.read_text(encoding="utf-8")) for file in sorted(files)}


@cache
def imports(module: str) -> frozenset[str]:
    """Return what a module imports anywhere: the project's modules, others' top-level names."""
    return frozenset(_imports(modules()[module]))


def imports_on_load(module: str) -> frozenset[str]:
    """Return what a module imports when it is loaded; not what functions or type checkers do."""
    return frozenset(_imports(ast.Module(body=list(_on_load(modules()[module])), type_ignores=[])))


def _name(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def _on_load(tree: ast.Module) -> Iterator[ast.stmt]:
    return (node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom))


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield _imported(alias.name)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute here"
            for alias in node.names:
                yield _imported(f"{node.module}.{alias.name}")


def _imported(name: str) -> str:
    """Return the project's module that ``name`` is or lies in, or another's top-level name."""
    parts = name.split(".")
    if parts[0] not in LAYERS:
        return parts[0]
    return name if name in modules() else ".".join(parts[:-1])
