"""Sums over trades: the same whether the trades are kept or not."""

from decimal import Decimal

import msgspec

from actors.observers.tally import Tally
from actors.observers.trades import Trade
from messages.base import Currency, Milliseconds, PositionId, Symbol, Timestamp
from messages.money import Money
from messages.position import CloseCause

USDT, BTC = Currency("USDT"), Currency("BTC")
TRADE = Trade(
    position_id=PositionId("p1"),
    symbol=Symbol("BTC/USDT"),
    began_at=Timestamp(0),
    entered_at=Timestamp(0),
    closed_at=Timestamp(1),
    quantity=Decimal(1),
    entry_price=Decimal(100),
    exit_price=Decimal(103),
    cost=Decimal(100),
    proceeds=Decimal(103),
    fees=(Money(USDT, Decimal("0.2")),),
    pnl=Decimal("2.8"),
    return_ratio=Decimal("0.028"),
    cause=CloseCause.TAKE_PROFIT,
    reason="",
    switches=0,
    exit_orders=1,
    dust=Decimal(0),
    unprotected={"opening": Milliseconds(5)},
)


def test_a_tally_adds_up_what_the_trades_say() -> None:
    tally = Tally()
    loss = msgspec.structs.replace(TRADE, pnl=Decimal(-1), cause=CloseCause.STOP_LOSS)
    in_btc = msgspec.structs.replace(TRADE, symbol=Symbol("ETH/BTC"), pnl=Decimal("0.01"))
    for trade in (TRADE, loss, in_btc):
        tally.add(trade)
    assert (tally.trades, tally.wins) == (3, 2)
    assert tally.pnl == {USDT: Decimal("1.8"), BTC: Decimal("0.01")}
    assert tally.fees == (Money(USDT, Decimal("0.6")),)
    assert tally.exits == {"take_profit": 2, "stop_loss": 1}
    assert tally.unprotected_ms == {"opening": 15}


def test_a_trade_without_profit_is_no_win() -> None:
    tally = Tally()
    tally.add(msgspec.structs.replace(TRADE, pnl=Decimal(0)))
    assert (tally.trades, tally.wins) == (1, 0)
