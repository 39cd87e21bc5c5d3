"""The time-weighted mean over a window."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clocker_actors.enrichers.rolling_mean import RollingMean


def test_the_first_reading_is_the_mean() -> None:
    assert RollingMean(5).add(80, 100) == 80


def test_each_reading_stands_for_the_time_since_the_one_before() -> None:
    mean = RollingMean(5)
    mean.add(0, 100)
    assert mean.add(100, 101) == 100
    assert mean.add(0, 102) == 50
    assert mean.add(0, 105) == 20
    assert mean.add(0, 106) == 0


def test_a_gap_longer_than_the_window_begins_anew() -> None:
    mean = RollingMean(5)
    mean.add(10, 100)
    assert mean.add(90, 106) == 90


@given(st.lists(st.tuples(st.floats(0.1, 4), st.floats(0, 100)), min_size=1, max_size=40))
def test_the_mean_lies_among_the_readings_of_the_window(steps: list[tuple[float, float]]) -> None:
    mean, at, values = RollingMean(5), 0.0, []
    for pause, value in steps:
        at += pause
        values.append((at, value))
        found = mean.add(value, at)
        seen = [value for when, value in values if when > at - 5 - 4]
        assert min(seen) - 1e-9 <= found <= max(seen) + 1e-9


@given(st.floats(0, 1e6), st.integers(1, 30))
def test_the_mean_of_a_constant_is_that_constant(value: float, count: int) -> None:
    mean = RollingMean(5)
    for second in range(count):
        assert mean.add(value, second) == pytest.approx(value)
