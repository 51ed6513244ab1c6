"""The short form of the attack suite: each attack once."""

from pathlib import Path

import pytest

from tests.system.attacks.arena import Arena
from tests.system.attacks.attack import Attack
from tests.system.attacks.catalog import catalog


@pytest.mark.parametrize("attack", [one for one in catalog() if one.in_tests], ids=str)
def test_the_venues_ledger_is_right_after_an_attack(attack: Attack, tmp_path: Path) -> None:
    if (why := attack.why_not()) is not None:
        pytest.skip(why)
    with Arena(tmp_path) as arena:
        attack.run(arena)
