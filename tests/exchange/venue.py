"""A paper venue as tests speak of it: one market, short words, all events kept."""

from collections.abc import Callable
from decimal import Decimal

import msgspec

from exchange.matching.state import Balance
from exchange.paper import PaperExchange
from exchange.port import Event, Sink
from messages.base import ClientOrderId, Currency, PositionId, Symbol, Timestamp
from messages.gateway import CancelAtVenue, FetchBalances, LookUpOrder, MarketMoved, SubmitOrder
from messages.market import MarketRules
from messages.money import ZERO, Money
from messages.order_router import CancelFailed, OrderReported, SubmitFailed
from messages.orders import OrderFacts, OrderRequest, OrderType, Priority, Purpose, Side

SYMBOL = Symbol("BTC/USDT")
BTC = Currency("BTC")
USDT = Currency("USDT")
BNB = Currency("BNB")
RULES = MarketRules(
    symbol=SYMBOL,
    tick_size=Decimal("0.1"),
    step_size=Decimal("0.01"),
    min_quantity=Decimal("0.01"),
    min_notional=Decimal(5),
    maker_fee_ratio=Decimal("0.001"),
    taker_fee_ratio=Decimal("0.002"),
)
START = Timestamp(1_000)


def changed_rules(**changes: object) -> MarketRules:
    return msgspec.structs.replace(RULES, **changes)


def a_request(
    order_id: str, side: Side, order_type: OrderType, quantity: str, **words: object
) -> OrderRequest:
    """An order; prices are given as text."""
    prices = ("price", "trigger_price", "stop_limit_price")
    fields = {
        "client_order_id": order_id,
        "position_id": PositionId("p1"),
        "symbol": SYMBOL,
        "side": side,
        "type": order_type,
        "purpose": Purpose.ENTRY if side is Side.BUY else Purpose.CLOSE,
        "quantity": Decimal(quantity),
        **{
            name: Decimal(str(word)) if name in prices and word is not None else word
            for name, word in words.items()
        },
    }
    return msgspec.convert(fields, OrderRequest)


class Venue:
    """A client of a paper exchange that remembers what it heard."""

    rules = RULES
    """What its port has to tell of the market."""

    def __init__(
        self, connect: Callable[[Sink], PaperExchange] | None = None, **words: object
    ) -> None:
        self.events: list[Event] = []
        self.now = START
        self.exchange = (connect or _connect(words))(self.events.append)

    def move(self, bid: float, ask: float | None = None, **words: object) -> None:
        """Let the market trade at one price, or at a bid and an ask with the last at the bid."""
        fields = {
            "symbol": SYMBOL,
            "at": self.now,
            "bid": bid,
            "ask": bid if ask is None else ask,
            "last": bid,
            **words,
        }
        self.exchange.market_moved(msgspec.convert(fields, MarketMoved), self.now)

    def submit(
        self, order_id: str, side: Side, order_type: OrderType, quantity: str, **words: object
    ) -> Event | None:
        """Submit; return what was heard at once, the last of it."""
        request = a_request(order_id, side, order_type, quantity, **words)
        count = len(self.events)
        self.exchange.submit(SubmitOrder(request=request, priority=Priority.ENTRY), self.now)
        return self.events[-1] if len(self.events) > count else None

    def buy(
        self, order_id: str, quantity: str, price: float | None = None, **words: object
    ) -> None:
        self._place(order_id, Side.BUY, quantity, price, **words)

    def sell(
        self, order_id: str, quantity: str, price: float | None = None, **words: object
    ) -> None:
        self._place(order_id, Side.SELL, quantity, price, **words)

    def cancel(self, order_id: str) -> None:
        self.exchange.cancel(
            CancelAtVenue(
                client_order_id=ClientOrderId(order_id),
                exchange_order_id=None,
                symbol=SYMBOL,
                priority=Priority.EXIT,
            ),
            self.now,
        )

    def look_up(self, order_id: str) -> None:
        self.exchange.look_up(
            LookUpOrder(
                client_order_id=ClientOrderId(order_id), exchange_order_id=None, symbol=SYMBOL
            ),
            self.now,
        )

    def fetch_balances(self) -> None:
        self.exchange.fetch_balances(FetchBalances(), self.now)

    def wait(self, milliseconds: int) -> None:
        """Let time pass, and what is due arrive."""
        self.now = Timestamp(self.now + milliseconds)
        self.exchange.wake(self.now)

    def facts(self, order_id: str) -> OrderFacts:
        """What was last reported of an order."""
        reports = [event.facts for event in self.events if isinstance(event, OrderReported)]
        return next(facts for facts in reversed(reports) if facts.client_order_id == order_id)

    def refusal(self, order_id: str) -> SubmitFailed:
        """How a submit failed."""
        return next(
            event
            for event in reversed(self.events)
            if isinstance(event, SubmitFailed) and event.client_order_id == order_id
        )

    def cancel_failure(self, order_id: str) -> CancelFailed:
        """How a cancel failed."""
        return next(
            event
            for event in reversed(self.events)
            if isinstance(event, CancelFailed) and event.client_order_id == order_id
        )

    def balance(self, currency: Currency) -> Balance:
        """What the venue's books say."""
        rows = {balance.currency: balance for balance in self.exchange.ledger().balances}
        return rows.get(currency, Balance(currency=currency))

    def total(self, currency: Currency) -> Decimal:
        return self.balance(currency).total

    def locked(self, currency: Currency) -> Decimal:
        return self.balance(currency).locked

    def fills(self, order_id: str) -> list[tuple[Decimal, Decimal]]:
        """(price, quantity) of the order's fills, in order."""
        fills = self.exchange.ledger().fills
        return [(fill.price, fill.quantity) for fill in fills if fill.client_order_id == order_id]

    def _place(
        self, order_id: str, side: Side, quantity: str, price: float | None, **words: object
    ) -> None:
        order_type = OrderType.MARKET if price is None else OrderType.LIMIT
        self.submit(order_id, side, order_type, quantity, price=price, **words)


def holding(btc: str = "10", usdt: str = "10000", **balances: str) -> tuple[Money, ...]:
    """Balances to begin with."""
    amounts = {"BTC": btc, "USDT": usdt, **balances}
    return tuple(Money(Currency(name), Decimal(amount)) for name, amount in amounts.items())


def pairs(*fills: tuple[float | str, float | str]) -> list[tuple[Decimal, Decimal]]:
    """Fills as expected: (price, quantity)."""
    return [(Decimal(str(price)), Decimal(str(quantity))) for price, quantity in fills]


def facts_are_sound(facts: OrderFacts, quantity: Decimal) -> bool:
    """Whether an order's facts can be true at all."""
    return ZERO <= facts.filled <= quantity and (facts.cost > ZERO) == (facts.filled > ZERO)


def _connect(words: dict[str, object]) -> Callable[[Sink], PaperExchange]:
    words = {"markets": [RULES], "balances": holding(), **words}

    def connect(emit: Sink) -> PaperExchange:
        return PaperExchange(emit, **words)  # type: ignore[arg-type] # the words are by name

    return connect
