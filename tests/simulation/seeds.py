"""Which seeds `make test` tells: 300 in four files, so that workers which run side by side can share them; SEEDS in the environment asks for others (`make soak`)."""

import os

from tests.simulation.once_told import told
from tests.simulation.telling import story

SEEDS = 300
PARTS = 4


def part(number: int) -> range:
    """The seeds of one of the files."""
    count = int(os.environ.get("SEEDS") or SEEDS)
    return range(number, count, PARTS)


def check(seed: int) -> None:
    """One story: it breaks no rule."""
    problem = told(story(seed))
    assert not problem, f"python -m tests.simulation --seed {seed}\n{problem}"
