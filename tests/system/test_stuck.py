"""A message that never ends: the process notes it and ends itself with a code of its own."""

from pathlib import Path

import msgspec

from actors.journal.recovery import is_stuck
from actors.runtime.sentinel_process import wait_for_note
from actors.runtime.watchdog import EXIT_STUCK, Stuck
from messages.base import Milliseconds, Timestamp
from session.account import Account
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
from session.wiring import Wiring
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
    strategy=lambda: None, calls_strategy_directly=False,
    session_folder=Path(sys.argv[1]),
))
system.spawn(Hanging, Address("hanging"))
system.tell(Address("hanging"), FetchBalances())
threading.Event().wait(60)
"""

JOURNALED = """
import sys, threading
from pathlib import Path
import supervisor
from actors.guardian.actor import GuardianActor
from actors.runtime.clock import WallClock
from actors.runtime.dispatcher import ProductionDispatcher
from actors.runtime.system import System
from session.account import Account
from session.wiring import Wiring
from config.settings import JournalSettings, RuntimeSettings, Settings
from exchange.paper import PaperExchange
from messages.addresses import POSITIONS
from messages.base import Milliseconds, Timestamp
from messages.guardian import RecoveryDone
from messages.positions import BeginRecovery

step = GuardianActor.step

def hanging(self, message, now):
    if isinstance(message, RecoveryDone):
        threading.Event().wait()
    return step(self, message, now)

GuardianActor.step = hanging
runtime = RuntimeSettings(soft_limit_ms=Milliseconds(50), hard_limit_ms=Milliseconds(200))
never = JournalSettings(linger_ms=Milliseconds(60_000))
settings = Settings(runtime=runtime, journal=never)
folder = Path(sys.argv[1])
account = Account(folder, folder / "session", Timestamp(1), is_fresh=False)
journal = account.open_journal(settings, Timestamp(1))
system = System(ProductionDispatcher(), WallClock(), journal)
supervisor.start(system, Wiring(
    settings=settings, symbols=(),
    connect=lambda emit: PaperExchange(emit, [], []),
    strategy=lambda: None, calls_strategy_directly=False,
    session_folder=folder, account_folder=folder, journal=journal,
))
system.tell(POSITIONS, BeginRecovery())
threading.Event().wait(60)
"""


def test_what_a_process_hangs_on_is_found_by_the_next_though_no_commit_was_due(
    tmp_path: Path,
) -> None:
    """The thread that commits is the one that hangs: the watchdog writes what waits."""
    done = run_python("-c", JOURNALED, tmp_path)
    assert done.exit_code == EXIT_STUCK
    with Account(tmp_path, tmp_path / "session", Timestamp(2), is_fresh=False) as account:
        assert account.stuck is not None
        assert account.recovered is not None
        undelivered = account.recovered.undelivered
        assert [m.to for m in undelivered if is_stuck(account.stuck, m)] == ["guardian"]


def test_a_process_that_hangs_notes_the_message_and_ends(tmp_path: Path) -> None:
    done = run_python("-c", SCRIPT, tmp_path)
    assert done.exit_code == EXIT_STUCK == 75
    assert wait_for_note(tmp_path)  # the sentinel writes it after the death
    note = msgspec.json.decode((tmp_path / "stuck.json").read_bytes(), type=Stuck)
    assert (note.actor, note.message_type) == ("hanging", "FetchBalances")
    assert note.for_ms >= Milliseconds(200)
    assert "hanging has had FetchBalances in hand" in done.stderr
