"""What crosses the wire, as data: requests, answers, refusals and stream events.

Knows no dialect and no socket.
"""

from collections.abc import Mapping
from enum import StrEnum
from urllib.parse import parse_qsl

import msgspec

ACCOUNT = "account"
"""The topic of what only the account's owner hears."""


LOOPBACK = "127.0.0.1"


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """How a server is reached; from another process, as it printed it."""

    hosts: tuple[str, ...]
    port: int
    authority_pem: str
    control_port: int = 0
    control_token: str = ""
    api_key: str
    secret: str


class Call(StrEnum):
    """What a request or an event is for: what faults are counted by."""

    SUBMIT = "submit"
    CANCEL = "cancel"
    LOOK_UP = "look_up"
    OPEN_ORDERS = "open_orders"
    TRADES = "trades"
    BALANCES = "balances"
    MARKETS = "markets"
    QUOTES = "quotes"
    """Tickers, best prices and depth, asked for."""
    CANDLES = "candles"
    TIME = "time"
    OTHER = "other"
    """Permissions, fees, listen keys and the like."""
    SUBSCRIBE = "subscribe"
    """A request on a socket."""
    ORDER_EVENT = "order_event"
    """How an order stands, told by the account's stream; Binance tells fills with it."""
    TRADE_EVENT = "trade_event"
    """A fill, where the dialect tells it apart (MEXC)."""
    BALANCE_EVENT = "balance_event"
    QUOTE_EVENT = "quote_event"


EVENTS = frozenset(
    {Call.ORDER_EVENT, Call.TRADE_EVENT, Call.BALANCE_EVENT, Call.QUOTE_EVENT, Call.SUBSCRIBE}
)
"""What travels on sockets."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request."""

    method: str
    path: str
    query: str
    """As it was sent, without the question mark."""
    body: str
    headers: Mapping[str, str]

    @property
    def text(self) -> str:
        """Query and body together: what a signature covers, and what faults look for."""
        return self.query + self.body

    @property
    def params(self) -> dict[str, str]:
        """Return the parameters of query and body."""
        pairs = "&".join(part for part in (self.query, self.body) if part)
        return dict(parse_qsl(pairs, keep_blank_values=True))


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP answer."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = {}


class RefusedError(Exception):
    """The venue says no, in its own words."""

    def __init__(self, code: int, text: str, status: int = 400) -> None:
        """Refuse with the dialect's ``code`` and the HTTP ``status``."""
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text
        self.status = status


class StreamEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One message of a stream, to all who subscribed to its topic."""

    call: Call
    topic: str
    content: str | bytes
    """Text or binary frame."""


def as_json(content: object, status: int = 200) -> Answer:
    """Return an answer that says ``content``."""
    return Answer(status=status, body=msgspec.json.encode(content))


def refusal(error: RefusedError) -> Answer:
    """Return how both dialects say no."""
    return as_json({"code": error.code, "msg": error.text}, error.status)
