"""Does one story told twice give the same stream of decisions, whatever the hash seed and however busy the machine is?"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

STORY = Path(__file__).with_name("story.py")


def told(seed: int, jitter: int) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": str(seed), "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, str(STORY), str(jitter)], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def first() -> str:
    return told(seed=0, jitter=0)


def test_the_story_has_all_that_could_vary(first: str) -> None:
    for word in ("WorkDone", "WorkFailed", "TimedOut", "ChildRestarted", "Reading", "tick", "Stopped", "Answered"):
        assert word in first, word
    assert len(first.splitlines()) > 200


@pytest.mark.parametrize("seed", [1, 7])
def test_told_again_it_is_the_same(first: str, seed: int) -> None:
    assert told(seed=seed, jitter=seed) == first
