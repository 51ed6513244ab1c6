"""A market that changes: what it demands, whether it trades, whether it is listed at all.

Owns what the venue says of it, truly or, once, not. The engine takes orders by the rules that are
true; a market that takes no order still cancels, one that is gone answers nothing of its orders.
"""

from msgspec.structs import replace

from exchange.port import UnknownSymbolError
from messages.base import Symbol, Timestamp
from messages.gateway import FetchOpenOrders, FetchTrades, MarketMoved
from messages.market import MarketPhase, MarketRules
from messages.orders import RejectReason
from messages.positions import MarketGoneReported, MarketRulesReported
from verification.simulation.network import Line
from verification.simulation.plans import COARSE, DEAR, SHUT, SPLIT, SYMBOL

CLOSED_REASONS = {
    MarketPhase.HALTED: RejectReason.MARKET_HALTED,
    MarketPhase.GONE: RejectReason.UNKNOWN_SYMBOL,
}


class FickleMarket(Line):
    """The far end of a line, with a market that does not stay as it is."""

    phase = MarketPhase.OPEN
    lies = False
    """Whether the next read tells rules that are in force nowhere."""

    is_slow = False
    """Whether the next read is answered late."""

    keeps_rules = False
    """Whether a start goes on by what the process before it was told last."""

    def begin_market(self) -> None:
        """Remember the rules as they are in the beginning."""
        self.first_rules = self.book.markets[SYMBOL].rules
        self.reads: list[MarketRules | None] = []
        """What was told of the market, in order; None: it is gone."""

    def set_rules(self, rules: MarketRules, now: Timestamp) -> None:
        """Demand something else of orders from now on."""
        self._now = self.disturbed_at = now
        self.book.markets[SYMBOL].rules = rules

    def demand(self, name: str, now: Timestamp) -> None:
        """Demand what a name stands for: coarse, dear, split, shut, or first."""
        first = self.first_rules
        changes = {"coarse": COARSE, "dear": DEAR, "split": SPLIT, "shut": SHUT, "first": {}}[name]
        self.set_rules(replace(first, **changes), now)

    def set_phase(self, phase: MarketPhase, now: Timestamp) -> None:
        """Halt, delist or open the market."""
        self._now = self.disturbed_at = now
        self.phase = phase

    def fetch_market_rules(self, symbol: Symbol, now: Timestamp) -> None:
        """Tell the rules as they are, or as they were kept. Raises ``UnknownSymbolError``."""
        self._now = now
        kept = self._kept()
        if kept is not None:
            self._tell_kept(symbol, kept)
            return
        if self.phase is MarketPhase.GONE:
            self.reads.append(None)
            raise _not_listed(symbol)
        self._tell_rules(self.book.markets[symbol].rules)

    def read_market_rules(self, symbol: Symbol, now: Timestamp) -> None:
        """Tell the rules, or that there is no such market; or lie, or tell it late, once."""
        self._now = now
        if self.is_slow and not self.is_fair:
            self._read_late(symbol)
        elif self.lies and not self.is_fair:
            self.lies = False
            self.disturbed_at = now
            self.on_fate("the venue tells rules that are in force nowhere")
            self._tell_rules(replace(self.first_rules, **DEAR, **COARSE))
        elif self.phase is MarketPhase.GONE:
            self.reads.append(None)
            self._sink(MarketGoneReported(symbol=symbol, text="delisted"))
        else:
            self._tell_rules(self.book.markets[symbol].rules)
            if symbol not in self._subscribed:  # it is listed again
                self.subscribe(symbol, now)

    def subscribe(self, symbol: Symbol, now: Timestamp) -> None:
        """Let quotes be heard. Raises ``UnknownSymbolError``."""
        self._open_stream(now)
        if self.phase is MarketPhase.GONE and self._kept() is None:
            raise _not_listed(symbol)
        super().subscribe(symbol, now)

    def market_moved(self, moved: MarketMoved, now: Timestamp) -> None:
        """Let the market trade, where it does."""
        if self.phase is MarketPhase.OPEN:
            super().market_moved(moved, now)

    def fetch_open_orders(self, request: FetchOpenOrders, now: Timestamp) -> None:
        """Tell which orders work, of a market that is listed."""
        if self.phase is not MarketPhase.GONE:
            super().fetch_open_orders(request, now)

    def fetch_trades(self, request: FetchTrades, now: Timestamp) -> None:
        """Tell what filled, on a market that is listed."""
        if self.phase is not MarketPhase.GONE:
            super().fetch_trades(request, now)

    def _kept(self) -> MarketRules | None:
        """Return what a start is told of the market before it has read it; None: it reads first."""
        has_started_before = self._connection > 0
        return self.reads[-1] if self.keeps_rules and has_started_before else None

    def _tell_kept(self, symbol: Symbol, kept: MarketRules) -> None:
        """Tell what the last run was told, and what is so when that is read."""
        self.on_fate("a start goes on by the rules of the last run")
        told = MarketRulesReported(rules=kept, capabilities=self.capabilities, is_kept=True)
        self._sink(told)
        if self.is_fair:
            self.read_market_rules(symbol, self._now)
        else:
            self._read_late(symbol)

    def _read_late(self, symbol: Symbol) -> None:
        """Answer later; a process that has died by then gets no answer."""
        self.is_slow = False
        self.disturbed_at = self._now
        connection = self._connection
        self.on_fate("a read of the rules is answered late")

        def arrive(at: Timestamp) -> None:
            if connection == self._connection:
                self.read_market_rules(symbol, at)

        self._hold(arrive, f"a read of {symbol}")

    def _tell_rules(self, rules: MarketRules) -> None:
        self.reads.append(rules)
        is_halted = self.phase is MarketPhase.HALTED
        told = MarketRulesReported(
            rules=rules,
            capabilities=self.capabilities,
            phase=MarketPhase.HALTED if is_halted else MarketPhase.OPEN,
        )
        self._sink(told)


def _not_listed(symbol: Symbol) -> UnknownSymbolError:
    return UnknownSymbolError(f"no market {symbol}")
