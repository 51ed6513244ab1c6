"""Imports run one way, and what decides stays free of clocks, threads, chance and actors."""

import graphlib
import re
import sys
import tomllib

import pytest

from tests.system.running import run_python
from verification.sources import LAYERS, ROOT, imports, imports_on_load, modules

EDGES = {
    r"supervisor|commands(\..+)?": "start the program and talk to a person",
    r"(terminal|session|replay|inspection)(\..+)?": "a process, its files and its terminal",
    r"actors\.runtime\..+": "the one place where pykka, threads and clocks are at home",
    r"actors\.\w+\.actor": "a shell: an actor around a pure core",
    r"actors\.journal\.recovery": "starts actors where the journal ended",
    r"actors\.inspector\..+": "a socket and a thread of its own",
    r"actors\.gateway\..+": "the door to the exchange",
    r"actors\.strategy\.(advisor|guest)": "calls and times a user's code",
    r"actors\.strategy\.(host|process|runner|warden)": "threads and processes of a user's code",
    r"exchange\.live\.(account_queries|client|connection|exchange|fill_completion)": "ccxt's loop",
    r"exchange\.live\.(deadlines|failures|market_data|reconciliation|streams)": "on ccxt's loop",
    r"exchange\.live\.(fill_owners|market_list|open_orders|order_calls)": "on ccxt's loop",
    r"exchange\.live\.(alarms|loop|order_requests|rate_limiter|venue_clock)": "on ccxt's loop",
    r"exchange\.live\.((borrow|key|rules)_watch|task_guard)": "lasting tasks on ccxt's loop",
    r"exchange\.live\.(routine|stream_watch|whole_looks)": "on ccxt's loop",
    r"exchange\.live\.clock_jumps": "this machine's clocks, and chance for an epoch",
    r"exchange\.server\..+": "a venue for tests, with a clock, threads and sockets of its own",
}
"""The modules that may touch what ``FORBIDDEN`` names, and why. All others are pure."""

FORBIDDEN = {"asyncio", "ccxt", "loguru", "pykka", "random", "secrets", "threading", "time", "uuid"}

EXTRAS = {
    "session.table_files": ("parquet",),
    "exchange.server.": ("server",),
}
"""Packages that need more than the program itself, and the extras that bring it."""

PURE = frozenset(name for name in modules() if not re.fullmatch("|".join(EDGES), name))


def layer_of(module: str) -> int:
    return LAYERS.index(module.partition(".")[0])


def in_project(names: frozenset[str]) -> frozenset[str]:
    return frozenset(name for name in names if name.partition(".")[0] in LAYERS)


@pytest.mark.parametrize("module", modules())
def test_a_module_imports_only_its_own_layer_and_those_before_it(module: str) -> None:
    later = {name for name in in_project(imports(module)) if layer_of(name) > layer_of(module)}
    assert not later


def test_the_program_needs_no_verification_and_verification_no_test() -> None:
    """What checks the code may import all of the program; a test uses it, never the reverse."""
    assert {name for name in modules() if "verification" in imports_of_rooms(name)} == set()
    files = sorted((ROOT / "verification").rglob("*.py"))
    assert files
    of_tests = re.compile(r"^\s*(from|import) tests\b", re.MULTILINE)
    assert [str(one) for one in files if of_tests.search(one.read_text(encoding="utf-8"))] == []


def imports_of_rooms(module: str) -> set[str]:
    return {name.partition(".")[0] for name in imports(module)}


def test_nobody_imports_the_supervisor() -> None:
    assert [name for name in modules() if "supervisor" in imports(name)] == []


@pytest.mark.parametrize("module", sorted(PURE))
def test_a_pure_module_touches_no_clock_thread_chance_or_actor(module: str) -> None:
    assert not imports(module) & FORBIDDEN


@pytest.mark.parametrize("module", sorted(PURE))
def test_a_pure_module_imports_only_pure_modules(module: str) -> None:
    assert in_project(imports(module)) <= PURE


@pytest.mark.parametrize("pattern", EDGES)
def test_every_exception_to_purity_is_in_use(pattern: str) -> None:
    assert any(
        imports(name) & FORBIDDEN or not in_project(imports(name)) <= PURE
        for name in modules()
        if re.fullmatch(pattern, name)
    )


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = {name: in_project(imports_on_load(name)) - {name} for name in modules()}
    graphlib.TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


def test_every_foreign_package_is_a_declared_dependency() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    allowed = package_names(project["dependencies"]) | sys.stdlib_module_names
    for name in modules():
        extras = next((extra for folder, extra in EXTRAS.items() if name.startswith(folder)), ())
        declared = [line for extra in extras for line in project["optional-dependencies"][extra]]
        assert imports(name) - in_project(imports(name)) <= allowed | package_names(declared), name


def package_names(lines: list[str]) -> set[str]:
    return {re.split(r"[<>=]", line)[0] for line in lines}


def test_a_replay_never_asks_for_the_network_libraries() -> None:
    # The hook hears of every import that is tried, also of one that fails and is caught.
    program = (
        "import sys\n"
        "tried = []\n"
        "sys.addaudithook(lambda event, args: event == 'import' and tried.append(args[0]))\n"
        "import supervisor, commands.replay\n"
        "print(*tried)\n"
    )
    finished = run_python("-c", program)
    assert finished.exit_code == 0, finished.stderr
    tried = {name.partition(".")[0] for name in finished.stdout.split()}
    assert "msgspec" in tried
    assert not tried & {"aiohttp", "ccxt", "google", "pyarrow", "requests", "apsw"}
