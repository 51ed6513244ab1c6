"""After three restarts view, summary, equity.csv, trades.csv, export and ledger say the same.

With partial fills, fees in a third currency, and positions that stay open from one session to the
next. The expected figures are reckoned here from the fills that the export has, by average cost.
"""

import csv
import json
import time
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest

import supervisor
from actors.journal.inspection import find
from actors.portfolio.accounts import Account as Books
from actors.portfolio.accounts import Booking, Totals
from actors.strategy.actor import strategy_of
from commands.export import export
from config.loading import load
from config.settings import Settings
from messages.addresses import PORTFOLIO
from messages.base import Timestamp
from messages.money import ZERO, divide_even
from messages.session import SessionPicture
from session.account import PAPER, Account, account_folder
from session.artifacts import SessionFiles
from session.paper import Ended, Session
from session.table_files import Format
from terminal.header import EMBEDDED, SessionHeader

SYMBOLS = ("BTC/USDT", "ETH/USDT", "SOL/USDT")
FEES = "fee_currency='third',fee_third_currency='BNB',fee_third_rate=600"
SETTINGS = (
    f"drop.symbols={list(SYMBOLS)}",
    "drop.drop_ratio=0.2%",
    "guards.max_slippage_ratio=5%",
    "guards.narrowest_share=1",
    "drop.budget=150_000",
    "capital={USDT=1_000_000,BNB=5_000}",
    "plan.take_profit_ratio=0.5%",
    "plan.stop_loss_ratio=0.5%",
    "plan.protection_mode=synthetic",
    "portfolio.cooldown_seconds=0",
    *(f'market."{symbol}"={{{FEES}}}' for symbol in SYMBOLS),
)
SPEED = 1000
TRADES = 4
SECONDS = 60
"""How long a session may take for so many trades."""


class Run(NamedTuple):
    """One session, and what each place said of it at its end."""

    picture: SessionPicture
    ended: Ended
    books: dict[str, Books]
    bookings: list[Booking]
    totals: Totals
    folder: Path

    @property
    def equity(self) -> list[dict[str, str]]:
        return read(self.folder / "equity.csv")

    @property
    def trades(self) -> list[dict[str, str]]:
        return read(self.folder / "trades.csv")


def run(state: Path, folder: Path, settings: Settings) -> Run:
    folder.mkdir()
    place = account_folder(state, "", PAPER)
    account = Account(place, folder, Timestamp(int(time.time() * 1000)), is_fresh=False)
    header = SessionHeader(
        mode="paper money",
        market=EMBEDDED,
        seed=account.seed_of(settings),
        speed=SPEED,
        session_dir=folder,
    )
    with account, SessionFiles(header, settings) as files:
        session = Session(supervisor.start, settings, strategy_of(settings), header, files, account)
        picture = watched(session)
        ended = session.stop()
        files.end(ended.summary, "a test")
    assert ended.is_whole
    found = find(place)
    assert found is not None
    (kept,) = (one.entities for one in found.snapshot.actors if one.actor == PORTFOLIO)
    return Run(
        picture,
        ended,
        {one.currency: one for one in kept if isinstance(one, Books)},
        [one for one in kept if isinstance(one, Booking)],
        next(one for one in kept if isinstance(one, Totals)),
        folder,
    )


def watched(session: Session) -> SessionPicture:
    """Watch until enough was traded and something is open."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        picture = session.look()
        is_traded = picture is not None and picture.trades >= TRADES
        if picture is not None and is_traded and any(row.held for row in picture.positions):
            return picture
        time.sleep(0.05)
    raise AssertionError("too little was traded")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    folder = tmp_path_factory.mktemp("restarts")
    settings = load(None, [*SETTINGS, f"paper.speed={SPEED}"])
    return [run(folder / "state", folder / f"session-{n}", settings) for n in range(4)]


@pytest.fixture(scope="module")
def tables(runs: list[Run], tmp_path_factory: pytest.TempPathFactory) -> Path:
    to = tmp_path_factory.mktemp("tables")
    export(runs[0].folder.parent / "state", None, to, Format.CSV, with_tax=True)
    return to


@pytest.fixture(scope="module")
def fills(tables: Path) -> list[dict[str, str]]:
    return read(tables / "fills.csv")


def test_there_were_partial_fills_and_fees_in_a_third_currency(
    runs: list[Run], fills: list[dict[str, str]]
) -> None:
    by_order: dict[str, int] = defaultdict(int)
    for fill in fills:
        by_order[fill["client_order_id"]] += 1
    assert max(by_order.values()) > 1
    assert runs[-1].books["BNB"].realised < 0
    assert any(one.ended.living for one in runs[:-1])


def test_the_ledger_is_what_the_fills_come_to(runs: list[Run], fills: list[dict[str, str]]) -> None:
    """By average cost; what a closed position has left is written off."""
    last = runs[-1]
    living = {life.position.position_id for life in last.ended.living}
    expected = realised(fills, {fill["position_id"] for fill in fills} - living)
    assert abs(last.books["USDT"].realised - expected["USDT"]) < Decimal("1e-8")
    assert last.books["BNB"].realised == expected["BNB"] < 0
    assert set(expected) == {"BNB", "USDT"}


def sums() -> dict[str, Decimal]:
    return defaultdict(Decimal)


def pairs(text: str) -> list[tuple[Decimal, str]]:
    words = text.split()
    return [(Decimal(a), c) for a, c in zip(words[::2], words[1::2], strict=True)]


def realised(fills: list[dict[str, str]], closed: set[str]) -> dict[str, Decimal]:
    """Return what such fills come to by currency, with what ``closed`` have left written off."""
    bought, cost, sold, proceeds, result = (sums() for _ in range(5))
    for fill in fills:
        quantities, amounts = (bought, cost) if fill["side"] == "buy" else (sold, proceeds)
        quantities[fill["position_id"]] += Decimal(fill["fill_quantity"])
        amounts[fill["position_id"]] += Decimal(fill["fill_cost"])
        for amount, currency in pairs(fill["fees"]):
            result[currency] -= amount
    for name in bought:
        share = divide_even(sold[name], bought[name], Decimal("1e-30")) if name not in closed else 1
        result["USDT"] += proceeds[name] - cost[name] * share
    return result


def test_summary_curve_and_ledger_say_the_same_at_each_end(runs: list[Run]) -> None:
    before: dict[str, Decimal] = defaultdict(Decimal)
    trades = wins = 0
    for one in runs:
        (written,) = json.loads((one.folder / "summary.json").read_text())
        rows = {row["currency"]: row for row in one.equity[-2:]}
        assert set(rows) == set(written["currencies"]) == {"BNB", "USDT"}
        for currency, said in written["currencies"].items():
            books, row = one.books[currency], rows[currency]
            assert Decimal(said["realised"]) == books.realised == Decimal(row["realised"])
            assert Decimal(said["session_realised"]) == books.realised - before[currency]
            assert Decimal(said["session_realised"]) == Decimal(row["session_realised"])
            parts = (said["capital"], said["realised"], said["unrealised"])
            assert Decimal(said["equity"]) == sum(map(Decimal, parts)) == Decimal(row["equity"])
            assert Decimal(said["session_change"]) == Decimal(row["session_change"])
            before[currency] = books.realised
        trades += len(one.trades)
        wins += sum(Decimal(trade["pnl"]) > 0 for trade in one.trades)
        assert (written["trades"], written["account_trades"]) == (len(one.trades), trades)
        assert (one.totals.trades, one.totals.wins) == (trades, wins)
        assert written["account_wins"] == wins
        earned = sum((Decimal(trade["pnl"]) for trade in one.trades), ZERO)
        assert Decimal(written["currencies"]["USDT"]["pnl"]) == earned


def test_the_view_shows_the_accounts_totals_and_the_sessions_part(runs: list[Run]) -> None:
    for before, one in zip([None, *runs], runs, strict=False):
        for row in one.picture.capital:
            was = ZERO if before is None else before.books[row.currency].realised
            assert row.equity == row.capital + row.realised + row.unrealised
            assert row.session_realised == row.realised - was
        assert one.picture.account_trades - one.picture.trades == (
            0 if before is None else before.totals.trades
        )


def test_a_restart_is_no_drawdown_and_each_row_is_from_the_sessions_peak(
    runs: list[Run], fills: list[dict[str, str]]
) -> None:
    """The first row comes when all that is held has a price: something may be sold by then."""
    trades = [trade for one in runs for trade in one.trades]
    for one in runs[1:]:
        for currency in ("BNB", "USDT"):
            rows = [row for row in one.equity if row["currency"] == currency]
            lost = -min(ZERO, Decimal(rows[0]["session_change"]))
            assert Decimal(rows[0]["drawdown"]) == lost
            at = int(rows[0]["at_ms"])
            closed = {t["position_id"] for t in trades if int(t["closed_at_ms"]) <= at}
            known = [fill for fill in fills if int(fill["at_ms"]) <= at]
            # The ledger books a fill some steps after the router has recorded it.
            booked = [realised(known[: len(known) - late], closed)[currency] for late in range(3)]
            first = Decimal(rows[0]["realised"])
            assert any(abs(first - value) < Decimal("1e-8") for value in booked), (first, booked)
            peak = Decimal(rows[0]["equity"]) + lost
            worst = ratio = ZERO
            for row in rows:
                equity = Decimal(row["equity"])
                peak = max(peak, equity)
                worst = max(worst, peak - equity)
                ratio = max(ratio, divide_even(peak - equity, peak))
                assert Decimal(row["drawdown"]) == peak - equity
            said = one.ended.summary.currencies[currency]
            assert said.max_drawdown == worst
            assert said.max_drawdown_ratio == divide_even(ratio, Decimal(1), Decimal("0.0001"))


def test_the_tax_tables_have_both_legs_of_each_fill_and_agree_with_the_ledger(
    runs: list[Run], tables: Path
) -> None:
    rows = read(tables / "tax_fills.csv")
    assert all(row["trade_id"] and row["exchange_order_id"] for row in rows)
    assert len({row["trade_id"] for row in rows}) == len(rows)
    assert all(row["time_utc"].endswith("Z") and row["fee_currency"] == "BNB" for row in rows)
    assert all(Decimal(row["fee_value"]) == Decimal(row["fee"]) * 600 for row in rows)
    moved = sums()
    for row in rows:
        moved[row["received_currency"]] += Decimal(row["received"])
        moved[row["sent_currency"]] -= Decimal(row["sent"])
    books = runs[-1].books
    cash = books["USDT"].free + books["USDT"].reserved
    assert moved["USDT"] == cash - books["USDT"].capital
    assert all(moved[c] == books[c].held for c in ("BTC", "ETH", "SOL") if c in books)
    sides = read(tables / "tax_reconciliation.csv")
    assert {row["what"] for row in sides} == {"cash", "coins", "gains fifo", "gains average"}
    assert {row["difference"] for row in sides} == {"0"}


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))
