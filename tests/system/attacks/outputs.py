"""Output that nobody reads, and what it must not change: a stop sells, a session ends."""

from tests.system.attacks.arena import Arena
from tests.system.attacks.attack import Figures, attack

SOLD, ENDED = "sold after s", "ended after s"


@attack("nothing is disturbed")
def undisturbed(arena: Arena) -> Figures:
    program = arena.start()
    arena.wait_until_protected()
    sold = arena.fall()
    return {SOLD: sold, ENDED: program.stop()}
