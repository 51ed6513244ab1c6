"""The whole system trades a recording through the wire while the wire fails, and its books hold."""

from collections import Counter
from pathlib import Path

import pytest

from exchange.server.control import Release
from exchange.server.thread import ServerThread
from messages.position import CloseCause
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

MINUTES = {"binance": 32, "mexc": 26}


@pytest.mark.parametrize(
    ("scene", "part"), [(scene, place % 2) for place, scene in enumerate(SCENES)], ids=str
)
def test_a_recording_is_traded_to_the_last_digit_whatever_the_wire_does(
    scene: Scene, part: int, tmp_path: Path
) -> None:
    planned = faults(scene.dialect)[part::2]
    with ServerThread(scene.dialect, [scene.rules], BALANCES) as server:
        server.move(SYMBOL, 40_000.0)
        begin = server.read()
        with WireSession(server, scene.dialect, scene.settings, tmp_path) as session:
            server.plan(*planned)
            for price in prices(RECORDING, LIVELY, MINUTES[scene.dialect]):
                session.move(SYMBOL, price)
            to_come = server.read().to_come
            server.plan()
            server.send(Release())
            session.end_flat()
            check_ledger(session, begin)
            server_said = server.read().requests
        causes = Counter(trade.cause for trade in session.trades.values())
    happened = [fault for fault in planned if fault not in to_come]
    assert {fault.on for fault in happened} == {fault.on for fault in planned}
    assert len(happened) >= len(to_come)
    assert causes[CloseCause.TAKE_PROFIT] >= 2, causes
    assert causes[CloseCause.STOP_LOSS] >= 2, causes
    switches = sum(trade.switches for trade in session.trades.values())
    assert (switches > 0) is (scene.name == "switching")
    lists = sum("orderList" in request.path for request in server_said)
    assert (lists > 0) is (scene.name == "oco")
    stops = sum("type=STOP_LOSS" in request.text for request in server_said)
    assert (stops > 0) is (scene.name in {"stop_rests", "switching"})
