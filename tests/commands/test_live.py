"""Sessions on a venue over the wire: the whole tree, ccxt's own class, and what they leave."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from loguru import logger

import supervisor
from commands.live import RealMarket, run_on_exchange
from exchange.server.connect import open_session
from exchange.server.thread import ServerThread
from messages.base import Timestamp
from messages.gateway import MarketMoved
from messages.market import Quote
from messages.market_data import QuoteReceived
from messages.order_router import StreamChanged
from session.connection import Way
from session.options import Options
from session.process import disarm
from session.trading_modes import Mode, Venue
from terminal.errors import UsageError
from tests.exchange.venue import RULES, SYMBOL, holding

SETS = (
    f'drop.symbols=["{SYMBOL}"]',
    "drop.budget=50",
    "portfolio.max_budget=100",
    "portfolio.daily_loss_limit=50",
)


@pytest.fixture(autouse=True)
def _no_log_stays() -> Iterator[None]:
    yield
    logger.remove()
    logger.configure(patcher=lambda _: None)


@pytest.fixture
def server() -> Iterator[ServerThread]:
    with ServerThread("binance", [RULES], holding()) as thread:
        thread.move(SYMBOL, 100.0, 100.1)
        yield thread


def ran(server: ServerThread, folder: Path, mode: Mode, *sets: str) -> None:
    reach = server.reach
    way = Way(
        make_session=lambda: open_session(reach),
        environment={"BINANCE_APIKEY": reach.api_key, "BINANCE_SECRET": reach.secret},
        pause=lambda _: None,
    )
    options = Options(
        sets=(*SETS, *sets),
        duration_seconds=1.5,
        session_dir=folder / "session",
        state_dir=folder / "state",
        headless=True,
    )
    venue = Venue(mode=mode, exchange_id="binance", is_sure=True)
    try:
        run_on_exchange(supervisor.start, options, venue, way)
    finally:
        disarm()  # as a command does: this process goes on


@pytest.mark.parametrize("mode", [Mode.LIVE, Mode.DRY_RUN])
def test_a_session_starts_comes_to_rest_and_leaves_its_files(
    server: ServerThread, tmp_path: Path, mode: Mode, capsys: pytest.CaptureFixture[str]
) -> None:
    ran(server, tmp_path, mode)
    said = capsys.readouterr().out
    assert f"{mode.value} on Binance, account main" in said
    assert "a position at most 100, positions" in said
    assert "nothing stays open" in said
    assert (tmp_path / "state" / f"{mode.value}-binance-main").is_dir()
    session = json.loads((tmp_path / "session" / "session.json").read_bytes())
    assert "Binance" in str(session)
    everything = b"".join(f.read_bytes() for f in tmp_path.rglob("*") if f.is_file())
    assert server.reach.secret.encode() not in everything
    assert server.reach.api_key.encode() not in everything
    assert server.reach.secret not in said


def test_a_symbol_the_exchange_has_not_is_refused_before_anything_starts(
    server: ServerThread, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=r"drop\.symbols: Binance has no market BTC/EUR"):
        ran(server, tmp_path, Mode.LIVE, 'drop.symbols=["BTC/EUR"]', "capital.EUR=100")
    assert not (tmp_path / "state").exists()


def quote(at: int) -> QuoteReceived:
    return QuoteReceived(
        quote=Quote(symbol=SYMBOL, at=Timestamp(at), bid=99.0, ask=101.0, last=100.0)
    )


def test_paper_orders_meet_a_real_markets_quotes_each_once() -> None:
    market = RealMarket(Timestamp(1_000))
    market.heard(quote(1_001))
    market.heard(StreamChanged(up=True))
    market.heard(quote(1_002))
    moved = market.advance(Timestamp(1_050))
    assert [(one.at, one.bid) for one in moved if isinstance(one, MarketMoved)] == [
        (1_001, 99.0),
        (1_002, 99.0),
    ]
    assert market.advance(Timestamp(1_100)) == ()
    assert market.next_at == 1_100
