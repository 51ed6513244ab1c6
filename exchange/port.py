"""The port to an exchange: what a venue is asked, and what it says.

Owns the two protocols and the union of events, nothing else. A call returns at once and answers
nothing; every answer, early or late, is an event given to the ``Sink``. The events are the messages
that the gateway hands on to the order router, market data, the portfolio, the positions actor and
the reconciler as they are: so there is one vocabulary, and no translation to get wrong.

Two implementations pass one contract suite (tests/exchange/contract.py): ``exchange.paper`` and,
with live trading, ccxt.
"""

from typing import Protocol

from messages.base import Symbol, Timestamp
from messages.gateway import (
    CancelAtVenue,
    FetchBalances,
    FetchOpenOrders,
    FetchTrades,
    LookUpOrder,
    SubmitOrder,
)
from messages.guardian import Escalated
from messages.market import Capabilities
from messages.market_data import CandleReceived, QuoteReceived
from messages.observers import Alarm
from messages.order_router import (
    CancelFailed,
    LookUpFailed,
    OrderNotFound,
    OrderReported,
    RequestTimingMeasured,
    StreamChanged,
    SubmitFailed,
)
from messages.portfolio import BalancesReported
from messages.positions import EpochAdded, MarketGoneReported, MarketRulesReported
from messages.reconciler import OpenOrdersReported, TradesReported

Event = (
    OrderReported
    | SubmitFailed
    | CancelFailed
    | OrderNotFound
    | LookUpFailed
    | StreamChanged
    | RequestTimingMeasured
    | BalancesReported
    | OpenOrdersReported
    | TradesReported
    | MarketRulesReported
    | MarketGoneReported
    | EpochAdded
    | QuoteReceived
    | CandleReceived
    | Alarm
    | Escalated
)


class UnknownSymbolError(ValueError):
    """The venue has no such market."""


class Sink(Protocol):
    """Where a port puts its events."""

    def __call__(self, event: Event, /) -> None:
        """Take one event."""


class ExchangePort(Protocol):
    """One account at one venue.

    ``now`` is the caller's clock. What is known of an order is always cumulative: an event may
    come twice, late, before the answer to the call that caused it, or never.
    """

    @property
    def capabilities(self) -> Capabilities:
        """What the venue really does."""

    def submit(self, order: SubmitOrder, now: Timestamp) -> None:
        """Send an order; answered with ``OrderReported`` or ``SubmitFailed``."""

    def cancel(self, order: CancelAtVenue, now: Timestamp) -> None:
        """Cancel an order; answered with ``OrderReported`` (CANCELED) or ``CancelFailed``."""

    def look_up(self, order: LookUpOrder, now: Timestamp) -> None:
        """Ask for an order by client order id.

        Answered with ``OrderReported``, ``OrderNotFound`` or ``LookUpFailed``.
        """

    def fetch_open_orders(self, request: FetchOpenOrders, now: Timestamp) -> None:
        """Ask which orders work on a symbol; answered with ``OpenOrdersReported``."""

    def fetch_trades(self, request: FetchTrades, now: Timestamp) -> None:
        """Ask for the account's fills on a symbol; answered with ``TradesReported``."""

    def fetch_balances(self, request: FetchBalances, now: Timestamp) -> None:
        """Ask what the account holds; answered with ``BalancesReported``."""

    def fetch_market_rules(self, symbol: Symbol, now: Timestamp) -> None:
        """Ask for a symbol's rules as they are known; answered with ``MarketRulesReported``.

        Raises ``UnknownSymbolError`` where the venue has no such market.
        """

    def read_market_rules(self, symbol: Symbol, now: Timestamp) -> None:
        """Read a symbol's rules anew, as ``fetch_market_rules``, or say that it is gone.

        Answered with ``MarketRulesReported`` or ``MarketGoneReported``, late where the venue can't
        be read now; raises as the other.
        """

    def subscribe(self, symbol: Symbol, now: Timestamp) -> None:
        """Hear the symbol's quotes and the account's orders from now on.

        The first subscription opens the stream: ``StreamChanged``. Raises ``UnknownSymbolError``
        where the venue has no such market: the stream is opened all the same, and a market that is
        listed later is heard from then on.
        """

    def close(self, now: Timestamp) -> None:
        """Let go of the venue; orders stay as they are.

        Later requests about an order fail as RETRYABLE, others are not answered.
        """
