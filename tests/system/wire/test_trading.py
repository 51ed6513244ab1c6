"""The whole system trades a recording through the wire while the wire fails, and its books hold."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

import pytest

from actors.observers.trades import Trade
from exchange.server.control import HeardRequest, Release
from exchange.server.thread import ServerThread
from exchange.server.wire_faults import WireFault
from messages.position import CloseCause
from messages.reconciler import Trade as Fill
from tests.system.wire.ledger import check_ledger
from tests.system.wire.scenes import (
    BALANCES,
    LIVELY,
    RECORDING,
    SCENES,
    SYMBOL,
    Scene,
    faults,
    prices,
)
from tests.system.wire.session import WireSession

MINUTES = {"binance": 30, "mexc": 22}


class Traded(NamedTuple):
    """What a way through a recording came to."""

    trades: tuple[Trade, ...]
    to_come: tuple[WireFault, ...]
    """What was planned to go wrong and did not come to it."""
    requests: tuple[HeardRequest, ...]
    fills: tuple[Fill, ...]
    """By the venue's books."""


@pytest.mark.parametrize(
    ("scene", "part"), [(scene, place % 2) for place, scene in enumerate(SCENES)], ids=str
)
def test_a_recording_is_traded_to_the_last_digit_whatever_the_wire_does(
    scene: Scene, part: int, tmp_path: Path
) -> None:
    planned = faults(scene.dialect)[part::2]
    traded = trade(scene, planned, prices(RECORDING, LIVELY, MINUTES[scene.dialect]), tmp_path)
    happened = [fault for fault in planned if fault not in traded.to_come]
    assert {fault.on for fault in happened} == {fault.on for fault in planned}
    assert len(happened) >= len(traded.to_come)
    causes = Counter(trade.cause for trade in traded.trades)
    assert causes[CloseCause.TAKE_PROFIT] >= 2, causes
    assert causes[CloseCause.STOP_LOSS] >= 2, causes
    switches = sum(trade.switches for trade in traded.trades)
    assert (switches > 0) is (scene.name == "switching")
    lists = sum("orderList" in request.path for request in traded.requests)
    assert (lists > 0) is ("oco" in scene.plan[0])
    stops = sum("type=STOP_LOSS" in request.text for request in traded.requests)
    assert (stops > 0) is (scene.name in {"stop_rests", "switching"})
    if scene.is_crowd:
        check_crowd(traded)


def check_crowd(traded: Traded) -> None:
    """Positions lived beside each other, and orders took several prices, and rested in parts."""
    turns = sorted(
        [(trade.began_at, 1) for trade in traded.trades]
        + [(trade.closed_at, -1) for trade in traded.trades]
    )
    assert max(accumulate(change for _, change in turns)) == 3
    prices_of, parts = defaultdict(set), Counter[str]()
    for fill in traded.fills:
        prices_of[fill.client_order_id].add(fill.price)
        parts[fill.client_order_id] += fill.is_maker
    assert sum(len(found) > 1 for found in prices_of.values()) >= 10
    assert sum(count > 1 for count in parts.values()) >= 5


def trade(
    scene: Scene, planned: Iterable[WireFault], walk: Iterable[float], folder: Path
) -> Traded:
    """Trade along ``walk`` while what is planned goes wrong; end flat, with an exact ledger."""
    with ServerThread(scene.dialect, [scene.rules], BALANCES) as server:
        first, *_ = walk = tuple(walk)
        server.move(SYMBOL, first, quantity=scene.depth)
        begin = server.read()
        with WireSession(server, scene.dialect, scene.settings, folder) as session:
            session.strategy.joins = scene.is_crowd
            server.plan(*planned)
            for price in walk:
                session.move(SYMBOL, price, scene.depth)
            to_come = server.read().to_come
            server.plan()
            server.send(Release())
            session.move(SYMBOL, price)  # deep enough to sell all
            session.end_flat()
            check_ledger(session, begin)
            end = server.read()
            return Traded(tuple(session.trades.values()), to_come, end.requests, end.trades)
