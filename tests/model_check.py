"""Search a small model whole: ``python -m tests.model_check``. Exits with 1 where a rule breaks.

Breadth first over the real pure cores, see ``tests.simulation.model``: every reachable state is
safe, from every one CLOSED stays reachable, and on no fair schedule is something held for ever that
nobody covers. The bounds are printed with the result. The first state that breaks a rule is told
with the shortest way to it, as a sequence diagram.
"""

import argparse
import sys

from rich.console import Console

from tests.simulation.model import Model
from tests.simulation.model_search import Found, search
from tests.simulation.model_world import PRICES, Bounds
from tests.simulation.plans import PLANS


def diagram(found: Found) -> str:
    """Return the shortest way to the broken rule as a Mermaid sequence diagram."""
    return "\n    ".join(("sequenceDiagram", *found.way, f"Note over venue: {found.error}"))


def main() -> int:
    """Search as the command line says; return the process's exit code."""
    parser = argparse.ArgumentParser(description="Search a small model whole.")
    parser.add_argument("--faults", type=int, default=1)
    parser.add_argument("--moves", type=int, default=0)
    parser.add_argument("--closes", type=int, default=1)
    parser.add_argument("--lates", type=int, default=0)
    parser.add_argument("--positions", type=int, default=1)
    parser.add_argument("--units", type=int, default=2)
    parser.add_argument("--states", type=int, default=4_000_000, help="at most")
    parser.add_argument("--seconds", type=float, default=600.0, help="for each search, at most")
    parser.add_argument("--modes", default="0,1,2,3,4", help="of the plans, by number")
    options = parser.parse_args()
    console = Console(width=100)
    bounds = Bounds(
        faults=options.faults,
        moves=options.moves,
        closes=options.closes,
        lates=options.lates,
        positions=options.positions,
        units=options.units,
    )
    failed = 0
    for number in options.modes.split(","):
        plan = PLANS[int(number)]
        console.print(f"{plan.protection_mode}: {bounds}, prices {PRICES}")
        found = search(Model(plan, bounds), options.states, options.seconds)
        whole = "all of them" if found.is_whole else "STOPPED before all were seen"
        console.print(
            f"  {found.states:,} states ({whole}), {found.steps:,} steps, depth {found.depth}, "
            f"{found.seconds:.1f} s; {found.error or 'every rule holds'}"
        )
        if found.error is not None:
            failed += 1
            console.print(diagram(found), markup=False)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
