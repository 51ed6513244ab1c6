"""The section ``[live]``: the way to a real exchange. Pure data; every figure may be set."""

from config.section import Section
from messages.base import Milliseconds


class LiveSettings(Section, frozen=True, kw_only=True):
    """How patient the way to a real exchange is, and how much of its rate is used."""

    allow_process_stop: bool = False
    """Whether real money may be held on a symbol whose exchange takes no native stop."""
    rate_ratio: float = 1.0
    """Of the venue's rate of requests; less where another bot trades from the same address."""
    request_timeout_ms: Milliseconds = Milliseconds(10_000)
    """Without an answer for so long, a request has failed."""
    call_timeout_ms: Milliseconds = Milliseconds(60_000)
    """For a question of several requests, with the wait for its turn; then it counts as lost."""
    queue_timeout_ms: Milliseconds = Milliseconds(5_000)
    """A submit that waited so long for its turn is not sent: it fails as RETRYABLE. Neither is any
    request that the exchange's pause would hold for longer."""
    exit_probe_ms: Milliseconds = Milliseconds(120_000)
    """In a pause of more than ten minutes that is no ban, until one exit is tried; doubles."""
    keep_alive_ms: Milliseconds = Milliseconds(3_000)
    """Between two pings of a socket; two pongs missing mean that its peer is gone."""
    watchdog_ms: Milliseconds = Milliseconds(1_000)
    """Between two looks whether streams still live."""
    quiet_ms: Milliseconds = Milliseconds(60_000)
    """A socket that got nothing for so long, not even a pong, is dead."""
    reconnect_ms: Milliseconds = Milliseconds(500)
    """First pause before a stream is opened again; doubles with each failure."""
    reconnect_most_ms: Milliseconds = Milliseconds(15_000)
    reconcile_ms: Milliseconds = Milliseconds(600_000)
    """Between two looks at what the streams may have missed, while they have no gap."""
    reconcile_again_ms: Milliseconds = Milliseconds(2_000)
    """After a reconnect, once more: an event may be lost while the subscription takes hold."""
    accept_unreported_rights: bool = False
    """A person's word that the key can't withdraw, where the exchange does not say it (MEXC)."""
    attachable: bool = False
    """Whether a debugger of the same user may attach; other processes of the user can then read
    this one's memory, keys and all."""
    rules_ms: Milliseconds = Milliseconds(900_000)
    """Between two reads of the rules of the markets: step, tick, minimum, whether they trade."""
    clock_ms: Milliseconds = Milliseconds(600_000)
    """Between two measurements of the venue's clock against ours."""
    poll_ms: Milliseconds = Milliseconds(5_000)
    """For quotes, until market data says how often."""
    read_attempts: int = 4
    """Of questions that nobody repeats: balances, open orders, trades, candles."""
    read_pause_ms: Milliseconds = Milliseconds(500)
    """First pause before such a question is asked again; doubles."""
    candle_delay_ms: Milliseconds = Milliseconds(1_500)
    """After the end of a minute, until the venue has its candle."""
    first_candles: int = 120
    """Candles of one minute to begin with."""
