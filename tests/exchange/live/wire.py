"""A venue as tests speak of it, over the wire: ccxt's own class, TLS, and the server's books."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal

from msgspec.structs import replace

from config.live import LiveSettings
from exchange.live.connection import Connection, Credentials
from exchange.live.exchange import CcxtExchange
from exchange.live.kept_markets import MarketsFile
from exchange.matching.state import Balance
from exchange.port import Event
from exchange.profiles.registry import profile_of
from exchange.server.connect import open_session
from exchange.server.control import VenuePicture
from exchange.server.thread import ServerThread
from messages.base import Currency, Milliseconds, Timestamp
from messages.market import MarketRules
from messages.market_data import QuoteReceived
from messages.order_router import OrderReported, StreamChanged
from messages.orders import OrderFacts
from tests.exchange.venue import RULES, SYMBOL, Venue, holding

DIALECTS = ("binance", "mexc")
WAIT_SECONDS = 30.0
"""For what comes soon, or the test fails."""
STILL = LiveSettings(
    rate_ratio=50.0,  # more than a person may set: the server has no rate
    poll_ms=Milliseconds(600_000),
    reconcile_ms=Milliseconds(600_000),
    reconnect_ms=Milliseconds(20),
    keep_alive_ms=Milliseconds(60_000),
    read_pause_ms=Milliseconds(10),
    first_candles=0,
)
"""Nothing is asked that a test did not ask for."""

_MOST_QUANTITY = {"binance": Decimal(9_000_000)}
_MOST_NOTIONAL = {"binance": Decimal(9_000_000), "mexc": Decimal(2_000_000)}
"""What the server says where the market's rules have no maximum."""


class WireVenue(Venue):
    """A client of a server that speaks as a real exchange."""

    exchange: CcxtExchange  # type: ignore[assignment]  # the paper exchange's moves are the server's

    def __init__(
        self,
        server: ServerThread,
        dialect: str,
        settings: LiveSettings = STILL,
        kept: MarketsFile | None = None,
    ) -> None:
        self.server = server
        self.dialect = dialect
        self.events: list[Event] = []
        self.notes: list[str] = []
        self._heard = threading.Condition()
        self._moved: tuple[float, float] | None = None
        self._told: dict[str, OrderFacts] = {}
        self._quoted: tuple[float, float] | None = None
        self.is_up = False
        self.connection = connect(server, dialect, settings, self.notes.append)
        self.connection.markets.file, self.connection.markets.wanted = kept, (SYMBOL,)
        self.connection.open()
        self.exchange = CcxtExchange(self._hear, self.connection)

    @property
    def now(self) -> Timestamp:  # type: ignore[override]
        return self.server.read().now

    @property
    def rules(self) -> MarketRules:  # type: ignore[override]  # the profile says who takes fees in what
        profile = self.connection.profile
        return replace(
            RULES,
            fee_currency=profile.fee_currency,
            max_stops=profile.max_stops,
            max_quantity=_MOST_QUANTITY.get(self.dialect),
            max_notional=_MOST_NOTIONAL[self.dialect],
        )

    def move(self, bid: float, ask: float | None = None, **words: object) -> None:
        self.wait_until(self._listens)
        self.server.move(SYMBOL, bid, ask, **words)  # type: ignore[arg-type]
        self._moved = (bid, bid if ask is None else ask)

    def wait(self, milliseconds: int) -> None:
        """Wait until what was asked is answered and what the venue did is heard."""
        del milliseconds
        assert self.exchange.wait_idle(WAIT_SECONDS)
        if self.exchange.is_open:
            self.wait_until(self._is_all_heard)
            assert self.exchange.wait_idle(WAIT_SECONDS)

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition that events or the venue's books bring about."""
        with self._heard:
            is_so = self._heard.wait_for(condition, 0.0)
        deadline = WAIT_SECONDS
        while not is_so and deadline > 0:
            with self._heard:
                is_so = self._heard.wait_for(condition, 0.02)
            deadline -= 0.02
        assert is_so, f"{self.events}\n{self.notes}\n{self.server.read()}"

    def close(self) -> None:
        self.exchange.close(Timestamp(0))

    def balance(self, currency: Currency) -> Balance:
        rows = {balance.currency: balance for balance in self.server.read().balances}
        return rows.get(currency, Balance(currency=currency))

    def fills(self, order_id: str) -> list[tuple[Decimal, Decimal]]:
        fills = self.server.read().trades
        return [(fill.price, fill.quantity) for fill in fills if fill.client_order_id == order_id]

    def _hear(self, event: Event) -> None:
        with self._heard:
            self.events.append(event)
            match event:
                case OrderReported(facts=facts):
                    self._told[facts.client_order_id] = facts
                case QuoteReceived(quote=quote):
                    self._quoted = (quote.bid, quote.ask)
                case StreamChanged(up=is_up):
                    self.is_up = is_up
                case _:
                    pass
            self._heard.notify_all()

    def _listens(self) -> bool:
        if not self.exchange.is_subscribed or not self.exchange.is_open:
            return True
        topics = " ".join(self.server.read().topics).lower()
        wanted = ["bookticker"]
        if self.dialect == "mexc":
            wanted += ["private.orders", "private.deals"]
        return self.is_up and all(one in topics for one in wanted)

    def _is_all_heard(self) -> bool:
        return self._orders_are_heard(self.server.read()) and self._quote_is_heard()

    def _orders_are_heard(self, picture: VenuePicture) -> bool:
        for facts in picture.orders:
            known = self._told.get(facts.client_order_id)
            if known is None or (known.status, known.filled, known.stop) != (
                facts.status,
                facts.filled,
                facts.stop,
            ):
                return False
        return True

    def _quote_is_heard(self) -> bool:
        if self._moved is None or not self.exchange.is_subscribed:
            return True
        return self._quoted == self._moved


def connect(
    server: ServerThread,
    dialect: str,
    settings: LiveSettings = STILL,
    note: Callable[[str], None] = lambda _: None,
    **changes: str,
) -> Connection:
    """A connection to the server, not open yet."""
    reach = server.reach
    keys = {"apiKey": reach.api_key, "secret": reach.secret, **changes}
    return Connection(
        profile_of(dialect),
        Credentials(keys),
        settings,
        note=note,
        make_session=lambda: open_session(reach),
    )


@contextmanager
def wire_venue(dialect: str, settings: LiveSettings = STILL) -> Iterator[WireVenue]:
    """A venue with its server; both end with it, and nothing is left behind."""
    with ServerThread(dialect, [RULES], holding()) as server:
        venue = WireVenue(server, dialect, settings)
        try:
            yield venue
        finally:
            venue.close()
