"""Each setting reaches the one that it is for: every field has a value of its own here.

Two limits that are mixed up in the tree differ, and a field that nothing reads is named.
"""

import ast
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from enum import StrEnum
from itertools import count
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest

import supervisor
from actors.guardian.actor import GuardianActor
from actors.inspector.server import Inspector
from actors.market_data.actor import MarketDataActor
from actors.order_router.actor import OrderRouter
from actors.portfolio.actor import PortfolioActor
from actors.positions.actor import PositionsActor
from actors.reconciler.actor import ReconcilerActor
from actors.runtime.clock import VirtualClock
from actors.runtime.simulated import SimulatedDispatcher
from actors.runtime.supervision import Supervisor
from actors.runtime.watchdog import Limits as HandLimits
from actors.strategy.actor import StrategyActor
from actors.strategy.entry_desk import Orders
from config.settings import Settings
from messages.addresses import (
    GUARDIAN,
    JOURNAL,
    MARKET_DATA,
    ORDER_ROUTER,
    PORTFOLIO,
    POSITIONS,
    RECONCILER,
    STRATEGY,
    STRATEGY_RUNNER,
    SUPERVISOR,
)
from messages.base import Address, Milliseconds
from messages.portfolio import Limits
from session.paper import _open_venue
from session.time_scaling import at_speed
from tests.test_supervisor import SECONDS, Tree, wiring
from verification.sources import LAYERS, ROOT

_NUMBERS = count(1_000)


def other(kind: Any, default: Any) -> Any:  # noqa: ANN401, PLR0911 - one for each type
    """Return a value of a type that is not the default, nor that of any other field."""
    kind = getattr(kind, "__supertype__", kind)
    if get_origin(kind) in {Union, UnionType}:
        kind = next(one for one in get_args(kind) if one is not type(None))
        kind = getattr(kind, "__supertype__", kind)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return distinct(kind, default)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return next(one for one in kind if one is not default)
    if kind is bool:
        return not default
    if kind is int:
        return next(_NUMBERS)
    if kind is float:
        return float(next(_NUMBERS))
    if kind is Decimal:
        return Decimal(next(_NUMBERS))
    if kind is str:
        return f"s{next(_NUMBERS)}"
    return default  # a table or a list: not a limit that could be mixed up


def distinct(kind: type[msgspec.Struct], default: Any = None) -> Any:  # noqa: ANN401 - as above
    """Return a struct each of whose plain fields has a value of its own."""
    hints = get_type_hints(kind)
    defaults = {
        field.name: getattr(default, field.name, None) if default is not None else field.default
        for field in msgspec.structs.fields(kind)
    }
    return kind(**{name: other(hints[name], value) for name, value in defaults.items()})


def _fields(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    return kind.__struct_fields__


@pytest.fixture(scope="module")
def settings() -> Settings:
    return distinct(Settings, Settings())  # type: ignore[no-any-return]


@pytest.fixture
def tree(settings: Settings) -> Iterator[Tree]:
    one = Tree(SimulatedDispatcher(), VirtualClock(), wiring(settings=settings, direct=True))
    assert one.system.dispatcher.wait_idle(SECONDS)
    yield one
    one.stop()


def test_every_plain_setting_has_a_value_of_its_own(settings: Settings) -> None:
    values = [
        value
        for section in _fields(Settings)
        if isinstance(one := getattr(settings, section), msgspec.Struct)
        for value in msgspec.structs.asdict(one).values()
        if isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    ]
    assert len(values) > 90
    assert len(set(values)) == len(values)


def test_each_actor_holds_the_settings_that_are_its_own(tree: Tree, settings: Settings) -> None:
    def actor(address: Address) -> Any:  # noqa: ANN401 - the actors differ
        return tree.system.mailboxes[address].actor

    assert isinstance(actor(ORDER_ROUTER), OrderRouter)
    assert actor(ORDER_ROUTER).settings == settings.router
    assert isinstance(actor(MARKET_DATA), MarketDataActor)
    assert actor(MARKET_DATA)._core._settings == settings.market_data
    assert isinstance(actor(RECONCILER), ReconcilerActor)
    assert actor(RECONCILER).settings == settings
    assert isinstance(actor(GUARDIAN), GuardianActor)
    assert actor(GUARDIAN).settings == settings.guardian
    assert isinstance(actor(POSITIONS), PositionsActor)
    assert actor(POSITIONS).terminal_ttl_ms == settings.router.terminal_ttl_ms
    assert actor(POSITIONS).roster.numbering.account_tag == settings.account.tag
    assert isinstance(actor(STRATEGY), StrategyActor)
    assert actor(STRATEGY)._desk._orders == Orders(
        name=settings.strategy.use,
        plan=settings.plan,
        budget=settings.drop.budget,
        guards=settings.guards,
        venue=settings.paper.capabilities,
    )


def test_the_portfolio_holds_each_limit_under_its_own_name(tree: Tree, settings: Settings) -> None:
    portfolio = tree.system.mailboxes[PORTFOLIO].actor
    assert isinstance(portfolio, PortfolioActor)
    given, router = settings.portfolio, settings.router
    look_ms = settings.reconciler.look_ms
    assert look_ms is not None
    assert portfolio.books.limits == Limits(
        max_positions=given.max_positions,
        positions_per_symbol=given.positions_per_symbol,
        cooldown_ms=given.cooldown_ms,
        max_budget=given.max_budget,
        symbol_cap=given.symbol_cap,
        daily_loss_limit=given.daily_loss_limit,
        look_every_ms=given.compare_balances_ms,
        unmatched_policy=given.unmatched_policy,
        unheard_ms=Milliseconds(look_ms + 2 * router.answer_timeout_ms),
    )
    held = {account.currency: account.free for account in portfolio.books.accounts.values()}
    assert {c: held[c] for c in settings.capital} == settings.capital


def test_the_supervisor_restarts_by_its_own_settings(tree: Tree, settings: Settings) -> None:
    one = tree.system.mailboxes[SUPERVISOR].actor
    assert isinstance(one, Supervisor)
    policy, runtime = one._policy, settings.runtime
    assert policy.max_restarts == runtime.restarts_max
    assert policy.window_ms == runtime.restart_window_ms
    assert policy.backoff_ms == runtime.restart_backoff_ms
    assert policy.backoff_max_ms == runtime.restart_backoff_max_ms


class Spied:
    """Takes what something is made with, in its place."""

    def __init__(self, *given: Any, **named: Any) -> None:  # noqa: ANN401 - of anything
        self.given, self.named = given, named

    @property
    def look(self) -> None:
        return None


def test_what_watches_and_what_is_looked_into_have_their_limits(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made: dict[str, Spied] = {}

    def spy(name: str) -> Any:  # noqa: ANN401 - a class's place
        def make(*given: Any, **named: Any) -> Spied:  # noqa: ANN401 - of anything
            made[name] = Spied(*given, **named)
            return made[name]

        return make

    class OnThreads(Spied):
        clock, dispatcher = VirtualClock(), None

    monkeypatch.setattr(supervisor, "ProductionDispatcher", object)
    for name in ("Watchdog", "SentinelProcess", "Greeting"):
        monkeypatch.setattr(supervisor, name, spy(name))
    system = OnThreads()
    given = msgspec.structs.replace(
        wiring(tmp_path, settings=settings), journal=OnThreads(), cut=OnThreads()
    )
    supervisor._watchdog(system, given)  # type: ignore[arg-type]
    runtime = settings.runtime
    assert made["Watchdog"].given[1] == HandLimits(
        soft_ms=runtime.soft_limit_ms,
        hard_ms=runtime.hard_limit_ms,
        pinned_ms={STRATEGY_RUNNER: runtime.pinned_limit_ms},
    )
    assert made["SentinelProcess"].given[1] == runtime.hard_limit_ms
    inspectors: list[Any] = []

    class Shown(Inspector):
        def __init__(self, *given: Any) -> None:  # noqa: ANN401 - as above
            inspectors.append(given[-1])

    monkeypatch.setattr(supervisor, "Inspector", Shown)
    supervisor._inspector(system, given)  # type: ignore[arg-type]
    assert inspectors == [settings.inspector]
    assert made["Greeting"].named["account"] == settings.account.tag
    monkeypatch.setattr(system, "spawn", None, raising=False)
    monkeypatch.setattr(system, "stop", None, raising=False)
    spawned: list[tuple[Any, ...]] = []
    monkeypatch.setattr(supervisor, "partial", lambda *parts: spawned.append(parts))
    supervisor._journal(system, given)  # type: ignore[arg-type]
    assert spawned[0][2] == JOURNAL
    assert spawned[0][4] == settings.journal


def test_the_embedded_venue_has_the_latency_and_capabilities_of_its_section(
    settings: Settings,
) -> None:
    venue = _open_venue(settings, (), lambda _event: None)
    assert venue._latency_ms == settings.paper.latency_ms
    assert venue.capabilities == settings.paper.capabilities


def test_a_fast_market_stretches_what_is_real_time_and_nothing_else(settings: Settings) -> None:
    fast = at_speed(settings, 10)
    stretched = {
        f"{section}.{name}"
        for section in _fields(Settings)
        if isinstance(one := getattr(settings, section), msgspec.Struct)
        for name in _fields(type(one))
        if getattr(one, name) != getattr(getattr(fast, section), name)
    }
    assert stretched == {
        "guards.deadline_ms",
        "market_data.stale_ms",
        "journal.linger_ms",
        "journal.exit_after_ms",
        "runtime.restart_window_ms",
        "runtime.restart_backoff_ms",
        "runtime.restart_backoff_max_ms",
        "plan.budget_deadline_ms",
    }
    for name in stretched:
        section, _, field = name.partition(".")
        before = getattr(getattr(settings, section), field)
        assert getattr(getattr(fast, section), field) == 10 * before


def test_no_field_of_a_section_goes_unread() -> None:
    """A field is read where a module outside config/ reads an attribute of its name.

    Where more than one section has the name, the module or its folder names the section too.
    """
    sections = _sections()
    names = Counter(field for kind in sections.values() for field in _fields(kind))
    read = _reads()
    unread = {
        f"{section}.{field}"
        for section, kind in sections.items()
        for field in _fields(kind)
        if not any(
            field in reads and (names[field] == 1 or named & {section, kind.__name__})
            for reads, named in read
        )
    }
    assert unread == set()


def _sections() -> dict[str, type[msgspec.Struct]]:
    hints = get_type_hints(Settings)
    return {
        name: hints[name]
        for name in _fields(Settings)
        if isinstance(hints[name], type) and issubclass(hints[name], msgspec.Struct)
    }


def _reads() -> list[tuple[set[str], set[str]]]:
    """Return, of each module that runs, the attributes it reads and the names in it."""
    found = []
    paths = [ROOT / "supervisor.py"]
    for folder in LAYERS[2:-1]:  # not messages and config, which name the fields
        paths += (ROOT / folder).rglob("*.py")
    for path in paths:
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        reads = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
        reads |= {node.value for node in nodes if isinstance(node, ast.Constant)}  # type: ignore[misc]
        names = {node.id for node in nodes if isinstance(node, ast.Name)}
        found.append((reads, reads | names | set(path.parts)))
    return found
