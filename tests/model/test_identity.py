"""Are ids handed out once each, and is whoever reserves them told in time that few are left?"""

import pytest

from clocker_actors.model.identity import EntityKind, Ids


def test_ids_that_are_few_are_told_once_per_reserve() -> None:
    told: list[int] = []
    ids = Ids(1, 11)
    ids.watch(4, lambda: told.append(ids.left))
    for _ in range(10):
        ids.question()
    assert told == [3]
    with pytest.raises(RuntimeError, match="ran out"):
        ids.question()
    ids.extend(21)
    assert ids.entity(EntityKind.MEMBER) == "mb"
    for _ in range(9):
        ids.decision()
    assert told == [3, 3]


def test_a_reserve_that_is_too_small_from_the_start_is_told_with_the_first() -> None:
    told: list[int] = []
    ids = Ids(1, 3)
    ids.watch(10, lambda: told.append(ids.left))
    taken = {ids.activity(), ids.activity()}
    assert taken == {"t1", "t2"} and told == [1]
