"""Is too little room told apart from hosts that do not answer?"""

import pytest

from clocker_actors.entities.members.generations import no_place
from clocker_actors.model.decisions import Decision, PlacementTrace
from clocker_actors.model.identity import Cause, Uid


@pytest.mark.parametrize(
    ("refused", "words"),
    [
        ({"up": 3}, "no host answers: no host fits"),
        ({"up": 2, "avoid": 1}, "no host answers: no host fits"),
        ({"up": 2, "memory": 1}, "insufficient capacity: no host fits"),
        ({"MaxContainers": 3}, "insufficient capacity: no host fits"),
        ({}, "insufficient capacity: no host fits"),
    ],
)
def test_why_there_is_no_place(refused: dict[str, int], words: str) -> None:
    trace = PlacementTrace(None, (), refused)
    assert no_place(Decision("d1", Uid("m1"), "placement", "place", 0.0, "", "no host fits", Cause("t1"), placement=trace)) == words


def test_strategies_that_cannot_be_used_are_no_lack_of_room() -> None:
    why = "a placement strategy cannot be used: mine:Strategy failed on host-1: ValueError: no"
    assert no_place(Decision("d1", Uid("m1"), "placement", "place", 0.0, "", why, Cause("t1"))) == why
