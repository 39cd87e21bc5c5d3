"""Is a seed one story, told the same way twice, whatever the hash seed; and is a story that breaks a rule cut down to what that takes?"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from clocker_actors.entities.members.leaving import Leaving
from tests.simulation.cutting import cut
from tests.simulation.once_told import told
from tests.simulation.story import Step, Story
from tests.simulation.telling import story

ROOT = Path(__file__).parents[2]
AGAIN = "0-5"
"""Stories that are told twice."""


def _digests(hash_seed: int) -> list[str]:
    environment = {**os.environ, "PYTHONHASHSEED": str(hash_seed), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.simulation", "--seeds", AGAIN, "--digest"]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_told_twice_everything_that_comes_of_a_story_is_the_same() -> None:
    first, second = _digests(1), _digests(7)
    assert first == second
    assert all(len(line.split()[1]) == 64 for line in first)


def test_a_seed_is_one_story() -> None:
    assert story(7) == story(7) and story(7) != story(8)


def test_a_leak_is_found_and_its_story_cut_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Leaving, "end", lambda _: None)
    made = next(each for each in map(story, range(20)) if told(each))
    shortest = cut(made)
    assert told(shortest) and len(shortest.steps) < len(made.steps)


def test_cutting_leaves_what_is_needed() -> None:
    steps = tuple(Step(0.0, name) for name in "abcdefgh")

    def broken(told: Story) -> bool:
        return {"b", "g"} <= {step.what for step in told.steps}

    assert [step.what for step in cut(Story(1, 1, 1, steps), broken).steps] == ["b", "g"]
