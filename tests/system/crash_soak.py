"""Crash a session at every point there is, the disk's own included, with several choices for each.

python -m tests.system.crash_soak [CHOICES]
"""

import argparse

from loguru import logger

from tests.system.outside import Points
from tests.system.test_crashes import MODES, judge, points_of, run

CHOICES = 4
"""What the disk forgets: nothing, everything, and some of it in so many more ways."""


def main(choices: int) -> None:
    """Raise ``AssertionError`` at the first session that does not converge, having named it."""
    logger.remove()
    for mode in MODES:
        for is_eager in (False, True):
            count = points_of(mode, is_eager=is_eager, counts_disk=True)
            for point in range(1, count + 1):
                for choice in range(choices):
                    # No two points share a choice but the first two, which are no matter of chance.
                    number = choice if choice < 2 else choice + choices * point
                    points = Points(point, counts_disk=True)
                    try:
                        judge(run(mode, points, number, is_eager=is_eager))
                    except AssertionError:
                        print(f"{mode}, eager {is_eager}: point {point}, choice {number}")  # noqa: T201
                        raise
            print(f"{mode}, eager {is_eager}: {count} points, {choices} choices each", flush=True)  # noqa: T201


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("choices", type=int, nargs="?", default=CHOICES)
    main(parser.parse_args().choices)
