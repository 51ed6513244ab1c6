"""The order router's shell: the orders, recorded step by step."""

from typing import TYPE_CHECKING

import msgspec

from actors.again import Again
from actors.order_router import core, skipped
from actors.order_router.order import RoutedOrder, wake_at
from actors.order_router.order_store import Orders
from actors.runtime.actor import CoreActor, describe
from config.settings import RouterSettings
from messages.base import Address, ClientOrderId, Message, Timestamp
from messages.envelope import NO_TIMER, NOTHING, Removed, Send, Step, Wake
from messages.order_router import PlaceOrder

if TYPE_CHECKING:
    from actors.runtime.system import System


class OrderRouter(CoreActor):
    """Keeps the orders and lets the core step them."""

    def __init__(
        self,
        system: "System",
        address: Address,
        settings: RouterSettings,
        orders: Orders | None = None,
    ) -> None:
        """Take the orders as recovered from the journal; None: there are none yet."""
        super().__init__(system, address)
        self.settings = settings
        self.orders = Orders() if orders is None else orders
        self._skipped_once: set[tuple[str, str]] = set()
        """What was skipped and asked for again, by type and entity; not recorded."""
        self._again: dict[type[Message], Again] = {kind: Again() for kind in skipped.LATEST}

    def on_start(self) -> None:
        """Set the timers of recovered orders."""
        for order in self.orders.by_id.values():
            self.set_timer(*self.wake_at(order))

    def step(self, message: Message, now: Timestamp) -> Step:
        """Call the core."""
        again = self._again.get(type(message))
        if again is not None and again.is_outdated(message, is_again=self._is_again()):
            return NOTHING
        step = core.step(self.orders, self.settings, message, now)
        if self._skipped_once:
            self._skipped_once.discard(skipped.source_of(message))
        return step

    def apply(self, change: msgspec.Struct) -> None:
        """Take one change into the orders."""
        self.orders.apply(change)

    def wake_at(self, change: msgspec.Struct) -> tuple[str, Timestamp | None]:
        """Return when an order wants to be looked at; none that is forgotten."""
        match change:
            case RoutedOrder():
                return change.request.client_order_id, wake_at(change)
            case Removed():
                return change.key, None
            case _:
                return NO_TIMER

    def on_skipped(self, message: Message, error: BaseException) -> tuple[Send, ...]:
        """Refuse a skipped wish to place; hear anything else once more."""
        if isinstance(message, Wake):
            order = self.orders.by_id.get(ClientOrderId(message.key))
            self.wake_again(message.key, None if order is None else wake_at(order))
            return ()
        if isinstance(message, PlaceOrder):
            return (skipped.refusal(self.orders, message.request, describe(error)),)
        again = self._again.get(type(message))
        if again is not None:
            again.queue(message)
        source = skipped.source_of(message)
        if source in self._skipped_once:
            self._skipped_once.discard(source)
            return skipped.after_second_skip(message, describe(error))
        self._skipped_once.add(source)
        return skipped.after_skip(message)
