"""The whole system on a stage: the session's own tree, a paper exchange, a virtual clock.

Owns how the benchmarks start the actors, and how a tick is played to them. What is played, and
what is measured, is each benchmark's.
"""

import time
from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from msgspec.structs import replace

import supervisor
from actors.journal.actor import DurableJournal
from actors.journal.memory import MemoryJournal
from actors.runtime.clock import VirtualClock
from actors.runtime.dispatcher import Dispatcher
from actors.runtime.simulated import SimulatedDispatcher
from actors.runtime.system import System
from actors.strategy.actor import StrategySource
from actors.strategy.port import Enter, MarketView
from config.settings import MarketDataSettings, PortfolioSettings, ReconcilerSettings, Settings
from exchange.paper import PaperExchange
from exchange.port import Sink
from messages.addresses import GATEWAY, PORTFOLIO
from messages.base import Milliseconds, Timestamp
from messages.gateway import MarketMoved
from messages.market import MarketRules
from messages.money import Money
from messages.plan import Plan
from messages.portfolio import AccountsDescribed, DescribeAccounts
from session.wiring import Wiring

START = Timestamp(1_704_067_200_000)
CAPITAL = Decimal(10) ** 12
PATIENCE_SECONDS = 600.0
WITHOUT_LIMIT = PortfolioSettings(
    max_positions=10**9,
    positions_per_symbol=10**9,
    cooldown_ms=Milliseconds(0),
    compare_balances_ms=None,  # as in a replay
)

SWITCHED_ON = (
    "Switched on: every actor of a session (gateway with the embedded exchange, order router,"
    " market data, portfolio, positions, one actor a position, guardian, strategy, observers,"
    " supervisor), envelopes with id, cause and sender, timers on a virtual clock, exact ledgers, a"
    " journal in memory that encodes and chains each record and keeps none. Off: watchdog, logs,"
    " looks at the venue's balances and lists."
)

Connect = Callable[[Sink, MarketRules, Money], PaperExchange]


class Took(NamedTuple):
    """How long something took."""

    seconds: float
    cpu_seconds: float
    """Of this process: steadier where others keep the machine busy."""


def timed(work: Callable[[], object]) -> Took:
    """Do it, and return how long it took."""
    begun, begun_cpu = time.perf_counter(), time.process_time()
    work()
    return Took(time.perf_counter() - begun, time.process_time() - begun_cpu)


class NoStrategy:
    """Looks on."""

    def on_market(self, market: MarketView) -> Enter | None:  # noqa: ARG002 - the port's
        """Never enter."""
        return None


def paper_exchange(emit: Sink, rules: MarketRules, capital: Money) -> PaperExchange:
    """Open the embedded exchange, without latency."""
    return PaperExchange(emit, [rules], [capital])


class Stage:
    """One market and all actors around it."""

    def __init__(
        self,
        rules: MarketRules,
        *,
        plan: Plan | None = None,
        market_data: MarketDataSettings | None = None,
        make_strategy: StrategySource = NoStrategy,
        connect: Connect = paper_exchange,
        dispatcher: Dispatcher | None = None,
        durable: DurableJournal | None = None,
    ) -> None:
        """Start the tree, with all the capital that the positions may want.

        ``durable`` takes the place of the journal in memory.
        """
        self.clock = VirtualClock(START)
        self.journal = MemoryJournal(keep=False)
        self.dispatcher = SimulatedDispatcher() if dispatcher is None else dispatcher
        self.system = System(self.dispatcher, self.clock, durable or self.journal)
        capital = Money(rules.quote, CAPITAL)
        settings = Settings(capital={capital.currency: CAPITAL}, portfolio=WITHOUT_LIMIT)
        wiring = Wiring(
            settings=replace(
                settings,
                reconciler=ReconcilerSettings(look_ms=None),
                plan=settings.plan if plan is None else plan,
                market_data=settings.market_data if market_data is None else market_data,
            ),
            symbols=(rules.symbol,),
            connect=lambda emit: connect(emit, rules, capital),
            strategy=make_strategy,
            calls_strategy_directly=isinstance(self.dispatcher, SimulatedDispatcher),
            journal=durable,
        )
        supervisor.start(self.system, wiring)
        self.settle()

    def settle(self) -> None:
        """Let the actors work until nothing waits."""
        if not self.dispatcher.wait_idle(PATIENCE_SECONDS):
            raise TimeoutError("the actors did not come to rest")

    def play(self, moved: MarketMoved) -> None:
        """Let the market move, and everything happen that comes of it."""
        self.clock.advance_to(moved.at, self.settle)
        self.system.tell(GATEWAY, moved)
        self.settle()

    def accounts(self) -> AccountsDescribed:
        """Return what the portfolio says of itself."""
        described: AccountsDescribed = self.system.ask(PORTFOLIO, DescribeAccounts())
        return described

    def close(self) -> None:
        """End it. Raises ``AssertionError`` where an actor skipped a message."""
        skipped = [address for address, box in self.system.mailboxes.items() if box.skipped]
        self.system.shutdown(PATIENCE_SECONDS)
        if skipped:
            raise AssertionError(f"{', '.join(skipped)} skipped messages: no clean run")
