"""What a stabilisation window says of the wishes before it."""

import math

from hypothesis import given
from hypothesis import strategies as st

from clocker_actors.policies.windows import GRAIN, SizeHistory

STEPS = st.lists(st.tuples(st.integers(1, 50), st.integers(0, 9)), min_size=1, max_size=30)


def history_of(steps: list[tuple[int, int]]) -> tuple[SizeHistory, float, list[tuple[float, int]]]:
    """Wishes at whole seconds after each other, the time of the last, and all of them as they were given."""
    history, at, given_ = SizeHistory(), 0.0, []
    for pause, size in steps:
        at += pause
        history.record(at, size)
        given_.append((at, size))
    return history, at, given_


def in_force(given_: list[tuple[float, int]], at: float) -> int | None:
    """The wish in force at a time, by looking at all of them."""
    found = [size for since, size in given_ if since <= at]
    return found[-1] if found else None


def test_no_history_covers_no_window() -> None:
    assert SizeHistory().lowest(0, 5) == -math.inf
    assert SizeHistory().highest(0, 5) == math.inf


def test_a_young_history_does_not_cover_its_window() -> None:
    history = SizeHistory([(100.0, 5)])
    assert history.lowest(30, 129) == -math.inf
    assert history.lowest(30, 130) == 5


def test_one_wish_before_the_window_is_the_level_at_its_start() -> None:
    history = SizeHistory([(100.0, 9), (110.0, 5)])
    assert history.highest(10, 115) == 9
    assert history.highest(10, 120) == 5


def test_equal_wishes_in_a_row_are_one_entry() -> None:
    history = SizeHistory([(1.0, 3), (2.0, 3), (3.0, 4), (4.0, 4)])
    assert history.entries == ((1.0, 3), (3.0, 4))


@given(STEPS, st.integers(0, 100))
def test_lowest_and_highest_are_those_of_every_moment_of_the_window(steps: list[tuple[int, int]], window: int) -> None:
    history, now, given_ = history_of(steps)
    levels = [in_force(given_, now - back) for back in range(window + 1)]
    if None in levels:
        assert history.lowest(window, now) == -math.inf
        assert history.highest(window, now) == math.inf
    else:
        known = [level for level in levels if level is not None]
        assert (history.lowest(window, now), history.highest(window, now)) == (min(known), max(known))


@given(STEPS, st.integers(0, 9))
def test_since_is_when_the_window_will_be_full(steps: list[tuple[int, int]], size: int) -> None:
    history, now, _ = history_of(steps)
    since = history.since(lambda level: level > size)
    if since is None:
        assert history.lowest(0, now) <= size
    else:
        assert history.lowest(now - since, now) > size
        assert history.lowest(now - since + 2 * GRAIN, now) <= size


@given(STEPS, st.integers(0, 60))
def test_forgetting_what_no_window_sees_changes_nothing(steps: list[tuple[int, int]], window: int) -> None:
    history, now, _ = history_of(steps)
    before = history.lowest(window, now), history.highest(window, now)
    history.forget(now - window)
    assert (history.lowest(window, now), history.highest(window, now)) == before
    assert len(history.entries) <= window + 2


@given(STEPS)
def test_a_history_survives_its_encoding(steps: list[tuple[int, int]]) -> None:
    history, _, _ = history_of(steps)
    assert SizeHistory(history.entries).entries == history.entries


@given(STEPS, st.integers(0, 100))
def test_the_furthest_wish_is_told_with_its_times_and_value(steps: list[tuple[int, int]], window: int) -> None:
    history, now, given_ = history_of(steps)
    for highest, level in ((True, history.highest(window, now)), (False, history.lowest(window, now))):
        found = history.furthest(window, now, highest=highest)
        if found is None:
            assert math.isinf(level)
        else:
            assert found.size == level
            assert (found.since, found.size) in given_
            assert found.until is None or found.since < found.until <= now


def test_a_wish_keeps_the_value_it_first_came_from() -> None:
    history = SizeHistory()
    for at, size, value in ((1.0, 5, 92.0), (2.0, 5, 90.0), (3.0, 2, 10.0)):
        history.record(at, size, value)
    found = history.furthest(3, 4, highest=True)
    assert found is not None
    assert (found.size, found.since, found.until, found.value) == (5, 1.0, 3.0, 92.0)
