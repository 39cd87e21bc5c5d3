"""Do all rules hold in stories of bad days, one per seed? Part 3 of 4."""

import pytest

from tests.simulation.seeds import check, part


@pytest.mark.parametrize("seed", part(2))
def test_every_rule_holds(seed: int) -> None:
    check(seed)
