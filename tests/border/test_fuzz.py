"""Anything in any field of anything that an exchange, a file or a strategy hands in.

The short form runs in the suite; ``HOLDFAST_RACES=nightly`` runs 100,000 cases
(``HOLDFAST_EXAMPLES`` says another number, ``HOLDFAST_SEED`` plays one run again).
"""

import os
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import ccxt.pro  # type: ignore[import-untyped]
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from actors.position.states import State
from actors.strategy.answer import StrategyError, checked
from actors.strategy.port import plan_of
from config.loading import ConfigError, load
from config.settings import Settings, VolumeIn
from exchange.live.errors import of_cancel, of_read, of_submit
from exchange.live.market_rules import read_rules
from exchange.live.parsing import read_balances, read_candle, read_quote
from exchange.live.redact import Redactor
from exchange.profiles.precision import Mode, Precision, UnreadableRulesError
from exchange.profiles.registry import PROFILES
from exchange.recordings.reader import CANDLE_HEADER, RecordingError, open_recording, read_candles
from messages.base import Timestamp
from messages.border import LARGEST, BadValueError
from messages.market import Capabilities, FeeCurrency
from messages.plan import Plan
from messages.portfolio import BalancesReported
from messages.strategy import Enter
from tests.actors.portfolio.ledger import Ledger
from tests.border.life import LifeOfStructures, Raw, as_it_is
from tests.border.test_nulls import FILL, ORDER, check

NIGHTLY = os.environ.get("HOLDFAST_RACES") == "nightly"
CASES = int(os.environ.get("HOLDFAST_EXAMPLES") or 100_000) if NIGHTLY else 600
# S311: cases are no secrets.
SEED = int(os.environ.get("HOLDFAST_SEED") or Random().randrange(10**9))  # noqa: S311
MINUTES = 60_000

POOL: tuple[object, ...] = (
    None, float("nan"), float("inf"), float("-inf"), 1e308, -1e308, 5e-324, -1, 0, 1, -0.0, 0.5, 2,
    100.0, 1e-8, 1e12, "", "0", "1", "-1", "nan", "Infinity", "1e-300", "1e300", "٣", "1_0", " 1",
    "1" * 400, "0." + "1" * 400, 2**64, 2**5000, -(2**5000), True, False, [], {}, [1], {"a": 1},
    "buy", "sell", "open", "closed", "canceled", "expired", "rejected", "\x1b[2J", "\u202eBTC",
    b"1", "a\nb", "x" * 100_000, "\ud800", "BTC/USDT", "ETH/USDT", 253_402_300_799_999, 1_000,
    "BTC", "USDT", "BNB",
    [{"currency": "BNB", "cost": 0.1}, {"currency": "BTC", "cost": 0.1}],
    {"currency": "BTC", "cost": float("nan")}, {"currency": None, "cost": 1}, {"cost": -0.01},
    [None], (), object(), Decimal("NaN"), Decimal("1e5000"), Decimal("-0"), Decimal("1e-400"),
)  # fmt: skip
"""What venues, files and users were seen to write, and what they may."""
VALUES = (
    st.sampled_from(POOL) | st.floats() | st.integers() | st.text(max_size=30) | st.binary()
    | st.floats(min_value=0, max_value=1e6).map(str)
)  # fmt: skip
EDITS = st.lists(
    st.tuples(st.just("order"), st.sampled_from([*ORDER, "*"]), VALUES)
    | st.tuples(st.just("fill"), st.sampled_from([*FILL, "*"]), VALUES),
    min_size=1,
    max_size=4,
)
_POSSIBLE = (0, 1, 2, 0.5, 100.0, 1e-8, 1e12, 1_000, 253_402_300_799_999, 2**64, "0", "1")
IMPOSSIBLE = tuple(
    value for value in POOL if isinstance(value, float | int | dict | str | bytes)
    and not isinstance(value, bool) and value not in _POSSIBLE
)  # fmt: skip
"""Of the pool, what no number of an order or a fill can be."""

PROFILE = settings(
    max_examples=CASES // 2, deadline=None, print_blob=True,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


def edited(edits: list[tuple[str, str, object]]) -> Any:  # noqa: ANN401 - a mangle
    def mangle(kind: str, raw: Raw) -> object:
        changed: object = raw
        for one, field, value in edits:
            if one == kind and field == "*":
                changed = value
            elif one == kind and isinstance(changed, dict):
                changed = {**changed, field: value}
        return changed

    return mangle


def live(mangle: Any) -> LifeOfStructures:  # noqa: ANN401 - as above
    """Let a position live on mangled structures, and then on what is true."""
    life = LifeOfStructures(mangle)
    life.stream()
    life.wait(MINUTES)
    life.close()
    life.stream()
    life.wait(MINUTES)
    life.mangle = as_it_is
    life.stream()
    life.wait(10 * MINUTES)
    return life


def check_books(life: LifeOfStructures) -> None:
    """Look that the books take all that the position tells, and hold numbers only."""
    ledger = Ledger(1_000)
    ledger.reserve(1_000)
    for message in life.booked:
        ledger.tell(message)
        amounts = [message.bought, message.bought_cost, message.sold, message.sold_proceeds]
        for amount in (*amounts, *(fee.amount for fee in message.fees)):
            assert amount.is_finite()
            assert abs(amount) <= LARGEST * LARGEST
    for account in ledger.books.accounts.values():
        assert account.free + account.reserved + account.invested == account.total


@seed(SEED)
@PROFILE
@given(EDITS)
def test_whatever_an_order_or_a_fill_holds_no_actor_raises(
    edits: list[tuple[str, str, object]],
) -> None:
    life = live(edited(edits))
    check_books(life)
    assert not (life.position.state is State.CLOSED and not life.position.booked.is_priced)
    for error in life.refused:
        assert str(error).isprintable()
        assert error.field.split(".")[0] in {"order", "fill"}


NUMBERS = [("order", name) for name in ("filled", "cost", "amount", "remaining", "average")] + [
    ("fill", name) for name in ("price", "amount", "fee", "fees")
]


@pytest.mark.parametrize(("kind", "field"), NUMBERS)
def test_an_impossible_number_is_as_one_that_was_not_told(kind: str, field: str) -> None:
    for value in IMPOSSIBLE:
        life = live(edited([(kind, field, value)]))
        assert len(life.bought) == 1
        check(life.booked, life)
        assert not life.is_endless
        assert life.position.state is State.CLOSED, (value, life.position)


# Everything else.

TICKER: Raw = {
    "symbol": "BTC/USDT", "timestamp": 1_700_000_000_000, "bid": 100.0, "ask": 100.1, "last": 100.0,
    "bidVolume": 1.0, "askVolume": 1.0, "info": {},
}  # fmt: skip
MARKET: Raw = {
    "symbol": "BTC/USDT", "id": "BTCUSDT", "spot": True, "active": True, "maker": 0.001,
    "taker": 0.001, "precision": {"amount": 1e-5, "price": 0.01}, "info": {"filters": []},
    "limits": {"amount": {"min": 1e-5, "max": 9000}, "cost": {"min": 5, "max": None}, "market": {}},
}  # fmt: skip
BALANCE: Raw = {
    "total": {"BTC": 1.0, "USDT": 1_000.0},
    "free": {"BTC": 1.0, "USDT": 1_000.0},
    "used": {"BTC": 0.0, "USDT": 0.0},
    "info": {},
}
PRECISION = Precision(price=Mode.TICK_SIZE, quantity=Mode.TICK_SIZE)
REDACT = Redactor(["a secret of ours"])
DEFAULTS = Settings()


def check_told(*lines: str) -> None:
    """Look that a refusal is told on lines that can be printed, and in short."""
    for line in lines:
        assert line.isprintable()
        assert len(line) < 5_000


def put(structure: Any, path: tuple[int, ...], value: object) -> Any:  # noqa: ANN401 - JSON
    """Return a structure with a value in the place that ``path`` leads to; empty: in its place."""
    if not path or not isinstance(structure, dict) or not structure:
        return value
    name = list(structure)[path[0] % len(structure)]
    return {**structure, name: put(structure[name], path[1:], value)}


PATHS = st.lists(st.integers(0, 8), max_size=3).map(tuple)


def a_ticker(path: tuple[int, ...], value: object) -> None:
    quote = read_quote(put(TICKER, path, value), Timestamp(1))
    assert quote is None or (0 < quote.bid <= 1e20 and 0 < quote.ask <= 1e20 and quote.last > 0)


def a_balance(path: tuple[int, ...], value: object) -> None:
    read = read_balances(put(BALANCE, path, value))
    ledger = Ledger(1_000)
    ledger.reserve(200)
    for _ in range(2):
        message = BalancesReported(total=read.total, free=read.free, unknown=read.unknown)
        ledger.tell(message)
        ledger.wait(10_000)
    assert all(money.amount > 0 for money in (*read.total, *read.free))


def a_market(path: tuple[int, ...], value: object) -> None:
    rules = read_rules(put(MARKET, path, value), PRECISION, FeeCurrency.RECEIVED, 0)
    assert rules.tick_size > 0
    assert rules.step_size > 0


def a_candle(path: tuple[int, ...], value: object) -> None:
    row: list[object] = [1_700_000_000_000, 100.0, 101.0, 99.0, 100.5, 7.0]
    if path:
        row[path[0] % len(row)] = value
        candle = read_candle(row)
    else:
        candle = read_candle(value)
    assert candle.low <= candle.high < float("inf")


def an_error(path: tuple[int, ...], value: object) -> None:
    text = REDACT(f"{value} a secret of ours {value}" if path else value)
    assert text.isprintable()
    assert "a secret" not in text
    text.encode()
    for meaning in (of_submit, of_cancel, of_read):
        assert str(meaning(ccxt.ExchangeError(text), text, PROFILES["binance"])) == text


def a_setting(path: tuple[int, ...], value: object) -> None:
    keys = ("drop.budget", "plan.take_profit_ratio", "account.tag", "exchange", "capital.USDT",
            "plan.entry_ladder", "log.rotate_bytes", "drop.symbols", str(value)[:100])  # fmt: skip
    key = keys[sum(path) % len(keys)]
    try:
        load(None, [f"{key}={value if isinstance(value, str) else repr(value)}"])
    except ConfigError as error:
        check_told(*str(error).split("\n"))


def an_answer(path: tuple[int, ...], value: object) -> None:
    fields: dict[str, Any] = {"reason": "a test", "budget": Decimal(100), "plan": {}}
    name = ("reason", "budget", "plan")[sum(path) % 3]
    if name == "plan" and len(path) > 1:
        value = {Plan.__struct_fields__[path[0] % len(Plan.__struct_fields__)]: value}
    try:
        enter = checked(Enter(**{**fields, name: value}) if path else value)
        if enter is not None:
            plan_of(enter, DEFAULTS.plan, Capabilities())
            assert enter.budget is None or 0 < enter.budget <= LARGEST
    except StrategyError as error:
        check_told(str(error))


SURFACES = (a_ticker, a_balance, a_market, a_candle, an_error, a_setting, an_answer)


@seed(SEED)
@PROFILE
@given(st.sampled_from(SURFACES), PATHS, VALUES)
def test_whatever_else_is_handed_in_is_read_or_refused(
    surface: Any,  # noqa: ANN401 - one of the above
    path: tuple[int, ...],
    value: object,
) -> None:
    try:
        surface(path, value)
    except (BadValueError, UnreadableRulesError) as error:
        check_told(str(error))


@settings(PROFILE, max_examples=max(CASES // 20, 50))
@seed(SEED)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=3), VALUES)
def test_whatever_a_line_of_a_recording_holds_it_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, places: list[int], value: object
) -> None:
    path = Path(tmp_path_factory.getbasetemp()) / "BTC-USDT-1m.csv"
    fields = ["1700000040000", "100", "101", "99", "100.5", "7"]
    for place in places:
        fields[place] = str(value)
    text = f"{CANDLE_HEADER}\n{','.join(fields)}\n"
    path.write_bytes(text.encode("utf-8", "surrogateescape" if text.isascii() else "replace"))
    try:
        candles = list(read_candles(open_recording(path), VolumeIn.BASE))
    except RecordingError as error:
        check_told(str(error))
        return
    assert all(0 < candle.low <= candle.high < 1e16 for candle in candles)
