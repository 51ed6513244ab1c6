"""Bugs that bots have had, put into the real code one at a time, to see who finds them.

Owns the list. Each replaces one name or one cell, for as long as a ``with`` lasts.
"""

from tests.simulation import (
    mutants_of_orders,
    mutants_of_positions,
    mutants_of_promises,
    mutants_of_recovery,
)

MUTANTS = (
    *mutants_of_positions.MUTANTS,
    *mutants_of_orders.MUTANTS,
    *mutants_of_recovery.MUTANTS,
    *mutants_of_promises.MUTANTS,
)
