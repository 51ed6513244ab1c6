"""The gateway actor: requests in, the port's events out, each to the actor whose fact it is."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import assert_never, cast

from actors.gateway.exit_mark import ExitMark, NoMark
from actors.gateway.waiting import OrderRequest, Unrecorded, Waiting
from actors.runtime.actor import Actor, describe
from actors.runtime.system import System
from exchange.port import Event, ExchangePort, Sink, UnknownSymbolError
from messages.addresses import (
    GUARDIAN,
    JOURNAL,
    MARKET_DATA,
    OBSERVERS,
    ORDER_ROUTER,
    PORTFOLIO,
    POSITIONS,
    RECONCILER,
)
from messages.base import Address, Message, Symbol
from messages.envelope import Envelope, Send, Wake
from messages.gateway import (
    CancelAtVenue,
    FetchBalances,
    FetchMarketRules,
    FetchOpenOrders,
    FetchTrades,
    FollowSymbols,
    ForgetUnrecorded,
    LookUpOrder,
    SubmitOrder,
    SwitchKey,
    WatchSymbols,
)
from messages.guardian import Escalated
from messages.journal import Persist, Persisted, PersistFailed
from messages.market_data import CandleReceived, QuoteReceived
from messages.observers import Alarm, AlarmKind
from messages.order_router import (
    CancelFailed,
    FailureKind,
    LookUpFailed,
    OrderNotFound,
    OrderReported,
    RequestTimingMeasured,
    StreamChanged,
    SubmitFailed,
    SubmitHeld,
)
from messages.orders import RejectReason
from messages.portfolio import BalancesReported
from messages.positions import EpochAdded, MarketGoneReported, MarketRulesReported
from messages.reconciler import OpenOrdersReported, TradesReported

Request = (
    SubmitOrder
    | CancelAtVenue
    | LookUpOrder
    | FetchBalances
    | FetchMarketRules
    | FetchOpenOrders
    | FetchTrades
)

HEARS: dict[type[Event], Address] = {
    OrderReported: ORDER_ROUTER,
    SubmitFailed: ORDER_ROUTER,
    CancelFailed: ORDER_ROUTER,
    OrderNotFound: ORDER_ROUTER,
    LookUpFailed: ORDER_ROUTER,
    StreamChanged: ORDER_ROUTER,
    RequestTimingMeasured: ORDER_ROUTER,
    BalancesReported: PORTFOLIO,
    MarketRulesReported: POSITIONS,
    MarketGoneReported: POSITIONS,
    EpochAdded: POSITIONS,
    OpenOrdersReported: RECONCILER,
    TradesReported: RECONCILER,
    QuoteReceived: MARKET_DATA,
    CandleReceived: MARKET_DATA,
    Alarm: OBSERVERS,
    Escalated: GUARDIAN,
}
"""Whose fact each event is."""


class Gateway(Actor):
    """Wraps a port; every answer enters as a message."""

    def __init__(
        self,
        system: System,
        address: Address,
        connect: Callable[[Sink], ExchangePort],
        mark: ExitMark | None = None,
    ) -> None:
        """Connect; events come by ``emit`` from now on. ``mark`` outlives the process."""
        super().__init__(system, address)
        self._others_hear: dict[type[Event], Address] = {StreamChanged: RECONCILER}
        """Who hears of an event besides, where it lives."""
        self.port = connect(self.emit)
        self._mark = NoMark() if mark is None else mark
        self._waiting = Waiting()
        self._unrecorded = Unrecorded(self._mark.leaves_unrecorded)
        self._looked_for_at: int | None = None
        """The record that says that all was looked for; None: it is durable, or there is none."""
        self._is_failing = False
        """The journal can't be written, as last heard."""

    def emit(self, event: Event) -> None:
        """Hand on an event of the port."""
        if type(event) is OrderReported:
            self._unrecorded.shown(event.facts)
        self.send(HEARS[type(event)], event)
        other = self._others_hear.get(type(event))
        if other is not None and other in self.system.mailboxes:  # a replay has no reconciler
            self.send(other, event)

    def handle(self, message: Message) -> object:
        """Ask the venue."""
        match message:
            case FollowSymbols():
                self._follow(message.symbols)
            case WatchSymbols():
                pass  # this port tells every quote as it comes: there is nothing to poll
            case SubmitOrder() | CancelAtVenue() | LookUpOrder():
                self._request_when_durable(message)
            case SwitchKey():
                text = "no key is in use here: this session trades on no real account"
                self.send(OBSERVERS, Alarm(kind=AlarmKind.KEY, text=text))
            case ForgetUnrecorded():
                self._forget_unrecorded()
            case Persisted(sequence=sequence):
                self._on_persisted(sequence)
            case PersistFailed():
                self._on_persist_failed(message)
            case _:
                self.request(cast("Request", message))
        return None

    def on_skipped(self, message: Message, error: BaseException) -> tuple[Send, ...]:
        """Make up for a skipped message.

        A request about an order is answered: its outcome is unknown. Anything else is handled once
        more. A list, a balance or a rule may be asked for twice, and a fact may be told twice.
        """
        match message:
            case SubmitOrder() | CancelAtVenue() | LookUpOrder():
                return (Send(ORDER_ROUTER, unanswered(message, describe(error))),)
            case Wake():
                return super().on_skipped(message, error)
            case _:
                return self.try_again(message)

    def request(self, message: Request) -> None:
        """Make the port's call that the message stands for."""
        port, now = self.port, self.now()
        match message:
            case SubmitOrder():
                self._mark.is_durable(self.system.journal.durable)
                port.submit(message, now)
            case CancelAtVenue():
                port.cancel(message, now)
            case LookUpOrder():
                port.look_up(message, now)
            case FetchBalances():
                port.fetch_balances(message, now)
            case FetchMarketRules():
                self._fetch_rules(message.symbol)
            case FetchOpenOrders():
                port.fetch_open_orders(message, now)
            case FetchTrades():
                port.fetch_trades(message, now)
            case _:
                assert_never(message)

    def _request_when_durable(self, message: OrderRequest) -> None:
        """Ask the venue once a crash can't make us forget that we did."""
        sequence = self._sequence_in_hand()
        if sequence <= self.system.journal.durable:
            self.request(message)
            return
        # One commit is for all that come before its answer; a failing one says no at once.
        if not self._waiting or self._is_failing:
            self.send(JOURNAL, Persist())
        if isinstance(message, SubmitOrder):
            self._give_back_outdated(message)
        self._waiting.add(sequence, message)

    def _sequence_in_hand(self) -> int:
        """Return the record whose outbox the message in hand was in; 0: none."""
        in_hand = self._lane.in_hand
        return in_hand.id[0] if isinstance(in_hand, Envelope) else 0

    def _forget_unrecorded(self) -> None:
        self._looked_for_at = self._sequence_in_hand()
        self._note_looked_for()
        if self._looked_for_at is not None:
            self.send(JOURNAL, Persist())

    def _note_looked_for(self) -> None:
        """Forget what earlier processes may have let out, once a crash can't undo the look."""
        at = self._looked_for_at
        if at is not None and at <= self.system.journal.durable:
            self._looked_for_at = None
            self._mark.looked_for()

    def _give_back_outdated(self, newer: SubmitOrder) -> None:
        """Let one exit of a position wait at a time, however long the disk is dead."""
        for outdated in self._waiting.take_outdated(newer):
            self._unrecorded.not_sent(outdated)
            answer = SubmitFailed(
                client_order_id=outdated.request.client_order_id,
                kind=FailureKind.REJECTED,
                reason=RejectReason.WITHDRAWN,
                text="not sent: a newer exit waits for the disk",
            )
            self.emit(answer)

    def _on_persisted(self, sequence: int) -> None:
        self._is_failing = False
        self._unrecorded.clear()
        self._mark.all_recorded()
        self._note_looked_for()
        self._let_go(self._waiting.take_durable(sequence))
        if self._waiting:
            self.send(JOURNAL, Persist())

    def _on_persist_failed(self, failed: PersistFailed) -> None:
        """Give entries back; let exits out unpersisted where that is allowed, else say they wait.

        The journal tries again, and tells of it, of its own accord.
        """
        self._is_failing = True
        for entry in self._waiting.take_entries():
            order_id, text = entry.request.client_order_id, f"not sent: {failed.error}"
            kind = FailureKind.RETRYABLE
            self.emit(SubmitFailed(client_order_id=order_id, kind=kind, text=text))
        if failed.exits_may_leave:
            self._let_go(self._waiting.take_exits(self._unrecorded))
        for order_id in self._waiting.submits():
            self.send(ORDER_ROUTER, SubmitHeld(client_order_id=order_id))

    def _let_go(self, requests: Iterable[OrderRequest]) -> None:
        for request in requests:
            try:
                self.request(request)
            except Exception as error:  # noqa: BLE001 - its own answer; the others must leave
                self.send(ORDER_ROUTER, unanswered(request, describe(error)))
                self.system.report(self.address, type(request).__name__, error)

    def _follow(self, symbols: tuple[Symbol, ...]) -> None:
        for symbol in symbols:
            try:
                self.port.fetch_market_rules(symbol, self.now())
            except UnknownSymbolError as error:  # delisted while held: the others go on
                text = f"{symbol} is not followed: {error}"
                self.send(OBSERVERS, Alarm(kind=AlarmKind.MARKET_STALE, text=text, symbol=symbol))
                self.emit(MarketGoneReported(symbol=symbol, text=str(error)))
            # Also of a market that is gone: the account's stream must be up, and the market may
            # be listed again.
            with suppress(UnknownSymbolError):
                self.port.subscribe(symbol, self.now())

    def _fetch_rules(self, symbol: Symbol) -> None:
        try:
            self.port.read_market_rules(symbol, self.now())
        except UnknownSymbolError as error:
            self.emit(MarketGoneReported(symbol=symbol, text=str(error)))


def unanswered(
    message: SubmitOrder | CancelAtVenue | LookUpOrder, text: str
) -> SubmitFailed | CancelFailed | LookUpFailed:
    """Return the answer to a request whose outcome nobody knows."""
    unknown = FailureKind.UNKNOWN
    match message:
        case SubmitOrder():
            order_id = message.request.client_order_id
            return SubmitFailed(client_order_id=order_id, kind=unknown, text=text)
        case CancelAtVenue():
            return CancelFailed(client_order_id=message.client_order_id, kind=unknown, text=text)
        case LookUpOrder():
            return LookUpFailed(client_order_id=message.client_order_id, text=text)
