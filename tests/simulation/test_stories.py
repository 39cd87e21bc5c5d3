"""Do all rules hold in stories of bad days, one per seed? And does the net hold, or would it find nothing whatever was wrong?"""

import pytest

from clocker_actors.entities.members.leaving import Leaving
from tests.simulation.cutting import cut
from tests.simulation.once_told import told
from tests.simulation.story import Step, Story
from tests.simulation.telling import story

SEEDS = 30


@pytest.mark.parametrize("seed", range(SEEDS))
def test_every_rule_holds(seed: int) -> None:
    problem = told(story(seed))
    assert not problem, f"python -m tests.simulation --seed {seed}\n{problem}"


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
