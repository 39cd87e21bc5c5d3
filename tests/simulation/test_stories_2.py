"""Do all rules hold in stories of bad days, one per seed? Part 2 of 4."""

import pytest

from tests.simulation.seeds import check, part


@pytest.mark.parametrize("seed", part(1))
def test_every_rule_holds(seed: int) -> None:
    check(seed)
