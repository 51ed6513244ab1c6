"""The program as a person starts it, on a server over the wire: its screen, its files, its end."""

import os
import pty
import select
import signal
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Self

import msgspec

from actors.journal.inspection import find
from actors.portfolio.accounts import Account
from commands.verify import Verdict, verify
from exchange.server.control import ServerHand, VenuePicture
from exchange.server.wire import Reach
from messages.addresses import PORTFOLIO
from messages.base import Currency
from messages.ids import ENTRY_LEG
from messages.money import ZERO
from session.account import account_folder
from tests.system.wire.ids import parts_of
from tests.system.wire.scenes import Scene
from verification.sources import ROOT

ENOUGH_SECONDS = 60.0
"""For what takes seconds; later the test fails."""
_STRATEGY = "tests.system.wire.strategy"


class Program:
    """One run: ``with Program(server, folder, "run", …) as program: ...``."""

    def __init__(
        self,
        server: ServerHand,
        folder: Path,
        *arguments: str | Path,
        keys: dict[str, str] | None = None,
    ) -> None:
        reach = folder / "reach.json"
        reach.write_bytes(msgspec.json.encode(server.reach))
        self.screen, inside = pty.openpty()
        plain = {"NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "160", "PYTHONUNBUFFERED": "1"}
        dialect = "MEXC" if "api.mexc.com" in server.reach.hosts else "BINANCE"
        named = {
            f"{dialect}_APIKEY": server.reach.api_key,
            f"{dialect}_SECRET": server.reach.secret,
        }
        self.process = subprocess.Popen(  # noqa: S603 - our own Python
            [sys.executable, "-m", "tests.system.wire", str(reach), *map(str, arguments)],
            cwd=ROOT,
            env={**os.environ, **plain, **(named if keys is None else keys)},
            stdin=inside,
            stdout=inside,
            stderr=inside,
            start_new_session=True,
        )
        os.close(inside)
        self.said = ""
        self._heard = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.screen)

    def read_until(self, words: str) -> None:
        """Read on until ``words`` came, after those that were waited for before."""
        while (found := self.said.find(words, self._heard)) < 0:
            assert self._read(), f"it never said {words!r}:\n{self.said}"
        self._heard = found + len(words)

    def read_some(self, seconds: float) -> None:
        """Read what came, or comes within so long."""
        if select.select([self.screen], [], [], seconds)[0]:
            self._read()

    def type(self, line: str) -> None:
        os.write(self.screen, f"{line}\n".encode())

    def kill(self) -> None:
        """End it between two lines, whatever they are."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def interrupt(self) -> int:
        """Press Ctrl-C; return the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.end()

    def end(self) -> int:
        """Hear it to its end; return the exit code."""
        while self._read():
            pass
        return self.process.wait(ENOUGH_SECONDS)

    def _read(self) -> bool:
        """Read what comes next; False: nothing more does."""
        deadline = time.monotonic() + ENOUGH_SECONDS
        while not select.select([self.screen], [], [], 1.0)[0]:
            assert time.monotonic() < deadline, f"it says no more:\n{self.said}"
        try:
            heard = os.read(self.screen, 65_536)
        except OSError:  # its end of the terminal is closed
            return False
        self.said += heard.decode(errors="replace")
        return bool(heard)


def keys_named(reach: Reach, key: str, secret: str) -> dict[str, str]:
    """The variables in which a person keeps the account's keys."""
    dialect = "MEXC" if "api.mexc.com" in reach.hosts else "BINANCE"
    return {f"{dialect}_APIKEY": key, f"{dialect}_SECRET": secret}


def trading(
    scene: Scene, folder: Path, strategy: str, *more: str, mode: str = "live"
) -> list[str | Path]:
    """What a person types to trade."""
    sets = [*scene.overrides, "portfolio.max_budget=2000", "portfolio.daily_loss_limit=5000"]
    number = len(list(folder.glob("session-*")))
    return [
        *("--every-quote", "--mode", mode, "--exchange", scene.dialect),
        *("--headless", "--strategy", f"{_STRATEGY}:{strategy}"),
        *("--state-dir", folder / "state", "--session-dir", folder / f"session-{number}"),
        *(word for one in sets for word in ("--set", one)),
        *more,
    ]


def check_account(scene: Scene, folder: Path, begin: VenuePicture, end: VenuePicture) -> None:
    """The account's journal is whole, re-runs, and its books are the venue's to the last digit."""
    assert all(facts.is_terminal for facts in end.orders), end.orders
    assert not [facts for facts in end.orders if "~" in facts.client_order_id]
    place = account_folder(folder / "state", "", f"live-{scene.dialect}")
    found = find(place)
    assert found is not None
    assert found.losses == ()
    by_actor = {one.actor: one.entities for one in found.snapshot.actors}
    books = [entity for entity in by_actor[PORTFOLIO] if isinstance(entity, Account)]
    for account in books:
        assert account.free + account.reserved + account.invested == account.total
    gained = {one.currency: one.total - begin.total(one.currency) for one in end.balances}
    booked = {account.currency: account.at_venue - account.capital for account in books}
    for currency in {*gained, *booked}:
        assert gained.get(currency, ZERO) == booked.get(currency, ZERO), currency
    base = Currency(scene.rules.symbol.partition("/")[0])
    assert ZERO <= gained.get(base, ZERO) < dust_most(scene, end)
    assert verify(folder / "state", None) is Verdict.REPRODUCED


def dust_most(scene: Scene, picture: VenuePicture) -> Decimal:
    """What fees in base may leave: less than a step of each position."""
    filled = (parts_of(facts.client_order_id) for facts in picture.orders if facts.filled)
    bought = sum(parts.leg == ENTRY_LEG for parts in filled)
    return scene.rules.step_size * max(bought, 1)
