"""Bugs that bots have had, put into the real code one at a time, to see who finds them.

Owns the list. Each replaces one name or one cell, for as long as a ``with`` lasts.
"""

from verification.mutants import (
    of_deadlines,
    of_forks,
    of_identity,
    of_markets,
    of_orders,
    of_positions,
    of_promises,
    of_recovery,
)

MUTANTS = (
    *of_positions.MUTANTS,
    *of_orders.MUTANTS,
    *of_recovery.MUTANTS,
    *of_promises.MUTANTS,
    *of_markets.MUTANTS,
    *of_forks.MUTANTS,
    *of_identity.MUTANTS,
    *of_deadlines.MUTANTS,
)
