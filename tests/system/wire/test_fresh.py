"""``--mode live --fresh`` with something open, as a person meets it."""

from pathlib import Path

from exchange.server.remote import ServerProcess
from messages.orders import OrderStatus
from tests.system.wire.program import Program, trading
from tests.system.wire.scenes import BALANCES, SCENES, SYMBOL

OCO = SCENES[0]
NAME = "live-binance-main"


def test_open_positions_are_given_up_by_name_only(tmp_path: Path) -> None:
    with ServerProcess("binance", [OCO.rules], BALANCES, tmp_path) as server:
        server.move(SYMBOL, 40_000.0)
        with Program(server, tmp_path, *trading(OCO, tmp_path, "Always", "--yes")) as first:
            first.read_until("open → protecting")
            server.wait_for(lambda picture: picture.orders[-1].status is OrderStatus.OPEN)
            first.kill()
        begin = server.read()
        again = trading(OCO, tmp_path, "Never", "--yes", "--fresh")
        with Program(server, tmp_path, *again) as second:
            second.read_until(f"the journal of {NAME} leaves open:")
            second.read_until(" BTC/USDT: ")
            second.read_until("No session of Holdfast will manage this any more")
            second.read_until(f"type the account's name, {NAME}:")
            second.type("yes")
            assert second.end() == 2
        assert f"confirm with --abandon {NAME}" in second.said
        assert not list((tmp_path / "state" / NAME).glob("before-*"))
        anew = trading(OCO, tmp_path, "Never", "--yes", "--fresh", "--abandon", NAME)
        with Program(server, tmp_path, *anew) as third:
            third.read_until("a new account in")
            third.read_until(f"put aside in {tmp_path / 'state' / NAME / 'before-'}")
            third.kill()
        assert server.read().orders == begin.orders, "nothing at the venue is touched"
