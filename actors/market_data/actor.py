"""The actor around market data's core.

Owns nothing but the way in and out. Give its mailbox a conflating queue
(``quotes.conflation_key``, ``quotes.conflate``) where quotes come faster than they are handled;
in a replay nothing is conflated.
"""

from actors.market_data.core import MarketData
from actors.runtime.actor import Actor, describe
from actors.runtime.system import System
from config.settings import MarketDataSettings
from messages.addresses import position_address
from messages.base import Address, Message, Symbol
from messages.envelope import Send
from messages.inspection import Armed
from messages.market_data import (
    ArmTriggers,
    DisarmTriggers,
    HoldSymbol,
    QuoteReceived,
    RequestQuote,
)
from messages.position import Resync


class MarketDataActor(Actor):
    """Market data as an actor: an edge, not recorded."""

    def __init__(
        self,
        system: System,
        address: Address,
        settings: MarketDataSettings,
        symbols: tuple[Symbol, ...] = (),
        *,
        wants_ticks: bool = False,
    ) -> None:
        """Begin with ``symbols`` to poll; with ``wants_ticks`` the strategy hears every quote."""
        super().__init__(system, address)
        self._core = MarketData(
            settings, self.send, self.set_timer, symbols=symbols, wants_ticks=wants_ticks
        )
        self._on_quote = self._core.on_quote
        self._now = system.clock.now

    def armed(self, symbol: Symbol) -> list[Armed]:
        """Return what positions wait for on a symbol. From any thread."""
        return self._core.armed(symbol)

    def handle(self, message: Message) -> object:
        """Hand the message to the core."""
        if type(message) is QuoteReceived:  # the hot path: one quote in a thousand means anything
            self._on_quote(message.quote, self._now())
            return None
        return self._core.handle(message, self._now())

    def on_skipped(self, message: Message, error: BaseException) -> tuple[Send, ...]:
        """Try again what a position asked for; of quotes and candles the next ones come.

        In vain: then it asks anew, with pauses.
        """
        if isinstance(message, ArmTriggers | DisarmTriggers | HoldSymbol | RequestQuote):
            alarms = self.try_again(message)
            resync = Resync(skipped=type(message).__name__, error=describe(error))
            return (*alarms, *(Send(position_address(message.position_id), resync) for _ in alarms))
        return super().on_skipped(message, error)
