"""Every handling of every message raises once, in every state of a position: nothing is lost.

Each script is played once as it is, to learn which handlings there are; then once for each of them,
in which it raises. Then the market falls through the stops, and everything must be over: no order
lost or doubled, positions closed and booked, the books equal to the venue's ledger.
"""

from collections.abc import Iterator
from functools import cache
from itertools import chain
from types import ModuleType

import pytest
from loguru import logger
from msgspec.structs import replace

from actors.position.states import State
from messages import (
    gateway,
    guardian,
    market_data,
    observers,
    order_router,
    portfolio,
    position,
    positions,
    reconciler,
    strategy,
    supervisor,
)
from messages.base import ClientOrderId, Message
from messages.observers import AlarmKind
from messages.orders import OrderStatus
from verification.poison.harness import Theatre
from verification.poison.injection import BYSTANDER, Cue, Poison, PoisonError
from verification.poison.ledgers import check_over
from verification.poison.scenarios import SCRIPTS

EDGES = {"gateway", "market_data", "strategy", "strategy_runner", "supervisor"}
"""Their handling leaves traces: they also raise after it."""

Case = tuple[str, Cue, bool]
"""A script, which handling raises in it, and whether after it is done."""


@pytest.fixture(autouse=True)
def _no_logs() -> Iterator[None]:
    """Thousands of tracebacks that are meant to be are of no use, and slow."""
    logger.disable("actors")
    yield
    logger.enable("actors")


@cache
def unpoisoned(name: str) -> Theatre:
    """Return what is left of a script in which nothing raises."""
    logger.disable("actors")
    theatre = SCRIPTS[name].run()
    theatre.system.shutdown(1)
    logger.enable("actors")
    return theatre


def cues(name: str) -> list[Cue]:
    return unpoisoned(name).cues


CASES: list[Case] = [
    (name, cue, is_late)
    for name in SCRIPTS
    for cue in cues(name)
    for is_late in ((False, True) if cue.actor in EDGES else (False,))
]


def case_id(case: Case) -> str:
    name, cue, is_late = case
    return f"{name}, {cue}{', late' * is_late}"


def one_per_message() -> list[Case]:
    """Return the first case of each message of each actor."""
    return list({case[1][:2]: case for case in reversed(CASES)}.values())


def poisoned(case: Case, error: BaseException) -> Theatre:
    name, cue, is_late = case
    theatre = SCRIPTS[name].run(Poison(cue, error, is_late))
    assert theatre.system.hits == 1
    return theatre


def check(theatre: Theatre, case: Case) -> None:
    """Nothing was lost or doubled, everything is over, and people were told."""
    name, cue, _ = case
    check_over(theatre)
    assert theatre.entries <= unpoisoned(name).entries
    assert theatre.observers.skipped.total() >= 1 or cue.actor == "observers"


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_is_what_it_is_meant_to_be(name: str) -> None:
    """It skips nothing, ends well, and has a live order at each of its cues."""
    theatre = unpoisoned(name)
    assert theatre.was_covered
    assert not theatre.observers.skipped
    assert theatre.system.dead_letters.count == 0
    assert len(theatre.requests("x", BYSTANDER)) == 2, "its target worked all along"


def test_the_look_at_the_venue_sees_a_second_exit_and_an_oversale() -> None:
    theatre = Theatre()
    theatre.open()
    theatre.ticks(100.0)
    assert theatre.wrongs == []
    book = theatre.venue.book
    [take_profit] = theatre.working()
    order = book.orders[ClientOrderId(take_profit)]
    second = replace(order.request, client_order_id=ClientOrderId("he1p1x9"))
    book.apply(replace(order, request=second))
    theatre.tick()
    assert theatre.wrongs
    theatre.wrongs.clear()
    sold = replace(order.facts, status=OrderStatus.FILLED, filled=order.request.quantity * 2)
    book.apply(replace(order, facts=sold))
    theatre.tick()
    assert "oversold" in theatre.wrongs[0]


def test_the_scripts_go_through_every_state_and_mode() -> None:
    states = {cue.state for name in SCRIPTS for cue in cues(name)}
    assert states == {"none", *(state.value for state in State)}
    modes = {script.plan.protection_mode for script in SCRIPTS.values()}
    assert len(modes) >= 4


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_a_handling_that_raises_loses_and_doubles_nothing(case: Case) -> None:
    theatre = poisoned(case, PoisonError("poison"))
    assert theatre.was_covered, "seconds later, what is held is protected as before"
    check(theatre, case)


@pytest.mark.parametrize("case", one_per_message(), ids=case_id)
def test_a_handling_that_wants_to_end_the_process_ends_nothing(case: Case) -> None:
    check(poisoned(case, SystemExit("poison")), case)


TO_THE_POSITION = [
    case for case in one_per_message() if case[1].actor == "position" and case[1].state != "none"
]


@pytest.mark.parametrize("case", TO_THE_POSITION, ids=case_id)
def test_a_position_that_raises_again_and_again_is_told_of_and_closes_all_the_same(
    case: Case,
) -> None:
    name, cue, _ = case
    theatre = SCRIPTS[name].run(Poison(cue, PoisonError("poison"), times=3))
    check(theatre, case)
    assert theatre.observers.skipped["position/p2"] == theatre.system.hits


RECEIVERS = (
    gateway,
    guardian,
    market_data,
    observers,
    order_router,
    portfolio,
    position,
    positions,
    reconciler,
    strategy,
    supervisor,
)
ASKED_BY_POSITIONS = {"ArmTriggers", "CancelOrder", "PositionEnded", "ReleaseOrders"}
HEARD_FROM_POSITIONS = [case for case in CASES if case[1].message in ASKED_BY_POSITIONS]


@pytest.mark.parametrize("case", HEARD_FROM_POSITIONS, ids=case_id)
def test_what_a_position_asked_for_twice_in_vain_it_asks_for_anew(case: Case) -> None:
    """Its triggers, a cancel, or its end."""
    name, cue, is_late = case
    theatre = SCRIPTS[name].run(Poison(cue, PoisonError("poison"), is_late, times=2))
    check(theatre, case)
    assert theatre.was_covered
    assert theatre.alarms(AlarmKind.STEP_SKIPPED)


UNHEARD = {
    position.AddToPosition: "refused in every state: its handling always raises",
    position.ResendBooking: "asked only after a booking was skipped",
    positions.CloseWithoutCore: "an operator's last resort: see test_salvage",
    position.SalvagePosition: "as above",
    position.LedgerRead: "as above",
    order_router.ReadLedger: "as above",
    guardian.ResendTradingState: "asked only after something was skipped",
    positions.EpochAdded: "after 32,767 attempts: see test_placing",
    positions.OwnershipDoubted: "of two processes: see verification/forks",
    positions.EpochAdopted: "as above",
    positions.SymbolCompared: "of the restart of a process that has an epoch: as above",
    position.ListsCompared: "as above",
    position.OwnershipChanged: "as above",
    guardian.JournalBehind: "as above",
    guardian.FirstLookBegun: "of a real exchange only: see tests/system/wire/test_folders",
    guardian.FirstLookDone: "as above",
    guardian.TwinRunning: "as above",
    guardian.OwnershipSettled: "as above",
    reconciler.AdoptEpoch: "as above",
    reconciler.IdentityChanged: "as above",
    reconciler.ListForeign: "as above",
    portfolio.ForeignListed: "as above",
    reconciler.LookSoon: "asked only where balances differ from the books: see test_unheard",
    portfolio.OfferUnmatched: "of a fill that waited for an unseen sale: see test_adoption",
    guardian.JournalRestored: "of a restored backup: see test_recovery of the journal",
    portfolio.SymbolConflict: "of an order under our id that is not ours: see test_ownership",
    portfolio.ClearConflict: "as above",
    order_router.ConflictCleared: "as above",
    order_router.ResendConflicts: "as above",
    positions.StrayFound: "of an order that nobody knows: see test_strays of the reconciler",
    reconciler.OrdersUnknown: "as above",
    reconciler.StraySettled: "as above",
    strategy.StrategyReady: "of a strategy's own process: see test_host of the strategy",
    strategy.StrategyEnded: "as above",
    strategy.StrategyStarted: "as above",
    strategy.StrategyLost: "as above",
    strategy.ReplaceStrategy: "as above",
    observers.AlarmOver: "of what recovers: see test_alarms of the observers",
    gateway.SwitchKey: "an operator's, of a real exchange: see test_key_watch",
    market_data.OnlyQuotesDue: "asked by the feed of a recording: see test_recorded",
    observers.MessageSkipped: "told only where something was skipped",
}
ASKS_AND_ANSWERS = {
    market_data.NextLevel,
    market_data.ReadMarket,
    market_data.MarketRow,
    portfolio.CurrencyRow,
    portfolio.DescribeAccounts,
    portfolio.AccountsDescribed,
    strategy.Verdict,
    strategy.ReadVerdict,
}
"""Asked by tools; what they raise is the asker's."""


def test_every_message_that_actors_hear_is_among_the_cues() -> None:
    heard = {cue.message for name in SCRIPTS for cue in cues(name)}
    known = set(chain.from_iterable(messages_of(module) for module in RECEIVERS))
    missing = {m.__name__ for m in known - ASKS_AND_ANSWERS if m.__name__ not in heard}
    assert missing == {m.__name__ for m in UNHEARD}


def messages_of(module: ModuleType) -> Iterator[type[Message]]:
    things = (thing for thing in vars(module).values() if isinstance(thing, type))
    return (t for t in things if issubclass(t, Message) and t.__module__ == module.__name__)
