"""A stage for the reconciler: the test plays router, gateway, positions and clock."""

from decimal import Decimal

from msgspec.structs import replace

from actors.reconciler.core import step
from actors.reconciler.state import Looks
from config.settings import AccountSettings, Settings
from messages.base import (
    ClientOrderId,
    Currency,
    ExchangeOrderId,
    Message,
    Symbol,
    Timestamp,
)
from messages.envelope import Step, Wake
from messages.money import Money
from messages.orders import Side
from messages.reconciler import ListedOrder, OrdersUnknown, SymbolsListed, Trade

BTC, ETH = Symbol("BTC/USDT"), Symbol("ETH/USDT")
OURS = ClientOrderId("h7e1p1b1")
SETTINGS = replace(Settings(), account=AccountSettings(tag="7"))


def trade(number: int, at: int, order_id: str = OURS, quantity: str = "1") -> Trade:
    return Trade(
        trade_id=str(number),
        client_order_id=ClientOrderId(order_id),
        exchange_order_id=ExchangeOrderId("x"),
        symbol=BTC,
        side=Side.BUY,
        price=Decimal(100),
        quantity=Decimal(quantity),
        fee=Money(Currency("USDT"), Decimal("0.1")),
        is_maker=False,
        at=Timestamp(at),
    )


class Stage:
    """The looks, changed only through steps; time passes where a test says so."""

    def __init__(self, settings: Settings = SETTINGS) -> None:
        self.settings = settings
        self.looks = Looks()
        self.now = Timestamp(100_000_000)
        self.last = Step()

    def hear(self, message: Message) -> list[Message]:
        """Return what was sent."""
        self.last = step(self.looks, self.settings, message, self.now)
        for change in self.last.changes:
            self.looks.apply(change)
        return [send.message for send in self.last.outbox]

    def pass_time(self, ms: int) -> None:
        self.now = Timestamp(self.now + ms)

    def wake(self) -> list[Message]:
        return self.hear(Wake(key="look"))

    def symbols(self, *symbols: Symbol) -> list[Message]:
        return self.hear(SymbolsListed(symbols=symbols))

    def unknown_fills(self, *trades: Trade) -> list[Message]:
        listed = ListedOrder(
            client_order_id=OURS,
            is_working=False,
            filled=sum((one.quantity for one in trades), Decimal(0)),
            trades=trades,
        )
        return self.hear(OrdersUnknown(symbol=BTC, orders=(listed,)))

    def unknown_order(self, filled: str = "0") -> list[Message]:
        listed = ListedOrder(client_order_id=OURS, is_working=True, filled=Decimal(filled))
        return self.hear(OrdersUnknown(symbol=BTC, orders=(listed,)))
