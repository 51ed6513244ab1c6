"""An embedded venue that died with its process goes on: its orders, its balances, its prices."""

from actors.gateway.paper import Drive
from actors.gateway.recorded import RecordedGateway
from actors.journal.codec import decode
from actors.journal.memory import MemoryJournal
from actors.runtime.clock import VirtualClock
from actors.runtime.simulated import SimulatedDispatcher
from actors.runtime.system import System
from exchange.generated.market import GeneratedMarket
from exchange.paper import PaperExchange
from exchange.port import Sink
from messages.addresses import GATEWAY
from messages.base import Milliseconds, Timestamp
from messages.gateway import FollowSymbols, SubmitOrder
from messages.money import Money
from messages.orders import OrderType, Priority, Side
from tests.actors.journal.history import NOW
from tests.exchange.venue import USDT, a_request


class Process:
    """A gateway with its venue and market; ``before`` is the one that died."""

    def __init__(self, before: "Process | None" = None) -> None:
        self.journal = MemoryJournal()
        self.clock: VirtualClock = VirtualClock(NOW if before is None else before.clock.now())
        self.dispatcher = SimulatedDispatcher()
        self.system = System(self.dispatcher, self.clock, self.journal)
        self.market = GeneratedMarket(7, start=NOW if before is None else Timestamp(0))
        if before is not None:
            changes = [c for one in before.journal.encoded for c in decode(one).changes]
            self.system.recovered = {GATEWAY: tuple(changes)}
        drive = Drive(self.market, Milliseconds(100))
        self.system.spawn(RecordedGateway, GATEWAY, self._connect, drive)
        self.system.tell(GATEWAY, FollowSymbols(symbols=self.market.symbols))
        self.dispatcher.run_until_idle()

    def _connect(self, emit: Sink) -> PaperExchange:
        capital = [Money(USDT, a_request("x", Side.BUY, OrderType.LIMIT, "100000").quantity)]
        self.venue = PaperExchange(emit, self.market.rules, capital)
        return self.venue

    def wait(self, ms: int) -> None:
        self.clock.advance_to(Timestamp(self.clock.now() + ms), self.dispatcher.run_until_idle)

    def order(self, order_id: str, price: str) -> None:
        request = a_request(order_id, Side.BUY, OrderType.LIMIT, "0.01", price=price)
        self.system.tell(GATEWAY, SubmitOrder(request=request, priority=Priority.ENTRY))
        self.dispatcher.run_until_idle()


def test_orders_balances_trades_and_prices_go_on() -> None:
    first = Process()
    first.wait(5_000)
    first.order("resting", "1000")
    first.order("bought", "900000")
    first.wait(700_000)
    second = Process(first)
    assert second.market.state == first.market.state
    assert second.venue.ledger() == first.venue.ledger()
    assert second.venue.book.orders == first.venue.book.orders
    assert len(second.venue.ledger().fills) >= 1
    for symbol, market in first.venue.book.markets.items():
        assert second.venue.book.markets[symbol].moved == market.moved
    for process in (first, second):
        process.wait(60_000)
    assert second.market.state == first.market.state


def test_a_quiet_market_is_hardly_recorded() -> None:
    process = Process()
    process.wait(500_000)
    assert process.market.state.quotes > 4_000
    assert process.journal.durable == 1
