"""A server in another process: started, and moved through its control endpoint.

Owns the process it starts. The process lives on when whoever trades there is killed.
"""

import subprocess
import sys
from collections.abc import Iterable
from http.client import HTTPConnection
from pathlib import Path
from typing import Self

import msgspec

from exchange.server.control import WAIT_SECONDS, Control, ServerHand, VenuePicture
from exchange.server.wire import LOOPBACK, Reach
from messages.market import MarketRules
from messages.money import Money

_STOP_SECONDS = 20.0
_OK = 200
_TIMED_OUT = 408


class Setup(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a server begins with."""

    dialect: str
    """binance or mexc."""
    markets: tuple[MarketRules, ...]
    balances: tuple[Money, ...]
    ledger: str | None = None
    """The file of the venue's ledger (``ledger.Ledger``); None: none is kept."""


class RemoteServer(ServerHand):
    """A running server, by what it printed."""

    def __init__(self, reach: Reach) -> None:
        """Connect not yet: each command does."""
        self._reach = reach

    @property
    def reach(self) -> Reach:
        """How clients get there."""
        return self._reach

    def send(self, command: Control) -> None:
        """Give a command and wait until it is done. Raises ``ValueError`` for a wrong one."""
        self._ask("POST", "/control", msgspec.json.encode(command))

    def read(self, after: int | None = None) -> VenuePicture:
        """Return the venue's books as they are; ``after`` a version: once it is past."""
        path = "/venue" if after is None else f"/venue?after={after}"
        return msgspec.json.decode(self._ask("GET", path), type=VenuePicture)

    def _ask(self, method: str, path: str, body: bytes = b"") -> bytes:
        timeout = 2 * WAIT_SECONDS
        connection = HTTPConnection(LOOPBACK, self.reach.control_port, timeout=timeout)
        try:
            headers = {"Authorization": f"Bearer {self.reach.control_token}"}
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            said = answer.read()
        finally:
            connection.close()
        if answer.status == _TIMED_OUT:
            raise TimeoutError(said.decode())
        if answer.status != _OK:
            raise ValueError(f"{answer.status}: {said.decode()}")
        return said


class ServerProcess(RemoteServer):
    """``with ServerProcess("mexc", markets, balances, folder) as server: ...``."""

    def __init__(
        self,
        dialect: str,
        markets: Iterable[MarketRules],
        balances: Iterable[Money],
        folder: Path,
        *,
        ledger: Path | None = None,
    ) -> None:
        """Start the process; ``folder`` takes what it is set up with."""
        setup = Setup(
            dialect=dialect,
            markets=tuple(markets),
            balances=tuple(balances),
            ledger=None if ledger is None else str(ledger),
        )
        file = folder / "exchange_server.json"
        file.write_bytes(msgspec.json.encode(setup))
        self._process = subprocess.Popen(  # noqa: S603 - this program itself
            [sys.executable, "-m", "exchange.server", str(file)], stdout=subprocess.PIPE
        )
        super().__init__(self._hear())

    def __enter__(self) -> Self:
        """Return the server, which listens already."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the process."""
        self._process.terminate()
        self._process.communicate(timeout=_STOP_SECONDS)

    def _hear(self) -> Reach:
        """Return what the process prints when it listens. Raises ``RuntimeError``."""
        if self._process.stdout is None:
            raise RuntimeError("the process has no output to listen to")
        line = self._process.stdout.readline()
        if not line:
            self._process.wait(_STOP_SECONDS)
            raise RuntimeError(f"the server ended with {self._process.returncode}")
        return msgspec.json.decode(line, type=Reach)
