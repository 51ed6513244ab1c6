"""Where an attack takes place: a venue in its own process, and the program that trades there."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any, Self

import msgspec

from exchange.server.control import VenuePicture
from exchange.server.remote import ServerProcess
from messages.orders import OrderStatus
from tests.system.attacks.streams import blocked_pipe
from tests.system.wire.program import keys_named, trading
from tests.system.wire.scenes import BALANCES, SCENES, SYMBOL, Scene
from verification.sources import ROOT

SYNTHETIC = SCENES[3]
"""The stop lives in the process: only a program that runs can sell at it."""
PRICE = 40_000.0
FALLEN = PRICE * 0.95
SOON_SECONDS = 60.0
"""For what takes seconds on a quiet machine; later the attack has succeeded."""
_LOOK_SECONDS = 0.02
_ONCE = ("portfolio.cooldown_seconds=36000",)
"""One position is enough: after it nothing is bought."""
_DUST = Decimal("0.0001")
"""Coins that fees and steps may leave."""


class Victim:
    """The program under attack, and how it ends."""

    def __init__(self, process: "subprocess.Popen[bytes]", folder: Path) -> None:
        self.process = process
        self.folder = folder
        """The session's."""

    def log(self) -> str:
        """Return the session's log, as far as it is on the disk."""
        files = sorted(self.folder.glob("log*.jsonl"))
        return "\n".join(file.read_text(errors="replace") for file in files if file.is_file())

    def wait_until_logged(self, words: str) -> None:
        """Wait until the log has ``words``: a line is in it a moment later, a sentinel's too."""
        deadline = time.monotonic() + SOON_SECONDS
        while words not in self.log():
            assert time.monotonic() < deadline, f"no {words!r}:\n{self.log()[-3000:]}"
            time.sleep(_LOOK_SECONDS)

    def stop(
        self,
        number: int = signal.SIGTERM,
        codes: Iterable[int] = (0,),
        within_seconds: float = 40.0,
    ) -> float:
        """Send a signal; return the seconds until the process ended with one of ``codes``."""
        begun = time.monotonic()
        self.process.send_signal(number)
        code = self.wait(within_seconds)
        assert code in codes, f"exit code {code} after signal {number}:\n{self.log()[-3000:]}"
        return time.monotonic() - begun

    def wait(self, within_seconds: float) -> int:
        """Return its exit code, once it ended by itself."""
        try:
            return self.process.wait(within_seconds)
        except subprocess.TimeoutExpired:
            tail = self.log()[-3000:]
            raise AssertionError(f"it did not end in {within_seconds} s:\n{tail}") from None

    def kill(self) -> None:
        """End it at once, however far it came."""
        self.process.kill()
        self.process.wait()


class Arena:
    """``with Arena(folder) as arena: ...``; what is started in it ends with it."""

    def __init__(self, folder: Path, scene: Scene = SYNTHETIC) -> None:
        self.folder, self.scene = folder, scene
        self.opened = ExitStack()
        """What else is to be closed with it."""
        self.server: ServerProcess

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        scene = self.scene
        started = ServerProcess(scene.dialect, [scene.rules], BALANCES, self.folder)
        self.server = self.opened.enter_context(started)
        self.server.move(SYMBOL, PRICE)
        return self

    def __exit__(self, *_: object) -> None:
        self.opened.close()

    @property
    def account_folder(self) -> Path:
        """Where the account's journal lies."""
        return self.folder / "state" / f"live-{self.scene.dialect}-main"

    def start(
        self,
        *more: str | Path,
        strategy: str = "Always",
        is_headless: bool = True,
        program: tuple[str, ...] = ("-m", "tests.system.wire"),
        env: dict[str, str] | None = None,
        **streams: Any,  # noqa: ANN401 - as Popen takes them
    ) -> Victim:
        """Start ``--mode live`` with the account's folder of this arena.

        ``program`` is Python's own arguments; ``streams`` are ``stdin``, ``stdout``, ``stderr``,
        ``preexec_fn`` … of ``Popen``; what is not given goes to files.
        """
        reach = self.folder / "reach.json"
        reach.write_bytes(msgspec.json.encode(self.server.reach))
        number = len(list(self.folder.glob("output-*")))
        output = self.opened.enter_context((self.folder / f"output-{number}.txt").open("wb"))
        typed = trading(self.scene, self.folder, strategy, "--yes", *map(str, more))
        sets = [word for one in _ONCE for word in ("--set", one)]
        arguments = [str(one) for one in (*typed, *sets)]
        if not is_headless:
            arguments.remove("--headless")
        keys = keys_named(self.server.reach, self.server.reach.api_key, self.server.reach.secret)
        given: dict[str, Any] = {
            "stdin": subprocess.DEVNULL,
            "stdout": output,
            "stderr": output,
            "preexec_fn": heed_signals,
            **streams,
        }
        process = subprocess.Popen(  # noqa: S603 - our own Python
            [sys.executable, *program, str(reach), *arguments],
            cwd=ROOT,
            env={**os.environ, "TERM": "xterm", "COLUMNS": "120", **keys, **(env or {})},
            **given,
        )
        victim = Victim(process, Path(arguments[arguments.index("--session-dir") + 1]))
        self.opened.callback(victim.kill)
        return victim

    def blocked_pipe(self) -> int:
        """Return the write end of a pipe that is full and never read."""
        reading, writing = blocked_pipe()
        self.opened.callback(os.close, reading)
        self.opened.callback(os.close, writing)
        return writing

    def wait_for(
        self, condition: Callable[[VenuePicture], bool], seconds: float = SOON_SECONDS
    ) -> VenuePicture:
        """Return the venue's books once ``condition`` holds of them."""
        deadline = time.monotonic() + seconds
        while not condition(picture := self.server.read()):
            assert time.monotonic() < deadline, f"the venue's ledger:\n{told(picture)}"
            time.sleep(_LOOK_SECONDS)
        return picture

    def wait_until_protected(self) -> VenuePicture:
        """Wait until coins are held and their take profit rests at the venue."""
        return self.wait_for(
            lambda picture: (
                coins(picture) > _DUST
                and any(one.status is OrderStatus.OPEN for one in picture.orders)
            )
        )

    def fall(self, seconds: float = SOON_SECONDS) -> float:
        """Let the price fall through the stop; return the seconds until all coins are sold."""
        begun = time.monotonic()
        self.server.move(SYMBOL, FALLEN)
        self.wait_until_sold(seconds)
        return time.monotonic() - begun

    def wait_until_sold(self, seconds: float = SOON_SECONDS) -> VenuePicture:
        """Wait until no coin is held but dust, no order works, and each order was placed once."""
        picture = self.wait_for(
            lambda picture: (
                coins(picture) < _DUST
                and bool(picture.orders)
                and all(one.is_terminal for one in picture.orders)
            ),
            seconds,
        )
        twice = [one.client_order_id for one in picture.orders if "~" in one.client_order_id]
        assert twice == [], "an id was used twice"
        return picture


def coins(picture: VenuePicture) -> Decimal:
    """Return what the account holds of the traded coin."""
    return picture.total(SYMBOL.partition("/")[0])


def told(picture: VenuePicture) -> str:
    """Return balances and orders, for an attack that succeeded."""
    return "\n".join(map(str, [*picture.balances, *picture.orders]))


def heed_signals() -> None:
    """Undo what the caller's own shell ignores, as one in the background does."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
