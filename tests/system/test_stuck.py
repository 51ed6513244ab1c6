"""A message that never ends: the process notes it and ends itself with a code of its own."""

from pathlib import Path

import msgspec

from actors.runtime.watchdog import EXIT_STUCK, Stuck
from messages.base import Milliseconds
from tests.system.running import run_python

SCRIPT = """
import sys, threading
from pathlib import Path
import supervisor
from actors.journal.memory import MemoryJournal
from actors.runtime.actor import Actor
from actors.runtime.clock import WallClock
from actors.runtime.dispatcher import ProductionDispatcher
from actors.runtime.system import System
from commands.tree import Wiring
from config.settings import RuntimeSettings, Settings
from exchange.paper import PaperExchange
from messages.base import Address, Milliseconds
from messages.gateway import FetchBalances

class Hanging(Actor):
    def handle(self, message):
        threading.Event().wait()

runtime = RuntimeSettings(soft_limit_ms=Milliseconds(50), hard_limit_ms=Milliseconds(200))
system = System(ProductionDispatcher(), WallClock(), MemoryJournal())
supervisor.start(system, Wiring(
    settings=Settings(runtime=runtime), symbols=(),
    connect=lambda emit: PaperExchange(emit, [], []),
    make_strategy=lambda: None, calls_strategy_directly=False,
    session_folder=Path(sys.argv[1]),
))
system.spawn(Hanging, Address("hanging"))
system.tell(Address("hanging"), FetchBalances())
threading.Event().wait(60)
"""


def test_a_process_that_hangs_notes_the_message_and_ends(tmp_path: Path) -> None:
    done = run_python("-c", SCRIPT, tmp_path)
    assert done.exit_code == EXIT_STUCK == 75
    note = msgspec.json.decode((tmp_path / "stuck.json").read_bytes(), type=Stuck)
    assert (note.actor, note.message_type) == ("hanging", "FetchBalances")
    assert note.for_ms >= Milliseconds(200)
    assert "hanging has had FetchBalances in hand" in done.stderr
