"""The shortest story that still breaks a rule: steps are left out as long as something is wrong without them."""

from collections.abc import Callable
from dataclasses import replace

from tests.simulation.once_told import told
from tests.simulation.story import Story


def cut(story: Story, broken: Callable[[Story], object] = told) -> Story:
    """Leaves out halves, quarters … single steps, until none can be."""
    size = max(1, len(story.steps) // 2)
    while True:
        shorter = _without(story, size, broken)
        if shorter is not None:
            story = shorter
        elif size == 1:
            return story
        else:
            size = max(1, size // 2)


def _without(story: Story, size: int, broken: Callable[[Story], object]) -> Story | None:
    for begin in range(0, len(story.steps), size):
        shorter = replace(story, steps=(*story.steps[:begin], *story.steps[begin + size :]))
        if shorter.steps and broken(shorter):
            return shorter
    return None
