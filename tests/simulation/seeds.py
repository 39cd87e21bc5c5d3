"""Which seeds `make test` tells: 300 in four files, so that workers which run side by side can share them. `make soak` tells as many as asked."""

from tests.simulation.once_told import told
from tests.simulation.telling import story

SEEDS = 300
PARTS = 4


def part(number: int) -> range:
    """The seeds of one of the files."""
    return range(number, SEEDS, PARTS)


def check(seed: int) -> None:
    """One story: it breaks no rule."""
    problem = told(story(seed))
    assert not problem, f"python -m tests.simulation --seed {seed}\n{problem}"
