"""Pictures of sessions to draw: a busy one, one that only begins, and parts to build others."""

from decimal import Decimal
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from messages.base import Address, Currency, PositionId, Symbol, Timestamp
from messages.portfolio import TradingState
from messages.session import (
    ActorRow,
    CapitalRow,
    EventLine,
    PositionRow,
    SessionPicture,
    TradeRow,
    WatchRow,
)
from terminal.header import SessionHeader

NOW = Timestamp(1_795_183_402_000)
SECOND, MINUTE, HOUR = 1_000, 60_000, 3_600_000

HEADER = SessionHeader(
    mode="paper money",
    market="embedded market",
    seed=7,
    speed=60,
    session_dir=Path("sessions/2026-11-20_14-03-22"),
)


def ago(ms: int) -> Timestamp:
    return Timestamp(NOW - ms)


def position(number: int = 17, **changes: Any) -> PositionRow:  # noqa: ANN401 - any field
    """Return a protected position in profit: bought at 100, stop 98, target 103, now 101."""
    row = PositionRow(
        position_id=PositionId(f"p{number}"),
        symbol=Symbol("BTC/USDT"),
        state="protecting",
        mode="synthetic",
        lives_at_venue=False,
        is_covered=True,
        resting="take profit 103.00 working",
        held=Decimal("1.99"),
        average_entry=Decimal("100.00"),
        stop=Decimal("98.00"),
        target=Decimal("103.00"),
        last=101.0,
        pnl=Decimal("1.79"),
        return_ratio=0.009,
        began_at=ago(12 * MINUTE),
        is_stuck=False,
    )
    return replace(row, **changes)


def market(symbol: str = "BTC/USDT", **changes: Any) -> WatchRow:  # noqa: ANN401 - any field
    row = WatchRow(
        symbol=Symbol(symbol),
        last=97_123.4,
        anchor=97_542.8,
        spread_ratio=0.0002,
        drop_ratio=0.0043,
        at=ago(SECOND),
        is_stale=False,
    )
    return replace(row, **changes)


def mailbox(address: str, depth: int = 0, processed: int = 0, restarts: int = 0) -> ActorRow:
    return ActorRow(
        address=Address(address), depth=depth, processed=processed, skipped=0, restarts=restarts
    )


def event(text: str, level: str = "info", before_ms: int = 0) -> EventLine:
    return EventLine(at=ago(before_ms), level=level, text=text)


def capital(currency: str = "USDT", **changes: Any) -> CapitalRow:  # noqa: ANN401 - any field
    row = CapitalRow(
        currency=Currency(currency),
        capital=Decimal(10_000),
        equity=Decimal("10023.11"),
        realised=Decimal("18.40"),
        unrealised=Decimal("4.71"),
        session_change=Decimal("-3.02"),
        session_realised=Decimal("-7.73"),
        today=Decimal("-2.95"),
    )
    return replace(row, **changes)


def beginning() -> SessionPicture:
    """Return the picture of a session that has only begun."""
    return SessionPicture(
        at=NOW,
        trading_state=TradingState.ACTIVE,
        positions=(),
        capital=(
            capital(
                equity=Decimal(10_000),
                realised=Decimal(0),
                unrealised=Decimal(0),
                session_change=Decimal(0),
                session_realised=Decimal(0),
            ),
        ),
        watchlist=(market(drop_ratio=None), market("ETH/USDT", last=3_412.55, drop_ratio=None)),
        actors=tuple(mailbox(name) for name in ("gateway", "order_router", "market_data")),
        events=(),
        trades=0,
        wins=0,
        alarms={},
        open_alarms={},
        errors={},
        refusals={},
    )


def busy() -> SessionPicture:
    """Return the picture of a session in full swing: one position of each kind."""
    return replace(
        beginning(),
        positions=_positions(),
        capital=(capital(),),
        watchlist=_watchlist(),
        actors=_actors(),
        events=_events(),
        trades=12,
        wins=7,
        closed=_closed(),
        account_trades=31,
        account_wins=18,
        alarms={"uncovered": 1},
        open_alarms={"uncovered": 1},
        refusals={"cooldown": 23, "positions_per_symbol": 8, "max_spread_ratio": 2},
    )


def many(positions: int) -> SessionPicture:
    """Return a busy picture with so many positions."""
    symbols = [row.symbol for row in _watchlist()]
    rows = (
        position(number, symbol=symbols[number % len(symbols)], last=97.5 + number % 6)
        for number in range(1, positions + 1)
    )
    return replace(busy(), positions=tuple(rows))


def _positions() -> tuple[PositionRow, ...]:
    return (
        position(11, began_at=ago(3 * HOUR + 5 * MINUTE)),
        position(
            14,
            symbol=Symbol("ETH/USDT"),
            mode="switching",
            lives_at_venue=True,
            resting="stop loss 3345.60 working",
            held=Decimal("0.0585"),
            average_entry=Decimal("3413.90"),
            stop=Decimal("3345.60"),
            target=Decimal("3516.30"),
            last=3_371.25,
            pnl=Decimal("-2.69"),
            return_ratio=-0.0125,
            began_at=ago(41 * MINUTE),
        ),
        position(
            15,
            symbol=Symbol("SOL/USDT"),
            mode="oco",
            lives_at_venue=True,
            resting="protection 148.31 / 143.20 working",
            held=Decimal("1.38"),
            average_entry=Decimal("144.00"),
            stop=Decimal("144.60"),
            target=Decimal("148.31"),
            last=147.12,
            pnl=Decimal("4.30"),
            return_ratio=0.0217,
            began_at=ago(18 * MINUTE),
        ),
        position(
            16,
            symbol=Symbol("DOGE/USDT"),
            state="closing",
            resting="close at the market placing",
            held=Decimal(508),
            average_entry=Decimal("0.3935"),
            stop=Decimal("0.3856"),
            target=Decimal("0.4053"),
            last=0.3849,
            pnl=Decimal("-4.37"),
            return_ratio=-0.0219,
            is_covered=False,
            began_at=ago(6 * MINUTE),
        ),
        position(
            17,
            symbol=Symbol("AVAX/USDT"),
            state="opening",
            resting="",
            held=Decimal(0),
            average_entry=None,
            stop=None,
            target=None,
            last=35.114,
            pnl=None,
            return_ratio=None,
            is_covered=False,
            began_at=ago(SECOND),
        ),
    )


def _watchlist() -> tuple[WatchRow, ...]:
    return (
        market(),
        market("ETH/USDT", last=3_371.25, anchor=3_428.86, drop_ratio=0.0168, spread_ratio=0.0003),
        market("SOL/USDT", last=147.12, anchor=146.944, drop_ratio=-0.0012, spread_ratio=0.0004),
        market("XRP/USDT", last=1.1122, anchor=1.11298, drop_ratio=0.0007, spread_ratio=0.0005),
        market("DOGE/USDT", last=0.3849, anchor=0.393719, drop_ratio=0.0224, spread_ratio=0.0007),
        market("ADA/USDT", last=0.7421, anchor=0.744408, drop_ratio=0.0031, spread_ratio=0.0006),
        market("AVAX/USDT", last=35.114, anchor=35.6524, drop_ratio=0.0151, spread_ratio=0.0008),
        market("LINK/USDT", last=14.712, anchor=14.8576, drop_ratio=0.0098, spread_ratio=0.0008),
        market(
            "DOT/USDT",
            last=5.604,
            anchor=5.63443,
            drop_ratio=0.0054,
            at=ago(14 * SECOND),
            is_stale=True,
        ),
        market(
            "PEPE/USDT", last=0.00002041, anchor=2.06203e-05, drop_ratio=0.0102, spread_ratio=0.0012
        ),
    )


def _closed() -> tuple[TradeRow, ...]:
    return (
        closed(10, "LINK/USDT", "time_limit", "0.42", 0.0021, 9 * MINUTE),
        closed(12, "XRP/USDT", "take_profit", "5.31", 0.0266, 4 * MINUTE),
        closed(13, "ADA/USDT", "stop_loss", "-4.12", -0.0206, 2 * MINUTE),
    )


def closed(
    number: int, symbol: str, cause: str, pnl: str, return_ratio: float, before_ms: int
) -> TradeRow:
    return TradeRow(
        position_id=PositionId(f"p{number}"),
        symbol=Symbol(symbol),
        closed_at=ago(before_ms),
        cause=cause,
        pnl=Decimal(pnl),
        return_ratio=return_ratio,
    )


def _actors() -> tuple[ActorRow, ...]:
    return (
        mailbox("journal", 0, 41_207),
        mailbox("gateway", 2, 60_412),
        mailbox("order_router", 0, 1_204),
        mailbox("market_data", 1, 58_871),
        mailbox("portfolio", 0, 866),
        mailbox("positions", 0, 52),
        mailbox("position/*", 0, 2_113),
        mailbox("guardian", 0, 3),
        mailbox("strategy_runner", 0, 9_690, restarts=1),
        mailbox("observers", 0, 71_554),
    )


def _events() -> tuple[EventLine, ...]:
    told = (
        "p12 XRP/USDT closed: take profit, +5.31 USDT (+2.66 %)",
        "p14 ETH/USDT: the stop took the slot, 3345.60 at the venue",
        "strategy restarted: no answer within 1 s",
        "p13 ADA/USDT closed: stop loss, -4.12 USDT (-2.06 %)",
        "p16 DOGE/USDT: stop touched at 0.3855, closing",
        "p16 DOGE/USDT is held and not covered since 2 s",
        "p17 AVAX/USDT opening: 1.51 % under the highest close",
    )
    levels = {2: "warning", 5: "alarm"}
    return tuple(
        event(text, levels.get(at, "info"), (len(told) - at) * 31 * SECOND)
        for at, text in enumerate(told)
    )
