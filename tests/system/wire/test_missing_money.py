"""A venue that fills an entry and an exit, and says only later what they cost."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest
from msgspec.structs import replace

from actors.position.states import State
from config.loading import load
from exchange.server.thread import ServerThread
from messages.base import Milliseconds
from tests.system.wire.ledger import check_ledger
from tests.system.wire.scenes import BALANCES, OFTEN, SCENES, SYMBOL, Scene
from tests.system.wire.session import HASTY, WireSession

SETS = (
    f'drop.symbols=["{SYMBOL}"]',
    *OFTEN,
    "plan.protection_mode=synthetic",
    "plan.stop_loss_ratio=0.02",
)


class Silent:
    """What is between ccxt's class and the session: while ``is_silent`` no money is told."""

    def __init__(self, client: Any) -> None:  # noqa: ANN401 - ccxt's
        self.is_silent = True
        for name in ("create_order", "fetch_order", "cancel_order"):
            setattr(client, name, self._order(getattr(client, name)))
        for name in ("watch_orders", "fetch_open_orders"):
            setattr(client, name, self._orders(getattr(client, name)))
        for name in ("fetch_my_trades", "fetch_order_trades"):
            setattr(client, name, self._fills(getattr(client, name)))
        client.watch_my_trades = self._never

    def _without(self, order: Any) -> Any:  # noqa: ANN401 - ccxt's
        if not self.is_silent or not isinstance(order, dict):
            return order
        money = ("cost", "average", "price", "fee")
        return {**order, **dict.fromkeys(money), "trades": [], "fees": []}

    def _order(self, real: Any) -> Any:  # noqa: ANN401 - ccxt's
        async def one(*args: object, **named: object) -> object:
            return self._without(await real(*args, **named))

        return one

    def _orders(self, real: Any) -> Any:  # noqa: ANN401 - ccxt's
        async def many(*args: object, **named: object) -> object:
            return [self._without(order) for order in await real(*args, **named)]

        return many

    def _fills(self, real: Any) -> Any:  # noqa: ANN401 - ccxt's
        async def fills(*args: object, **named: object) -> object:
            told = await real(*args, **named)
            return [] if self.is_silent else told

        return fills

    async def _never(self, *_: object, **__: object) -> object:
        return await asyncio.Event().wait()


class SilentSession(WireSession):
    """A session at a venue that may be silent about money."""

    silent: Silent

    def __enter__(self) -> Self:
        opened = self.connection.open

        def open_and_silence() -> Any:  # noqa: ANN401 - what it is opened with
            found = opened()
            self.silent = Silent(self.connection.client)
            return found

        self.connection.open = open_and_silence  # type: ignore[method-assign]  # to listen in
        super().__enter__()
        return self

    def booked(self) -> Any:  # noqa: ANN401 - of its one position
        (position,) = self.positions.values()
        return position.booked

    def state(self) -> State:
        (position,) = self.positions.values()
        return position.state


@pytest.fixture(params=[SCENES[0], SCENES[3]], ids=str)
def scene(request: pytest.FixtureRequest) -> Scene:
    found: Scene = request.param
    return found


@pytest.fixture
def session(scene: Scene, tmp_path: Path) -> Iterator[SilentSession]:
    live = replace(HASTY, request_timeout_ms=Milliseconds(1_500))
    with ServerThread(scene.dialect, [scene.rules], BALANCES) as server:
        server.move(SYMBOL, 40_000.0)
        with SilentSession(server, scene.dialect, load(None, SETS), tmp_path, live) as opened:
            yield opened


def test_a_fill_without_its_cost_is_protected_and_booked_when_the_cost_is_told(
    session: SilentSession,
) -> None:
    server, begin = session.server, session.server.read()
    server.move(SYMBOL, 40_000.01)
    session.wait_until(lambda: bool(session.positions))
    session.strategy.may = False
    session.wait_until(lambda: session.state() is State.PROTECTING)
    assert session.booked().bought_cost == 0
    assert session.booked().unpriced_bought > 0
    bought = [order for order in server.read().orders if order.filled]
    assert len(bought) == 1
    session.silent.is_silent = False
    session.wait_until(lambda: bool(session.booked().bought_cost))
    assert session.booked().is_priced
    session.silent.is_silent = True
    server.move(SYMBOL, 39_000.0)
    session.wait_until(lambda: session.booked().unpriced_sold > 0)
    assert session.state() is State.CLOSING
    assert not session.trades
    session.silent.is_silent = False
    session.wait_until(lambda: session.state() is State.CLOSED and bool(session.trades))
    (trade,) = session.trades.values()
    assert trade.pnl < 0
    session.wait_until(session._is_settled)
    check_ledger(session, begin)
