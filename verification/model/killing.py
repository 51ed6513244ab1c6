"""Whether the model checker finds a mutant: in how many states it meets a broken rule."""

from contextlib import ExitStack
from itertools import product

from verification.model.model import Model
from verification.model.search import search
from verification.model.world import Bounds
from verification.mutants.injecting import Mutant
from verification.simulation.plans import PLANS

BOUNDS = Bounds(faults=1, moves=0)
DEADLINES = BOUNDS._replace(deadlines=True)
MODES = (0, 1, 4)
"""Of the plans, by number: those whose models are small enough to be whole for every mutant."""
STATES = 100_000
"""Of each mode: more than it has within the bounds, so that what is never to be is judged too."""


def killed_in_the_model(mutant: Mutant) -> int | None:
    """Return how many states it takes, over all modes; None: no rule breaks."""
    states = 0
    with ExitStack() as stack:
        mutant.inject(stack)
        for bounds, number in product((BOUNDS, DEADLINES), MODES):
            found = search(Model(PLANS[number], bounds), STATES, seconds=60)
            states += found.states
            if found.error is not None:
                return states
    return None
