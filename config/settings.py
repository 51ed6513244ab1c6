"""The settings, typed: one frozen struct per section of the config.

Owns names, types, units and meaning. ``limits`` owns the allowed ranges, ``rules`` what must fit
together, ``loading`` how files and ``--set`` become settings, and ``default.toml`` the defaults as
a person reads them; a test holds the defaults below equal to that file.

A duration is a ``_ms`` field here and a ``_seconds`` key in the file. A ratio is a fraction: 0.03
is 3 %. Money is Decimal; what is compared with quotes only is float. None is an absent key, or
``"none"``.
"""

from decimal import Decimal
from enum import StrEnum

import msgspec

from config.live import LiveSettings
from config.section import Section
from messages.base import Currency, Milliseconds, Symbol
from messages.market import Capabilities, FeeCurrency
from messages.plan import Plan
from messages.portfolio import TradingState, UnmatchedPolicy


class CandlePath(StrEnum):
    """In which order a candle's prices are walked."""

    LOW_FIRST = "low_first"
    """Open, low, high, close."""
    HIGH_FIRST = "high_first"
    """Open, high, low, close."""


class VolumeIn(StrEnum):
    """The currency a recording's volume column counts."""

    BASE = "base"
    QUOTE = "quote"


class AccountSettings(Section, frozen=True, kw_only=True):
    """Whose orders these are."""

    tag: str = ""
    """At most 4 of 0-9 and a-z, part of every client order id; tells apart two bots on one venue
    account."""


class StrategySettings(Section, frozen=True, kw_only=True):
    """Who decides on entries."""

    use: str = "drop"
    """``drop``, or a user's class as ``module:Class``. In a session a user's class runs in a
    process of its own, which what follows bounds; in a replay and with ``--debug`` in this one."""
    start_ms: Milliseconds = Milliseconds(30_000)
    """For its import and ``__init__``; real time."""
    memory_bytes: int = 2_000_000_000
    """Of its process and those that it starts, together; more ends them."""
    processes: int = 64
    """Its own and those that it starts; more ends them."""
    output_bytes: int = 10_000_000
    """What it may print within 10 s; more ends it. Of a second 20 lines are logged."""
    environment: tuple[str, ...] = ()
    """Variables that it gets besides the usual ones, such as ``PATH``; never a key."""


class DropSettings(Section, frozen=True, kw_only=True):
    """The drop strategy: buy when the price fell far enough in a short time."""

    drop_ratio: float = 0.015
    """Fall from the highest close within the look-back."""
    lookback_ms: Milliseconds = Milliseconds(1_800_000)
    budget: Decimal = Decimal(200)
    """Quote currency per entry, fees included."""
    symbols: tuple[Symbol, ...] = ()
    """Where it trades; empty: wherever there are quotes."""


class GuardSettings(Section, frozen=True, kw_only=True):
    """What must hold for an entry, and how long a strategy may think."""

    min_volume: float = 0.0
    """Quote currency traded in the last closed candle; 0: no limit."""
    max_spread_ratio: float = 0.01
    """(Ask - bid) over mid."""
    min_depth: float = 0.0
    """Quote currency at the best ask, where it is known; 0: no limit."""
    max_slippage_ratio: float = 0.005
    """Expected price of the whole entry over the best ask, less one."""
    narrowest_share: float = 0.25
    """Of the two limits above: calm markets and thin books narrow them no further."""
    deadline_ms: Milliseconds = Milliseconds(1_000)
    """For one call of the strategy."""
    failure_pause_ms: Milliseconds = Milliseconds(1_000)
    """After a first failure of the strategy; doubles with each further one in a row."""
    failure_pause_max_ms: Milliseconds = Milliseconds(600_000)
    hangs_max: int = 5
    """A thread that hangs can't be ended: after so many the strategy is not asked again. A process
    can be; see ``RuntimeSettings``."""


class PortfolioSettings(Section, frozen=True, kw_only=True):
    """What the portfolio refuses, and what it does with coins nobody expects."""

    max_positions: int = 10
    """Living positions over all symbols."""
    positions_per_symbol: int = 1
    symbol_cap: Decimal | None = None
    """Quote currency reserved and invested in one symbol at a time; None: no limit."""
    cooldown_ms: Milliseconds = Milliseconds(60_000)
    """After a position on a symbol ended, before the next on it."""
    max_budget: Decimal | None = None
    """Quote currency of one position; None: no limit."""
    daily_loss_limit: Decimal | None = None
    """Quote currency lost, realised and with fees, since 00:00 UTC, per currency; what it holds
    back ends with the day. None: no limit."""
    unmatched_policy: UnmatchedPolicy = UnmatchedPolicy.ADOPT
    compare_balances_ms: Milliseconds | None = Milliseconds(60_000)
    """Between two looks at the venue's balances beside the books; None: only when in doubt. A
    replay never looks: its venue is its own."""


class MarketDataSettings(Section, frozen=True, kw_only=True):
    """When quotes are old, how often they are fetched, which are doubted."""

    stale_ms: Milliseconds = Milliseconds(10_000)
    """Age at which a quote covers nothing any more."""
    held_poll_ms: Milliseconds = Milliseconds(1_500)
    """Between polls of a symbol with a living position."""
    poll_ms: Milliseconds = Milliseconds(5_000)
    """Between polls of any other symbol."""
    jump_ratio: float = 0.2
    """Change from the quote before at which a quote is held back until the next confirms it."""
    atr_candles: int = 14
    """Closed candles the average true range is taken over."""
    rate_ms: Milliseconds = Milliseconds(300_000)
    """At least this long between two prices of a held symbol that the portfolio values it at."""


class RouterSettings(Section, frozen=True, kw_only=True):
    """How the order router repeats, looks up and forgets."""

    retry_backoff_ms: Milliseconds = Milliseconds(250)
    """Before the first repetition of a request that is safe to repeat; doubles each time."""
    retry_backoff_max_ms: Milliseconds = Milliseconds(10_000)
    retry_attempts: int = 5
    """Tries of one request, the first included."""
    unknown_lookup_interval_ms: Milliseconds = Milliseconds(2_000)
    """Between look-ups of an order whose outcome is unknown."""
    unknown_not_found_needed: int = 3
    """Not-founds in a row, on a healthy stream, that mean it was never placed."""
    unknown_settle_ms: Milliseconds = Milliseconds(5_000)
    """Least time from submitting to believing not-founds; longer than a request lives."""
    answer_timeout_ms: Milliseconds = Milliseconds(15_000)
    """After which a request without an answer counts as lost: it waits in a queue before it
    lives."""
    terminal_ttl_ms: Milliseconds = Milliseconds(7_200_000)
    """How long a terminal order is remembered."""
    jitter_seed: int = 1
    """Of the back-off's jitter, so that a run can be repeated."""


class ReconcilerSettings(Section, frozen=True, kw_only=True):
    """How often the venue's open orders and fills are held against the journal."""

    look_ms: Milliseconds | None = Milliseconds(480_000)
    """Between two looks at the symbols that are traded, or were while the router remembers; None:
    never. It looks at once after a gap in the stream, and where the balances differ from the books.
    A replay never looks: its venue is its own."""
    again_ms: Milliseconds = Milliseconds(5_000)
    """Between the two looks that make a conflict."""
    overlap_ms: Milliseconds = Milliseconds(120_000)
    """Fills are asked for from so long before the last look: a list may be behind."""


class GuardianSettings(Section, frozen=True, kw_only=True):
    """What may still be done after which trouble: ``reducing`` or ``halted``."""

    daily_loss_state: TradingState = TradingState.REDUCING
    escalation_state: TradingState = TradingState.HALTED
    """After too many restarts."""
    journal_failure_state: TradingState = TradingState.HALTED


class RuntimeSettings(Section, frozen=True, kw_only=True):
    """How long one message may be in hand, in real time; how often what is lost is got back."""

    soft_limit_ms: Milliseconds = Milliseconds(1_000)
    """The actor and its message are named in the log; all stacks are written to stacks.txt."""
    hard_limit_ms: Milliseconds = Milliseconds(30_000)
    """The process ends, with code 75 or by its sentinel; the next start skips the message."""
    pinned_limit_ms: Milliseconds = Milliseconds(30_000)
    """An actor with a thread of its own is given a new one."""
    restarts_max: int = 5
    """Within ``restart_window_ms``, of all actors together; one more halts trading."""
    restart_window_ms: Milliseconds = Milliseconds(60_000)
    restart_backoff_ms: Milliseconds = Milliseconds(100)
    """Before the first restart; doubles with each further one within the window."""
    restart_backoff_max_ms: Milliseconds = Milliseconds(10_000)


class ReplaySettings(Section, frozen=True, kw_only=True):
    """How a recording is played."""

    candle_path: CandlePath = CandlePath.LOW_FIRST
    """The one whose trades are written; the summary reports both."""
    candle_ms: Milliseconds = Milliseconds(60_000)
    """Interval of the candles that the strategy sees of a recording of trades."""
    equity_ms: Milliseconds = Milliseconds(3_600_000)
    """Between two rows of equity.csv; the drawdown looks at every candle's end all the same."""
    close_at_end: bool = True
    """Sell what is still held when the recording is over, so that each position is booked."""


class SessionSettings(Section, frozen=True, kw_only=True):
    """One run of the program: its screen, its files, its end."""

    view_ms: Milliseconds = Milliseconds(250)
    """Between two pictures of the live view."""
    equity_ms: Milliseconds = Milliseconds(60_000)
    """Between two rows of equity.csv, and two looks for the drawdown; the market's time."""
    stop_ms: Milliseconds = Milliseconds(10_000)
    """What a graceful stop may take; real time."""
    keep: int = 20
    """Folders kept in sessions/; older ones are removed."""


class LogSettings(Section, frozen=True, kw_only=True):
    """The log in the session's folder."""

    rotate_bytes: int = 20_000_000
    """Size at which a new file is begun."""
    keep: int = 5
    """Files kept beside the one that is written."""
    pending_bytes: int = 16_000_000
    """Lines that wait in memory for a disk that takes none; further ones are lost and counted."""


class InspectorSettings(Section, frozen=True, kw_only=True):
    """Who may look into a running session at once, and for how long; all times are real."""

    clients: int = 8
    """Connections at a time."""
    taps: int = 4
    """Of one connection at a time."""
    answer_ms: Milliseconds = Milliseconds(2_000)
    """How long an actor that is asked may take; then it is told as stuck or busy."""
    suspend_max_ms: Milliseconds = Milliseconds(600_000)
    """How long an actor may be suspended by hand."""


class JournalFailure(StrEnum):
    """What exits do while the journal can't be written."""

    EXIT_UNJOURNALED = "exit_unjournaled"
    """After a while they leave unpersisted: a restart looks up their ids (docs/journal.md)."""
    HOLD = "hold"
    """Nothing leaves before it is durable."""


class JournalSettings(Section, frozen=True, kw_only=True):
    """The account's journal on disk."""

    linger_ms: Milliseconds = Milliseconds(5)
    """How long steps that nobody waits for may lack their commit; real time."""
    failure: JournalFailure = JournalFailure.EXIT_UNJOURNALED
    exit_after_ms: Milliseconds = Milliseconds(5_000)
    """Of a failing disk, before exits leave unpersisted."""
    slow_ms: Milliseconds = Milliseconds(1_000)
    """A commit that takes longer is told as an alarm; real time."""
    segment_bytes: int = 64_000_000
    """Records in one file; then a new one begins, with everything that lives."""
    keep_ms: Milliseconds = Milliseconds(31_536_000_000)
    """Age from which old files are removed; ``verify`` and ``export`` read all that are kept."""
    keep_bytes: int = 4_000_000_000
    """Size of all files from which the oldest are removed."""
    keep_floor_bytes: int = 1_000_000_000
    """The newest so many bytes are never removed; nor are files for their count: each start
    begins one."""
    pending_bytes: int = 64_000_000
    """Records that wait in memory for a failing disk; then no step can be taken any more."""
    reserve_bytes: int = 4_000_000
    """Disk space set aside, and let go of when the disk is full."""


class PaperSettings(Section, frozen=True, kw_only=True):
    """The embedded paper exchange and its market."""

    speed: float = 60.0
    """Of a session: the market's time over real time."""
    latency_ms: Milliseconds = Milliseconds(0)
    """From a request to its effect in the book, and again from there to its answer."""
    seed: int = 1
    """Of the market's prices and everything else that varies, so that a run can be repeated."""
    capabilities: Capabilities = Capabilities(
        native_stop=True, native_stop_limit=True, stop_is_proven=True, post_only=True
    )
    """As most venues: native stops and no OCO."""


class MarketSettings(Section, frozen=True, kw_only=True):
    """The rules of one symbol, ``[market."BTC/USDT"]``; what is absent is inferred or defaulted."""

    tick_size: Decimal | None = None
    """Quote per base; every recorded price must be a multiple of it."""
    step_size: Decimal | None = None
    """Base."""
    min_quantity: Decimal | None = None
    """Base."""
    min_notional: Decimal | None = None
    """Quote."""
    maker_fee_ratio: Decimal | None = None
    """Negative is a rebate."""
    taker_fee_ratio: Decimal | None = None
    fee_currency: FeeCurrency | None = None
    fee_third_currency: Currency | None = None
    """Of ``fee_currency = "third"``."""
    fee_third_rate: Decimal | None = None
    """Quote per unit of the third currency."""
    spread_ratio: Decimal | None = None
    """(Ask - bid) over the recorded price, which lies in the middle."""
    depth_quantity: Decimal | None = None
    """Base that stands at the best price; None: without limit."""
    volume_in: VolumeIn = VolumeIn.BASE


def _min_notionals() -> dict[Currency, Decimal]:
    return {
        Currency("USDT"): Decimal(5),
        Currency("USDC"): Decimal(5),
        Currency("BTC"): Decimal("0.0001"),
        Currency("ETH"): Decimal("0.001"),
    }


class MarketDefaults(Section, frozen=True, kw_only=True):
    """Of every symbol whose ``[market."…"]`` says nothing else, and a recording can't tell."""

    maker_fee_ratio: Decimal = Decimal("0.001")
    taker_fee_ratio: Decimal = Decimal("0.001")
    fee_currency: FeeCurrency = FeeCurrency.QUOTE
    spread_ratio: Decimal = Decimal(0)
    min_notional: dict[Currency, Decimal] = msgspec.field(default_factory=_min_notionals)
    """By quote currency; of any other, 0."""


class Settings(Section, frozen=True, kw_only=True):
    """Everything a person may set."""

    account: AccountSettings = AccountSettings()
    capital: dict[Currency, Decimal] = msgspec.field(
        default_factory=lambda: {Currency("USDT"): Decimal(10_000)}
    )
    """What the portfolio may use of each currency; never taken from the wallet."""
    strategy: StrategySettings = StrategySettings()
    drop: DropSettings = DropSettings()
    guards: GuardSettings = GuardSettings()
    plan: Plan = Plan(take_profit_ratio=Decimal("0.03"), stop_loss_ratio=Decimal("0.02"))
    """The plan of every position opened from now on."""
    portfolio: PortfolioSettings = PortfolioSettings()
    market_data: MarketDataSettings = MarketDataSettings()
    router: RouterSettings = RouterSettings()
    reconciler: ReconcilerSettings = ReconcilerSettings()
    guardian: GuardianSettings = GuardianSettings()
    runtime: RuntimeSettings = RuntimeSettings()
    replay: ReplaySettings = ReplaySettings()
    session: SessionSettings = SessionSettings()
    logs: LogSettings = LogSettings()
    inspector: InspectorSettings = InspectorSettings()
    journal: JournalSettings = JournalSettings()
    live: LiveSettings = LiveSettings()
    paper: PaperSettings = PaperSettings()
    market_defaults: MarketDefaults = MarketDefaults()
    market: dict[Symbol, MarketSettings] = msgspec.field(default_factory=dict)
